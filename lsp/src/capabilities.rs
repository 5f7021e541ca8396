//! What the client can do, and what it is offered. Nothing is offered that no test asks for.

use std::path::PathBuf;

use gen_lsp_types as lsp;
use serde_json::Value;

use crate::features::tokens;
use crate::position::Encoding;
use crate::world::place_of;

/// What the client can do, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// What it counts positions in.
    pub encoding: Encoding,
    /// Whether it asks for findings by itself.
    pub pulls_diagnostics: bool,
    /// Whether it asks again for findings when it is told to.
    pub refreshes_diagnostics: bool,
    /// Whether it asks again for code lenses when it is told to.
    pub refreshes_lenses: bool,
    /// Whether completions may have places to fill in.
    pub snippets: bool,
    /// Whether a list of completions may say once what its items replace.
    pub default_edit_range: bool,
    /// Whether findings may point to other places.
    pub related_information: bool,
    /// Whether it shows progress.
    pub progress: bool,
    /// Whether it can be asked to watch files.
    pub registers_watchers: bool,
}

impl Client {
    /// What a client says of itself.
    pub fn of(params: &lsp::InitializeParams) -> Client {
        // Read as JSON: a path of optional parts is shorter there than in types.
        let said = serde_json::to_value(&params.capabilities).unwrap_or_default();
        let is = |path: &str| said.pointer(path).and_then(Value::as_bool).unwrap_or(false);
        let encodings = said.pointer("/general/positionEncodings").and_then(Value::as_array);
        let defaults = said.pointer("/textDocument/completion/completionList/itemDefaults").and_then(Value::as_array);
        let utf8 = encodings.is_some_and(|encodings| encodings.iter().any(|encoding| encoding == "utf-8"));
        Client {
            encoding: if utf8 { Encoding::Utf8 } else { Encoding::Utf16 },
            pulls_diagnostics: said.pointer("/textDocument/diagnostic").is_some(),
            refreshes_diagnostics: is("/workspace/diagnostics/refreshSupport"),
            refreshes_lenses: is("/workspace/codeLens/refreshSupport"),
            snippets: is("/textDocument/completion/completionItem/snippetSupport"),
            default_edit_range: defaults.is_some_and(|known| known.iter().any(|one| one == "editRange")),
            related_information: is("/textDocument/publishDiagnostics/relatedInformation"),
            progress: is("/window/workDoneProgress"),
            registers_watchers: is("/workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }
}

/// The folders that the client works in.
pub fn folders(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    match &params.workspace_folders_initialize_params.workspace_folders {
        Some(lsp::WorkspaceFolders::WorkspaceFolderList(folders)) => {
            folders.iter().map(|folder| place_of(&folder.uri)).collect()
        }
        // Older clients name one folder.
        _ => said_root(params).iter().map(place_of).collect(),
    }
}

#[expect(deprecated, reason = "older clients know nothing else")]
fn said_root(params: &lsp::InitializeParams) -> Option<lsp::Uri> {
    params.root_uri.clone()
}

/// The command that writes the test that shows a counterexample.
pub const WRITE_TEST: &str = "gov.writeTest";

/// What the client is offered.
pub fn announced(client: &Client, proves: bool) -> lsp::ServerCapabilities {
    let texts = |marks: &[&str]| Some(marks.iter().map(|mark| (*mark).to_owned()).collect());
    lsp::ServerCapabilities {
        position_encoding: Some(match client.encoding {
            Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(lsp::TextDocumentSync::Options(lsp::TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(lsp::TextDocumentSyncKind::Incremental),
            save: Some(lsp::Save::Bool(true)),
            ..Default::default()
        })),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: texts(&[".", ":", "\"", " "]),
            resolve_provider: Some(true),
            ..Default::default()
        }),
        hover_provider: Some(lsp::HoverProvider::Bool(true)),
        signature_help_provider: Some(lsp::SignatureHelpOptions {
            trigger_characters: texts(&["{", ",", ":"]),
            ..Default::default()
        }),
        definition_provider: Some(lsp::DefinitionProvider::Bool(true)),
        references_provider: Some(lsp::ReferencesProvider::Bool(true)),
        document_highlight_provider: Some(lsp::DocumentHighlightProvider::Bool(true)),
        document_symbol_provider: Some(lsp::DocumentSymbolProvider::Bool(true)),
        workspace_symbol_provider: Some(lsp::WorkspaceSymbolProvider::Bool(true)),
        code_action_provider: Some(lsp::CodeActionProvider::CodeActionOptions(lsp::CodeActionOptions {
            code_action_kinds: Some(vec![
                lsp::CodeActionKind::QuickFix,
                lsp::CodeActionKind::RefactorExtract,
                lsp::CodeActionKind::RefactorMove,
                lsp::CodeActionKind::RefactorRewrite,
            ]),
            ..Default::default()
        })),
        code_lens_provider: proves.then(lsp::CodeLensOptions::default),
        document_link_provider: Some(lsp::DocumentLinkOptions::default()),
        document_formatting_provider: Some(lsp::DocumentFormattingProvider::Bool(true)),
        document_range_formatting_provider: Some(lsp::DocumentRangeFormattingProvider::Bool(true)),
        document_on_type_formatting_provider: Some(lsp::DocumentOnTypeFormattingOptions::new(
            "}".to_owned(),
            texts(&["\n"]),
        )),
        rename_provider: Some(lsp::RenameProvider::RenameOptions(lsp::RenameOptions {
            prepare_provider: Some(true),
            ..Default::default()
        })),
        folding_range_provider: Some(lsp::FoldingRangeProvider::Bool(true)),
        selection_range_provider: Some(lsp::SelectionRangeProvider::Bool(true)),
        call_hierarchy_provider: Some(lsp::CallHierarchyProvider::Bool(true)),
        semantic_tokens_provider: Some(lsp::SemanticTokensProvider::SemanticTokensOptions(
            lsp::SemanticTokensOptions {
                legend: tokens::legend(),
                range: Some(lsp::SemanticTokensOptionsRange::Bool(true)),
                full: Some(lsp::Full::Bool(true)),
                ..Default::default()
            },
        )),
        inlay_hint_provider: Some(lsp::InlayHintProvider::Bool(true)),
        diagnostic_provider: client.pulls_diagnostics.then(|| {
            lsp::DiagnosticProvider::DiagnosticOptions(lsp::DiagnosticOptions {
                identifier: Some("gov".to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: false,
                ..Default::default()
            })
        }),
        execute_command_provider: proves
            .then(|| lsp::ExecuteCommandOptions { commands: vec![WRITE_TEST.to_owned()], ..Default::default() }),
        workspace: Some(lsp::WorkspaceOptions {
            workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(lsp::ChangeNotifications::Bool(true)),
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}
