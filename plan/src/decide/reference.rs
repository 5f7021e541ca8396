//! The plain decision: the rules in order. It defines what [`Engine`](super::Engine) computes faster.

use super::facts::has_role;
use super::{By, Decided, Facts, Request, Unevaluable, facts};
use crate::eval::{Env, eval};
use crate::model::{Action, Approval, Decision, Effect, Escalation, Package, Policy, ROLLBACK, Rule};
use crate::types::Risk;
use crate::value::{Record, Value};

/// Decides a request, reading the rules in order.
pub fn decide<'p>(package: &'p Package, policy: &'p Policy, request: &Request<'_>) -> Decided<'p> {
    let facts = match facts(package, request) {
        Ok(facts) => facts,
        Err(why) => return Decided::unevaluable(why, None),
    };
    let scope = Scope { package, request, facts: &facts };
    for (index, rule) in (1..).zip(&policy.rules) {
        match scope.fits(rule) {
            Ok(true) => return combine(policy, By::Rule(index), &rule.action, request, &facts),
            Ok(false) => {}
            Err(why) => return Decided::unevaluable(Unevaluable::Rule { index, why: why.kind }, Some(facts.risk)),
        }
    }
    combine(policy, By::Default, &policy.default, request, &facts)
}

/// The policy's action, escalated, together with what the capability itself requires.
pub(super) fn combine<'p>(
    policy: &'p Policy,
    by: By,
    action: &'p Action,
    request: &Request<'_>,
    facts: &Facts<'p>,
) -> Decided<'p> {
    let escalation =
        escalation(policy, facts.risk).filter(|_| *action == Action::Allow && request.principal != ROLLBACK);
    let by_policy = match action {
        Action::Approval(approval) => Some(approval),
        Action::Allow => escalation,
        Action::Deny => None,
    };
    let decision = match action {
        Action::Deny => Decision::Deny,
        _ if by_policy.is_some() || facts.approval.is_some() => Decision::Approval,
        _ => Decision::Allow,
    };
    Decided {
        decision,
        by,
        risk: Some(facts.risk),
        escalated: escalation.is_some(),
        by_policy,
        by_capability: facts.approval.filter(|_| decision == Decision::Approval),
    }
}

fn escalation(policy: &Policy, risk: Risk) -> Option<&Approval> {
    match &policy.escalation {
        Escalation::AtLeast { level, approval, .. } if risk >= *level => Some(approval),
        _ => None,
    }
}

impl Decided<'_> {
    pub(super) fn unevaluable<'p>(why: Unevaluable, risk: Option<Risk>) -> Decided<'p> {
        Decided {
            decision: Decision::Deny,
            by: By::Unevaluable(Box::new(why)),
            risk,
            escalated: false,
            by_policy: None,
            by_capability: None,
        }
    }
}

/// The scope of a policy's conditions, for one request.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The package.
    pub package: &'a Package,
    /// The request.
    pub request: &'a Request<'a>,
    /// What the capability declares of it.
    pub facts: &'a Facts<'a>,
}

impl Scope<'_> {
    /// Whether a rule's subjects, targets and condition fit.
    pub(crate) fn fits(&self, rule: &Rule) -> Result<bool, crate::eval::EvalError> {
        if !self.is_target(rule) || !self.is_subject(rule) {
            return Ok(false);
        }
        match &rule.condition {
            Some(condition) => Ok(eval(condition, self)? == Value::Bool(true)),
            None => Ok(true),
        }
    }

    pub(super) fn is_subject(&self, rule: &Rule) -> bool {
        let principal = self.request.principal;
        rule.subjects.iter().any(|pattern| pattern.matches(principal, |role| self.has_role(principal, role)))
    }

    pub(super) fn is_target(&self, rule: &Rule) -> bool {
        rule.targets.iter().any(|pattern| pattern.matches(self.request.capability))
    }
}

impl Env for Scope<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let text = |text: Option<&str>| text.map_or(Value::Absent, Value::string);
        Some(match name {
            "input" => Value::Record(self.request.input.clone()),
            "context" => Value::Record(self.request.context.clone()),
            "principal" => Value::Record(Record::new([
                ("id".into(), Value::string(self.request.principal)),
                ("tenant".into(), text(self.request.principal_tenant)),
            ])),
            "resource" => Value::record([("tenant", text(self.request.resource_tenant))]),
            "risk" => Value::Risk(self.facts.risk),
            "kind" => Value::string(self.facts.capability.kind.as_str()),
            "reversible" => Value::Bool(!self.facts.effect.is_irreversible()),
            "scope" => match self.facts.effect {
                Effect::None => Value::Absent,
                Effect::Some { scope, .. } => Value::string(scope.as_str()),
            },
            "tags" => Value::list(self.facts.capability.tags.iter().map(|tag| Value::string(tag))),
            "workflow" => text(self.request.workflow),
            _ => return None,
        })
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        has_role(self.package, self.request, principal, role)
    }
}
