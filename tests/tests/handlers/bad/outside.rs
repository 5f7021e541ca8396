//! Handlers that leave the machine, against real servers, and some that misbehave.

use super::Bad::{Refused, Secret, Shape, Size, Text, Time};
use super::Kind::{Misfit, Permanent, Transient, Unknown};
use super::{Family, cases, hold, variable};
use crate::cluster::Cluster;
use crate::program::{Program, script};
use crate::server::{Answer, Server};
use gov_tests::Sandbox;
use std::io::Write;
use std::net::{TcpListener, TcpStream};

pub fn families() -> Vec<Family> {
    vec![net(), http(), llm(), webhook(), human(), calendar(), postgres(), mail()]
}

/// What every `gov.toml` says of hosts, answers and secrets: the key is not set.
macro_rules! place {
    ($more:literal) => {
        concat!(
            "[hosts]\nallow = [\"<host>\", \"169.254.169.254\"]\nprivate = [\"127.0.0.1\"]\n[limits]\nanswer = \"4KiB\"\n",
            "[secrets]\nGONE = { env = \"GOV_TEST_NOT_SET\", hosts = [\"127.0.0.1\"] }\nKEY = { env = \"GOV_TEST_KEY\" }\n",
            $more
        )
    };
}

/// What the server answers: by the first part of a path.
fn answer(path: &str) -> Answer {
    match path.split('/').nth(1).unwrap_or_default() {
        "shape" => Answer::text(200, "nonsense").with("content-type", "application/json"),
        "large" => Answer::text(200, &"x".repeat(5_000)),
        "late" => Answer::silence(),
        "raw" => Answer::bytes(200, b"\"\xff\""),
        "moved" => Answer::redirect(302, "http://169.254.169.254/latest/meta-data"),
        _ => Answer::json(200, serde_json::json!({ "done": "yes" })),
    }
}

fn net() -> Family {
    let late = "net.http.post { url: \"<url>/late\" } timeout 2s";
    let cases = cases([
        (Shape, Permanent, "net.http.get { url: \"nowhere\" }", "is no address"),
        (Shape, Misfit, "net.http.get { url: \"<url>/shape\" }", "is no JSON"),
        (Secret, Permanent, "net.http.get { url: \"<url>/x\", secret: \"GONE\" }", "the secret `GONE` is missing"),
        (
            Secret,
            Permanent,
            "net.http.get { url: \"<url>/x\", secret: \"KEY\" }",
            "goes to no address that is put together",
        ),
        (Refused, Permanent, "net.http.get { url: \"http://other.example/\" }", "does not allow `other.example`"),
        (Refused, Permanent, "net.http.get { url: \"<url>/moved\" }", "cloud metadata"),
        (Size, Misfit, "net.http.get { url: \"<url>/large\" }", "larger than 4096 bytes"),
        (Time, Transient, "net.http.get { url: \"<url>/late\" } timeout 2s", "no answer within 2s"),
        (Time, Unknown, late, ""),
        // Nothing was sent.
        (
            Time,
            Transient,
            "net.http.post { url: \"<full>/x\" } timeout 2s",
            "cannot be reached: it does not answer in time",
        ),
        (Text, Misfit, "net.http.get { url: \"<url>/raw\" }", "is not UTF-8"),
    ]);
    Family { name: "net.http", package: "use std.net.http", config: place!(""), cases }
}

