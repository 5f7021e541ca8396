//! The handlers as workflows meet them.

use gov_tests::Sandbox;
use serde_json::{Value, json};

const PACKAGE: &str = r#"package desk

use std.data.json
use std.db.sqlite
use std.io.fs
use std.kv
use std.sys.archive
use std.sys.info
use std.text.regex
use std.text.template

policy p {
    default deny
    escalate never because "the desk works in its own folder"
    undo:
        allow system:rollback to io.fs.restore, kv.restore, sys.archive.restore, db.sqlite.undo
    work:
        allow agent:clerk to any
}

workflow report(orders: String, fail: Bool) -> { text: String, os: String, version: Int, files: Int } {
    principal agent:clerk
    policy p
    step read = data.json.parse { text: orders }
    step open = data.json.transform { value: read.value, filter: ".orders | map(select(.open).id) | join(\", \")" }
    step first = data.json.get { value: read.value, path: "orders.0.id" }
    step line = text.template.render { template: "\{\{ who }}:\{% for o in orders if o.open %} \{\{ o.id }}\{% endfor %}", values: [{ name: "who", value: "we" }], data: read.value }
    step found = text.regex.match { pattern: "(\\w+)-(\\d+)", text: line.text }
    step system = sys.info.get_os {}
    step now = sys.info.get_time {}
    step kept = kv.put { key: "report", value: "{line.text}, {first.value as String}, {len(found.groups)}, {len(open.values)}" }
    step written = io.fs.write_file { path: "report.txt", content: line.text }
    step zipped = sys.archive.zip { paths: ["report.txt"], to: "report.zip" }
    step made = db.sqlite.execute { database: "desk.db", sql: "CREATE TABLE IF NOT EXISTS reports (text TEXT)" }
        compensate with db.sqlite.undo { database: "desk.db", sql: "DROP TABLE IF EXISTS reports" }
    step added = db.sqlite.execute {
        database: "desk.db",
        sql: "INSERT INTO reports VALUES (?)",
        params: [line.text],
    } compensate with db.sqlite.undo { database: "desk.db", sql: "DELETE FROM reports" }
    check not fail else "told to fail"
    return { text: line.text, os: system.os, version: kept.version, files: zipped.files }
}

workflow look() -> { rows: List<Json>, value: String } {
    principal agent:clerk
    policy p
    step kept = kv.get { key: "report" }
    step there = db.sqlite.query { database: "desk.db", sql: "SELECT text FROM reports" }
    return { rows: there.rows, value: kept.value ?? "" }
}

workflow filter(code: String) -> { values: List<Json> } {
    principal agent:clerk
    policy p
    step read = data.json.parse { text: "[1, 2, 3]" }
    step done = data.json.transform { value: read.value, filter: code } timeout 5s
    return { values: done.values }
}

workflow variable(name: String) -> { value: String } {
    principal agent:clerk
    policy p
    step read = sys.info.get_env_var { name: name }
    return { value: read.value ?? "" }
}
"#;

fn run(desk: &Sandbox, workflow: &str, input: &Value) -> (Option<i32>, Value) {
    let input = input.to_string();
    let ran = desk.gov(["run", "desk.gov", workflow, "--input", &input, "--format", "json"]).unwrap();
    let account = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    (ran.code, account)
}

fn report(fail: bool) -> Value {
    let orders = json!({ "orders": [{ "id": "a-1", "open": true }, { "id": "b-2", "open": false }, { "id": "c-3", "open": true }] });
    json!({ "orders": orders.to_string(), "fail": fail })
}

#[test]
fn a_workflow_over_every_module_completes() {
    let desk = Sandbox::with([("desk.gov", PACKAGE)]).unwrap();
    let (code, account) = run(&desk, "report", &report(false));
    assert_eq!(code, Some(0), "{account:#}");
    let expected = json!({ "text": "we: a-1 c-3", "os": std::env::consts::OS, "version": 1, "files": 1 });
    assert_eq!(account["output"], expected);
    assert_eq!(desk.read("report.txt").unwrap(), "we: a-1 c-3");
    assert!(desk.path("report.zip").exists());
    let (_, account) = run(&desk, "look", &json!({}));
    assert_eq!(account["output"], json!({ "rows": [{ "text": "we: a-1 c-3" }], "value": "we: a-1 c-3, a-1, 3, 1" }));
}

#[test]
fn a_workflow_that_fails_is_undone_everywhere() {
    let desk = Sandbox::with([("desk.gov", PACKAGE)]).unwrap();
    let (code, account) = run(&desk, "report", &report(true));
    assert_eq!((code, account["state"].as_str()), (Some(3), Some("compensated")), "{account:#}");
    assert!(!desk.path("report.txt").exists());
    assert!(!desk.path("report.zip").exists());
    let (code, account) = run(&desk, "look", &json!({}));
    assert_eq!(code, Some(3));
    assert!(account["error"].as_str().unwrap().contains("no such table: reports"), "{account:#}");
}

#[test]
fn a_filter_is_held_to_its_bounds() {
    let desk = Sandbox::with([("desk.gov", PACKAGE)]).unwrap();
    let (_, account) = run(&desk, "filter", &json!({ "code": ".[] | . * 2" }));
    assert_eq!(account["output"], json!({ "values": [2, 4, 6] }));
    // Which bound is met first depends on the machine.
    let bounds = ["not done within 5s", "more time or memory than a filter may", "more than 16777216 bytes"];
    for (code, why) in [
        ("def f: f; f", &bounds[..]),
        ("[range(1e12)]", &bounds),
        ("range(1e9)", &bounds),
        ("nan", &["what is no JSON"]),
        ("nothing", &["there is no filter `nothing`"]),
        ("env | keys | length | error", &["the filter fails: 0"]),
        ("\"x\" | error", &["the filter fails: "]),
    ] {
        let (state, account) = run(&desk, "filter", &json!({ "code": code }));
        let error = account["error"].as_str().unwrap_or_default();
        assert!(state == Some(3) && why.iter().any(|why| error.contains(why)), "{code}: {account:#}");
    }
}

#[test]
fn the_environment_is_closed_unless_it_is_opened() {
    let desk = Sandbox::with([("desk.gov", PACKAGE)]).unwrap();
    let (_, account) = run(&desk, "variable", &json!({ "name": "PATH" }));
    assert!(account["error"].as_str().unwrap().contains("does not let runs read the variable `PATH`"), "{account:#}");
}
