//! Expressions as they are written in source.

use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::model::Call;
use crate::pattern::TextPattern;
use crate::text;
use crate::types::{Fields, Schema, Type};
use std::fmt::{self, Display as _, Write as _};

/// How tightly `not` binds: between `and` and the comparisons.
const NOT: u8 = 3;

/// How tightly a minus binds.
const NEGATE: u8 = 8;

/// How tightly fields and `as` bind.
const POSTFIX: u8 = 9;

impl fmt::Display for Expr {
    /// The shortest source that means the same, with parentheses where precedence asks for them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Bool(bool) => bool.fmt(f),
            ExprKind::Int(int) => int.fmt(f),
            ExprKind::Decimal(decimal) => decimal.fmt(f),
            ExprKind::Money(amount, currency) => f.write_str(&text::money(*amount, *currency)),
            ExprKind::Duration(milliseconds) => f.write_str(&text::duration(*milliseconds)),
            ExprKind::Risk(risk) => f.write_str(risk.as_str()),
            ExprKind::String(string) => f.write_str(&text::quoted(string)),
            ExprKind::Interpolate(parts) => {
                f.write_char('"')?;
                for part in parts {
                    match &part.kind {
                        ExprKind::String(string) => {
                            let quoted = text::quoted(string);
                            f.write_str(quoted.get(1..quoted.len() - 1).unwrap_or_default())?;
                        }
                        _ => write!(f, "{{{part}}}")?,
                    }
                }
                f.write_char('"')
            }
            ExprKind::List(elements) => {
                f.write_char('[')?;
                separated(f, elements, |f, element| element.fmt(f))?;
                f.write_char(']')
            }
            ExprKind::Record(entries) if entries.is_empty() => f.write_str("{}"),
            ExprKind::Record(entries) => {
                f.write_str("{ ")?;
                separated(f, entries, |f, (name, value)| write!(f, "{name}: {value}"))?;
                f.write_str(" }")
            }
            ExprKind::Var(name) => f.write_str(name),
            ExprKind::Field(inner, name) => {
                operand(f, inner, POSTFIX)?;
                f.write_char('.')?;
                f.write_str(name)
            }
            ExprKind::As(inner, schema) => {
                operand(f, inner, POSTFIX)?;
                match schema.names.first() {
                    Some(name) => write!(f, " as {name}")?,
                    None => write!(f, " as {}", type_text(&schema.ty))?,
                }
                f.write_str(if schema.optional { "?" } else { "" })
            }
            ExprKind::ToJson(inner) => inner.fmt(f),
            ExprKind::Has(inner) => write!(f, "has {inner}"),
            ExprKind::Len(inner) => write!(f, "len({inner})"),
            ExprKind::Not(inner) => {
                f.write_str("not ")?;
                operand(f, inner, NOT)
            }
            ExprKind::Negate(inner) => {
                f.write_char('-')?;
                operand(f, inner, NEGATE)
            }
            ExprKind::Binary(op, left, right) => {
                // Comparisons do not associate; everything else does to the left.
                let own = op.precedence();
                let comparison = BinaryOp::Eq.precedence();
                operand(f, left, if own == comparison { own + 1 } else { own })?;
                f.write_char(' ')?;
                f.write_str(op.as_str())?;
                f.write_char(' ')?;
                operand(f, right, own + 1)
            }
            ExprKind::Matches(inner, patterns) => {
                let own = BinaryOp::Matches.precedence();
                operand(f, inner, own + 1)?;
                f.write_str(" matches ")?;
                match patterns.as_slice() {
                    [pattern] if !matches!(pattern, TextPattern::Role(_)) => {
                        f.write_str(&text::quoted(&pattern.to_string()))
                    }
                    patterns => {
                        f.write_char('[')?;
                        separated(f, patterns, |f, pattern| f.write_str(&text::quoted(&pattern.to_string())))?;
                        f.write_char(']')
                    }
                }
            }
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    each: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        each(f, item)?;
    }
    Ok(())
}

fn operand(f: &mut fmt::Formatter<'_>, expr: &Expr, least: u8) -> fmt::Result {
    match precedence(expr) < least {
        true => write!(f, "({expr})"),
        false => expr.fmt(f),
    }
}

fn precedence(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Binary(op, ..) => op.precedence(),
        ExprKind::Matches(..) => BinaryOp::Matches.precedence(),
        ExprKind::Not(_) => NOT,
        ExprKind::Negate(_) => NEGATE,
        ExprKind::Int(int) if *int < 0 => NEGATE,
        ExprKind::Duration(milliseconds) if *milliseconds < 0 => NEGATE,
        ExprKind::Decimal(decimal) | ExprKind::Money(decimal, _) if decimal.is_negative() => NEGATE,
        ExprKind::As(..) | ExprKind::Field(..) => POSTFIX,
        ExprKind::ToJson(inner) => precedence(inner),
        _ => POSTFIX + 1,
    }
}

/// A type as source with everything that constrains its values, nested refinements included; named types are written out.
pub fn type_text(ty: &Type) -> String {
    match ty {
        Type::List(element) => format!("List<{}>", schema(element)),
        Type::Record(fields) => record_text(fields),
        plain => plain.to_string(),
    }
}

fn record_text(fields: &Fields) -> String {
    if fields.is_empty() {
        return "{}".to_owned();
    }
    let fields: Vec<_> = fields.iter().map(|field| format!("{}: {}", field.name, schema(&field.schema))).collect();
    format!("{{ {} }}", fields.join(", "))
}

/// A schema as source: the type, `?`, and all that it asks of a value.
pub fn schema(schema: &Schema) -> String {
    let mut text = type_text(&schema.ty);
    if schema.optional {
        text.push('?');
    }
    let and = BinaryOp::And.precedence();
    let refinements: Vec<_> = schema
        .refinements
        .iter()
        .map(|expr| {
            let alone = schema.refinements.len() == 1;
            if alone || precedence(expr) >= and { expr.to_string() } else { format!("({expr})") }
        })
        .collect();
    if !refinements.is_empty() {
        text.push_str(" where ");
        text.push_str(&refinements.join(" and "));
    }
    text
}

/// A call as source.
pub fn call(call: &Call) -> String {
    arguments(&call.capability, &call.arguments)
}

/// Something with arguments, as source: `name { a: 1 }`.
pub fn arguments(name: &str, arguments: &[(String, Expr)]) -> String {
    if arguments.is_empty() {
        return format!("{name} {{}}");
    }
    let arguments: Vec<_> = arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{name} {{ {} }}", arguments.join(", "))
}
