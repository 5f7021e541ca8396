//! What stands under the pointer: its type, its documentation, and what follows from it.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_grammar::Kind;

use super::{Answer, describe, input, navigation, shown};
use crate::world::{View, World};

/// What there is to say about what stands at a position.
pub fn hover(world: &Arc<World>, params: lsp::HoverParams) -> Answer<Option<lsp::Hover>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let offset = view.offset(at.position);
    Ok(name(&view, offset).or_else(|| code(&view, offset)).map(|(text, range)| lsp::Hover {
        contents: lsp::Contents::MarkupContent(lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value: text }),
        range: Some(range),
    }))
}

fn name(view: &View, offset: u32) -> Option<(String, lsp::Range)> {
    let index = view.unit.index();
    // A value is of the type that it has here, where what may be absent may have been shown to be there.
    let here = index.references_at(view.file, offset).find(|one| one.ty.is_some());
    let typed = here.and_then(|one| Some((one.at, one.ty.as_ref()?)));
    let (at, to) = navigation::meant(view, offset)?;
    let range = view.range(at);
    let definitions: Vec<_> = to.iter().filter_map(|to| index.definition(*to)).collect();
    match (definitions.as_slice(), typed) {
        ([one], Some((_, (ty, optional)))) if one.kind != gov_compiler::index::Kind::Context => {
            let docs = if one.docs.is_empty() { String::new() } else { format!("\n\n{}", one.docs) };
            let owner = one.owner.as_ref().map(|owner| format!("\n\n{} of `{owner}`", super::rename::word(one.kind)));
            let head = format!("```gov\n{}: {}\n```", one.name, shown(ty, *optional));
            Some((format!("{head}{}{docs}", owner.unwrap_or_default()), range))
        }
        ([one], _) => Some((describe::definition(&view.unit, one), range)),
        ([], Some((at, (ty, optional)))) => {
            let word = view.unit.checked().sources.slice(at);
            let whole = (word == "input").then(|| input::at(view, offset)).flatten();
            Some((format!("```gov\n{word}: {}\n```", shown(whole.as_ref().unwrap_or(ty), *optional)), range))
        }
        ([], None) => None,
        (several, _) => {
            let names: Vec<String> = several.iter().map(|one| format!("- `{}`", one.name)).collect();
            Some((format!("matches {}:\n\n{}", names.len(), names.join("\n")), range))
        }
    }
}

/// What a code means that is accepted.
fn code(view: &View, offset: u32) -> Option<(String, lsp::Range)> {
    let nodes = view.source.parsed().tree.nodes().filter(|node| node.kind() == Kind::code);
    let node = nodes.into_iter().find(|node| node.span().start <= offset && offset <= node.span().end)?;
    let code: gov_compiler::codes::Code = node.text().parse().ok()?;
    Some((format!("**{}** `{}`\n\n{}", code.id(), code.name(), code.summary()), view.range_here(node.span())))
}
