//! G02xx: types and the values that literals give.

use gov_plan::typing::{TypeError, TypeErrorKind};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::errors::names;
use crate::source::{FileId, Span};

/// What the checker of expressions and types found.
pub fn of_typing(file: FileId, error: &TypeError) -> Diagnostic {
    let place = |span: gov_grammar::Span| Span::new(file, span.start, span.end);
    let span = place(error.at);
    match &error.kind {
        TypeErrorKind::UnknownName { name, meant } => names::unknown_name(span, "name", name, meant.as_deref()),
        TypeErrorKind::UnknownType { name, meant } => names::unknown_name(span, "type", name, meant.as_deref()),
        TypeErrorKind::UnknownField { field, of, meant, known } => {
            names::unknown_field(span, field, of, meant.as_deref(), known)
        }
        TypeErrorKind::MissingField { field, ty, of } => names::missing_field(span, field, ty, of),
        TypeErrorKind::DuplicateField { field, first } => {
            names::said_twice(span, place(*first), &format!("the field `{field}`"))
        }
        TypeErrorKind::NotARecord { ty } => mismatch(span, "a value with fields", ty),
        TypeErrorKind::MayBeAbsent { path } => may_be_absent(span, path.as_deref()),
        TypeErrorKind::AlwaysPresent => always_present(span),
        TypeErrorKind::Mismatch { expected, found } => mismatch(span, &format!("`{expected}`"), found),
        TypeErrorKind::NotAMember { value, members, meant } => not_a_member(span, value, members, meant.as_deref()),
        TypeErrorKind::Operands { op, left, right } => operands(span, op.as_str(), left, right),
        TypeErrorKind::Currencies { left, right } => currencies(span, left, right),
        TypeErrorKind::Operand { op, ty } => operand(span, op, ty),
        TypeErrorKind::NonLinear => non_linear(span),
        TypeErrorKind::IntTooLarge => {
            bad_literal(span, "the number does not fit 64 bits", "the largest is 9_223_372_036_854_775_807")
        }
        TypeErrorKind::BadDecimal(reason) => bad_literal(
            span,
            &format!("the number has {reason}"),
            "a decimal has 18 digits before the point and 10 after it",
        ),
        TypeErrorKind::DurationTooLong => {
            bad_literal(span, "the duration does not fit 64 bits of milliseconds", "write a shorter one")
        }
        TypeErrorKind::UnknownCurrency { code, meant } => {
            // Only the code is to be replaced, which is the last word of an amount.
            let at = Span::new(file, span.end.saturating_sub(code.len() as u32), span.end);
            names::unknown_name(at, "currency", code, meant.as_deref())
                .note("currencies are the codes of ISO 4217, such as `USD`")
        }
        TypeErrorKind::NotShowable { ty } => not_showable(span, ty),
        TypeErrorKind::JsonNeedsAs => json_needs_as(span),
        TypeErrorKind::AsOnTyped { ty } => as_on_typed(span, ty),
        TypeErrorKind::BadPattern => bad_matches(span),
        TypeErrorKind::SetAsValue { name } => set_as_value(span, name),
        TypeErrorKind::BadUnion => bad_union(span),
        TypeErrorKind::ReservedName { name } => names::reserved_name(span, name),
    }
}

/// A value of the wrong type; `expected` is quoted or described by the caller.
pub fn mismatch(span: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, span, format!("expected {expected}, found `{found}`"))
        .label(format!("this is `{found}`"))
}

/// A value that may be absent where it has to be present.
pub fn may_be_absent(span: Span, path: Option<&str>) -> Diagnostic {
    let what = path.map_or_else(|| "the value".to_owned(), |path| format!("`{path}`"));
    let shown = path.unwrap_or("it");
    Diagnostic::new(Code::MayBeAbsent, span, format!("{what} may be absent"))
        .label("a value is needed here")
        .help(format!("ask `has {shown}` first, or give a value for when it is absent: `{shown} ?? …`"))
}

/// `has` or `??` about something that is always there.
pub fn always_present(span: Span) -> Diagnostic {
    Diagnostic::new(Code::AlwaysPresent, span, "this value is always present")
        .label("never absent")
        .help("take the question out; only a type with `?`, a step on one branch, and JSON can be absent")
}

/// A string that is compared with, or passed as, a union that does not have it.
pub fn not_a_member(span: Span, value: &str, members: &[String], meant: Option<&str>) -> Diagnostic {
    let members: Vec<_> = members.iter().map(|member| gov_plan::text::quoted(member)).collect();
    let found =
        Diagnostic::new(Code::NotAMember, span, format!("{} is not one of its values", gov_plan::text::quoted(value)))
            .label(format!("can only be {}", members.join(" | ")));
    match meant {
        Some(meant) => {
            let meant = gov_plan::text::quoted(meant);
            found
                .help(format!("did you mean `{meant}`?"))
                .fix(Fix::unsafe_(format!("change to `{meant}`"), vec![Edit::replace(span, meant)]))
        }
        None => found,
    }
}

