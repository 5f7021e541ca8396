//! One event after the other.

use super::command::{Command, Finish, Mark};
use super::event::{Event, EventKind, Finding, Resolved, Start};
use super::failure::{Failure, Kind};
use super::ids::{CallId, Place, Timer};
use super::scope::Roles;
use super::state::{Answer, Instance, Phase, Spent, Stage, State, Step, Undo, Undoing, Work};
use super::status::Status;
use super::walk::Flow;
use gov_plan::model::{Package, Workflow};
use gov_plan::value::{self, Record, Value};
use std::sync::Arc;

/// Takes an event, and gives the state after it and what has to be done because of it, in order.
///
/// An event that does not belong to the state changes nothing: an answer to an attempt that is over, a timer that was
/// disarmed, a decision at a closed gate, anything after the end. So delivering an event twice is delivering it once.
pub fn step(package: &Package, state: State, event: &Event) -> (State, Vec<Command>) {
    let mut machine = Machine { package, state, commands: Vec::new(), branches: None };
    machine.take(event);
    (machine.state, machine.commands)
}

/// The same step, and the branches that it goes into on its way: for whoever wants to know what a run reaches.
pub fn step_along(package: &Package, state: State, event: &Event) -> (State, Vec<Branch>) {
    let mut machine = Machine { package, state, commands: Vec::new(), branches: Some(Vec::new()) };
    machine.take(event);
    (machine.state, machine.branches.unwrap_or_default())
}

/// A branch of an `if` that was gone into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The workflow.
    pub workflow: String,
    /// Where the workflow is, among those that are nested in each other.
    pub instance: Place,
    /// Where the branch is.
    pub place: Place,
}

/// Whether a run can start: there is such a workflow, and its input and context are as the package declares them.
///
/// The error says what is wrong, in words.
pub fn admit(package: &Package, start: &Start) -> Result<(), String> {
    read_request(package, start).map(|_| ())
}

fn read_request<'p>(package: &'p Package, start: &Start) -> Result<(&'p Workflow, Record, Record), String> {
    let workflow =
        package.workflow(&start.workflow).ok_or_else(|| format!("the plan has no workflow `{}`", start.workflow))?;
    let roles = Roles::new(package, &workflow.principal, &start.roles);
    let has = |principal: &str, role: &str| roles.has(principal, role);
    let input =
        value::read_fields(&workflow.params, &start.input, &has).map_err(|misfit| format!("input: {misfit}"))?;
    let context =
        value::read_fields(&package.context, &start.context, &has).map_err(|misfit| format!("context: {misfit}"))?;
    Ok((workflow, input, context))
}

/// A state that is being changed, and what that makes necessary.
pub(super) struct Machine<'p> {
    pub(super) package: &'p Package,
    pub(super) state: State,
    pub(super) commands: Vec<Command>,
    /// The branches that are gone into, where somebody wants to know.
    pub(super) branches: Option<Vec<Branch>>,
}

impl<'p> Machine<'p> {
    fn take(&mut self, event: &Event) {
        let starts = matches!(event.kind, EventKind::Started(_));
        if self.state.status.is_final() || starts != self.state.start.is_none() {
            return;
        }
        self.state.now = self.state.now.max(event.at);
        match &event.kind {
            EventKind::Started(start) => self.start(start),
            EventKind::Outcome { step, attempt, probed, outcome } => self.answered(step, *attempt, *probed, outcome),
            EventKind::Refused { step, attempt, refusal, message } => self.refused(step, *attempt, *refusal, message),
            EventKind::Interrupted { step, attempt } => self.interrupted(step, *attempt),
            EventKind::TimerFired { timer } => self.timer_fired(timer),
            EventKind::Decided(decided) => self.decided(decided),
            EventKind::Resolved(resolved) => self.resolved(resolved),
            EventKind::Cancelled { by, reason } => {
                self.state.cancel.get_or_insert_with(|| (by.clone(), reason.clone()));
            }
        }
        self.drive(&Place::root());
        self.honour_cancellation();
        self.update_status();
    }

