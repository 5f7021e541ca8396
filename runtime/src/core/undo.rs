//! The way back: what is given up, what is awaited, and what is undone in which order.
//!
//! What a workflow did is undone in the reverse order of completion, one step after the other. An undo that needs a human
//! holds up those of the steps before it, which it may rest on; one that nobody can do does not.

use super::calls::{Terms, is_effectless, row};
use super::command::Became;
use super::failure::{Failure, Kind};
use super::ids::{CallId, Place, Timer};
use super::machine::Machine;
use super::scope::{Clauses, Frame, Roles};
use super::state::{Answer, End, Phase, Stage, Undo, Undoing, Work};
use super::walk::record;
use gov_plan::eval::Env;
use gov_plan::model::{Compensation, ROLLBACK, Step as StepNode};
use gov_plan::value::{Record, Value};

impl<'p> Machine<'p> {
    /// Settles how a step that has happened is undone, with the arguments as they are now. `output` is none where what the
    /// call gave could not be used.
    pub(super) fn plan_undo(
        &self,
        step: &'p StepNode,
        place: &Place,
        frame: &Frame<'_>,
        output: Option<&Record>,
    ) -> Undo {
        self.try_plan_undo(step, place, frame, output)
            .unwrap_or_else(|failure| Undo::Manual(format!("its undo could not be put together: {failure}")))
    }

    fn try_plan_undo(
        &self,
        step: &'p StepNode,
        place: &Place,
        frame: &Frame<'_>,
        output: Option<&Record>,
    ) -> Result<Undo, Failure> {
        let Some(call) = self.state.call(&CallId::forward(place)) else { return Ok(Undo::Nothing) };
        let Some(capability) = self.package.capability(&call.capability) else { return Ok(Undo::Nothing) };
        let roles = Roles::new(self.package, &call.principal, &[]);
        let clauses = Clauses::new(&call.input, output, roles);
        if is_effectless(capability, &clauses)? {
            return Ok(Undo::Nothing);
        }
        let own = output.map_or(Value::Absent, |output| Value::Record(output.clone()));
        let after = frame.with(&step.name, own);
        let (table, env): (_, &dyn Env) = match &step.compensation {
            Some(table) => (table, &after),
            None => (&capability.compensation, &clauses),
        };
        Ok(match row(table, env)? {
            Some(Compensation::NotNeeded) => Undo::Nothing,
            Some(Compensation::Automatic(undo)) => {
                Undo::Automatic { capability: undo.capability.clone(), arguments: record(&undo.arguments, env)? }
            }
            Some(Compensation::Manual(how)) => Undo::Manual(how.clone()),
            Some(Compensation::None(why)) => Undo::Never(why.clone()),
            None => Undo::Manual("no row of `compensate` applies".to_owned()),
        })
    }

    /// Gives up what has not happened in a workflow that failed, and in the workflows that it runs.
    pub(super) fn give_up(&mut self, instance: &Place) {
        let places: Vec<Place> = self
            .state
            .statements
            .iter()
            .filter(|(_, statement)| statement.instance == *instance && statement.end.is_none())
            .map(|(place, _)| place.clone())
            .collect();
        for place in places {
            match self.state.statements.get(&place).map(|statement| &statement.work) {
                Some(Work::Wait) => {
                    self.disarm(Timer::Wait { place: place.clone() });
                    self.abandon(&place);
                }
                Some(Work::Approval(gate)) => {
                    let gate = gate.clone();
                    self.withdraw(&gate);
                    self.abandon(&place);
                }
                Some(Work::Step(step)) if step.nested => {
                    let nested = place.nested();
                    let forward =
                        self.state.instances.get(&nested).is_some_and(|nested| nested.phase == Phase::Forward);
                    if forward {
                        self.fail(&nested, Failure::new("the workflow around it failed"));
                    }
                }
                Some(Work::Step(_)) => self.give_up_call(&place),
                None => {}
            }
        }
    }

    /// Gives up a call that is not in flight, and cannot have happened.
    fn give_up_call(&mut self, place: &Place) {
        let id = CallId::forward(place);
        let Some(call) = self.state.call(&id) else { return };
        match call.stage {
            Stage::Approving(_) => {
                self.withdraw_all(&id);
                self.abandon(place);
            }
            Stage::Pausing if !call.uncertain => {
                let attempt = self.attempt(&id);
                self.disarm(Timer::Retry { step: id, attempt });
                self.abandon(place);
            }
            _ => {}
        }
    }

