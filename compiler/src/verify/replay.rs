//! Witnesses, tried on the concrete evaluator: what does not come out as it was said to is not shown.

use super::question::{Question, Unevaluable};
use gov_plan::decide::{RequestBody, Scope, facts};
use gov_plan::eval::{Env, EvalError, eval};
use gov_plan::model::{Escalation, Package, Policy, ROLLBACK, Rule};
use gov_plan::pattern::{CapabilityPattern, PrincipalPattern};
use gov_plan::value::Value;

/// Whether a request is one that the question is about.
pub(crate) fn is_one(package: &Package, policy: &Policy, question: &Question<'_>, request: &RequestBody) -> bool {
    check(package, policy, question, request).is_some_and(|one| one)
}

fn check(package: &Package, policy: &Policy, question: &Question<'_>, body: &RequestBody) -> Option<bool> {
    let request = body.request();
    let facts = match facts(package, &request) {
        Ok(facts) => facts,
        Err(why) => {
            use gov_plan::decide::Unevaluable as Why;
            let by_tables = matches!(why, Why::Table { .. } | Why::NoRow { .. });
            let plain = question.fits.is_empty() && question.misses.is_none();
            let concerns = question.claim.is_none_or(|claim| {
                let env = Bare { package, body };
                claim.condition.is_none()
                    && matches(&env, claim.subjects, claim.targets, body)
            });
            return Some(by_tables && question.unevaluable == Some(Unevaluable::Tables) && plain && concerns);
        }
    };
    let scope = Scope { package, request: &request, facts: &facts };
    let rule = |index: usize| policy.rules.get(index).map(|rule| Fit::of(rule, &scope, body));
    let fits = question.fits.iter().all(|index| matches!(rule(*index), Some(Fit::Yes)));
    let misses = question.misses.is_none_or(|index| matches!(rule(index), Some(Fit::Missed | Fit::Unevaluable)));
    let unevaluable = match question.unevaluable {
        None => true,
        Some(Unevaluable::Tables) => false,
        Some(Unevaluable::Rule(index)) => matches!(rule(index), Some(Fit::Unevaluable)),
    };
    let passed = (0..policy.rules.len())
        .filter(|index| question.passed.has(*index))
        .all(|index| matches!(rule(index), Some(Fit::Missed | Fit::No)));
    let claimed = question.claim.is_none_or(|claim| {
        matches(&scope, claim.subjects, claim.targets, body)
            && claim.condition.is_none_or(|condition| eval(condition, &scope) == Ok(Value::Bool(true)))
    });
    let principal = question.principal.is_none_or(|principal| principal == body.principal);
    let escalates = match &policy.escalation {
        Escalation::AtLeast { level, .. } => facts.risk >= *level && body.principal != ROLLBACK,
        Escalation::Never { .. } => false,
    };
    let escalated = question.escalated.is_none_or(|escalated| escalated == escalates);
    let required = question.required.is_none_or(|required| required == facts.approval.is_some());
    Some(fits && misses && unevaluable && passed && claimed && principal && escalated && required)
}

/// The rules before a place that fit a request or cannot be evaluated for it, in order.
pub(crate) fn touching(package: &Package, policy: &Policy, body: &RequestBody, before: usize) -> Vec<usize> {
    let request = body.request();
    let Ok(facts) = facts(package, &request) else { return Vec::new() };
    let scope = Scope { package, request: &request, facts: &facts };
    let touches = |index: &usize| {
        let fit = policy.rules.get(*index).map(|rule| Fit::of(rule, &scope, body));
        matches!(fit, Some(Fit::Yes | Fit::Unevaluable))
    };
    (0..before).filter(touches).collect()
}

/// How a rule meets a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Its subjects or targets do not match.
    No,
    /// Its condition does not hold.
    Missed,
    /// Its condition cannot be evaluated.
    Unevaluable,
    /// It fits.
    Yes,
}

impl Fit {
    /// How a rule meets a request.
    pub fn of(rule: &Rule, scope: &Scope<'_>, body: &RequestBody) -> Fit {
        if !matches(scope, &rule.subjects, &rule.targets, body) {
            return Fit::No;
        }
        match rule.condition.as_ref().map(|condition| eval(condition, scope)) {
            None | Some(Ok(Value::Bool(true))) => Fit::Yes,
            Some(Ok(_)) => Fit::Missed,
            Some(Err(EvalError { .. })) => Fit::Unevaluable,
        }
    }
}

fn matches(env: &dyn Env, subjects: &[PrincipalPattern], targets: &[CapabilityPattern], body: &RequestBody) -> bool {
    let principal = body.principal.as_str();
    subjects.iter().any(|pattern| pattern.matches(principal, |role| env.has_role(principal, role)))
        && targets.iter().any(|pattern| pattern.matches(&body.capability))
}

/// What is known of a request whose facts are not.
struct Bare<'a> {
    package: &'a Package,
    body: &'a RequestBody,
}

impl Env for Bare<'_> {
    fn get(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        let asserted = principal == self.body.principal && self.body.roles.iter().any(|own| own == role);
        asserted || self.package.has_member(role, principal)
    }
}