    fn start(&mut self, start: &Start) {
        self.state.start = Some(Arc::new(start.clone()));
        self.state.started_at = self.state.now;
        self.enter(Status::Running);
        let (workflow, arguments, phase) = match read_request(self.package, start) {
            Ok((_, input, context)) => {
                self.state.context = context;
                (start.workflow.clone(), input, Phase::Forward)
            }
            // A host asks `admit` first; a run that was let in without it ends at once.
            Err(message) => (start.workflow.clone(), Record::empty(), Phase::Failing(Failure::new(message))),
        };
        let root = Instance {
            workflow,
            parent: None,
            depth: 0,
            prefix: String::new(),
            arguments,
            tenant: None,
            deadline: None,
            spent: Spent::default(),
            phase,
        };
        self.state.instances.insert(Place::root(), root);
        self.begin_instance(&Place::root());
    }

    /// Settles what a workflow's header says once its arguments are bound: its tenant and its deadline.
    pub(super) fn begin_instance(&mut self, place: &Place) {
        let Some(workflow) = self.workflow_of(place) else { return };
        let tenant = match &workflow.tenant {
            Some(tenant) => match self.evaluate_in_instance(place, tenant) {
                Ok(value) => Some(value.to_string()),
                Err(failure) => return self.fail(place, failure),
            },
            None => None,
        };
        let deadline = workflow.budget.time.map(|time| self.state.now.saturating_add(time));
        if let Some(instance) = self.state.instances.get_mut(place) {
            instance.tenant = tenant;
            instance.deadline = deadline;
        }
        if let Some(at) = deadline {
            self.arm(Timer::Deadline { place: place.clone() }, at);
        }
    }

    /// Takes a workflow as far as it goes with what is known.
    pub(super) fn drive(&mut self, place: &Place) {
        loop {
            let Some(instance) = self.state.instances.get(place) else { return };
            match &instance.phase {
                Phase::Forward => match self.walk(place, true) {
                    Flow::Blocked => return,
                    Flow::Done => self.returned(place, Value::Record(Record::empty())),
                    Flow::Returned(value) => self.returned(place, value),
                    Flow::Failed(failure) => self.fail(place, failure),
                },
                Phase::Failing(failure) => {
                    let failure = failure.clone();
                    // What is in flight is awaited and taken up, so that it can be undone; nothing new begins.
                    self.walk(place, false);
                    if !self.is_drained(place) || !self.roll_back(place) {
                        return;
                    }
                    self.set_phase(place, Phase::Failed(failure));
                }
                Phase::Returned(_) | Phase::Failed(_) => return,
            }
        }
    }

    fn returned(&mut self, place: &Place, value: Value) {
        let schema = self.workflow_of(place).and_then(|workflow| workflow.returns.as_ref());
        let start = self.state.start.clone();
        let asserted = start.as_ref().map_or(&[][..], |start| &start.roles);
        let roles = Roles::new(self.package, "", asserted);
        let has = |principal: &str, role: &str| roles.has(principal, role);
        match schema.map_or(Ok(()), |schema| value::admit(schema, &value, &has)) {
            Ok(()) => {
                self.disarm(Timer::Deadline { place: place.clone() });
                self.set_phase(place, Phase::Returned(value));
            }
            Err(misfit) => self.fail(place, Failure::new(format!("the result: {misfit}"))),
        }
    }

    /// Turns a workflow round: nothing of it begins any more, and what has not happened is given up.
    pub(super) fn fail(&mut self, place: &Place, failure: Failure) {
        self.disarm(Timer::Deadline { place: place.clone() });
        self.set_phase(place, Phase::Failing(failure));
        self.give_up(place);
    }

    fn set_phase(&mut self, place: &Place, phase: Phase) {
        if let Some(instance) = self.state.instances.get_mut(place) {
            instance.phase = phase;
        }
    }

    fn timer_fired(&mut self, timer: &Timer) {
        if !self.state.timers.remove(timer) {
            return;
        }
        match timer {
            Timer::Retry { step, .. } => self.launch(step),
            Timer::Gate { gate } => self.expired(gate),
            Timer::Wait { place } => self.waited(place),
            Timer::Deadline { place } => {
                let Some(workflow) = self.workflow_of(place) else { return };
                let time = gov_plan::text::duration(workflow.budget.time.unwrap_or_default());
                let message = format!("`{}` did not end within its budget of {time}", workflow.name);
                self.fail(place, Failure::new(message));
            }
        }
    }

