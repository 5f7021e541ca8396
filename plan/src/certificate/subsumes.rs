//! Whether one rule takes whatever another one would: who asks is among those that it names, and each part of its condition
//! follows from a part of the other's. Nothing is asked about capabilities, so that it is so for all of them.
//!
//! This says yes only where it is plain. Where it says no, classes may still show it.

use super::atom::Test;
use super::cell::Values;
use super::outcome::test;
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::model::{Package, Rule};
use crate::pattern::PrincipalPattern;
use crate::types::Type;
use smallvec::SmallVec;

/// What is known where a condition holds: each of its parts does, and none of them fails.
pub(super) struct Condition<'e> {
    parts: SmallVec<[&'e Expr; 4]>,
}

impl<'e> Condition<'e> {
    /// Takes a condition apart.
    pub fn of(condition: Option<&'e Expr>) -> Condition<'e> {
        let mut parts = SmallVec::new();
        condition.into_iter().for_each(|condition| {
            all_of(condition, &mut |part| {
                parts.push(part);
                true
            });
        });
        Condition { parts }
    }

    /// Whether a part of another condition holds, and does not fail, wherever this one holds.
    fn implies(&self, wanted: &Expr) -> bool {
        if self.parts.iter().any(|part| is_same_comparison(part, wanted)) {
            return true;
        }
        let Some((read, needed, holds)) = test(wanted) else { return self.parts.contains(&wanted) };
        self.parts.iter().any(|part| match known(part) {
            Some((path, values)) if is_same_path(path, read) => match (&needed, values) {
                (Test::Present, _) => holds,
                // Both are of one type, since both rules are about the same capabilities; units are not compared otherwise.
                (Test::Compare(..), _) if path.ty != read.ty => false,
                (needed, Some(values)) => needed.of(&values) == Some(holds),
                _ => false,
            },
            _ => false,
        })
    }
}

/// Whether a rule takes every request that rules with these subjects and this condition would, if it is about the same
/// capabilities.
pub(super) fn subsumes(
    package: &Package,
    earlier: &Rule,
    subjects: &[PrincipalPattern],
    condition: &Condition<'_>,
) -> bool {
    subjects.iter().all(|subject| includes(package, &earlier.subjects, subject))
        && earlier.condition.as_ref().is_none_or(|wanted| all_of(wanted, &mut |part| condition.implies(part)))
}

/// Whether every principal that a pattern fits, whatever roles are asserted, is among those of these patterns.
fn includes(package: &Package, patterns: &[PrincipalPattern], subject: &PrincipalPattern) -> bool {
    patterns.iter().any(|pattern| match (pattern, subject) {
        (PrincipalPattern::Any, _) => true,
        (PrincipalPattern::Prefix(prefix), PrincipalPattern::Exact(text) | PrincipalPattern::Prefix(text)) => {
            text.starts_with(prefix.as_str())
        }
        (PrincipalPattern::Role(role), PrincipalPattern::Exact(_) | PrincipalPattern::Prefix(_)) => {
            // Members are never roles themselves.
            package.role(role).is_some_and(|role| includes(package, &role.members, subject))
        }
        (pattern, subject) => pattern == subject,
    })
}

/// Whether all parts of a condition, between which there is `and`, are so.
fn all_of<'e>(condition: &'e Expr, is: &mut impl FnMut(&'e Expr) -> bool) -> bool {
    match &condition.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => all_of(left, is) && all_of(right, is),
        _ => is(condition),
    }
}

/// The path that a part tests which holds, and what is known of the value there. Of a path that may be absent something is
/// known only if the test itself comes out true, which it never does of nothing.
fn known(part: &Expr) -> Option<(&Expr, Option<Values>)> {
    let (read, test, holds) = test(part)?;
    if read.ty == Type::Json || !holds && (may_be_absent(read) || test == Test::Present) {
        return None;
    }
    let any = match &test {
        Test::Present => return Some((read, None)),
        Test::True => Values::Truth(true, true),
        Test::Compare(..) => Values::Number(i128::MIN, i128::MAX),
        Test::Fits(_) => Values::Text { prefix: String::new(), not: Vec::new() },
    };
    Some((read, Some(test.restrict(&any, holds))))
}

fn may_be_absent(path: &Expr) -> bool {
    path.optional || matches!(&path.kind, ExprKind::Field(inner, _) if may_be_absent(inner))
}

/// Whether both compare the same path with the same literal in the same way.
fn is_same_comparison(one: &Expr, other: &Expr) -> bool {
    match (&one.kind, &other.kind) {
        (ExprKind::Binary(op, left, right), ExprKind::Binary(other_op, other_left, other_right)) => {
            op == other_op && is_same_path(left, other_left) && is_literal(right) && right.kind == other_right.kind
        }
        _ => false,
    }
}

fn is_literal(expr: &Expr) -> bool {
    use ExprKind::{Bool, Decimal, Duration, Int, Money, Risk, String};
    matches!(&expr.kind, Bool(_) | Int(_) | Decimal(_) | Money(..) | Duration(_) | Risk(_) | String(_))
}

fn is_same_path(one: &Expr, other: &Expr) -> bool {
    match (&one.kind, &other.kind) {
        (ExprKind::Var(one), ExprKind::Var(other)) => one == other,
        (ExprKind::Field(inner, one), ExprKind::Field(other_inner, other)) => {
            one == other && is_same_path(inner, other_inner)
        }
        _ => false,
    }
}
