//! `db.postgres`, as a deployment names its databases, against a real server.

use crate::cluster::Cluster;
use crate::shop::Shop;
use serde_json::{Value, json};

const PACKAGE: &str = r#"package shop

use std.db.postgres

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to db.postgres.*
}

workflow look(database: String, sql: String) -> { rows: List<Json> } {
    principal agent:support
    policy    desk
    step found = db.postgres.query { database: database, sql: sql } retry 2 times backoff 1ms..5ms on transient
    return { rows: found.rows }
}

workflow change(sql: String) -> { rows: Int } {
    principal agent:support
    policy    desk
    step done = db.postgres.execute { database: "shop", sql: sql }
    return { rows: done.rows }
}
"#;

const SHOP: &str = "[handlers.postgres.shop]\nsecret = \"SHOP_URL\"\n[secrets]\nSHOP_URL = { env = \"SHOP_URL\" }\n";

fn look(shop: &Shop, database: &str) -> crate::shop::Run {
    shop.run("look", &json!({ "database": database, "sql": "SELECT 1 AS one" }))
}

#[test]
fn a_database_that_the_place_names_is_asked_and_told() {
    let Some(cluster) = Cluster::start() else { return };
    let address = format!("{} password=pw_0123456789", cluster.address());
    let shop = Shop::new(PACKAGE, SHOP).with("SHOP_URL", &address);
    assert_eq!(*look(&shop, "shop").output(), json!({ "rows": [{ "one": 1 }] }));
    let change = |sql: &str| shop.run("change", &json!({ "sql": sql }));
    assert_eq!(*change("CREATE TABLE tea (cold bool)").output(), json!({ "rows": 0 }));
    assert_eq!(*change("INSERT INTO tea VALUES (true), (false)").output(), json!({ "rows": 2 }));
    assert_eq!(cluster.ask("SELECT count(*) FROM tea"), "2");
    let wrong = change("INSERT INTO tea VALUES ('lukewarm')");
    wrong.failed_saying("invalid input syntax");
    assert_eq!(cluster.ask("SELECT count(*) FROM tea"), "2");
    // The address has a password in it.
    let written = shop.written();
    assert!(!written.windows(13).any(|bytes| bytes == b"pw_0123456789"));
}

#[test]
fn without_its_database_or_secret_nothing_is_asked() {
    let mut shop = Shop::new(PACKAGE, "");
    for (config, value, words) in [
        ("", None, "names no database `shop`"),
        ("[handlers.postgres.other]\nsecret = \"SHOP_URL\"\n", None, "names no database `shop`"),
        ("[handlers.postgres.shop]\nsecret = \"SHOP_URL\"\n", None, "this deployment has no secret `SHOP_URL`"),
        (SHOP, None, "the secret `SHOP_URL` is missing: the variable `SHOP_URL` has no text"),
        (SHOP, Some(""), "the secret `SHOP_URL` is missing"),
        (SHOP, Some("nonsense password=pw_0123456789"), "the address of the database `shop` cannot be read"),
        (SHOP, Some("host=db.example password=pw_0123456789"), "say `sslmode=disable`"),
        (SHOP, Some("host=/run sslmode=require password=pw_0123456789"), "not encrypted"),
    ] {
        shop.folder.write("gov.toml", config).unwrap();
        shop.set("SHOP_URL", value);
        let run = look(&shop, "shop");
        run.failed_saying(words);
        assert_eq!(run.attempts(), 1, "{run:?}");
        assert!(!format!("{run:?}").contains("pw_0123456789"), "{run:?}");
    }
    shop.folder.write("gov.toml", SHOP).unwrap();
    shop.set("SHOP_URL", Some("host=/nowhere/at/all user=gov"));
    let run = look(&shop, "shop");
    run.failed_saying("the database `shop`");
    assert_eq!(run.attempts(), 2, "{run:?}");
}

#[test]
fn a_database_is_asked_like_anything_outside() {
    let shop = Shop::new(PACKAGE, SHOP).with("SHOP_URL", "host=/nowhere user=gov");
    let input = json!({ "database": "shop", "sql": "SELECT 1" });
    shop.run_with("look", &input, &["--external", "forbidden"]).failed_saying("forbids calls to the outside");
    let stubbed = shop.run_with("look", &input, &["--external", "stubbed"]);
    assert_eq!(*stubbed.output(), Value::from_iter([("rows", json!([]))]), "{stubbed:?}");
}
