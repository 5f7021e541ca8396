//! Comparisons, membership and arithmetic.

use super::facts::path_of;
use super::{Checker, Lookup, TypeErrorKind, UseKind};
use crate::expr::{Expr, ExprKind};
use crate::pattern::TextPattern;
use crate::types::{Schema, Type};
use gov_grammar::ast::{self, BinaryOp};
use gov_grammar::{Span, closest};

impl Checker<'_> {
    pub(super) fn comparison(
        &mut self,
        op: BinaryOp,
        op_at: Span,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Option<ExprKind> {
        let (typed_left, typed_right) = self.both(left, right, None)?;
        let ordered = !matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        match (&typed_left.ty, &typed_right.ty) {
            (Type::Json, _) => return self.error(left.span, TypeErrorKind::JsonNeedsAs),
            (_, Type::Json) => return self.error(right.span, TypeErrorKind::JsonNeedsAs),
            (Type::Money(a), Type::Money(b)) if a != b => {
                return self.error(op_at, TypeErrorKind::Currencies { left: a.to_string(), right: b.to_string() });
            }
            (Type::Union(members), Type::String) if !ordered => {
                if let ExprKind::String(value) = &typed_right.kind
                    && !members.contains(value)
                {
                    return self.not_a_member(value, members, right.span);
                }
            }
            (Type::String, Type::Union(members)) if !ordered => {
                if let ExprKind::String(value) = &typed_left.kind
                    && !members.contains(value)
                {
                    return self.not_a_member(value, members, left.span);
                }
            }
            (Type::Union(a), Type::Union(b)) if !ordered && a.iter().any(|member| b.contains(member)) => {}
            (a, b) if a == b && (is_ordered(a) || !ordered && matches!(a, Type::Bool | Type::String)) => {}
            (a, b) => {
                let (left, right) = (a.to_string(), b.to_string());
                return self.error(op_at, TypeErrorKind::Operands { op, left, right });
            }
        }
        Some(ExprKind::Binary(op, Box::new(typed_left), Box::new(typed_right)))
    }

    pub(super) fn membership(&mut self, left: &ast::Expr, right: &ast::Expr) -> Option<ExprKind> {
        if let ast::ExprKind::Name(name) = &right.kind
            && self.names.variable(name) == Lookup::Unknown
        {
            match self.names.set(name) {
                Lookup::Known(patterns) => {
                    self.note(right.span, || UseKind::Set(name.clone()));
                    let typed = self.text(left)?;
                    return Some(ExprKind::Matches(Box::new(typed), patterns));
                }
                Lookup::Poisoned => return None,
                Lookup::Unknown => {
                    let known = [self.names.set_names(), self.names.variables()].concat();
                    let meant = closest(name, known.iter().map(String::as_str)).map(str::to_owned);
                    return self.error(right.span, TypeErrorKind::UnknownName { name: name.clone(), meant });
                }
            }
        }
        let typed_left = self.infer(left, None)?;
        let typed_left = self.present(typed_left, left)?;
        let element = match &typed_left.ty {
            // Members of a union are compared as the strings they are; a literal that is none of them is a mistake.
            Type::Union(members) => {
                if let ast::ExprKind::List(elements) = &right.kind {
                    for element in elements {
                        if let ast::ExprKind::String(literal) = &element.kind
                            && let Some(value) = literal.plain().filter(|value| !members.contains(value))
                        {
                            return self.not_a_member(&value, members, element.span);
                        }
                    }
                }
                Type::String
            }
            Type::Json => return self.error(left.span, TypeErrorKind::JsonNeedsAs),
            Type::List(_) | Type::Record(_) => {
                let ty = typed_left.ty.to_string();
                return self.error(left.span, TypeErrorKind::Operand { op: "in", ty });
            }
            ty => ty.clone(),
        };
        let list = Type::List(Box::new(Schema::plain(element)));
        let typed_right = self.infer(right, Some(&list))?;
        let typed_right = self.present(typed_right, right)?;
        let typed_right = match &typed_right.ty {
            // A list of union members holds strings.
            Type::List(schema) if !schema.optional && matches!(schema.ty, Type::Union(_)) => typed_right,
            _ => self.coerce(typed_right, right.span, &list, false)?,
        };
        Some(ExprKind::Binary(BinaryOp::In, Box::new(typed_left), Box::new(typed_right)))
    }

    pub(super) fn matches(&mut self, left: &ast::Expr, right: &ast::Expr) -> Option<ExprKind> {
        let typed = self.text(left);
        let plain = |expr: &ast::Expr| match &expr.kind {
            ast::ExprKind::String(literal) => literal.plain(),
            _ => None,
        };
        let patterns: Option<Vec<_>> = match &right.kind {
            // What a set holds, written out: here `role:name` is a role.
            ast::ExprKind::List(elements) => elements
                .iter()
                .map(|element| {
                    let text = plain(element)?;
                    let role = text.strip_prefix("role:").map(|role| TextPattern::Role(role.to_owned()));
                    role.or_else(|| text_pattern(&text))
                })
                .collect(),
            _ => plain(right).and_then(|text| text_pattern(&text)).map(|pattern| vec![pattern]),
        };
        let Some(patterns) = patterns else { return self.error(right.span, TypeErrorKind::BadPattern) };
        Some(ExprKind::Matches(Box::new(typed?), patterns))
    }

    /// An expression that is text.
    fn text(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let typed = self.infer(expr, None)?;
        let typed = self.present(typed, expr)?;
        match &typed.ty {
            Type::String | Type::Union(_) => Some(typed),
            Type::Json => self.error(expr.span, TypeErrorKind::JsonNeedsAs),
            found => {
                let (expected, found) = (Type::String.to_string(), found.to_string());
                self.error(expr.span, TypeErrorKind::Mismatch { expected, found })
            }
        }
    }

    pub(super) fn arithmetic(
        &mut self,
        op: BinaryOp,
        op_at: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
    ) -> Option<(ExprKind, Type)> {
        let hint = hint.filter(|hint| matches!(hint, Type::Int | Type::Decimal));
        if op == BinaryOp::Mul {
            return self.product(op_at, left, right, hint);
        }
        let (typed_left, typed_right) = self.both(left, right, hint)?;
        let ty = match (&typed_left.ty, &typed_right.ty) {
            (Type::Json, _) => return self.error(left.span, TypeErrorKind::JsonNeedsAs),
            (_, Type::Json) => return self.error(right.span, TypeErrorKind::JsonNeedsAs),
            (Type::Int, Type::Int) => Type::Int,
            (Type::Decimal, Type::Decimal) => Type::Decimal,
            (Type::Duration, Type::Duration) => Type::Duration,
            (Type::Time, Type::Duration) => Type::Time,
            (Type::Duration, Type::Time) if op == BinaryOp::Add => Type::Time,
            (Type::Time, Type::Time) if op == BinaryOp::Sub => Type::Duration,
            (Type::Money(a), Type::Money(b)) if a == b => Type::Money(*a),
            (Type::Money(a), Type::Money(b)) => {
                let (left, right) = (a.to_string(), b.to_string());
                return self.error(op_at, TypeErrorKind::Currencies { left, right });
            }
            (a, b) => {
                let (left, right) = (a.to_string(), b.to_string());
                return self.error(op_at, TypeErrorKind::Operands { op, left, right });
            }
        };
        Some((ExprKind::Binary(op, Box::new(typed_left), Box::new(typed_right)), ty))
    }

    /// One side is a literal, so that what a solver is asked stays linear.
    fn product(
        &mut self,
        op_at: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<&Type>,
    ) -> Option<(ExprKind, Type)> {
        let literal_on_left = is_number(left) && !is_number(right);
        let (factor, literal) = if literal_on_left { (right, left) } else { (left, right) };
        let typed = self.infer(factor, hint)?;
        let typed = self.present(typed, factor)?;
        // Decimals and money are multiplied by decimals, whole numbers and durations by whole numbers.
        let wanted = match &typed.ty {
            Type::Decimal | Type::Money(_) => Type::Decimal,
            Type::Int | Type::Duration => Type::Int,
            Type::Json => return self.error(factor.span, TypeErrorKind::JsonNeedsAs),
            ty => {
                let ty = ty.to_string();
                return self.error(factor.span, TypeErrorKind::Operand { op: "*", ty });
            }
        };
        if !is_number(literal) {
            let other = self.infer(literal, Some(&wanted))?;
            let literal_on_either = is_literal(&typed.kind) || is_literal(&other.kind);
            let numbers = matches!(other.ty, Type::Int | Type::Decimal | Type::Money(_) | Type::Duration);
            if !numbers {
                let ty = other.ty.to_string();
                return self.error(literal.span, TypeErrorKind::Operand { op: "*", ty });
            }
            if !literal_on_either {
                return self.error(op_at, TypeErrorKind::NonLinear);
            }
            let (left, right) = (typed.ty.to_string(), other.ty.to_string());
            return self.error(op_at, TypeErrorKind::Operands { op: BinaryOp::Mul, left, right });
        }
        let number = self.infer(literal, Some(&wanted))?;
        if number.ty != wanted {
            let (left, right) = (typed.ty.to_string(), number.ty.to_string());
            return self.error(op_at, TypeErrorKind::Operands { op: BinaryOp::Mul, left, right });
        }
        let ty = typed.ty.clone();
        let (first, second) = if literal_on_left { (number, typed) } else { (typed, number) };
        Some((ExprKind::Binary(BinaryOp::Mul, Box::new(first), Box::new(second)), ty))
    }

    /// Two operands, each always present; a literal takes the type of the other side.
    fn both(&mut self, left: &ast::Expr, right: &ast::Expr, hint: Option<&Type>) -> Option<(Expr, Expr)> {
        let right_first = takes_hint(left) && !takes_hint(right);
        let (first, second) = if right_first { (right, left) } else { (left, right) };
        let typed_first = self.infer(first, hint).and_then(|typed| self.present(typed, first));
        let first_ty = typed_first.as_ref().map(|typed| typed.ty.clone());
        // Records are not operands of anything: the one says nothing of the other.
        let second_hint = first_ty.as_ref().or(hint).filter(|ty| !matches!(ty, Type::Record(_)));
        let typed_second = self.infer(second, second_hint).and_then(|typed| self.present(typed, second));
        let (typed_first, typed_second) = (typed_first?, typed_second?);
        Some(if right_first { (typed_second, typed_first) } else { (typed_first, typed_second) })
    }
}

