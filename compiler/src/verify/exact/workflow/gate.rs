//! One call before it is made.

use super::Walk;
use super::state::{NotCalled, Ready, Scope, Spent, State};
use gov_plan::decide::{By, Request, decide};
use gov_plan::eval::{Env, EvalError, eval};
use gov_plan::expr::Expr;
use gov_plan::model::{Call, Capability, Decision, Retry, Table};
use gov_plan::types::{Fields, Risk};
use gov_plan::value::{Misfit, Problem, Record, Value, admit_fields};
use std::sync::Arc;

/// What the gate says to a call.
pub(super) enum Gate<'m> {
    /// It is not made.
    Closed(NotCalled),
    /// It may be made.
    Open(Opening<'m>),
}

/// A call that may be made.
pub(super) struct Opening<'m> {
    pub capability: &'m Capability,
    pub input: Record,
    pub risk: Risk,
    /// Whether a human has to approve it first.
    pub needs_approval: bool,
    /// How long the approval may take, in milliseconds; zero where nothing bounds it.
    pub approval_time: i64,
}

impl<'m> Walk<'m> {
    /// Puts a call to the gate.
    pub(super) fn gate(&self, state: &State<'m>, scope: &Scope<'m>, principal: &str, call: &'m Call) -> Gate<'m> {
        let Some(capability) = self.package.capability(&call.capability) else {
            return Gate::Closed(NotCalled::Refused(None));
        };
        let input = match self.arguments(state, scope, &call.arguments, &capability.input) {
            Ok(input) => input,
            Err(why) => return Gate::Closed(why),
        };
        let tenant = scope.workflow.tenant.as_ref().map(|tenant| self.evaluate(state, scope, tenant));
        let tenant = match tenant.transpose() {
            Ok(tenant) => tenant,
            Err(_) => return Gate::Closed(NotCalled::Refused(None)),
        };
        let decided = self.decision(scope, tenant.as_ref(), principal, capability, &input);
        let Some((decision, by, risk, approval_time)) = decided else { return Gate::Closed(NotCalled::Refused(None)) };
        match (decision, risk) {
            (Decision::Deny, _) | (_, None) => Gate::Closed(NotCalled::Refused(match by {
                By::Rule(index) => Some(index),
                _ => None,
            })),
            (decision, Some(risk)) => {
                let needs_approval = decision == Decision::Approval;
                Gate::Open(Opening { capability, input, risk, needs_approval, approval_time })
            }
        }
    }

    /// What the policy decides about a call; nothing where it cannot.
    pub(super) fn decided(
        &self,
        state: &State<'m>,
        ready: &Ready<'m>,
        principal: &str,
        capability: &'m Capability,
        input: &Record,
    ) -> Option<Decision> {
        let scope = &ready.scope;
        let tenant = scope.workflow.tenant.as_ref().and_then(|tenant| self.evaluate(state, scope, tenant).ok());
        self.decision(scope, tenant.as_ref(), principal, capability, input).map(|(decision, ..)| decision)
    }

    fn decision(
        &self,
        scope: &Scope<'m>,
        tenant: Option<&Value>,
        principal: &str,
        capability: &'m Capability,
        input: &Record,
    ) -> Option<(Decision, By, Option<Risk>, i64)> {
        let policy = self.package.policy(&scope.workflow.policy)?;
        let asserted = self.world.asserted.iter().filter(|(who, _)| who == principal);
        let roles: Vec<String> = asserted.map(|(_, role)| role.clone()).collect();
        let request = Request {
            principal,
            capability: &capability.id,
            input,
            context: &self.world.context,
            roles: &roles,
            workflow: Some(&scope.workflow.name),
            principal_tenant: self.world.tenant.as_deref(),
            resource_tenant: tenant.and_then(Value::as_str),
        };
        let decided = decide(self.package, policy, &request);
        let time = decided.approvals().filter_map(|approval| approval.within).max().unwrap_or(0);
        Some((decided.decision, decided.by, decided.risk, time))
    }

    /// The arguments of a call in a workflow, as its callee takes them.
    pub(super) fn arguments(
        &self,
        state: &State<'m>,
        scope: &Scope<'m>,
        arguments: &[(String, Expr)],
        fields: &Fields,
    ) -> Result<Record, NotCalled> {
        self.admitted(arguments, fields, |expr| self.evaluate(state, scope, expr))
    }

    /// Arguments, evaluated and checked.
    pub(super) fn admitted(
        &self,
        arguments: &[(String, Expr)],
        fields: &Fields,
        evaluate: impl Fn(&Expr) -> Result<Value, EvalError>,
    ) -> Result<Record, NotCalled> {
        let mut values: Vec<(Arc<str>, Value)> = Vec::new();
        for (name, expr) in arguments {
            let value = evaluate(expr).map_err(|error| NotCalled::Arguments(error.to_string()))?;
            values.push((name.as_str().into(), value));
        }
        let input = Record::new(values);
        match admit_fields(fields, &input, &|principal, role| self.is_member(principal, role)) {
            Ok(()) => Ok(input),
            Err(misfit @ Misfit { problem: Problem::Refinement { .. }, .. }) => {
                Err(NotCalled::Refinement(misfit.to_string()))
            }
            Err(misfit) => Err(NotCalled::Arguments(misfit.to_string())),
        }
    }

    /// What a call takes at most.
    pub(super) fn spent(&self, opening: &Opening<'m>, retry: &Retry, timeout: i64) -> Spent {
        let clauses = Clauses { walk: self, input: &opening.input, output: None };
        let cost = row(&opening.capability.cost, |condition| eval(condition, &clauses)).copied();
        let attempts = retry.attempts.unwrap_or(1).max(1);
        let (shortest, longest) = retry.backoff.unwrap_or((0, 0));
        let mut time = opening.approval_time.saturating_add(timeout.saturating_mul(i64::from(attempts)));
        for attempt in 1..attempts {
            // The pause after an attempt doubles with each, up to the longest.
            let doubled = i128::from(shortest) << (attempt - 1).min(62);
            let pause = i64::try_from(doubled.min(i128::from(longest.max(shortest)))).unwrap_or(i64::MAX);
            time = time.saturating_add(pause);
        }
        Spent { attempts: retry.attempts, cost, time }
    }

    pub(super) fn is_member(&self, principal: &str, role: &str) -> bool {
        let members = self.package.role(role).map_or(&[][..], |role| role.members.as_slice());
        members.iter().any(|member| member.matches(principal, |_| false))
    }
}

/// The first row whose condition holds; none where no row applies, or a condition cannot be evaluated before.
pub(super) fn row<V>(table: &Table<V>, evaluate: impl Fn(&Expr) -> Result<Value, EvalError>) -> Option<&V> {
    for row in &table.rows {
        match row.when.as_ref().map(&evaluate) {
            None => return Some(&row.value),
            Some(Ok(value)) if value.as_bool() == Some(true) => return Some(&row.value),
            Some(Ok(_)) => {}
            Some(Err(_)) => return None,
        }
    }
    None
}

/// What a capability's clauses are evaluated in.
pub(super) struct Clauses<'w, 'm> {
    pub walk: &'w Walk<'m>,
    pub input: &'w Record,
    pub output: Option<&'w Record>,
}

impl Env for Clauses<'_, '_> {
    fn get(&self, name: &str) -> Option<Value> {
        match (name, self.output) {
            ("output", Some(output)) => Some(Value::Record(output.clone())),
            _ => Some(self.input.get(name).cloned().unwrap_or(Value::Absent)),
        }
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        self.walk.is_member(principal, role)
    }
}
