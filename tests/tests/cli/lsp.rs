//! `gov lsp` as an editor starts it: over pipes, with proofs in a process of their own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use gov_tests::Sandbox;
use serde_json::{Value, json};

const FILE: &str = "main.gov";

/// A package with a claim that is false.
const DESK: &str = r#"package desk

context { hour: Int }

/// Look something up.
capability crm.read_order: read {
    input { order: String }
}

capability crm.note: write {
    input { order: String, text: String }
    compensate manually because "take the note out"
}

policy support {
    default deny
    nightly: deny any to crm.note when context.hour < 6
    allow agent:support to crm.*
}

prove never_writes in support: never allow agent:support to crm.note
"#;

/// An editor on the other end of the pipes.
struct Editor<'s> {
    sandbox: &'s Sandbox,
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    asked: i32,
    /// How often the server has said that code lenses are to be asked for again.
    refreshed: usize,
    /// What the server said of progress.
    progress: Vec<Value>,
    /// What the server wanted to change.
    edits: Vec<Value>,
    found: Vec<Value>,
}

impl<'s> Editor<'s> {
    fn new(sandbox: &'s Sandbox) -> Editor<'s> {
        let mut command = sandbox.command(".").unwrap();
        command.args(["lsp", "--pause", "20"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let (progress, edits, found) = (Vec::new(), Vec::new(), Vec::new());
        let mut editor = Editor { sandbox, child, input, messages, asked: 0, refreshed: 0, progress, edits, found };
        let capabilities = json!({
            "window": { "workDoneProgress": true },
            "textDocument": { "publishDiagnostics": { "relatedInformation": true } },
            "workspace": { "codeLens": { "refreshSupport": true }, "applyEdit": true },
        });
        editor.request("initialize", json!({ "processId": null, "rootUri": null, "capabilities": capabilities }));
        editor.notify("initialized", json!({}));
        editor
    }

    fn uri(&self) -> String {
        format!("file://{}", self.sandbox.path(FILE).canonicalize().unwrap().display())
    }

    fn open(&mut self, text: &str) {
        self.sandbox.write(FILE, text).unwrap();
        let document = json!({ "uri": self.uri(), "languageId": "gov", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, version: i32, text: &str) {
        let document = json!({ "uri": self.uri(), "version": version });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "method": method, "params": params }));
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(json!({ "id": id, "method": method, "params": params }));
        loop {
            let message = self.next();
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// The next message. What the server asks is answered, and what it tells is kept.
    fn next(&mut self) -> Value {
        let message = self.messages.recv_timeout(Duration::from_secs(180)).expect("the server has gone silent");
        let method = message["method"].as_str().unwrap_or_default();
        match method {
            "$/progress" => self.progress.push(message["params"].clone()),
            "textDocument/publishDiagnostics" => {
                self.found = message["params"]["diagnostics"].as_array().unwrap().clone()
            }
            "workspace/codeLens/refresh" => self.refreshed += 1,
            "workspace/applyEdit" => self.edits.push(message["params"]["edit"].clone()),
            _ => {}
        }
        if !method.is_empty() && message.get("id").is_some() {
            self.send(json!({ "id": message["id"], "result": null }));
        }
        message
    }

    /// The code lenses: the line of each and what it says.
    fn lenses(&mut self) -> Vec<(u64, String)> {
        let lenses = self.request("textDocument/codeLens", json!({ "textDocument": { "uri": self.uri() } }));
        let lens = |lens: &Value| {
            let line = lens["range"]["start"]["line"].as_u64().unwrap();
            (line, lens["command"]["title"].as_str().unwrap().to_owned())
        };
        lenses.as_array().unwrap().iter().map(lens).collect()
    }

    /// Waits until nothing is left to be proved.
    fn settled(&mut self) -> Vec<(u64, String)> {
        loop {
            let before = self.refreshed;
            let lenses = self.lenses();
            let is_open = |title: &str| title == "proving…" || title == "not proved yet";
            if !lenses.iter().any(|(_, title)| is_open(title)) {
                return lenses;
            }
            // What was said while the answer was on its way is newer than the answer, and nothing may follow it.
            while self.refreshed == before {
                self.next();
            }
        }
    }
}

impl Drop for Editor<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.child.kill();
            return;
        }
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        assert!(self.child.wait().unwrap().success());
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            line => length = line.strip_prefix("Content-Length: ").map_or(Ok(length), str::parse).ok()?,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The codes and lines that a check of the file finds.
fn checked(sandbox: &Sandbox, text: &str) -> Vec<(String, u64)> {
    sandbox.write(FILE, text).unwrap();
    let ran = sandbox.gov(["check", FILE, "--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let finding =
        |found: &Value| (found["code"].as_str().unwrap().to_owned(), found["span"]["line"].as_u64().unwrap() - 1);
    report["diagnostics"].as_array().unwrap().iter().map(finding).collect()
}

fn told(editor: &Editor<'_>) -> Vec<(String, u64)> {
    let finding =
        |found: &Value| (found["code"].as_str().unwrap().to_owned(), found["range"]["start"]["line"].as_u64().unwrap());
    editor.found.iter().map(finding).collect()
}

#[test]
fn proofs_are_made_in_the_background_and_kept_while_they_hold() {
    let sandbox = Sandbox::new().unwrap();
    let mut editor = Editor::new(&sandbox);
    editor.open(DESK);
    let lenses = editor.settled();
    let titles: Vec<&str> = lenses.iter().map(|(_, title)| title.as_str()).collect();
    assert!(titles[0].starts_with("proved (") && titles[1].starts_with("proved ("), "{titles:?}");
    assert!(titles[3].starts_with("refuted: `never_writes` is false"), "{titles:?}");
    while told(&editor) != checked(&sandbox, DESK) {
        editor.next();
    }
    let refuted = editor.found.iter().find(|found| found["code"] == "G1401").unwrap().clone();
    let example = refuted["relatedInformation"][0]["message"].as_str().unwrap();
    assert!(example.contains("capability crm.note") && example.contains("decision allow"), "{example}");

    // A change in one item leaves what is known of the others alone, wherever they stand now.
    let changed =
        DESK.replace("package desk\n", "package desk\n\n// One line more.\n").replace("never allow", "sometimes allow");
    editor.change(2, &changed);
    let at_once = editor.lenses();
    let moved: Vec<(u64, String)> = lenses.iter().take(3).map(|(line, title)| (line + 2, title.clone())).collect();
    assert_eq!(at_once[..3], moved);
    assert!(["not proved yet", "proving…", "proved (1)"].contains(&at_once[3].1.as_str()), "{at_once:?}");
    assert_eq!(editor.settled()[3].1, "proved (1)");
    while told(&editor) != checked(&sandbox, &changed) {
        editor.next();
    }

    // What is gone is told as gone.
    editor.change(3, DESK);
    assert!(editor.lenses()[3].1.starts_with("proved") || editor.lenses()[3].1 != "proved (1)");
    assert!(editor.settled()[3].1.starts_with("refuted"));
}

#[test]
fn what_is_not_settled_is_told_as_unproved() {
    let sandbox = Sandbox::new().unwrap();
    let mut editor = Editor::new(&sandbox);
    // Every loop is looked at in two rounds: so many of them are too many.
    let begin: String = (0..16).map(|depth| format!("for x{depth} in ids up to 2 {{ ")).collect();
    let inner = "step found = crm.read_order { order: x15 }";
    let deep = format!(
        "{DESK}\nworkflow deep(ids: List<String>) {{ principal agent:support policy support {begin}{inner}{} }}\n",
        " }".repeat(16)
    );
    editor.open(&deep);
    assert_eq!(editor.settled().last().unwrap().1, "unproved");
    while told(&editor) != checked(&sandbox, &deep) {
        editor.next();
    }
    assert!(told(&editor).iter().any(|(code, _)| code == "G1402"));
}

#[test]
fn a_counterexample_becomes_a_test_that_passes() {
    let sandbox = Sandbox::new().unwrap();
    let mut editor = Editor::new(&sandbox);
    editor.open(DESK);
    editor.settled();
    let uri = editor.uri();
    let line = DESK.lines().position(|line| line.starts_with("prove")).unwrap();
    let at = json!({ "line": line, "character": 8 });
    let params = json!({ "textDocument": { "uri": uri }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] } });
    let actions = editor.request("textDocument/codeAction", params);
    let titles: Vec<&str> =
        actions.as_array().unwrap().iter().map(|action| action["title"].as_str().unwrap()).collect();
    assert!(titles.contains(&"accept G1401 here, with a reason"), "{titles:?}");
    let action = actions
        .as_array()
        .unwrap()
        .iter()
        .find(|action| action["title"] == "write a test that shows the counterexample");
    let edit = action.unwrap()["edit"].clone();

    // The lens does the same.
    let lenses = editor.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri } }));
    let command = lenses.as_array().unwrap().iter().find(|lens| lens["command"]["command"] == "gov.writeTest").unwrap();
    let params = json!({ "command": "gov.writeTest", "arguments": command["command"]["arguments"] });
    editor.request("workspace/executeCommand", params);
    while editor.edits.is_empty() {
        editor.next();
    }
    assert_eq!(editor.edits[0], edit);

    let test = edit["changes"][&uri][0]["newText"].as_str().unwrap();
    sandbox.write(FILE, format!("{}{test}", DESK.trim_end())).unwrap();
    let ran = sandbox.gov(["test", FILE]).unwrap();
    assert_eq!(ran.code, Some(0), "{test}\n{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("1 passed") || ran.stdout.contains("1 test"), "{}", ran.stdout);
}

