//! Expressions in a form that is evaluated without looking names up and, for most, without allocating.

use crate::decide::reference::Scope;
use crate::decide::{Facts, Request};
use crate::eval::{Env, apply, eval, negate};
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::model::{Effect, Package};
use crate::pattern::TextPattern;
use crate::types::{Fields, Schema};
use crate::value::{self, Record, Value};
use serde_json::Value as Json;

/// An expression could not be evaluated. Why is found out by the reference, which then decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failed;

/// A compiled expression.
#[derive(Debug)]
pub(super) enum Code {
    Const(Value),
    Load(Source),
    Field(Box<Code>, Box<str>),
    Has(Box<Code>),
    Len(Box<Code>),
    Not(Box<Code>),
    Negate(Box<Code>),
    And(Box<Code>, Box<Code>),
    Or(Box<Code>, Box<Code>),
    Default(Box<Code>, Box<Code>),
    Apply(BinaryOp, Box<Code>, Box<Code>),
    Matches(Box<Code>, Box<[TextPattern]>),
    As(Box<Code>, Box<Schema>),
    /// What builds something new is evaluated as the reference does it.
    General(Box<Expr>),
}

/// Where a variable's value is.
#[derive(Debug)]
pub(super) enum Source {
    Itself,
    Sibling(Place),
    Input(Place),
    Context(Place),
    PrincipalId,
    PrincipalTenant,
    ResourceTenant,
    Risk,
    Kind,
    Reversible,
    Scope,
    Tags,
    Workflow,
}

/// A field of a record, and where it stands if none before it is absent.
#[derive(Debug)]
pub(super) struct Place {
    name: Box<str>,
    likely: usize,
}

