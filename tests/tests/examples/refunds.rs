//! `support-refunds` against its own service, over real HTTP.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use gov_tests::{Ran, Sandbox};
use serde_json::Value;

const CONTEXT: &str = r#"{ "incident": false, "hour": 9 }"#;

/// The example, and its service at a port of its own.
pub struct Shop {
    example: Sandbox,
    service: Child,
    said: BufReader<std::process::ChildStdout>,
    /// What it said so far, but for the first line.
    heard: String,
}

impl Shop {
    pub fn new(options: &[&str]) -> Shop {
        let example = super::copy("support-refunds");
        let mut service = Command::new("python3")
            .arg(example.path("service.py"))
            .args(["--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(service.stdout.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        let port = first.trim().strip_prefix("shop: listening on ").unwrap();
        let settings = example.read("gov.toml").unwrap().replace("8787", port);
        example.write("gov.toml", settings).unwrap();
        Shop { example, service, said, heard: String::new() }
    }

    /// `gov` in the example's folder, with the secret in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.example.command(".").unwrap();
        command.args(arguments).env("STRIPE_KEY", "sk_secret_42");
        command
    }

    /// Waits until the service says a line with these words.
    pub fn hears(&mut self, words: &str) {
        while !self.heard.lines().any(|line| line.contains(words)) {
            assert_ne!(self.said.read_line(&mut self.heard).unwrap(), 0, "the service has ended");
        }
    }

    fn gov(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let ran = Ran::from(self.command(arguments).args(["--format", "json"]).output().unwrap());
        let json = serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran:?}"));
        (ran.code, json)
    }

    pub fn refund(&self, order: &str, amount: &str) -> (Option<i32>, Value) {
        let input = format!(r#"{{ "order": "{order}", "amount": "{amount}" }}"#);
        self.gov(&["run", ".", "refund_order", "--input", &input, "--context", CONTEXT])
    }

    /// Ends the service: what it said.
    pub fn end(mut self) -> String {
        self.service.kill().unwrap();
        self.service.wait().unwrap();
        self.said.read_to_string(&mut self.heard).unwrap();
        self.heard
    }
}

fn run_of(told: &Value) -> &str {
    told["run"].as_str().unwrap_or_else(|| panic!("{told}"))
}

#[test]
fn a_refund_waits_and_is_paid_once_it_is_approved() {
    let shop = Shop::new(&[]);
    let (code, told) = shop.refund("7", "25 USD");
    assert_eq!((code, &told["state"]), (Some(4), &Value::from("waiting")), "{told}");
    let (code, told) = shop.gov(&["approve", run_of(&told), "--as", "user:carol", "--role", "on_call"]);
    assert_eq!((code, &told["state"]), (Some(0), &Value::from("completed")), "{told}");
    assert_eq!(told["output"]["refund"], "re_1");
    let database = walk(&shop.example.path("."));
    assert!(!database.windows(12).any(|bytes| bytes == b"sk_secret_42"), "the secret was written down");
    assert_eq!(shop.end(), "shop: 25 USD goes back to ch_7\nshop: order 7: refunded as re_1\n");
}

#[test]
fn a_refund_that_cannot_be_noted_is_charged_again() {
    let shop = Shop::new(&["--locked", "7"]);
    let (_, told) = shop.refund("7", "25 USD");
    let (code, told) = shop.gov(&["approve", run_of(&told), "--as", "user:carol", "--role", "on_call"]);
    assert_eq!((code, &told["state"]), (Some(3), &Value::from("compensated")), "{told}");
    assert_eq!(shop.end(), "shop: 25 USD goes back to ch_7\nshop: 25 USD is charged to ch_7 again\n");
}

#[test]
fn a_refund_beyond_the_order_moves_nothing() {
    let shop = Shop::new(&[]);
    let (code, told) = shop.refund("7", "41 USD");
    assert_eq!((code, &told["state"]), (Some(3), &Value::from("failed")), "{told}");
    assert_eq!(shop.end(), "");
}

/// Every byte of every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { walk(&path) } else { std::fs::read(&path).unwrap() });
    }
    all
}
