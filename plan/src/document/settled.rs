//! The shape of the certificate: what was proved of each thing, and what shows it.

#![allow(missing_docs, reason = "the entries are named as in the language")]

use serde::{Deserialize, Serialize};

/// How the obligations of one thing were settled: each of its codes stands in exactly one of the ways.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// The thing: `capability a.b`, `policy p`, `rule p NAME`, `step w s`, `workflow w`, `prove c`.
    pub on: String,
    /// The codes that follow from what the plan says, which whoever reads it can see.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub follows: String,
    /// Requests that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Case>,
    /// The codes that hold class by class.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by_class: String,
    /// The classes: all there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// The codes that a solver settled, with what it was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub solver: Vec<Solved>,
    /// The codes that the compiler settled by walking through executions, for which nobody else can vouch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub compiler: String,
    /// The codes that do not hold, which the author accepts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub accepted: String,
    /// The codes that do not hold, and warn.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub warned: String,
    /// Of a step: what undoes it, who allows that, and what can fail after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<Undone>,
    /// Of a workflow: what its worst path takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worst: Vec<Worst>,
}

/// A request, and the codes that it shows to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub shows: String,
    pub request: String,
}

/// A class of requests or inputs, and what settles it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub class: String,
    pub is: String,
}

/// What a solver settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Solved {
    pub code: String,
    /// The SHA-256 of the SMT-LIB text of each question.
    pub questions: Vec<String>,
}

/// A row of the table of failure points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Undone {
    /// What is called.
    pub call: String,
    /// What undoes it.
    pub by: String,
    /// What of the policy decides about the undo, each with its decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
    /// What can fail after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

/// What a worst path takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Worst {
    /// The most that it takes, as the budget counts it.
    pub at_most: String,
    /// Of how much.
    pub of: String,
    /// What takes how much, in order; what is undone last.
    pub path: Vec<String>,
}
