//! The pages of `docs/errors/`, embedded.

use gov_compiler::codes::Code;

const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a code, as Markdown.
pub fn page(code: Code) -> Option<&'static str> {
    let index = PAGES.binary_search_by_key(&code.id(), |(id, _)| id).ok()?;
    PAGES.get(index).map(|(_, text)| *text)
}
