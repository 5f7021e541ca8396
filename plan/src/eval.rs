//! What an expression means, on concrete values.
//!
//! This page is the definition. The solver's encoding is written from it, the decision engine compiles it, and both are
//! tested against [`eval`].
//!
//! **Values.** `Int` is 64 bit, signed. `Decimal` is fixed point with 18 digits before the point and 10 after it; money is a
//! decimal in a currency. `Duration` is 64 bit milliseconds; `Time` is milliseconds since 1970, within the years 0 to 9999
//! ([`value::TIME_MIN`] to [`value::TIME_MAX`]). An optional value that is not there is *absent*, and so is a `null` in JSON.
//!
//! **Failures.** There are two: [`Overflow`](EvalErrorKind::Overflow), where the result of an operation does not fit its type,
//! and [`Shape`](EvalErrorKind::Shape), where JSON read by `as` is not what the type wants. A failure anywhere in what is
//! evaluated is a failure of the whole expression. Everything else is total.
//!
//! **Order.** Left to right. `and`, `or` and `??` are lazy: the right side is evaluated only where the left one is true,
//! false, absent. So `false and E`, `true or E` and `x ?? E` with `x` present do not fail, whatever `E` is.
//!
//! | form | meaning |
//! |---|---|
//! | `a == b`, `a != b` | equality of values: strings by code points, lists by elements in order, records by fields, JSON by structure (`1` and `1.0` differ). Absent equals absent, and nothing else |
//! | `a < b`, `<=`, `>`, `>=` | on `Int`, `Decimal`, `Duration`, `Time`, money of one currency, and `Risk` in the order low, medium, high, critical |
//! | `a in list` | whether some element equals `a` |
//! | `s matches P`, `s in set` | whether a pattern fits: the same text, the same beginning, or the principal `s` has the role. A role asserted by a request is had by the principal of that request alone; every other text has the roles that name it as a member |
//! | `a + b`, `a - b` | on `Int`, `Decimal`, `Duration`, money of one currency; `Time + Duration`, `Duration + Time` and `Time - Duration` are times, `Time - Time` is a duration |
//! | `a * b` | `Int * Int`, `Decimal * Decimal`, and money by `Decimal` or `Int`, duration by `Int`, either way round. A product with more than 10 digits after the point overflows: nothing is rounded |
//! | `-a` | on `Int`, `Decimal`, `Duration`, money |
//! | `x.f` | the field. Absent where the record has no value for it, where `x` is itself absent, where JSON has no such key or `null` under it, and where `x` is JSON but no object |
//! | `x as T` | JSON as `T`, read as inputs are ([`crate::value::read`]), refinements of `T` included. Absent or `null` as an optional type is absent, as any other type a failure |
//! | `x` where JSON is wanted | the JSON that [`Value::to_json`] writes, which `as` with the type of `x` reads back. Absent stays absent |
//! | `has x` | whether `x` is not absent |
//! | `len(x)` | elements of a list, Unicode scalar values of a string |
//! | `x ?? d` | `x` where it is present, else `d` |
//! | `"…{e}…"` | the parts put together; values as [`Value`]'s `Display` shows them. More than [`MAX_TEXT`] bytes overflow |

use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::origin::Origin;
use crate::types::Schema;
use crate::value::{self, Misfit, Record, Value};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The longest string that interpolation gives, in bytes. Without a bound, a chain of interpolations doubles at each link.
pub const MAX_TEXT: usize = 1 << 20;

/// What an expression is evaluated in.
pub trait Env {
    /// The value of a variable: [`Value::Absent`] where it is optional and not there, `None` where there is no such
    /// variable, which a typed expression never asks for.
    fn get(&self, name: &str) -> Option<Value>;

    /// Whether a principal (`kind:name`) has a role.
    fn has_role(&self, principal: &str, role: &str) -> bool;
}

/// An expression could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// Why.
    pub kind: EvalErrorKind,
    /// The part of the expression that failed.
    pub at: Origin,
}

/// Why an expression could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvalErrorKind {
    /// The result of an operation does not fit its type; the operation as it is written.
    Overflow(String),
    /// JSON is not what `as` wants.
    Shape(Misfit),
    /// The expression is none that the types let through; never for an expression that was checked.
    IllTyped(String),
}

impl fmt::Display for EvalErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvalErrorKind::Overflow(operation) => write!(f, "`{operation}` overflows"),
            EvalErrorKind::Shape(misfit) => write!(f, "{misfit}"),
            EvalErrorKind::IllTyped(part) => write!(f, "`{part}` is not well typed"),
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for EvalError {}

