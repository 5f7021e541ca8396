//! The check of a package, from its texts to its findings.

use std::sync::{Arc, LazyLock, OnceLock};

use gov_grammar::ast;

use crate::diagnostic;
use crate::errors::{self, lexical};
use crate::header;
use crate::index::AtCursor;
use crate::lower;
use crate::package::{Checked, Indexed, Input, Obligations, Parsed, ParsedInput};
use crate::source::{FileId, Sources, Span};
use crate::verify;

/// Checks a package's text: syntax, names and types. The same input gives the same findings in the same order.
///
/// What the package claims is proved by [`prove`], which takes longer.
pub fn check(input: &Input) -> Checked {
    checked(&input.parse(), false).checked
}

/// As [`check`], of files that were read before, with what their names stand for.
pub fn check_indexed(input: &ParsedInput) -> Indexed {
    checked(input, true)
}

/// What could stand where the cursor is: at an offset of one of the package's own files, where `added` would be written, which
/// begins with the word [`CURSOR`](gov_plan::typing::CURSOR). The same as the index of [`check_indexed`] says of the package
/// with it, in less time; but the places in it are of no use.
pub fn at_cursor(input: &ParsedInput, file: FileId, offset: u32, added: &str) -> Option<AtCursor> {
    let mut input = input.clone();
    let probed = input.files.get_mut(file.0 as usize)?;
    let text = probed.tree.text();
    let text = [text.get(..offset as usize)?, added, text.get(offset as usize..)?].concat();
    *probed = Arc::new(probed.probed(text));
    let read = Read::of(&input);
    let own = read.own.get(file.0 as usize)?;
    let item = own.ast().items.iter().find(|item| item.span.start <= offset && offset <= item.span.end);
    let text = item.and_then(|item| own.parsed.tree.text().get(item.span.range())).unwrap_or_default();
    let cursor = lower::Cursor { at: Span::new(file, offset, offset), item: text };
    lower::at_cursor(&package_name(&input, &read.own), &units(&read.own), &read.used(), cursor)
}

fn checked(input: &ParsedInput, notes: bool) -> Indexed {
    let read = Read::of(input);
    let name = package_name(input, &read.own);
    let mut lowered = lower::lower(&name, &units(&read.own), &read.used(), notes);
    let Read { own, sources, mut diagnostics, .. } = read;
    let headers: Vec<_> =
        own.iter().map(|file| header::Read { file: file.id, ast: file.ast(), broken: file.broken() }).collect();
    diagnostics.extend(header::check(input.name.as_deref(), &headers));
    diagnostics.append(&mut lowered.diagnostics);
    diagnostic::sort(&mut diagnostics);
    let sound = !diagnostics.iter().any(diagnostic::Diagnostic::is_error);
    let (package, partial) = if sound { (Some(lowered.package), None) } else { (None, Some(lowered.package)) };
    let acceptances = lowered.acceptances;
    let checked = Checked { sources, diagnostics, package, acceptances, ..Checked::default() };
    Indexed { checked, partial, index: lowered.index }
}

/// Proves what a checked package claims, and adds what is found. Findings that the package accepts are taken out; an
/// acceptance that accepts nothing is a finding of its own. A package with errors in its text is left as it is.
///
/// # Errors
///
/// If it was cancelled; nothing is added then.
pub fn prove(checked: &mut Checked, options: &verify::Options<'_>) -> Result<(), verify::Cancelled> {
    let Some(package) = &checked.package else { return Ok(()) };
    let report = verify::verify(package, options)?;
    settle(checked, report);
    Ok(())
}

/// Adds what proofs found to a checked package, as [`prove`] does.
pub fn settle(checked: &mut Checked, mut report: verify::Report) {
    checked.diagnostics.append(&mut report.diagnostics);
    accept(&mut checked.diagnostics, &checked.acceptances, |_| true);
    checked.obligations = Obligations::of(&report.obligations);
    checked.proofs = report.obligations;
}

