//! Who calls what: workflows call capabilities and workflows, and capabilities are undone by capabilities.

use std::collections::BTreeMap;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::index::{Definition, Kind};
use gov_compiler::source::Span;

use super::{Answer, navigation, symbols};
use crate::world::{View, World};

/// The workflow or capability at a position.
pub fn prepare(
    world: &Arc<World>,
    params: lsp::CallHierarchyPrepareParams,
) -> Answer<Option<Vec<lsp::CallHierarchyItem>>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let Some((_, one)) = navigation::only(&view, view.offset(at.position)) else { return Ok(None) };
    Ok(calls(one).then(|| item(&view, one).into_iter().collect()))
}

/// Who calls it.
pub fn incoming(
    world: &Arc<World>,
    params: lsp::CallHierarchyIncomingCallsParams,
) -> Answer<Option<Vec<lsp::CallHierarchyIncomingCall>>> {
    let Some((view, at)) = found(world, &params.item) else { return Ok(None) };
    let mut callers: BTreeMap<Span, Vec<Span>> = BTreeMap::new();
    for reference in view.unit.index().references_to(at).filter(|one| one.exact) {
        if let Some(caller) = view.unit.item_at(reference.at).filter(|caller| calls(caller)) {
            callers.entry(caller.at).or_default().push(reference.at);
        }
    }
    let call = |(at, places): (Span, Vec<Span>)| {
        let from = item(&view, view.unit.index().definition(at)?)?;
        Some(lsp::CallHierarchyIncomingCall {
            from,
            from_ranges: places.iter().map(|place| view.range(*place)).collect(),
        })
    };
    Ok(Some(callers.into_iter().filter_map(call).collect()))
}

/// What it calls, or is undone by.
pub fn outgoing(
    world: &Arc<World>,
    params: lsp::CallHierarchyOutgoingCallsParams,
) -> Answer<Option<Vec<lsp::CallHierarchyOutgoingCall>>> {
    let Some((view, at)) = found(world, &params.item) else { return Ok(None) };
    let index = view.unit.index();
    let Some(caller) = index.definition(at) else { return Ok(None) };
    let mut called: BTreeMap<Span, Vec<Span>> = BTreeMap::new();
    for reference in index.references_in(caller.whole).filter(|one| one.exact) {
        if let Some(to) = reference.to.and_then(|to| index.definition(to)).filter(|to| calls(to)) {
            called.entry(to.at).or_default().push(reference.at);
        }
    }
    let call = |(at, places): (Span, Vec<Span>)| {
        let to = item(&view, index.definition(at)?)?;
        Some(lsp::CallHierarchyOutgoingCall {
            to,
            from_ranges: places.iter().map(|place| view.range(*place)).collect(),
        })
    };
    Ok(Some(called.into_iter().filter_map(call).collect()))
}

fn calls(definition: &Definition) -> bool {
    matches!(definition.kind, Kind::Workflow | Kind::Capability)
}

/// The definition that an item was made of. One in another package is asked about in the package that knows its callers:
/// the item carries which that is.
fn found(world: &Arc<World>, item: &lsp::CallHierarchyItem) -> Option<(View, Span)> {
    let asked: Option<lsp::Uri> = item.data.clone().and_then(|data| serde_json::from_value(data).ok());
    let view = View::of(world, asked.as_ref().unwrap_or(&item.uri))?;
    let definitions = view.unit.index().definitions().iter();
    let at = definitions.filter(|one| calls(one) && one.name == item.name).map(|one| one.at).next()?;
    Some((view, at))
}

fn item(view: &View, definition: &Definition) -> Option<lsp::CallHierarchyItem> {
    Some(lsp::CallHierarchyItem {
        name: definition.name.clone(),
        kind: symbols::kind(definition.kind),
        tags: None,
        detail: Some(super::rename::word(definition.kind).to_owned()),
        uri: view.uri(definition.at.file)?,
        range: view.range(definition.whole),
        selection_range: view.range(definition.at),
        data: serde_json::to_value(view.world.uri(&view.source.place)).ok(),
    })
}