/// Evaluates an expression.
pub fn eval(expr: &Expr, env: &dyn Env) -> Result<Value, EvalError> {
    let overflow = || EvalError { kind: EvalErrorKind::Overflow(expr.to_string()), at: expr.at };
    let ill_typed = || EvalError { kind: EvalErrorKind::IllTyped(expr.to_string()), at: expr.at };
    match &expr.kind {
        ExprKind::Bool(bool) => Ok(Value::Bool(*bool)),
        ExprKind::Int(int) => Ok(Value::Int(*int)),
        ExprKind::Decimal(decimal) => Ok(Value::Decimal(*decimal)),
        ExprKind::Money(amount, currency) => Ok(Value::Money(*amount, *currency)),
        ExprKind::Duration(milliseconds) => Ok(Value::Duration(*milliseconds)),
        ExprKind::Risk(risk) => Ok(Value::Risk(*risk)),
        ExprKind::String(text) => Ok(Value::string(text)),
        ExprKind::Interpolate(parts) => {
            let mut text = String::new();
            for part in parts {
                match eval(part, env)? {
                    Value::Absent => return Err(ill_typed()),
                    value => text.push_str(&value.to_string()),
                }
                if text.len() > MAX_TEXT {
                    return Err(overflow());
                }
            }
            Ok(Value::string(&text))
        }
        ExprKind::List(elements) => {
            let elements: Result<Arc<[Value]>, EvalError> = elements.iter().map(|element| eval(element, env)).collect();
            Ok(Value::List(elements?))
        }
        ExprKind::Record(entries) => {
            let mut fields = Vec::with_capacity(entries.len());
            for (name, entry) in entries {
                fields.push((Arc::from(name.as_str()), eval(entry, env)?));
            }
            Ok(Value::Record(Record::new(fields)))
        }
        ExprKind::Var(name) => env.get(name).ok_or_else(ill_typed),
        ExprKind::Field(inner, name) => eval(inner, env)?.field(name).ok_or_else(ill_typed),
        ExprKind::As(inner, schema) => {
            let read = read_as(&eval(inner, env)?, schema, env).ok_or_else(ill_typed)?;
            read.map_err(|misfit| EvalError { kind: EvalErrorKind::Shape(located(misfit, inner)), at: expr.at })
        }
        ExprKind::ToJson(inner) => Ok(match eval(inner, env)? {
            Value::Absent => Value::Absent,
            value => Value::Json(Arc::new(value.to_json())),
        }),
        ExprKind::Has(inner) => Ok(Value::Bool(!eval(inner, env)?.is_absent())),
        ExprKind::Len(inner) => match eval(inner, env)? {
            Value::List(elements) => i64::try_from(elements.len()).map(Value::Int).map_err(|_| overflow()),
            Value::String(text) => i64::try_from(text.chars().count()).map(Value::Int).map_err(|_| overflow()),
            _ => Err(ill_typed()),
        },
        ExprKind::Not(inner) => Ok(Value::Bool(!eval(inner, env)?.as_bool().ok_or_else(ill_typed)?)),
        ExprKind::Negate(inner) => negate(&eval(inner, env)?).map_err(|failure| match failure {
            Failure::Overflow => overflow(),
            Failure::IllTyped => ill_typed(),
        }),
        ExprKind::Matches(inner, patterns) => {
            let value = eval(inner, env)?;
            let text = value.as_str().ok_or_else(ill_typed)?;
            let fits = patterns.iter().any(|pattern| pattern.matches(text, |role| env.has_role(text, role)));
            Ok(Value::Bool(fits))
        }
        ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
            let decides = *op == BinaryOp::Or;
            if eval(left, env)?.as_bool().ok_or_else(ill_typed)? == decides {
                return Ok(Value::Bool(decides));
            }
            Ok(Value::Bool(eval(right, env)?.as_bool().ok_or_else(ill_typed)?))
        }
        ExprKind::Binary(BinaryOp::Default, left, right) => match eval(left, env)? {
            value if value.is_absent() => eval(right, env),
            value => Ok(value),
        },
        ExprKind::Binary(op, left, right) => {
            let (left, right) = (eval(left, env)?, eval(right, env)?);
            apply(*op, &left, &right).map_err(|failure| match failure {
                Failure::Overflow => overflow(),
                Failure::IllTyped => ill_typed(),
            })
        }
    }
}

/// Why an operator gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Overflow,
    IllTyped,
}

