//! A rule that nothing reaches, moved up before the one that takes its requests.

use gen_lsp_types as lsp;
use gov_compiler::codes::Code;
use gov_compiler::diagnostic::{Diagnostic, Subject};
use gov_grammar::Span;
use gov_grammar::ast::{ItemKind, Rule};

use super::{edit_here, line_start};
use crate::world::View;

/// The edit that moves the rule of a finding up, with its documentation.
pub(super) fn up(view: &View, found: &Diagnostic) -> Option<(String, lsp::WorkspaceEdit)> {
    if found.code != Code::ShadowedRule {
        return None;
    }
    let rule = rule_at(view, found.primary.span.start)?;
    let earlier = found.related.iter().filter(|related| matches!(related.subject, Subject::Rule { .. }));
    let first =
        earlier.map(|related| related.span).filter(|span| span.file == view.file).min_by_key(|span| span.start)?;
    let before = rule_at(view, first.start).filter(|before| before.span.start < rule.span.start)?;
    let text = view.source.text();
    let (from, until) = (lead_start(text, rule.span), line_end(text, rule.span.end)?);
    let to = lead_start(text, before.span);
    let moved = text.get(from as usize..until as usize)?.to_owned();
    let name =
        before.name.as_ref().map_or_else(|| "the rule that shadows it".to_owned(), |name| format!("`{}`", name.text));
    Some((
        format!("move the rule up, before {name}"),
        edit_here(view, vec![(to, to, moved), (from, until, String::new())]),
    ))
}

fn rule_at(view: &View, offset: u32) -> Option<&Rule> {
    let items = view.source.parsed().ast.items.iter();
    let mut rules = items.filter_map(|item| match &item.kind {
        ItemKind::Policy(policy) => Some(&policy.rules),
        _ => None,
    });
    rules.find_map(|rules| rules.iter().find(|rule| rule.span.start <= offset && offset < rule.span.end))
}

/// Where the lines of a rule start: those of its comments and of what it accepts too.
fn lead_start(text: &str, span: Span) -> u32 {
    let (mut start, _) = line_start(text, span.start);
    while start > 0 {
        let (above, _) = line_start(text, start - 1);
        let line = text.get(above as usize..start as usize).unwrap_or_default().trim_start();
        if !line.starts_with("//") && !line.starts_with('@') {
            break;
        }
        start = above;
    }
    start
}

/// The end of the line that a rule ends on, if nothing else stands there.
fn line_end(text: &str, end: u32) -> Option<u32> {
    let rest = text.get(end as usize..)?;
    let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let behind = rest.get(..line)?.trim();
    (behind.is_empty() || behind.starts_with("//")).then_some(end + line as u32)
}
