//! `gov check`: its exit codes, and what it cannot read.

use std::io::Read;
use std::process::Stdio;

use gov_tests::Sandbox;

use super::{clean, manifest, wrong};

#[test]
fn the_exit_code_says_what_was_found() {
    let sandbox = Sandbox::with([("clean.gov", clean("a").as_str()), ("wrong.gov", &wrong("a"))]).unwrap();
    assert_eq!(sandbox.gov(["check", "clean.gov"]).unwrap().code, Some(0));
    assert_eq!(sandbox.gov(["check", "wrong.gov"]).unwrap().code, Some(1));
    for usage in
        [&["check", "missing.gov"][..], &["check", "--formt", "json"], &["check", "--format", "xml"], &["chek"]]
    {
        let ran = sandbox.gov(usage).unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{usage:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}

#[test]
fn warnings_alone_are_no_failure() {
    let text = "package a\n\ncapability a.b: read {\n    deprecated \"x\u{202e}y\"\n}\n";
    let sandbox = Sandbox::with([("a.gov", text)]).unwrap();
    let ran = sandbox.gov(["check", "--format", "concise"]).unwrap();
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.starts_with("a.gov:4:18: warning[G0007] "), "{}", ran.stdout);
}

#[test]
fn color_is_for_terminals_unless_asked_for() {
    let sandbox = Sandbox::with([("a.gov", wrong("a").as_str())]).unwrap();
    let colored = |arguments: &[&str]| sandbox.gov(arguments).unwrap().stdout.contains('\u{1b}');
    assert!(!colored(&["check"]));
    assert!(!colored(&["check", "--color", "never"]));
    assert!(colored(&["check", "--color", "always"]));
    assert!(!colored(&["check", "--color", "always", "--format", "json"]));
}

#[test]
fn what_cannot_be_read_is_found_where_it_is() {
    let sandbox = Sandbox::with([("gov.toml", manifest("a").as_str()), ("main.gov", &clean("a"))]).unwrap();
    let check = || {
        let ran = sandbox.gov(["check", "--format", "concise"]).unwrap();
        (ran.code, ran.stdout)
    };
    std::fs::create_dir(sandbox.path("x.gov")).unwrap();
    assert_eq!(check(), (Some(2), "x.gov:1:1: error[G0006] the file cannot be read: it is a folder\n".into()));
    std::fs::remove_dir(sandbox.path("x.gov")).unwrap();

    sandbox.write("x.gov", b"package a // \xff\n").unwrap();
    let found = "x.gov:1:1: error[G0005] the file is not UTF-8: byte 13 does not belong to a character\n";
    assert_eq!(check(), (Some(1), found.into()));

    std::fs::File::create(sandbox.path("x.gov")).unwrap().set_len((16 << 20) + 1).unwrap();
    let found = "x.gov:1:1: error[G0004] the file has 16777217 bytes, and at most 16777216 are read\n";
    assert_eq!(check(), (Some(1), found.into()));
    std::fs::remove_file(sandbox.path("x.gov")).unwrap();

    sandbox.write("gov.toml", b"\xff").unwrap();
    let found = "gov.toml:1:1: error[G0005] the file is not UTF-8: byte 0 does not belong to a character\n";
    assert_eq!(check(), (Some(1), found.into()));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let sandbox = Sandbox::with([("gov.toml", manifest("a").as_str()), ("main.gov", &clean("a"))]).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(sandbox.path("x.gov")).status().unwrap().success());
    let ran = sandbox.gov(["check", "--format", "concise"]).unwrap();
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stdout, "x.gov:1:1: error[G0006] the file cannot be read: it is no plain file\n");
}

#[test]
fn odd_texts_end_in_findings() {
    let sandbox = Sandbox::new().unwrap();
    let deep = format!("package a\nprove x in y: never allow any to any when {}", "(".repeat(100_000));
    let wide = format!("package a\n// {}\n", "x".repeat(10_000_000));
    let odd = [("", false), ("\0\0\0", false), (deep.as_str(), false), ("package", false), (&wide, true)];
    for (text, good) in odd {
        sandbox.write("a.gov", text).unwrap();
        let ran = sandbox.gov(["check"]).unwrap();
        let shown: String = text.chars().take(80).collect();
        assert_eq!(ran.code, Some(i32::from(!good)), "{shown}: {}", ran.stdout);
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn odd_manifests_end_in_findings() {
    let sandbox = Sandbox::with([("main.gov", clean("a").as_str())]).unwrap();
    let deep = format!("[package]\nname = \"a\"\n[limits]\na = {}", "[".repeat(100_000));
    let dotted = format!("[dependencies]\n{} = 1", vec!["a"; 50_000].join("."));
    for text in ["", "\0", "= 1", "[package]\nname = 1", deep.as_str(), dotted.as_str()] {
        sandbox.write("gov.toml", text).unwrap();
        let ran = sandbox.gov(["check"]).unwrap();
        let shown: String = text.chars().take(80).collect();
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{shown}: {}", ran.stdout);
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let sandbox = Sandbox::with([("a.gov", format!("package a\n{}", "role {}\n".repeat(5000)).as_str())]).unwrap();
    let mut child =
        sandbox.command(".").unwrap().arg("check").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
}
