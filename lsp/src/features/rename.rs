//! Giving something another name, wherever it is named: in all files of its package, in patterns and in sets.

use std::collections::HashMap;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::index::{Definition, Kind};
use gov_compiler::package::Parsed;
use gov_compiler::source::Span;

use super::{Answer, Refusal, navigation};
use crate::world::{View, World};

/// Whether what stands at a position can be renamed, and the stretch that is its name.
pub fn prepare(world: &Arc<World>, params: lsp::PrepareRenameParams) -> Answer<Option<lsp::PrepareRenameResult>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let Some((span, definition)) = target(&view, view.offset(at.position))? else { return Ok(None) };
    let placeholder = definition.name.clone();
    Ok(Some(lsp::PrepareRenameResult::PrepareRenamePlaceholder(lsp::PrepareRenamePlaceholder {
        range: view.range(span),
        placeholder,
    })))
}

/// The edits that give it another name.
pub fn rename(world: &Arc<World>, params: lsp::RenameParams) -> Answer<Option<lsp::WorkspaceEdit>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let Some((_, definition)) = target(&view, view.offset(at.position))? else { return Ok(None) };
    let new = params.new_name.trim();
    name_fits(definition.kind, new)?;
    if new != definition.name && is_taken(&view, definition, new) {
        return Err(Refusal::new(format!("there is a {} `{new}` already", word(definition.kind))));
    }
    patterns_fit(&view, definition, new)?;
    let exact = view.unit.index().references_to(definition.at).filter(|one| one.exact).map(|one| one.at);
    let mut spans: Vec<Span> = exact.chain([definition.at]).collect();
    spans.sort();
    spans.dedup();
    means_the_same(&view, &spans, new)?;
    let mut changes: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
    for span in spans {
        let Some(uri) = view.uri(span.file) else { continue };
        changes.entry(uri).or_default().push(lsp::TextEdit { range: view.range(span), new_text: new.to_owned() });
    }
    Ok(Some(lsp::WorkspaceEdit { changes: Some(changes), ..Default::default() }))
}

/// Whether the package with the new name has no finding that it does not have now. The last word on a rename is the
/// compiler's: a name may be shared in ways that no single place shows.
fn means_the_same(view: &View, spans: &[Span], new: &str) -> Answer<()> {
    let mut replaced = Vec::new();
    for file in spans.chunk_by(|one, other| one.file == other.file) {
        let Some(source) = file.first().and_then(|span| view.unit.source(span.file).map(|source| (span.file, source)))
        else {
            continue;
        };
        let mut text = source.1.text().to_string();
        for span in file.iter().rev().filter(|span| source.1.text().get(span.range()).is_some()) {
            text.replace_range(span.range(), new);
        }
        replaced.push((source.0, Arc::new(Parsed::new(source.1.shown.clone(), text))));
    }
    let after = gov_compiler::check_indexed(&view.unit.input(&replaced)).checked;
    let before = view.unit.checked();
    let count = |found: &[Diagnostic], code| found.iter().filter(|found| found.code == code).count();
    let new_one = after
        .diagnostics
        .iter()
        .find(|found| count(&after.diagnostics, found.code) > count(&before.diagnostics, found.code));
    match new_one {
        None => Ok(()),
        Some(found) => {
            let (path, place) =
                (after.sources.path(found.primary.span.file), after.sources.position(found.primary.span));
            Err(Refusal::new(format!("with that name, {}: {} ({path}:{})", found.code, found.message, place.line)))
        }
    }
}

/// What stands at an offset, if it has a name that can be changed.
fn target(view: &View, offset: u32) -> Answer<Option<(Span, &Definition)>> {
    let index = view.unit.index();
    if index.references_at(view.file, offset).any(|one| !one.exact) {
        return Err(Refusal::new("this pattern matches several things; rename each where it is declared"));
    }
    let Some((span, definition)) = navigation::only(view, offset) else { return Ok(None) };
    if !view.unit.is_own(definition.at.file) {
        return Err(Refusal::new(format!("`{}` belongs to another package", definition.name)));
    }
    if matches!(definition.kind, Kind::Context | Kind::Test) || definition.name.starts_with('#') {
        return Ok(None);
    }
    Ok(Some((span, definition)))
}

