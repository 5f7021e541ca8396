//! `mail.send` against an SMTP server.

use crate::program::{Program, script};
use crate::shop::{Run, Shop};
use serde_json::{Value, json};

const PACKAGE: &str = r#"package shop

use std.mail

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to mail.*
}

workflow write(to: List<String>, subject: String, text: String) -> { id: String } {
    principal agent:support
    policy    desk
    step sent = mail.send { to: to, subject: subject, text: text } retry 2 times backoff 1ms..5ms on transient
    return { id: sent.id }
}
"#;

struct Post {
    server: Program,
    shop: Shop,
}

fn post(more: &str) -> Post {
    let server = Program::start(&[&script("mail.py")]);
    let port = server.line(0);
    let config = format!(
        "[hosts]\nallow = [\"127.0.0.1\"]\nprivate = [\"127.0.0.1\"]\n[handlers.mail]\nserver = \"127.0.0.1:{port}\"\n\
         encryption = \"none\"\nfrom = \"Desk <desk@acme.example>\"\n{more}\n"
    );
    Post { server, shop: Shop::new(PACKAGE, &config) }
}

impl Post {
    fn write(&self, to: &str) -> Run {
        let input = json!({ "to": [to], "subject": "Tee für Öl\r\nBcc: evil@x.example", "text": "Grüße\n.\nEnde" });
        self.shop.run("write", &input)
    }

    /// The mails that arrived.
    fn arrived(&self) -> Vec<Value> {
        self.server.lines().iter().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn a_mail_arrives_as_it_was_written() {
    let post = post("");
    let run = post.write("Ann <ann@acme.example>");
    assert_eq!(run.state(), "completed", "{run:?}");
    let mails = post.arrived();
    assert_eq!(
        (mails.len(), &mails[0]["from"], &mails[0]["to"]),
        (1, &json!("desk@acme.example"), &json!(["ann@acme.example"]))
    );
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains(run.output()["id"].as_str().unwrap()), "{text}");
    // What is put into a subject stays there.
    assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
}

#[test]
fn what_the_relay_says_is_what_it_means() {
    let post = post("");
    let busy = post.write("busy@acme.example");
    busy.failed_saying("451");
    assert_eq!(busy.attempts(), 2, "{busy:?}");
    let nobody = post.write("nobody@acme.example");
    nobody.failed_saying("550");
    assert_eq!(nobody.attempts(), 1);
    assert_eq!(post.arrived().len(), 0);
    let broken = post.write("broken@acme.example");
    assert_eq!((broken.state(), broken.attempts()), ("stuck", 1), "{broken:?}");
    assert_eq!(post.arrived().len(), 1);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let only_acme = post("recipients = [\"*@acme.example\", \"eve@other.example\"]");
    only_acme.write("ann@other.example").failed_saying("does not write to `ann@other.example`");
    only_acme.write("no address").failed_saying("is no address of a mail");
    only_acme.shop.run("write", &json!({ "to": [], "subject": "a", "text": "" })).failed_saying("len(self) >= 1");
    assert_eq!(only_acme.write("Eve <Eve@Other.example>").state(), "completed");
    assert_eq!(only_acme.arrived().len(), 1);

    let wants_encryption = post("");
    let config = wants_encryption.shop.folder.read("gov.toml").unwrap();
    let with = |from: &str, to: &str| {
        wants_encryption.shop.folder.write("gov.toml", config.replace(from, to)).unwrap();
        wants_encryption.write("ann@acme.example")
    };
    with("\"none\"", "\"starttls\"").failed_saying("has no encryption");
    with("private = [\"127.0.0.1\"]\n", "").failed_saying("a loopback address");
    with("allow = [\"127.0.0.1\"]\n", "").failed_saying("does not allow `127.0.0.1`");
    with(
        "[handlers.mail]",
        "[secrets]\nPASSWORD = { env = \"HOME\" }\n[handlers.mail]\nuser = \"u\"\nsecret = \"PASSWORD\"",
    )
    .failed_saying("without encryption");
    assert_eq!(wants_encryption.arrived().len(), 0);
    Post { server: post("").server, shop: Shop::new(PACKAGE, "") }
        .write("a@b.example")
        .failed_saying("how mail is sent");
}
