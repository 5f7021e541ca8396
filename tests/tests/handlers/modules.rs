//! `net.http`, `llm`, `webhook` and `human` against a server on loopback.

use crate::server::{Answer, Server};
use crate::shop::Shop;
use serde_json::{Value, json};

const PACKAGE: &str = r#"package shop

use std.net.http
use std.llm
use std.webhook
use std.human

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to net.http.*, llm.*, webhook.*, human.*
}

workflow get(url: String, secret: String?) -> { status: Int, kind: String, text: String, json: Json? } {
    principal agent:support
    policy    desk
    step got = net.http.get { url: url, secret: secret, headers: [{ name: "X-Tea", value: "cold" }] } retry 1 times
    return { status: got.status, kind: got.kind, text: got.text, json: got.json }
}

workflow post(url: String, body: Json) -> { status: Int } {
    principal agent:support
    policy    desk
    step got = net.http.post { url: url, body: body }
    return { status: got.status }
}

workflow ask(model: String, prompt: String, max: Int where max >= 1 and max <= 64_000) -> { text: String, stop: String, cost: String } {
    principal agent:support
    policy    desk
    budget    10 USD
    step said = llm.invoke { model: model, prompt: prompt, system: "be brief", max_tokens: max, temperature: 0.5 } retry 1 times
    return { text: said.text, stop: said.stop, cost: said.cost }
}

workflow hook(name: String, body: Json) -> { id: String } {
    principal agent:support
    policy    desk
    step sent = webhook.send { hook: name, event: "tea.cold", body: body } retry 3 times backoff 1ms..5ms on transient
    return { id: sent.id }
}

workflow tell(who: String, message: String) -> { by: String } {
    principal agent:support
    policy    desk
    step told = human.notify { to: who, message: message }
    return { by: told.by }
}
"#;

fn shop(server: &Server, more: &str) -> Shop {
    let hosts = format!("[hosts]\nallow = [\"127.0.0.1:{}\"]\nprivate = [\"127.0.0.1\"]\n", server.port());
    Shop::new(PACKAGE, &format!("{hosts}{more}")).with("KEY", "key_0123456789")
}

#[test]
fn whatever_is_at_an_address_is_got() {
    let server = Server::start(|seen, _| match seen.path.as_str() {
        "/json" => Answer::json(203, json!({ "tea": [1, "two"] })),
        "/text" => Answer::text(200, "cold").with("content-type", "text/plain"),
        "/bytes" => Answer::bytes(200, b"\xff\xfe"),
        _ => Answer::text(404, "nothing here"),
    });
    let shop = shop(&server, "");
    let get = |path: &str| shop.run("get", &json!({ "url": format!("{}{path}", server.url()) }));
    let json = get("/json");
    assert_eq!(json.output()["json"], json!({ "tea": [1, "two"] }), "{json:?}");
    assert_eq!(json.output()["status"], 203);
    assert_eq!(*get("/text").output(), json!({ "status": 200, "kind": "text/plain", "text": "cold" }));
    get("/bytes").failed_saying("is not UTF-8");
    get("/else").failed_saying("answered 404 (Not Found): nothing here");
    assert_eq!(server.seen()[0].header("x-tea"), Some("cold"));
    for (url, words) in [
        ("nowhere", "is no address"),
        ("ftp://127.0.0.1/", "is called by no handler"),
        ("http://[::1]/", "does not allow"),
        ("http://127.1/", "does not allow"),
        ("http://evil.example@127.0.0.1/", "a name of a user"),
    ] {
        shop.run("get", &json!({ "url": url })).failed_saying(words);
    }
}

#[test]
fn a_post_has_its_body_and_a_key() {
    let server = Server::start(|_, _| Answer::text(202, ""));
    let shop = shop(&server, "");
    let run = shop.run("post", &json!({ "url": server.url(), "body": { "tea": "cold" } }));
    assert_eq!(*run.output(), json!({ "status": 202 }), "{run:?}");
    let seen = server.seen();
    assert_eq!(seen[0].json(), json!({ "tea": "cold" }));
    assert!(seen[0].header("idempotency-key").is_some());
}

#[test]
fn a_secret_goes_to_addresses_of_workflows_only_where_the_place_says_so() {
    let server = Server::start(|_, _| Answer::text(200, "ok"));
    let get = |secrets: &str| shop(&server, secrets).run("get", &json!({ "url": server.url(), "secret": "KEY" }));
    get("[secrets]\nKEY = { env = \"KEY\" }\n").failed_saying("goes to no address that is put together");
    get("[secrets]\nKEY = { env = \"KEY\", hosts = [\"api.example\"] }\n").failed_saying("does not send the secret");
    assert_eq!(server.seen().len(), 0);
    let run = get("[secrets]\nKEY = { env = \"KEY\", hosts = [\"127.0.0.1\"] }\n");
    assert_eq!(run.state(), "completed", "{run:?}");
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer key_0123456789"));
}

fn models(server: &Server) -> String {
    format!(
        "[secrets]\nKEY = {{ env = \"KEY\" }}\n\
         [handlers.llm.one]\nform = \"openai\"\nurl = \"{0}/v1\"\nmodel = \"m-1\"\nsecret = \"KEY\"\n\
         input_price = \"2.50 USD\"\noutput_price = \"10 USD\"\nmax_tokens = 4000\n\
         [handlers.llm.two]\nform = \"anthropic\"\nurl = \"{0}/v1/\"\nmodel = \"m-2\"\nsecret = \"KEY\"\n\
         input_price = \"0 USD\"\noutput_price = \"0 USD\"\n",
        server.url()
    )
}

