//! What a terminal shows while proofs take their time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gov_tests::Sandbox;
use serde_json::Value;

/// What the bar is known by.
const BAR: &str = "proving";

/// What a program wrote on a terminal, and how it ended; less than zero is a signal.
struct Ended {
    written: String,
    code: i64,
}

/// Runs `gov` in a folder on a terminal of its own. When `text` is first seen there, `key` is typed.
fn on_terminal(sandbox: &Sandbox, arguments: &[&str], text: &str, key: &str) -> Ended {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/terminal.py");
    let mut python = Command::new("python3");
    python.args([script, text, key]).arg(gov_tests::gov().unwrap()).args(arguments).current_dir(sandbox.path("."));
    python.env("TERM", "xterm").env_remove("NO_COLOR").stderr(Stdio::inherit());
    let output = python.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    Ended { written: told["written"].as_str().unwrap().to_owned(), code: told["code"].as_i64().unwrap() }
}

/// A package with policies that take some time to prove: in each, no rule is like another, and each may matter for all.
fn crowded(policies: usize) -> Sandbox {
    let mut text = String::from(
        "package crowded\ncontext { n: Int, m: Int }\ncapability db.read: read { input { id: String, k: Int } }\n",
    );
    for policy in 0..policies {
        text.push_str(&format!("policy p{policy} {{\n default deny\n"));
        for rule in 0..60 {
            let from = rule - 30;
            text.push_str(&format!(" allow any to any when input.k + context.n == {from} and context.m > {rule}\n"));
        }
        text.push_str("}\n");
    }
    Sandbox::with([("crowded.gov", text.as_str())]).unwrap()
}

/// Such a package, large enough that this machine takes more than two seconds for it.
fn lasting() -> Sandbox {
    for policies in (0..).map(|power| 1 << power) {
        let sandbox = crowded(policies);
        let start = Instant::now();
        let output = sandbox.gov(["check", "--jobs", "1"]).unwrap();
        assert!(output.stderr.is_empty(), "no bar where there is no terminal: {output:?}");
        if start.elapsed() > Duration::from_secs(2) {
            return sandbox;
        }
    }
    unreachable!("packages without bound take time without bound");
}

#[test]
fn a_bar_comes_up_when_proofs_take_longer_than_a_second_and_goes_when_they_end() {
    let quick = on_terminal(&crowded(0), &["check"], "", "");
    assert!(!quick.written.contains(BAR) && quick.code == 0, "{}", quick.written);
    let ended = on_terminal(&lasting(), &["check", "--jobs", "1"], "", "");
    let (bar, after) = ended.written.rsplit_once(BAR).expect("a bar comes up");
    assert!(bar.is_empty() || bar.contains('\r'), "it stays on one line: {bar:?}");
    assert!(after.contains("\u{1b}[2K") || after.contains("\r\u{1b}[K"), "it is wiped away at the end: {after:?}");
    assert_eq!(ended.code, 0, "{after}");
    let report = after.lines().last().unwrap_or_default();
    assert!(report.contains("crowded") || report.contains("package"), "{after:?}");
}

#[test]
fn an_interrupt_ends_proofs_at_once() {
    // It would take minutes, and the wait for its end is bounded.
    let ended = on_terminal(&crowded(300), &["check", "--jobs", "2"], BAR, "\u{3}");
    let interrupted = -2;
    assert_eq!(ended.code, interrupted, "{}", ended.written);
    assert!(!ended.written.contains("obligations"), "it tells nothing that is not whole: {}", ended.written);
}
