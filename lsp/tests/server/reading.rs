//! What is read and not changed: hover, outline, tokens, hints, signatures, folds, selections, links.

use serde_json::{Value, json};

use crate::SHOP;
use crate::client::{Client, Fixture, position, slice};

fn hover(marked: &str) -> String {
    let fixture = Fixture::new(marked);
    let client = Client::on(&fixture);
    client.at("textDocument/hover", "main.gov", &fixture)["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

/// The shop with a cursor behind the first occurrence of a text.
fn shop(behind: &str) -> String {
    let at = SHOP.find(behind).unwrap() + behind.len();
    format!("{}$0{}", &SHOP[..at], &SHOP[at..])
}

#[test]
fn a_capability_says_what_it_does_and_who_may_call_it() {
    let said = hover(&shop("step refund = stripe.ref"));
    for part in [
        "capability stripe.refund: network",
        "input  { charge: String, amount: Money<USD>, key: String }",
        "Return money to a customer.",
        "**risk** critical when `amount > 1000 USD`, high",
        "**undo** by `stripe.recharge`",
        "**cost** at most 0.01 USD a call",
        "approval from `role:finance`: `agent:support`",
        "- deny: everyone else",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[test]
fn a_value_has_its_type_at_its_place() {
    assert!(hover(&shop("check amount <= to")).contains("total: Money<USD>"));
    assert!(hover(&shop("charge: found.cha")).contains("charge: String"));
    assert!(hover(&shop("let total = fou")).contains("found: {"));
    assert!(hover(&shop("allow front_l")).contains("set front_line = { agent:support, agent:triage }"));
    assert!(
        hover(&SHOP.replacen(
            "for agent:support to stripe.refund\n",
            "for agent:support to stripe.refund when inp$0ut.amount > 1 USD\n",
            1
        ))
        .contains("input: { charge: String, amount: ")
    );
    assert!(hover(&shop("amount: Amo")).contains("An amount that support may move."));
}

#[test]
fn a_pattern_says_what_it_matches() {
    assert!(hover(&shop("allow front_line to crm.re")).contains("crm.read_order"));
}

#[test]
fn what_is_broken_elsewhere_does_not_matter() {
    let broken = SHOP.replace("policy desk {", "policy half {\n    allow \n}\ncapability x.y: wri\n\npolicy desk {");
    let at = broken.find("step refund = stripe.ref").unwrap() + "step refund = stripe.ref".len();
    let said = hover(&format!("{}$0{}", &broken[..at], &broken[at..]));
    assert!(said.contains("**undo** by `stripe.recharge`"), "{said}");
}

#[test]
fn the_outline_has_items_and_their_parts() {
    let fixture = Fixture::new(&shop("package acme.shop"));
    let client = Client::on(&fixture);
    let symbols =
        client.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": client.uri("main.gov") } }));
    let names: Vec<&str> = symbols.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let items = [
        "Amount",
        "context",
        "finance",
        "front_line",
        "crm.read_order",
        "stripe.refund",
        "stripe.recharge",
        "desk",
        "refund_order",
        "undone",
        "a refund waits for finance",
    ];
    assert_eq!(names, items);
    let parts = |index: usize| -> Vec<String> {
        let children = symbols[index]["children"].as_array().cloned().unwrap_or_default();
        children.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(parts(7), ["undo", "#2", "big_refunds"]);
    assert_eq!(parts(8), ["order", "amount", "refund", "found", "total", "refund"]);
    for symbol in symbols.as_array().unwrap() {
        assert!(slice(SHOP, &symbol["range"]).contains(slice(SHOP, &symbol["selectionRange"])));
    }
}

#[test]
fn the_workspace_is_searched_by_letters() {
    let client = Client::on(&Fixture::new(&shop("package acme.shop")));
    let found = client.request("workspace/symbol", json!({ "query": "refor" }));
    let names: Vec<&str> = found.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["refund_order", "a refund waits for finance"]);
}

#[test]
fn tokens_say_what_names_stand_for() {
    let client = Client::on(&Fixture::new(&shop("package acme.shop")));
    let document = json!({ "uri": client.uri("main.gov") });
    let types = client.offered["semanticTokensProvider"]["legend"]["tokenTypes"].as_array().unwrap().clone();
    let read = |data: &Value| -> Vec<(String, String)> {
        let (mut line, mut character) = (0, 0);
        let numbers: Vec<u64> = data.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
        let tokens = numbers.chunks(5).map(|token| {
            character = if token[0] == 0 { character + token[1] } else { token[1] };
            line += token[0];
            let range = json!({ "start": { "line": line, "character": character },
                "end": { "line": line, "character": character + token[2] } });
            (slice(SHOP, &range).to_owned(), types[token[3] as usize].as_str().unwrap().to_owned())
        });
        tokens.collect()
    };
    let whole = read(&client.request("textDocument/semanticTokens/full", json!({ "textDocument": document }))["data"]);
    for (text, kind) in [
        ("capability", "keyword"),
        ("stripe.refund", "function"),
        ("front_line", "enum"),
        ("Amount", "type"),
        ("order", "parameter"),
        ("found", "variable"),
        ("24h", "number"),
        ("desk", "class"),
        ("big_refunds", "property"),
        ("/// Look an order up.", "comment"),
        ("acme.shop", "namespace"),
    ] {
        assert!(whole.contains(&(text.to_owned(), kind.to_owned())), "{text} is no {kind} in {whole:?}");
    }
    let at = SHOP.find("workflow refund_order").unwrap();
    let range = json!({ "start": position(SHOP, at), "end": position(SHOP, SHOP.len()) });
    let part = read(
        &client.request("textDocument/semanticTokens/range", json!({ "textDocument": document, "range": range }))["data"],
    );
    assert_eq!(part, whole[whole.len() - part.len()..]);
    assert_eq!(part[0].0, "workflow");
}

#[test]
fn hints_say_what_is_not_written() {
    let client = Client::on(&Fixture::new(&shop("package acme.shop")));
    let range = json!({ "start": position(SHOP, 0), "end": position(SHOP, SHOP.len()) });
    let hints = client.request(
        "textDocument/inlayHint",
        json!({ "textDocument": { "uri": client.uri("main.gov") }, "range": range }),
    );
    let labels: Vec<&str> = hints.as_array().unwrap().iter().map(|hint| hint["label"].as_str().unwrap()).collect();
    assert_eq!(
        labels,
        ["= { agent:support, agent:triage }", "⟨allow⟩", ": Money<USD>", "⟨approval from role:finance⟩"]
    );
}

#[test]
fn a_call_shows_what_it_takes() {
    let text = SHOP
        .replace("stripe.refund { charge: found.charge, amount: amount, ", "stripe.refund { charge: found.charge, $0");
    let fixture = Fixture::new(&text);
    let client = Client::on(&fixture);
    let help = client.at("textDocument/signatureHelp", "main.gov", &fixture);
    let signature = &help["signatures"][0];
    assert_eq!(signature["label"], "stripe.refund { charge: String, amount: Money<USD>, key: String }");
    assert_eq!(help["activeParameter"], 1);
    let label = signature["label"].as_str().unwrap();
    let part = &signature["parameters"][1]["label"];
    assert_eq!(&label[part[0].as_u64().unwrap() as usize..part[1].as_u64().unwrap() as usize], "amount: Money<USD>");
}

#[test]
fn braces_and_comments_fold() {
    let text =
        "package a\n\n// one\n// two\n// three\ncapability a.b: read {\n    input {\n        x: Int,\n    }\n}\n";
    let client = Client::on(&Fixture::new(&format!("$0{text}")));
    let folds =
        client.request("textDocument/foldingRange", json!({ "textDocument": { "uri": client.uri("main.gov") } }));
    let lines: Vec<(u64, u64)> = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|fold| (fold["startLine"].as_u64().unwrap(), fold["endLine"].as_u64().unwrap()))
        .collect();
    assert_eq!(lines, [(2, 4), (5, 8), (6, 7)]);
}

#[test]
fn a_selection_grows_along_the_tree() {
    let fixture = Fixture::new(&shop("let total = found.to"));
    let client = Client::on(&fixture);
    let params = json!({ "textDocument": { "uri": client.uri("main.gov") }, "positions": [fixture.position()] });
    let ranges = client.request("textDocument/selectionRange", params);
    let mut selected = Vec::new();
    let mut at = &ranges[0];
    while !at.is_null() {
        selected.push(slice(SHOP, &at["range"]).to_owned());
        at = &at["parent"];
    }
    assert_eq!(selected[0], "total");
    assert!(selected.contains(&"found.total".to_owned()));
    assert!(selected.contains(&"let total = found.total".to_owned()));
    assert_eq!(selected.last().unwrap(), SHOP);
    assert!(selected.windows(2).all(|pair| pair[1].contains(&pair[0])));
}

#[test]
fn a_use_leads_to_what_is_used() {
    let client = Client::on(&Fixture::new(&shop("package acme.shop")));
    let links =
        client.request("textDocument/documentLink", json!({ "textDocument": { "uri": client.uri("main.gov") } }));
    assert_eq!(slice(SHOP, &links[0]["range"]), "std.io.fs");
    let place = url::Url::parse(links[0]["target"].as_str().unwrap()).unwrap().to_file_path().unwrap();
    assert_eq!(std::fs::read_to_string(place).unwrap(), gov_stdlib::module("std.io.fs").unwrap().text);
}
