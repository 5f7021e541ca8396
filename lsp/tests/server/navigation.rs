//! Going to where things are declared and used, and giving them other names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::SHOP;
use crate::client::{Client, Fixture, edited, slice};

fn shop(behind: &str) -> Fixture {
    let at = SHOP.find(behind).unwrap() + behind.len();
    Fixture::new(&format!("{}$0{}", &SHOP[..at], &SHOP[at..]))
}

/// The texts of places, each with the line it is on.
fn places(text: &str, locations: &Value) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let place = |one: &Value| {
        let line = one["range"]["start"]["line"].as_u64().unwrap() as usize;
        assert!(!slice(text, &one["range"]).is_empty());
        lines[line].trim().to_owned()
    };
    locations.as_array().unwrap().iter().map(place).collect()
}

#[test]
fn definitions_are_found_by_whatever_refers_to_them() {
    for (behind, line) in [
        ("step refund = stripe.ref", "capability stripe.refund: network {"),
        ("policy desk\n\n    step found = crm.read_order { ord", "input { order: String }"),
        ("read_order { order: ord", "workflow refund_order(order: String, amount: Amount) -> { refund: String } {"),
        ("let total = fou", "step found = crm.read_order { order: order }"),
        (
            "let total = found.to",
            "output { charge: String, status: \"open\" | \"captured\", total: Money<USD>, note: String? }",
        ),
        ("check amount <= tot", "let total = found.total"),
        ("amount: Amo", "type Amount = Money<USD> where self > 0 USD and self <= 10_000 USD"),
        ("escalate risk >= high to role:fin", "role finance { user:alice, user:bob }"),
        ("allow front_l", "set front_line = { agent:support, agent:triage }"),
        ("agent:support\n    policy de", "policy desk {"),
        ("prove undone in refund_o", "workflow refund_order(order: String, amount: Amount) -> { refund: String } {"),
        (
            "expect approval by big_r",
            "big_refunds: require approval from role:finance within 24h for agent:support to stripe.refund",
        ),
        ("with { inci", "incident: Bool,"),
        ("compensate with stripe.recharge { charge: char", "input { charge: String, amount: Amount, key: String }"),
        ("critical when amo", "input { charge: String, amount: Amount, key: String }"),
        ("to crm.re", "capability crm.read_order: read {"),
    ] {
        let fixture = shop(behind);
        let client = Client::on(&fixture);
        let found = client.at("textDocument/definition", "main.gov", &fixture);
        assert_eq!(places(SHOP, &found), [line], "behind {behind}");
    }
}

#[test]
fn a_definition_in_a_standard_module_can_be_read() {
    let fixture = shop("to crm.read_*, io.fs.read_f");
    let client = Client::on(&fixture);
    let found = client.at("textDocument/definition", "main.gov", &fixture);
    let place = url::Url::parse(found[0]["uri"].as_str().unwrap()).unwrap().to_file_path().unwrap();
    let text = std::fs::read_to_string(place).unwrap();
    assert_eq!(slice(&text, &found[0]["range"]), "io.fs.read_file");
}

#[test]
fn references_are_in_all_files_and_in_patterns() {
    let client = Client::new();
    client.write("gov.toml", "[package]\nname = \"acme\"\n");
    client.write("b.gov", "package acme\npolicy p {\n    default deny\n    allow agent:x to a.b, a.*\n}\n");
    let fixture = Fixture::new("package acme\ncapability a.$0b: read {}\nset s = { a.b }\n");
    client.write("a.gov", &fixture.text);
    client.open("a.gov", &fixture.text);
    let mut params = client.place("a.gov", &fixture);
    params["context"] = json!({ "includeDeclaration": false });
    let found = client.request("textDocument/references", params.clone());
    let files: Vec<&str> = found.as_array().unwrap().iter().map(|one| one["uri"].as_str().unwrap()).collect();
    let (a, b) = (client.uri("a.gov"), client.uri("b.gov"));
    assert_eq!(files, [a.as_str(), &b, &b]);
    params["context"] = json!({ "includeDeclaration": true });
    assert_eq!(client.request("textDocument/references", params).as_array().unwrap().len(), 4);
}

#[test]
fn a_principal_is_found_by_its_text() {
    let fixture = shop("set front_line = { agent:sup");
    let client = Client::on(&fixture);
    let mut params = client.place("main.gov", &fixture);
    params["context"] = json!({ "includeDeclaration": true });
    assert_eq!(client.request("textDocument/references", params).as_array().unwrap().len(), 4);
}

#[test]
fn uses_are_highlighted() {
    let fixture = shop("let tot");
    let client = Client::on(&fixture);
    let found = client.at("textDocument/documentHighlight", "main.gov", &fixture);
    let kinds: Vec<u64> = found.as_array().unwrap().iter().map(|one| one["kind"].as_u64().unwrap()).collect();
    assert_eq!(kinds, [3, 2, 2], "the declaration, and two uses of which one is in a string");
}

