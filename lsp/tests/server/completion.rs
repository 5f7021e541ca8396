//! What could be written next.

use gov_lsp::Options;
use serde_json::{Value, json};

use crate::SHOP;
use crate::client::{Client, Fixture, able, edited};

fn items(marked: &str) -> Vec<Value> {
    let fixture = Fixture::new(marked);
    let client = Client::on(&fixture);
    let list = client.at("textDocument/completion", "main.gov", &fixture);
    list["items"].as_array().cloned().unwrap_or_default()
}

fn labels(marked: &str) -> Vec<String> {
    items(marked).iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
}

/// The shop with a text in the place of another; `$0` in it is the cursor.
fn shop(old: &str, new: &str) -> String {
    assert!(SHOP.contains(old));
    SHOP.replacen(old, new, 1)
}

#[track_caller]
fn offers(marked: &str, wanted: &[&str], unwanted: &[&str]) {
    let labels = labels(marked);
    for one in wanted {
        assert!(labels.iter().any(|label| label == one), "{one} is not in {labels:?}");
    }
    for one in unwanted {
        assert!(!labels.iter().any(|label| label == one), "{one} is in {labels:?}");
    }
}

#[test]
fn clauses_that_are_not_yet_used() {
    offers(
        &shop("    idempotent by key\n    cost", "    $0\n    idempotent by key\n    cost"),
        &["retry", "timeout", "handler"],
        &["risk", "input", "idempotent", "cost"],
    );
    offers("package a\ncapability a.b: read {\n    $0\n}\n", &["input", "output", "risk"], &["allow"]);
    offers("package a\ncapability a.b: $0", &["read", "write", "network"], &["allow"]);
    offers("package a\ncapability a.b: read {\n    risk $0\n}\n", &["low", "critical"], &["input", "local"]);
    offers("package a\ncapability a.b: read {\n    effect irreversible $0\n}\n", &["external", "local"], &["none"]);
}

#[test]
fn fields_of_what_a_rule_matches() {
    offers(
        &shop("for agent:support to stripe.refund\n", "for agent:support to stripe.refund when input.$0\n"),
        &["charge", "amount", "key"],
        &["order"],
    );
    offers(
        &shop("for agent:support to stripe.refund\n", "for agent:support to stripe.* when input.am$0\n"),
        &["amount"],
        &["order"],
    );
    offers(
        &shop("for agent:support to stripe.refund\n", "for agent:support to stripe.refund when context.$0\n"),
        &["incident", "hour"],
        &["amount"],
    );
    offers(
        &shop("for agent:support to stripe.refund\n", "for agent:support to stripe.refund when $0\n"),
        &["input", "context", "risk", "principal"],
        &["amount"],
    );
}

#[test]
fn patterns_where_patterns_stand() {
    offers(
        &shop("to crm.read_*, io", "to $0, io"),
        &["crm.read_order", "stripe.*", "io.fs.read_file", "any"],
        &["agent:support", "front_line_"],
    );
    offers(
        &shop("allow front_line to", "allow $0 to"),
        &["agent:support", "role:finance", "front_line", "any"],
        &["crm.read_order"],
    );
    offers(&shop("allow front_line to", "allow agent:$0 to"), &["agent:support", "agent:triage"], &[]);
    offers(
        &shop("approval from role:finance within", "approval from $0 within"),
        &["role:finance"],
        &["stripe.refund"],
    );
}

#[test]
fn steps_that_are_in_scope() {
    offers(
        &shop("let total = found.total", "let total = found.$0"),
        &["charge", "status", "total", "note"],
        &["refund"],
    );
    offers(
        &shop("let total = found.total", "let total = fo$0"),
        &["found", "order", "amount", "context"],
        &["refund", "total"],
    );
    offers(&shop("check amount <= total else", "check amount <= $0 else"), &["total", "found"], &["refund"]);
    offers(&shop("\"refund-{order}\"", "\"refund-{$0}\""), &["order", "found", "total"], &[]);
    offers(&shop("    return {", "    $0\n    return {"), &["step", "check", "parallel", "return"], &["risk"]);
}

#[test]
fn what_is_called_and_what_it_takes() {
    offers(
        &shop("step refund = stripe.refund {", "step refund = $0 {"),
        &["stripe.refund", "crm.read_order", "run"],
        &["desk"],
    );
    offers(
        &shop("{ charge: found.charge, amount: amount, key: \"refund-{order}\" }", "{ charge: found.charge, $0 }"),
        &["amount", "key"],
        &["charge", "order"],
    );
    offers(
        &shop("{ charge: found.charge, amount: amount, key: \"refund-{order}\" }", "{ charge: found.$0 }"),
        &["charge", "note"],
        &["key"],
    );
    offers(&shop("    policy desk\n", "    policy $0\n"), &["desk"], &["refund_order"]);
    offers(&shop("prove undone in refund_order", "prove undone in $0"), &["desk", "refund_order"], &["stripe.refund"]);
    offers(
        &shop("expect approval by big_refunds", "expect approval by $0"),
        &["big_refunds", "undo"],
        &["stripe.refund"],
    );
}

