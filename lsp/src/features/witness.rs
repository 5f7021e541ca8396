//! A counterexample as a test that shows it.

use std::collections::HashMap;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::verify::test_of;

use crate::proofs::Item;
use crate::world::{View, World};

/// The edit that adds the test that shows the first counterexample of an item.
pub fn edit_for(world: &Arc<World>, uri: &lsp::Uri, item: &Item) -> Option<lsp::WorkspaceEdit> {
    let view = View::of(world, uri)?;
    let found = world.proofs.found(&view.unit, item);
    found.iter().find_map(|found| edit(&view, found))
}

/// The edit that adds the test that shows a finding's counterexample, at the end of the document.
pub fn edit(view: &View, found: &Diagnostic) -> Option<lsp::WorkspaceEdit> {
    let test = test_of(found)?;
    let text = view.source.text();
    let end = text.trim_end().len() as u32;
    let range = view.source.lines.range(end, text.len() as u32, view.world.encoding);
    let edits = vec![lsp::TextEdit { range, new_text: format!("\n\n{test}") }];
    let changes = HashMap::from([(view.world.uri(&view.source.place), edits)]);
    Some(lsp::WorkspaceEdit { changes: Some(changes), ..Default::default() })
}