fn http() -> Family {
    let package = r#"
capability web.get: read {
    input   { path: String }
    output  { done: String }
    handler http { method: "GET", url: "<url>/{path}" }
}
capability web.secret: read {
    output  { done: String }
    handler http { method: "GET", url: "<url>/x", secret: "GONE" }
}
capability web.else: read {
    output  { done: String }
    handler http { method: "GET", url: "http://other.example/x" }
}
capability web.post: network {
    input   { path: String }
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler http { method: "POST", url: "<url>/{path}" }
}"#;
    let cases = cases([
        (Shape, Misfit, "web.get { path: \"shape\" }", "is no JSON"),
        (Shape, Permanent, "web.get { path: \"..\" }", "cannot stand for a part of the path"),
        (Secret, Permanent, "web.secret {}", "the secret `GONE` is missing"),
        (Refused, Permanent, "web.else {}", "does not allow `other.example`"),
        (Refused, Permanent, "web.get { path: \"moved\" }", "cloud metadata"),
        (Size, Misfit, "web.get { path: \"large\" }", "larger than 4096 bytes"),
        (Time, Transient, "web.get { path: \"late\" } timeout 2s", "no answer within 2s"),
        (Time, Unknown, "web.post { path: \"late\" } timeout 2s", ""),
        (Text, Misfit, "web.get { path: \"raw\" }", "is not UTF-8"),
    ]);
    Family { name: "handler http", package, config: place!(""), cases }
}

fn llm() -> Family {
    let config = place!(
        "[handlers.llm.shape]\nform = \"openai\"\nurl = \"<url>/shape\"\nmodel = \"m\"\ninput_price = \"0 USD\"\noutput_price = \"0 USD\"\n\
         [handlers.llm.empty]\nform = \"anthropic\"\nurl = \"<url>/x\"\nmodel = \"m\"\ninput_price = \"0 USD\"\noutput_price = \"0 USD\"\n\
         [handlers.llm.gone]\nform = \"openai\"\nurl = \"<url>/x\"\nmodel = \"m\"\nsecret = \"GONE\"\ninput_price = \"0 USD\"\noutput_price = \"0 USD\"\n\
         [handlers.llm.else]\nform = \"openai\"\nurl = \"https://other.example\"\nmodel = \"m\"\ninput_price = \"0 USD\"\noutput_price = \"0 USD\"\n\
         [handlers.llm.large]\nform = \"openai\"\nurl = \"<url>/large\"\nmodel = \"m\"\ninput_price = \"0 USD\"\noutput_price = \"0 USD\"\n\
         [handlers.llm.late]\nform = \"openai\"\nurl = \"<url>/late\"\nmodel = \"m\"\ninput_price = \"0 USD\"\noutput_price = \"0 USD\"\n\
         [handlers.llm.raw]\nform = \"openai\"\nurl = \"<url>/raw\"\nmodel = \"m\"\ninput_price = \"0 USD\"\noutput_price = \"0 USD\"\n"
    );
    let cases = cases([
        (Shape, Misfit, "llm.invoke { model: \"shape\", prompt: \"a\", max_tokens: 9 }", "is no JSON"),
        (Shape, Misfit, "llm.invoke { model: \"empty\", prompt: \"a\", max_tokens: 9 }", "gave no text"),
        (
            Secret,
            Permanent,
            "llm.invoke { model: \"gone\", prompt: \"a\", max_tokens: 9 }",
            "the secret `GONE` is missing",
        ),
        (
            Refused,
            Permanent,
            "llm.invoke { model: \"else\", prompt: \"a\", max_tokens: 9 }",
            "does not allow `other.example`",
        ),
        (Refused, Permanent, "llm.invoke { model: \"none\", prompt: \"a\", max_tokens: 9 }", "has no model `none`"),
        (Size, Misfit, "llm.invoke { model: \"large\", prompt: \"a\", max_tokens: 9 }", "larger than 4096 bytes"),
        (
            Time,
            Transient,
            "llm.invoke { model: \"late\", prompt: \"a\", max_tokens: 9 } timeout 2s",
            "no answer within 2s",
        ),
        (Text, Misfit, "llm.invoke { model: \"raw\", prompt: \"a\", max_tokens: 9 }", "is not UTF-8"),
    ]);
    Family { name: "llm", package: "use std.llm", config, cases }
}

