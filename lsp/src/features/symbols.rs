//! What a document and the packages declare, as an outline and for search.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::index::{Definition, Kind};
use gov_compiler::source::FileId;

use super::{Answer, shown};
use crate::world::{View, World};

/// How the protocol calls each kind.
pub fn kind(kind: Kind) -> lsp::SymbolKind {
    match kind {
        Kind::Type => lsp::SymbolKind::Struct,
        Kind::Context => lsp::SymbolKind::Object,
        Kind::Field => lsp::SymbolKind::Field,
        Kind::Role | Kind::Set => lsp::SymbolKind::Enum,
        Kind::Capability => lsp::SymbolKind::Function,
        Kind::Policy => lsp::SymbolKind::Class,
        Kind::Rule => lsp::SymbolKind::Property,
        Kind::Workflow => lsp::SymbolKind::Method,
        Kind::Parameter | Kind::Value => lsp::SymbolKind::Variable,
        Kind::Step | Kind::Approval => lsp::SymbolKind::Event,
        Kind::Claim => lsp::SymbolKind::Boolean,
        Kind::Test => lsp::SymbolKind::String,
    }
}

/// The outline of a document.
pub fn of_document(
    world: &Arc<World>,
    params: lsp::DocumentSymbolParams,
) -> Answer<Option<lsp::DocumentSymbolResponse>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let here: Vec<&Definition> =
        view.unit.index().definitions().iter().filter(|one| one.at.file == view.file).collect();
    // A definition stands before what is part of it, but for a capability of a record: parts are found by containment.
    let tops = here.iter().filter(|one| one.owner.is_none());
    let symbols = tops.map(|top| symbol(&view, top, &here)).collect();
    Ok(Some(lsp::DocumentSymbolResponse::DocumentSymbolList(symbols)))
}

#[expect(deprecated, reason = "the protocol's type has a field that is no longer to be used")]
fn symbol(view: &View, definition: &Definition, all: &[&Definition]) -> lsp::DocumentSymbol {
    let inside = |other: &&&Definition| other.owner.is_some() && definition.whole.contains(other.whole);
    let children: Vec<_> = match definition.owner {
        None => all.iter().filter(inside).map(|part| symbol(view, part, &[])).collect(),
        Some(_) => Vec::new(),
    };
    lsp::DocumentSymbol {
        name: if definition.name.is_empty() { "test".to_owned() } else { definition.name.clone() },
        detail: definition.ty.as_ref().map(|(ty, optional)| shown(ty, *optional)),
        kind: kind(definition.kind),
        tags: None,
        deprecated: None,
        range: view.range(definition.whole.to(definition.at)),
        selection_range: view.range(definition.at),
        children: Some(children).filter(|children| !children.is_empty()),
    }
}

/// What is declared anywhere and has the letters that are asked for, in their order.
pub fn of_workspace(
    world: &Arc<World>,
    params: lsp::WorkspaceSymbolParams,
) -> Answer<Option<lsp::WorkspaceSymbolResponse>> {
    const MOST: usize = 500;
    let wanted = params.query.to_lowercase();
    let mut found = Vec::new();
    for unit in &world.units {
        for (index, source) in unit.own.iter().enumerate() {
            let file = FileId(index as u32);
            let view = View { world: Arc::clone(world), unit: Arc::clone(unit), file, source: Arc::clone(source) };
            let definitions = unit.index().definitions().iter().filter(|one| one.at.file == file);
            let named = definitions
                .filter(|one| !matches!(one.kind, Kind::Field | Kind::Parameter | Kind::Value | Kind::Context));
            for one in named.filter(|one| has_letters(&one.name.to_lowercase(), &wanted)) {
                let Some(location) = view.location(one.at) else { continue };
                found.push(lsp::WorkspaceSymbol {
                    location: lsp::WorkspaceSymbolLocation::Location(location),
                    data: None,
                    base_symbol_information: lsp::BaseSymbolInformation {
                        name: one.name.clone(),
                        kind: kind(one.kind),
                        tags: None,
                        container_name: one.owner.clone(),
                    },
                });
            }
        }
    }
    found.truncate(MOST);
    Ok(Some(lsp::WorkspaceSymbolResponse::WorkspaceSymbolList(found)))
}

fn has_letters(name: &str, wanted: &str) -> bool {
    let mut letters = name.chars();
    wanted.chars().all(|wanted| letters.any(|letter| letter == wanted))
}
