//! Documents that are opened, changed and closed, and files that change on disk.

use std::sync::Arc;

use gen_lsp_types as lsp;
use serde_json::Value;

use super::Server;
use crate::edit;
use crate::world::{Open, World, place_of};

impl Server<'_> {
    /// Takes a notification about documents or files; others are passed over, as the protocol allows.
    pub(super) fn document(&mut self, method: &str, params: Value) {
        match method {
            "textDocument/didOpen" => {
                let Ok(params) = serde_json::from_value::<lsp::DidOpenTextDocumentParams>(params) else { return };
                let lsp::TextDocumentItem { uri, version, text, .. } = params.text_document;
                let mut world = World::clone(&self.world);
                world.open.insert(place_of(&uri), Open { uri, version, text: text.into() });
                self.world = Arc::new(world);
                self.reload();
            }
            "textDocument/didChange" => {
                let Ok(params) = serde_json::from_value::<lsp::DidChangeTextDocumentParams>(params) else { return };
                let place = place_of(&params.text_document.text_document_identifier.uri);
                let Some(open) = self.world.open.get(&place) else { return };
                let text = edit::apply(&open.text, &params.content_changes, self.world.encoding);
                if let Some(lsp::TextDocumentContentChangeEvent::TextDocumentContentChangePartial(last)) =
                    params.content_changes.last()
                {
                    self.proving.focus = Some((place.clone(), last.range.start));
                }
                let is_manifest = place.extension().is_some_and(|extension| extension == "toml");
                let world = self.world.edited(&place, params.text_document.version, text);
                if is_manifest {
                    self.world = Arc::new(world);
                    return self.reload();
                }
                self.renew(world);
            }
            "textDocument/didClose" => {
                let Ok(params) = serde_json::from_value::<lsp::DidCloseTextDocumentParams>(params) else { return };
                let mut world = World::clone(&self.world);
                world.open.remove(&place_of(&params.text_document.uri));
                self.world = Arc::new(world);
                self.reload();
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.reload(),
            "workspace/didChangeWorkspaceFolders" => {
                let Ok(params) = serde_json::from_value::<lsp::DidChangeWorkspaceFoldersParams>(params) else { return };
                let removed: Vec<_> = params.event.removed.iter().map(|folder| place_of(&folder.uri)).collect();
                self.folders.retain(|folder| !removed.contains(folder));
                self.folders.extend(params.event.added.iter().map(|folder| place_of(&folder.uri)));
                self.reload();
            }
            _ => {}
        }
    }
}
