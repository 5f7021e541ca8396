//! Workflows that run on real files and a real database.

use gov_tests::{Ran, Sandbox};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

const PACKAGE: &str = r#"package desk

use std.io.fs

role boss { user:ann, user:bob }

policy p {
    default deny
    escalate never because "the desk works in its own folder"
    undo:
        allow system:rollback to io.fs.restore
    work:
        allow agent:clerk to io.fs.read_file, io.fs.write_file
    remove:
        require approval from role:boss within 24h for agent:clerk to io.fs.delete
}

workflow publish(page: String, text: String) -> { page: String } {
    principal agent:clerk
    policy p
    step index = io.fs.read_file { path: "index" }
    step written = io.fs.write_file { path: page, content: text }
    step named = io.fs.write_file { path: "index", content: "{index.content} {page}" }
    check len(text) > 3 else "the page {page} is too short"
    return { page: page }
}

workflow tidy(page: String) {
    principal agent:clerk
    policy p
    step note = io.fs.write_file { path: "log", content: "tidied {page}" }
    step gone = io.fs.delete { path: page }
}

workflow slowly(page: String) {
    principal agent:clerk
    policy p
    step first = io.fs.write_file { path: page, content: "first" }
    wait 2s
    step second = io.fs.write_file { path: page, content: "second" }
}
"#;

