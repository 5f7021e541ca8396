//! G03xx: what is well spelt and well typed and still makes no sense.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::source::Span;

/// Things that lead back to themselves: their names in order, the first again at the end.
pub fn cycle(span: Span, what: &str, names: &[String]) -> Diagnostic {
    let path: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    Diagnostic::new(Code::Cycle, span, format!("{what} in a circle: {}", path.join(" → ")))
        .label("part of the circle")
        .help("take one of them out of the circle")
}

/// A row after one that always applies.
pub fn row_never_read(span: Span, always: Span) -> Diagnostic {
    Diagnostic::new(Code::BadTable, span, "this row is never read: the one before it always applies")
        .label("never read")
        .secondary(always, "always applies")
        .help("give the row before it a `when`, or take one of them out")
}

/// The last row of several without a guard.
pub fn otherwise_missing(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadTable, span, "the last row of a table says when it applies")
        .label("no `when` and no `otherwise`")
        .help("end it with `otherwise`")
        .fix(Fix::safe("add `otherwise`", vec![Edit::insert(span.at_end(), " otherwise")]))
}

/// `otherwise` in a row that is alone.
pub fn lone_otherwise(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadTable, span, "`otherwise` needs rows before it")
        .label("nothing comes before it")
        .help("take `otherwise` out")
}

/// A header clause after the first statement.
pub fn header_late(span: Span) -> Diagnostic {
    Diagnostic::new(Code::OutOfOrder, span, "this belongs to the head of the workflow")
        .label("comes after statements")
        .help("move it up, before the first statement")
}

/// A value that its clause cannot take.
pub fn bad_value(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BadValue, span, message.to_owned()).label("not possible here").help(help.to_owned())
}

/// A workflow that promises a result and may end without one.
pub fn no_return(span: Span, workflow: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingReturn, span, format!("`{workflow}` may end without a result"))
        .label("a result is promised here")
        .help("end every path with `return` or `fail`")
}

/// A `return` where none may be.
pub fn return_not_here(span: Span, why: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::ReturnNotHere, span, "`return` is not possible here")
        .label(why.to_owned())
        .help(help.to_owned())
}

/// `after` that orders nothing.
pub fn bad_after(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BadAfter, span, message.to_owned()).label("orders nothing").help(help.to_owned())
}

/// A pattern that cannot stand where it stands.
pub fn bad_pattern(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BadPattern, span, message.to_owned()).label("not possible here").help(help.to_owned())
}

/// A pattern that matches no capability.
pub fn matches_nothing(span: Span, pattern: &str, meant: Option<&str>) -> Diagnostic {
    let found = Diagnostic::new(Code::MatchesNothing, span, format!("`{pattern}` matches no capability"))
        .label("matches nothing");
    match meant {
        Some(_) => crate::errors::names::did_you_mean(found, span, meant),
        None => found.help("declare the capability, or bring its package in with `use`"),
    }
}

/// An `@accept` that cannot be.
pub fn bad_accept(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BadAccept, span, message.to_owned()).label("nothing to accept").help(help.to_owned())
}

/// An `@accept` of a finding that is not there.
pub fn nothing_to_accept(span: Span, code: Code) -> Diagnostic {
    let delete = Edit::delete(span);
    Diagnostic::new(Code::BadAccept, span, format!("there is no `{code}` here to accept"))
        .label("accepts nothing")
        .help("what it accepted is mended: take it out")
        .fix(Fix::safe("remove the `@accept`", vec![delete]))
}
