//! Decisions: whether a principal may call a capability.
//!
//! A decision is made of, in this order:
//!
//! 1. **The request.** It can be evaluated if the principal is well formed (see [`is_principal`]), the capability exists,
//!    every asserted role is declared, the input fits the capability's, and the context the package's.
//! 2. **The capability's facts**: the first row of `effect`, of `risk` and of `approval` whose condition holds for the input.
//!    `effect` and `risk` need one; without a row of `approval` no human is needed.
//! 3. **The policy**: the first rule whose subjects, targets and condition fit, or else the default. A condition is evaluated
//!    only where subjects and targets fit.
//! 4. **Escalation**: an allow, the default's included, becomes an approval where the risk is at or above the policy's level,
//!    unless the principal is [`ROLLBACK`](crate::model::ROLLBACK).
//! 5. **Both together**: the policy's decision and the capability's own `approval required`. Deny beats approval beats allow;
//!    where both ask for an approval, both have to be given. The capability's applies to every principal.
//!
//! Where 1, 2 or the condition of a rule that is reached cannot be evaluated, the request is denied, and the reason says so.
//!
//! What conditions see: `kind` is the capability's; `scope` is what its effect touches, and absent where the effect is none;
//! `reversible` is true where there is nothing to reverse; `tags`, `risk`; `workflow` is absent outside of one;
//! `principal.tenant` and `resource.tenant` are absent where the request does not say.

mod engine;
mod explain;
mod facts;
mod reference;
mod request;
mod variables;

pub use engine::Engine;
pub(crate) use engine::{Audit, Fitting, Hearing, Surface};
pub use explain::{Clause, Missed, Part, explain};
pub use facts::{Facts, facts};
pub use reference::{Scope, decide};
pub use request::{Request, RequestBody, is_principal};
pub use variables::{shared_input, variables};

use crate::eval::EvalErrorKind;
use crate::model::{Approval, Decision, Package, Policy};
use crate::types::Risk;
use crate::value::Misfit;
use std::fmt;

/// A decision, and what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<'p> {
    /// The decision.
    pub decision: Decision,
    /// What made it.
    pub by: By,
    /// The risk of the call, if it could be evaluated.
    pub risk: Option<Risk>,
    /// Whether the policy's allow became an approval because of the risk.
    pub escalated: bool,
    /// What the policy wants approved: by its rule, its default, or its escalation. Only where the decision is an approval.
    pub by_policy: Option<&'p Approval>,
    /// What the capability itself wants approved. Only where the decision is an approval.
    pub by_capability: Option<&'p Approval>,
}

/// What made a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The policy's rule at this place, from 1.
    Rule(u32),
    /// The policy's default.
    Default,
    /// The request could not be evaluated.
    Unevaluable(Box<Unevaluable>),
}

/// Why a request cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unevaluable {
    /// What was sent could not be read at all, and why.
    Unreadable(String),
    /// What was sent is no request.
    Request(Misfit),
    /// The principal is none.
    Principal(String),
    /// There is no such capability.
    Capability {
        /// The id.
        id: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// An asserted role is not declared.
    Role {
        /// The role.
        name: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// The input does not fit.
    Input(Misfit),
    /// The context does not fit.
    Context(Misfit),
    /// A condition of one of the capability's tables failed.
    Table {
        /// The clause: `risk`.
        clause: &'static str,
        /// Why.
        why: EvalErrorKind,
    },
    /// No row of a table applies to the input.
    NoRow {
        /// The clause: `risk`.
        clause: &'static str,
    },
    /// A rule's condition failed.
    Rule {
        /// Its place, from 1.
        index: u32,
        /// Why.
        why: EvalErrorKind,
    },
}

impl<'p> Decided<'p> {
    /// The place of the rule that decided, from 1.
    pub fn rule(&self) -> Option<u32> {
        match self.by {
            By::Rule(index) => Some(index),
            By::Default | By::Unevaluable(_) => None,
        }
    }

    /// The approvals that have to be given, all of them; none unless the decision is an approval.
    pub fn approvals(&self) -> impl Iterator<Item = &'p Approval> {
        self.by_policy.into_iter().chain(self.by_capability)
    }

    /// Why it was decided so, in words: the rule's `because` where it has one.
    pub fn reason(&self, package: &Package, policy: &Policy, capability: &str) -> String {
        if let By::Unevaluable(why) = &self.by {
            return format!("the request cannot be evaluated: {why}");
        }
        let index = self.rule();
        let rule = index.and_then(|index| policy.rules.get((index as usize).saturating_sub(1)));
        let by = match (index, rule.and_then(|rule| rule.name.as_deref())) {
            (Some(_), Some(name)) => format!("rule `{name}` of `{}`", policy.name),
            (Some(index), None) => format!("rule {index} of `{}`", policy.name),
            (None, _) => format!("no rule fits, so the default of `{}`", policy.name),
        };
        let verb = match &rule.map_or(&policy.default, |rule| &rule.action).decision() {
            Decision::Allow => "allows it",
            Decision::Deny => "denies it",
            Decision::Approval => "asks for an approval",
        };
        let mut reason = match rule.and_then(|rule| rule.because.as_deref()) {
            Some(because) => because.to_owned(),
            None => format!("{by} {verb}"),
        };
        if self.escalated
            && let Some(risk) = self.risk
        {
            reason.push_str(&format!("; a call of {risk} risk is escalated to an approval"));
        }
        if let Some(approval) = self.by_capability {
            let because = package.capability(capability).and_then(|capability| {
                let rows = capability.approval.rows.iter();
                rows.filter(|row| row.value.as_ref() == Some(approval)).find_map(|row| row.because.as_deref())
            });
            reason.push_str(&format!("; `{capability}` requires an approval of its own"));
            if let Some(because) = because {
                reason.push_str(&format!(": {because}"));
            }
        }
        reason
    }
}

impl fmt::Display for Unevaluable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did_you_mean = |f: &mut fmt::Formatter<'_>, meant: &Option<String>| match meant {
            Some(meant) => write!(f, ", did you mean `{meant}`?"),
            None => Ok(()),
        };
        match self {
            Unevaluable::Unreadable(why) => f.write_str(why),
            Unevaluable::Request(misfit) => write!(f, "the request: {misfit}"),
            Unevaluable::Principal(principal) => write!(
                f,
                "`{principal}` is no principal, which is `agent`, `user`, `service` or `system`, a colon, and a name"
            ),
            Unevaluable::Capability { id, meant } => {
                write!(f, "there is no capability `{id}`")?;
                did_you_mean(f, meant)
            }
            Unevaluable::Role { name, meant } => {
                write!(f, "there is no role `{name}`")?;
                did_you_mean(f, meant)
            }
            Unevaluable::Input(misfit) => write!(f, "the input: {misfit}"),
            Unevaluable::Context(misfit) => write!(f, "the context: {misfit}"),
            Unevaluable::Table { clause, why } => write!(f, "the capability's `{clause}`: {why}"),
            Unevaluable::NoRow { clause } => write!(f, "no row of the capability's `{clause}` applies to this input"),
            Unevaluable::Rule { index, why } => write!(f, "the condition of rule {index}: {why}"),
        }
    }
}

impl std::error::Error for Unevaluable {}

#[cfg(test)]
pub(crate) mod tests;
