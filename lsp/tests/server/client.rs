//! A client on the other end of an in-memory connection, and fixtures: texts in which `$0` marks the cursor.

use std::cell::Cell;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gov_lsp::{Encoding, Lines, Options};
use lsp_server::{Connection, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A client with a real server behind it.
pub struct Client {
    connection: Connection,
    server: Option<JoinHandle<Result<(), String>>>,
    next: Cell<i32>,
    /// What the server offers.
    pub offered: Value,
    folder: tempfile::TempDir,
}

/// What a client that can do everything says of itself.
pub fn able() -> Value {
    json!({
        "general": { "positionEncodings": ["utf-8", "utf-16"] },
        "textDocument": {
            "completion": { "completionItem": { "snippetSupport": true } },
            "publishDiagnostics": { "relatedInformation": true },
        },
        "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": false } },
    })
}

impl Client {
    pub fn new() -> Client {
        Client::with(able(), Options::default())
    }

    pub fn with(capabilities: Value, options: Options) -> Client {
        let (connection, theirs) = Connection::memory();
        let server = thread::spawn(move || gov_lsp::run(&theirs, options));
        let folder = tempfile::tempdir().unwrap();
        let mut client = Client { connection, server: Some(server), next: Cell::new(0), offered: Value::Null, folder };
        let result =
            client.request("initialize", json!({ "processId": null, "rootUri": null, "capabilities": capabilities }));
        client.offered = result["capabilities"].clone();
        client.notify("initialized", json!({}));
        client
    }

    /// The URI of a file in the client's folder.
    pub fn uri(&self, path: &str) -> String {
        let folder = self.folder.path().canonicalize().unwrap();
        url::Url::from_file_path(folder.join(path)).unwrap().to_string()
    }

    /// Puts a file into the client's folder without opening it.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn open(&self, path: &str, text: &str) {
        let document = json!({ "uri": self.uri(path), "languageId": "gov", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn change(&self, path: &str, version: i32, changes: Value) {
        let document = json!({ "uri": self.uri(path), "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    pub fn notify(&self, method: &str, params: Value) {
        self.connection.sender.send(Notification::new(method.to_owned(), params).into()).unwrap();
    }

    /// Asks, without waiting for the answer.
    pub fn ask(&self, method: &str, params: Value) -> RequestId {
        self.next.set(self.next.get() + 1);
        let id = RequestId::from(self.next.get());
        self.connection.sender.send(Request::new(id.clone(), method.to_owned(), params).into()).unwrap();
        id
    }

    /// Answers what the server has asked.
    pub fn respond(&self, response: Response) {
        self.connection.sender.send(response.into()).unwrap();
    }

    pub fn answer(&self, id: &RequestId) -> Response {
        loop {
            if let Message::Response(response) = self.receive()
                && response.id == *id
            {
                return response;
            }
        }
    }

    /// Asks and waits for the result.
    pub fn request(&self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.answer(&id).response_result.unwrap_or_else(|error| panic!("{method}: {}", error.message))
    }

    /// Asks and waits for the error.
    pub fn refused(&self, method: &str, params: Value) -> String {
        let id = self.ask(method, params);
        self.answer(&id).response_result.map_or_else(|error| error.message, |result| panic!("{method}: {result}"))
    }

    /// The next message. A fault of the server ends the test, whoever asked for what ended in it.
    pub fn receive(&self) -> Message {
        const FAULT: i32 = lsp_server::ErrorCode::InternalError as i32;
        let message = self.connection.receiver.recv_timeout(PATIENCE).expect("the server has gone silent");
        if let Message::Response(Response { response_result: Err(error), .. }) = &message {
            assert!(error.code != FAULT, "{}", error.message);
        }
        message
    }

    /// Waits for the findings of a version of a document.
    pub fn findings(&self, path: &str, version: i32) -> Vec<Value> {
        let uri = self.uri(path);
        loop {
            if let Message::Notification(note) = self.receive()
                && note.method == "textDocument/publishDiagnostics"
                && note.params["uri"] == uri
                && note.params["version"] == version
            {
                return note.params["diagnostics"].as_array().cloned().unwrap();
            }
        }
    }

    /// Asks about the place of the cursor in a fixture.
    pub fn at(&self, method: &str, path: &str, fixture: &Fixture) -> Value {
        self.request(method, self.place(path, fixture))
    }

    pub fn place(&self, path: &str, fixture: &Fixture) -> Value {
        json!({ "textDocument": { "uri": self.uri(path) }, "position": fixture.position() })
    }

    /// A client that has a fixture open as `main.gov`.
    pub fn on(fixture: &Fixture) -> Client {
        let client = Client::new();
        client.write("main.gov", &fixture.text);
        client.open("main.gov", &fixture.text);
        client
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let Some(server) = self.server.take() else { return };
        let id = self.ask("shutdown", Value::Null);
        self.answer(&id);
        self.notify("exit", Value::Null);
        let ended = server.join();
        if !thread::panicking() {
            assert!(matches!(ended, Ok(Ok(()))), "the server ended with {ended:?}");
        }
    }
}

/// A text with a cursor.
pub struct Fixture {
    pub text: String,
    pub cursor: usize,
}

impl Fixture {
    pub fn new(marked: &str) -> Fixture {
        let marked = marked.trim_start_matches('\n');
        let cursor = marked.find("$0").expect("a fixture has a `$0`");
        Fixture { text: marked.replacen("$0", "", 1), cursor }
    }

    pub fn position(&self) -> Value {
        position(&self.text, self.cursor)
    }
}

/// A position in bytes.
pub fn position(text: &str, offset: usize) -> Value {
    let lines = Lines::new(text.into());
    serde_json::to_value(lines.position(offset as u32, Encoding::Utf8)).unwrap()
}

/// The text that a range of the protocol covers.
pub fn slice<'t>(text: &'t str, range: &Value) -> &'t str {
    let lines = Lines::new(text.into());
    let at = |end: &str| lines.offset(serde_json::from_value(range[end].clone()).unwrap(), Encoding::Utf8) as usize;
    &text[at("start")..at("end")]
}

/// A text after the edits of the protocol, which are told in places of the text as it was.
pub fn edited(text: &str, edits: &Value) -> String {
    let lines = Lines::new(text.into());
    let at = |range: &Value, end: &str| {
        lines.offset(serde_json::from_value(range[end].clone()).unwrap(), Encoding::Utf8) as usize
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| (at(&edit["range"], "start"), at(&edit["range"], "end"), edit["newText"].as_str().unwrap()))
        .collect();
    edits.sort_by_key(|(start, end, _)| (*start, *end));
    let mut result = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        result.replace_range(start..end, new);
    }
    result
}
