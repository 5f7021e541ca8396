//! How the policy decides a call.

use super::command::Ruling;
use super::failure::Failure;
use super::ids::Place;
use super::machine::Machine;
use gov_plan::decide::{By, Decided, Request, decide};
use gov_plan::model::{Approval, Capability, Decision, Package, Policy};
use gov_plan::value::Record;

/// A call that is to be decided.
pub(super) struct Asked<'a> {
    pub(super) principal: &'a str,
    pub(super) capability: &'a Capability,
    pub(super) input: &'a Record,
    pub(super) instance: &'a Place,
}

/// A decision, and the approvals that have to be given, all of them.
pub(super) struct Verdict {
    pub(super) decision: Decision,
    pub(super) ruling: Ruling,
    pub(super) approvals: Vec<Approval>,
}

impl Machine<'_> {
    /// Decides a call by the policy of its workflow.
    pub(super) fn rule(&self, asked: &Asked<'_>) -> Result<Verdict, Failure> {
        let (Some(workflow), Some(start)) = (self.workflow_of(asked.instance), self.state.start.as_ref()) else {
            return Err(Failure::fault("a call belongs to no workflow"));
        };
        let Some(policy) = self.package.policy(&workflow.policy) else {
            return Err(Failure::fault(format!("the plan has no policy `{}`", workflow.policy)));
        };
        let instance = self.state.instances.get(asked.instance);
        let request = Request {
            principal: asked.principal,
            capability: &asked.capability.id,
            input: asked.input,
            context: &self.state.context,
            roles: self.asserted(asked.principal),
            workflow: Some(&workflow.name),
            principal_tenant: start.tenant.as_deref(),
            resource_tenant: instance.and_then(|instance| instance.tenant.as_deref()),
        };
        let decided = decide(self.package, policy, &request);
        Ok(Verdict {
            decision: decided.decision,
            ruling: Ruling::new(self.package, policy, &asked.capability.id, &decided),
            approvals: decided.approvals().cloned().collect(),
        })
    }

    /// The roles that the request asserts of a principal: those are its own, and nobody else's.
    fn asserted(&self, principal: &str) -> &[String] {
        let Some(start) = self.state.start.as_ref() else { return &[] };
        let own = self.package.workflow(&start.workflow).is_some_and(|workflow| workflow.principal == principal);
        if own { &start.roles } else { &[] }
    }
}

impl Ruling {
    /// What is written down of a decision.
    pub fn new(package: &Package, policy: &Policy, capability: &str, decided: &Decided<'_>) -> Ruling {
        let index = match decided.by {
            By::Rule(index) => Some(index),
            By::Default | By::Unevaluable(_) => None,
        };
        let rule = index.and_then(|index| policy.rules.get(usize::try_from(index).ok()?.checked_sub(1)?));
        let approvers = decided.approvals().flat_map(|approval| &approval.from);
        Ruling {
            decision: decision_name(decided.decision).to_owned(),
            policy: policy.name.clone(),
            rule: rule.and_then(|rule| rule.name.clone()),
            index,
            risk: decided.risk.map(|risk| risk.as_str().to_owned()),
            escalated: decided.escalated,
            approvers: approvers.map(ToString::to_string).collect(),
            reason: decided.reason(package, policy, capability),
        }
    }
}

/// A decision as it is written in JSON.
pub fn decision_name(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
        Decision::Approval => "approval",
    }
}
