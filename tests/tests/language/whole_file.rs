//! The whole-file example: it has no finding, and with a line taken out or a word misspelt it has one, or means the same, or
//! differs in a way that the snapshot shows and that somebody has looked at.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use gov_compiler::verify::Options;

use gov_tests::laws::check;

const WHOLE_FILE: &str = include_str!("../../corpus/whole_file.gov");

/// The codes that a text gives, or that proofs find something; nothing of a text without findings.
fn codes(text: &str) -> Vec<&'static str> {
    let mut checked = check(text);
    if checked.package.is_some() {
        gov_compiler::prove(&mut checked, &Options::default()).unwrap();
    }
    let codes: BTreeSet<&str> = checked.diagnostics.iter().map(|found| found.code.id()).collect();
    // Which proofs fail is shown elsewhere, obligation by obligation.
    let codes: BTreeSet<_> = codes.into_iter().map(|id| if id < "G1000" { id } else { "proofs" }).collect();
    codes.into_iter().collect()
}

/// What becomes of the example when it is changed to `text`: the codes that it gives, or whether its meaning differs.
fn fate(text: &str) -> String {
    let codes = codes(text);
    if !codes.is_empty() {
        return codes.join(" ");
    }
    let package = check(text).package;
    if package == check(WHOLE_FILE).package { "means the same".to_owned() } else { "differs".to_owned() }
}

#[test]
fn the_example_has_no_finding() {
    assert_eq!(codes(WHOLE_FILE), [""; 0]);
}

#[test]
fn each_line_is_missed_or_may_be_left_out() {
    let mut fates = String::new();
    for (index, line) in WHOLE_FILE.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let kept = WHOLE_FILE.lines().enumerate().filter(|(other, _)| *other != index);
        let text: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        let _ = writeln!(fates, "{:>15} | {line}", fate(&text));
    }
    insta::assert_snapshot!(fates);
}

#[test]
fn each_word_is_spelt_right_or_it_does_not_matter() {
    let mut fates = String::new();
    for (at, word) in words(WHOLE_FILE) {
        let mut text = WHOLE_FILE.to_owned();
        text.replace_range(at..at + word.len(), &misspelt(word));
        let fate = fate(&text);
        if ["differs", "means the same"].contains(&fate.as_str()) {
            let line = WHOLE_FILE[..at].matches('\n').count() + 1;
            let _ = writeln!(fates, "{line:>3} {:<12} for {word:<12} {fate}", misspelt(word));
        }
    }
    insta::assert_snapshot!(fates);
}

/// The words of three letters or more outside comments, with their places.
fn words(text: &str) -> Vec<(usize, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split("//").next().filter(|_| !line.contains("://")).unwrap_or(line);
        let mut at = 0;
        while let Some(begin) = code[at..].find(is_word).map(|offset| at + offset) {
            let end = code[begin..].find(|c| !is_word(c)).map_or(code.len(), |offset| begin + offset);
            if end - begin >= 3 && code[begin..].starts_with(|c: char| c.is_ascii_alphabetic()) {
                found.push((start + begin, &code[begin..end]));
            }
            at = end;
        }
        start += line.len();
    }
    found
}

/// The word with two letters swapped, or one doubled where they are the same.
fn misspelt(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    match letters.as_mut_slice() {
        [_, second, third, ..] if second != third => std::mem::swap(second, third),
        [first, second, ..] => *second = *first,
        _ => {}
    }
    letters.into_iter().collect()
}

/// The contract's own page, where it lies beside the project, says what the copy in the corpus says.
#[test]
fn the_example_is_that_of_the_contract() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/design/language.md");
    let Ok(page) = std::fs::read_to_string(page) else {
        eprintln!("skipped: {page} is not on this machine");
        return;
    };
    let example = gov_tests::blocks::blocks(&page).into_iter().find(|block| block.language() == "gov");
    assert_eq!(example.expect("the page has an example").text, include_str!("../../corpus/whole_file.gov"));
}
