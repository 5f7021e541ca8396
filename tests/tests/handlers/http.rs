//! `handler http { … }` against a server on loopback.

use crate::server::{Answer, Server};
use crate::shop::{Run, Shop};
use serde_json::{Value, json};

const PACKAGE: &str = r#"package shop

/// Look an order up.
capability shop.find: read {
    input   { order: String, lang: String? }
    output  { charge: String, total: Money<USD> }
    retry   3 times backoff 1ms..5ms on transient
    timeout 60s
    handler http { method: "GET", url: "http://shop.test/orders/{order}" }
}

/// Look at what is left.
capability shop.stock: read {
    input   { item: String }
    output  { items: List<String> }
    retry   1 times
    handler http { method: "GET", url: "http://shop.test/stock/{item}", result: "/data/items", secret: "SHOP_KEY" }
}

/// Return money.
capability shop.refund: network {
    input   { charge: String, amount: Int, note: String?, key: String }
    output  { refund: String }
    effect  irreversible external "money leaves the account"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    retry   3 times backoff 1ms..5ms on transient
    timeout 5s
    idempotent by key
    handler http {
        method: "POST", url: "http://shop.test/refunds", secret: "SHOP_KEY", headers: { x_lang: "en" }
    }
}

/// Return money, once or twice.
capability shop.tip: network {
    input   { charge: String }
    output  { tip: String }
    effect  irreversible external "money leaves the account"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    retry   3 times backoff 1ms..5ms on transient
    timeout 5s
    handler http { method: "POST", url: "http://shop.test/tips" }
}

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to shop.*
}

workflow find(order: String, lang: String?) -> { charge: String, total: Money<USD> } {
    principal agent:support
    policy    desk
    step found = shop.find { order: order, lang: lang }
    return { charge: found.charge, total: found.total }
}

workflow stock(item: String) -> { items: List<String> } {
    principal agent:support
    policy    desk
    step found = shop.stock { item: item }
    return { items: found.items }
}

workflow refund(charge: String, key: String) -> { refund: String } {
    principal agent:support
    policy    desk
    step done = shop.refund { charge: charge, amount: 12, key: key }
    return { refund: done.refund }
}

workflow tip(charge: String) -> { tip: String } {
    principal agent:support
    policy    desk
    step done = shop.tip { charge: charge }
    return { tip: done.tip }
}
"#;

const SECRET: &str = "sk_live_9f8e7d6c5b4a";

/// A shop whose service is this server.
fn shop(server: &Server, more: &str) -> Shop {
    let config = format!(
        "[hosts]\nallow = [\"127.0.0.1:{}\"]\nprivate = [\"127.0.0.1\"]\n[handlers.http]\n\"http://shop.test\" = \"{}\"\n\
         [secrets]\nSHOP_KEY = {{ env = \"SHOP_KEY\" }}\n{more}",
        server.port(),
        server.url()
    );
    Shop::new(PACKAGE, &config).with("SHOP_KEY", SECRET)
}

fn found() -> Answer {
    Answer::json(200, json!({ "charge": "ch_1", "total": "12.50 USD", "unasked": [1] }))
}

fn find(shop: &Shop) -> Run {
    shop.run("find", &json!({ "order": "o1" }))
}

#[test]
fn what_the_plan_says_is_asked_for_and_what_it_declares_is_given() {
    let server = Server::start(|_, _| found());
    let run = shop(&server, "").run("find", &json!({ "order": "a/../ü?x=1", "lang": "en gb" }));
    assert_eq!(run.state(), "completed", "{run:?}");
    assert_eq!(*run.output(), json!({ "charge": "ch_1", "total": "12.50 USD" }));
    let seen = server.seen();
    assert_eq!((seen[0].method.as_str(), seen.len()), ("GET", 1));
    assert_eq!(seen[0].path, "/orders/a%2F..%2F%C3%BC%3Fx%3D1?lang=en+gb");
    assert_eq!((seen[0].header("authorization"), seen[0].header("idempotency-key")), (None, None));
}

