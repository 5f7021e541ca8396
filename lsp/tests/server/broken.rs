//! Half-written files: what is healthy keeps what the server knows of it, wherever and however the rest is broken.

use serde_json::{Value, json};

use crate::SHOP;
use crate::client::{Client, Fixture, slice};

/// What stands somewhere half written.
const BROKEN: [&str; 12] = [
    "policy half {\n    allow \n",
    "policy half {\n    default deny\n    allow agent:x to crm.read_order when input.",
    "capability x.y: wri",
    "capability x.y: read {\n    input { a: ",
    "capability x.y: read {\n    output {\n",
    "workflow half(",
    "workflow half(a: Int) {\n    principal agent:x\n    step s = crm.read_order { order: \"",
    "type Half = Int where self >",
    "set half = { crm.",
    "test \"half",
    "prove half in desk: never allow",
    "}}} ) @accept(",
];

/// The shop with something half written before an item, and a cursor behind a text of the rest.
fn shop(broken: &str, before: &str, behind: &str) -> Fixture {
    let text = SHOP.replacen(&format!("\n{before}"), &format!("\n{broken}\n\n{before}"), 1);
    let at = text.rfind(behind).unwrap() + behind.len();
    Fixture::new(&format!("{}$0{}", &text[..at], &text[at..]))
}

#[test]
fn the_healthy_rest_is_hovered_completed_and_navigated() {
    for before in ["set front_line", "policy desk", "prove undone"] {
        for broken in BROKEN {
            let fixture = shop(broken, before, "step refund = stripe.ref");
            let client = Client::on(&fixture);
            let said = client.at("textDocument/hover", "main.gov", &fixture)["contents"]["value"].to_string();
            assert!(said.contains("**undo** by `stripe.recharge`"), "{said} in\n{}", fixture.text);
            let to = client.at("textDocument/definition", "main.gov", &fixture);
            let range = if to.is_array() { &to[0]["range"] } else { &to["range"] };
            assert_eq!(slice(&fixture.text, range), "stripe.refund", "{to} in\n{}", fixture.text);

            let fixture = shop(broken, before, "let total = found.");
            let client = Client::on(&fixture);
            let list = client.at("textDocument/completion", "main.gov", &fixture);
            let labels: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|item| &item["label"]).collect();
            for field in ["charge", "status", "total", "note"] {
                assert!(labels.contains(&&json!(field)), "{labels:?} in\n{}", fixture.text);
            }
        }
    }
}
