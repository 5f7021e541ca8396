//! The webhook that is told of waiting approvals: signed, retried, never waited for, and not forgotten over a crash.

use crate::desk::{self, PACKAGE, gov, told};
use crate::program::{free_port, wait};
use crate::server::{Answer, Seen, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gov_tests::{Ran, Sandbox};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::process::{Child, Stdio};

/// What signs: the example of Standard Webhooks.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The desk, whose approvals are told to a port.
struct Desk {
    folder: Sandbox,
    _service: Server,
}

impl Desk {
    fn new(port: u16) -> Desk {
        let service = desk::service();
        let more = format!(
            "[handlers.webhook.approvers]\nurl = \"http://127.0.0.1:{port}/hook\"\nsecret = \"HOOK_KEY\"\n\n\
             [approvals]\nwebhook = \"approvers\"\n"
        );
        let config = desk::config(&service, &more)
            .replace("allow = [", &format!("allow = [\"127.0.0.1:{port}\", "))
            .replace("[secrets]\n", "[secrets]\nHOOK_KEY = { env = \"HOOK_KEY\", plain = true }\n");
        let folder = Sandbox::with([("desk.gov", PACKAGE), ("gov.toml", config.as_str())]).unwrap();
        Desk { folder, _service: service }
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = desk::command(&self.folder, ".", arguments);
        command.env("HOOK_KEY", KEY).args(["--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn gov(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.spawn(arguments).wait_with_output().unwrap())
    }

    fn start(&self) -> Child {
        self.spawn(&["run", "desk.gov", "refund", "--input", r#"{ "order": "7", "amount": 25 }"#])
    }

    /// Starts a run, which waits: its id.
    fn waiting(&self) -> (String, Ran) {
        let ran = Ran::from(self.start().wait_with_output().unwrap());
        assert_eq!(ran.code, Some(4), "{ran:?}");
        (told(&ran)["run"].as_str().unwrap().to_owned(), ran)
    }

    /// The one run that there is, by its beginning.
    fn only_run(&self) -> Value {
        let runs = told(&gov(&self.folder, ".", &["runs", "--format", "json"]));
        assert_eq!(runs.as_array().unwrap().len(), 1);
        runs[0].clone()
    }
}

/// Whether a request is signed with the key, over its id, its time and its very body.
fn is_signed(seen: &Seen) -> bool {
    let header = |name: &str| seen.header(name).unwrap_or_else(|| panic!("no `{name}`: {seen:?}"));
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), seen.body);
    let key = STANDARD.decode(KEY.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(signed.as_bytes());
    let signature = STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    mac.verify_slice(&signature).is_ok()
}

#[test]
fn a_waiting_approval_is_told_and_signed() {
    let hook = Server::start(|_, _| Answer::text(204, ""));
    let desk = Desk::new(hook.port());
    let (run, ran) = desk.waiting();
    assert_eq!(ran.stderr, "");
    let [seen] = &hook.seen()[..] else { panic!("{:?}", hook.seen()) };
    assert!(is_signed(seen), "{seen:?}");
    let changed = Seen { body: seen.body.replace("25", "26"), ..seen.clone() };
    assert!(!is_signed(&changed));
    let question = told(&desk.gov(&["approve", &run]));
    let body = seen.json();
    assert_eq!(body["type"], "approval.waiting");
    let data = &body["data"];
    assert_eq!(
        json!([data["run"], data["workflow"], data["step"], data["capability"], data["approvers"], data["quorum"]]),
        json!([run, "refund", "paid", "money.pay", ["user:ann"], 1])
    );
    assert_eq!(data["arguments"], json!({ "order": "7", "amount": 25, "key": "pay-7" }));
    assert_eq!(data["digest"], question["digest"]);
    assert_eq!(data["plan"], desk.only_run()["plan"]);
    assert_eq!((&data["rule"], &data["risk"]), (&json!("pay"), &json!("critical")));
    assert!(data["deadline"].as_str().unwrap().ends_with('Z'), "{data}");
    // What was told is enough to decide by.
    let digest = data["digest"].as_str().unwrap();
    let ran = desk.gov(&["approve", &run, "--as", "user:ann", "--digest", digest]);
    assert_eq!(told(&ran)["state"], "completed", "{ran:?}");
    assert_eq!(hook.seen().len(), 1);
}

#[test]
fn a_server_that_is_down_is_told_once_it_is_up() {
    let port = free_port();
    let desk = Desk::new(port);
    let (run, ran) = desk.waiting();
    assert!(ran.stderr.contains("was not told yet of what waits") && ran.stderr.contains("gov resume"), "{ran:?}");
    let hook = Server::start_at(port, |_, _| Answer::text(200, ""));
    let ran = desk.gov(&["resume"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let seen = hook.seen();
    assert_eq!((seen.len(), &seen[0].json()["data"]["run"]), (1, &json!(run)));
    assert!(is_signed(&seen[0]));
    // Nothing is left to tell.
    desk.gov(&["resume"]);
    assert_eq!(hook.seen().len(), 1);
}

/// More than are told at one time, and two who would tell them: all of it is told at once, and nothing twice.
#[test]
fn after_an_outage_each_notice_is_told_once_by_whoever_comes() {
    const WAITING: usize = 24;
    let port = free_port();
    let desk = Desk::new(port);
    let waiting: Vec<Child> = (0..WAITING).map(|_| desk.start()).collect();
    let ids = waiting.into_iter().map(|child| {
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(4), "{ran:?}");
        told(&ran)["run"].as_str().unwrap().to_owned()
    });
    let ids: BTreeSet<String> = ids.collect();
    let hook = Server::start_at(port, |_, _| Answer::text(200, ""));
    let resumed = [desk.spawn(&["resume"]), desk.spawn(&["resume"])];
    for child in resumed {
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert!(ran.code == Some(0) && !ran.stderr.contains("not told"), "{ran:?}");
    }
    let seen: Vec<String> =
        hook.seen().iter().map(|seen| seen.json()["data"]["run"].as_str().unwrap().to_owned()).collect();
    assert_eq!((seen.len(), seen.into_iter().collect::<BTreeSet<_>>()), (WAITING, ids));
}

#[test]
fn a_notice_that_is_refused_is_tried_again_under_the_same_id() {
    let hook = Server::start(|_, before| if before < 2 { Answer::text(503, "") } else { Answer::text(200, "") });
    let desk = Desk::new(hook.port());
    let (_, ran) = desk.waiting();
    assert_eq!(ran.stderr, "");
    let seen = hook.seen();
    let ids: BTreeSet<_> = seen.iter().map(|seen| seen.header("webhook-id").unwrap()).collect();
    assert_eq!((seen.len(), ids.len()), (3, 1));
    assert!(seen.iter().all(is_signed));
}

#[test]
fn a_server_that_hangs_keeps_no_run_from_going_on() {
    let hook = Server::start(|_, _| Answer::silence());
    let desk = Desk::new(hook.port());
    let waiting = desk.start();
    wait(|| hook.seen().first().cloned());
    let run = desk.only_run()["run"].as_str().unwrap().to_owned();
    let ran = desk.gov(&["approve", &run, "--as", "user:ann"]);
    assert_eq!(told(&ran)["state"], "completed", "{ran:?}");
    let first = Ran::from(waiting.wait_with_output().unwrap());
    assert_eq!(told(&first)["state"], "waiting", "{first:?}");
    // Whoever decided does not have to be told any more.
    let before = hook.seen().len();
    desk.gov(&["resume"]);
    assert_eq!(hook.seen().len(), before);
}

#[test]
fn a_notice_survives_the_process_that_was_to_tell_it() {
    let hook = Server::start(|_, before| if before == 0 { Answer::silence() } else { Answer::text(200, "") });
    let desk = Desk::new(hook.port());
    let mut killed = desk.start();
    wait(|| hook.seen().first().cloned());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(desk.gov(&["resume"]).code, Some(0));
    let seen = hook.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
}

#[test]
fn an_address_that_is_not_allowed_is_not_told() {
    let hook = Server::start(|_, _| Answer::text(200, ""));
    let desk = Desk::new(hook.port());
    let config = desk.folder.read("gov.toml").unwrap();
    let port = hook.port();
    desk.folder.write("gov.toml", config.replace(&format!("\"127.0.0.1:{port}\", "), "")).unwrap();
    let (_, ran) = desk.waiting();
    assert!(ran.stderr.contains("this deployment does not allow"), "{ran:?}");
    assert_eq!(hook.seen().len(), 0);
}

#[test]
fn where_calls_are_kept_at_home_nobody_is_told() {
    let hook = Server::start(|_, _| Answer::text(200, ""));
    let desk = Desk::new(hook.port());
    let input = r#"{ "order": "7", "amount": 25 }"#;
    let ran = desk.gov(&["run", "desk.gov", "refund", "--input", input, "--external", "stubbed"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(4), ""));
    assert_eq!(hook.seen().len(), 0);
}

#[test]
fn a_webhook_that_nothing_says_where_it_goes_is_a_mistake() {
    let desk = Desk::new(1);
    let config = desk.folder.read("gov.toml").unwrap().replace("webhook = \"approvers\"", "webhook = \"aprovers\"");
    desk.folder.write("gov.toml", config).unwrap();
    let ran = Ran::from(desk.start().wait_with_output().unwrap());
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("there is no webhook `aprovers`"), "{ran:?}");
}
