//! Servers that are programs: from PyPI, put in place by `make setup`.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Where the packages from PyPI are.
pub fn packages() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let found = test.ancestors().map(|folder| folder.join("servers")).find(|folder| folder.join("mcp").is_dir());
    found.expect("`make setup` puts servers for tests into the target folder")
}

/// The file of a server beside these tests.
pub fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handlers/servers");
    folder.join(name).display().to_string()
}

/// The interpreter of Python, as a whole path.
pub fn python() -> String {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

/// What a program in a sandbox has to read to be Python with these packages.
pub fn python_needs() -> Vec<String> {
    let asked = Command::new("python3")
        .args(["-c", "import os, sys; print(os.path.realpath(sys.base_prefix)); print(sys.prefix)"])
        .output()
        .unwrap();
    let mut needs: Vec<String> = String::from_utf8(asked.stdout).unwrap().lines().map(str::to_owned).collect();
    needs.push(packages().display().to_string());
    needs
}

/// A server; it ends with it.
pub struct Program {
    child: Child,
    /// The lines that it wrote to its standard output.
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    pub fn start(arguments: &[&str]) -> Program {
        let mut command = Command::new(python());
        command.args(arguments).env("PYTHONPATH", packages()).env("PYTHONUNBUFFERED", "1");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (log, stdout) = (Arc::clone(&lines), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                log.lock().unwrap().push(line);
            }
        });
        Program { child, lines }
    }

    /// The line with this number, once it is written.
    pub fn line(&self, number: usize) -> String {
        wait(|| self.lines.lock().unwrap().get(number).cloned())
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nothing listens at.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something listens at a port.
pub fn wait_for(port: u16) {
    wait(|| TcpStream::connect(("127.0.0.1", port)).ok());
}

/// Waits until there is something.
pub fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "it never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}
