//! Packages, put together by hand: the compiler is not known here.

use gov_plan::Origin;
use gov_plan::expr::{BinaryOp, Expr, ExprKind};
use gov_plan::model::*;
use gov_plan::pattern::{CapabilityPattern, PrincipalPattern};
use gov_plan::types::{Currency, Field, Fields, Risk, Schema, Type};

pub const AT: Origin = Origin { file: 0, start: 0, end: 0 };

pub fn expr(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Json, optional: false, at: AT }
}

pub fn text(text: &str) -> Expr {
    expr(ExprKind::String(text.to_owned()))
}

pub fn int(int: i64) -> Expr {
    expr(ExprKind::Int(int))
}

pub fn duration(milliseconds: i64) -> Expr {
    expr(ExprKind::Duration(milliseconds))
}

pub fn var(name: &str) -> Expr {
    expr(ExprKind::Var(name.to_owned()))
}

pub fn field(of: &str, name: &str) -> Expr {
    expr(ExprKind::Field(Box::new(var(of)), name.to_owned()))
}

pub fn has(inner: Expr) -> Expr {
    expr(ExprKind::Has(Box::new(inner)))
}

pub fn equals(left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(BinaryOp::Eq, Box::new(left), Box::new(right)))
}

pub fn plus(left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(BinaryOp::Add, Box::new(left), Box::new(right)))
}

pub fn list(elements: Vec<Expr>) -> Expr {
    expr(ExprKind::List(elements))
}

