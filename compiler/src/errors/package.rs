//! G04xx: packages and their manifests, `gov.toml`.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::source::Span;

/// A manifest that is not TOML, with the reader's reason.
pub fn manifest_syntax(span: Span, reason: &str) -> Diagnostic {
    let reason = reason.lines().next().unwrap_or("not TOML");
    Diagnostic::new(Code::ManifestSyntax, span, format!("`gov.toml` cannot be read: {reason}")).label("here")
}

/// A key that its table does not have, with those that it has and the one that was probably meant. `table` is the table's
/// name, or nothing for the manifest itself.
pub fn manifest_key(span: Span, key: &str, table: Option<&str>, known: &[&str], meant: Option<&str>) -> Diagnostic {
    let owner = table.map_or_else(|| "`gov.toml`".to_owned(), |table| format!("`[{table}]`"));
    let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
    let found = Diagnostic::new(Code::ManifestKey, span, format!("{owner} has no key `{key}`"))
        .label("not a key")
        .note(format!("{owner} has {}", known.join(", ")));
    match meant {
        Some(meant) => found
            .help(format!("did you mean `{meant}`?"))
            .fix(Fix::unsafe_(format!("change to `{meant}`"), vec![Edit::replace(span, meant)])),
        None => found.help("remove it"),
    }
}

/// A value of the wrong kind. `key` is the whole key (`package.name`), `expected` what belongs there, in words.
pub fn manifest_value(span: Span, key: &str, expected: &str) -> Diagnostic {
    Diagnostic::new(Code::ManifestValue, span, format!("`{key}` must be {expected}")).label(format!("not {expected}"))
}

/// A manifest without a key that it must have; `help` says what to write.
pub fn manifest_missing(span: Span, key: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::ManifestValue, span, format!("`{key}` is missing")).help(help)
}

/// A dependency or a workspace member that leads to no package, with the reason.
pub fn missing_dependency(span: Span, what: &str, reason: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingDependency, span, format!("{what} {reason}"))
        .label("leads here")
        .help("give the path of a folder that holds a package, seen from this `gov.toml`")
}

/// Packages that depend on one another in a circle: their names in order, the first again at the end.
pub fn dependency_cycle(span: Span, names: &[&str]) -> Diagnostic {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    Diagnostic::new(Code::DependencyCycle, span, format!("packages depend on one another: {}", names.join(" on ")))
        .label("closes the circle")
        .help("move what both need into a package of its own")
}

/// A dependency whose name another package has already.
pub fn dependency_twice(span: Span, name: &str, one: &str, other: &str) -> Diagnostic {
    Diagnostic::new(Code::Duplicate, span, format!("two packages are named `{name}`: `{one}` and `{other}`"))
        .label("the second of them")
        .help("give one of them another name in its `gov.toml` and its files")
}

/// A file that names another package than the rest of its package does. `declared` is that name, and where it stands in
/// the manifest or another file, if it stands anywhere.
pub fn package_name(span: Span, name: &str, declared: &str, place: Option<Span>) -> Diagnostic {
    let found = Diagnostic::new(
        Code::PackageName,
        span,
        format!("this file names the package `{name}`, and the package is named `{declared}`"),
    )
    .label(format!("not `{declared}`"))
    .help(format!("write `package {declared}`, or move the file to a folder with a `gov.toml` of its own"));
    match place {
        Some(place) => found.secondary(place, format!("named `{declared}` here")),
        None => found,
    }
}

/// A file without a `package` statement; `span` is where its text starts. `declared` is the package's name, where it is known.
pub fn package_missing(span: Span, declared: Option<&str>) -> Diagnostic {
    let found = Diagnostic::new(Code::PackageName, span, "this file does not say which package it belongs to")
        .label("begins without `package`");
    match declared {
        Some(name) => found.help(format!("begin the file with `package {name}`")).fix(Fix::safe(
            format!("begin with `package {name}`"),
            vec![Edit::insert(span, format!("package {name}\n\n"))],
        )),
        None => found.help("begin the file with `package` and a name"),
    }
}

/// A `package` statement that other items stand before.
pub fn package_late(span: Span) -> Diagnostic {
    Diagnostic::new(Code::PackageName, span, "`package` stands after other items")
        .label("belongs to the start of the file")
        .help("move it to the start of the file")
}

/// A second `package` statement in one file.
pub fn package_twice(span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::PackageName, span, "a file belongs to one package")
        .label("named again")
        .secondary(first, "named here first")
        .help("remove one of the two, or move what follows to a file of its own")
}