#[test]
fn a_value_that_would_lead_along_the_path_is_not_sent() {
    let server = Server::start(|_, _| found());
    let shop = shop(&server, "");
    for order in ["", ".", ".."] {
        shop.run("find", &json!({ "order": order })).failed_saying("cannot stand for a part of the path");
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn the_rest_of_the_input_is_the_body_and_the_key_goes_with_it() {
    let server = Server::start(|_, _| Answer::json(201, json!({ "refund": "re_1" })));
    let shop = shop(&server, "");
    let run = shop.run("refund", &json!({ "charge": "ch_1", "key": "refund-1" }));
    assert_eq!(*run.output(), json!({ "refund": "re_1" }), "{run:?}");
    let run = shop.run("refund", &json!({ "charge": "ch_1", "key": "für 1" }));
    assert_eq!(run.state(), "completed", "{run:?}");
    let seen = server.seen();
    assert_eq!(seen[0].json(), json!({ "charge": "ch_1", "amount": 12 }));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {SECRET}").as_str()));
    assert_eq!(seen[0].header("x-lang"), Some("en"));
    assert_eq!(seen[0].header("idempotency-key"), Some("refund-1"));
    // A key that no header can hold goes as its hash.
    assert_eq!(seen[1].header("idempotency-key").map(str::len), Some(64));
}

#[test]
fn a_part_of_the_answer_stands_for_the_only_field() {
    let server = Server::start(|_, _| Answer::json(200, json!({ "data": { "items": ["a", "b"] } })));
    let run = shop(&server, "").run("stock", &json!({ "item": "x" }));
    assert_eq!(*run.output(), json!({ "items": ["a", "b"] }), "{run:?}");
}

#[test]
fn an_answer_of_another_shape_is_refused() {
    type Makes = fn() -> Answer;
    let answers: [(Makes, &str); 6] = [
        (|| Answer::json(200, json!({ "charge": "ch_1" })), "`total`"),
        (|| Answer::json(200, json!({ "charge": 1, "total": "1 USD" })), "`charge`"),
        (|| Answer::json(200, json!([1])), "an object"),
        (|| Answer::text(200, "{ \"charge\": \"a\", \"charge\": \"b\" }"), "is no JSON"),
        (|| Answer::text(200, "<html>"), "is no JSON"),
        (|| Answer::bytes(200, b"{ \"charge\": \"\xff\" }"), "is not UTF-8"),
    ];
    for (answer, words) in answers {
        let server = Server::start(move |_, _| answer());
        let run = find(&shop(&server, ""));
        run.failed_saying(words);
        assert_eq!(run.attempts(), 1, "{run:?}");
    }
}

#[test]
fn what_may_be_gone_the_next_time_is_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = Server::start(move |_, before| match before {
            0 | 1 => Answer::text(status, "not now").with("retry-after", "0"),
            _ => found(),
        });
        let run = find(&shop(&server, ""));
        assert_eq!((run.state(), run.attempts()), ("completed", 3), "{status}: {run:?}");
    }
}

#[test]
fn what_will_not_be_gone_the_next_time_is_not_tried_again() {
    for status in [400, 401, 403, 404, 409, 422, 501] {
        let server = Server::start(move |_, _| Answer::text(status, "no\n  \u{1b}[31msuch order"));
        let run = find(&shop(&server, ""));
        run.failed_saying(&format!("answered {status}"));
        run.failed_saying("no [31msuch order");
        assert_eq!(run.attempts(), 1, "{run:?}");
    }
}

#[test]
fn how_long_the_other_side_asks_for_is_waited_for_within_the_contract() {
    let server = Server::start(|_, before| match before {
        0 => Answer::text(429, "").with("retry-after", "86400"),
        _ => found(),
    });
    // The contract's longest pause is 5 ms: a day is not waited for.
    assert_eq!(find(&shop(&server, "")).state(), "completed");
}

