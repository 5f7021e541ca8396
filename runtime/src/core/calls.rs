//! The life of one call: decided, approved, made, tried again, asked about, answered.

use super::approvals::Question;
use super::command::{Became, Command, Effect};
use super::digest;
use super::event::{Outcome, Refusal};
use super::failure::{Failure, Kind};
use super::ids::{CallId, GateId, Place, Timer};
use super::machine::Machine;
use super::ruling::Asked;
use super::scope::{Clauses, Roles};
use super::state::{Answer, Call, Stage};
use super::walk::{evaluate, record};
use gov_plan::eval::Env;
use gov_plan::model::{
    Call as CallNode, Capability, Compensation, Decision, Effect as Impact, Idempotency, Step as StepNode, Table,
};
use gov_plan::value::{self, Record, Value};
use serde_json::Value as Json;

/// The pauses of a call that is retried until it succeeds, where its contract says none: such a call must not spin.
const UNBOUNDED_BACKOFF: (i64, i64) = (1_000, 60_000);

/// How a call is to be made, where the step differs from the capability.
pub(super) struct Terms<'t> {
    pub(super) principal: &'t str,
    pub(super) step: Option<&'t StepNode>,
}

impl<'p> Machine<'p> {
    /// Begins a step's call with arguments from its workflow.
    pub(super) fn begin_call(
        &mut self,
        step: &'p StepNode,
        call: &'p CallNode,
        place: &Place,
        instance: &Place,
        env: &dyn Env,
    ) -> Result<(), Failure> {
        let input = record(&call.arguments, env)?;
        let terms = Terms { principal: &step.principal, step: Some(step) };
        self.begin(&CallId::forward(place), &call.capability, input, instance, &terms)
    }

    /// Decides a call, and makes it, or asks for it. What prevents it comes back.
    pub(super) fn begin(
        &mut self,
        id: &CallId,
        capability: &str,
        input: Record,
        instance: &Place,
        terms: &Terms<'_>,
    ) -> Result<(), Failure> {
        let Some(declared) = self.package.capability(capability) else {
            return Err(Failure::fault(format!("the plan has no capability `{capability}`")));
        };
        let start = self.state.start.clone();
        let asserted = start.as_ref().map_or(&[][..], |start| &start.roles);
        let roles = Roles::new(self.package, terms.principal, asserted);
        let has = |principal: &str, role: &str| roles.has(principal, role);
        value::admit_fields(&declared.input, &input, &has)
            .map_err(|misfit| Failure::new(format!("the input of `{capability}`: {misfit}")))?;
        let env = Clauses::new(&input, None, roles);

        let asked = Asked { principal: terms.principal, capability: declared, input: &input, instance };
        let verdict = self.rule(&asked)?;
        let effectless = is_effectless(declared, &env)?;
        let step = self.state.step(&id.place);
        let alternative = step.map_or(0, |step| step.alternative);
        let attempts_before = step.map_or(0, |step| if id.undo { step.undo_attempts } else { step.attempts });
        let table = terms.step.and_then(|step| step.compensation.as_ref()).unwrap_or(&declared.compensation);
        let call = Call {
            capability: capability.to_owned(),
            principal: terms.principal.to_owned(),
            key: self.key(id, alternative, declared, &env)?,
            retry: terms.step.and_then(|step| step.retry.clone()).unwrap_or_else(|| declared.retry.clone()),
            timeout: terms.step.and_then(|step| step.timeout).unwrap_or(declared.timeout),
            cost: row(&declared.cost, &env)?.copied(),
            ruling: verdict.ruling,
            approved_by: Vec::new(),
            attempts_before,
            repeatable: effectless || declared.idempotency != Idempotency::No,
            effectless,
            undoable: effectless || table.rows.iter().all(|row| matches!(row.value, Compensation::Automatic(_))),
            uncertain: false,
            cut_off: false,
            stubbed: false,
            stage: Stage::Over,
            input,
        };
        let denial = (verdict.decision == Decision::Deny).then(|| Failure {
            kind: Kind::Refused,
            message: format!("`{capability}` was refused: {}", call.ruling.reason),
        });
        if let Some(step) = self.step_mut(&id.place) {
            match id.undo {
                true => step.undo_call = Some(call),
                false => step.call = Some(call),
            }
        }
        if let Some(denial) = denial {
            return Err(denial);
        }
        if verdict.approvals.is_empty() {
            self.launch(id);
            return Ok(());
        }
        let gates = (0..verdict.approvals.len()).map(|index| GateId::new(id, alternative, index));
        let gates: Vec<GateId> = gates.collect();
        self.set_stage(id, Stage::Approving(gates.clone()));
        for (gate, approval) in gates.into_iter().zip(&verdict.approvals) {
            let question = match id.undo {
                true => format!("undo with `{capability}`?"),
                false => format!("call `{capability}`?"),
            };
            let asked = Question { place: &id.place, requester: terms.principal, question, call: Some(id.clone()) };
            self.ask(gate, approval, asked);
        }
        Ok(())
    }

