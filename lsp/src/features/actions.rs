//! What can be done at a place: the fixes of findings, and refactorings.

mod accept;
mod compensation;
mod extract;
mod reorder;

use std::collections::HashMap;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::diagnostic::{Applicability, Diagnostic, Fix};
use gov_compiler::source::Span;

use super::{Answer, diagnostics, witness};
use crate::world::{View, World};

/// The actions for a range.
pub fn actions(world: &Arc<World>, params: lsp::CodeActionParams) -> Answer<Option<Vec<lsp::CodeActionResponse>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let (start, end) = (view.offset(params.range.start), view.offset(params.range.end));
    let here = Span::new(view.file, start, end);
    let mut actions = Vec::new();
    for found in diagnostics::of_unit(world, &view.unit) {
        let at = found.primary.span;
        if at.file != view.file || at.start > end || at.end < start {
            continue;
        }
        of_finding(&view, &found, &mut actions);
    }
    actions.extend(extract::set(&view, here));
    actions.extend(compensation::missing(&view, here));
    if let Some(only) = &params.context.only {
        actions.retain(|action| {
            let kind = action.kind.as_ref().map(lsp::CodeActionKind::as_str).unwrap_or_default();
            only.iter().any(|wanted| kind == wanted.as_str() || kind.starts_with(&format!("{}.", wanted.as_str())))
        });
    }
    Ok(Some(actions.into_iter().map(lsp::CodeActionResponse::CodeAction).collect()))
}

fn of_finding(view: &View, found: &Diagnostic, actions: &mut Vec<lsp::CodeAction>) {
    let shown = diagnostics::shown(view, found);
    let mut add = |title: String, kind, edit, is_preferred: bool| {
        actions.push(lsp::CodeAction {
            title,
            kind: Some(kind),
            diagnostics: Some(vec![shown.clone()]),
            is_preferred: is_preferred.then_some(true),
            edit: Some(edit),
            ..Default::default()
        });
    };
    for (index, fix) in found.fixes.iter().enumerate() {
        if let Some(edit) = of_fix(view, fix) {
            let is_preferred = index == 0 && fix.applicability == Applicability::Safe;
            add(fix.title.clone(), lsp::CodeActionKind::QuickFix, edit, is_preferred);
        }
    }
    if let Some(edit) = witness::edit(view, found) {
        add("write a test that shows the counterexample".to_owned(), lsp::CodeActionKind::QuickFix, edit, false);
    }
    if let Some((title, edit)) = reorder::up(view, found) {
        add(title, lsp::CodeActionKind::RefactorMove, edit, false);
    }
    if let Some((title, edit)) = accept::with_reason(view, found) {
        add(title, lsp::CodeActionKind::QuickFix, edit, false);
    }
}

fn of_fix(view: &View, fix: &Fix) -> Option<lsp::WorkspaceEdit> {
    let mut changes: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
    for edit in &fix.edits {
        let edits = changes.entry(view.uri(edit.span.file)?).or_default();
        edits.push(lsp::TextEdit { range: view.range(edit.span), new_text: edit.text.clone() });
    }
    (!changes.is_empty()).then(|| lsp::WorkspaceEdit { changes: Some(changes), ..Default::default() })
}

/// An edit of the document at hand.
fn edit_here(view: &View, edits: Vec<(u32, u32, String)>) -> lsp::WorkspaceEdit {
    let edits = edits.into_iter().map(|(start, end, new_text)| lsp::TextEdit {
        range: view.source.lines.range(start, end, view.world.encoding),
        new_text,
    });
    let changes = HashMap::from([(view.world.uri(&view.source.place), edits.collect())]);
    lsp::WorkspaceEdit { changes: Some(changes), ..Default::default() }
}

/// Where the line of an offset starts, and the white space that it begins with.
fn line_start(text: &str, offset: u32) -> (u32, String) {
    let before = text.get(..offset as usize).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let blank = text.get(start..).unwrap_or_default().chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    (start as u32, blank)
}
