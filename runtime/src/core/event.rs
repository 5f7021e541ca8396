//! What happens to a run.

use super::ids::{CallId, GateId, Place, Timer};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When the host saw it, in milliseconds since 1970. The machine has no other clock.
    pub at: i64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The run was accepted. The first event of every run, and of no other.
    Started(Box<Start>),
    /// A call, or the question whether it happened, was answered.
    Outcome {
        /// The call.
        step: CallId,
        /// Which attempt.
        attempt: u32,
        /// Whether it answers the question whether the call happened, and not the call itself.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        probed: bool,
        /// What came of it.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// The gate refused a call at the last moment: the handler was not called.
    Refused {
        /// The call.
        step: CallId,
        /// Which attempt.
        attempt: u32,
        /// Why.
        refusal: Refusal,
        /// In words.
        message: String,
    },
    /// The process that made the call, or asked about it, ended before the answer was durable.
    Interrupted {
        /// The call.
        step: CallId,
        /// Which attempt.
        attempt: u32,
    },
    /// A timer that was armed is due.
    TimerFired {
        /// The timer.
        timer: Timer,
    },
    /// A human decided at a gate.
    Decided(Box<Decided>),
    /// A human says what became of a call whose outcome is not known, or of an undo that needed one.
    Resolved(Box<Resolved>),
    /// Someone wants the run to end.
    Cancelled {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

/// What a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Its id, unique for ever.
    pub run: String,
    /// The trace that it belongs to.
    pub trace: String,
    /// The digest of the plan.
    pub plan: String,
    /// The workflow.
    pub workflow: String,
    /// Its arguments.
    pub input: Json,
    /// What the request supplies beside them.
    pub context: Json,
    /// The roles that the request asserts for the workflow's principal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The tenant that the principal belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who asked for the run, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// What the pauses between attempts are spread by.
    pub seed: u64,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It happened, and gave this.
    Ok {
        /// What the capability's output declares, and nothing else.
        output: Json,
    },
    /// It was not made: the deployment has calls to the outside stubbed, and this stands for an answer.
    Stubbed {
        /// What the capability's output declares, and nothing else.
        output: Json,
    },
    /// It did not happen.
    Err {
        /// Whether trying again may help.
        transient: bool,
        /// In words.
        message: String,
        /// How long the other side asks to be left alone, in milliseconds. It is, as far as the retry contract lets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<i64>,
    },
    /// It happened, but what it gave is not what the capability declares.
    Misfit {
        /// In words.
        message: String,
    },
    /// Nobody can tell whether it happened.
    Unknown {
        /// In words.
        message: String,
    },
}

/// Why the gate refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Calls of the capability have failed so often that it is left alone for a while. Trying again later may help.
    CircuitOpen,
    /// The capability is switched off, or has no handler in this deployment.
    Unavailable,
    /// The deployment forbids calls to the outside.
    ExternalForbidden,
    /// What the gate found contradicts what was decided or proved: a fault of the runtime or of the compiler.
    Contradiction,
}

/// A decision at a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// The gate.
    pub gate: GateId,
    /// Who decided.
    pub by: String,
    /// The roles that are asserted for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// What.
    pub verdict: Verdict,
    /// What they said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// The digest of what they were shown: a decision counts for nothing else.
    pub digest: String,
}

/// A human's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

/// What a human found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// The statement of the workflow.
    pub place: Place,
    /// Who.
    pub by: String,
    /// What they found.
    #[serde(flatten)]
    pub finding: Finding,
    /// What they said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// What became of something that needed a human.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The call happened, and gave this.
    Happened {
        /// Its output.
        output: Json,
    },
    /// The call did not happen.
    DidNotHappen,
    /// The effect is undone, or is meant to stay: the rollback goes on.
    Undone,
    /// The undo is to be tried again.
    Retry,
}