    /// What makes all attempts of a call one call.
    fn key(&self, id: &CallId, alternative: usize, capability: &Capability, env: &dyn Env) -> Result<String, Failure> {
        match &capability.idempotency {
            Idempotency::By(key) => Ok(evaluate(key, env)?.to_string()),
            Idempotency::No | Idempotency::ByInput => {
                let gate = GateId::new(id, alternative, 0);
                let digest = digest::sha256(format!("{}\n{gate}", self.state.run()).as_bytes());
                Ok(digest.chars().take(32).collect())
            }
        }
    }

    /// Makes the next attempt of a call, if the budgets bear it.
    pub(super) fn launch(&mut self, id: &CallId) {
        let cost = self.state.call(id).and_then(|call| call.cost);
        if let Err(failure) = self.reserve(id, cost) {
            // An attempt that may have happened is not forgotten because there is no money to ask again.
            let uncertain = self.state.call(id).is_some_and(|call| call.uncertain);
            return if uncertain { self.probe(id) } else { self.conclude(id, Answer::Err(failure)) };
        }
        if let Some(step) = self.step_mut(&id.place) {
            match id.undo {
                true => step.undo_attempts += 1,
                false => step.attempts += 1,
            }
        }
        self.set_stage(id, Stage::Flying);
        if let Some(call) = self.call_mut(id) {
            call.cut_off = false;
        }
        self.spend_command(id, cost, true);
        self.send(id, false);
    }

    /// Gives the command to make the current attempt, or to ask about it.
    fn send(&mut self, id: &CallId, probe: bool) {
        let Some(effect) = self.effect(id) else { return };
        let effect = Box::new(effect);
        self.commands.push(if probe { Command::Probe(effect) } else { Command::RunEffect(effect) });
    }

    fn effect(&self, id: &CallId) -> Option<Effect> {
        let statement = self.state.statements.get(&id.place)?;
        let instance = self.state.instances.get(&statement.instance)?;
        let call = self.state.call(id)?;
        Some(Effect {
            step: id.clone(),
            label: statement.label.clone(),
            attempt: self.attempt(id),
            key: call.key.clone(),
            capability: call.capability.clone(),
            version: self.package.capability(&call.capability)?.version.clone(),
            principal: call.principal.clone(),
            tenant: instance.tenant.clone(),
            workflow: instance.workflow.clone(),
            input: Value::Record(call.input.clone()).to_json(),
            timeout: call.timeout,
            ruling: call.ruling.clone(),
            approved_by: call.approved_by.clone(),
        })
    }

    /// The attempt that a call is at.
    pub(super) fn attempt(&self, id: &CallId) -> u32 {
        self.state.step(&id.place).map_or(0, |step| if id.undo { step.undo_attempts } else { step.attempts })
    }

    fn set_stage(&mut self, id: &CallId, stage: Stage) {
        if let Some(call) = self.call_mut(id) {
            call.stage = stage;
        }
    }

    /// The stage of the attempt that an event speaks of, if that attempt is the current one.
    fn stage_of(&self, id: &CallId, attempt: u32) -> Option<Stage> {
        (self.attempt(id) == attempt).then(|| self.state.call(id).map(|call| call.stage.clone())).flatten()
    }

    pub(super) fn answered(&mut self, id: &CallId, attempt: u32, probed: bool, outcome: &Outcome) {
        match (self.stage_of(id, attempt), probed) {
            (Some(Stage::Flying), false) => self.landed(id, outcome),
            (Some(Stage::Probing), true) => self.probed(id, outcome),
            _ => {}
        }
    }