fn webhook() -> Family {
    let config = place!(
        "NONSENSE = { env = \"GOV_TEST_NONSENSE\" }\n\
         [handlers.webhook.shape]\nurl = \"<url>/x\"\nsecret = \"NONSENSE\"\n[handlers.webhook.gone]\nurl = \"<url>/x\"\nsecret = \"GONE\"\n\
         [handlers.webhook.else]\nurl = \"https://other.example\"\nsecret = \"KEY\"\n\
         [handlers.webhook.large]\nurl = \"<url>/large\"\nsecret = \"KEY\"\n[handlers.webhook.late]\nurl = \"<url>/late\"\nsecret = \"KEY\"\n"
    );
    let cases = cases([
        (Shape, Permanent, "webhook.send { hook: \"shape\", event: \"e\", body: 1 }", "goes on in Base64"),
        (Secret, Permanent, "webhook.send { hook: \"gone\", event: \"e\", body: 1 }", "the secret `GONE` is missing"),
        (
            Refused,
            Permanent,
            "webhook.send { hook: \"else\", event: \"e\", body: 1 }",
            "does not allow `other.example`",
        ),
        (Refused, Permanent, "webhook.send { hook: \"none\", event: \"e\", body: 1 }", "where the webhook `none` goes"),
        (Size, Misfit, "webhook.send { hook: \"large\", event: \"e\", body: 1 }", "larger than 4096 bytes"),
        (Time, Unknown, "webhook.send { hook: \"late\", event: \"e\", body: 1 } timeout 2s", ""),
    ]);
    Family { name: "webhook", package: "use std.webhook", config, cases }
}

fn human() -> Family {
    let config = place!(
        "[handlers.webhook.gone]\nurl = \"<url>/x\"\nsecret = \"GONE\"\n[handlers.webhook.large]\nurl = \"<url>/large\"\nsecret = \"KEY\"\n\
         [handlers.webhook.late]\nurl = \"<url>/late\"\nsecret = \"KEY\"\n\
         [handlers.human.gone]\nwebhook = \"gone\"\n[handlers.human.large]\nwebhook = \"large\"\n[handlers.human.late]\nwebhook = \"late\"\n\
         [handlers.human.odd]\nprogram = \"odd\"\n[handlers.exec.odd]\npath = \"/bin/false\"\n"
    );
    let cases = cases([
        (Shape, Permanent, "human.notify { to: \"odd\", message: \"a\" }", "`odd` ended with 1"),
        (Secret, Permanent, "human.notify { to: \"gone\", message: \"a\" }", "the secret `GONE` is missing"),
        (Refused, Permanent, "human.notify { to: \"eve\", message: \"a\" }", "how `eve` is told"),
        (Size, Misfit, "human.notify { to: \"large\", message: \"a\" }", "larger than 4096 bytes"),
        (Time, Transient, "human.notify { to: \"late\", message: \"a\" } timeout 2s", "no answer within 2s"),
    ]);
    Family { name: "human", package: "use std.human", config, cases }
}

fn calendar() -> Family {
    let config = place!(
        "[handlers.calendar.here]\nurl = \"<url>/x/\"\n[handlers.calendar.gone]\nurl = \"<url>/x/\"\nuser = \"u\"\nsecret = \"GONE\"\n\
         [handlers.calendar.else]\nurl = \"https://other.example/\"\n[handlers.calendar.large]\nurl = \"<url>/large/\"\n\
         [handlers.calendar.late]\nurl = \"<url>/late/\"\n"
    );
    let cases = cases([
        (
            Shape,
            Permanent,
            "calendar.delete_event { calendar: \"here\", event: \"../x\" }",
            "is no event of a calendar",
        ),
        (
            Secret,
            Permanent,
            "calendar.delete_event { calendar: \"gone\", event: \"x\" }",
            "the secret `GONE` is missing",
        ),
        (
            Refused,
            Permanent,
            "calendar.delete_event { calendar: \"else\", event: \"x\" }",
            "does not allow `other.example`",
        ),
        (Refused, Permanent, "calendar.delete_event { calendar: \"none\", event: \"x\" }", "has no calendar `none`"),
        (Size, Misfit, "calendar.delete_event { calendar: \"large\", event: \"x\" }", "larger than 4096 bytes"),
        (Time, Unknown, "calendar.delete_event { calendar: \"late\", event: \"x\" } timeout 2s", ""),
    ]);
    Family { name: "calendar", package: "use std.calendar", config, cases }
}

