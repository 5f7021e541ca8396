//! Expressions whose names and types are settled.

use crate::decimal::Decimal;
use crate::origin::Origin;
use crate::pattern::TextPattern;
use crate::types::{Currency, Risk, Schema, Type};
use smallvec::{SmallVec, smallvec};

pub use gov_grammar::ast::BinaryOp;

/// An expression with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The type of its value.
    pub ty: Type,
    /// Whether the value may be absent. What was shown to be present (`has x and x > 1`) is not optional.
    pub optional: bool,
    /// Where it stands.
    pub at: Origin,
}

/// The forms of expressions.
///
/// Operands have the types that their operator takes: the checker (`typing`) gives nothing else. In particular `and`, `or`
/// and `??` are lazy: their right side is not evaluated where the left one decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// A literal.
    Bool(bool),
    /// A literal.
    Int(i64),
    /// A literal, also a whole number that stands where a decimal is wanted.
    Decimal(Decimal),
    /// A literal.
    Money(Decimal, Currency),
    /// A literal, in milliseconds.
    Duration(i64),
    /// `low` to `critical`.
    Risk(Risk),
    /// A literal without interpolations.
    String(String),
    /// A string that is put together; each part is a `String` literal or an expression that can be shown in a string.
    Interpolate(Vec<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ name: a }`, in the order of the source.
    Record(Vec<(String, Expr)>),
    /// A name of the scope: `self`, `input`, `context`, a parameter, a step, …
    Var(String),
    /// A field of a record, or of JSON.
    Field(Box<Expr>, String),
    /// JSON read as a type. Fails where the shape is wrong, or a refinement does not hold.
    As(Box<Expr>, Box<Schema>),
    /// A value of a type where JSON is wanted. It has no form of its own: the checker puts it where the types ask for it.
    ToJson(Box<Expr>),
    /// Whether a value is present: an optional value, or a path into JSON.
    Has(Box<Expr>),
    /// The number of elements of a list, or of characters (Unicode scalar values) of a string.
    Len(Box<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// `-a`; fails on overflow.
    Negate(Box<Expr>),
    /// `or and == != < <= > >= ?? + - *`. `+ - *` fail on overflow. `in` with a list on the right.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `s matches "prefix*"` and `s in set`: whether the string fits one of the patterns.
    Matches(Box<Expr>, Vec<TextPattern>),
}

impl Expr {
    /// Calls `visit` with this expression and every one below it.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The expressions directly below.
    pub fn children(&self) -> SmallVec<[&Expr; 2]> {
        match &self.kind {
            ExprKind::Interpolate(parts) | ExprKind::List(parts) => parts.iter().collect(),
            ExprKind::Record(entries) => entries.iter().map(|(_, value)| value).collect(),
            ExprKind::Field(inner, _)
            | ExprKind::As(inner, _)
            | ExprKind::ToJson(inner)
            | ExprKind::Has(inner)
            | ExprKind::Len(inner)
            | ExprKind::Not(inner)
            | ExprKind::Negate(inner)
            | ExprKind::Matches(inner, _) => smallvec![&**inner],
            ExprKind::Binary(_, left, right) => smallvec![&**left, &**right],
            _ => SmallVec::new(),
        }
    }
}
