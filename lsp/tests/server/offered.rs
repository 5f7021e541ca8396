//! What the server offers is what the other tests ask for, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Client, able};

/// What is offered, and the methods by which tests ask for it.
const OFFERED: [(&str, &[&str]); 25] = [
    (
        "callHierarchyProvider",
        &["textDocument/prepareCallHierarchy", "callHierarchy/incomingCalls", "callHierarchy/outgoingCalls"],
    ),
    ("codeActionProvider", &["textDocument/codeAction"]),
    ("codeLensProvider", &["textDocument/codeLens"]),
    ("completionProvider", &["textDocument/completion", "completionItem/resolve"]),
    ("definitionProvider", &["textDocument/definition"]),
    ("diagnosticProvider", &["textDocument/diagnostic"]),
    ("documentFormattingProvider", &["textDocument/formatting"]),
    ("documentHighlightProvider", &["textDocument/documentHighlight"]),
    ("documentLinkProvider", &["textDocument/documentLink"]),
    ("documentOnTypeFormattingProvider", &["textDocument/onTypeFormatting"]),
    ("documentRangeFormattingProvider", &["textDocument/rangeFormatting"]),
    ("documentSymbolProvider", &["textDocument/documentSymbol"]),
    ("executeCommandProvider", &["workspace/executeCommand"]),
    ("foldingRangeProvider", &["textDocument/foldingRange"]),
    ("hoverProvider", &["textDocument/hover"]),
    ("inlayHintProvider", &["textDocument/inlayHint"]),
    ("positionEncoding", &["positionEncodings"]),
    ("referencesProvider", &["textDocument/references"]),
    ("renameProvider", &["textDocument/prepareRename", "textDocument/rename"]),
    ("selectionRangeProvider", &["textDocument/selectionRange"]),
    ("semanticTokensProvider", &["textDocument/semanticTokens/full", "textDocument/semanticTokens/range"]),
    ("signatureHelpProvider", &["textDocument/signatureHelp"]),
    (
        "textDocumentSync",
        &["textDocument/didOpen", "textDocument/didChange", "textDocument/didSave", "textDocument/didClose"],
    ),
    ("workspace", &["workspace/didChangeWorkspaceFolders"]),
    ("workspaceSymbolProvider", &["workspace/symbol"]),
];

/// What is offered to a client that proves nothing, and asks for no findings.
const NOT_TO_ALL: [&str; 3] = ["codeLensProvider", "diagnosticProvider", "executeCommandProvider"];

#[test]
fn nothing_is_offered_that_no_test_asks_for() {
    let offered =
        |client: &Client| -> BTreeSet<String> { client.offered.as_object().unwrap().keys().cloned().collect() };
    let named = |left_out: &[&str]| -> BTreeSet<String> {
        let names = OFFERED.iter().map(|(name, _)| (*name).to_owned());
        names.filter(|name| !left_out.contains(&name.as_str())).collect()
    };
    assert_eq!(offered(&Client::new()), named(&NOT_TO_ALL));
    let mut capabilities = able();
    capabilities["textDocument"]["diagnostic"] = json!({});
    let prover = Some(("sleep".into(), vec!["600".to_owned()]));
    let proving = Client::with(capabilities, gov_lsp::Options { prover, ..Default::default() });
    assert_eq!(offered(&proving), named(&[]));

    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = fs::read_dir(folder.join("tests/server")).unwrap().map(|entry| entry.unwrap().path());
    let sources = own.filter(|path| !path.ends_with("offered.rs")).chain([folder.join("../tests/tests/cli/lsp.rs")]);
    let mut asked: String = sources.map(|path| fs::read_to_string(path).unwrap()).collect();
    asked += include_str!("offered.rs").split("#[test]").skip(2).collect::<Vec<_>>().concat().as_str();
    for (name, methods) in OFFERED {
        for method in methods {
            assert!(asked.contains(&format!("\"{method}\"")), "no test asks for `{method}` of {name}");
        }
    }
}

#[test]
fn positions_are_bytes_where_the_client_can_count_them_and_utf_16_otherwise() {
    assert_eq!(Client::new().offered["positionEncoding"], "utf-8");
    let client = Client::with(json!({}), gov_lsp::Options::default());
    assert_eq!(client.offered["positionEncoding"], "utf-16");
    let text = "package a\n/// 😀 é\nrole 😀 x\n";
    client.open("main.gov", text);
    let found = client.findings("main.gov", 1);
    assert_eq!(found[0]["range"]["start"], json!({ "line": 2, "character": 5 }), "{found:?}");
    let end = found[0]["range"]["end"]["character"].as_u64().unwrap();
    assert_eq!(end, 7, "an emoji is two units: {found:?}");
}

