//! Encrypted connections: HTTPS, and SMTP that is encrypted at once or from `STARTTLS` on, with an authority of this test.

use crate::program::{Program, script};
use crate::shop::{Run, Shop};
use serde_json::{Value, json};

const PACKAGE: &str = r#"package shop

use std.mail

capability shop.find: read {
    input   { order: String }
    output  { charge: String }
    retry   3 times backoff 1ms..5ms on transient
    timeout 60s
    handler http { method: "GET", url: "https://shop.test/orders/{order}", secret: "KEY" }
}

capability shop.tool: read {
    output  { text: String }
    retry   3 times backoff 1ms..5ms on transient
    handler mcp { server: "shop", tool: "find" }
}

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to shop.*, mail.*
}

workflow find(order: String) -> { charge: String } {
    principal agent:support
    policy    desk
    step found = shop.find { order: order }
    return { charge: found.charge }
}

workflow tool() -> { text: String } {
    principal agent:support
    policy    desk
    step found = shop.tool {}
    return { text: found.text }
}

workflow write() -> { id: String } {
    principal agent:support
    policy    desk
    step sent = mail.send { to: ["ann@acme.example"], subject: "Tea", text: "cold" } retry 3 times backoff 1ms..5ms on transient
    return { id: sent.id }
}
"#;

/// Who is trusted, whose certificate is not good then, and what is said of it.
fn wrong() -> [(&'static str, &'static str, &'static str); 4] {
    [
        (CA, "elsewhere", "not valid for name"),
        (CA, "expired", "expired"),
        (CA, "stranger", "UnknownIssuer"),
        ("", "good", "UnknownIssuer"),
    ]
}

struct Place {
    servers: Program,
    ports: Value,
    shop: Shop,
}

impl Place {
    fn new() -> Place {
        let shop = Shop::new(PACKAGE, "").with("KEY", "pw_0123456789");
        let servers = Program::start(&[&script("tls.py"), shop.folder.path(".").to_str().unwrap()]);
        let ports = serde_json::from_str(&servers.line(0)).unwrap();
        Place { servers, ports, shop }
    }

    fn config(&self, certificates: &str, server: &str) {
        let port = |server: &str| self.ports[server].as_u64().unwrap();
        let (kind, which) = server.split_once('_').unwrap();
        let (https, smtp) = (port(&format!("https_{which}")), port(server));
        let encryption = if kind == "https" { "tls" } else { kind };
        let config = format!(
            "[hosts]\nallow = [\"localhost\"]\nprivate = [\"127.0.0.1\", \"::1\"]\ncertificates = [{certificates}]\n\
             [secrets]\nKEY = {{ env = \"KEY\" }}\n\
             [handlers.http]\n\"https://shop.test\" = \"https://localhost:{https}\"\n\
             [handlers.mcp.shop]\nurl = \"https://localhost:{https}/mcp\"\n\
             [handlers.mail]\nserver = \"localhost:{smtp}\"\nencryption = \"{encryption}\"\nuser = \"desk\"\nsecret = \"KEY\"\n\
             from = \"desk@acme.example\"\n"
        );
        self.shop.folder.write("gov.toml", config).unwrap();
    }

    fn find(&self, certificates: &str, server: &str) -> Run {
        self.config(certificates, &format!("https_{server}"));
        self.shop.run("find", &json!({ "order": "1" }))
    }

    fn write(&self, certificates: &str, server: &str) -> Run {
        self.config(certificates, server);
        self.shop.run("write", &json!({}))
    }

    /// What the servers got.
    fn got(&self) -> Vec<Value> {
        self.servers.lines().iter().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

const CA: &str = "\"ca.pem\"";

#[test]
fn https_is_spoken_with_whom_the_place_trusts() {
    let place = Place::new();
    let run = place.find(CA, "good");
    assert_eq!(*run.output(), json!({ "charge": "ch_1" }), "{run:?}");
    let asked = json!({ "server": "https", "path": "/orders/1", "authorization": "Bearer pw_0123456789" });
    assert_eq!(place.got(), [asked]);
    // Nothing goes on without encryption, the secret least of all.
    let down = place.shop.run("find", &json!({ "order": "down" }));
    down.failed_saying("redirects to an address without encryption");
    assert_eq!((down.attempts(), place.got().len()), (1, 2), "{down:?}");
}

#[test]
fn https_is_not_spoken_with_anybody_else() {
    let place = Place::new();
    for (certificates, server, words) in wrong() {
        let run = place.find(certificates, server);
        run.failed_saying("is not trusted: ");
        run.failed_saying(words);
        assert_eq!(run.attempts(), 1, "{run:?}");
        let run = place.shop.run("tool", &json!({}));
        run.failed_saying("is not trusted: ");
        assert_eq!(run.attempts(), 1, "{run:?}");
    }
    assert_eq!(place.got(), [] as [Value; 0]);
}

#[test]
fn mail_is_given_to_whom_the_place_trusts_and_so_is_the_password() {
    let place = Place::new();
    for (number, kind) in (1..).zip(["tls", "starttls"]) {
        let run = place.write(CA, &format!("{kind}_good"));
        assert_eq!(run.state(), "completed", "{run:?}");
        let got = place.got();
        assert_eq!(got.len(), number);
        assert_eq!((&got[number - 1]["to"], &got[number - 1]["user"]), (&json!(["ann@acme.example"]), &json!("desk")));
    }
    let mut place = place;
    place.shop.set("KEY", Some("another password"));
    let run = place.write(CA, "starttls_good");
    run.failed_saying("535");
    assert_eq!((run.attempts(), place.got().len()), (1, 2), "{run:?}");
}

#[test]
fn mail_is_given_to_nobody_else() {
    let place = Place::new();
    for kind in ["tls", "starttls"] {
        for (certificates, server, words) in wrong() {
            let run = place.write(certificates, &format!("{kind}_{server}"));
            run.failed_saying("is not trusted: ");
            run.failed_saying(words);
            assert_eq!(run.attempts(), 1, "{run:?}");
        }
    }
    assert_eq!(place.got(), [] as [Value; 0]);
}

#[test]
fn certificates_of_the_place_have_to_be_some() {
    let place = Place::new();
    place.shop.folder.write("none.pem", "no certificate").unwrap();
    place.shop.folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for file in ["\"not-there.pem\"", "\"none.pem\"", "\"ca.pem\", \"broken.pem\""] {
        for run in [place.find(file, "good"), place.write(file, "starttls_good")] {
            let named = file.rsplit('"').nth(1).unwrap();
            run.failed_saying(named);
            assert_eq!(run.attempts(), 1, "{run:?}");
        }
    }
    assert_eq!(place.got(), [] as [Value; 0]);
}