    fn landed(&mut self, id: &CallId, outcome: &Outcome) {
        // What was cut off may have been charged, whatever the same attempt came to when it was made again.
        let cut_off = self.state.call(id).is_some_and(|call| call.cut_off);
        self.settle(id, cut_off || !matches!(outcome, Outcome::Err { .. }));
        match outcome {
            Outcome::Ok { output } | Outcome::Stubbed { output } => {
                if let (Outcome::Stubbed { .. }, Some(call)) = (outcome, self.call_mut(id)) {
                    call.stubbed = true;
                }
                let answer = self.read_output(id, output).map_or_else(Answer::Misfit, Answer::Ok);
                self.conclude(id, answer);
            }
            Outcome::Misfit { message } => self.conclude(id, Answer::Misfit(Failure::new(message))),
            Outcome::Err { transient, message, after } => self.missed(id, *transient, message, *after),
            Outcome::Unknown { message } => {
                let effectless = self.state.call(id).is_some_and(|call| call.effectless);
                if effectless {
                    return self.missed(id, true, message, None);
                }
                if let Some(call) = self.call_mut(id) {
                    call.uncertain = true;
                }
                let repeatable = self.state.call(id).is_some_and(|call| call.repeatable);
                match repeatable && self.may_retry(id, true) {
                    true => self.pause(id, None),
                    false => self.probe(id),
                }
            }
        }
    }

    /// An attempt did not happen: the next one is due, or the call has failed. `after` is how long the other side asks to be
    /// left alone, in milliseconds.
    fn missed(&mut self, id: &CallId, transient: bool, message: &str, after: Option<i64>) {
        if self.may_retry(id, transient) && self.still_wanted(id) {
            return self.pause(id, after);
        }
        match self.state.call(id).is_some_and(|call| call.uncertain) {
            // This attempt did not happen, but an earlier one may have.
            true => self.probe(id),
            false => self.conclude(id, Answer::Err(Failure::new(message))),
        }
    }

    fn may_retry(&self, id: &CallId, transient: bool) -> bool {
        let Some(call) = self.state.call(id) else { return false };
        let tried = self.attempt(id).saturating_sub(call.attempts_before);
        let left = call.retry.attempts.is_none_or(|attempts| tried < attempts);
        left && (transient || !call.retry.on_transient)
    }

    /// Whether a step that did not happen should: not where its workflow has failed, unless it is not known that no earlier
    /// attempt happened.
    fn still_wanted(&self, id: &CallId) -> bool {
        let uncertain = self.state.call(id).is_some_and(|call| call.uncertain);
        id.undo || uncertain || !self.is_failing(&id.place)
    }

    fn pause(&mut self, id: &CallId, after: Option<i64>) {
        let Some(call) = self.state.call(id) else { return };
        let attempt = self.attempt(id);
        let tried = attempt.saturating_sub(call.attempts_before);
        let backoff = match (call.retry.backoff, call.retry.attempts) {
            (Some(backoff), _) => backoff,
            (None, None) => UNBOUNDED_BACKOFF,
            (None, Some(_)) => (0, 0),
        };
        let seed = self.state.start.as_ref().map_or(0, |start| start.seed);
        let pause = digest::pause(backoff.0, backoff.1, tried, seed, &id.to_string());
        // What the other side asks for is granted up to the longest pause of the contract: the proofs count on that.
        let pause = pause.max(after.unwrap_or(0).min(backoff.1));
        if pause == 0 {
            return self.launch(id);
        }
        self.set_stage(id, Stage::Pausing);
        self.arm(Timer::Retry { step: id.clone(), attempt }, self.state.now.saturating_add(pause));
    }

    fn probe(&mut self, id: &CallId) {
        self.set_stage(id, Stage::Probing);
        self.send(id, true);
    }