/// Two operands that do not go together; `span` is the operator's.
pub fn operands(span: Span, op: &str, left: &str, right: &str) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, span, format!("`{op}` cannot take `{left}` and `{right}`"))
        .label(format!("`{left}` on the left, `{right}` on the right"))
}

/// An operand that an operator cannot take.
pub fn operand(span: Span, op: &str, ty: &str) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, span, format!("`{op}` cannot take `{ty}`")).label(format!("this is `{ty}`"))
}

/// Amounts of two currencies.
pub fn currencies(span: Span, left: &str, right: &str) -> Diagnostic {
    Diagnostic::new(Code::CurrencyMismatch, span, format!("`{left}` and `{right}` do not mix"))
        .label("amounts of different currencies")
        .help("there are no exchange rates in the language: keep one field for each currency")
}

/// A product of two things that are both not known.
pub fn non_linear(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NonLinear, span, "one side of `*` has to be a number as it is written")
        .label("neither side is")
        .help("a product of two values that are not known cannot be proved about; have the caller pass it")
}

/// A literal that gives no value.
pub fn bad_literal(span: Span, reason: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BadLiteral, span, reason.to_owned()).label("not a value").help(help.to_owned())
}

/// A list, a record or JSON inside a string.
pub fn not_showable(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::new(Code::NotShowable, span, format!("`{ty}` cannot be part of a string"))
        .label("not a single value")
        .help("name the field that the string should show")
}

/// JSON where a type is needed.
pub fn json_needs_as(span: Span) -> Diagnostic {
    Diagnostic::new(Code::JsonNeedsAs, span, "JSON has to say which type it is read as")
        .label("any JSON")
        .help("write `as` and the type: `value.path as String`")
}

/// `as` on what has a type.
pub fn as_on_typed(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::new(Code::AsOnTyped, span, "`as` reads JSON, and this is not JSON")
        .label(format!("already `{ty}`"))
        .help("take the `as` out")
}

/// The right side of `matches`.
pub fn bad_matches(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadPattern, span, "`matches` takes a plain string, with one `*` at its end or none")
        .label("not such a string")
        .help("write for example `matches \"invoice-*\"`")
}

/// A set where a value is needed.
pub fn set_as_value(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::SetAsValue, span, format!("`{name}` is a set, not a value"))
        .label("a set of patterns")
        .help(format!("ask whether something is in it: `principal.id in {name}`"))
}

/// A union with a member that is computed or stands twice.
pub fn bad_union(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadLiteral, span, "the values of a type are plain strings, each once")
        .label("computed, or there already")
        .help("take it out")
}

/// A rule reads a field that not every capability which it matches has.
pub fn rule_field_missing(
    span: Span,
    field: &str,
    without: &[(String, Option<Span>)],
    meant: Option<&str>,
) -> Diagnostic {
    let ids: Vec<_> = without.iter().take(3).map(|(id, _)| format!("`{id}`")).collect();
    let more = if without.len() > 3 { format!(" and {} more", without.len() - 3) } else { String::new() };
    let have = if without.len() == 1 { "has" } else { "have" };
    let mut found = Diagnostic::new(
        Code::RuleField,
        span,
        format!("the rule reads `input.{field}`, which {}{more} {have} not", ids.join(", ")),
    )
    .label("not on every capability that the rule matches");
    for (_, place) in without.iter().take(3) {
        if let Some(place) = place {
            found = found.secondary(*place, format!("has no input `{field}`"));
        }
    }
    match meant {
        Some(_) => names::did_you_mean(found, span, meant),
        None => found.help("name only capabilities that have the field, and write a rule of its own for the others"),
    }
}

/// A rule reads a field that has two types on the capabilities which it matches.
pub fn rule_field_types(
    span: Span,
    field: &str,
    one: (&str, &str, Option<Span>),
    other: (&str, &str, Option<Span>),
) -> Diagnostic {
    let message = format!("`input.{field}` is `{}` on `{}` and `{}` on `{}`", one.1, one.0, other.1, other.0);
    let mut found = Diagnostic::new(Code::RuleField, span, message).label("has more than one type");
    for (_, ty, place) in [one, other] {
        if let Some(place) = place {
            found = found.secondary(place, format!("`{ty}` here"));
        }
    }
    found.help("write a rule for each of them")
}
