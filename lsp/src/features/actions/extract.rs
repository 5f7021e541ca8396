//! Several patterns, as a set with a name.

use gen_lsp_types as lsp;
use gov_compiler::index::Kind as Meaning;
use gov_compiler::source::Span;
use gov_grammar::{Kind, Node};

use super::edit_here;
use crate::world::View;

/// The edit that makes a set of the patterns of the list at a place: of those that are selected, or of all.
pub(super) fn set(view: &View, here: Span) -> Option<lsp::CodeAction> {
    let root = view.source.parsed().tree.root();
    let item = root.children().find(|item| touches(*item, here) && item.kind() == Kind::policy)?;
    let list = item.descendants().find(|node| node.kind() == Kind::pattern_list && touches(*node, here))?;
    let all: Vec<Node<'_>> = list.children().filter(|node| node.kind() == Kind::pattern).collect();
    let selected: Vec<Node<'_>> =
        all.iter().copied().filter(|node| here.start < here.end && touches(*node, here)).collect();
    let patterns = if selected.len() > 1 { selected } else { all };
    let (first, last) = (patterns.first()?.span(), patterns.last()?.span());
    if patterns.len() < 2 || patterns.iter().any(|pattern| pattern.text() == "any") {
        return None;
    }
    let is_taken = |name: &str| view.unit.index().named(Meaning::Set, name).is_some();
    let name = std::iter::once("new_set".to_owned())
        .chain((2..).map(|number| format!("new_set_{number}")))
        .find(|name| !is_taken(name))?;
    let held: Vec<&str> = patterns.iter().map(|pattern| pattern.text()).collect();
    let declaration = format!("set {name} = {{ {} }}\n\n", held.join(", "));
    let at = lead(item);
    let edit = edit_here(view, vec![(at, at, declaration), (first.start, last.end, name.clone())]);
    Some(lsp::CodeAction {
        title: format!("extract {} patterns as the set `{name}`", patterns.len()),
        kind: Some(lsp::CodeActionKind::RefactorExtract),
        edit: Some(edit),
        ..Default::default()
    })
}

fn touches(node: Node<'_>, here: Span) -> bool {
    node.span().start <= here.end && here.start <= node.span().end
}

/// Where an item starts, with the comments right above it.
fn lead(item: Node<'_>) -> u32 {
    let text = item.file_text();
    let mut start = item.span().start;
    while let Some(before) = text.get(..(start as usize).saturating_sub(1)) {
        let above = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(above..start as usize).unwrap_or_default().trim_start();
        if !line.starts_with("//") && !line.starts_with('@') {
            break;
        }
        start = above as u32;
    }
    start
}