    /// A human says what became of a call, or of an undo.
    fn resolved(&mut self, resolved: &Resolved) {
        let Some(step) = self.state.step(&resolved.place) else { return };
        let in_doubt =
            |call: &Option<super::state::Call>| call.as_ref().is_some_and(|call| call.stage == Stage::InDoubt);
        if in_doubt(&step.call) {
            self.settle_doubt(&CallId::forward(&resolved.place), &resolved.finding);
        } else if in_doubt(&step.undo_call) {
            self.settle_doubt(&CallId::undo(&resolved.place), &resolved.finding);
        } else {
            let needs_human = matches!(step.undoing, Undoing::NeedsHuman(_) | Undoing::Kept);
            match resolved.finding {
                Finding::Undone if needs_human => {
                    self.set_undoing(&resolved.place, Undoing::Undone);
                    self.mark(&resolved.place, super::Became::Undone, &resolved.comment);
                }
                Finding::Retry if matches!(step.undoing, Undoing::NeedsHuman(_)) => {
                    self.set_undoing(&resolved.place, Undoing::Idle);
                }
                _ => {}
            }
        }
    }

    fn settle_doubt(&mut self, id: &CallId, finding: &Finding) {
        let answer = match finding {
            Finding::Happened { output } => self.read_output(id, output).map_or_else(Answer::Misfit, Answer::Ok),
            Finding::DidNotHappen => Answer::Err(Failure::new("it did not happen")),
            Finding::Undone if id.undo => Answer::Ok(Record::empty()),
            Finding::Retry if id.undo => Answer::Err(Failure::new("it did not happen")),
            Finding::Undone | Finding::Retry => return,
        };
        if let Some(call) = self.call_mut(id) {
            call.uncertain = false;
        }
        self.conclude(id, answer);
        if id.undo && matches!(finding, Finding::Retry | Finding::DidNotHappen) {
            self.set_undoing(&id.place, Undoing::Idle);
        }
    }

    /// A cancellation is honoured where everything that has happened, and all that is in flight, will be undone by itself; and
    /// wherever the run waits, since the proofs count every wait among the points where it can fail. Elsewhere it waits.
    fn honour_cancellation(&mut self) {
        let Some((by, reason)) = self.state.cancel.clone() else { return };
        let root = Place::root();
        let forward = self.state.instances.get(&root).is_some_and(|root| root.phase == Phase::Forward);
        if !forward || (self.state.is_busy() && !self.state.is_undoable()) {
            return;
        }
        let message = match reason.as_str() {
            "" => format!("cancelled by {by}"),
            reason => format!("cancelled by {by}: {reason}"),
        };
        self.fail(&root, Failure { kind: Kind::Cancelled, message });
        self.drive(&root);
    }

    fn update_status(&mut self) {
        let status = self.state.derived_status();
        if status != self.state.status {
            self.enter(status);
        }
        if status.is_final() {
            let finish = Finish {
                status,
                output: self.state.output().map(Value::to_json),
                error: self.state.failure().map(|failure| failure.message.clone()),
            };
            for timer in std::mem::take(&mut self.state.timers) {
                self.commands.push(Command::Disarm { timer });
            }
            self.commands.push(Command::Finish(Box::new(finish)));
        }
    }

    /// Enters a state, by way of another one where the table has no direct way: what happened in between was over at once.
    fn enter(&mut self, status: Status) {
        if !self.state.status.may_become(status) {
            let between = [Status::Running, Status::Compensating]
                .into_iter()
                .find(|between| self.state.status.may_become(*between) && between.may_become(status));
            if let Some(between) = between {
                self.state.status = between;
                self.commands.push(Command::Enter { status: between });
            }
        }
        self.state.status = status;
        self.commands.push(Command::Enter { status });
    }