#[test]
fn findings_are_pulled_where_the_client_asks_for_them() {
    let mut capabilities = able();
    capabilities["textDocument"]["diagnostic"] = json!({});
    let client = Client::with(capabilities, gov_lsp::Options::default());
    assert!(client.offered["diagnosticProvider"].is_object());
    client.open("main.gov", "package a\nrole\n");
    let document = json!({ "textDocument": { "uri": client.uri("main.gov") } });
    let report = client.request("textDocument/diagnostic", document.clone());
    assert_eq!(report["kind"], "full");
    assert_eq!(report["items"].as_array().unwrap().len(), 1, "{report}");
    let mut again = document;
    again["previousResultId"] = report["resultId"].clone();
    assert_eq!(client.request("textDocument/diagnostic", again)["kind"], "unchanged");
}

#[test]
fn what_is_not_offered_is_refused() {
    let client = Client::new();
    let refused = client.refused("textDocument/moniker", json!({}));
    assert_eq!(refused, "`textDocument/moniker` is not offered");
    let id = client.ask("textDocument/hover", json!({ "position": "here" }));
    assert_eq!(client.answer(&id).response_result.unwrap_err().code, -32602);
}

#[test]
fn a_request_that_is_cancelled_ends_once() {
    let client = Client::new();
    client.open("main.gov", crate::SHOP);
    let document = json!({ "textDocument": { "uri": client.uri("main.gov") } });
    let id = client.ask("textDocument/documentSymbol", document.clone());
    client.notify("$/cancelRequest", json!({ "id": serde_json::to_value(&id).unwrap() }));
    // Either it was done before the cancellation came, or it is told to be cancelled.
    match client.answer(&id).response_result {
        Ok(symbols) => assert!(symbols.is_array()),
        Err(error) => assert_eq!(error.code, -32800),
    }
    assert!(client.request("textDocument/documentSymbol", document).is_array());
}

#[test]
fn after_shutdown_nothing_is_answered() {
    let client = Client::new();
    client.request("shutdown", Value::Null);
    assert_eq!(client.refused("textDocument/hover", json!({})), "the server is shut down");
}

#[test]
fn folders_come_and_go() {
    let client = Client::new();
    client.write("shop/gov.toml", "[package]\nname = \"acme.shop\"\n");
    client.write("shop/shop.gov", crate::SHOP);
    let folder = json!({ "uri": client.uri("shop"), "name": "shop" });
    let found = || client.request("workspace/symbol", json!({ "query": "refund_order" })).as_array().unwrap().len();
    assert_eq!(found(), 0);
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": [folder], "removed": [] } }));
    assert_eq!(found(), 1);
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": [], "removed": [folder] } }));
    assert_eq!(found(), 0);
}

#[test]
fn what_is_saved_or_changed_on_disk_is_read_again() {
    let client = Client::new();
    client.write("gov.toml", "[package]\nname = \"acme\"\n");
    client.write("a.gov", "package acme\n");
    let using = "package acme\npolicy p {\n    default deny\n    allow agent:x to a.b\n}\n";
    client.write("b.gov", using);
    client.open("b.gov", using);
    assert_eq!(client.findings("b.gov", 1).len(), 1);
    client.write("a.gov", "package acme\ncapability a.b: read {}\n");
    client.notify("textDocument/didSave", json!({ "textDocument": { "uri": client.uri("b.gov") } }));
    assert_eq!(client.findings("b.gov", 1).len(), 0);
    client.write("a.gov", "package acme\n");
    let change = json!({ "uri": client.uri("a.gov"), "type": 2 });
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [change] }));
    assert_eq!(client.findings("b.gov", 1).len(), 1);
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": client.uri("b.gov") } }));
    assert!(
        client
            .request(
                "textDocument/hover",
                json!({ "textDocument": { "uri": client.uri("b.gov") },
        "position": { "line": 0, "character": 0 } })
            )
            .is_null()
    );
}

#[test]
fn a_file_that_is_on_no_disk_belongs_to_the_package_around_it() {
    let client = Client::new();
    client.write("gov.toml", "[package]\nname = \"acme\"\n");
    client.write("a.gov", "package acme\ncapability a.b: read {}\n");
    client.open("new.gov", "package acme\npolicy p {\n    default deny\n    allow agent:x to a.b\n}\n");
    assert_eq!(client.findings("new.gov", 1), Vec::<Value>::new());
    let document =
        json!({ "uri": "untitled:Untitled-1", "languageId": "gov", "version": 1, "text": "package u\nrole r\n" });
    client.notify("textDocument/didOpen", json!({ "textDocument": document }));
    let symbols =
        client.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": "untitled:Untitled-1" } }));
    assert_eq!(symbols[0]["name"], "r");
}
