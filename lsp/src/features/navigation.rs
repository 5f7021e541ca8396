//! Where things are declared, and where they are used.

use std::collections::BTreeSet;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::index::Definition;
use gov_compiler::source::Span;

use super::Answer;
use crate::world::{View, World};

/// What the name at an offset stands for: declarations, with the span of the name itself. Several where a pattern matches
/// several things.
pub fn meant(view: &View, offset: u32) -> Option<(Span, Vec<Span>)> {
    let index = view.unit.index();
    let referred: Vec<_> = index.references_at(view.file, offset).collect();
    if let Some(first) = referred.first() {
        let mut to: Vec<Span> = referred.iter().filter_map(|one| one.to).collect();
        to.sort();
        return Some((first.at, to));
    }
    index.definition_at(view.file, offset).map(|definition| (definition.at, vec![definition.at]))
}

/// The one thing that the name at an offset stands for.
pub fn only(view: &View, offset: u32) -> Option<(Span, &Definition)> {
    let (at, to) = meant(view, offset)?;
    match to.as_slice() {
        [one] => view.unit.index().definition(*one).map(|definition| (at, definition)),
        _ => None,
    }
}

/// Every place where something is named, the declaration too if it is wanted.
pub fn uses(view: &View, declared: Span, with_declaration: bool) -> Vec<Span> {
    let index = view.unit.index();
    let own = index.definition(declared).filter(|_| with_declaration).map(|definition| definition.at);
    let all: BTreeSet<Span> = own.into_iter().chain(index.references_to(declared).map(|one| one.at)).collect();
    all.into_iter().collect()
}

/// Where what stands at a position is declared.
pub fn definition(world: &Arc<World>, params: lsp::DefinitionParams) -> Answer<Option<lsp::DefinitionResponse>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let Some((_, to)) = meant(&view, view.offset(at.position)) else { return Ok(None) };
    let places: Vec<_> = to
        .iter()
        .filter_map(|to| {
            let name = view.unit.index().definition(*to).map_or(*to, |definition| definition.at);
            view.location(name)
        })
        .collect();
    Ok((!places.is_empty()).then_some(lsp::DefinitionResponse::Definition(lsp::Definition::LocationList(places))))
}

/// Where what stands at a position is used.
pub fn references(world: &Arc<World>, params: lsp::ReferenceParams) -> Answer<Option<Vec<lsp::Location>>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let offset = view.offset(at.position);
    let spans = match meant(&view, offset) {
        Some((_, to)) => {
            let all: BTreeSet<Span> =
                to.iter().flat_map(|to| uses(&view, *to, params.context.include_declaration)).collect();
            all.into_iter().collect()
        }
        None => principals(&view, offset),
    };
    Ok(Some(spans.into_iter().filter_map(|span| view.location(span)).collect()))
}

/// The uses in the document of what stands at a position.
pub fn highlights(
    world: &Arc<World>,
    params: lsp::DocumentHighlightParams,
) -> Answer<Option<Vec<lsp::DocumentHighlight>>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let offset = view.offset(at.position);
    let (spans, declared) = match meant(&view, offset) {
        Some((_, to)) => {
            let all: BTreeSet<Span> = to.iter().flat_map(|to| uses(&view, *to, true)).collect();
            (all.into_iter().collect::<Vec<_>>(), to)
        }
        None => (principals(&view, offset), Vec::new()),
    };
    let here = spans.into_iter().filter(|span| span.file == view.file).map(|span| {
        let is_declaration = declared.iter().any(|one| one.start == span.start && one.file == span.file);
        let kind = if is_declaration { lsp::DocumentHighlightKind::Write } else { lsp::DocumentHighlightKind::Read };
        lsp::DocumentHighlight { range: view.range(span), kind: Some(kind) }
    });
    Ok(Some(here.collect()))
}

/// Every mention of the principal at an offset: nothing declares one, its text is what it is.
fn principals(view: &View, offset: u32) -> Vec<Span> {
    use gov_grammar::Kind::{pattern, principal};
    let is_one = |node: &gov_grammar::Node<'_>| matches!(node.kind(), principal | pattern) && node.text().contains(':');
    let tree = &view.source.parsed().tree;
    let here = tree.nodes().filter(is_one).find(|node| node.span().start <= offset && offset <= node.span().end);
    let Some(text) = here.map(|node| node.text()) else { return Vec::new() };
    let mut found = Vec::new();
    for (index, source) in view.unit.own.iter().enumerate() {
        let file = gov_compiler::source::FileId(index as u32);
        let nodes = source.parsed().tree.nodes().filter(is_one).filter(|node| node.text() == text);
        found.extend(nodes.map(|node| Span::new(file, node.span().start, node.span().end)));
    }
    found
}
