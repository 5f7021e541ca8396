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
        let (decision, by, risk) = self.decision(scope, tenant.as_ref(), principal, capability, &input);
        match (decision, risk) {
            (Decision::Deny, _) | (_, None) => Gate::Closed(NotCalled::Refused(match by {
                By::Rule(index) => Some(index),
                _ => None,
            })),
            (decision, Some(risk)) => {
                let needs_approval = decision == Decision::Approval;
                Gate::Open(Opening { capability, input, risk, needs_approval })
            }
        }
    }

    /// Whether the policy allows a call without an approval.
    pub(super) fn is_allowed(
        &self,
        state: &State<'m>,
        ready: &Ready<'m>,
        principal: &str,
        capability: &'m Capability,
        input: &Record,
    ) -> bool {
        let scope = &ready.scope;
        let tenant = scope.workflow.tenant.as_ref().and_then(|tenant| self.evaluate(state, scope, tenant).ok());
        self.decision(scope, tenant.as_ref(), principal, capability, input).0 == Decision::Allow
    }

    fn decision(
        &self,
        scope: &Scope<'m>,
        tenant: Option<&Value>,
        principal: &str,
        capability: &'m Capability,
        input: &Record,
    ) -> (Decision, By, Option<Risk>) {
        let Some(policy) = self.package.policy(&scope.workflow.policy) else {
            return (Decision::Deny, By::Default, None);
        };
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
        (decided.decision, decided.by, decided.risk)
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
    pub(super) fn spent(&self, capability: &Capability, input: &Record, retry: &Retry) -> Spent {
        let clauses = Clauses { walk: self, input, output: None };
        let cost = row(&capability.cost, |condition| eval(condition, &clauses)).copied();
        Spent { attempts: retry.attempts, cost }
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
