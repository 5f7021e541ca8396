//! What could stand at a cursor is the same whether everything is looked into or what counts there alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests say what they expect so")]

use std::sync::Arc;

use gov_compiler::index::AtCursor;
use gov_compiler::package::{Parsed, ParsedInput};
use gov_compiler::source::FileId;
use gov_compiler::{at_cursor, check_indexed};
use gov_plan::typing::CURSOR;

const FILE: &str = include_str!("../../tests/corpus/whole_file.gov");

#[test]
fn looking_around_the_cursor_finds_what_looking_everywhere_finds() {
    let before = Arc::new(Parsed::new("main.gov", FILE));
    let package = |file| ParsedInput { files: vec![file], ..ParsedInput::default() };
    let input = package(Arc::clone(&before));
    let (mut found, mut compared) = (0, 0);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // Behind every word, dot and space, as a word of its own or as the end of one.
    let places = FILE.char_indices().filter(|(_, c)| is_word(*c) || matches!(c, '.' | ' ' | '{')).map(|(at, _)| at + 1);
    for offset in places.filter(|at| !FILE[*at..].starts_with(is_word)) {
        for added in [CURSOR.to_owned(), format!("{CURSOR} ")] {
            let text = [&FILE[..offset], &added, &FILE[offset..]].concat();
            let everywhere = check_indexed(&package(Arc::new(before.edited(text)))).index.cursor;
            let around = at_cursor(&input, FileId(0), offset as u32, &added);
            assert_eq!(without_places(&around), without_places(&everywhere), "at {offset}: {}", &FILE[..offset]);
            found += usize::from(around.is_some());
            compared += 1;
        }
    }
    assert!(found > 50, "{found} of {compared}");
}

/// What was found, but not where it is said: what is behind the cursor stands elsewhere while the word is there.
fn without_places(found: &Option<AtCursor>) -> String {
    let text = format!("{found:?}");
    let mut parts = text.split("Origin {");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + part.split_once('}').unwrap().1)
}