#[test]
fn types_where_types_stand() {
    offers(&shop("input { order: String }", "input { order: $0 }"), &["String", "Amount", "Money", "List"], &["order"]);
    offers(&shop("(order: String,", "(order: $0,"), &["String", "Amount"], &["found"]);
    offers(&shop("use std.io.fs", "use $0"), &["std.io.fs"], &["capability"]);
}

#[test]
fn items_and_their_snippets() {
    let items = items("package a\n$0");
    let capability = items.iter().find(|item| item["label"] == "capability").unwrap();
    assert_eq!(capability["insertTextFormat"], 2);
    assert!(capability["textEdit"]["newText"].as_str().unwrap().contains("${1:service.action}"));
}

#[test]
fn an_item_replaces_the_word_at_the_cursor() {
    let fixture = Fixture::new(&shop("to crm.read_*, io", "to stripe.re$0, io"));
    let client = Client::on(&fixture);
    let list = client.at("textDocument/completion", "main.gov", &fixture);
    let item = list["items"].as_array().unwrap().iter().find(|item| item["label"] == "stripe.refund").unwrap();
    let after = edited(&fixture.text, &json!([item["textEdit"]]));
    assert!(after.contains("allow front_line to stripe.refund, io.fs.read_file"));
}

/// A client that may be told once what items replace is told the same as one that is told with each.
#[test]
fn what_items_replace_may_be_said_once() {
    let mut knows = able();
    knows["textDocument"]["completion"]["completionList"] = json!({ "itemDefaults": ["editRange"] });
    let places = [
        shop("to crm.read_*, io", "to stripe.re$0, io"),
        shop("step refund = stripe.refund {", "step refund = $0 {"),
        shop("let total = found.total", "let total = found.$0"),
        shop("    return {", "    ret$0\n    return {"),
    ];
    for marked in &places {
        let fixture = Fixture::new(marked);
        let ask = |capabilities: &Value| {
            let client = Client::with(capabilities.clone(), Options::default());
            client.open("main.gov", &fixture.text);
            client.at("textDocument/completion", "main.gov", &fixture)
        };
        let (each, once) = (ask(&able()), ask(&knows));
        let edits = |list: &Value| -> Vec<(Value, Value)> {
            let edit = |item: &Value| {
                let own = &item["textEdit"];
                if !own.is_null() {
                    return own.clone();
                }
                let text = item.get("textEditText").unwrap_or(&item["label"]);
                json!({ "range": list["itemDefaults"]["editRange"], "newText": text })
            };
            list["items"].as_array().unwrap().iter().map(|item| (item["label"].clone(), edit(item))).collect()
        };
        assert_eq!(edits(&once), edits(&each), "{marked}");
        assert_eq!(each["itemDefaults"], Value::Null, "a client is told so only where it says that it understands");
    }
}

#[test]
fn what_an_item_stands_for_is_told_when_the_client_asks() {
    let fixture = Fixture::new(&shop("step refund = stripe.refund {", "step refund = $0 stripe.refund {"));
    let client = Client::on(&fixture);
    let list = client.at("textDocument/completion", "main.gov", &fixture);
    let named = |label: &str| list["items"].as_array().unwrap().iter().find(|item| item["label"] == label).unwrap();
    let capability = named("stripe.refund");
    assert_eq!(capability["documentation"], Value::Null);
    let told = client.request("completionItem/resolve", capability.clone());
    let docs = told["documentation"]["value"].as_str().unwrap();
    assert!(docs.contains("capability stripe.refund: network"), "{docs}");
    assert!(docs.contains("**who may call it**"), "{docs}");
    assert_eq!(told["textEdit"], capability["textEdit"]);
    // A word of the language stands for nothing that is declared, and comes back as it is.
    assert_eq!(client.request("completionItem/resolve", named("run").clone()), *named("run"));
}

#[test]
fn nothing_in_comments_and_texts() {
    assert_eq!(labels("package a\n// $0\n"), Vec::<String>::new());
    assert_eq!(labels(&shop("because \"moves money\"", "because \"moves $0 money\"")), Vec::<String>::new());
}
