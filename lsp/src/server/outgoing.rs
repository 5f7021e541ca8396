//! What the client is told and asked without having asked.

use gen_lsp_types as lsp;
use lsp_server::Notification;
use serde::Serialize;

use super::{Asked, Server};
use crate::features::diagnostics;

impl Server<'_> {
    /// Tells the client what is wrong with each file, where that is news.
    pub(super) fn publish(&mut self, files: Vec<diagnostics::OfFile>) {
        let mut told = std::mem::take(&mut self.published);
        for diagnostics::OfFile { uri, version, found } in files {
            // What a client asks for by itself is not pushed as well.
            if version.is_some() && self.client.pulls_diagnostics {
                continue;
            }
            let is_news = match told.remove(&uri) {
                Some((before, known)) => before != version || known != found,
                None => version.is_some() || !found.is_empty(),
            };
            if is_news {
                let params = lsp::PublishDiagnosticsParams::new(uri.clone(), version, found.clone());
                self.notify("textDocument/publishDiagnostics", params);
            }
            if version.is_some() || !found.is_empty() {
                self.published.insert(uri, (version, found));
            }
        }
        for (uri, (_, known)) in told {
            if !known.is_empty() {
                self.notify(
                    "textDocument/publishDiagnostics",
                    lsp::PublishDiagnosticsParams::new(uri, None, Vec::new()),
                );
            }
        }
    }

    /// Asks the client to tell when files change that it has not open.
    pub(super) fn watch_files(&mut self) {
        if !self.client.registers_watchers {
            return;
        }
        let watcher = |pattern: &str| lsp::FileSystemWatcher {
            glob_pattern: lsp::GlobPattern::Pattern(pattern.to_owned()),
            kind: None,
        };
        let options = lsp::DidChangeWatchedFilesRegistrationOptions {
            watchers: vec![watcher("**/*.gov"), watcher("**/gov.toml")],
        };
        let registration = lsp::Registration {
            id: "files".to_owned(),
            method: "workspace/didChangeWatchedFiles".to_owned(),
            register_options: serde_json::to_value(options).ok(),
        };
        let params = lsp::RegistrationParams { registrations: vec![registration] };
        self.ask("client/registerCapability", params, Asked::Nothing);
    }

    /// Asks the client to ask again for what proofs change.
    pub(super) fn refresh(&mut self) {
        if self.client.refreshes_lenses {
            self.ask("workspace/codeLens/refresh", (), Asked::Nothing);
        }
        if self.client.pulls_diagnostics && self.client.refreshes_diagnostics {
            self.ask("workspace/diagnostic/refresh", (), Asked::Nothing);
        }
    }

    pub(super) fn notify(&self, method: &str, params: impl Serialize) {
        self.send(Notification::new(method.to_owned(), params).into());
    }

    pub(super) fn ask(&mut self, method: &str, params: impl Serialize, asked: Asked) {
        let request = self.queue.outgoing.register(method.to_owned(), params, asked);
        self.send(request.into());
    }
}
