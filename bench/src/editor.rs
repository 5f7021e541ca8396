//! The editor: what a keystroke takes until its findings are there, what a completion takes, and how much memory the server
//! needs. It is the real `gov lsp`, over pipes, as editors start it; proofs wait for a pause that never comes.

use std::error::Error;
use std::fs;
use std::io::{BufReader, BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use lsp_server::{Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use crate::measure::Times;
use crate::row::Row;
use crate::suite::Suite;

/// What is typed behind a step of a workflow in the middle of the file, and deleted again.
const STATEMENTS: [&str; 2] = [
    "    check order != \"\" else \"order {order} has no name\"\n",
    "    step more = part_0.service_0.look { order: order, page: 1 }\n",
];

/// How often each is typed and deleted.
const ROUNDS: usize = 3;

/// A completion is asked for at every so many characters that are typed.
const COMPLETED: usize = 5;

/// Measures packages of one file, and one of many.
///
/// # Errors
///
/// If the server fails.
pub fn run(suite: &mut Suite, gov: &Path) -> Result<(), Box<dyn Error>> {
    for (files, lines) in [(1, 1_000), (1, 3_000), (1, 10_000), (20, 1_000), (20, 3_000), (20, 10_000)] {
        let folder = tempfile::tempdir()?;
        let texts = gov_tests::package::files(files, lines)?;
        fs::write(folder.path().join("gov.toml"), "[package]\nname = \"generated\"\n")?;
        for (path, text) in &texts {
            fs::write(folder.path().join(path), text)?;
        }
        let actual: usize = texts.iter().map(|(_, text)| text.lines().count()).sum();
        let who = if files == 1 { "gov, one file".to_owned() } else { format!("gov, {files} files") };
        let (path, text) = texts.into_iter().next().ok_or("there is a file")?;
        let typed = typed(gov, &folder.path().canonicalize()?.join(path), text)?;
        let time = |name: &str, times: Vec<f64>| {
            let note = format!("{} times", times.len());
            Row::time(name, &who, actual, "lines", Times::of(times)).noting(note)
        };
        suite.rows.push(time("editor, keystroke to findings", typed.keys));
        suite.rows.push(time("editor, completion", typed.completions));
        suite.rows.push(Row::figure("editor, most memory", &who, actual, "lines", typed.memory, "bytes"));
    }
    Ok(())
}

/// What a session took, in nanoseconds and bytes.
struct Typed {
    keys: Vec<f64>,
    completions: Vec<f64>,
    memory: f64,
}

fn typed(gov: &Path, place: &Path, mut text: String) -> Result<Typed, Box<dyn Error>> {
    let mut editor = Editor::open(gov, place, &text)?;
    let start = behind_a_step(&text).ok_or("the file has no step in its second half")?;
    let (mut keys, mut completions) = (Vec::new(), Vec::new());
    for statement in STATEMENTS.iter().cycle().take(STATEMENTS.len() * ROUNDS) {
        let mut at = start;
        for (count, character) in statement.chars().enumerate() {
            keys.push(editor.replace(&mut text, at..at, &character.to_string())?);
            at += character.len_utf8();
            if count % COMPLETED == 0 {
                completions.push(editor.complete(&text, at)?);
            }
        }
        for character in statement.chars().rev() {
            let until = at;
            at -= character.len_utf8();
            keys.push(editor.replace(&mut text, at..until, "")?);
        }
    }
    let memory = editor.memory();
    editor.close()?;
    Ok(Typed { keys, completions, memory })
}

/// The start of the line behind the first whole step of the text's second half.
fn behind_a_step(text: &str) -> Option<usize> {
    let half = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at))?;
    let step = half + text.get(half..)?.find("    step found = ")?;
    Some(step + text.get(step..)?.find('\n')? + 1)
}

/// An editor with one document.
struct Editor {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
    document: String,
    version: i32,
    asked: i32,
}

