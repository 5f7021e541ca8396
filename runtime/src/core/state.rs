//! What is known of a run: a fold over its events.

use super::command::{GateEnd, Ruling};
use super::event::{EventKind, Finding, Start};
use super::failure::Failure;
use super::ids::{CallId, GateId, Place, Timer};
use super::status::Status;
use gov_plan::Decimal;
use gov_plan::model::{Cost, Retry};
use gov_plan::pattern::PrincipalPattern;
use gov_plan::types::Currency;
use gov_plan::value::{Record, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state of a run. It begins empty, and only [`step`](super::step) changes it.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Where the run stands.
    pub status: Status,
    /// What the run is; nothing before it has started.
    pub start: Option<Arc<Start>>,
    /// When it started, in milliseconds since 1970.
    pub started_at: i64,
    /// The time of the last event, in milliseconds since 1970.
    pub now: i64,
    /// The context, as the package declares it.
    pub context: Record,
    /// The workflows: the run itself at the root, and the nested ones.
    pub instances: BTreeMap<Place, Instance>,
    /// The statements that take time: steps, approvals and waits.
    pub statements: BTreeMap<Place, Statement>,
    /// How many rounds of a loop are over: they are not looked at again.
    pub rounds: BTreeMap<Place, usize>,
    /// The questions to humans.
    pub gates: BTreeMap<GateId, Gate>,
    /// The timers that are armed.
    pub timers: BTreeSet<Timer>,
    /// How many steps have completed: the next one's place in the order of completion.
    pub completions: u64,
    /// Who wants the run to end, and why.
    pub cancel: Option<(String, String)>,
}

impl Default for State {
    fn default() -> State {
        State {
            status: Status::Pending,
            start: None,
            started_at: 0,
            now: 0,
            context: Record::empty(),
            instances: BTreeMap::new(),
            statements: BTreeMap::new(),
            rounds: BTreeMap::new(),
            gates: BTreeMap::new(),
            timers: BTreeSet::new(),
            completions: 0,
            cancel: None,
        }
    }
}

/// A workflow that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its name.
    pub workflow: String,
    /// The workflow around it.
    pub parent: Option<Place>,
    /// How many workflows are around it.
    pub depth: u32,
    /// What stands before the names of its steps: `outer/`.
    pub prefix: String,
    /// Its arguments.
    pub arguments: Record,
    /// The tenant it works for.
    pub tenant: Option<String>,
    /// When its time is spent, in milliseconds since 1970.
    pub deadline: Option<i64>,
    /// What its calls have cost, and what is held back for those in flight.
    pub spent: Spent,
    /// How far it is.
    pub phase: Phase,
}

/// How far a workflow is.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// It does what it says.
    Forward,
    /// It failed: what is in flight is awaited, then what was done is undone.
    Failing(Failure),
    /// It ended with its result.
    Returned(Value),
    /// It failed, and what could be undone is.
    Failed(Failure),
}

/// What calls have cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spent {
    /// Calls, every attempt counted.
    pub calls: u32,
    /// Money that is spent.
    pub money: BTreeMap<Currency, Decimal>,
    /// Money that is held back for calls in flight.
    pub reserved: BTreeMap<Currency, Decimal>,
}

/// A statement that takes time.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The workflow in which it stands.
    pub instance: Place,
    /// Its name, with the rounds and workflows around it.
    pub label: String,
    /// What it does.
    pub work: Work,
    /// How it ended; nothing while it has not.
    pub end: Option<End>,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Calls a capability or another workflow.
    Step(Box<Step>),
    /// Asks humans.
    Approval(GateId),
    /// Waits.
    Wait,
}

