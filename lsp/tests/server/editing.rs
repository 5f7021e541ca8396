//! Documents that change: findings that follow, formatting, and a file that is typed and deleted again.

use serde_json::{Value, json};

use crate::SHOP;
use crate::client::{Client, Fixture, edited, position};

/// What a fresh server finds in a text.
fn fresh(text: &str) -> Vec<Value> {
    Client::on(&Fixture::new(&format!("$0{text}"))).findings("main.gov", 1)
}

#[test]
fn findings_follow_the_text() {
    let client = Client::on(&Fixture::new(&format!("$0{SHOP}")));
    assert_eq!(client.findings("main.gov", 1), Vec::<Value>::new());
    let at = SHOP.find("found.total").unwrap() + "found.tota".len();
    let range = json!({ "start": position(SHOP, at), "end": position(SHOP, at + 1) });
    client.change("main.gov", 2, json!([{ "range": range, "text": "" }]));
    let found = client.findings("main.gov", 2);
    assert_eq!(found[0]["code"], "G0106", "{found:?}");
    assert_eq!(found[0]["source"], "gov");
    let range = json!({ "start": position(SHOP, at), "end": position(SHOP, at) });
    client.change("main.gov", 3, json!([{ "range": range, "text": "l" }]));
    assert_eq!(client.findings("main.gov", 3), Vec::<Value>::new());
}

#[test]
fn a_change_in_one_file_is_a_finding_in_another() {
    let client = Client::new();
    client.write("gov.toml", "[package]\nname = \"acme\"\n");
    client.write("a.gov", "package acme\ncapability a.b: read {}\n");
    let using = "package acme\npolicy p {\n    default deny\n    allow agent:x to a.b\n}\n";
    client.write("b.gov", using);
    client.open("b.gov", using);
    assert_eq!(client.findings("b.gov", 1), Vec::<Value>::new());
    client.open("a.gov", "package acme\ncapability a.c: read {}\n");
    let found = client.findings("b.gov", 1);
    assert_eq!(found.len(), 1);
    client.change("a.gov", 2, json!([{ "text": "package acme\ncapability a.b: read {}\n" }]));
    assert_eq!(client.findings("b.gov", 1), Vec::<Value>::new());
}

#[test]
fn a_manifest_has_findings_too() {
    let client = Client::new();
    client.write("gov.toml", "[package]\nnam = \"acme\"\n");
    client.write("a.gov", "package acme\n");
    client.open("a.gov", "package acme\n");
    let uri = client.uri("gov.toml");
    loop {
        if let lsp_server::Message::Notification(note) = client.receive()
            && note.params["uri"] == uri
        {
            assert!(!note.params["diagnostics"].as_array().unwrap().is_empty());
            break;
        }
    }
}

#[test]
fn the_whole_document_is_laid_out() {
    let crooked = SHOP.replace("    ", "  ").replace("step found", "step   found");
    let client = Client::on(&Fixture::new(&format!("$0{crooked}")));
    let options = json!({ "tabSize": 2, "insertSpaces": false });
    let params = json!({ "textDocument": { "uri": client.uri("main.gov") }, "options": options });
    let edits = client.request("textDocument/formatting", params);
    assert_eq!(edited(&crooked, &edits), gov_compiler::format::format(&crooked).unwrap());
    let laid_out = gov_compiler::format::format(SHOP).unwrap();
    let client = Client::on(&Fixture::new(&format!("$0{laid_out}")));
    let params = json!({ "textDocument": { "uri": client.uri("main.gov") }, "options": options });
    assert_eq!(client.request("textDocument/formatting", params), json!([]));
}

#[test]
fn a_range_is_laid_out_and_the_rest_left_alone() {
    let text = "package a\n\nrole   x\n\nrole   y\n";
    let client = Client::on(&Fixture::new(&format!("$0{text}")));
    let at = position(text, text.find("y").unwrap());
    let params = json!({ "textDocument": { "uri": client.uri("main.gov") }, "range": { "start": at, "end": at },
        "options": { "tabSize": 4, "insertSpaces": true } });
    let edits = client.request("textDocument/rangeFormatting", params);
    assert_eq!(edited(text, &edits), "package a\n\nrole   x\n\nrole y\n");
}

