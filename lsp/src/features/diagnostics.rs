//! What is wrong: pushed when it changes, and given when a client asks.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::codes::{Code, Severity};
use gov_compiler::diagnostic::{Diagnostic, Witness};
use gov_compiler::source::FileId;

use super::Answer;
use crate::position::Lines;
use crate::world::{Manifest, Unit, View, World, place_of};

/// What is wrong with a file.
#[derive(Debug)]
pub struct OfFile {
    /// The file.
    pub uri: lsp::Uri,
    /// The version of the document, if it is open.
    pub version: Option<i32>,
    /// What is wrong.
    pub found: Vec<lsp::Diagnostic>,
}

/// What is wrong with every file that is known.
pub fn of_world(world: &Arc<World>) -> Vec<OfFile> {
    let mut files = BTreeMap::new();
    for unit in &world.units {
        let found = of_unit(world, unit);
        for (index, source) in unit.sources().enumerate() {
            let file = FileId(index as u32);
            // A file that is the own of another package is told of there.
            let is_elsewhere = || world.unit(&source.place).is_some_and(|owner| !Arc::ptr_eq(owner, unit));
            if !unit.is_own(file) && is_elsewhere() {
                continue;
            }
            let view = View { world: Arc::clone(world), unit: Arc::clone(unit), file, source: Arc::clone(source) };
            let here = found.iter().filter(|found| found.primary.span.file == file);
            files.entry(source.place.clone()).or_insert_with(Vec::new).extend(here.map(|found| shown(&view, found)));
        }
    }
    for Manifest { place, text, found } in world.manifests.iter() {
        let lines = Lines::new(Arc::clone(text));
        let shown = found.iter().map(|found| {
            let range = lines.range(found.primary.span.start, found.primary.span.end, world.encoding);
            plain(found, range)
        });
        files.entry(place.clone()).or_default().extend(shown);
    }
    let of_file = |(place, found): (PathBuf, Vec<lsp::Diagnostic>)| {
        let version = world.open.get(&place).map(|open| open.version);
        OfFile { uri: world.uri(&place), version, found }
    };
    files.into_iter().map(of_file).collect()
}

/// What is wrong with a package: what the check finds, and what is known of the proofs.
pub fn of_unit(world: &World, unit: &Unit) -> Vec<Diagnostic> {
    if unit.broken {
        return Vec::new();
    }
    let checked = unit.checked();
    let mut found = checked.diagnostics.clone();
    found.extend(world.proofs.all(unit).flat_map(|(_, outcome)| outcome.found(unit)));
    // Asked where an acceptance accepts nothing, which is rare.
    let all_known =
        LazyCell::new(|| checked.package.is_some() && world.proofs.all(unit).count() == unit.digests().len());
    gov_compiler::accept(&mut found, &checked.acceptances, |_| *all_known);
    found
}

/// The findings of a document, when the client asks for them.
pub fn pull(world: &Arc<World>, params: lsp::DocumentDiagnosticParams) -> Answer<lsp::DocumentDiagnosticReport> {
    let items = of_document(world, &params.text_document.uri);
    let mut hash = DefaultHasher::new();
    serde_json::to_string(&items).unwrap_or_default().hash(&mut hash);
    let id = format!("{:x}", hash.finish());
    if params.previous_result_id.as_ref() == Some(&id) {
        let report = lsp::UnchangedDocumentDiagnosticReport { result_id: id };
        return Ok(lsp::DocumentDiagnosticReport::RelatedUnchangedDocumentDiagnosticReport(
            lsp::RelatedUnchangedDocumentDiagnosticReport {
                related_documents: None,
                unchanged_document_diagnostic_report: report,
            },
        ));
    }
    let report = lsp::FullDocumentDiagnosticReport { result_id: Some(id), items };
    Ok(lsp::DocumentDiagnosticReport::RelatedFullDocumentDiagnosticReport(lsp::RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: report,
    }))
}

fn of_document(world: &Arc<World>, uri: &lsp::Uri) -> Vec<lsp::Diagnostic> {
    match View::of(world, uri) {
        Some(view) => {
            let found = of_unit(world, &view.unit);
            found.iter().filter(|found| found.primary.span.file == view.file).map(|found| shown(&view, found)).collect()
        }
        None => {
            let place = place_of(uri);
            of_world(world)
                .into_iter()
                .find(|file| place_of(&file.uri) == place)
                .map(|file| file.found)
                .unwrap_or_default()
        }
    }
}

/// A finding as the protocol has it.
pub fn shown(view: &View, found: &Diagnostic) -> lsp::Diagnostic {
    let mut shown = plain(found, view.range(found.primary.span));
    if view.world.client.related_information {
        let mut related: Vec<lsp::DiagnosticRelatedInformation> = Vec::new();
        if let Some(witness) = &found.witness
            && let Some(location) = view.location(found.primary.span)
        {
            related.extend(
                lines_of(witness)
                    .into_iter()
                    .map(|message| lsp::DiagnosticRelatedInformation { location: location.clone(), message }),
            );
        }
        related.extend(found.secondary.iter().filter_map(|label| {
            Some(lsp::DiagnosticRelatedInformation {
                location: view.location(label.span)?,
                message: label.message.clone(),
            })
        }));
        shown.related_information = Some(related).filter(|related| !related.is_empty());
    }
    shown
}

fn plain(found: &Diagnostic, range: lsp::Range) -> lsp::Diagnostic {
    let label =
        Some(&found.primary.message).filter(|label| !label.is_empty() && !found.message.contains(label.as_str()));
    let more =
        label.into_iter().chain(&found.notes).cloned().chain(found.help.iter().map(|help| format!("help: {help}")));
    let message: Vec<String> = std::iter::once(found.message.clone()).chain(more).collect();
    let tag = match found.code {
        Code::ShadowedRule => Some(lsp::DiagnosticTag::Unnecessary),
        _ => None,
    };
    lsp::Diagnostic {
        range,
        severity: Some(match found.severity {
            Severity::Error => lsp::DiagnosticSeverity::Error,
            Severity::Warning => lsp::DiagnosticSeverity::Warning,
        }),
        code: Some(lsp::Code::String(found.code.id().to_owned())),
        source: Some("gov".to_owned()),
        message: lsp::Message::String(message.join("\n")),
        tags: tag.map(|tag| vec![tag]),
        ..Default::default()
    }
}

/// A counterexample, in a few lines: who asks for what, with what, and what happens then.
pub fn lines_of(witness: &Witness) -> Vec<String> {
    let object = |map: &serde_json::Map<String, serde_json::Value>| serde_json::Value::from(map.clone()).to_string();
    let said = [
        ("principal", witness.principal.clone()),
        ("capability", witness.capability.clone()),
        ("input", witness.input.as_ref().map(object)),
        ("context", witness.context.as_ref().map(object)),
        ("roles", witness.roles.as_ref().filter(|roles| !roles.is_empty()).map(|roles| roles.join(", "))),
        ("decision", witness.decision.clone()),
    ];
    let facts: Vec<String> =
        said.into_iter().filter_map(|(word, what)| what.map(|what| format!("{word} {what}"))).collect();
    let example = (!facts.is_empty()).then(|| format!("for example: {}", facts.join(", ")));
    let path = witness.path.iter().flatten().enumerate().map(|(index, event)| format!("{}. {event}", index + 1));
    example.into_iter().chain(path).collect()
}
