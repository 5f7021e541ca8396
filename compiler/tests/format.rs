//! What the formatter makes of files.

#![allow(clippy::unwrap_used, reason = "tests say what they expect by panicking")]

use gov_compiler::format::format;

fn formatted(text: &str) -> String {
    let once = format(text).unwrap();
    assert_eq!(format(&once).unwrap(), once, "formatting twice changes something");
    once
}

#[test]
fn the_whole_file() {
    insta::assert_snapshot!(formatted(include_str!("../../tests/corpus/whole_file.gov")));
}

#[test]
fn clauses_move_with_their_comments_and_comments_stay_in_odd_places() {
    insta::assert_snapshot!(formatted(include_str!("format/odd.gov")));
}

#[test]
fn clauses_stay_where_a_comment_belongs_to_none_of_them() {
    let text = "capability a.b: read {\n    risk low\n\n    // a heading\n\n    effect none\n}\n";
    assert_eq!(formatted(text), text);
    let text = "capability a.b: read {\n    risk low\n    effect none\n    // the end\n}\n";
    assert_eq!(formatted(text), text);
}

#[test]
fn rules_never_move() {
    let text = "policy p {\n    default deny\n    deny any to any\n    allow any to any\n}\n";
    assert_eq!(formatted(text), text);
}

#[test]
fn broken_items_stay_and_the_rest_is_formatted() {
    let text = "role   a\nworkflow w(  {  step x =  a.b{} }\n\n\npolicy  p {  default   deny\n  alow   x\n}  // p\nset s={a.b}";
    assert_eq!(
        formatted(text),
        "role a\n\nworkflow w(  {  step x =  a.b{} }\n\npolicy  p {  default   deny\n  alow   x\n} // p\n\nset s = { a.b }\n"
    );
}

#[test]
fn line_ends_and_marks_of_other_systems_are_gone() {
    assert_eq!(formatted("\u{feff}role a // x\r\n\r\n\r\nrole b\r\n"), "role a // x\n\nrole b\n");
    assert_eq!(formatted(""), "");
    assert_eq!(formatted(" \n\t"), "");
    assert_eq!(formatted("// only a comment"), "// only a comment\n");
}

#[test]
fn characters_that_may_stand_nowhere_are_not_dropped() {
    assert_eq!(formatted("role  a \0 role  b"), "role a\n\0\nrole b\n");
    assert_eq!(formatted("role \u{202e} a"), "role \u{202e} a\n");
}

#[test]
fn what_is_too_deep_or_too_large_stays_as_it_is() {
    let deep = format!("type T = Int where {}1{}", "(".repeat(1000), ")".repeat(1000));
    assert_eq!(formatted(&deep), deep);
}