/// The scope that an expression is compiled for.
#[derive(Clone, Copy)]
pub(super) enum Names<'n> {
    /// A refinement: `self`, and these fields beside it.
    Refinement(Option<&'n Fields>),
    /// A capability's clause: these fields of its input.
    Capability(&'n Fields),
    /// A policy's condition.
    Policy(&'n Fields),
}

/// What an expression is evaluated in.
#[derive(Clone, Copy)]
pub(super) struct Frame<'v> {
    pub(super) package: &'v Package,
    pub(super) request: &'v Request<'v>,
    pub(super) around: Around<'v>,
}

/// What is in scope beside the request.
#[derive(Clone, Copy)]
pub(super) enum Around<'v> {
    Refinement { itself: &'v Value, siblings: Option<(&'v Fields, &'v Record)> },
    Capability(&'v Fields),
    Policy { facts: &'v Facts<'v>, tags: &'v Value },
}

/// A value on the way: borrowed wherever it can be.
pub(super) enum Operand<'v> {
    Value(Value),
    Ref(&'v Value),
    Text(&'v str),
    Json(&'v Json),
}

impl Code {
    /// Compiles an expression.
    pub(super) fn new(expr: &Expr, names: Names<'_>) -> Code {
        let compile = |expr: &Expr| Box::new(Code::new(expr, names));
        if let Some(value) = constant(expr) {
            return Code::Const(value);
        }
        match &expr.kind {
            ExprKind::Var(name) => match names.source(name) {
                Some(source) => Code::Load(source),
                None => Code::General(Box::new(expr.clone())),
            },
            ExprKind::Field(inner, field) => match names.member(inner, field) {
                Some(source) => Code::Load(source),
                None => Code::Field(compile(inner), field.as_str().into()),
            },
            ExprKind::As(inner, schema) => Code::As(compile(inner), schema.clone()),
            ExprKind::Has(inner) => Code::Has(compile(inner)),
            ExprKind::Len(inner) => Code::Len(compile(inner)),
            ExprKind::Not(inner) => Code::Not(compile(inner)),
            ExprKind::Negate(inner) => Code::Negate(compile(inner)),
            ExprKind::Matches(inner, patterns) => Code::Matches(compile(inner), patterns.as_slice().into()),
            ExprKind::Binary(BinaryOp::And, left, right) => Code::And(compile(left), compile(right)),
            ExprKind::Binary(BinaryOp::Or, left, right) => Code::Or(compile(left), compile(right)),
            ExprKind::Binary(BinaryOp::Default, left, right) => Code::Default(compile(left), compile(right)),
            ExprKind::Binary(op, left, right) => Code::Apply(*op, compile(left), compile(right)),
            _ => Code::General(Box::new(expr.clone())),
        }
    }

    /// Whether a condition holds.
    pub(super) fn holds(&self, frame: &Frame<'_>) -> Result<bool, Failed> {
        match self {
            Code::And(left, right) => Ok(left.holds(frame)? && right.holds(frame)?),
            Code::Or(left, right) => Ok(left.holds(frame)? || right.holds(frame)?),
            Code::Not(inner) => Ok(!inner.holds(frame)?),
            _ => self.run(frame)?.as_value().and_then(Value::as_bool).ok_or(Failed),
        }
    }

    /// The value.
    pub(super) fn run<'v>(&'v self, frame: &Frame<'v>) -> Result<Operand<'v>, Failed> {
        Ok(match self {
            Code::Const(value) => Operand::Ref(value),
            Code::Load(source) => frame.load(source),
            Code::Field(inner, name) => inner.run(frame)?.field(name)?,
            Code::Has(inner) => Operand::bool(!inner.run(frame)?.is_absent()),
            Code::Len(inner) => {
                let inner = inner.run(frame)?;
                let length = match (inner.as_text(), inner.as_value()) {
                    (Some(text), _) => text.chars().count(),
                    (None, Some(Value::List(elements))) => elements.len(),
                    _ => return Err(Failed),
                };
                Operand::Value(Value::Int(i64::try_from(length).map_err(|_| Failed)?))
            }
            Code::And(..) | Code::Or(..) | Code::Not(_) => Operand::bool(self.holds(frame)?),
            Code::Negate(inner) => {
                let inner = inner.run(frame)?;
                Operand::Value(negate(inner.as_value().ok_or(Failed)?).map_err(|_| Failed)?)
            }
            Code::Default(left, right) => match left.run(frame)? {
                left if left.is_absent() => right.run(frame)?,
                left => left,
            },
            Code::Apply(op, left, right) => {
                let (left, right) = (left.run(frame)?, right.run(frame)?);
                match (left.as_text(), right.as_text()) {
                    (Some(left), Some(right)) => match op {
                        BinaryOp::Eq => Operand::bool(left == right),
                        BinaryOp::Ne => Operand::bool(left != right),
                        _ => return Err(Failed),
                    },
                    (Some(text), None) if *op == BinaryOp::In => match right.as_value() {
                        Some(Value::List(list)) => Operand::bool(list.iter().any(|one| one.as_str() == Some(text))),
                        _ => return Err(Failed),
                    },
                    _ => {
                        let (left, right) = (left.as_value().ok_or(Failed)?, right.as_value().ok_or(Failed)?);
                        Operand::Value(apply(*op, left, right).map_err(|_| Failed)?)
                    }
                }
            }
            Code::Matches(inner, patterns) => {
                let inner = inner.run(frame)?;
                let text = inner.as_text().ok_or(Failed)?;
                let fits = |pattern: &TextPattern| pattern.matches(text, |role| frame.has_role(text, role));
                Operand::bool(patterns.iter().any(fits))
            }
            Code::As(inner, schema) => {
                let inner = inner.run(frame)?;
                let json = match (&inner, inner.as_value()) {
                    (Operand::Json(json), _) => json,
                    (_, Some(Value::Json(json))) => &**json,
                    (_, Some(Value::Absent)) => &Json::Null,
                    _ => return Err(Failed),
                };
                let has_role = |principal: &str, role: &str| frame.has_role(principal, role);
                Operand::Value(value::read(schema, json, &has_role).map_err(|_| Failed)?)
            }
            Code::General(expr) => Operand::Value(eval(expr, frame).map_err(|_| Failed)?),
        })
    }
}

/// The value of an expression that is the same for every request.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    // Most read something or are a literal, and are told at once.
    match expr.kind {
        ExprKind::Var(_) | ExprKind::Field(..) => return None,
        ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Money(..) | ExprKind::String(_) => {}
        _ => {
            let mut varies = false;
            expr.walk(&mut |part| {
                varies |= matches!(part.kind, ExprKind::Var(_) | ExprKind::Matches(..) | ExprKind::As(..));
            });
            if varies {
                return None;
            }
        }
    }
    eval(expr, &Nothing).ok()
}

/// A scope without names.
struct Nothing;

impl Env for Nothing {
    fn get(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_role(&self, _: &str, _: &str) -> bool {
        false
    }
}

impl Names<'_> {
    fn source(self, name: &str) -> Option<Source> {
        match self {
            Names::Refinement(_) if name == "self" => Some(Source::Itself),
            Names::Refinement(fields) => Place::new(fields?, name).map(Source::Sibling),
            Names::Capability(fields) => Place::new(fields, name).map(Source::Input),
            Names::Policy(_) => Some(match name {
                "risk" => Source::Risk,
                "kind" => Source::Kind,
                "reversible" => Source::Reversible,
                "scope" => Source::Scope,
                "tags" => Source::Tags,
                "workflow" => Source::Workflow,
                _ => return None,
            }),
        }
    }

    fn member(self, record: &Expr, field: &str) -> Option<Source> {
        let (Names::Policy(context), ExprKind::Var(record)) = (self, &record.kind) else {
            return None;
        };
        match (record.as_str(), field) {
            // Which field it is depends on the capability; it is looked for by name.
            ("input", _) => Some(Source::Input(Place { name: field.into(), likely: 0 })),
            ("context", _) => Place::new(context, field).map(Source::Context),
            ("principal", "id") => Some(Source::PrincipalId),
            ("principal", "tenant") => Some(Source::PrincipalTenant),
            ("resource", "tenant") => Some(Source::ResourceTenant),
            _ => None,
        }
    }
}

impl Place {
    fn new(fields: &Fields, name: &str) -> Option<Place> {
        let likely = fields.iter().position(|field| field.name == name)?;
        Some(Place { name: name.into(), likely })
    }

    fn of<'v>(&self, record: &'v Record) -> Operand<'v> {
        record.get_near(self.likely, &self.name).map_or(Operand::Value(Value::Absent), Operand::Ref)
    }
}

impl<'v> Frame<'v> {
    fn load(&self, source: &Source) -> Operand<'v> {
        let text = |text: Option<&'v str>| text.map_or(Operand::Value(Value::Absent), Operand::Text);
        match (source, self.around) {
            (Source::Itself, Around::Refinement { itself, .. }) => Operand::Ref(itself),
            (Source::Sibling(place), Around::Refinement { siblings: Some((_, siblings)), .. }) => place.of(siblings),
            (Source::Input(place), _) => place.of(self.request.input),
            (Source::Context(place), _) => place.of(self.request.context),
            (Source::PrincipalId, _) => Operand::Text(self.request.principal),
            (Source::PrincipalTenant, _) => text(self.request.principal_tenant),
            (Source::ResourceTenant, _) => text(self.request.resource_tenant),
            (Source::Workflow, _) => text(self.request.workflow),
            (Source::Risk, Around::Policy { facts, .. }) => Operand::Value(Value::Risk(facts.risk)),
            (Source::Kind, Around::Policy { facts, .. }) => Operand::Text(facts.capability.kind.as_str()),
            (Source::Reversible, Around::Policy { facts, .. }) => Operand::bool(!facts.effect.is_irreversible()),
            (Source::Scope, Around::Policy { facts, .. }) => match facts.effect {
                Effect::None => Operand::Value(Value::Absent),
                Effect::Some { scope, .. } => Operand::Text(scope.as_str()),
            },
            (Source::Tags, Around::Policy { tags, .. }) => Operand::Ref(tags),
            // A source is only ever made for the scope that has it.
            _ => Operand::Value(Value::Absent),
        }
    }
}

impl Env for Frame<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let field = |fields: &Fields, record: &Record| {
            fields.get(name).map(|_| record.get(name).cloned().unwrap_or(Value::Absent))
        };
        match self.around {
            Around::Refinement { itself, .. } if name == "self" => Some(itself.clone()),
            Around::Refinement { siblings, .. } => siblings.and_then(|(fields, record)| field(fields, record)),
            Around::Capability(fields) => field(fields, self.request.input),
            Around::Policy { facts, .. } => Scope { package: self.package, request: self.request, facts }.get(name),
        }
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        super::super::facts::has_role(self.package, self.request, principal, role)
    }
}