/// The shop after a rename of what is behind a text.
fn renamed(behind: &str, new: &str) -> String {
    let fixture = shop(behind);
    let client = Client::on(&fixture);
    let prepared = client.at("textDocument/prepareRename", "main.gov", &fixture);
    assert!(!prepared["placeholder"].as_str().unwrap().is_empty());
    let mut params = client.place("main.gov", &fixture);
    params["newName"] = json!(new);
    let edit = client.request("textDocument/rename", params);
    edited(SHOP, &edit["changes"][client.uri("main.gov")])
}

#[test]
fn everything_that_is_declared_can_be_renamed() {
    for (behind, old, new, count) in [
        ("let tot", "total", "sum", 3),
        ("step found = crm.read_order { order: ord", "order", "id", 3),
        ("set front_l", "front_line", "desk_agents", 2),
        ("role fin", "finance", "treasury", 3),
        ("type Am", "Amount", "Sum", 4),
        ("capability stripe.rec", "stripe.recharge", "stripe.charge_again", 3),
        ("big_ref", "big_refunds", "large", 2),
        ("policy de", "desk", "counter", 2),
        ("workflow refund_o", "refund_order", "pay_back", 2),
        ("incid", "incident", "emergency", 2),
    ] {
        let after = renamed(behind, new);
        let word = |text: &str, word: &str| {
            let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            text.split(|c: char| !part(c)).filter(|other| *other == word).count()
        };
        assert_eq!(word(&after, new), count, "{old} to {new}:\n{after}");
        // A name may be that of something else as well; what was renamed checks as before.
        let client = Client::on(&Fixture::new(&format!("$0{after}")));
        assert_eq!(client.findings("main.gov", 1), Vec::<Value>::new(), "{old} to {new}:\n{after}");
    }
}

#[test]
fn a_rename_reaches_every_file() {
    let client = Client::new();
    client.write("gov.toml", "[package]\nname = \"acme\"\n");
    let other = "package acme\npolicy p {\n    default deny\n    allow agent:x to a.b\n}\n";
    client.write("b.gov", other);
    let fixture = Fixture::new("package acme\ncapability a.$0b: read {}\nset s = { a.b }\n");
    client.write("a.gov", &fixture.text);
    client.open("a.gov", &fixture.text);
    let mut params = client.place("a.gov", &fixture);
    params["newName"] = json!("a.c");
    let edit = client.request("textDocument/rename", params);
    let texts: BTreeMap<String, String> = [("a.gov", fixture.text.as_str()), ("b.gov", other)]
        .map(|(path, text)| (path.to_owned(), edited(text, &edit["changes"][client.uri(path)])))
        .into();
    assert_eq!(texts["a.gov"], fixture.text.replace("a.b", "a.c"));
    assert_eq!(texts["b.gov"], other.replace("a.b", "a.c"));
}

#[test]
fn a_rename_that_would_change_what_is_allowed_is_refused() {
    let refused = |behind: &str, new: &str| {
        let fixture = shop(behind);
        let client = Client::on(&fixture);
        let mut params = client.place("main.gov", &fixture);
        params["newName"] = json!(new);
        client.refused("textDocument/rename", params)
    };
    let said = refused("capability crm.rea", "crm.look_order_up");
    assert!(said.contains("main.gov:47) would no longer match `crm.look_order_up`"), "{said}");
    assert!(refused("capability stripe.ref", "crm.read_money").contains("would match"));
    assert!(refused("capability stripe.ref", "stripe.recharge").contains("already"));
    assert!(refused("capability stripe.ref", "Refund").contains("`Refund` is no name here"));
    assert!(refused("let tot", "found").contains("already"));
    assert!(refused("to crm.re", "x.y").contains("matches several things"));
}

#[test]
fn a_rename_that_would_break_something_is_refused() {
    let text = SHOP
        .replace("for agent:support to stripe.refund\n", "for agent:support to stripe.* when input.amount > 5 USD\n");
    let at = text.find("input { charge: String, amo").unwrap() + "input { charge: String, amo".len();
    let fixture = Fixture::new(&format!("{}$0{}", &text[..at], &text[at..]));
    let client = Client::on(&fixture);
    let mut params = client.place("main.gov", &fixture);
    params["newName"] = json!("sum");
    let said = client.refused("textDocument/rename", params);
    assert!(said.starts_with("with that name, G0"), "{said}");
}

#[test]
fn calls_lead_from_workflows_to_what_undoes_them() {
    let fixture = shop("workflow refund_o");
    let client = Client::on(&fixture);
    let item = client.at("textDocument/prepareCallHierarchy", "main.gov", &fixture)[0].clone();
    assert_eq!(item["name"], "refund_order");
    let outgoing = |item: &Value| client.request("callHierarchy/outgoingCalls", json!({ "item": item }));
    let names = |calls: &Value, end: &str| -> Vec<String> {
        calls.as_array().unwrap().iter().map(|call| call[end]["name"].as_str().unwrap().to_owned()).collect()
    };
    let called = outgoing(&item);
    assert_eq!(names(&called, "to"), ["crm.read_order", "stripe.refund"]);
    let undone = outgoing(&called[1]["to"]);
    assert_eq!(names(&undone, "to"), ["stripe.recharge"]);
    let callers = client.request("callHierarchy/incomingCalls", json!({ "item": undone[0]["to"] }));
    assert_eq!(names(&callers, "from"), ["stripe.refund"]);
}
