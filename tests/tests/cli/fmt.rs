//! `gov fmt`.

use std::io::Write;
use std::process::Stdio;

use gov_tests::{Ran, Sandbox};

use super::{clean, manifest};

/// A text in another layout than the formatter's.
const UGLY: &str = "package a   \nrole   finance{user:alice}\n";

/// The same text in the formatter's layout.
fn pretty() -> String {
    let ran = from_stdin(&["fmt", "--stdin"], UGLY.as_bytes());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_ne!(ran.stdout, UGLY);
    ran.stdout
}

fn from_stdin(arguments: &[&str], text: &[u8]) -> Ran {
    let sandbox = Sandbox::new().unwrap();
    let mut command = sandbox.command(".").unwrap();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn files_are_put_into_the_one_layout_and_then_stay() {
    let pretty = pretty();
    let sandbox = Sandbox::with([
        ("gov.toml", manifest("a").as_str()),
        ("main.gov", UGLY),
        ("x/pretty.gov", &pretty),
        ("x/other.gov", UGLY),
    ])
    .unwrap();
    let ran = sandbox.gov_in("x", ["fmt", "--check"]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "../main.gov\nother.gov\n"));
    assert_eq!(ran.stderr, "2 of 3 files would change\n");
    assert_eq!(sandbox.read("main.gov").unwrap(), UGLY);

    let ran = sandbox.gov(["fmt", "x"]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", "formatted 1 of 2 files\n"));
    assert_eq!(sandbox.read("x/other.gov").unwrap(), pretty);
    assert_eq!(sandbox.read("main.gov").unwrap(), UGLY);

    assert_eq!(sandbox.gov_in("x", ["fmt"]).unwrap().stderr, "formatted 1 of 3 files\n");
    assert_eq!(sandbox.gov(["fmt", "--check"]).unwrap().code, Some(0));
    assert_eq!(sandbox.gov(["fmt"]).unwrap().stderr, "formatted 0 of 3 files\n");
}

#[test]
fn a_text_from_standard_input_goes_to_standard_output() {
    assert_eq!(from_stdin(&["fmt", "--stdin"], pretty().as_bytes()).stdout, pretty());
    assert_eq!(from_stdin(&["fmt", "--stdin", "--check"], pretty().as_bytes()).code, Some(0));
    let ran = from_stdin(&["fmt", "--stdin", "--check"], UGLY.as_bytes());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    let ran = from_stdin(&["fmt", "--stdin"], b"\xff");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(ran.stderr, "error: cannot read standard input: it is not UTF-8\n");
    assert_eq!(from_stdin(&["fmt", "--stdin", "a.gov"], b"").code, Some(2));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_formatted() {
    let sandbox = Sandbox::with([("a.gov", UGLY), ("broken/gov.toml", "["), ("broken/b.gov", UGLY)]).unwrap();
    sandbox.write("c.gov", b"\xff").unwrap();
    let ran = sandbox.gov(["fmt", "."]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ran.stderr, @r"
    formatted 2 of 2 files
    c.gov:1:1: error[G0005] the file is not UTF-8: byte 0 does not belong to a character
    ");
    assert_eq!(sandbox.read("broken/b.gov").unwrap(), pretty());
    assert_eq!(std::fs::read(sandbox.path("c.gov")).unwrap(), b"\xff");
}

#[test]
fn a_new_package_is_in_the_layout() {
    let sandbox = Sandbox::new().unwrap();
    assert_eq!(sandbox.gov(["new", "acme"]).unwrap().code, Some(0));
    let ran = sandbox.gov(["fmt", "--check", "acme"]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
}

#[test]
fn paths_that_lead_nowhere_are_wrong_usage() {
    let sandbox = Sandbox::with([("a.gov", clean("a").as_str()), ("notes.txt", ""), ("empty/notes.txt", "")]).unwrap();
    for path in ["notes.txt", "empty", "gone"] {
        let ran = sandbox.gov(["fmt", path]).unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{path}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}
