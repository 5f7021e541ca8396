//! No secret is written down or told: whatever a service or a program makes of it, and wherever that ends up.

use crate::server::{Answer, Server};
use gov_tests::{Ran, Sandbox};
use serde_json::{Value, json};

/// A capability for each way in which a secret leaves the process, and one for each way in which it may come back.
const PACKAGE: &str = r#"package leak

use std.sys.info
use std.io.fs
use std.sys.exec

capability call.bearer: read { input { how: String } output { said: String } retry 1 times
    handler http { method: "GET", url: "https://svc.example/{how}", secret: "BEARER" } }
capability call.basic: read { input { how: String } output { said: String } retry 1 times
    handler http { method: "GET", url: "https://svc.example/{how}", secret: "BASIC" } }
capability call.query: read { input { how: String } output { said: String } retry 1 times
    handler http { method: "GET", url: "https://svc.example/{how}", secret: "QUERY" } }
capability call.header: read { input { how: String } output { said: String } retry 1 times
    handler http { method: "GET", url: "https://svc.example/{how}", secret: "HEADER" } }
capability call.number: read { input { how: String } output { said: Int } retry 1 times
    handler http { method: "GET", url: "https://svc.example/{how}", secret: "NUMBER" } }
capability call.program: read { input { how: String } output { said: String } retry 1 times
    handler exec { program: "parrot", args: ["{how}"], secret: "BEARER" } }

policy p { default deny escalate never because "it is a test" allow any to call.*, sys.info.*, io.fs.read_file, sys.exec.run }

workflow bearer(how: String) -> { said: String } { principal agent:a policy p
    step one = call.bearer { how: how } return { said: one.said } }
workflow basic(how: String) -> { said: String } { principal agent:a policy p
    step one = call.basic { how: how } return { said: one.said } }
workflow query(how: String) -> { said: String } { principal agent:a policy p
    step one = call.query { how: how } return { said: one.said } }
workflow header(how: String) -> { said: String } { principal agent:a policy p
    step one = call.header { how: how } return { said: one.said } }
workflow number(how: String) -> { said: Int } { principal agent:a policy p
    step one = call.number { how: how } return { said: one.said } }
workflow program(how: String) -> { said: String } { principal agent:a policy p
    step one = call.program { how: how } return { said: one.said } }
workflow variable(how: String) -> { said: String? } { principal agent:a policy p
    step one = sys.info.get_env_var { name: how } return { said: one.value } }
workflow file(how: String) -> { said: String } { principal agent:a policy p
    step one = io.fs.read_file { path: how } return { said: one.content } }
"#;

/// Secrets as people have them: with what JSON, addresses and Base64 write otherwise, and one that begins another.
const SECRETS: &[(&str, &str)] = &[
    ("BEARER", r#"sk/live+"quoted"=&%7e\tail"#),
    ("BASIC", "p4ssword with space"),
    ("QUERY", "query+key/with&=?#"),
    ("HEADER", "sk/live"),
    ("NUMBER", "837492016"),
];

const PROGRAM: &str = r#"#!/bin/sh
case "$1" in
out) printf '%s' "{ \"said\": \"$(printf '%s' "$BEARER" | sed 's/[\\"]/\\&/g')\" }" ;;
err) printf 'cannot log in as %s\n' "$BEARER" >&2; exit 1 ;;
far) printf 'x%.0s' $(seq 65500) >&2; printf '%s' "$BEARER" >&2; exit 1 ;;
text) printf '%s' "$BEARER" ;;
esac
"#;

/// A service that repeats whatever it was sent, in the way that its path asks for.
fn parrot() -> Server {
    Server::start(|seen, _| {
        let sent = |name: &str| seen.header(name).map(str::to_owned);
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        let header = sent("authorization").or_else(|| sent("x-key")).unwrap_or_default();
        let bare = header.strip_prefix("Bearer ").unwrap_or(&header);
        let all = format!("{header} {bare} {query}");
        match path {
            "/output" => Answer::json(200, json!({ "said": all })),
            "/digits" => Answer::text(200, &format!("{{ \"said\": {bare} }}")).with("content-type", "application/json"),
            "/failure" => Answer::json(403, json!({ "error": "who is this?", "sent": all })),
            // So far into the message that only a part of the secret is shown.
            "/cut" => Answer::text(400, &format!("{}{bare}{query}", "x".repeat(290))),
            "/later" => Answer::text(503, &all),
            "/nonsense" => Answer::text(200, &format!("{{ \"said\": {all}")).with("content-type", "application/json"),
            "/key" => Answer::json(200, json!({ all: 1 })),
            "/moved" => Answer::redirect(307, &format!("http://elsewhere.example/{}", all.replace(' ', "-"))),
            _ => Answer::broken(),
        }
    })
}

struct Leak {
    folder: Sandbox,
    _service: Server,
}

