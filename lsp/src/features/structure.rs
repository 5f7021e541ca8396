//! What can be folded, and how a selection grows: both follow the tree.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_grammar::{Kind, Node};

use super::Answer;
use crate::world::{View, World};

/// Braces over several lines, and comments of several lines.
pub fn folds(world: &Arc<World>, params: lsp::FoldingRangeParams) -> Answer<Option<Vec<lsp::FoldingRange>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let tree = &view.source.parsed().tree;
    let mut folds = Vec::new();
    let mut comments: Option<(u32, u32)> = None;
    for node in tree.nodes() {
        let range = view.range_here(node.span());
        let (first, last) = (range.start.line, range.end.line);
        if node.kind() == Kind::COMMENT {
            comments = match comments {
                Some((start, end)) if end + 1 == first => Some((start, last)),
                before => {
                    folds.extend(before.and_then(comment));
                    Some((first, last))
                }
            };
            continue;
        }
        let is_braced = node.children().any(|child| child.kind() == Kind::l_brace || child.kind() == Kind::l_brack);
        if is_braced && first < last {
            folds.push(lsp::FoldingRange {
                start_line: first,
                end_line: last.saturating_sub(1).max(first),
                ..Default::default()
            });
        }
    }
    folds.extend(comments.and_then(comment));
    folds.sort_by_key(|fold| (fold.start_line, fold.end_line));
    folds.dedup_by_key(|fold| fold.start_line);
    Ok(Some(folds))
}

fn comment((start_line, end_line): (u32, u32)) -> Option<lsp::FoldingRange> {
    let kind = Some(lsp::FoldingRangeKind::Comment);
    (start_line < end_line).then(|| lsp::FoldingRange { start_line, end_line, kind, ..Default::default() })
}

/// For each position what is around it, the smallest first.
pub fn selections(world: &Arc<World>, params: lsp::SelectionRangeParams) -> Answer<Option<Vec<lsp::SelectionRange>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let around = |position: &lsp::Position| {
        let offset = view.offset(*position);
        let mut spans = vec![view.source.parsed().tree.root().span()];
        grow(view.source.parsed().tree.root(), offset, &mut spans);
        let whole = lsp::SelectionRange {
            range: view.range_here(gov_grammar::Span { start: 0, end: view.source.text().len() as u32 }),
            parent: None,
        };
        let ranges = spans.into_iter().map(|span| view.range_here(span));
        ranges.fold(whole, |parent, range| {
            if parent.range == range {
                return parent;
            }
            lsp::SelectionRange { range, parent: Some(Box::new(parent)) }
        })
    };
    Ok(Some(params.positions.iter().map(around).collect()))
}

fn grow(node: Node<'_>, offset: u32, spans: &mut Vec<gov_grammar::Span>) {
    let inside = |child: &Node<'_>| child.span().start <= offset && offset <= child.span().end;
    // Between two tokens the one that begins is meant.
    if let Some(child) = node.children().filter(inside).last() {
        spans.push(child.span());
        grow(child, offset, spans);
    }
}