#[test]
fn a_failing_path_of_a_workflow_becomes_a_test_that_plays_it() {
    let workflow = "workflow note(order: String) {\n    principal agent:support\n    policy support\n    \
                    step noted = crm.note { order: order, text: \"seen\" }\n    \
                    step found = crm.read_order { order: order }\n}\n";
    let text = format!("{DESK}\n{workflow}");
    let sandbox = Sandbox::new().unwrap();
    let mut editor = Editor::new(&sandbox);
    editor.open(&text);
    let lenses = editor.settled();
    assert!(lenses.last().unwrap().1.starts_with("refuted: `noted` stays done"), "{lenses:?}");
    let line = text.lines().position(|line| line.contains("step noted")).unwrap();
    let at = json!({ "line": line, "character": 8 });
    let context = json!({ "diagnostics": [], "only": ["quickfix"] });
    let params =
        json!({ "textDocument": { "uri": editor.uri() }, "range": { "start": at, "end": at }, "context": context });
    let actions = editor.request("textDocument/codeAction", params);
    let wanted = "write a test that shows the counterexample";
    let action = actions.as_array().unwrap().iter().find(|action| action["title"] == wanted).unwrap();
    let test = action["edit"]["changes"][editor.uri()][0]["newText"].as_str().unwrap().to_owned();
    for statement in
        ["fails \"it does not work\"", "run note {", "expect stuck", "expect calls [crm.note, crm.read_order]"]
    {
        assert!(test.contains(statement), "{test}");
    }
    sandbox.write(FILE, format!("{}{test}", text.trim_end())).unwrap();
    let ran = sandbox.gov(["test", FILE]).unwrap();
    assert_eq!(ran.code, Some(0), "{test}\n{}{}", ran.stdout, ran.stderr);
}

