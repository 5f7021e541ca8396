//! Why something did not happen.

use std::fmt;

/// Why a statement, or the workflow around it, failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Of which kind.
    pub kind: Kind,
    /// In words, for the person who reads what became of the run.
    pub message: String,
}

/// The kinds of failures that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What a workflow is prepared for: a failed call, a check, a refusal, a budget.
    Failed,
    /// The policy refused.
    Refused,
    /// Someone cancelled the run.
    Cancelled,
    /// A contradiction inside Gov itself.
    Fault,
}

impl Failure {
    /// A failure that a workflow is prepared for.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::Failed, message: message.into() }
    }

    /// A contradiction inside Gov itself.
    pub fn fault(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::Fault, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
