//! What a run wants done.

use super::event::Verdict;
use super::ids::{CallId, GateId, Place, Timer};
use super::status::Status;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Something that the host has to do, or to write down. In the order in which they are given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Make this call, once it is durable that it will be made.
    RunEffect(Box<Effect>),
    /// Find out whether this call happened.
    Probe(Box<Effect>),
    /// Fire this timer at that time.
    Arm {
        /// The timer.
        #[serde(flatten)]
        timer: Timer,
        /// When it is due, in milliseconds since 1970.
        at: i64,
    },
    /// The timer is not wanted any more.
    Disarm {
        /// The timer.
        #[serde(flatten)]
        timer: Timer,
    },
    /// Ask humans.
    AwaitDecision(Box<Question>),
    /// The question is settled; later answers are told that they lost.
    CloseGate {
        /// The gate.
        gate: GateId,
        /// How it ended.
        end: GateEnd,
    },
    /// Hold this back from the budgets of the run.
    Reserve(Spending),
    /// The call is over: this much of what was held back is spent.
    Settle(Spending),
    /// What became of a statement: for whoever watches, and for the audit.
    Mark(Box<Mark>),
    /// The run is in this state now.
    Enter {
        /// The state.
        status: Status,
    },
    /// The run has ended.
    Finish(Box<Finish>),
}

/// A call, with all that the gate needs to make it, and the audit to tell of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Which.
    pub step: CallId,
    /// The step's name in the source, with the rounds and workflows around it: `charge`, `each[2]`, `outer/charge`.
    pub label: String,
    /// The attempt, from 1, over all alternatives of the step.
    pub attempt: u32,
    /// The same for every attempt of one call, and for no other call: two calls with one key are one.
    pub key: String,
    /// The capability.
    pub capability: String,
    /// Its version.
    pub version: String,
    /// Who calls.
    pub principal: String,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The workflow that calls.
    pub workflow: String,
    /// Its arguments.
    pub input: Json,
    /// How long the attempt may take, in milliseconds.
    pub timeout: i64,
    /// How the call was decided.
    pub ruling: Ruling,
    /// Who approved it, where somebody had to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
}

/// How the policy decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// `allow`, `deny` or `approval`.
    pub decision: String,
    /// The policy.
    pub policy: String,
    /// The rule, where it has a name.
    pub rule: Option<String>,
    /// The rule's place, from 1; none where the default decided.
    pub index: Option<u32>,
    /// The risk of the call, where it could be told.
    pub risk: Option<String>,
    /// Whether the risk made an approval of an allow.
    pub escalated: bool,
    /// Who may approve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Why, in words.
    pub reason: String,
}

/// What humans are asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The gate.
    pub gate: GateId,
    /// The step's name, as in [`Effect::label`].
    pub label: String,
    /// In words.
    pub question: String,
    /// Who asks: they cannot answer.
    pub requester: String,
    /// The call that is asked for, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// The very arguments that are approved.
    pub input: Json,
    /// The digest of run, plan, gate, capability and arguments: what an answer is bound to.
    pub digest: String,
    /// Who may answer.
    pub approvers: Vec<String>,
    /// How many different ones have to say yes.
    pub quorum: u32,
    /// Until when, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<i64>,
    /// How the call was decided, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
}

/// How a gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateEnd {
    /// As many as have to said yes.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Nobody said anything in time.
    Expired,
    /// The run does not need the answer any more.
    Withdrawn,
}

impl From<Verdict> for GateEnd {
    fn from(verdict: Verdict) -> GateEnd {
        match verdict {
            Verdict::Approved => GateEnd::Approved,
            Verdict::Rejected => GateEnd::Rejected,
        }
    }
}

/// What a call costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// The call.
    pub step: CallId,
    /// Which attempt.
    pub attempt: u32,
    /// The amount, as `12.50 USD`; none where it costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<String>,
    /// Calls.
    pub calls: u32,
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The statement.
    pub place: Place,
    /// Its name, as in [`Effect::label`].
    pub label: String,
    /// The capability, where it is a call of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// What became of it.
    pub became: Became,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How the call was decided, where it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
}

/// What can become of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It happened.
    Done,
    /// It did not happen, and will not.
    Failed,
    /// The policy refused it.
    Refused,
    /// It is not known whether it happened: a human has to say.
    InDoubt,
    /// It was undone.
    Undone,
    /// It cannot be undone, and stays.
    Kept,
    /// It has to be undone by a human.
    NeedsHuman,
    /// It was given up before it happened, because the workflow failed or was cancelled.
    Abandoned,
}

impl Became {
    /// In words, after "is".
    pub fn as_str(self) -> &'static str {
        match self {
            Became::Done => "done",
            Became::Failed => "failed",
            Became::Refused => "refused",
            Became::InDoubt => "in doubt",
            Became::Undone => "undone",
            Became::Kept => "kept",
            Became::NeedsHuman => "left to a human",
            Became::Abandoned => "given up",
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finish {
    /// The state it ended in.
    pub status: Status,
    /// Its result, where it completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Why it did not, otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