    fn probed(&mut self, id: &CallId, outcome: &Outcome) {
        // What was held back for an attempt that was cut off is still held back.
        let cut_off = self.call_mut(id).is_some_and(|call| std::mem::take(&mut call.cut_off));
        if cut_off && matches!(outcome, Outcome::Err { .. }) && self.still_wanted(id) {
            // It is as if the attempt had never been made: so it is made.
            if let Some(call) = self.call_mut(id) {
                call.uncertain = false;
            }
            self.set_stage(id, Stage::Flying);
            return self.send(id, false);
        }
        if cut_off {
            self.settle(id, !matches!(outcome, Outcome::Err { .. }));
        }
        match outcome {
            Outcome::Ok { output } | Outcome::Stubbed { output } => {
                let answer = self.read_output(id, output).map_or_else(Answer::Misfit, Answer::Ok);
                self.conclude(id, answer);
            }
            Outcome::Misfit { message } => self.conclude(id, Answer::Misfit(Failure::new(message))),
            Outcome::Err { message, .. } => {
                if let Some(call) = self.call_mut(id) {
                    call.uncertain = false;
                }
                self.missed(id, true, message, None);
            }
            Outcome::Unknown { message } => {
                self.set_stage(id, Stage::InDoubt);
                let message = match id.undo {
                    true => format!("it is not known whether the undo happened: {message}"),
                    false => message.clone(),
                };
                self.mark(&id.place, Became::InDoubt, &message);
            }
        }
    }

    pub(super) fn refused(&mut self, id: &CallId, attempt: u32, refusal: Refusal, message: &str) {
        if self.stage_of(id, attempt) != Some(Stage::Flying) {
            return;
        }
        let cut_off = self.state.call(id).is_some_and(|call| call.cut_off);
        self.settle(id, cut_off);
        match refusal {
            Refusal::CircuitOpen => self.missed(id, true, message, None),
            Refusal::Unavailable | Refusal::ExternalForbidden if id.undo => self.missed(id, true, message, None),
            Refusal::Unavailable | Refusal::ExternalForbidden => {
                match self.state.call(id).is_some_and(|call| call.uncertain) {
                    true => self.probe(id),
                    false => self.conclude(id, Answer::Err(Failure::new(message))),
                }
            }
            Refusal::Contradiction => {
                self.set_stage(id, Stage::Over);
                self.fail(&Place::root(), Failure::fault(format!("internal contradiction: {message}")));
            }
        }
    }

    /// The process ended while the call was made. What is harmless to repeat is repeated, as the same attempt with the same
    /// key; of anything else the handler is asked whether it happened. Either way it may have happened: an error of the call
    /// that is made again says nothing of the first one.
    pub(super) fn interrupted(&mut self, id: &CallId, attempt: u32) {
        let repeatable = self.state.call(id).is_some_and(|call| call.repeatable);
        let stage = self.stage_of(id, attempt);
        if let (Some(Stage::Flying), Some(call)) = (&stage, self.call_mut(id)) {
            call.uncertain = !call.effectless;
            call.cut_off = true;
        }
        match stage {
            Some(Stage::Flying) if repeatable => self.send(id, false),
            Some(Stage::Flying) => {
                self.probe(id);
            }
            Some(Stage::Probing) => self.send(id, true),
            _ => {}
        }
    }

    /// Ends a call with its answer.
    pub(super) fn conclude(&mut self, id: &CallId, answer: Answer) {
        self.set_stage(id, Stage::Over);
        if id.undo {
            return self.undo_answered(&id.place, answer);
        }
        if let Some(step) = self.step_mut(&id.place) {
            step.answer = Some(answer);
        }
    }

    /// Reads what a call gave as the capability declares it.
    pub(super) fn read_output(&self, id: &CallId, output: &Json) -> Result<Record, Failure> {
        let capability = self.state.call(id).and_then(|call| self.package.capability(&call.capability));
        let Some(capability) = capability else { return Err(Failure::fault("there is no such call")) };
        let roles = Roles::new(self.package, "", &[]);
        let has = |principal: &str, role: &str| roles.has(principal, role);
        value::read_fields(&capability.output, output, &has)
            .map_err(|misfit| Failure::new(format!("the output of `{}`: {misfit}", capability.id)))
    }
}

/// The value of the first row that applies.
pub(super) fn row<'t, V>(table: &'t Table<V>, env: &dyn Env) -> Result<Option<&'t V>, Failure> {
    let row = table.row(env).map_err(|error| Failure::new(error.to_string()))?;
    Ok(row.map(|row| &row.value))
}

/// Whether a call with this input leaves nothing behind. A table without a row that applies is taken to leave something.
pub(super) fn is_effectless(capability: &Capability, env: &dyn Env) -> Result<bool, Failure> {
    Ok(matches!(row(&capability.effect, env)?, Some(Impact::None)))
}
