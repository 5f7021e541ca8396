//! What is read again after an edit is what is read from the start, whatever was edited.

use gov_grammar::ast::File;
use gov_grammar::{Error, Parsed, Tree, parse, parse_after};
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

/// A text that was read and viewed, and all that is wrong with it.
struct Known {
    tree: Tree,
    file: File,
    errors: Vec<Error>,
}

fn known(text: &str) -> Known {
    let Parsed { tree, mut errors } = parse(text);
    let (file, problems) = File::from_tree(&tree);
    errors.extend(problems);
    Known { tree, file, errors }
}

/// Reads and views the text again, after an earlier one, and compares.
fn again(before: &Known, text: &str) -> Known {
    let (again, fresh) = (parse_after(&before.tree, text), parse(text));
    assert!(again.tree == fresh.tree, "{text}\n---- after\n{}", before.tree.text());
    assert_eq!(again.errors, fresh.errors, "{text}");
    let (file, problems) = File::from_tree_after(&again.tree, (&before.tree, &before.file, &before.errors));
    let viewed = File::from_tree(&fresh.tree);
    assert_eq!((&file, &problems), (&viewed.0, &viewed.1), "{text}\n---- after\n{}", before.tree.text());
    let errors = again.errors.into_iter().chain(problems).collect();
    Known { tree: again.tree, file, errors }
}

fn boundary(text: &str, near: usize) -> usize {
    (0..=near.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

#[test]
fn one_edit_anywhere() {
    let before = known(FILE);
    for (number, (at, c)) in FILE.char_indices().step_by(29).enumerate() {
        let (head, tail) = FILE.split_at(at);
        again(&before, &[head, tail.strip_prefix(c).unwrap_or_default()].concat());
        let piece = PIECES[number % PIECES.len()];
        let inserted = again(&before, &[head, piece, tail].concat());
        // And taken back.
        again(&inserted, FILE);
    }
}

#[test]
fn lines_and_items_that_come_and_go() {
    let before = known(FILE);
    let lines: Vec<&str> = FILE.split_inclusive('\n').collect();
    for from in (0..lines.len()).step_by(9) {
        for count in [1, 2, 9, 40] {
            let until = (from + count).min(lines.len());
            let without = [&lines[..from], &lines[until..]].concat().concat();
            let shorter = again(&before, &without);
            again(&shorter, FILE);
            let doubled = [&lines[..until], &lines[from..]].concat().concat();
            again(&before, &doubled);
        }
    }
}

#[test]
fn what_is_wrong_with_an_item_stays_wrong_when_another_is_edited() {
    // The tree lets these through: they stand for no character.
    let wrong = FILE.replace("because \"", "because \"\\u{d800} ");
    let before = known(&wrong);
    let problems = File::from_tree(&before.tree).1;
    assert!((2..64).contains(&problems.len()), "{problems:?}");
    for (at, _) in wrong.char_indices().step_by(211) {
        let (head, tail) = wrong.split_at(at);
        again(&before, &[head, " ", tail].concat());
        again(&before, &[head, "\n// a note\n", tail].concat());
    }
}

/// What was read is the beginning of what its author wrote where an operator follows that is not of this language.
#[test]
fn what_follows_an_item_can_cut_it() {
    let lines = ["package p", "type A = Int where self > 0", "role r", "type B = Int where self > 1", "role s"];
    let whole = lines.join("\n");
    let before = known(&whole);
    for line in 1..lines.len() {
        for mark in ["& 1", "% 2", "| r", "r", "/ s"] {
            let mut changed = lines;
            changed[line] = mark;
            let cut = again(&before, &changed.join("\n"));
            again(&cut, &whole);
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
        let mut before = known(&text);
        for (place, length, pieces) in edits {
            let start = boundary(&text, text.len() * place / 1000);
            let end = boundary(&text, start + length).max(start);
            text.replace_range(start..end, &pieces.concat());
            before = again(&before, &text);
        }
    }
}