impl Leak {
    fn new() -> Leak {
        let service = parrot();
        let port = service.port();
        let folder = Sandbox::new().unwrap();
        folder.write("pkg/leak.gov", PACKAGE).unwrap();
        folder.write("pkg/parrot", PROGRAM).unwrap();
        folder.write("pkg/data/key", SECRETS[1].1).unwrap();
        let config = format!(
            r#"
[package]
name = "leak"

[roots]
allow = ["data"]

[hosts]
allow = ["127.0.0.1:{port}"]
private = ["127.0.0.1"]

[secrets]
BEARER = {{ env = "BEARER", plain = true }}
BASIC = {{ file = "data/key", plain = true, send = "basic", user = "me" }}
QUERY = {{ env = "QUERY", plain = true, send = "query:key" }}
HEADER = {{ env = "HEADER", plain = true, send = "header:x-key" }}
NUMBER = {{ env = "NUMBER", plain = true }}

[handlers.http]
"https://svc.example" = "http://127.0.0.1:{port}"

[handlers.exec.parrot]
path = "parrot"
sandbox = "off"

[handlers.environment]
allow = ["*"]
"#
        );
        folder.write("pkg/gov.toml", config).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path("pkg/parrot"), mode).unwrap();
        Leak { folder, _service: service }
    }

    fn gov(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.command("pkg").unwrap();
        command.args(arguments).args(["--db", "../runs/gov.db"]).envs(SECRETS.iter().copied());
        Ran::from(command.output().unwrap())
    }
}

/// How a secret may look: as it is, in an address, in JSON, in Base64, and its parts.
fn forms(secret: &str) -> Vec<String> {
    use base64::Engine;
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let address: String = secret.bytes().map(encoded).collect();
    let quoted = Value::from(secret).to_string();
    let parts = [&secret[..secret.len().min(8)], &secret[secret.len().saturating_sub(8)..]].map(str::to_owned);
    let mut forms = vec![secret.to_owned(), base64(secret), base64(&format!("me:{secret}"))];
    forms.extend(parts);
    forms.extend([address.clone(), address.replace("%20", "+"), quoted.trim_matches('"').to_owned()]);
    forms
}

fn is_in(text: &[u8], form: &str) -> bool {
    text.windows(form.len()).any(|bytes| bytes == form.as_bytes())
}

#[test]
fn no_secret_is_written_down_or_told() {
    let leak = Leak::new();
    std::fs::create_dir(leak.folder.path("runs")).unwrap();
    let http = ["output", "failure", "cut", "later", "nonsense", "key", "moved", "broken"];
    let mut told = Vec::new();
    let mut run = |workflow: &str, how: &str, format: &str| {
        let input = json!({ "how": how }).to_string();
        let ran = leak.gov(&["run", ".", workflow, "--input", &input, "--format", format]);
        assert!(matches!(ran.code, Some(0 | 3 | 5)), "{workflow} {how}: {ran:?}");
        told.push((format!("{workflow} {how}"), format!("{}{}", ran.stdout, ran.stderr)));
    };
    for how in http {
        for workflow in ["bearer", "basic", "query", "header"] {
            run(workflow, how, "text");
        }
    }
    run("bearer", "output", "json");
    run("number", "digits", "json");
    for how in ["out", "err", "far", "text"] {
        run("program", how, "text");
    }
    for (name, _) in SECRETS {
        run("variable", name, "text");
    }
    run("file", "key", "text");
    let runs: Value = serde_json::from_str(&leak.gov(&["runs", "--limit", "1000", "--format", "json"]).stdout).unwrap();
    assert!(runs.as_array().unwrap().len() > 40);
    for command in [vec!["audit", "export"], vec!["runs"], vec!["replay"]] {
        let ran = leak.gov(&command);
        told.push((command.join(" "), format!("{}{}", ran.stdout, ran.stderr)));
    }
    // What they tell is what the export holds, in other words: some of them will do.
    for run in runs.as_array().unwrap().iter().step_by(6) {
        let ran = leak.gov(&["show", run["run"].as_str().unwrap()]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        told.push(("show".to_owned(), format!("{}{}", ran.stdout, ran.stderr)));
    }
    let mut leaks = Vec::new();
    for (_, secret) in SECRETS {
        for form in forms(secret) {
            let of = told.iter().filter(|(_, text)| is_in(text.as_bytes(), &form));
            leaks.extend(of.map(|(what, text)| format!("{what}: `{form}` in {text}")));
            for file in std::fs::read_dir(leak.folder.path("runs")).unwrap().map(|entry| entry.unwrap().path()) {
                if file.is_file() && is_in(&std::fs::read(&file).unwrap(), &form) {
                    leaks.push(format!("`{form}` in {}", file.display()));
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    // And they did come back: a test that is told nothing would show nothing.
    let all: String = told.into_iter().map(|(_, text)| text).collect();
    for (name, _) in SECRETS {
        assert!(all.contains(&format!("[secret {name}]")), "{name}");
    }
}