fn desk() -> Sandbox {
    Sandbox::with([("desk.gov", PACKAGE), ("index", "home"), ("old", "an old page")]).unwrap()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn run(desk: &Sandbox, workflow: &str, input: &str) -> (Option<i32>, Value) {
    let ran = desk.gov(["run", "desk.gov", workflow, "--input", input, "--format", "json"]).unwrap();
    let account = json(&ran);
    validate("run", &account);
    let shown = json(&desk.gov(["show", account["run"].as_str().unwrap(), "--format", "json"]).unwrap());
    validate("show", &shown);
    (ran.code, account)
}

/// Fails unless a text is what a schema of `docs/schema` says.
fn validate(schema: &str, told: &Value) {
    let path = format!("{}/../docs/schema/{schema}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let errors: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(told).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{told:#}");
}

fn states(account: &Value) -> Vec<&str> {
    account["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

#[test]
fn a_run_completes_and_its_journal_holds() {
    let desk = desk();
    let (code, account) = run(&desk, "publish", r#"{ "page": "a", "text": "hello" }"#);
    assert_eq!((code, account["state"].as_str()), (Some(0), Some("completed")));
    assert_eq!(account["output"], serde_json::json!({ "page": "a" }));
    assert_eq!(desk.read("index").unwrap(), "home a");
    assert_eq!(desk.gov(["audit", "verify"]).unwrap().code, Some(0));
    assert_eq!(desk.gov(["replay"]).unwrap().code, Some(0));
    let shown = desk.gov(["show", "--exit-code"]).unwrap();
    assert!(shown.stdout.contains("completed"), "{shown:?}");
}

#[test]
fn a_run_that_fails_leaves_the_files_as_they_were() {
    let desk = desk();
    let (code, account) = run(&desk, "publish", r#"{ "page": "a", "text": "hi" }"#);
    assert_eq!((code, account["state"].as_str()), (Some(3), Some("compensated")));
    assert_eq!(account["error"], "the page a is too short");
    assert_eq!(states(&account), ["done", "undone", "undone"]);
    assert_eq!(desk.read("index").unwrap(), "home");
    assert!(!desk.path("a").exists());
    assert_eq!(desk.gov(["show", "--exit-code"]).unwrap().code, Some(3));
}

#[test]
fn what_is_outside_the_roots_cannot_be_touched() {
    let desk = desk();
    for page in ["../outside", "/etc/gov-test", "a/../../outside"] {
        let input = serde_json::json!({ "page": page, "text": "hello" }).to_string();
        let (code, account) = run(&desk, "publish", &input);
        assert_eq!(code, Some(3), "{account}");
        assert!(account["error"].as_str().unwrap().contains("this deployment allows"), "{account}");
    }
}

#[test]
fn the_same_key_starts_one_run() {
    let desk = desk();
    let again = || {
        let input = r#"{ "page": "a", "text": "hello" }"#;
        let ran = desk.gov(["run", "desk.gov", "publish", "--input", input, "--key", "k", "--format", "json"]).unwrap();
        json(&ran)["run"].as_str().unwrap().to_owned()
    };
    assert_eq!(again(), again());
    assert_eq!(desk.read("index").unwrap(), "home a");
}

#[test]
fn an_approval_is_waited_for_and_bound_to_its_arguments() {
    let desk = desk();
    let (code, account) = run(&desk, "tidy", r#"{ "page": "old" }"#);
    assert_eq!((code, states(&account)), (Some(4), vec!["done", "waiting"]));
    let id = account["run"].as_str().unwrap();
    let shown = desk.gov(["approve", id]).unwrap();
    assert!(shown.stdout.contains("\"path\": \"old\""), "{shown:?}");
    for (by, why) in [("agent:clerk", "of their own"), ("user:eve", "only role:boss may decide")] {
        let refused = desk.gov(["approve", id, "--as", by]).unwrap();
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains(why), "{refused:?}");
    }
    let other = desk.gov(["approve", id, "--as", "user:ann", "--digest", "else"]).unwrap();
    assert!(other.stderr.contains("other arguments"), "{other:?}");
    assert!(desk.path("old").exists());
    assert_eq!(desk.gov(["approve", id, "gone", "--as", "user:ann"]).unwrap().code, Some(0));
    assert!(!desk.path("old").exists());
    assert_eq!(desk.gov(["approve", id, "--as", "user:bob"]).unwrap().code, Some(2));
}

#[test]
fn a_run_keeps_its_folders() {
    let places =
        Sandbox::with([("desk/desk.gov", PACKAGE), ("desk/old", "an old page"), ("other/old", "another")]).unwrap();
    let input = r#"{ "page": "old" }"#;
    let run = ["run", "desk.gov", "tidy", "--input", input, "--format", "json"];
    let account = json(&places.gov_in("desk", run).unwrap());
    let id = account["run"].as_str().unwrap();
    let ran = places.gov_in("other", ["approve", id, "--db", "../desk/gov.db", "--as", "user:ann"]).unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!places.path("desk/old").exists() && places.path("other/old").exists());
}

#[test]
fn a_rejection_and_a_cancellation_undo_what_was_done() {
    for (command, state) in [("reject", "compensated"), ("cancel", "cancelled")] {
        let desk = desk();
        let (_, account) = run(&desk, "tidy", r#"{ "page": "old" }"#);
        let id = account["run"].as_str().unwrap();
        let ended = desk.gov([command, id, "--as", "user:bob", "--format", "json"]).unwrap();
        assert_eq!((ended.code, json(&ended)["state"].as_str()), (Some(3), Some(state)));
        assert!(!desk.path("log").exists());
        assert!(desk.path("old").exists());
    }
}

#[test]
fn a_run_whose_process_is_killed_is_resumed() {
    let desk = desk();
    let mut command = desk.command(".").unwrap();
    command.args(["run", "desk.gov", "slowly", "--input", r#"{ "page": "a" }"#]).stdout(Stdio::null());
    let mut process = command.spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while desk.read("a").unwrap_or_default() != "first" && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(desk.read("a").unwrap(), "first");
    let runs = json(&desk.gov(["runs", "--format", "json"]).unwrap());
    let id = runs[0]["run"].as_str().unwrap();
    let resumed = desk.gov(["resume", id, "--format", "json"]).unwrap();
    assert_eq!((resumed.code, json(&resumed)["state"].as_str()), (Some(0), Some("completed")));
    assert_eq!(desk.read("a").unwrap(), "second");
    assert_eq!(desk.gov(["audit", "verify"]).unwrap().code, Some(0));
}

/// A run that completed, and the id of it.
fn published(desk: &Sandbox) -> String {
    let (code, account) = run(desk, "publish", r#"{ "page": "a", "text": "hello" }"#);
    assert_eq!(code, Some(0), "{account}");
    account["run"].as_str().unwrap().to_owned()
}

#[test]
fn a_changed_plan_is_told_from_where_the_histories_part() {
    let desk = desk();
    let id = published(&desk);
    desk.write("same.gov", PACKAGE).unwrap();
    desk.write("new.gov", PACKAGE.replace("{index.content} {page}", "{page} {index.content}")).unwrap();
    let with = |plan: &str| desk.gov(["replay", &id, "--plan", plan]).unwrap();
    let same = with("same.gov");
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.stdout.ends_with("entries fold to the same commands with that plan\n"), "{same:?}");
    let new = with("new.gov");
    assert_eq!(new.code, Some(1));
    assert_eq!(
        new.stdout,
        format!(
            "run {id}: the histories part at entry 3: after the answer of `written`, \
             the run calls `io.fs.write_file` {{\"content\":\"home a\",\"path\":\"index\"}} for `named`, \
             and now it calls `io.fs.write_file` {{\"content\":\"a home\",\"path\":\"index\"}} for `named`\n"
        )
    );
    let told = json(&desk.gov(["replay", &id, "--plan", "new.gov", "--format", "json"]).unwrap());
    assert_eq!((&told["deviation"]["entry"], &told["deviation"]["is_broken"]), (&Value::from(3), &Value::from(false)));
    // A step more at the end is seen where the run ended without it.
    let more = PACKAGE
        .replace("    check len(text) > 3", "    step again = io.fs.read_file { path: page }\n    check len(text) > 3");
    desk.write("more.gov", more).unwrap();
    let more = with("more.gov");
    assert!(more.stdout.contains("the histories part at entry 4: after the answer of `named`"), "{more:?}");
}

#[test]
fn a_journal_that_was_tampered_with_is_told_where() {
    let tamperings = [
        "UPDATE journal SET body = replace(body, 'home a', 'home b') WHERE sequence = 3",
        "DELETE FROM journal WHERE sequence = 3",
        "UPDATE journal SET body = (SELECT body FROM journal WHERE sequence = 2) WHERE sequence = 3",
        "UPDATE journal SET hash = 'ab' WHERE sequence = 3",
    ];
    for tampering in tamperings {
        let desk = desk();
        let id = published(&desk);
        let database = rusqlite::Connection::open(desk.path("gov.db")).unwrap();
        let free = "DROP TRIGGER journal_is_not_changed; DROP TRIGGER journal_is_not_deleted";
        database.execute_batch(free).unwrap();
        assert_eq!(database.execute(tampering, []).unwrap(), 1);
        drop(database);
        desk.write("same.gov", PACKAGE).unwrap();
        let said = format!("run {id}: at entry 3: the entry is not what was written\n");
        for plan in [&[][..], &["--plan", "same.gov"]] {
            let replayed = desk.gov([&["replay", id.as_str()], plan].concat()).unwrap();
            assert_eq!((replayed.code, &replayed.stdout), (Some(1), &said), "{tampering}: {replayed:?}");
        }
        let verified = desk.gov(["audit", "verify"]).unwrap();
        assert_eq!((verified.code, verified.stdout), (Some(1), format!("run {id}: entry 3 is not what was written\n")));
        for command in ["show", "cancel", "resume"] {
            let ran = desk.gov([command, id.as_str()]).unwrap();
            assert!(ran.code == Some(2) && ran.stderr.contains("was changed at entry 3"), "{command}: {ran:?}");
        }
    }
}

#[test]
fn what_is_no_database_is_said() {
    let desk = desk();
    desk.write("broken.db", "this is not a database, and it is long enough to be looked at as one by whoever opens it")
        .unwrap();
    desk.write("empty.db", "").unwrap();
    std::fs::create_dir(desk.path("folder.db")).unwrap();
    for (file, why) in [
        ("broken.db", "not a database"),
        ("missing.db", "there is no database"),
        ("empty.db", "is empty, and no database"),
        ("folder.db", "is no file"),
    ] {
        let ran = desk.gov(["runs", "--db", file]).unwrap();
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains(why) && ran.stderr.contains("help: "), "{ran:?}");
    }
    for (file, why) in [("nowhere/gov.db", "there is no folder `nowhere`"), ("folder.db", "it is a folder")] {
        let input = r#"{ "page": "a", "text": "hello" }"#;
        let ran = desk.gov(["run", "desk.gov", "publish", "--input", input, "--db", file]).unwrap();
        assert!(ran.code == Some(2) && ran.stderr.contains(why), "{ran:?}");
    }
}
