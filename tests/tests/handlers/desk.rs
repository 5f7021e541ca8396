//! A package whose runs wait for a person between two calls, and a service for them.

use crate::server::{Answer, Server};
use gov_tests::{Ran, Sandbox};
use serde_json::{Value, json};
use std::process::Command;

/// `refund` opens a case, waits for somebody to approve the payment, and pays; whatever stops it, the case is closed.
pub const PACKAGE: &str = r#"package desk

capability case.open: write {
    input   { order: String }
    output  { case: String }
    compensate with case.close { case: output.case }
    idempotent
    retry   2 times backoff 1ms..5ms on transient
    handler http { method: "POST", url: "https://crm.example/cases" }
}

capability case.close: write {
    input   { case: String }
    compensate none because "it is itself an undo"
    idempotent
    retry   until success backoff 1ms..5ms
    handler http { method: "POST", url: "https://crm.example/closed" }
}

capability money.pay: network {
    input   { order: String, amount: Int, key: String }
    output  { payment: String }
    effect  irreversible external "money leaves the account"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    idempotent by key
    retry   2 times backoff 1ms..5ms on transient
    handler http { method: "POST", url: "https://crm.example/payments", secret: "DESK_KEY" }
}

policy p {
    default deny
    escalate never because "it is a test"
    undo: allow system:rollback to case.close
    open: allow agent:desk to case.open
    pay: require approval from user:ann within 24h for agent:desk to money.pay
}

workflow refund(order: String, amount: Int) -> { payment: String } {
    principal agent:desk
    policy    p
    step case = case.open { order: order }
    step paid = money.pay { order: order, amount: amount, key: "pay-{order}" }
    return { payment: paid.payment }
}
"#;

/// The secret of the desk.
pub const SECRET: &str = "sk_desk_4f5e6d7c8b9a";

/// A `gov.toml` that lets the calls of the package reach a server, with more after it.
pub fn config(server: &Server, more: &str) -> String {
    let port = server.port();
    format!(
        "[package]\nname = \"desk\"\n\n[hosts]\nallow = [\"127.0.0.1:{port}\"]\nprivate = [\"127.0.0.1\"]\n\n\
         [secrets]\nDESK_KEY = {{ env = \"DESK_KEY\", plain = true }}\n\n\
         [handlers.http]\n\"https://crm.example\" = \"http://127.0.0.1:{port}\"\n\n{more}"
    )
}

/// The service: every call works.
pub fn service() -> Server {
    Server::start(|seen, _| answer(&seen.path))
}

/// What the service answers at a path.
pub fn answer(path: &str) -> Answer {
    Answer::json(
        200,
        match path {
            "/cases" => json!({ "case": "c1" }),
            "/payments" => json!({ "payment": "p1" }),
            _ => json!({}),
        },
    )
}

/// `gov` in a folder of a sandbox, with the secret in its environment.
pub fn command(sandbox: &Sandbox, folder: &str, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(folder).unwrap();
    command.args(arguments).env("DESK_KEY", SECRET);
    command
}

/// Runs `gov` so, to its end.
pub fn gov(sandbox: &Sandbox, folder: &str, arguments: &[&str]) -> Ran {
    Ran::from(command(sandbox, folder, arguments).output().unwrap())
}

/// What `gov` told as JSON.
pub fn told(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// The paths that a server was asked for, in order.
pub fn asked(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.path).collect()
}
