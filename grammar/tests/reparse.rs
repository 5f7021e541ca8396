//! What is read again after an edit is what is read from the start, whatever was edited.

use gov_grammar::{Parsed, Tree, parse, parse_after};
use proptest::prelude::*;

const FILE: &str = include_str!("../../tests/corpus/whole_file.gov");

/// What makes a difference to where things begin and end.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "\"",
    "\n",
    " ",
    "//",
    "/// d\n",
    "\\",
    "a",
    "0",
    ",",
    ":",
    "=",
    ".",
    "@accept(G1101, \"x\")\n",
    "role r\n",
    "policy p {",
    "capability a.b: read {",
    "type T = Int where",
    "where self > 0",
    "context {",
    "use x\n",
    "workflow w(",
    "test \"",
    "prove c in p: never",
    "set s = {",
    "package p",
    "@",
    "é",
    "\u{200b}",
    "step s = ",
    "allow ",
];

/// Reads the text again, after a tree of an earlier one, and compares.
fn again(before: &Tree, text: &str) -> Parsed {
    let (again, fresh) = (parse_after(before, text), parse(text));
    assert!(again.tree == fresh.tree, "{text}\n---- after\n{}", before.text());
    assert_eq!(again.errors, fresh.errors, "{text}");
    again
}

fn boundary(text: &str, near: usize) -> usize {
    (0..=near.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

#[test]
fn one_edit_anywhere() {
    let before = parse(FILE).tree;
    for (number, (at, c)) in FILE.char_indices().step_by(29).enumerate() {
        let (head, tail) = FILE.split_at(at);
        again(&before, &[head, tail.strip_prefix(c).unwrap_or_default()].concat());
        let piece = PIECES[number % PIECES.len()];
        let inserted = again(&before, &[head, piece, tail].concat());
        // And taken back.
        again(&inserted.tree, FILE);
    }
}

#[test]
fn lines_and_items_that_come_and_go() {
    let before = parse(FILE).tree;
    let lines: Vec<&str> = FILE.split_inclusive('\n').collect();
    for from in (0..lines.len()).step_by(9) {
        for count in [1, 2, 9, 40] {
            let until = (from + count).min(lines.len());
            let without = [&lines[..from], &lines[until..]].concat().concat();
            let shorter = again(&before, &without);
            again(&shorter.tree, FILE);
            let doubled = [&lines[..until], &lines[from..]].concat().concat();
            again(&before, &doubled);
        }
    }
}

/// Where an edit is, in thousandths of the text, how much it takes away, and the pieces that it puts there.
fn edits() -> impl Strategy<Value = Vec<(usize, usize, Vec<&'static str>)>> {
    let piece = prop::sample::select(PIECES);
    prop::collection::vec((0..=1000_usize, 0..30_usize, prop::collection::vec(piece, 0..4)), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn one_edit_after_the_other(edits in edits(), from_nothing in any::<bool>()) {
        let mut text = if from_nothing { String::new() } else { FILE.to_owned() };
        let mut tree = parse(text.as_str()).tree;
        for (place, length, pieces) in edits {
            let start = boundary(&text, text.len() * place / 1000);
            let end = boundary(&text, start + length).max(start);
            text.replace_range(start..end, &pieces.concat());
            tree = again(&tree, &text).tree;
        }
    }
}
