//! A capability that does not say how it is undone, and ways to say it.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::source::Span;
use gov_grammar::ast::{Capability as Written, ClauseKind, Item, ItemKind};
use gov_plan::model::{Capability, CapabilityKind};

use super::edit_here;
use crate::world::View;

/// The edits that add the missing clause to the capability at a place.
pub(super) fn missing(view: &View, here: Span) -> Vec<lsp::CodeAction> {
    let around = |item: &&Arc<Item>| item.span.start <= here.end && here.start <= item.span.end;
    let capabilities = view.source.parsed().ast.items.iter().filter(around).filter_map(|item| match &item.kind {
        ItemKind::Capability(written) => Some((item, written)),
        _ => None,
    });
    let mut actions = Vec::new();
    for (item, written) in capabilities {
        let has = written.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Compensate(_)));
        if has || written.broken || written.kind.text == CapabilityKind::Read.as_str() {
            continue;
        }
        for call in undoing(view, written) {
            actions.push(action(
                view,
                item,
                format!("undo it with `{}`", call.0),
                &format!("compensate with {}", call.1),
            ));
        }
        let manually = "compensate manually because \"say what a human has to do\"";
        actions.push(action(view, item, "say that a human undoes it".to_owned(), manually));
        let none = "compensate none because \"say why nothing undoes it\"";
        actions.push(action(view, item, "say that nothing undoes it".to_owned(), none));
    }
    actions
}

fn action(view: &View, item: &Item, title: String, clause: &str) -> lsp::CodeAction {
    // Before the closing brace, on a line of its own where the brace has one.
    let text = view.source.text();
    let brace = item.span.end.saturating_sub(1);
    let body = text.get(..brace as usize).unwrap_or_default();
    let end = body.trim_end().len() as u32;
    let is_empty = body.trim_end().ends_with('{');
    let on_lines = body.get(end as usize..).unwrap_or_default().contains('\n') || is_empty;
    let (start, new) = match on_lines {
        true => (end, format!("\n    {clause}\n")),
        false => (end, format!(" {clause} ")),
    };
    lsp::CodeAction {
        title,
        kind: Some(lsp::CodeActionKind::RefactorRewrite),
        edit: Some(edit_here(view, vec![(start, brace, new)])),
        ..Default::default()
    }
}

/// Capabilities of the same service that take nothing but what this one takes or gives, as calls.
fn undoing(view: &View, written: &Written) -> Vec<(String, String)> {
    const MOST: usize = 3;
    let Some(model) = view.unit.model() else { return Vec::new() };
    let Some(own) = model.capability(&written.id.text) else { return Vec::new() };
    let service = |id: &str| id.rsplit_once('.').map(|(service, _)| service.to_owned());
    let near = model
        .capabilities
        .iter()
        .filter(|one| one.id != own.id && one.kind != CapabilityKind::Read && service(&one.id) == service(&own.id));
    near.filter_map(|one| Some((one.id.clone(), call(own, one)?))).take(MOST).collect()
}

fn call(own: &Capability, other: &Capability) -> Option<String> {
    let mut arguments = Vec::new();
    for field in other.input.iter() {
        let fits = |of: &gov_plan::types::Fields| {
            of.get(&field.name).is_some_and(|known| known.schema.ty.same(&field.schema.ty) && !known.schema.optional)
        };
        if fits(&own.input) {
            arguments.push(format!("{0}: {0}", field.name));
        } else if fits(&own.output) {
            arguments.push(format!("{0}: output.{0}", field.name));
        } else if !field.schema.optional {
            return None;
        }
    }
    Some(if arguments.is_empty() {
        format!("{} {{}}", other.id)
    } else {
        format!("{} {{ {} }}", other.id, arguments.join(", "))
    })
}
