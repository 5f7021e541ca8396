//! Expressions and types as source text again, with as few parentheses as say the same.
//!
//! For whatever [`crate::expression`] and [`crate::type_expression`] read, reading the printed text gives the same again,
//! but for places and for the documentation of fields, which is not printed.

use crate::ast::{BinaryOp, Expr, ExprKind, Field, Record, StringLiteral, StringPart, Type, TypeKind};
use crate::is_forbidden;

impl Expr {
    /// The expression as source text on one line. What could not be read is printed as `?`, which cannot be read either.
    pub fn to_source(&self) -> String {
        printed(|out| expr(out, self, LOOSEST))
    }
}

impl Type {
    /// The type as source text on one line.
    pub fn to_source(&self) -> String {
        printed(|out| ty(out, self))
    }
}

impl Record {
    /// The record as source text on one line.
    pub fn to_source(&self) -> String {
        printed(|out| record(out, self))
    }
}

impl StringLiteral {
    /// The string as source text, with its quotes.
    pub fn to_source(&self) -> String {
        printed(|out| string(out, self))
    }
}

/// Text as a string of the language, with its quotes: whatever may not stand in one as it is, is escaped.
pub fn quoted(text: &str) -> String {
    printed(|out| {
        out.push('"');
        escaped(out, text);
        out.push('"');
    })
}

fn printed(print: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    print(&mut out);
    out
}

/// How tightly an expression holds together; operators come in between, see [`BinaryOp::precedence`].
const LOOSEST: u8 = 0;
const NOT: u8 = 3;
const NEGATE: u8 = 8;
const POSTFIX: u8 = 9;
const PRIMARY: u8 = 10;

fn tightness(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Binary(op, ..) => op.precedence(),
        ExprKind::Not(_) => NOT,
        ExprKind::Negate(_) => NEGATE,
        // What follows the `>` might be taken for the right side of a comparison in the refinement.
        ExprKind::As(_, target) if matches!(target.kind, TypeKind::List(_, Some(_))) => LOOSEST,
        ExprKind::Field(..) | ExprKind::As(..) => POSTFIX,
        // A `.f` behind it would be part of its path.
        ExprKind::Has(_) => NEGATE,
        _ => PRIMARY,
    }
}

/// Prints an expression where only one that holds together at least that tightly may stand without parentheses.
fn expr(out: &mut String, shown: &Expr, least: u8) {
    if least > LOOSEST && tightness(shown) < least {
        out.push('(');
        expr(out, shown, LOOSEST);
        out.push(')');
        return;
    }
    match &shown.kind {
        ExprKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        ExprKind::Int(text) | ExprKind::Decimal(text) | ExprKind::Duration(text) | ExprKind::Name(text) => {
            out.push_str(text);
        }
        ExprKind::Money(number, currency) => {
            out.push_str(number);
            out.push(' ');
            out.push_str(currency);
        }
        ExprKind::String(literal) => string(out, literal),
        ExprKind::List(elements) => {
            out.push('[');
            separated(out, elements, |out, element| expr(out, element, LOOSEST));
            out.push(']');
        }
        ExprKind::Record(entries) => record(out, entries),
        ExprKind::Field(inner, name) => {
            expr(out, inner, POSTFIX);
            out.push('.');
            out.push_str(&name.text);
        }
        ExprKind::As(inner, target) => {
            // `as` cannot be part of a path.
            expr(out, inner, if matches!(inner.kind, ExprKind::Has(_)) { NEGATE } else { POSTFIX });
            out.push_str(" as ");
            ty(out, target);
        }
        ExprKind::Has(path) => {
            out.push_str("has ");
            expr(out, path, POSTFIX);
        }
        ExprKind::Len(inner) => {
            out.push_str("len(");
            expr(out, inner, LOOSEST);
            out.push(')');
        }
        ExprKind::Not(operand) => {
            out.push_str("not ");
            expr(out, operand, NOT);
        }
        ExprKind::Negate(operand) => {
            out.push('-');
            expr(out, operand, NEGATE);
        }
        ExprKind::Binary(op, _, left, right) => {
            let precedence = op.precedence();
            // Comparisons do not associate; everything else does to the left.
            let is_comparison = precedence == BinaryOp::Eq.precedence();
            expr(out, left, if is_comparison { precedence + 1 } else { precedence });
            out.push(' ');
            out.push_str(op.as_str());
            out.push(' ');
            let start = out.len();
            expr(out, right, precedence + 1);
            // A brace behind a `>` would end a type.
            if *op == BinaryOp::Gt && out.get(start..).is_some_and(|right| right.starts_with('{')) {
                out.insert(start, '(');
                out.push(')');
            }
        }
        ExprKind::Broken => out.push('?'),
    }
}

fn record(out: &mut String, shown: &Record) {
    if shown.entries.is_empty() {
        return out.push_str("{}");
    }
    out.push_str("{ ");
    separated(out, &shown.entries, |out, (name, value)| {
        out.push_str(&name.text);
        out.push_str(": ");
        expr(out, value, LOOSEST);
    });
    out.push_str(" }");
}

fn string(out: &mut String, shown: &StringLiteral) {
    out.push('"');
    for part in &shown.parts {
        match part {
            StringPart::Text(text) => escaped(out, text),
            StringPart::Interpolation(inner) => {
                out.push('{');
                expr(out, inner, LOOSEST);
                out.push('}');
            }
        }
    }
    out.push('"');
}

fn escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' | '{' => {
                out.push('\\');
                out.push(c);
            }
            c if c == '\r' || is_forbidden(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
}

fn ty(out: &mut String, shown: &Type) {
    match &shown.kind {
        TypeKind::Named(name) => out.push_str(&name.text),
        TypeKind::Money(currency) => {
            out.push_str("Money<");
            out.push_str(&currency.text);
            out.push('>');
        }
        TypeKind::List(inner, refinement) => {
            out.push_str("List<");
            ty(out, inner);
            where_clause(out, refinement.as_deref());
            out.push('>');
        }
        TypeKind::Union(strings) => {
            for (index, literal) in strings.iter().enumerate() {
                if index > 0 {
                    out.push_str(" | ");
                }
                string(out, literal);
            }
        }
        TypeKind::Record(fields) if fields.is_empty() => out.push_str("{}"),
        TypeKind::Record(fields) => {
            out.push_str("{ ");
            separated(out, fields, field);
            out.push_str(" }");
        }
    }
    if shown.optional {
        out.push('?');
    }
}

fn field(out: &mut String, shown: &Field) {
    out.push_str(&shown.name.text);
    out.push_str(": ");
    ty(out, &shown.ty);
    where_clause(out, shown.refinement.as_ref());
}

fn where_clause(out: &mut String, refinement: Option<&Expr>) {
    if let Some(refinement) = refinement {
        out.push_str(" where ");
        expr(out, refinement, LOOSEST);
    }
}

fn separated<T>(out: &mut String, things: &[T], print: impl Fn(&mut String, &T)) {
    for (index, thing) in things.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        print(out, thing);
    }
}