/// How a statement ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It happened, and gave this.
    Done(Value),
    /// It did not.
    Failed(Failure),
    /// It was given up, because the workflow failed.
    Abandoned,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Whether it runs a workflow: the one at [`Place::nested`].
    pub nested: bool,
    /// Which of its alternatives is tried: its target, then its fallbacks.
    pub alternative: usize,
    /// Attempts of all alternatives so far.
    pub attempts: u32,
    /// The call that is made, or was made last.
    pub call: Option<Call>,
    /// What was answered and is not yet taken up.
    pub answer: Option<Answer>,
    /// Its place in the order of completion, from when it happened.
    pub completed: Option<u64>,
    /// How it is undone.
    pub undo: Undo,
    /// How far the undo is.
    pub undoing: Undoing,
    /// The attempts to undo it.
    pub undo_attempts: u32,
    /// The call that undoes it.
    pub undo_call: Option<Call>,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It happened.
    Ok(Record),
    /// It happened, and what it gave cannot be used.
    Misfit(Failure),
    /// It did not happen.
    Err(Failure),
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    /// There is nothing to undo.
    Nothing,
    /// By this call.
    Automatic {
        /// The capability.
        capability: String,
        /// Its arguments, as they were when the step completed.
        arguments: Record,
    },
    /// By a human, and how.
    Manual(String),
    /// Not at all, and why.
    Never(String),
}

/// How far an undo is.
#[derive(Debug, Clone, PartialEq)]
pub enum Undoing {
    /// Nobody has asked for it.
    Idle,
    /// Its call is being made.
    Active,
    /// A human has to do it, and why.
    NeedsHuman(String),
    /// It is done.
    Undone,
    /// The effect stays.
    Kept,
}

impl Undoing {
    /// Whether nothing more will be done about it.
    pub fn is_settled(&self) -> bool {
        matches!(self, Undoing::Undone | Undoing::Kept)
    }
}

/// A call of a capability.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The capability.
    pub capability: String,
    /// Who calls.
    pub principal: String,
    /// Its arguments.
    pub input: Record,
    /// The same for every attempt.
    pub key: String,
    /// How often it is tried.
    pub retry: Retry,
    /// How long an attempt may take, in milliseconds.
    pub timeout: i64,
    /// What an attempt costs.
    pub cost: Option<Cost>,
    /// How it was decided.
    pub ruling: Ruling,
    /// Who approved it.
    pub approved_by: Vec<String>,
    /// The attempts of the step before this call.
    pub attempts_before: u32,
    /// Whether doing it again is harmless: it has no effect, or is idempotent.
    pub repeatable: bool,
    /// Whether it leaves nothing behind.
    pub effectless: bool,
    /// Whether an undo of it is automatic, as far as its arguments tell.
    pub undoable: bool,
    /// Whether an attempt may have happened without our knowing.
    pub uncertain: bool,
    /// Whether the current attempt was made before, and cut off by the end of the process.
    pub cut_off: bool,
    /// Whether it was not made, because the deployment has calls to the outside stubbed.
    pub stubbed: bool,
    /// How far it is.
    pub stage: Stage,
}

impl Call {
    /// Whether an attempt is in flight, or asked about.
    fn is_in_flight(&self) -> bool {
        matches!(self.stage, Stage::Flying | Stage::Probing)
    }
}

/// How far a call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It waits for humans: these gates are still open.
    Approving(Vec<GateId>),
    /// An attempt is in flight.
    Flying,
    /// It pauses before the next attempt.
    Pausing,
    /// The handler is asked whether it happened.
    Probing,
    /// Nobody can tell whether it happened; a human has to.
    InDoubt,
    /// It was answered.
    Over,
}

/// A question to humans.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The statement that asks.
    pub place: Place,
    /// The call that is asked for; none for an `approval` of its own.
    pub call: Option<CallId>,
    /// Who asks.
    pub requester: String,
    /// Who may answer.
    pub approvers: Vec<PrincipalPattern>,
    /// How many different ones have to say yes.
    pub quorum: u32,
    /// What an answer is bound to.
    pub digest: String,
    /// Until when, in milliseconds since 1970.
    pub expiry: Option<i64>,
    /// Who has said yes, in order.
    pub approved_by: Vec<String>,
    /// How it ended.
    pub end: Option<GateEnd>,
}

impl State {
    /// The step at a place.
    pub fn step(&self, place: &Place) -> Option<&Step> {
        match &self.statements.get(place)?.work {
            Work::Step(step) => Some(step),
            _ => None,
        }
    }

    /// A call.
    pub fn call(&self, id: &CallId) -> Option<&Call> {
        let step = self.step(&id.place)?;
        if id.undo { step.undo_call.as_ref() } else { step.call.as_ref() }
    }

