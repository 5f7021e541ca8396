//! G01xx: names, clauses and fields.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::source::Span;

/// A name that refers to nothing. `what` is what was looked for (`capability`), `meant` what was probably meant.
pub fn unknown_name(span: Span, what: &str, name: &str, meant: Option<&str>) -> Diagnostic {
    let found =
        Diagnostic::new(Code::UnknownName, span, format!("there is no {what} `{name}`")).label("refers to nothing");
    did_you_mean(found, span, meant)
}

/// A name that was bound, but is not to be seen here; `why` says what hides it.
pub fn out_of_reach(span: Span, name: &str, bound: Span, why: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::UnknownName, span, format!("`{name}` cannot be read here"))
        .label(why.to_owned())
        .secondary(bound, "bound here")
        .help(help.to_owned())
}

/// Two things of one name, where only one may be.
pub fn duplicate(span: Span, first: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::new(Code::Duplicate, span, format!("there are two {what} `{name}`"))
        .label("the second of them")
        .secondary(first, "the first")
        .help("give one of them another name, or take one out")
}

/// A clause, an option or a part that is said twice.
pub fn said_twice(span: Span, first: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::Duplicate, span, format!("{what} is said twice"))
        .label("the second time")
        .secondary(first, "the first time")
        .help("keep one of them")
}

/// A clause that has to be there and is not.
pub fn missing_clause(span: Span, owner: &str, clause: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingClause, span, format!("{owner} has no {clause}"))
        .label(format!("needs {clause}"))
        .help(help.to_owned())
}

/// A package that `use` names and nobody provides.
pub fn unknown_package(span: Span, name: &str, meant: Option<&str>) -> Diagnostic {
    let found = Diagnostic::new(Code::UnknownPackage, span, format!("there is no package `{name}` to use"))
        .label("neither a standard module nor a dependency");
    match meant {
        Some(_) => did_you_mean(found, span, meant),
        None => found.help("a package that is not standard has to be named under `[dependencies]` in `gov.toml`"),
    }
}

/// A field that is not there.
pub fn unknown_field(span: Span, field: &str, of: &str, meant: Option<&str>, known: &[String]) -> Diagnostic {
    let found =
        Diagnostic::new(Code::UnknownField, span, format!("{of} has no field `{field}`")).label("no such field");
    if meant.is_some() {
        return did_you_mean(found, span, meant);
    }
    match known {
        [] => found.help("it has no fields"),
        known => {
            let known: Vec<_> = known.iter().map(|field| format!("`{field}`")).collect();
            found.help(format!("it has {}", known.join(", ")))
        }
    }
}

/// A field that has to be given and is not.
pub fn missing_field(span: Span, field: &str, ty: &str, of: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingField, span, format!("the field `{field}` of {of} is not given"))
        .label(format!("`{field}` is missing"))
        .help(format!("add `{field}: …`, of type `{ty}`"))
}

/// A name that the language keeps for itself.
pub fn reserved_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::ReservedName, span, format!("`{name}` is a word of the language and cannot be a name"))
        .label("not a name")
        .help("choose another name")
}

/// The help for what was probably meant, and the edit that says it.
pub fn did_you_mean(found: Diagnostic, span: Span, meant: Option<&str>) -> Diagnostic {
    let Some(meant) = meant else { return found };
    let edit = Edit::replace(span, meant);
    found.help(format!("did you mean `{meant}`?")).fix(Fix::unsafe_(format!("change to `{meant}`"), vec![edit]))
}
