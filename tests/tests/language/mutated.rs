//! The suites' cases, cut up and put together at random: a check never panics, says the same twice, and points into the text.

use std::sync::OnceLock;

use gov_tests::blocks::blocks;
use gov_tests::laws::checking;
use proptest::prelude::*;

/// Every `gov` block of the suites, and the whole-file example.
fn seeds() -> &'static [String] {
    static SEEDS: OnceLock<Vec<String>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let suites = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/suites")).unwrap();
        let mut suites: Vec<_> = suites.map(|entry| entry.unwrap().path()).collect();
        suites.sort();
        let texts = suites.iter().map(|suite| std::fs::read_to_string(suite).unwrap());
        let mut seeds: Vec<String> = texts
            .flat_map(|text| blocks(&text))
            .filter(|block| block.language() == "gov")
            .map(|block| format!("package demo\n{}", block.text))
            .collect();
        seeds.push(include_str!("../../corpus/whole_file.gov").to_owned());
        seeds
    })
}

/// Words, marks, strings and stretches of blanks.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let before = text[..at].chars().next_back().map(class);
        if at > start && (before != Some(class(c)) || class(c) == 2) {
            tokens.push(&text[start..at]);
            start = at;
        }
    }
    tokens.push(&text[start..]);
    tokens
}

/// A change of a list of tokens.
#[derive(Clone, Debug)]
enum Change {
    Delete(prop::sample::Index, usize),
    Double(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Take(prop::sample::Index, prop::sample::Index, prop::sample::Index, usize),
    Put(prop::sample::Index, String),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), 1..6usize).prop_map(|(at, count)| Change::Delete(at, count)),
        index().prop_map(Change::Double),
        (index(), index()).prop_map(|(one, other)| Change::Swap(one, other)),
        (index(), index(), index(), 1..12usize).prop_map(|(at, seed, from, count)| Change::Take(at, seed, from, count)),
        (index(), prop_oneof!["[ -~]{0,4}", "\\PC{0,3}", Just("{".to_owned()), Just("\"".to_owned())])
            .prop_map(|(at, text)| Change::Put(at, text)),
    ]
}

fn apply(tokens: &mut Vec<String>, change: &Change) {
    if tokens.is_empty() {
        return;
    }
    match change {
        Change::Delete(at, count) => {
            let at = at.index(tokens.len());
            tokens.drain(at..(at + count).min(tokens.len()));
        }
        Change::Double(at) => {
            let at = at.index(tokens.len());
            tokens.insert(at, tokens[at].clone());
        }
        Change::Swap(one, other) => {
            let (one, other) = (one.index(tokens.len()), other.index(tokens.len()));
            tokens.swap(one, other);
        }
        Change::Take(at, seed, from, count) => {
            let source = crate::mutated::tokens(&seeds()[seed.index(seeds().len())]);
            let from = from.index(source.len());
            let taken = source[from..(from + count).min(source.len())].iter().map(|token| (*token).to_owned());
            let at = at.index(tokens.len());
            tokens.splice(at..at, taken.collect::<Vec<_>>());
        }
        Change::Put(at, text) => {
            let at = at.index(tokens.len());
            tokens.insert(at, text.clone());
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    let seed = any::<prop::sample::Index>();
    (seed, prop::collection::vec(change(), 0..8)).prop_map(|(seed, changes)| {
        let text = &seeds()[seed.index(seeds().len())];
        let mut tokens: Vec<String> = tokens(text).into_iter().map(str::to_owned).collect();
        changes.iter().for_each(|change| apply(&mut tokens, change));
        tokens.concat()
    })
}

proptest! {
    #[test]
    fn a_check_never_panics_and_says_the_same_twice(text in text()) {
        checking(&text);
    }
}