    pub(super) fn arm(&mut self, timer: Timer, at: i64) {
        self.state.timers.insert(timer.clone());
        self.commands.push(Command::Arm { timer, at });
    }

    pub(super) fn disarm(&mut self, timer: Timer) {
        if self.state.timers.remove(&timer) {
            self.commands.push(Command::Disarm { timer });
        }
    }

    pub(super) fn mark(&mut self, place: &Place, became: super::Became, message: &str) {
        let Some(statement) = self.state.statements.get(place) else { return };
        let call = match &statement.work {
            Work::Step(step) => step.call.as_ref(),
            _ => None,
        };
        let refused = became == super::Became::Refused;
        let mark = Mark {
            place: place.clone(),
            label: statement.label.clone(),
            capability: call.map(|call| call.capability.clone()),
            became,
            message: message.to_owned(),
            ruling: call.filter(|_| refused).map(|call| call.ruling.clone()),
        };
        self.commands.push(Command::Mark(Box::new(mark)));
    }

    pub(super) fn workflow_of(&self, place: &Place) -> Option<&'p Workflow> {
        self.package.workflow(&self.state.instances.get(place)?.workflow)
    }

    pub(super) fn step_mut(&mut self, place: &Place) -> Option<&mut Step> {
        match &mut self.state.statements.get_mut(place)?.work {
            Work::Step(step) => Some(step),
            _ => None,
        }
    }

    pub(super) fn call_mut(&mut self, id: &CallId) -> Option<&mut super::state::Call> {
        let step = self.step_mut(&id.place)?;
        if id.undo { step.undo_call.as_mut() } else { step.call.as_mut() }
    }

    pub(super) fn set_undoing(&mut self, place: &Place, undoing: Undoing) {
        if let Some(step) = self.step_mut(place) {
            step.undoing = undoing;
        }
    }
}

impl State {
    /// Whether a call is in flight, or about to be tried again.
    fn is_busy(&self) -> bool {
        self.steps().any(|step| {
            let busy = |call: &Option<super::state::Call>| {
                call.as_ref().is_some_and(|call| matches!(call.stage, Stage::Flying | Stage::Pausing | Stage::Probing))
            };
            busy(&step.call) || busy(&step.undo_call)
        })
    }

    /// Whether all that happened, or may be happening, is undone by itself.
    fn is_undoable(&self) -> bool {
        self.steps().all(|step| {
            let settled = step.undoing.is_settled() || matches!(step.undo, Undo::Nothing | Undo::Automatic { .. });
            let in_flight = step.completed.is_none()
                && step.call.as_ref().is_some_and(|call| {
                    matches!(call.stage, Stage::Flying | Stage::Pausing | Stage::Probing | Stage::InDoubt)
                        && !call.undoable
                });
            settled && !in_flight
        })
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.statements.values().filter_map(|statement| match &statement.work {
            Work::Step(step) => Some(&**step),
            _ => None,
        })
    }

    fn derived_status(&self) -> Status {
        let Some(root) = self.instances.get(&Place::root()) else { return Status::Pending };
        match &root.phase {
            Phase::Returned(_) => Status::Completed,
            Phase::Failed(failure) => {
                if self.steps().any(|step| step.undoing == Undoing::Kept) || failure.kind == Kind::Fault {
                    Status::Stuck
                } else if failure.kind == Kind::Cancelled {
                    Status::Cancelled
                } else if self.steps().any(|step| step.undoing == Undoing::Undone) {
                    Status::Compensated
                } else {
                    Status::Failed
                }
            }
            phase => {
                let undoing = matches!(phase, Phase::Failing(_))
                    && self.steps().any(|step| step.undo != Undo::Nothing && step.completed.is_some());
                let moving = if undoing { Status::Compensating } else { Status::Running };
                let waits = !self.timers.iter().all(|timer| matches!(timer, Timer::Deadline { .. }))
                    || self.gates.values().any(|gate| gate.end.is_none());
                match (self.is_busy(), waits) {
                    (true, _) => moving,
                    (false, true) if undoing => Status::Compensating,
                    (false, true) => Status::Waiting,
                    (false, false) => Status::Stuck,
                }
            }
        }
    }
}
