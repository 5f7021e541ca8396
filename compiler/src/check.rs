//! The check of a package, from its texts to its findings.

use std::sync::Arc;

use gov_grammar::ast;

use crate::diagnostic;
use crate::errors::{self, lexical};
use crate::header;
use crate::lower;
use crate::package::{Checked, File, Input, Obligations};
use crate::source::{FileId, Sources};
use crate::verify;

/// Checks a package's text: syntax, names and types. The same input gives the same findings in the same order.
///
/// What the package claims is proved by [`prove`], which takes longer.
pub fn check(input: &Input) -> Checked {
    let mut sources = Sources::new();
    let mut diagnostics = Vec::new();
    let own = parse_all(&input.files, &mut sources, &mut diagnostics);
    let others: Vec<_> = input
        .dependencies
        .iter()
        .map(|package| (package.name.clone(), parse_all(&package.files, &mut sources, &mut diagnostics)))
        .collect();
    let standard = standard_modules(&own, input, &mut sources, &mut diagnostics);
    let read: Vec<_> =
        own.iter().map(|file| header::Read { file: file.id, ast: &file.ast, broken: file.broken }).collect();
    diagnostics.extend(header::check(input.name.as_deref(), &read));
    let used = others.iter().chain(&standard);
    let used: Vec<_> = used.map(|(name, files)| lower::Used { name: name.clone(), units: units(files) }).collect();
    let name = package_name(input, &own);
    let mut lowered = lower::lower(&name, &units(&own), &used);
    diagnostics.append(&mut lowered.diagnostics);
    diagnostic::sort(&mut diagnostics);
    let sound = !diagnostics.iter().any(diagnostic::Diagnostic::is_error);
    let package = sound.then_some(lowered.package);
    Checked { sources, diagnostics, package, acceptances: lowered.acceptances, ..Checked::default() }
}

/// Proves what a checked package claims, and adds what is found. Findings that the package accepts are taken out; an
/// acceptance that accepts nothing is a finding of its own. A package with errors in its text is left as it is.
///
/// # Errors
///
/// If it was cancelled; nothing is added then.
pub fn prove(checked: &mut Checked, options: &verify::Options<'_>) -> Result<(), verify::Cancelled> {
    let Some(package) = &checked.package else { return Ok(()) };
    let mut report = verify::verify(package, options)?;
    checked.diagnostics.append(&mut report.diagnostics);
    diagnostic::sort(&mut checked.diagnostics);
    for acceptance in &checked.acceptances {
        let covered = |found: &diagnostic::Diagnostic| {
            found.code == acceptance.code && acceptance.covers.contains(found.primary.span)
        };
        match checked.diagnostics.iter().position(covered) {
            Some(index) => {
                checked.diagnostics.remove(index);
            }
            None => checked.diagnostics.push(errors::structure::nothing_to_accept(acceptance.span, acceptance.code)),
        }
    }
    diagnostic::sort(&mut checked.diagnostics);
    checked.obligations = Obligations::of(&report.obligations);
    checked.proofs = report.obligations;
    Ok(())
}

/// A file that was read.
struct ReadFile {
    id: FileId,
    ast: ast::File,
    broken: bool,
}

fn parse_all(files: &[File], sources: &mut Sources, diagnostics: &mut Vec<diagnostic::Diagnostic>) -> Vec<ReadFile> {
    let mut read = Vec::new();
    for file in files {
        let id = sources.add(file.path.clone(), Arc::clone(&file.text));
        let parsed = gov_grammar::parse(Arc::clone(&file.text));
        let (ast, problems) = ast::File::from_tree(&parsed.tree);
        let errors: Vec<_> = parsed.errors.iter().chain(&problems).collect();
        diagnostics.extend(errors.iter().map(|error| lexical::of_grammar(id, &file.text, error)));
        read.push(ReadFile { id, ast, broken: !errors.is_empty() });
    }
    read
}

/// The standard modules that files use, unless a dependency has their name. Those that nobody uses are not read.
fn standard_modules(
    own: &[ReadFile],
    input: &Input,
    sources: &mut Sources,
    diagnostics: &mut Vec<diagnostic::Diagnostic>,
) -> Vec<(String, Vec<ReadFile>)> {
    let used: Vec<&str> = own
        .iter()
        .flat_map(|file| &file.ast.items)
        .filter_map(|item| match &item.kind {
            ast::ItemKind::Use(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let wanted = |module: &&gov_stdlib::Module| {
        used.contains(&module.name) && !input.dependencies.iter().any(|package| package.name == module.name)
    };
    let read = |module: &gov_stdlib::Module| {
        let file = File { path: module.path.to_owned(), text: module.text.into() };
        (module.name.to_owned(), parse_all(&[file], sources, diagnostics))
    };
    gov_stdlib::MODULES.iter().filter(wanted).map(read).collect()
}

fn units(files: &[ReadFile]) -> Vec<lower::Unit<'_>> {
    files.iter().map(|file| lower::Unit { file: file.id, ast: &file.ast }).collect()
}

/// The package's name: its manifest's, or the first that a file gives.
fn package_name(input: &Input, files: &[ReadFile]) -> String {
    let given = files.iter().flat_map(|file| &file.ast.items).find_map(|item| match &item.kind {
        ast::ItemKind::Package(name) => Some(name.text.clone()),
        _ => None,
    });
    input.name.clone().or(given).unwrap_or_default()
}
