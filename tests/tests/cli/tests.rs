//! `gov test`: what it tells of tests that pass and fail, to people, to tools and to CI, and of what no test reaches.

use gov_tests::{Ran, Sandbox};
use serde_json::{Value, json};

const PACKAGE: &str = r#"package desk

capability note.add: write {
    input { text: String }
    output { id: String }
    compensate with note.remove { id: output.id }
}

capability note.remove: write {
    input { id: String }
    compensate none because "it is itself an undo"
    retry until success
    idempotent
}

policy p {
    default deny
    escalate never because "nobody is there to ask"
    undo:
        allow system:rollback to note.remove
    long:
        deny agent:a to note.add when len(input.text) > 20
    add:
        allow agent:a to note.add
}

workflow work(text: String, twice: Bool) -> { id: String } {
    principal agent:a
    policy p
    step one = note.add { text: text }
    if twice {
        step two = note.add { text: "again" }
    } else {
        check len(text) > 1 else "{text} is too short"
    }
    return { id: one.id }
}

test "a note is added" {
    given note.add returns { id: "n1" }
    run work { text: "hello", twice: false }
    expect completed { id: "n1" }
    expect calls [note.add]
}

test "a note <is> & stays" {
    given note.add returns { id: "n1" }
    run work { text: "hello", twice: false }
    expect completed { id: "n2" }
    expect compensated
    expect calls [note.add, note.remove]
}
"#;

const TITLE: &str = "a note <is> & stays";

fn test(package: &str, arguments: &[&str]) -> (Sandbox, Ran) {
    let sandbox = Sandbox::with([("desk.gov", package)]).unwrap();
    let ran = sandbox.gov([&["test", "desk.gov"], arguments].concat()).unwrap();
    (sandbox, ran)
}

#[test]
fn failures_are_told_with_their_places_and_what_happened() {
    let (_, ran) = test(PACKAGE, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn a_filter_leaves_the_others_out_and_says_nothing_of_what_they_reach() {
    let (_, ran) = test(PACKAGE, &["--filter", "added"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout, "desk\n  ok      a note is added\n1 passed\n");
}

/// A filter with a slip in it would make CI pass for ever.
#[test]
fn a_filter_that_fits_no_test_is_a_failure() {
    let (_, ran) = test(PACKAGE, &["--filter", "aded"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("no title of a test has `aded` in it"), "{ran:?}");
}

#[test]
fn a_package_without_tests_is_said_to_have_none() {
    let alone = PACKAGE.split("test \"").next().unwrap();
    let (_, ran) = test(alone, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout, "desk\n  has no tests\n0 passed\n");
}

#[test]
fn tools_are_told_the_same() {
    let (_, ran) = test(PACKAGE, &["--format", "json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["summary"], json!({ "passed": 1, "failed": 1 }));
    let failed = &told["tests"][1];
    assert_eq!((&failed["title"], &failed["passed"]), (&json!(TITLE), &json!(false)));
    assert_eq!(failed["failures"][0]["place"], "desk.gov:49:5");
    let unreached: Vec<&str> = told["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["reached"] == false)
        .map(|part| part["part"].as_str().unwrap())
        .collect();
    assert!(
        unreached.contains(&"rule `long` of `p`") && unreached.contains(&"the undo of step `one` of `work`"),
        "{unreached:?}"
    );
}

/// What CI reads: well-formed, with each test and each failure.
#[test]
fn junit_names_every_test() {
    let (sandbox, ran) = test(PACKAGE, &["--junit", "report.xml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    insta::assert_snapshot!(sandbox.read("report.xml").unwrap());
}

/// An `if` without an `else` has two sides all the same: the way into it, and the way past it.
#[test]
fn an_if_without_an_else_has_two_sides() {
    let otherwise = " else {\n        check len(text) > 1 else \"{text} is too short\"\n    }";
    assert!(PACKAGE.contains(otherwise));
    let package = PACKAGE.replace(otherwise, "");
    let (into, past) = ("branch 1 of an `if` of `work`", "the way past an `if` of `work`");
    let both = package.clone() + &package[package.find("test \"").unwrap()..].replace("false", "true");
    for (package, unreached) in
        [(package.clone(), vec![into]), (package.replace("false", "true"), vec![past]), (both, vec![])]
    {
        let (_, ran) = test(&package, &["--format", "json"]);
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        let parts = told["coverage"].as_array().unwrap().iter();
        let sides: Vec<_> = parts.filter(|part| part["part"].as_str().unwrap().contains("an `if`")).collect();
        let missed = sides.iter().filter(|part| part["reached"] == false);
        let missed: Vec<&str> = missed.map(|part| part["part"].as_str().unwrap()).collect();
        assert_eq!((sides.len(), missed), (2, unreached), "{package}");
    }
}