pub fn record(entries: Vec<(&str, Expr)>) -> Expr {
    expr(ExprKind::Record(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

pub fn fields(fields: &[(&str, Type)]) -> Fields {
    let field = |(name, ty): &(&str, Type)| Field {
        name: (*name).to_owned(),
        docs: String::new(),
        schema: Schema::plain(ty.clone()),
        at: AT,
    };
    fields.iter().map(field).collect()
}

/// A `read`: nothing to undo, tried once. Input `{ x: Int }`, output `{ y: Int }`.
pub fn read(id: &str) -> Capability {
    Capability {
        id: id.to_owned(),
        docs: String::new(),
        package: "test".to_owned(),
        kind: CapabilityKind::Read,
        version: "1.0.0".to_owned(),
        tags: Vec::new(),
        deprecated: None,
        input: fields(&[("x", Type::Int)]),
        output: fields(&[("y", Type::Int)]),
        effect: Table::always(Effect::None, AT),
        risk: Table::always(Risk::Low, AT),
        approval: Table::empty(AT),
        compensation: Table::always(Compensation::NotNeeded, AT),
        retry: Retry { attempts: Some(1), backoff: None, on_transient: false },
        timeout: 30_000,
        idempotency: Idempotency::No,
        cost: Table::empty(AT),
        handler: Handler::None,
        at: AT,
    }
}

/// A `write` that is undone by `{id}_back` with the `y` that it gave.
pub fn write(id: &str) -> Capability {
    let effect = Effect::Some { reversible: true, scope: Scope::Local, text: String::new() };
    let undo =
        Call { capability: format!("{id}_back"), arguments: vec![("x".to_owned(), field("output", "y"))], at: AT };
    Capability {
        kind: CapabilityKind::Write,
        effect: Table::always(effect, AT),
        compensation: Table::always(Compensation::Automatic(undo), AT),
        ..read(id)
    }
}

/// What undoes a [`write`]: idempotent, tried until it succeeds, once a second.
pub fn back(id: &str) -> Capability {
    Capability {
        compensation: Table::always(Compensation::None("it is an undo".to_owned()), AT),
        retry: Retry { attempts: None, backoff: Some((1_000, 1_000)), on_transient: false },
        idempotency: Idempotency::ByInput,
        ..write(&format!("{id}_back"))
    }
}

pub fn call(capability: &str, x: Expr) -> Call {
    Call { capability: capability.to_owned(), arguments: vec![("x".to_owned(), x)], at: AT }
}

pub fn plain_step(name: &str, capability: &str, x: Expr) -> Step {
    Step {
        name: name.to_owned(),
        principal: "agent:a".to_owned(),
        target: Target::Call(call(capability, x)),
        fallbacks: Vec::new(),
        retry: None,
        timeout: None,
        compensation: None,
        continues_on_failure: false,
        after: Vec::new(),
    }
}

pub fn node(kind: NodeKind) -> Node {
    Node { kind, docs: String::new(), at: AT }
}

pub fn step(name: &str, capability: &str, x: Expr) -> Node {
    node(NodeKind::Step(Box::new(plain_step(name, capability, x))))
}

pub fn step_with(step: Step) -> Node {
    node(NodeKind::Step(Box::new(step)))
}

pub fn nested(name: &str, workflow: &str, x: Expr) -> Node {
    let target = Target::Run { workflow: workflow.to_owned(), arguments: vec![("x".to_owned(), x)], at: AT };
    node(NodeKind::Step(Box::new(Step { target, ..plain_step(name, "", int(0)) })))
}

pub fn fail(message: &str) -> Node {
    node(NodeKind::Fail { message: text(message) })
}

pub fn check(condition: Expr, message: &str) -> Node {
    node(NodeKind::Check { condition, message: text(message) })
}

pub fn returns(value: Expr) -> Node {
    node(NodeKind::Return { value })
}

pub fn approval(from: &[&str], quorum: u32, within: Option<i64>) -> Approval {
    let from = from.iter().map(|who| match who.split_once(':') {
        Some(("role", role)) => PrincipalPattern::Role(role.to_owned()),
        _ => PrincipalPattern::Exact((*who).to_owned()),
    });
    Approval { from: from.collect(), quorum, within, at: AT }
}

pub fn asks(name: &str, approval: Approval) -> Node {
    node(NodeKind::Approval { name: name.to_owned(), approval, question: text("go on?") })
}

pub fn wait(milliseconds: i64) -> Node {
    node(NodeKind::Wait { duration: duration(milliseconds) })
}

/// A workflow that takes `{ x: Int }`.
pub fn workflow(name: &str, body: Vec<Node>) -> Workflow {
    Workflow {
        name: name.to_owned(),
        docs: String::new(),
        params: fields(&[("x", Type::Int)]),
        returns: None,
        principal: "agent:a".to_owned(),
        policy: "p".to_owned(),
        budget: Budget::default(),
        tenant: None,
        body,
        at: AT,
    }
}

pub fn usd(amount: &str) -> Cost {
    Cost { amount: amount.parse().unwrap(), currency: Currency::new("USD").unwrap() }
}

/// A policy that allows everything, unless one of these rules says otherwise.
pub fn policy(rules: Vec<(Action, &str)>) -> Policy {
    let rule = |(action, target): (Action, &str)| Rule {
        name: None,
        docs: String::new(),
        action,
        subjects: vec![PrincipalPattern::Any],
        targets: vec![CapabilityPattern::Exact(target.to_owned())],
        condition: None,
        because: None,
        at: AT,
    };
    Policy {
        name: "p".to_owned(),
        docs: String::new(),
        default: Action::Allow,
        escalation: Escalation::Never { because: "a test".to_owned(), at: AT },
        rules: rules.into_iter().map(rule).collect(),
        at: AT,
        default_at: AT,
    }
}

/// A package with `get` (a read), the writes `a`, `b`, `c` and `d` with their undos, and these workflows.
pub fn package(policy: Policy, workflows: Vec<Workflow>) -> Package {
    let mut capabilities = vec![read("t.get")];
    for id in ["t.a", "t.b", "t.c", "t.d"] {
        capabilities.push(write(id));
        capabilities.push(back(id));
    }
    with(capabilities, policy, workflows)
}

pub fn with(mut capabilities: Vec<Capability>, policy: Policy, workflows: Vec<Workflow>) -> Package {
    capabilities.sort_by(|a, b| a.id.cmp(&b.id));
    let role = Role {
        name: "boss".to_owned(),
        docs: String::new(),
        members: vec![PrincipalPattern::Exact("user:ann".to_owned()), PrincipalPattern::Exact("user:bob".to_owned())],
        at: AT,
    };
    Package {
        name: "test".to_owned(),
        roles: vec![role],
        capabilities,
        policies: vec![policy],
        workflows,
        ..Package::default()
    }
}
