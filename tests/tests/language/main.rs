//! The compiler on whole packages: the example of the language's reference, its lines taken out and misspelt one at a time,
//! and random packages.

mod mutated;
mod random;
mod whole_file;

use gov_compiler::package::{Checked, File, Input};

/// Checks one file, without proofs.
fn check(text: &str) -> Checked {
    let files = vec![File { path: "main.gov".to_owned(), text: text.into() }];
    gov_compiler::check(&Input { name: None, files, dependencies: Vec::new() })
}

/// The findings of a check as `line:column code message`, a line each.
fn findings(checked: &Checked) -> String {
    let say = |found: &gov_compiler::diagnostic::Diagnostic| {
        let at = checked.sources.position(found.primary.span);
        format!("{}:{} {} {}\n", at.line, at.column, found.code, found.message)
    };
    checked.diagnostics.iter().map(say).collect()
}