    fn abandon(&mut self, place: &Place) {
        let id = CallId::forward(place);
        if let Some(call) = self.call_mut(&id) {
            call.stage = Stage::Over;
        }
        self.end_statement(place, End::Abandoned);
        self.mark(place, Became::Abandoned, "");
    }

    /// Whether nothing of a workflow is under way any more.
    pub(super) fn is_drained(&self, instance: &Place) -> bool {
        self.state.statements.values().all(|statement| statement.instance != *instance || statement.end.is_some())
    }

    /// Whether the workflow of a statement has failed.
    pub(super) fn is_failing(&self, place: &Place) -> bool {
        let instance = self.state.statements.get(place).and_then(|own| self.state.instances.get(&own.instance));
        instance.is_some_and(|instance| instance.phase != Phase::Forward)
    }

    /// Undoes what a workflow did, as far as it goes; whether all is settled.
    pub(super) fn roll_back(&mut self, instance: &Place) -> bool {
        let fault = |phase: &Phase| matches!(phase, Phase::Failing(failure) if failure.kind == Kind::Fault);
        if self.state.instances.get(instance).is_some_and(|instance| fault(&instance.phase)) {
            // After a contradiction nothing is done on its own any more.
            return false;
        }
        while let Some(place) = self.last_to_undo(instance) {
            if !self.undo(instance, &place) {
                return false;
            }
        }
        true
    }

    /// Of the steps that have happened and are not settled, the one that completed last.
    fn last_to_undo(&self, instance: &Place) -> Option<Place> {
        let mut last: Option<(u64, &Place)> = None;
        for (place, statement) in &self.state.statements {
            let Work::Step(step) = &statement.work else { continue };
            let undone = step.undoing.is_settled() || (step.undo == Undo::Nothing && !step.nested);
            if let Some(completed) = step.completed
                && statement.instance == *instance
                && !undone
                && last.is_none_or(|(latest, _)| completed > latest)
            {
                last = Some((completed, place));
            }
        }
        last.map(|(_, place)| place.clone())
    }

    /// Undoes one step, as far as it goes; whether it is settled.
    fn undo(&mut self, instance: &Place, place: &Place) -> bool {
        let Some(step) = self.state.step(place) else { return true };
        if step.nested {
            return self.undo_nested(place);
        }
        if step.undoing != Undoing::Idle {
            return step.undoing.is_settled();
        }
        match step.undo.clone() {
            Undo::Nothing => self.set_undoing(place, Undoing::Undone),
            Undo::Never(why) => {
                self.set_undoing(place, Undoing::Kept);
                self.mark(place, Became::Kept, &why);
            }
            Undo::Manual(how) => self.needs_human(place, how),
            Undo::Automatic { capability, arguments } => {
                self.set_undoing(place, Undoing::Active);
                let terms = Terms { principal: ROLLBACK, step: None };
                let begun = self.begin(&CallId::undo(place), &capability, arguments, instance, &terms);
                if let Err(failure) = begun {
                    let proved =
                        failure.kind == Kind::Refused && !self.package.accepted.iter().any(|one| one.code == "G1103");
                    let message = match proved {
                        true => format!(
                            "internal contradiction: the plan was proved to allow this undo, and it was not allowed. This is a \
                             fault of Gov, please report it: {}",
                            failure.message
                        ),
                        false => failure.message,
                    };
                    self.needs_human(place, message);
                }
            }
        }
        self.state.step(place).is_none_or(|step| step.undoing.is_settled())
    }

    /// The undo of a nested workflow is its own rollback.
    fn undo_nested(&mut self, place: &Place) -> bool {
        let nested = place.nested();
        if let Some(instance) = self.state.instances.get_mut(&nested)
            && matches!(instance.phase, Phase::Returned(_))
        {
            instance.phase = Phase::Failing(Failure::new("the workflow around it failed"));
        }
        self.drive(&nested);
        let over = self.state.instances.get(&nested).is_none_or(|nested| matches!(nested.phase, Phase::Failed(_)));
        if over {
            self.set_undoing(place, Undoing::Undone);
        }
        over
    }

    pub(super) fn undo_answered(&mut self, place: &Place, answer: Answer) {
        match answer {
            Answer::Ok(_) | Answer::Misfit(_) => {
                self.set_undoing(place, Undoing::Undone);
                self.mark(place, Became::Undone, "");
            }
            Answer::Err(failure) => self.needs_human(place, failure.message),
        }
    }

    fn needs_human(&mut self, place: &Place, why: String) {
        self.mark(place, Became::NeedsHuman, &why);
        self.set_undoing(place, Undoing::NeedsHuman(why));
    }
}
