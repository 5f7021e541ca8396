//! The `package` statements of a package's files: each begins with one, and all of them give one name.

use gov_grammar::ast::{File, ItemKind, Name};

use crate::diagnostic::Diagnostic;
use crate::errors::package as errors;
use crate::source::{FileId, Span};

/// A file as this pass sees it.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// The file.
    pub file: FileId,
    /// Its items.
    pub ast: &'a File,
    /// Whether something of it could not be read: what seems to be missing may then be what could not.
    pub broken: bool,
}

/// Checks the `package` statements of the files of one package against one another and against its manifest's name.
pub fn check(name: Option<&str>, files: &[Read<'_>]) -> Vec<Diagnostic> {
    let first = files.iter().find_map(|file| names(*file).next());
    // The manifest is no file of the check, so that nothing can point into it.
    let declared = name.map(|name| (name, None)).or(first.map(|(name, span)| (name.as_str(), Some(span))));
    files.iter().flat_map(|file| of_file(declared, *file)).collect()
}

fn of_file(declared: Option<(&str, Option<Span>)>, file: Read<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let begins = matches!(file.ast.items.first().map(|item| &item.kind), Some(ItemKind::Package(_)));
    let mut first: Option<Span> = None;
    for (name, span) in names(file) {
        match (first, declared) {
            (Some(first), _) => findings.push(errors::package_twice(span, first)),
            (None, _) if !begins && !file.broken => findings.push(errors::package_late(span)),
            (None, Some((declared, place))) if name.as_str() != declared => {
                findings.push(errors::package_name(span, name.as_str(), declared, place));
            }
            _ => {}
        }
        first.get_or_insert(span);
    }
    if first.is_none() && !file.broken {
        let span = Span::new(file.file, file.ast.start.start, file.ast.start.end);
        findings.push(errors::package_missing(span, declared.map(|(name, _)| name)));
    }
    findings
}

/// The names that a file gives its package, with the places of the names.
fn names(file: Read<'_>) -> impl Iterator<Item = (&Name, Span)> {
    file.ast.items.iter().filter_map(move |item| match &item.kind {
        ItemKind::Package(name) => Some((name, Span::new(file.file, name.span.start, name.span.end))),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::package::{File, Input};

    /// The findings in files `0.gov`, `1.gov`, … of a package that its manifest may name, as `path:line:column: message`.
    fn findings(name: Option<&str>, texts: &[&str]) -> String {
        let file = |(index, text): (usize, &&str)| File { path: format!("{index}.gov"), text: (*text).into() };
        let files = texts.iter().enumerate().map(file).collect();
        let checked = crate::check(&Input { name: name.map(str::to_owned), files, dependencies: Vec::new() });
        let say = |found: &crate::diagnostic::Diagnostic| {
            let at = checked.sources.position(found.primary.span);
            let path = checked.sources.path(found.primary.span.file);
            format!("{path}:{}:{}: {}: {}\n", at.line, at.column, found.code, found.message)
        };
        checked.diagnostics.iter().map(say).collect()
    }

    #[test]
    fn files_of_one_name_are_fine() {
        assert_eq!(findings(None, &["package a", "// first\npackage a\nrole x {}"]), "");
        assert_eq!(findings(Some("a.b"), &["package a.b"]), "");
    }

    #[test]
    fn each_wrong_statement_is_found_once() {
        let texts = ["", "role x {}", "package b", "role y {}\npackage a", "package a package a"];
        insta::assert_snapshot!(findings(Some("a"), &texts), @r"
        0.gov:1:1: G0406: this file does not say which package it belongs to
        1.gov:1:1: G0406: this file does not say which package it belongs to
        2.gov:1:9: G0406: this file names the package `b`, and the package is named `a`
        3.gov:2:9: G0406: `package` stands after other items
        4.gov:1:19: G0406: a file belongs to one package
        ");
        insta::assert_snapshot!(findings(None, &["// nothing", "package a", "package b"]), @r"
        0.gov:1:1: G0406: this file does not say which package it belongs to
        2.gov:1:9: G0406: this file names the package `b`, and the package is named `a`
        ");
    }

    #[test]
    fn what_could_not_be_read_may_have_been_the_statement() {
        assert_eq!(findings(None, &["pakage a\nrole x {}"]).lines().count(), 1);
    }
}
