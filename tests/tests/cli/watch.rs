//! `gov check --watch`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use gov_tests::Sandbox;

use super::{clean, manifest, wrong};

/// A running watch, which is ended when it goes out of scope.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(".").unwrap();
        command.args(["check", "--watch", "--format", "concise"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (send, lines) = mpsc::channel();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for stream in [Box::new(stdout) as Box<dyn std::io::Read + Send>, Box::new(stderr)] {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = send.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Waits for a line that begins so. The time is only there to end a test that has failed.
    fn expect(&self, start: &str) {
        let mut seen = Vec::new();
        loop {
            let line =
                self.lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("no `{start}`: {seen:?}"));
            if line.starts_with(start) {
                return;
            }
            seen.push(line);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_is_checked_again() {
    let sandbox = Sandbox::with([("gov.toml", manifest("a").as_str()), ("a.gov", &clean("a"))]).unwrap();
    let watch = Watch::start(&sandbox);
    watch.expect("watching");
    sandbox.write("a.gov", wrong("a")).unwrap();
    watch.expect("a.gov:2:");
    watch.expect("watching");
    sandbox.write("new/b.gov", wrong("a")).unwrap();
    watch.expect("new/b.gov:2:");
    watch.expect("watching");
    sandbox.write("gov.toml", "[").unwrap();
    watch.expect("gov.toml:1:");
    watch.expect("watching");
    sandbox.write("gov.toml", manifest("a")).unwrap();
    watch.expect("a.gov:2:");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    let sandbox = Sandbox::with([("a.gov", clean("a").as_str())]).unwrap();
    let mut watch = Watch::start(&sandbox);
    watch.expect("watching");
    let process = watch.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    assert!(!watch.child.wait().unwrap().success());
}
