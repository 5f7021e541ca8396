//! How the proofs of each item stand, above the item.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::verify::test_of;

use super::{Answer, diagnostics};
use crate::capabilities::WRITE_TEST;
use crate::proofs::{Item, Status};
use crate::world::{View, World};

/// A line above each item that is proved.
pub fn lenses(world: &Arc<World>, params: lsp::CodeLensParams) -> Answer<Option<Vec<lsp::CodeLens>>> {
    let uri = params.text_document.uri;
    let Some(view) = View::of(world, &uri) else { return Ok(None) };
    let unit = &view.unit;
    let mut lenses = Vec::new();
    for definition in unit.index().definitions().iter().filter(|one| one.at.file == view.file) {
        let Some(item) = Item::of_definition(definition) else { continue };
        if !unit.digests().contains_key(&item) {
            continue;
        }
        let found = world.proofs.found(unit, &item);
        let (title, tooltip) = match world.proofs.status(unit, &item) {
            Status::Proved(0) => ("nothing to prove".to_owned(), None),
            Status::Proved(count) => (format!("proved ({count})"), None),
            Status::Refuted => refuted(&found),
            Status::Unproved => ("unproved".to_owned(), found.first().map(|found| found.message.clone())),
            Status::Running => ("proving…".to_owned(), None),
            Status::Unknown => ("not proved yet".to_owned(), None),
        };
        let shows = found.iter().any(|found| test_of(found).is_some());
        let command = if shows { WRITE_TEST } else { "" };
        let arguments = shows.then(|| {
            [serde_json::to_value(&uri), serde_json::to_value(&item)].into_iter().filter_map(Result::ok).collect()
        });
        lenses.push(lsp::CodeLens {
            range: view.range(definition.at),
            command: Some(lsp::Command { title, tooltip, command: command.to_owned(), arguments }),
            data: None,
        });
    }
    Ok(Some(lenses))
}

/// What does not hold; what is only odd is told as such.
fn refuted(found: &[gov_compiler::diagnostic::Diagnostic]) -> (String, Option<String>) {
    let Some(worst) = found.iter().min_by_key(|found| found.severity) else {
        return ("proved, with findings that do not stop it".to_owned(), None);
    };
    let example = worst.witness.as_ref().map(|witness| diagnostics::lines_of(witness).join("\n"));
    let word = if worst.is_error() { "refuted" } else { "warned" };
    (format!("{word}: {}", worst.message), example)
}
