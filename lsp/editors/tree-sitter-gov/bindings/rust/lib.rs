//! The grammar of Gov for [tree-sitter](https://tree-sitter.github.io), as editors load it, and the queries they colour with.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_gov() -> *const ();
}

/// The grammar.
// The symbol is the generated parser's, which `build.rs` links.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_gov) };

/// What is coloured, and how.
pub const HIGHLIGHTS: &str = include_str!("../../queries/highlights.scm");
/// What can be folded.
pub const FOLDS: &str = include_str!("../../queries/folds.scm");
/// What indents the lines below it.
pub const INDENTS: &str = include_str!("../../queries/indents.scm");
/// Which name a variable refers to.
pub const LOCALS: &str = include_str!("../../queries/locals.scm");
/// What is written in another language.
pub const INJECTIONS: &str = include_str!("../../queries/injections.scm");
