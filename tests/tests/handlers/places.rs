//! A run keeps the `gov.toml` and the folders that it was started with, wherever and by whatever command it is gone on with.

use crate::desk::{self, asked, gov, told};
use gov_tests::Sandbox;

/// The package in `shop`, a database elsewhere, and a `gov.toml` beside that which allows nothing.
struct Places {
    folder: Sandbox,
    server: crate::server::Server,
}

impl Places {
    fn new() -> Places {
        let (folder, server) = (Sandbox::new().unwrap(), desk::service());
        folder.write("shop/desk.gov", desk::PACKAGE).unwrap();
        folder.write("shop/gov.toml", desk::config(&server, "")).unwrap();
        folder.write("runs/gov.toml", "[hosts]\nallow = []\n").unwrap();
        folder.write("elsewhere/note", "").unwrap();
        Places { folder, server }
    }

    /// Starts a run in the package's folder, which waits: its id.
    fn waiting(&self, more: &[&str]) -> String {
        let mut arguments = vec!["run", "desk.gov", "refund", "--input", r#"{ "order": "7", "amount": 25 }"#];
        arguments.extend(["--db", "../runs/gov.db", "--format", "json"]);
        arguments.extend(more);
        let ran = gov(&self.folder, "shop", &arguments);
        assert_eq!(ran.code, Some(4), "{ran:?}");
        told(&ran)["run"].as_str().unwrap().to_owned()
    }

    /// Runs a command about a run from a folder that has nothing to do with it.
    fn elsewhere(&self, command: &str, run: &str, more: &[&str]) -> gov_tests::Ran {
        let mut arguments = vec![command, run, "--db", "../runs/gov.db", "--format", "json"];
        arguments.extend(more);
        gov(&self.folder, "elsewhere", &arguments)
    }
}

const ANN: &[&str] = &["--as", "user:ann"];

#[test]
fn commands_from_elsewhere_use_the_configuration_that_the_run_had() {
    for (command, state, path) in [
        ("approve", "completed", "/payments"),
        ("reject", "compensated", "/closed"),
        ("cancel", "cancelled", "/closed"),
    ] {
        let places = Places::new();
        let run = places.waiting(&[]);
        let ran = places.elsewhere(command, &run, ANN);
        assert_eq!(told(&ran)["state"], state, "{command}: {ran:?}");
        assert_eq!(asked(&places.server), ["/cases", path], "{command}");
    }
}

#[test]
fn a_run_that_was_killed_is_resumed_from_elsewhere_with_its_configuration() {
    let server = crate::server::Server::start(|seen, before| match (seen.path.as_str(), before) {
        ("/cases", 0) => crate::server::Answer::silence(),
        (path, _) => desk::answer(path),
    });
    let places = Places { server, ..Places::new() };
    places.folder.write("shop/gov.toml", desk::config(&places.server, "")).unwrap();
    let mut killed = desk::command(
        &places.folder,
        "shop",
        &["run", "desk.gov", "refund", "--input", r#"{ "order": "7", "amount": 25 }"#, "--db", "../runs/gov.db"],
    )
    .spawn()
    .unwrap();
    crate::program::wait(|| places.server.seen().first().cloned());
    killed.kill().unwrap();
    killed.wait().unwrap();
    let ran = gov(&places.folder, "elsewhere", &["resume", "--db", "../runs/gov.db", "--format", "json"]);
    assert_eq!((ran.code, &told(&ran)[0]["state"]), (Some(4), &"waiting".into()), "{ran:?}");
    assert_eq!(asked(&places.server), ["/cases", "/cases"]);
}

#[test]
fn a_configuration_that_is_gone_is_said_to_be_and_nothing_is_decided() {
    let places = Places::new();
    let run = places.waiting(&[]);
    std::fs::rename(places.folder.path("shop/gov.toml"), places.folder.path("shop/away.toml")).unwrap();
    let refused = places.elsewhere("approve", &run, ANN);
    assert_eq!(refused.code, Some(2));
    let file = places.folder.path("shop").canonicalize().unwrap().join("gov.toml");
    let said = format!("the run was started with `{}`, which is gone", file.display());
    assert!(refused.stderr.contains(&said) && refused.stderr.contains("--config FILE"), "{refused:?}");
    let shown = told(&places.elsewhere("show", &run, &[]));
    assert_eq!(shown["state"], "waiting");
    assert_eq!(asked(&places.server), ["/cases"]);
    let ran = places.elsewhere("approve", &run, &[ANN, &["--config", "../shop/away.toml"]].concat());
    assert_eq!(told(&ran)["state"], "completed", "{ran:?}");
}

#[test]
fn a_configuration_that_has_changed_is_said_to_have() {
    let places = Places::new();
    let run = places.waiting(&[]);
    let before = places.folder.read("shop/gov.toml").unwrap();
    places.folder.write("shop/gov.toml", before.replace("allow = [", "allow = [\"more.example\", ")).unwrap();
    let refused = places.elsewhere("approve", &run, ANN);
    assert!(refused.code == Some(2) && refused.stderr.contains("says something else by now"), "{refused:?}");
    // What it says of packages, and how it is laid out, is nothing to a run.
    places.folder.write("shop/gov.toml", format!("# A desk.\n[dependencies]\n\n{before}")).unwrap();
    let ran = places.elsewhere("approve", &run, ANN);
    assert_eq!(told(&ran)["state"], "completed", "{ran:?}");
}

#[test]
fn calls_that_were_stubbed_stay_so() {
    let places = Places::new();
    let run = places.waiting(&["--external", "stubbed"]);
    let ran = places.elsewhere("approve", &run, ANN);
    assert_eq!(told(&ran)["state"], "completed", "{ran:?}");
    assert_eq!(asked(&places.server), [""; 0]);
}

#[test]
fn looking_at_runs_needs_no_configuration_and_drives_none() {
    let places = Places::new();
    let run = places.waiting(&[]);
    places.folder.write("shop/gov.toml", "this is no toml").unwrap();
    for command in ["show", "replay"] {
        let ran = places.elsewhere(command, &run, &[]);
        assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
    }
    let shown = places.elsewhere("approve", &run, &[]);
    assert_eq!(told(&shown)["input"]["amount"], 25, "{shown:?}");
}
