//! Fixes and refactorings.

use serde_json::{Value, json};

use crate::SHOP;
use crate::client::{Client, Fixture, edited, position};

/// The actions where the cursor is, each with the text after it.
fn actions(marked: &str) -> Vec<(String, String, String)> {
    let fixture = Fixture::new(marked);
    let client = Client::on(&fixture);
    let range = json!({ "start": fixture.position(), "end": fixture.position() });
    found(&client, &fixture.text, range, json!({ "diagnostics": [] }))
}

fn found(client: &Client, text: &str, range: Value, context: Value) -> Vec<(String, String, String)> {
    let params = json!({ "textDocument": { "uri": client.uri("main.gov") }, "range": range, "context": context });
    let actions = client.request("textDocument/codeAction", params);
    let after = |action: &Value| {
        let edits = &action["edit"]["changes"][client.uri("main.gov")];
        (action["title"].as_str().unwrap().to_owned(), action["kind"].as_str().unwrap().to_owned(), edited(text, edits))
    };
    actions.as_array().unwrap().iter().map(after).collect()
}

fn titled<'a>(actions: &'a [(String, String, String)], title: &str) -> &'a (String, String, String) {
    actions.iter().find(|(found, ..)| found.contains(title)).unwrap_or_else(|| panic!("no `{title}` in {actions:?}"))
}

#[test]
fn every_fix_of_a_finding_is_offered() {
    let (_, kind, after) = titled(&actions(&SHOP.replace("found.total", "found.$0totl")), "total").clone();
    assert_eq!(kind, "quickfix");
    assert_eq!(after, SHOP);
}

#[test]
fn several_patterns_become_a_set() {
    let all = actions(&SHOP.replace("to crm.read_*, io", "to crm.$0read_*, io"));
    let (_, kind, after) = titled(&all, "extract 2 patterns as the set `new_set`");
    assert_eq!(kind, "refactor.extract");
    assert!(after.contains("set new_set = { crm.read_*, io.fs.read_file }\n\npolicy desk {"), "{after}");
    assert!(after.contains("allow front_line to new_set\n"), "{after}");
    let client = Client::on(&Fixture::new(&format!("$0{after}")));
    assert_eq!(client.findings("main.gov", 1), Vec::<Value>::new());
}

#[test]
fn a_missing_compensation_is_added() {
    let without =
        SHOP.replace("    compensate with stripe.recharge { charge: charge, amount: amount, key: key }\n", "");
    let all = actions(&without.replace("capability stripe.refund", "capability stripe.$0refund"));
    let (_, kind, after) = titled(&all, "undo it with `stripe.recharge`");
    assert_eq!(kind, "refactor.rewrite");
    assert!(
        after.contains("\n    compensate with stripe.recharge { charge: charge, amount: amount, key: key }\n}"),
        "{after}"
    );
    let client = Client::on(&Fixture::new(&format!("$0{after}")));
    assert_eq!(client.findings("main.gov", 1), Vec::<Value>::new());
    assert!(titled(&all, "a human undoes it").2.contains("compensate manually because"));
    assert!(titled(&all, "nothing undoes it").2.contains("compensate none because"));
    let with = actions(&SHOP.replace("capability stripe.refund", "capability stripe.$0refund"));
    assert!(!with.iter().any(|(title, ..)| title.contains("undo")), "{with:?}");
}

#[test]
fn a_client_gets_the_kinds_that_it_wants() {
    let at = SHOP.find("crm.read_*, io").unwrap();
    let client = Client::on(&Fixture::new(&format!("$0{SHOP}")));
    let range = json!({ "start": position(SHOP, at), "end": position(SHOP, at) });
    let of = |only: &str| found(&client, SHOP, range.clone(), json!({ "diagnostics": [], "only": [only] })).len();
    assert_eq!((of("refactor"), of("refactor.extract"), of("quickfix")), (1, 1, 0));
}
