//! Measures what typing costs in a package: `cargo run --release -p gov-lsp --example typing -- FOLDER`.
//!
//! `gov-generate --files 1 --lines 1000 FOLDER` makes one. The first file is opened over an in-memory connection, and a
//! statement is typed and deleted in the middle of it, character by character. A keystroke is over when the findings of its
//! version have come.

#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gov_lsp::{Encoding, Lines, Options};
use lsp_server::{Connection, Message, Notification, Request, RequestId};
use serde_json::{Value, json};

/// What is typed, and deleted again.
const STATEMENT: &str = "    check found.total <= amount else \"too much: {found.total}\"\n";

/// How often it is typed and deleted.
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("say which folder")?).canonicalize()?;
    let (connection, theirs) = Connection::memory();
    let server = std::thread::spawn(move || gov_lsp::run(&theirs, Options::default()));
    let client = Client { connection };
    let root = uri(&folder)?;
    let folders = json!([{ "uri": root, "name": "package" }]);
    let params = json!({ "processId": null, "rootUri": root, "workspaceFolders": folders,
        "capabilities": { "general": { "positionEncodings": ["utf-8"] } } });
    client.ask(1, "initialize", params)?;
    client.notify("initialized", json!({}))?;

    let place = folder.join("part_0.gov");
    let mut text = std::fs::read_to_string(&place)?;
    let document = uri(&place)?;
    let before = Instant::now();
    let opened = json!({ "uri": document, "languageId": "gov", "version": 1, "text": text });
    client.notify("textDocument/didOpen", json!({ "textDocument": opened }))?;
    client.findings(&document, 1)?;
    println!("opened in {:.1?}, {} lines in the file", before.elapsed(), text.lines().count());

    let mut at = middle(&text).ok_or("the file has no step in its second half")?;
    let (mut version, mut keys, mut completions) = (1, Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for character in STATEMENT.chars() {
            version += 1;
            keys.push(client.replace(&document, &text, at..at, &character.to_string(), version)?);
            text.insert(at, character);
            at += character.len_utf8();
            if version % 5 == 0 {
                let before = Instant::now();
                let params = json!({ "textDocument": { "uri": document }, "position": position(&text, at) });
                client.ask(version, "textDocument/completion", params)?;
                completions.push(before.elapsed());
            }
        }
        for character in STATEMENT.chars().rev() {
            version += 1;
            let start = at - character.len_utf8();
            keys.push(client.replace(&document, &text, start..at, "", version)?);
            text.replace_range(start..at, "");
            at = start;
        }
    }
    report("keystroke to findings", &mut keys);
    report("completion", &mut completions);
    println!("resident: {}", resident().unwrap_or_else(|| "not known here".to_owned()));
    client.ask(0, "shutdown", Value::Null)?;
    client.notify("exit", Value::Null)?;
    server.join().map_err(|_| "the server panicked")??;
    Ok(())
}

/// The start of the line behind the first step of the file's second half.
fn middle(text: &str) -> Option<usize> {
    let half = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at))?;
    let step = half + text.get(half..)?.find("    step ")?;
    Some(step + text.get(step..)?.find('\n')? + 1)
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let last = times.last().copied().unwrap_or_default();
    println!(
        "{what}: {} times, median {:.1?}, 99th percentile {:.1?}, longest {last:.1?}",
        times.len(),
        at(50),
        at(99)
    );
}

fn resident() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().to_owned())
}

fn uri(path: &Path) -> Result<String, Box<dyn Error>> {
    Ok(url::Url::from_file_path(path).map_err(|()| "no such path")?.to_string())
}

fn position(text: &str, at: usize) -> Value {
    let position = Lines::new(text.into()).position(at as u32, Encoding::Utf8);
    json!({ "line": position.line, "character": position.character })
}

struct Client {
    connection: Connection,
}

impl Client {
    fn notify(&self, method: &str, params: Value) -> Result<(), Box<dyn Error>> {
        Ok(self.connection.sender.send(Notification::new(method.to_owned(), params).into())?)
    }

    fn ask(&self, id: i32, method: &str, params: Value) -> Result<(), Box<dyn Error>> {
        let id = RequestId::from(id);
        self.connection.sender.send(Request::new(id.clone(), method.to_owned(), params).into())?;
        loop {
            if let Message::Response(response) = self.connection.receiver.recv()?
                && response.id == id
            {
                return response.response_result.map(|_| ()).map_err(|error| error.message.into());
            }
        }
    }

    /// Waits for the findings of a version.
    fn findings(&self, document: &str, version: i32) -> Result<(), Box<dyn Error>> {
        loop {
            if let Message::Notification(note) = self.connection.receiver.recv()?
                && note.params.get("uri").and_then(Value::as_str) == Some(document)
                && note.params.get("version").and_then(Value::as_i64) == Some(i64::from(version))
            {
                return Ok(());
            }
        }
    }

    /// Changes a stretch, and says how long it takes until the findings have come.
    fn replace(
        &self,
        document: &str,
        text: &str,
        stretch: std::ops::Range<usize>,
        new: &str,
        version: i32,
    ) -> Result<Duration, Box<dyn Error>> {
        let range = json!({ "start": position(text, stretch.start), "end": position(text, stretch.end) });
        let changes = json!([{ "range": range, "text": new }]);
        let params = json!({ "textDocument": { "uri": document, "version": version }, "contentChanges": changes });
        let before = Instant::now();
        self.notify("textDocument/didChange", params)?;
        self.findings(document, version)?;
        Ok(before.elapsed())
    }
}