/// Applies an operator whose sides are both evaluated.
pub(crate) fn apply(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Failure> {
    use Ordering::{Equal, Greater, Less};
    let ordered = |wanted: &[Ordering]| {
        let ordering = compare(left, right).ok_or(Failure::IllTyped)?;
        Ok(Value::Bool(wanted.contains(&ordering)))
    };
    match op {
        BinaryOp::Eq => Ok(Value::Bool(left == right)),
        BinaryOp::Ne => Ok(Value::Bool(left != right)),
        BinaryOp::Lt => ordered(&[Less]),
        BinaryOp::Le => ordered(&[Less, Equal]),
        BinaryOp::Gt => ordered(&[Greater]),
        BinaryOp::Ge => ordered(&[Greater, Equal]),
        BinaryOp::In => match right {
            Value::List(elements) => Ok(Value::Bool(elements.contains(left))),
            _ => Err(Failure::IllTyped),
        },
        BinaryOp::Add => add(left, right),
        BinaryOp::Sub => subtract(left, right),
        BinaryOp::Mul => multiply(left, right),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Default | BinaryOp::Matches => Err(Failure::IllTyped),
    }
}

/// Changes a number's sign.
pub(crate) fn negate(value: &Value) -> Result<Value, Failure> {
    match value {
        Value::Int(int) => int.checked_neg().map(Value::Int).ok_or(Failure::Overflow),
        Value::Duration(duration) => duration.checked_neg().map(Value::Duration).ok_or(Failure::Overflow),
        Value::Decimal(decimal) => Ok(Value::Decimal(decimal.negated())),
        Value::Money(amount, currency) => Ok(Value::Money(amount.negated(), *currency)),
        _ => Err(Failure::IllTyped),
    }
}

/// The order of two values of one ordered type.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(a), Value::Int(b))
        | (Value::Duration(a), Value::Duration(b))
        | (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Money(a, currency), Value::Money(b, other)) if currency == other => Some(a.cmp(b)),
        (Value::Risk(a), Value::Risk(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn add(left: &Value, right: &Value) -> Result<Value, Failure> {
    let sum = match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
        (Value::Decimal(a), Value::Decimal(b)) => a.checked_add(*b).map(Value::Decimal),
        (Value::Money(a, currency), Value::Money(b, other)) if currency == other => {
            a.checked_add(*b).map(|amount| Value::Money(amount, *currency))
        }
        (Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration),
        (Value::Time(a), Value::Duration(b)) | (Value::Duration(b), Value::Time(a)) => {
            a.checked_add(*b).and_then(Value::time)
        }
        _ => return Err(Failure::IllTyped),
    };
    sum.ok_or(Failure::Overflow)
}

fn subtract(left: &Value, right: &Value) -> Result<Value, Failure> {
    let difference = match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int),
        (Value::Decimal(a), Value::Decimal(b)) => a.checked_sub(*b).map(Value::Decimal),
        (Value::Money(a, currency), Value::Money(b, other)) if currency == other => {
            a.checked_sub(*b).map(|amount| Value::Money(amount, *currency))
        }
        (Value::Duration(a), Value::Duration(b)) | (Value::Time(a), Value::Time(b)) => {
            a.checked_sub(*b).map(Value::Duration)
        }
        (Value::Time(a), Value::Duration(b)) => a.checked_sub(*b).and_then(Value::time),
        _ => return Err(Failure::IllTyped),
    };
    difference.ok_or(Failure::Overflow)
}

fn multiply(left: &Value, right: &Value) -> Result<Value, Failure> {
    use crate::Decimal;
    let product = match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int),
        (Value::Decimal(a), Value::Decimal(b)) => a.checked_mul(*b).map(Value::Decimal),
        (Value::Money(a, currency), Value::Decimal(b)) | (Value::Decimal(b), Value::Money(a, currency)) => {
            a.checked_mul(*b).map(|amount| Value::Money(amount, *currency))
        }
        (Value::Money(a, currency), Value::Int(b)) | (Value::Int(b), Value::Money(a, currency)) => {
            // A factor beyond the decimals leaves the range, unless it multiplies nothing.
            let product = match *a == Decimal::ZERO {
                true => Some(Decimal::ZERO),
                false => Decimal::from_int(*b).and_then(|b| a.checked_mul(b)),
            };
            product.map(|amount| Value::Money(amount, *currency))
        }
        (Value::Duration(a), Value::Int(b)) | (Value::Int(b), Value::Duration(a)) => {
            a.checked_mul(*b).map(Value::Duration)
        }
        _ => return Err(Failure::IllTyped),
    };
    product.ok_or(Failure::Overflow)
}

/// `None` where the value is no JSON.
fn read_as(json: &Value, schema: &Schema, env: &dyn Env) -> Option<Result<Value, Misfit>> {
    let roles = |principal: &str, role: &str| env.has_role(principal, role);
    match json {
        Value::Json(json) => Some(value::read(schema, json, &roles)),
        Value::Absent => Some(value::read(schema, &serde_json::Value::Null, &roles)),
        _ => None,
    }
}

/// The misfit with the path of the JSON that was read in front: `found.body.amount`.
fn located(misfit: Misfit, json: &Expr) -> Misfit {
    let mut misfit = misfit;
    let mut at = json;
    loop {
        match &at.kind {
            ExprKind::Field(inner, name) => {
                misfit = misfit.under(name);
                at = inner;
            }
            ExprKind::Var(name) => return misfit.under(name),
            _ => return misfit,
        }
    }
}

#[cfg(test)]
mod tests;