/// Whether a name is written as names of the kind are.
fn name_fits(kind: Kind, new: &str) -> Answer<()> {
    let word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !gov_plan::typing::is_reserved(text)
    };
    let (fits, example) = match kind {
        Kind::Type => {
            let starts = new.starts_with(|c: char| c.is_ascii_uppercase());
            (starts && new.chars().all(|c| c.is_ascii_alphanumeric()), "`Amount`")
        }
        Kind::Capability => (new.contains('.') && new.split('.').all(word), "`crm.read_order`"),
        _ => (word(new), "`refund_order`"),
    };
    if fits { Ok(()) } else { Err(Refusal::new(format!("`{new}` is no name here; write one such as {example}"))) }
}

fn is_taken(view: &View, definition: &Definition, new: &str) -> bool {
    let is_binding = |kind: Kind| matches!(kind, Kind::Parameter | Kind::Step | Kind::Approval | Kind::Value);
    view.unit.index().definitions().iter().any(|other| {
        let alike = other.kind == definition.kind || is_binding(other.kind) && is_binding(definition.kind);
        let near = match definition.kind {
            // Fields of one record stand in one another's way; those of others do not.
            Kind::Field => other.owner == definition.owner && same_record(view, other, definition),
            _ => other.owner == definition.owner,
        };
        alike && near && other.name == new && other.at != definition.at
    })
}

/// Whether two fields of one item are fields of one record: of the smallest braces around the one, the other is a child.
fn same_record(view: &View, one: &Definition, other: &Definition) -> bool {
    let around = |at: Span| {
        let source = view.unit.source(at.file)?;
        let nodes = source.parsed().tree.nodes().filter(|node| node.kind() == gov_grammar::Kind::fields);
        let holding = nodes.filter(|node| node.span().start <= at.start && at.end <= node.span().end);
        holding.map(|node| node.span()).min_by_key(|span| span.end - span.start)
    };
    one.at.file == other.at.file && around(one.at) == around(other.at)
}

/// A capability whose id changes must go on to match the patterns that match it, and no others: a rename never changes what
/// is allowed.
fn patterns_fit(view: &View, definition: &Definition, new: &str) -> Answer<()> {
    if definition.kind != Kind::Capability {
        return Ok(());
    }
    let index = view.unit.index();
    let sources = &view.unit.checked().sources;
    for reference in index.references().iter().filter(|one| !one.exact && view.unit.is_own(one.at.file)) {
        let pattern = sources.slice(reference.at);
        let Some(prefix) = pattern.strip_suffix('*') else { continue };
        if definition.name.starts_with(prefix) != new.starts_with(prefix) {
            let place = sources.position(reference.at);
            let path = sources.path(reference.at.file);
            let (old, line) = (&definition.name, place.line);
            let verb = if new.starts_with(prefix) { "would match" } else { "would no longer match" };
            return Err(Refusal::new(format!(
                "the pattern `{pattern}` ({path}:{line}) {verb} `{new}`: what is allowed would change; change the pattern, or rename `{old}` by hand"
            )));
        }
    }
    Ok(())
}

/// What something of a kind is called.
pub fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Type => "type",
        Kind::Context => "context",
        Kind::Field => "field",
        Kind::Role => "role",
        Kind::Set => "set",
        Kind::Capability => "capability",
        Kind::Policy => "policy",
        Kind::Rule => "rule",
        Kind::Workflow => "workflow",
        Kind::Parameter => "parameter",
        Kind::Step => "step",
        Kind::Approval => "approval",
        Kind::Value => "value",
        Kind::Claim => "claim",
        Kind::Test => "test",
    }
}
