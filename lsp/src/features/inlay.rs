//! What is not written and yet follows: what sets hold, how a step is decided, and the types of values.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::index::Kind as Meaning;
use gov_compiler::source::Span;
use gov_grammar::Kind;
use gov_plan::model::{Node, NodeKind, Step, Target, Workflow};

use super::{Answer, shown};
use crate::features::decision;
use crate::world::{View, World};

/// The hints of a range.
pub fn hints(world: &Arc<World>, params: lsp::InlayHintParams) -> Answer<Option<Vec<lsp::InlayHint>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let (start, end) = (view.offset(params.range.start), view.offset(params.range.end));
    let mut hints = Vec::new();
    types(&view, &mut hints);
    sets(&view, &mut hints);
    decisions(&view, &mut hints);
    hints.retain(|(at, _)| start <= *at && *at <= end);
    hints.sort_by_key(|(at, _)| *at);
    Ok(Some(hints.into_iter().map(|(_, hint)| hint).collect()))
}

type Hints = Vec<(u32, lsp::InlayHint)>;

fn hint(
    view: &View,
    at: u32,
    label: String,
    kind: Option<lsp::InlayHintKind>,
    tooltip: Option<String>,
) -> (u32, lsp::InlayHint) {
    let hint = lsp::InlayHint {
        position: view.source.lines.position(at, view.world.encoding),
        label: lsp::Label::String(label),
        kind,
        text_edits: None,
        tooltip: tooltip.map(lsp::Tooltip::String),
        padding_left: Some(kind.is_none()),
        padding_right: None,
        data: None,
    };
    (at, hint)
}

/// The types of what `let` and loops bind.
fn types(view: &View, hints: &mut Hints) {
    let values = view.unit.index().definitions().iter();
    for value in values.filter(|one| one.kind == Meaning::Value && one.at.file == view.file) {
        if let Some((ty, optional)) = &value.ty {
            let label = format!(": {}", short(&shown(ty, *optional)));
            hints.push(hint(view, value.at.end, label, Some(lsp::InlayHintKind::Type), None));
        }
    }
}

/// What a set holds that is named among patterns.
fn sets(view: &View, hints: &mut Hints) {
    let index = view.unit.index();
    let nodes = view.source.parsed().tree.nodes().filter(|node| node.kind() == Kind::pattern);
    for node in nodes {
        let at = view.span(node.span());
        let to = index.references_in(at).find(|one| one.at == at).and_then(|one| one.to);
        let Some(set) = to.and_then(|to| index.definition(to)).filter(|to| to.kind == Meaning::Set) else { continue };
        let text = view.unit.checked().sources.slice(set.whole);
        let Some((_, held)) = text.split_once('=') else { continue };
        let held = held.split_whitespace().collect::<Vec<_>>().join(" ");
        hints.push(hint(view, at.end, format!("= {}", short(&held)), None, Some(held)));
    }
}

/// How each step is decided.
fn decisions(view: &View, hints: &mut Hints) {
    let Some(model) = view.unit.model() else { return };
    for workflow in &model.workflows {
        walk(&workflow.body, &mut |step, at| {
            let span = Span::new(view.file, at.start, at.end);
            if at.file != view.file.0 {
                return;
            }
            let Some(text) = label(view, workflow, step) else { return };
            // Behind the capability, where the reader looks for it.
            let Target::Call(call) = &step.target else { return };
            let behind = call.at.start + call.capability.len() as u32;
            if span.start <= behind && behind <= span.end {
                hints.push(hint(view, behind, text, None, Some(format!("decided by `{}`", workflow.policy))));
            }
        });
    }
}

fn label(view: &View, workflow: &Workflow, step: &Step) -> Option<String> {
    let model = view.unit.model()?;
    let Target::Call(call) = &step.target else { return None };
    let decisions = decision::of(model, model.policy(&workflow.policy)?, &step.principal, &call.capability)?;
    Some(format!("⟨{decisions}⟩"))
}

fn walk(nodes: &[Node], visit: &mut impl FnMut(&Step, gov_plan::Origin)) {
    for node in nodes {
        match &node.kind {
            NodeKind::Step(step) => visit(step, node.at),
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| walk(body, visit));
                walk(otherwise, visit);
            }
            NodeKind::Parallel { branches } => walk(branches, visit),
            NodeKind::For { body, .. } => walk(body, visit),
            _ => {}
        }
    }
}

fn short(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}
