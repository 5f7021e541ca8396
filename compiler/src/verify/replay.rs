//! Witnesses, tried on the concrete evaluator: what does not come out as it was said to is not shown.

use super::capability::{Clause, Part};
use super::patterns::Patterns;
use super::question::{Passed, Question, Unevaluable};
use gov_plan::decide::{RequestBody, Scope, facts};
use gov_plan::eval::{Env, EvalError, eval};
use gov_plan::model::{Capability, Escalation, Package, Policy, ROLLBACK, Rule, Table};
use gov_plan::pattern::{CapabilityPattern, PrincipalPattern};
use gov_plan::value::{Record, Value, admit_fields};

/// A policy before which requests are tried: its rules, by the capabilities that they are about.
pub(crate) struct Replay<'p> {
    package: &'p Package,
    policy: &'p Policy,
    targets: Patterns<'p>,
    /// For each of the targets the rules that have it.
    rules: Vec<Vec<usize>>,
}

impl<'p> Replay<'p> {
    /// Requests to a policy.
    pub fn new(package: &'p Package, policy: &'p Policy) -> Replay<'p> {
        let targets = Patterns::of(policy.rules.iter().flat_map(|rule| &rule.targets).collect());
        let mut rules = vec![Vec::new(); targets.all.len()];
        for (index, rule) in policy.rules.iter().enumerate() {
            for target in &rule.targets {
                if let Ok(place) = targets.all.binary_search(&target)
                    && let Some(list) = rules.get_mut(place)
                {
                    list.push(index);
                }
            }
        }
        Replay { package, policy, targets, rules }
    }

    /// The rules whose targets match a capability, in order.
    fn about(&self, id: &str) -> Vec<usize> {
        let lists = self.targets.fitting(id).into_iter().filter_map(|place| self.rules.get(place));
        let mut rules: Vec<usize> = lists.flatten().copied().collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// Whether a request is one that the question is about.
    pub fn is_one(&self, question: &Question<'_>, request: &RequestBody) -> bool {
        self.check(question, request).is_some_and(|one| one)
    }

    fn check(&self, question: &Question<'_>, body: &RequestBody) -> Option<bool> {
        let (package, policy) = (self.package, self.policy);
        let request = body.request();
        let facts = match facts(package, &request) {
            Ok(facts) => facts,
            Err(why) => {
                use gov_plan::decide::Unevaluable as Why;
                let by_tables = matches!(why, Why::Table { .. } | Why::NoRow { .. });
                let plain = question.fits.is_empty() && question.misses.is_none();
                let concerns = question.claim.is_none_or(|claim| {
                    let env = Bare { package, body };
                    claim.condition.is_none() && matches(&env, claim.subjects, claim.targets, body)
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
        let is_passed = |index: usize| matches!(rule(index), Some(Fit::Missed | Fit::No));
        let passed = match question.passed {
            // Those that are about another capability are passed over by that.
            Passed::Before(..) => {
                self.about(&body.capability).into_iter().filter(|index| question.passed.has(*index)).all(is_passed)
            }
            Passed::These(rules) => rules.iter().copied().all(is_passed),
        };
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
        let row = |index: usize| facts.capability.approval.rows.get(index).and_then(|row| row.value.as_ref());
        let wants = question.wants.is_none_or(|index| match (facts.approval, row(index)) {
            (Some(approval), Some(row)) => std::ptr::eq(approval, row),
            _ => false,
        });
        Some(fits && misses && unevaluable && passed && claimed && principal && escalated && required && wants)
    }

    /// The rules before a place that fit a request or cannot be evaluated for it, in order.
    pub fn touching(&self, body: &RequestBody, before: usize) -> Vec<usize> {
        let request = body.request();
        let Ok(facts) = facts(self.package, &request) else { return Vec::new() };
        let scope = Scope { package: self.package, request: &request, facts: &facts };
        let touches = |index: &usize| {
            let fit = self.policy.rules.get(*index).map(|rule| Fit::of(rule, &scope, body));
            matches!(fit, Some(Fit::Yes | Fit::Unevaluable))
        };
        let mut rules = self.about(&body.capability);
        rules.truncate(rules.partition_point(|rule| *rule < before));
        rules.retain(touches);
        rules
    }
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
    targets.iter().any(|pattern| pattern.matches(&body.capability))
        && subjects.iter().any(|pattern| pattern.matches(principal, |role| env.has_role(principal, role)))
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

/// Whether all parts are true of a capability's tables for an input that it takes, asked for by nobody with roles.
pub(crate) fn has_parts(package: &Package, capability: &Capability, parts: &[Part], input: &Record) -> bool {
    let roles = |principal: &str, role: &str| package.has_member(role, principal);
    if admit_fields(&capability.input, input, &roles).is_err() {
        return false;
    }
    let env = Inputs { package, capability, input };
    parts.iter().all(|part| match part {
        Part::Row(clause, wanted) => applies(capability, *clause, &env) == Ok(Some(*wanted)),
        Part::NoRow(clause) => applies(capability, *clause, &env) == Ok(None),
        Part::Unevaluable(clause) => applies(capability, *clause, &env).is_err(),
    })
}

/// The row of a table that applies, by its place from 0.
fn applies(capability: &Capability, clause: Clause, env: &dyn Env) -> Result<Option<usize>, EvalError> {
    match clause {
        Clause::Effect => first(&capability.effect, env),
        Clause::Risk => first(&capability.risk, env),
        Clause::Approval => first(&capability.approval, env),
        Clause::Compensation => first(&capability.compensation, env),
        Clause::Cost => first(&capability.cost, env),
    }
}

fn first<V>(table: &Table<V>, env: &dyn Env) -> Result<Option<usize>, EvalError> {
    for (index, row) in table.rows.iter().enumerate() {
        let holds = match &row.when {
            Some(condition) => eval(condition, env)? == Value::Bool(true),
            None => true,
        };
        if holds {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// The scope of a capability's clauses.
struct Inputs<'a> {
    package: &'a Package,
    capability: &'a Capability,
    input: &'a Record,
}

impl Env for Inputs<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let field = self.capability.input.get(name)?;
        Some(self.input.get(&field.name).cloned().unwrap_or(Value::Absent))
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        self.package.has_member(role, principal)
    }
}