/// Sorts findings and takes out those that are accepted. An acceptance that accepts nothing is a finding of its own, if
/// all is known of what it covers.
pub fn accept(
    diagnostics: &mut Vec<diagnostic::Diagnostic>,
    acceptances: &[lower::Acceptance],
    is_known: impl Fn(&lower::Acceptance) -> bool,
) {
    diagnostic::sort(diagnostics);
    for acceptance in acceptances {
        let covered = |found: &diagnostic::Diagnostic| {
            found.code == acceptance.code && acceptance.covers.contains(found.primary.span)
        };
        match diagnostics.iter().position(covered) {
            Some(index) => {
                diagnostics.remove(index);
            }
            None if is_known(acceptance) => {
                diagnostics.push(errors::structure::nothing_to_accept(acceptance.span, acceptance.code));
            }
            None => {}
        }
    }
    diagnostic::sort(diagnostics);
}

/// All files of a check, and what is wrong with their texts.
struct Read {
    own: Vec<ReadFile>,
    /// Those of the packages that may be used.
    others: Vec<(String, Vec<ReadFile>)>,
    sources: Sources,
    diagnostics: Vec<diagnostic::Diagnostic>,
}

impl Read {
    fn of(input: &ParsedInput) -> Read {
        let (mut sources, mut diagnostics) = (Sources::new(), Vec::new());
        let own = take_in(&input.files, &mut sources, &mut diagnostics);
        let mut take =
            |(name, files): &(String, Vec<Arc<Parsed>>)| (name.clone(), take_in(files, &mut sources, &mut diagnostics));
        let mut others: Vec<_> = input.dependencies.iter().map(&mut take).collect();
        others.extend(standard_modules(&own, input, &mut sources, &mut diagnostics));
        Read { own, others, sources, diagnostics }
    }

    fn used(&self) -> Vec<lower::Used<'_>> {
        self.others.iter().map(|(name, files)| lower::Used { name: name.clone(), units: units(files) }).collect()
    }
}

/// A file of this check.
struct ReadFile {
    id: FileId,
    parsed: Arc<Parsed>,
}

impl ReadFile {
    fn ast(&self) -> &ast::File {
        &self.parsed.ast
    }

    fn broken(&self) -> bool {
        !self.parsed.errors.is_empty()
    }
}

fn take_in(
    files: &[Arc<Parsed>],
    sources: &mut Sources,
    diagnostics: &mut Vec<diagnostic::Diagnostic>,
) -> Vec<ReadFile> {
    let take = |file: &Arc<Parsed>| {
        let text = file.tree.shared_text();
        let id = sources.add(file.path.clone(), Arc::clone(&text));
        diagnostics.extend(file.errors.iter().map(|error| lexical::of_grammar(id, &text, error)));
        ReadFile { id, parsed: Arc::clone(file) }
    };
    files.iter().map(take).collect()
}

/// The standard modules that files use, unless a dependency has their name. Each is read once, when it is first used.
fn standard_modules(
    own: &[ReadFile],
    input: &ParsedInput,
    sources: &mut Sources,
    diagnostics: &mut Vec<diagnostic::Diagnostic>,
) -> Vec<(String, Vec<ReadFile>)> {
    static READ: LazyLock<Vec<OnceLock<Arc<Parsed>>>> =
        LazyLock::new(|| gov_stdlib::MODULES.iter().map(|_| OnceLock::new()).collect());
    let used: Vec<&str> = own
        .iter()
        .flat_map(|file| &file.ast().items)
        .filter_map(|item| match &item.kind {
            ast::ItemKind::Use(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let wanted = |module: &gov_stdlib::Module| {
        used.contains(&module.name) && !input.dependencies.iter().any(|(name, _)| name == module.name)
    };
    let modules = gov_stdlib::MODULES.iter().zip(READ.iter()).filter(|(module, _)| wanted(module));
    let read = |(module, read): (&gov_stdlib::Module, &OnceLock<Arc<Parsed>>)| {
        let parsed = read.get_or_init(|| Arc::new(Parsed::new(module.path, module.text)));
        (module.name.to_owned(), take_in(&[Arc::clone(parsed)], sources, diagnostics))
    };
    modules.map(read).collect()
}

fn units(files: &[ReadFile]) -> Vec<lower::Unit<'_>> {
    files.iter().map(|file| lower::Unit { file: file.id, ast: file.ast() }).collect()
}

/// The package's name: its manifest's, or the first that a file gives.
fn package_name(input: &ParsedInput, files: &[ReadFile]) -> String {
    let given = files.iter().flat_map(|file| &file.ast().items).find_map(|item| match &item.kind {
        ast::ItemKind::Package(name) => Some(name.text.clone()),
        _ => None,
    });
    input.name.clone().or(given).unwrap_or_default()
}
