//! The check of a package, from its texts to its findings.

use std::sync::Arc;

use crate::diagnostic;
use crate::errors::lexical;
use crate::package::{Checked, Input};
use crate::source::Sources;

/// Checks a package. The same input gives the same findings in the same order.
pub fn check(input: &Input) -> Checked {
    let mut sources = Sources::new();
    let mut diagnostics = Vec::new();
    for file in &input.files {
        let id = sources.add(file.path.clone(), Arc::clone(&file.text));
        let parsed = gov_grammar::parse(Arc::clone(&file.text));
        diagnostics.extend(parsed.errors.iter().map(|error| lexical::of_grammar(id, &file.text, error)));
    }
    diagnostic::sort(&mut diagnostics);
    Checked { sources, diagnostics, ..Checked::default() }
}
