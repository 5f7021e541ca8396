//! Proofs that are under way: shown as such, with progress that the client can cancel. The prover is a program that never
//! says anything; the real one is held to in the tests of `gov lsp`.

use std::time::Duration;

use gov_lsp::Options;
use lsp_server::{Message, Response};
use serde_json::{Value, json};

use crate::SHOP;
use crate::client::{Client, able};

fn client() -> Client {
    let mut capabilities = able();
    capabilities["window"] = json!({ "workDoneProgress": true });
    capabilities["workspace"]["codeLens"] = json!({ "refreshSupport": true });
    let prover = Some(("sleep".into(), vec!["600".to_owned()]));
    Client::with(capabilities, Options { prover, pause: Duration::from_millis(5) })
}

/// Waits until the client is asked for something, and answers.
fn asked(client: &Client, method: &str) -> Value {
    loop {
        if let Message::Request(request) = client.receive() {
            client.respond(Response::new_ok(request.id, ()));
            if request.method == method {
                return request.params;
            }
        }
    }
}

/// Waits for what is said of progress.
fn progress(client: &Client) -> Value {
    loop {
        if let Message::Notification(note) = client.receive()
            && note.method == "$/progress"
        {
            return note.params;
        }
    }
}

fn titles(client: &Client) -> Vec<String> {
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": client.uri("main.gov") } }));
    lenses.as_array().unwrap().iter().map(|lens| lens["command"]["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_being_proved_is_shown_and_can_be_cancelled() {
    let client = client();
    client.open("main.gov", SHOP);
    let token = asked(&client, "window/workDoneProgress/create")["token"].clone();
    let begun = progress(&client);
    assert_eq!((&begun["token"], &begun["value"]["kind"]), (&token, &json!("begin")));
    assert_eq!(begun["value"]["cancellable"], true);
    let running = titles(&client);
    assert!(running.len() > 3 && running.iter().all(|title| title == "proving…"), "{running:?}");

    // Another token is that of proofs that have ended.
    client.notify("window/workDoneProgress/cancel", json!({ "token": "gov/proofs/0" }));
    assert_eq!(titles(&client), running);
    client.notify("window/workDoneProgress/cancel", json!({ "token": token }));
    let ended = progress(&client);
    assert_eq!((&ended["token"], &ended["value"]["kind"]), (&token, &json!("end")));
    assert!(titles(&client).iter().all(|title| title == "not proved yet"));

    // With the next change they begin anew.
    client.change("main.gov", 2, json!([{ "text": format!("{SHOP}\n// more\n") }]));
    let next = asked(&client, "window/workDoneProgress/create")["token"].clone();
    assert_ne!(next, token);
    assert_eq!(progress(&client)["token"], next);
    assert_eq!(titles(&client), running);
}