    /// The calls that a host has begun, as far as is known: an attempt is in flight, or asked about.
    ///
    /// A host that starts again says of each that it was [interrupted](super::EventKind::Interrupted).
    pub fn in_flight(&self) -> Vec<(CallId, u32)> {
        let mut calls = Vec::new();
        for (place, statement) in &self.statements {
            let Work::Step(step) = &statement.work else { continue };
            let flies = |call: &Option<Call>| call.as_ref().is_some_and(Call::is_in_flight);
            if flies(&step.call) {
                calls.push((CallId::forward(place), step.attempts));
            }
            if flies(&step.undo_call) {
                calls.push((CallId::undo(place), step.undo_attempts));
            }
        }
        calls
    }

    /// Whether there is a call [in flight](State::in_flight).
    pub fn has_in_flight(&self) -> bool {
        self.statements.values().any(|statement| match &statement.work {
            Work::Step(step) => step.call.iter().chain(&step.undo_call).any(Call::is_in_flight),
            Work::Approval(_) | Work::Wait => false,
        })
    }

    /// Whether an event changes anything; a decision does where [`may_decide`](super::may_decide) says so.
    pub fn takes(&self, event: &EventKind) -> bool {
        let current = |id: &CallId, attempt: u32, stages: &[Stage]| {
            let step = self.step(&id.place);
            let at = step.map(|step| if id.undo { step.undo_attempts } else { step.attempts });
            at == Some(attempt) && self.call(id).is_some_and(|call| stages.contains(&call.stage))
        };
        let open = !self.status.is_final();
        match event {
            EventKind::Started(_) => self.start.is_none(),
            EventKind::Outcome { step, attempt, probed, .. } => {
                open && current(step, *attempt, &[if *probed { Stage::Probing } else { Stage::Flying }])
            }
            EventKind::Interrupted { step, attempt } => {
                open && current(step, *attempt, &[Stage::Flying, Stage::Probing])
            }
            EventKind::Refused { step, attempt, .. } => open && current(step, *attempt, &[Stage::Flying]),
            EventKind::TimerFired { timer } => open && self.timers.contains(timer),
            EventKind::Decided(decided) => open && self.gates.get(&decided.gate).is_some_and(|gate| gate.end.is_none()),
            EventKind::Resolved(resolved) => {
                let doubt = |id: CallId| self.call(&id).is_some_and(|call| call.stage == Stage::InDoubt);
                let undoing = self.step(&resolved.place).map(|step| &step.undoing);
                let helps = match resolved.finding {
                    Finding::Undone => matches!(undoing, Some(Undoing::NeedsHuman(_) | Undoing::Kept)),
                    Finding::Retry => matches!(undoing, Some(Undoing::NeedsHuman(_))),
                    Finding::Happened { .. } | Finding::DidNotHappen => false,
                };
                let told = matches!(resolved.finding, Finding::Happened { .. } | Finding::DidNotHappen);
                let forward = told && doubt(CallId::forward(&resolved.place));
                open && (helps || forward || doubt(CallId::undo(&resolved.place)))
            }
            EventKind::Cancelled { .. } => open && self.start.is_some() && self.cancel.is_none(),
        }
    }

    /// Whether something happens to the run by itself: a call is in flight, or a timer will fire.
    pub fn is_under_way(&self) -> bool {
        !self.status.is_final() && (self.has_in_flight() || !self.timers.is_empty())
    }

    /// The run's id; empty before it has started.
    pub fn run(&self) -> &str {
        self.start.as_ref().map_or("", |start| &start.run)
    }

    /// The result of the run, once it has completed.
    pub fn output(&self) -> Option<&Value> {
        match &self.instances.get(&Place::root())?.phase {
            Phase::Returned(value) => Some(value),
            _ => None,
        }
    }

    /// Why the run failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.instances.get(&Place::root())?.phase {
            Phase::Failing(failure) | Phase::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// What the run has spent.
    pub fn spent(&self) -> Option<&Spent> {
        Some(&self.instances.get(&Place::root())?.spent)
    }
}