#[test]
fn nobody_knows_whether_a_call_happened_that_broke_off() {
    let answers: [fn() -> Answer; 4] =
        [|| Answer::text(500, ""), || Answer::text(504, ""), Answer::broken, Answer::silence];
    for answer in answers {
        let server = Server::start(move |_, _| answer());
        let run = shop(&server, "").run("tip", &json!({ "charge": "ch_1" }));
        assert_eq!((run.state(), run.code), ("stuck", Some(5)), "{run:?}");
        assert_eq!(run.account["steps"][0]["state"], "in_doubt");
        assert_eq!(server.seen().len(), 1);
    }
    // It did not happen.
    let server = Server::start(|_, _| Answer::text(503, ""));
    let run = shop(&server, "").run("tip", &json!({ "charge": "ch_1" }));
    assert_eq!((run.state(), run.attempts()), ("failed", 3), "{run:?}");
}

#[test]
fn an_idempotent_call_that_broke_off_is_made_again_with_its_key() {
    let server = Server::start(|_, before| match before {
        0 => Answer::broken(),
        1 => Answer::silence(),
        _ => Answer::json(200, json!({ "refund": "re_1" })),
    });
    let run = shop(&server, "").run("refund", &json!({ "charge": "ch_1", "key": "k" }));
    assert_eq!((run.state(), run.attempts()), ("completed", 3), "{run:?}");
    assert!(server.seen().iter().all(|seen| seen.header("idempotency-key") == Some("k")));
}

#[test]
fn nobody_there_is_tried_again() {
    let server = Server::start(|_, _| found());
    let shop = shop(&server, "");
    drop(server);
    let run = find(&shop);
    run.failed_saying("cannot be reached");
    assert_eq!(run.attempts(), 3, "{run:?}");
}

#[test]
fn an_answer_that_is_too_large_is_refused() {
    let server = Server::start(|_, _| Answer::json(200, json!({ "charge": "c".repeat(5_000), "total": "1 USD" })));
    find(&shop(&server, "[limits]\nanswer = \"4KiB\"\n")).failed_saying("larger than 4096 bytes");
    assert_eq!(find(&shop(&server, "[limits]\nanswer = \"8KiB\"\n")).state(), "completed");
}

#[test]
fn redirects_are_followed_as_far_as_they_may() {
    let server = Server::start(|seen, _| match seen.path.as_str() {
        "/orders/o1" => Answer::redirect(302, "/moved"),
        "/moved" => Answer::redirect(308, "/moved-again"),
        "/moved-again" => found(),
        _ => Answer::redirect(307, "/orders/o1"),
    });
    assert_eq!(find(&shop(&server, "")).state(), "completed");
    find(&shop(&server, "[limits]\nredirects = 1\n")).failed_saying("more than 1 redirects");
}

#[test]
fn a_redirect_is_looked_at_as_closely_as_an_address_of_a_plan() {
    let cases = [
        ("http://10.0.0.1/x", "does not allow `10.0.0.1` to be called"),
        ("http://127.0.0.2/x", "`127.0.0.2` is a loopback address"),
        ("http://169.254.169.254/latest/meta-data", "an address for cloud metadata"),
        ("http://[::ffff:7f00:2]/x", "a loopback address"),
        ("http://2130706434/x", "a loopback address"),
        ("http://internal.test/x", "does not allow `internal.test` to be called"),
        ("file:///etc/passwd", "is called by no handler"),
        ("http://a:b@127.0.0.1/x", "a name of a user"),
    ];
    for (to, words) in cases {
        let server = Server::start(move |_, _| Answer::redirect(302, to));
        let allow = "\"127.0.0.2\", \"169.254.169.254\", \"[::ffff:7f00:2]\"";
        let config = format!(
            "[hosts]\nallow = [\"127.0.0.1\", {allow}]\nprivate = [\"127.0.0.1\"]\n[handlers.http]\n\"http://shop.test\" = \"{}\"\n",
            server.url()
        );
        let run = find(&Shop::new(PACKAGE, &config));
        run.failed_saying(words);
        assert_eq!(run.attempts(), 1, "{run:?}");
    }
}

