//! The shape of a plan as it is written: one struct for each kind of entry, expressions as text.
//!
//! Unknown keys are refused everywhere: a plan says nothing that is not read.

#![allow(missing_docs, reason = "the entries are named as in the language")]

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::settled::Settled;

/// The format's version.
pub const FORMAT: u32 = 3;

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of this format: [`FORMAT`].
    pub gov: u32,
    /// The package that it was compiled from.
    pub package: String,
    /// Named types that `as` refers to, as source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, String>,
    /// What every request supplies beside its input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<Field>,
    /// Roles, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// Capabilities, by id.
    pub capabilities: Vec<Capability>,
    /// Policies, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Policy>,
    /// Workflows, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<Workflow>,
    /// What was claimed and proved, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// Findings that were accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    /// The certificate: every obligation and how it was settled, by what it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate: Vec<Settled>,
}

impl Document {
    /// Whether another document says the same of everything but what was proved.
    pub(super) fn is_but_for_its_certificate(&self, other: &Document) -> bool {
        let Document {
            gov,
            package,
            types,
            context,
            roles,
            capabilities,
            policies,
            workflows,
            claims,
            accepted,
            certificate: _,
        } = self;
        *gov == other.gov
            && *package == other.package
            && *types == other.types
            && *context == other.context
            && *roles == other.roles
            && *capabilities == other.capabilities
            && *policies == other.policies
            && *workflows == other.workflows
            && *claims == other.claims
            && *accepted == other.accepted
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub name: String,
    /// Its type with its refinement, as source.
    #[serde(rename = "type")]
    pub ty: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// A row of a table: a value, and when it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Row<V> {
    #[serde(flatten)]
    pub value: V,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Capability {
    pub id: String,
    pub kind: String,
    pub package: String,
    pub version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<Field>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<Field>,
    pub effect: Vec<Row<Effect>>,
    pub risk: Vec<Row<Level>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approval: Vec<Row<OwnApproval>>,
    pub compensate: Vec<Row<Compensation>>,
    pub retry: Retry,
    pub timeout: String,
    /// `no`, `by input`, or the key as source after `by `.
    pub idempotent: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost: Vec<Row<Cost>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<Handler>,
}

/// `effect: none`, or what it does to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Effect {
    /// `none`, `reversible SCOPE` or `irreversible SCOPE`.
    pub effect: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// A level of risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Level {
    pub level: String,
}

/// Whether the capability itself asks for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OwnApproval {
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// How it is undone: exactly one of the four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Compensation {
    /// The call, as source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manually: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_needed: Option<bool>,
}

/// How often a call is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// `until success`, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub on_transient: bool,
}

/// An amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cost {
    pub amount: String,
}

/// How the runtime calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// `builtin`, `http`, `mcp` or `exec`.
    pub kind: String,
    /// Its settings, as source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// Who approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub from: Vec<String>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub quorum: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    pub default: Action,
    pub escalate: Escalation,
    pub rules: Vec<Rule>,
}

/// What is decided: `allow`, `deny`, or `approval` and who gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Action {
    pub decision: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// Which allows become approvals: `never` with its reason, or from `risk` on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Whether it is the language's default, and not the author's word.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_default: bool,
}

/// A rule. Its place in the list is its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    pub decision: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    pub subjects: Vec<String>,
    pub targets: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<String>,
    pub principal: String,
    pub policy: String,
    #[serde(default, skip_serializing_if = "Budget::is_empty")]
    pub budget: Budget,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    pub body: Vec<Node>,
    /// What undoes each step, for reviewers: it follows from the steps and the capabilities, and is checked against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Undo>,
}

/// What a workflow may spend.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Budget {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl Budget {
    fn is_empty(&self) -> bool {
        *self == Budget::default()
    }
}

/// What undoes a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Undo {
    pub step: String,
    pub capability: String,
    pub by: Vec<Row<Compensation>>,
}

/// A statement: exactly one of its keys says what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Node {
    Step(Step),
    Check {
        condition: String,
        otherwise: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    Fail {
        message: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    Let {
        name: String,
        value: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    If {
        arms: Vec<Arm>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        otherwise: Vec<Node>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    Parallel {
        branches: Vec<Node>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    For {
        name: String,
        list: String,
        up_to: u32,
        #[serde(default, skip_serializing_if = "is_false")]
        parallel: bool,
        body: Vec<Node>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    Approval {
        name: String,
        approval: Approval,
        question: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    Wait {
        duration: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
    Return {
        value: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        docs: String,
    },
}

/// A branch of an `if`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Arm {
    pub when: String,
    pub then: Vec<Node>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    pub principal: String,
    /// The call, as source. This or `run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensate: Option<Vec<Row<Compensation>>>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub on_failure_continue: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

/// A nested workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub workflow: String,
    /// The arguments, as a record in source.
    pub arguments: String,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The policy or the workflow.
    pub about: String,
    /// What is claimed, in the words of the language.
    pub claim: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// An accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    pub code: String,
    /// What it was found on: `capability a.b`, `rule support_desk big_refunds`, `statement refund_order 2`, …
    pub on: String,
    pub reason: String,
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_one(value: &u32) -> bool {
    *value == 1
}