/// What is found about how things are undone belongs to no single question, and is told all the same.
#[test]
fn an_undo_that_may_fail_is_told() {
    let text = DESK.replace(
        "    compensate manually because \"take the note out\"",
        "    compensate with crm.forget { order: order }",
    ) + "\ncapability crm.forget: write {\n    input { order: String }\n    compensate none because \"an undo\"\n}\n";
    let sandbox = Sandbox::new().unwrap();
    let mut editor = Editor::new(&sandbox);
    editor.open(&text);
    let lenses = editor.settled();
    let expected = checked(&sandbox, &text);
    assert!(expected.iter().any(|(code, _)| code == "G1104"), "{expected:?}");
    assert!(
        lenses.iter().any(|(_, title)| title.starts_with("refuted: the undo of `crm.note` may fail")),
        "{lenses:?}"
    );
    while told(&editor) != expected {
        editor.next();
    }
}

#[test]
fn a_rule_that_nothing_reaches_is_moved_up() {
    let shadowed = DESK
        .replace(
            "    nightly:",
            "    /// Support may.\n    allow agent:support to crm.*\n    // At night nobody may.\n    nightly:",
        )
        .replacen("    allow agent:support to crm.*\n}", "}", 1)
        .replace("deny any to crm.note when context.hour < 6", "deny agent:support to crm.note");
    let sandbox = Sandbox::new().unwrap();
    let mut editor = Editor::new(&sandbox);
    editor.open(&shadowed);
    editor.settled();
    let line = shadowed.lines().position(|line| line.contains("nightly:")).unwrap();
    let at = json!({ "line": line, "character": 6 });
    let context = json!({ "diagnostics": [], "only": ["refactor.move"] });
    let params =
        json!({ "textDocument": { "uri": editor.uri() }, "range": { "start": at, "end": at }, "context": context });
    let actions = editor.request("textDocument/codeAction", params);
    assert_eq!(actions[0]["title"], "move the rule up, before the rule that shadows it", "{actions}");
    let mut lines: Vec<&str> = shadowed.lines().collect();
    for edit in actions[0]["edit"]["changes"][editor.uri()].as_array().unwrap().iter().rev() {
        let line = |end: &str| edit["range"][end]["line"].as_u64().unwrap() as usize;
        lines.splice(line("start")..line("end"), edit["newText"].as_str().unwrap().lines());
    }
    let moved = lines.join("\n");
    assert!(
        moved
            .contains("    // At night nobody may.\n    nightly: deny agent:support to crm.note\n    /// Support may."),
        "{moved}"
    );
    assert!(!checked(&sandbox, &moved).iter().any(|(code, _)| code == "G1201"), "{moved}");
}

#[test]
fn proofs_that_are_cancelled_wait_for_the_next_change() {
    let sandbox = Sandbox::new().unwrap();
    let mut editor = Editor::new(&sandbox);
    // A policy whose rules take a while.
    let rules: String = (0..60)
        .map(|number| {
            format!(
                "    allow agent:a{number}_* to crm.note when context.hour > {} and input.text != \"{number}\"\n",
                number % 20
            )
        })
        .collect();
    let long =
        DESK.replace("    allow agent:support to crm.*\n", &format!("{rules}    allow agent:support to crm.*\n"));
    editor.open(&long);
    let token = loop {
        let message = editor.next();
        if message["method"] == "window/workDoneProgress/create" {
            break message["params"]["token"].clone();
        }
    };
    editor.notify("window/workDoneProgress/cancel", json!({ "token": token }));
    editor.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": editor.uri() } }));
    let lenses = editor.lenses();
    assert!(!lenses.iter().any(|(_, title)| title == "proving…"), "{lenses:?}");
    editor.change(2, DESK);
    assert!(editor.settled()[3].1.starts_with("refuted"));
}