impl Editor {
    fn open(gov: &Path, place: &Path, text: &str) -> Result<Editor, Box<dyn Error>> {
        let mut child = Command::new(gov).arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take().ok_or("no input")?, child.stdout.take().ok_or("no output")?);
        let (input, output) = (BufWriter::new(input), BufReader::new(output));
        let document = format!("file://{}", place.display());
        let mut editor = Editor { child, input, output, document, version: 1, asked: 0 };
        // What VS Code and Neovim say of completions.
        let completion = json!({
            "completionItem": { "snippetSupport": true },
            "completionList": { "itemDefaults": ["editRange"] },
        });
        let capabilities = json!({
            "general": { "positionEncodings": ["utf-8"] },
            "textDocument": { "completion": completion },
        });
        editor.ask("initialize", json!({ "processId": null, "rootUri": null, "capabilities": capabilities }))?;
        editor.notify("initialized", json!({}))?;
        let opened = json!({ "uri": editor.document, "languageId": "gov", "version": 1, "text": text });
        editor.notify("textDocument/didOpen", json!({ "textDocument": opened }))?;
        editor.findings()?;
        Ok(editor)
    }

    fn send(&mut self, message: Message) -> Result<(), Box<dyn Error>> {
        message.write(&mut self.input)?;
        Ok(self.input.flush()?)
    }

    fn notify(&mut self, method: &str, params: Value) -> Result<(), Box<dyn Error>> {
        self.send(Notification::new(method.to_owned(), params).into())
    }

    fn receive(&mut self) -> Result<Message, Box<dyn Error>> {
        Message::read(&mut self.output)?.ok_or_else(|| "the server has gone away".into())
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<(), Box<dyn Error>> {
        self.asked += 1;
        let wanted = RequestId::from(self.asked);
        self.send(Request::new(wanted.clone(), method.to_owned(), params).into())?;
        loop {
            if let Message::Response(Response { id, response_result }) = self.receive()?
                && id == wanted
            {
                return response_result.map(|_| ()).map_err(|error| error.message.into());
            }
        }
    }

    /// Waits for the findings of the version that was sent last.
    fn findings(&mut self) -> Result<(), Box<dyn Error>> {
        loop {
            if let Message::Notification(note) = self.receive()?
                && note.method == "textDocument/publishDiagnostics"
                && note.params.get("uri").and_then(Value::as_str) == Some(self.document.as_str())
                && note.params.get("version").and_then(Value::as_i64) == Some(i64::from(self.version))
            {
                return Ok(());
            }
        }
    }

    /// Changes a stretch, and says how long it takes until the findings have come.
    fn replace(&mut self, text: &mut String, stretch: Range<usize>, new: &str) -> Result<f64, Box<dyn Error>> {
        self.version += 1;
        let range = json!({ "start": position(text, stretch.start), "end": position(text, stretch.end) });
        let document = json!({ "uri": self.document, "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": [{ "range": range, "text": new }] });
        text.replace_range(stretch, new);
        let before = Instant::now();
        self.notify("textDocument/didChange", params)?;
        self.findings()?;
        Ok(before.elapsed().as_nanos() as f64)
    }

    fn complete(&mut self, text: &str, at: usize) -> Result<f64, Box<dyn Error>> {
        let params = json!({ "textDocument": { "uri": self.document }, "position": position(text, at) });
        let before = Instant::now();
        self.ask("textDocument/completion", params)?;
        Ok(before.elapsed().as_nanos() as f64)
    }

    /// The most memory that the server has had, in bytes; zero where the system does not say.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) * 1024.0
    }

    fn close(mut self) -> Result<(), Box<dyn Error>> {
        self.ask("shutdown", Value::Null)?;
        self.notify("exit", Value::Null)?;
        if self.child.wait()?.success() { Ok(()) } else { Err("the server has failed".into()) }
    }
}

/// A position in bytes.
fn position(text: &str, at: usize) -> Value {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    json!({ "line": before.matches('\n').count(), "character": at - start })
}