fn is_ordered(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Decimal | Type::Duration | Type::Time | Type::Money(_) | Type::Risk)
}

/// Whether an expression has no type of its own until the other side gives it one: a whole number, a risk level.
fn takes_hint(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Int(_) => true,
        ast::ExprKind::Negate(inner) => takes_hint(inner),
        ast::ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, _, left, right) => {
            takes_hint(left) && takes_hint(right)
        }
        ast::ExprKind::Name(_) => path_of(expr).is_some_and(|name| crate::types::Risk::parse(&name).is_some()),
        _ => false,
    }
}

/// A number as it is written, with signs before it.
fn is_number(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Int(_) | ast::ExprKind::Decimal(_) => true,
        ast::ExprKind::Negate(inner) => is_number(inner),
        _ => false,
    }
}

fn is_literal(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Int(_) | ExprKind::Decimal(_) | ExprKind::Money(..) | ExprKind::Duration(_) => true,
        ExprKind::Negate(inner) => is_literal(&inner.kind),
        _ => false,
    }
}

/// A pattern as it is written: one `*` at its end, or none.
fn text_pattern(text: &str) -> Option<TextPattern> {
    match text.strip_suffix('*') {
        _ if text.matches('*').count() > 1 => None,
        Some(prefix) => Some(TextPattern::Prefix(prefix.to_owned())),
        None if text.contains('*') => None,
        None => Some(TextPattern::Exact(text.to_owned())),
    }
}
