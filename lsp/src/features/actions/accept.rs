//! A finding that is accepted, with a reason that its author fills in.

use gen_lsp_types as lsp;
use gov_compiler::codes::Code;
use gov_compiler::diagnostic::Diagnostic;
use gov_grammar::Span;
use gov_grammar::ast::{Block, ItemKind, StatementKind};

use super::{edit_here, line_start};
use crate::world::View;

/// The edit that puts `@accept` before what the finding is about; none for what cannot be accepted.
pub(super) fn with_reason(view: &View, found: &Diagnostic) -> Option<(String, lsp::WorkspaceEdit)> {
    // As the compiler has it: risk is the one thing that cannot be argued away, and the unproved is not known.
    if found.code.id() < "G1100" || found.code == Code::Unproved {
        return None;
    }
    let at = Span { start: found.primary.span.start, end: found.primary.span.end };
    let covering = covering(view, at)?;
    let (start, blank) = line_start(view.source.text(), covering.start);
    let code = found.code.id();
    let line = format!("{blank}@accept({code}, \"say why\")\n");
    Some((format!("accept {code} here, with a reason"), edit_here(view, vec![(start, start, line)])))
}

/// The rule, statement or item that a place is in.
fn covering(view: &View, at: Span) -> Option<Span> {
    let inside = |outer: Span| outer.start <= at.start && at.end <= outer.end;
    let item = view.source.parsed().ast.items.iter().find(|item| inside(item.span))?;
    let part = match &item.kind {
        ItemKind::Policy(policy) => policy.rules.iter().map(|rule| rule.span).find(|span| inside(*span)),
        ItemKind::Workflow(workflow) => statement(&workflow.body, at),
        ItemKind::Capability(_) | ItemKind::Prove(_) => None,
        _ => return None,
    };
    Some(part.unwrap_or(item.span))
}

fn statement(block: &Block, at: Span) -> Option<Span> {
    let around = block.statements.iter().find(|one| one.span.start <= at.start && at.end <= one.span.end)?;
    let inner = match &around.kind {
        StatementKind::If { arms, otherwise } => {
            arms.iter().map(|(_, block)| block).chain(otherwise).find_map(|block| statement(block, at))
        }
        StatementKind::Parallel(body) | StatementKind::For { body, .. } => statement(body, at),
        _ => None,
    };
    Some(inner.unwrap_or(around.span))
}