impl<'v> Operand<'v> {
    fn bool(bool: bool) -> Operand<'v> {
        Operand::Value(Value::Bool(bool))
    }

    /// The text of a string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Operand::Text(text) => Some(text),
            Operand::Value(value) => value.as_str(),
            Operand::Ref(value) => value.as_str(),
            Operand::Json(_) => None,
        }
    }

    /// The value, unless it is borrowed text or JSON.
    pub(super) fn as_value(&self) -> Option<&Value> {
        match self {
            Operand::Value(value) => Some(value),
            Operand::Ref(value) => Some(value),
            Operand::Text(_) | Operand::Json(_) => None,
        }
    }

    fn is_absent(&self) -> bool {
        match self {
            Operand::Value(value) => value.is_absent(),
            Operand::Ref(value) => value.is_absent(),
            Operand::Text(_) => false,
            Operand::Json(json) => json.is_null(),
        }
    }

    fn field(self, name: &str) -> Result<Operand<'v>, Failed> {
        let of_json = |json: &'v Json| match json.get(name) {
            None | Some(Json::Null) => Operand::Value(Value::Absent),
            Some(found) => Operand::Json(found),
        };
        Ok(match self {
            Operand::Ref(Value::Record(record)) => record.get(name).map_or(Operand::Value(Value::Absent), Operand::Ref),
            Operand::Ref(Value::Json(json)) => of_json(json),
            Operand::Json(json) => of_json(json),
            Operand::Ref(value) => Operand::Value(value.field(name).ok_or(Failed)?),
            Operand::Value(value) => Operand::Value(value.field(name).ok_or(Failed)?),
            Operand::Text(_) => return Err(Failed),
        })
    }
}