#[test]
fn what_is_bad_about_calls_over_http_is_told_and_undone() {
    let server = Server::start(|seen, _| answer(&seen.path));
    let full = Full::new();
    let words = [
        ("<url>", server.url()),
        ("<full>", format!("http://127.0.0.1:{}", full.port)),
        ("<host>", "127.0.0.1".to_owned()),
    ];
    let variables = [variable("GOV_TEST_KEY", "k_0123456789"), variable("GOV_TEST_NONSENSE", "whsec_!")];
    let folder = Sandbox::new().unwrap();
    for family in [net(), http(), llm(), webhook(), human(), calendar()] {
        hold(&family, &folder, &words, &variables);
    }
}

/// A listener that takes no connection any more: whoever wants one is not answered.
struct Full {
    port: u16,
    _listener: Program,
    _waiting: Vec<TcpStream>,
}

impl Full {
    fn new() -> Full {
        let listener = Program::start(&[
            "-c",
            "import socket, time\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen(0)\nprint(s.getsockname()[1])\ntime.sleep(3600)",
        ]);
        let port: u16 = listener.line(0).parse().unwrap();
        let mut waiting = Vec::new();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        while let Ok(connection) = TcpStream::connect_timeout(&address, std::time::Duration::from_secs(1)) {
            waiting.push(connection);
        }
        Full { port, _listener: listener, _waiting: waiting }
    }
}

fn postgres() -> Family {
    let config = "[secrets]\nGONE = { env = \"GOV_TEST_NOT_SET\" }\nSHOP = { env = \"GOV_TEST_SHOP\" }\nFAR = { env = \"GOV_TEST_FAR\" }\n\
                  SILENT = { env = \"GOV_TEST_SILENT\" }\n[handlers.postgres.shop]\nsecret = \"SHOP\"\n[handlers.postgres.gone]\nsecret = \"GONE\"\n\
                  [handlers.postgres.far]\nsecret = \"FAR\"\n[handlers.postgres.silent]\nsecret = \"SILENT\"\n";
    let large = "db.postgres.query { database: \"shop\", sql: \"SELECT repeat('x', 1000000) AS a FROM generate_series(1, 100)\" }";
    let raw = "db.postgres.query { database: \"shop\", sql: \"SELECT convert_from('\\\\xff'::bytea, 'UTF8') AS a\" }";
    let cases = cases([
        (Shape, Permanent, "db.postgres.query { database: \"shop\", sql: \"SELEC 1\" }", "syntax error"),
        (Shape, Permanent, "db.postgres.execute { database: \"shop\", sql: \"SELECT $1::int\" }", "has 1 parameters"),
        (
            Secret,
            Permanent,
            "db.postgres.query { database: \"gone\", sql: \"SELECT 1\" }",
            "the secret `GONE` is missing",
        ),
        (Refused, Permanent, "db.postgres.query { database: \"none\", sql: \"SELECT 1\" }", "names no database `none`"),
        (Refused, Permanent, "db.postgres.query { database: \"far\", sql: \"SELECT 1\" }", "sslmode=disable"),
        (Size, Permanent, large, "ask for less"),
        (
            Time,
            Transient,
            "db.postgres.query { database: \"shop\", sql: \"SELECT pg_sleep(60)\" } timeout 2s",
            "in time",
        ),
        (
            Time,
            Transient,
            "db.postgres.execute { database: \"shop\", sql: \"SELECT pg_sleep(60)\" } timeout 2s",
            "in time",
        ),
        (Time, Transient, "db.postgres.execute { database: \"silent\", sql: \"SELECT 1\" } timeout 2s", "in time"),
        (Text, Permanent, raw, "invalid byte sequence"),
    ]);
    Family { name: "db.postgres", package: "use std.db.postgres", config, cases }
}

