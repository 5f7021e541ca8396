//! The check of a package, from its texts to its findings.

use std::sync::Arc;

use gov_grammar::ast::File;

use crate::diagnostic;
use crate::errors::lexical;
use crate::header;
use crate::package::{Checked, Input};
use crate::source::Sources;

/// Checks a package. The same input gives the same findings in the same order.
pub fn check(input: &Input) -> Checked {
    let mut sources = Sources::new();
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    for file in &input.files {
        let id = sources.add(file.path.clone(), Arc::clone(&file.text));
        let parsed = gov_grammar::parse(Arc::clone(&file.text));
        let (ast, problems) = File::from_tree(&parsed.tree);
        let errors: Vec<_> = parsed.errors.iter().chain(&problems).collect();
        diagnostics.extend(errors.iter().map(|error| lexical::of_grammar(id, &file.text, error)));
        files.push((id, ast, !errors.is_empty()));
    }
    let read: Vec<_> =
        files.iter().map(|(file, ast, broken)| header::Read { file: *file, ast, broken: *broken }).collect();
    diagnostics.extend(header::check(input.name.as_deref(), &read));
    diagnostic::sort(&mut diagnostics);
    Checked { sources, diagnostics, ..Checked::default() }
}
