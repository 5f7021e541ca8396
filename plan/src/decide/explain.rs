//! Why the rules before the one that decided did not.

use super::reference::Scope;
use super::{By, Decided, Request, Unevaluable, facts};
use crate::eval::{Env, eval};
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::model::{Package, Policy, Rule};
use crate::value::Value;

/// A rule that did not fit a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Missed<'p> {
    /// Its place, from 1.
    pub index: u32,
    /// The rule.
    pub rule: &'p Rule,
    /// The first of its clauses that did not fit.
    pub clause: Clause,
}

/// A clause of a rule that did not fit.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// None of its subjects is the principal.
    Subject,
    /// None of its targets is the capability.
    Target,
    /// Its condition does not hold: the parts that made it false.
    Condition(Vec<Part>),
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// As it is written.
    pub text: String,
    /// Whether it was true or false: which of them made the condition false.
    pub was: bool,
    /// What it reads, and the values that were found.
    pub values: Vec<(String, Value)>,
}

/// The rules that were read before a request was decided, each with what did not fit. None, where the request could not be
/// evaluated before the first was read.
pub fn explain<'p>(
    package: &'p Package,
    policy: &'p Policy,
    request: &Request<'_>,
    decided: &Decided<'_>,
) -> Vec<Missed<'p>> {
    let read = match &decided.by {
        By::Rule(index) => index.saturating_sub(1) as usize,
        By::Default => policy.rules.len(),
        By::Unevaluable(why) => match **why {
            Unevaluable::Rule { index, .. } => index.saturating_sub(1) as usize,
            _ => 0,
        },
    };
    let Ok(facts) = facts(package, request) else {
        return Vec::new();
    };
    let scope = Scope { package, request, facts: &facts };
    let clause = |rule: &Rule| match &rule.condition {
        _ if !scope.is_subject(rule) => Clause::Subject,
        _ if !scope.is_target(rule) => Clause::Target,
        condition => {
            Clause::Condition(condition.iter().flat_map(|condition| parts(condition, false, &scope)).collect())
        }
    };
    let rules = (1..).zip(policy.rules.iter().take(read));
    rules.map(|(index, rule)| Missed { index, rule, clause: clause(rule) }).collect()
}

/// The parts of a condition that made it what it `was`, in the order in which they were evaluated.
fn parts(condition: &Expr, was: bool, env: &dyn Env) -> Vec<Part> {
    match &condition.kind {
        ExprKind::Not(inner) => parts(inner, !was, env),
        // One side was enough: the first that is so.
        ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) if was == (*op == BinaryOp::Or) => {
            let decisive = if eval(left, env) == Ok(Value::Bool(was)) { left } else { right };
            parts(decisive, was, env)
        }
        ExprKind::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
            let mut both = parts(left, was, env);
            both.extend(parts(right, was, env));
            both
        }
        _ => {
            let mut values = Vec::new();
            read_by(condition, env, &mut values);
            vec![Part { text: condition.to_string(), was, values }]
        }
    }
}

/// The paths that an expression reads, longest first, with their values.
fn read_by(expr: &Expr, env: &dyn Env, into: &mut Vec<(String, Value)>) {
    match &expr.kind {
        ExprKind::Var(_) | ExprKind::Field(..) => {
            let path = expr.to_string();
            if into.iter().all(|(known, _)| *known != path)
                && let Ok(value) = eval(expr, env)
            {
                into.push((path, value));
            }
        }
        _ => expr.children().into_iter().for_each(|child| read_by(child, env, into)),
    }
}