#[test]
fn what_is_bad_about_calls_of_postgres_is_told_and_undone() {
    let Some(cluster) = Cluster::start() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("host=127.0.0.1 port={} user=gov dbname=shop", silent.local_addr().unwrap().port());
    let variables = [
        variable("GOV_TEST_SHOP", cluster.address()),
        variable("GOV_TEST_FAR", "host=db.example user=gov"),
        variable("GOV_TEST_SILENT", silent),
    ];
    hold(&postgres(), &Sandbox::new().unwrap(), &[], &variables);
}

fn mail() -> Family {
    let relay = place!(
        "[handlers.mail]\nserver = \"127.0.0.1:<port>\"\nencryption = \"none\"\nfrom = \"a@acme.example\"\nrecipients = [\"*@acme.example\"]\n"
    );
    let to = |bad, kind, call, says| super::Case::new(bad, kind, call, says);
    let send = "mail.send { to: [\"ann@acme.example\"], subject: \"s\", text: \"t\" } timeout 3s";
    let at = |bad, config, says| to(bad, Transient, send, says).with(config);
    let mut cases = cases([
        (
            Shape,
            Permanent,
            "mail.send { to: [\"no address\"], subject: \"s\", text: \"t\" }",
            "is no address of a mail",
        ),
        (
            Refused,
            Permanent,
            "mail.send { to: [\"eve@other.example\"], subject: \"s\", text: \"t\" }",
            "does not write to",
        ),
        (Time, Unknown, "mail.send { to: [\"broken@acme.example\"], subject: \"s\", text: \"t\" }", ""),
    ]);
    let gone = place!(
        "[handlers.mail]\nserver = \"127.0.0.1:<port>\"\nuser = \"u\"\nsecret = \"GONE\"\nfrom = \"a@acme.example\"\n"
    );
    cases.push(to(Secret, Permanent, send, "the secret `GONE` is missing").with(gone));
    cases.push(at(
        Size,
        place!("[handlers.mail]\nserver = \"127.0.0.1:<large>\"\nencryption = \"none\"\nfrom = \"a@acme.example\"\n"),
        "too l",
    ));
    cases.push(at(
        Time,
        place!("[handlers.mail]\nserver = \"127.0.0.1:<silent>\"\nencryption = \"none\"\nfrom = \"a@acme.example\"\n"),
        "in time",
    ));
    cases.push(at(
        Text,
        place!("[handlers.mail]\nserver = \"127.0.0.1:<raw>\"\nencryption = \"none\"\nfrom = \"a@acme.example\"\n"),
        "127.0.0.1",
    ));
    Family { name: "mail", package: "use std.mail", config: relay, cases }
}

#[test]
fn what_is_bad_about_mail_is_told_and_undone() {
    let server = Program::start(&[&script("mail.py")]);
    let words = [
        ("<port>", server.line(0)),
        ("<host>", "127.0.0.1".to_owned()),
        ("<silent>", greets(Vec::new())),
        ("<large>", greets(format!("220 {}\r\n", "x".repeat(5_000)).into_bytes())),
        ("<raw>", greets(b"220 \xff\xfe\r\n".to_vec())),
    ];
    hold(&mail(), &Sandbox::new().unwrap(), &words, &[]);
}

/// The port of a server that says this to whoever comes, and nothing else.
fn greets(words: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for connection in listener.incoming().map_while(Result::ok) {
            let _ = (&connection).write_all(&words);
            open.push(connection);
        }
    });
    port.to_string()
}