#[test]
fn a_closing_brace_lays_its_item_out_and_a_new_line_is_indented() {
    let typed = |marked: &str, character: &str| {
        let fixture = Fixture::new(marked);
        let client = Client::on(&fixture);
        let mut params = client.place("main.gov", &fixture);
        params["ch"] = json!(character);
        params["options"] = json!({ "tabSize": 4, "insertSpaces": true });
        let edits = client.request("textDocument/onTypeFormatting", params);
        if edits.is_null() { fixture.text } else { edited(&fixture.text, &edits) }
    };
    let after = typed("package a\n\npolicy p {\n  default   deny\n}$0\n\nrole   y\n", "}");
    assert_eq!(after, "package a\n\npolicy p {\n    default deny\n}\n\nrole   y\n");
    assert_eq!(typed("package a\npolicy p {\n$0\n}\n", "\n"), "package a\npolicy p {\n    \n}\n");
    let half = "package a\n\npolicy p {\n  default\n}";
    assert_eq!(typed(&format!("{half}$0\n"), "}"), format!("{half}\n"));
}

#[test]
fn a_fault_costs_one_request() {
    let client = Client::on(&Fixture::new(&format!("$0{SHOP}")));
    // Places that are nowhere are no faults either.
    let nowhere =
        json!({ "textDocument": { "uri": client.uri("main.gov") }, "position": { "line": 9999, "character": 9999 } });
    for method in
        ["textDocument/hover", "textDocument/completion", "textDocument/definition", "textDocument/signatureHelp"]
    {
        client.request(method, nowhere.clone());
    }
    assert!(
        client
            .request(
                "textDocument/hover",
                json!({ "textDocument": { "uri": "file:///no/such.gov" },
        "position": { "line": 0, "character": 0 } })
            )
            .is_null()
    );
}

/// Types a text character by character, from nothing to the whole and back, in an order that jumps between places, and asks
/// for something at each of some steps.
#[test]
fn typing_and_deleting_a_file_leaves_nothing_behind() {
    let text: String = std::iter::once(SHOP.to_owned())
        .chain((0..4).map(|number| {
            SHOP.lines()
                .skip(45)
                .collect::<Vec<_>>()
                .join("\n")
                .replace("desk", &format!("desk_{number}"))
                .replace("refund_order", &format!("order_{number}"))
                .replace("prove undone", &format!("prove undone_{number}"))
                .replace("policy desk", "\npolicy desk")
        }))
        .collect();
    let characters: Vec<char> = text.chars().collect();
    let client = Client::new();
    client.open("main.gov", "");
    let (mut now, mut version) = (String::new(), 1);
    let methods = [
        "textDocument/hover",
        "textDocument/completion",
        "textDocument/definition",
        "textDocument/signatureHelp",
        "textDocument/documentHighlight",
    ];
    let step = |now: &str, at: usize, version: i32, range: Value, new: &str| {
        client.change("main.gov", version, json!([{ "range": range, "text": new }]));
        if version % 37 == 0 {
            let method = methods[version as usize / 37 % methods.len()];
            let params = json!({ "textDocument": { "uri": client.uri("main.gov") }, "position": position(now, at) });
            client.ask(method, params);
        }
    };
    for c in &characters {
        version += 1;
        let end = position(&now, now.len());
        let range = json!({ "start": end, "end": end });
        now.push(*c);
        step(&now, now.len(), version, range, &c.to_string());
    }
    assert_eq!(client.findings("main.gov", version), fresh(&now), "after typing");
    // Deleted from the middle, so that what is left is broken on both sides.
    while !now.is_empty() {
        version += 1;
        let middle = now.len() / 2;
        let (at, c) = now.char_indices().rfind(|(at, _)| *at <= middle).unwrap();
        let range = json!({ "start": position(&now, at), "end": position(&now, at + c.len_utf8()) });
        now.remove(at);
        step(&now, at.min(now.len()), version, range, "");
    }
    assert_eq!(client.findings("main.gov", version), fresh(""), "after deleting");
    // A fault in anything that was asked on the way would have ended the test where it was told.
    let document = json!({ "textDocument": { "uri": client.uri("main.gov") } });
    assert!(client.request("textDocument/documentSymbol", document).is_array());
}