#[test]
fn models_are_asked_in_their_own_form() {
    let server = Server::start(|seen, _| match seen.path.as_str() {
        "/v1/chat/completions" => Answer::json(
            200,
            json!({ "choices": [{ "message": { "content": "hello" }, "finish_reason": "length" }],
                    "usage": { "prompt_tokens": 1000, "completion_tokens": 200 } }),
        ),
        _ => Answer::json(
            200,
            json!({ "content": [{ "type": "text", "text": "good " }, { "type": "text", "text": "day" }],
                    "stop_reason": "end_turn", "usage": { "input_tokens": 5, "output_tokens": 2 } }),
        ),
    });
    let shop = shop(&server, &models(&server));
    let one = shop.run("ask", &json!({ "model": "one", "prompt": "hi", "max": 100 }));
    assert_eq!(*one.output(), json!({ "text": "hello", "stop": "length", "cost": "0.0045 USD" }), "{one:?}");
    let two = shop.run("ask", &json!({ "model": "two", "prompt": "hi", "max": 100 }));
    assert_eq!(*two.output(), json!({ "text": "good day", "stop": "end", "cost": "0 USD" }), "{two:?}");
    let seen = server.seen();
    assert_eq!(
        seen[0].json(),
        json!({ "model": "m-1", "max_tokens": 100, "temperature": 0.5, "messages":
            [{ "role": "system", "content": "be brief" }, { "role": "user", "content": "hi" }] })
    );
    assert_eq!(seen[0].header("authorization"), Some("Bearer key_0123456789"));
    assert_eq!(
        seen[1].json(),
        json!({ "model": "m-2", "max_tokens": 100, "temperature": 0.5, "system": "be brief", "messages":
            [{ "role": "user", "content": "hi" }] })
    );
    assert_eq!((seen[1].header("x-api-key"), seen[1].header("authorization")), (Some("key_0123456789"), None));
    assert_eq!(seen[1].header("anthropic-version"), Some("2023-06-01"));
}

#[test]
fn a_model_costs_no_more_than_its_capability_says() {
    let server = Server::start(|_, before| match before {
        0 => Answer::json(200, json!({ "choices": [] })),
        1 => Answer::json(200, json!({ "choices": [{ "message": { "content": "hello" } }] })),
        _ => Answer::text(429, "slow down"),
    });
    let shop = shop(&server, &models(&server));
    let ask = |model: &str, length: usize, max: u32| {
        shop.run("ask", &json!({ "model": model, "prompt": "x".repeat(length), "max": max }))
    };
    // 20,000 bytes at 2.50 USD a million are 0.05 USD, and the answer comes on top.
    ask("one", 20_000, 100).failed_saying("could cost 0.0516");
    ask("one", 10, 4_001).failed_saying("at most 4000 tokens");
    ask("three", 10, 100).failed_saying("has no model `three`");
    assert_eq!(server.seen().len(), 0);
    ask("one", 10, 100).failed_saying("gave no text");
    ask("one", 10, 100).failed_saying("how many tokens");
    ask("one", 10, 100).failed_saying("answered 429");
}

#[test]
fn a_webhook_is_signed_and_known_again() {
    let server = Server::start(|_, before| Answer::text(if before == 0 { 503 } else { 200 }, ""));
    let hook = format!(
        "[secrets]\nKEY = {{ env = \"KEY\" }}\n[handlers.webhook.desk]\nurl = \"{}/in\"\nsecret = \"KEY\"\n\
         [handlers.human.boss]\nwebhook = \"desk\"\n[handlers.human.me]\nconsole = true\n",
        server.url()
    );
    let shop = shop(&server, &hook);
    let run = shop.run("hook", &json!({ "name": "desk", "body": { "tea": 1 } }));
    assert_eq!((run.state(), run.attempts()), ("completed", 2), "{run:?}");
    let seen = server.seen();
    assert_eq!(seen[1].json(), json!({ "type": "tea.cold", "data": { "tea": 1 } }));
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
    assert_eq!(seen[1].header("webhook-id"), run.output()["id"].as_str());
    assert!(seen[1].header("webhook-signature").unwrap().starts_with("v1,"));
    shop.run("hook", &json!({ "name": "else", "body": {} })).failed_saying("where the webhook `else` goes");

    let boss = shop.run("tell", &json!({ "who": "boss", "message": "tea" }));
    assert_eq!(*boss.output(), json!({ "by": "webhook" }), "{boss:?}");
    let told: Value = server.seen()[2].json();
    assert_eq!((&told["type"], &told["data"]["message"]), (&json!("human.notify"), &json!("tea")));
    let me = shop.run("tell", &json!({ "who": "me", "message": "tea\u{1b}[31m\nis  cold" }));
    assert_eq!(*me.output(), json!({ "by": "console" }), "{me:?}");
    assert!(me.ran.stderr.contains("to me: tea[31m is cold\n"), "{me:?}");
    shop.run("tell", &json!({ "who": "eve", "message": "" })).failed_saying("how `eve` is told");
}