#[test]
fn a_secret_does_not_follow_to_another_place() {
    let other = Server::start(|_, _| Answer::json(200, json!({ "data": { "items": [] } })));
    let to = format!("{}/stock", other.url());
    let server = Server::start(move |_, _| Answer::redirect(307, &to));
    let config = format!(
        "[hosts]\nallow = [\"127.0.0.1\"]\nprivate = [\"127.0.0.1\"]\n[handlers.http]\n\"http://shop.test\" = \"{}\"\n\
         [secrets]\nSHOP_KEY = {{ env = \"SHOP_KEY\" }}\n",
        server.url()
    );
    let run = Shop::new(PACKAGE, &config).with("SHOP_KEY", SECRET).run("stock", &json!({ "item": "x" }));
    assert_eq!(run.state(), "completed", "{run:?}");
    assert!(server.seen()[0].header("authorization").is_some());
    assert_eq!(other.seen()[0].header("authorization"), None);
}

#[test]
fn a_call_that_changes_something_does_not_follow_what_has_moved() {
    let server = Server::start(|_, _| Answer::redirect(301, "/other"));
    let run = shop(&server, "").run("refund", &json!({ "charge": "ch_1", "key": "k" }));
    run.failed_saying("has moved to");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_host_that_is_not_named_is_not_called() {
    let server = Server::start(|_, _| found());
    let url = server.url();
    let endpoint = format!("[handlers.http]\n\"http://shop.test\" = \"{url}\"\n");
    for (config, words) in [
        (String::new(), "does not allow `shop.test` to be called"),
        (endpoint.clone(), "does not allow `127.0.0.1` to be called"),
        (format!("[hosts]\nallow = [\"127.0.0.1\"]\n{endpoint}"), "`127.0.0.1` is a loopback address"),
        (
            format!("[hosts]\nallow = [\"*\"]\nprivate = [\"10.0.0.0/8\"]\n{endpoint}"),
            "`127.0.0.1` is a loopback address",
        ),
        (format!("[hosts]\nallow = [\"127.0.0.1:1\"]\nprivate = [\"127.0.0.1\"]\n{endpoint}"), "does not allow"),
    ] {
        let run = find(&Shop::new(PACKAGE, &config));
        run.failed_saying(words);
        assert_eq!(run.attempts(), 1, "{run:?}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_name_is_judged_by_what_it_resolves_to() {
    let server = Server::start(|_, _| found());
    let endpoint = format!("[handlers.http]\n\"http://shop.test\" = \"http://localhost:{}\"\n", server.port());
    let refused = find(&Shop::new(PACKAGE, &format!("[hosts]\nallow = [\"localhost\"]\n{endpoint}")));
    refused.failed_saying("`localhost` is at");
    assert_eq!((server.seen().len(), refused.attempts()), (0, 1));
    let allowed = format!("[hosts]\nallow = [\"localhost\"]\nprivate = [\"127.0.0.0/8\", \"::1\"]\n{endpoint}");
    assert_eq!(find(&Shop::new(PACKAGE, &allowed)).state(), "completed");
}

#[test]
fn a_secret_is_sent_and_written_down_nowhere() {
    // A service that repeats what it was sent, as error pages do.
    let server = Server::start(|seen, before| {
        let said = seen.header("authorization").unwrap_or_default().to_owned();
        match before {
            0 => Answer::json(400, json!({ "error": said })),
            1 => Answer::json(200, json!({ "data": { "items": [said] } })),
            _ => Answer::json(200, json!({ "data": { "items": [1, said] } })),
        }
    });
    let shop = shop(&server, "");
    let runs: Vec<Run> = (0..3).map(|_| shop.run("stock", &json!({ "item": "x" }))).collect();
    runs[0].failed_saying("Bearer [secret SHOP_KEY]");
    assert_eq!(*runs[1].output(), json!({ "items": ["Bearer [secret SHOP_KEY]"] }));
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some(&format!("Bearer {SECRET}"))));
    let shown = shop.gov(["show"]);
    let told = format!("{runs:?}{shown:?}");
    assert!(!told.contains(SECRET), "{told}");
    let written = shop.written();
    assert!(written.windows(8).any(|window| window == b"SHOP_KEY"));
    assert!(!written.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
}

#[test]
fn without_its_secret_nothing_is_sent() {
    let server = Server::start(|_, _| Answer::json(200, json!({ "data": { "items": [] } })));
    let base = format!(
        "[hosts]\nallow = [\"127.0.0.1\"]\nprivate = [\"127.0.0.1\"]\n[handlers.http]\n\"http://shop.test\" = \"{}\"\n",
        server.url()
    );
    for (secrets, words) in [
        ("", "this deployment has no secret `SHOP_KEY`"),
        ("[secrets]\nSHOP_KEY = { env = \"GOV_TEST_NOT_SET\" }", "the secret `SHOP_KEY` is missing"),
        ("[secrets]\nSHOP_KEY = { file = \"not-there\" }", "the secret `SHOP_KEY` is missing"),
        ("[secrets]\nSHOP_KEY = { env = \"SHOP_KEY\", hosts = [\"api.shop.test\"] }", "does not send the secret"),
    ] {
        let run = Shop::new(PACKAGE, &format!("{base}{secrets}")).with("SHOP_KEY", SECRET);
        let run = run.run("stock", &json!({ "item": "x" }));
        run.failed_saying(words);
        assert!(!run.error().contains(SECRET));
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_secret_comes_from_a_file_and_goes_as_the_place_says() {
    type Holds = fn(&crate::server::Seen) -> bool;
    let ways: [(&str, Holds); 3] = [
        ("send = \"header:X-Api-Key\"", |seen| seen.header("x-api-key") == Some(SECRET)),
        ("send = \"query:key\"", |seen| seen.path == format!("/stock/x?key={SECRET}")),
        ("send = \"basic\", user = \"u\"", |seen| seen.header("authorization").unwrap().starts_with("Basic dTpza19s")),
    ];
    for (way, holds) in ways {
        let server = Server::start(|_, _| Answer::json(200, json!({ "data": { "items": [] } })));
        let config = format!(
            "[hosts]\nallow = [\"127.0.0.1\"]\nprivate = [\"127.0.0.1\"]\n[handlers.http]\n\"http://shop.test\" = \"{}\"\n\
             [secrets]\nSHOP_KEY = {{ file = \"key\", {way} }}\n",
            server.url()
        );
        let shop = Shop::new(PACKAGE, &config);
        shop.folder.write("key", format!("{SECRET}\n")).unwrap();
        let run = shop.run("stock", &json!({ "item": "x" }));
        assert_eq!(run.state(), "completed", "{run:?}");
        assert!(holds(&server.seen()[0]), "{:?}", server.seen());
    }
}

#[test]
fn calls_to_the_outside_can_be_forbidden_or_stubbed() {
    let server = Server::start(|_, _| found());
    let forbidden = shop(&server, "[handlers]\nexternal = \"forbidden\"\n");
    let run = find(&forbidden);
    run.failed_saying("forbids calls to the outside");
    assert_eq!(run.attempts(), 1);
    let history = String::from_utf8_lossy(&forbidden.written()).into_owned();
    assert!(history.contains("external_forbidden"));

    let stubbed = shop(&server, "[handlers]\nexternal = \"stubbed\"\n");
    let run = find(&stubbed);
    assert_eq!((run.state(), run.output()), ("completed", &json!({ "charge": "stubbed", "total": "0 USD" })));
    assert_eq!(run.account["steps"][0]["stubbed"], true);
    assert!(String::from_utf8_lossy(&stubbed.written()).contains("\"outcome\":\"stubbed\""));
    assert!(stubbed.gov(["show"]).stdout.contains("stubbed"));
    assert_eq!(stubbed.gov(["replay"]).code, Some(0));

    let said = shop(&server, "[handlers.stubs]\n\"shop.find\" = { charge = \"ch_9\", total = \"3 USD\" }\n");
    let run = said.run_with("find", &json!({ "order": "o1" }), &["--external", "stubbed"]);
    assert_eq!(*run.output(), json!({ "charge": "ch_9", "total": "3 USD" }));
    let wrong = shop(&server, "[handlers.stubs]\n\"shop.find\" = { charge = \"ch_9\" }\n");
    wrong.run_with("find", &json!({ "order": "o1" }), &["--external", "stubbed"]).failed_saying("cannot be stubbed");
    assert_eq!(server.seen().len(), 0);
    assert_eq!(find(&said).state(), "completed");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn what_no_gov_toml_says_is_an_error_with_what_was_meant() {
    let server = Server::start(|_, _| found());
    let shop = shop(&server, "");
    let config = "[package]\nname = \"shop\"\n[hosts]\nalow = [\"a\"]\nprivate = [\"300.0.0.1\"]\n[limits]\nanswer = \"4 MB\"\n\
                  [handlers]\nexternal = \"off\"\nhtpp = {}\n[secrets]\nKEY = { env = 1 }\nOTHER = {}\n";
    shop.folder.write("gov.toml", config).unwrap();
    let ran = shop.gov(["run", "plan.yaml", "find", "--input", "{\"order\":\"o\"}"]);
    assert_eq!(ran.code, Some(2));
    insta::assert_snapshot!(ran.stderr);
    let ran = shop.gov(["run", "plan.yaml", "find", "--config", "not-there.toml"]);
    assert_eq!((ran.code, ran.stderr.contains("cannot read `not-there.toml`")), (Some(2), true), "{ran:?}");
}

#[test]
fn the_place_is_named_or_found_beside_the_plan_or_its_package() {
    let server = Server::start(|_, _| found());
    let shop = shop(&server, "");
    let config = shop.folder.read("gov.toml").unwrap();
    let input = json!({ "order": "o1" }).to_string();
    let completes = |folder: &str, plan: &str, more: &[&str]| {
        let mut arguments = vec!["run", plan, "find", "--input", &input];
        arguments.extend(more);
        let ran = shop.folder.gov_in(folder, arguments).unwrap();
        ran.code == Some(0)
    };
    assert!(completes(".", "plan.yaml", &[]));
    std::fs::create_dir(shop.folder.path("elsewhere")).unwrap();
    assert!(completes("elsewhere", "../plan.yaml", &[]));
    std::fs::remove_file(shop.folder.path("gov.toml")).unwrap();
    assert!(!completes(".", "plan.yaml", &[]));
    shop.folder.write("elsewhere/place.toml", &config).unwrap();
    assert!(completes(".", "plan.yaml", &["--config", "elsewhere/place.toml"]));
    shop.folder.write("elsewhere/gov.toml", &config).unwrap();
    // Beside the database.
    assert!(completes("elsewhere", "../plan.yaml", &["--db", "./gov.db"]));
    // Above the package.
    shop.folder.write("pack/gov.toml", format!("[package]\nname = \"shop\"\n{config}")).unwrap();
    shop.folder.write("pack/below/shop.gov", PACKAGE).unwrap();
    assert!(completes("elsewhere", "../pack/below", &["--db", "other.db"]));
    assert!(completes(".", "pack", &["--db", "another.db"]));
}

#[test]
fn a_value_of_the_input_does_not_leak_into_messages_as_a_secret_would() {
    let server = Server::start(|_, _| Answer::text(404, ""));
    let run = shop(&server, "").run("find", &Value::from_iter([("order", "o1"), ("lang", "private")]));
    run.failed_saying("/orders/o1` answered 404 (Not Found)");
    assert!(!run.error().contains("private"), "a query may hold what is secret: {run:?}");
}
