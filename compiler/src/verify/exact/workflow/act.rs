//! What may become of a statement that is ready.

use super::Walk;
use super::gate::{Gate, Opening};
use super::state::{Called, End, Event, Failing, NotCalled, Open, Path, Ready, Scope, State, What};
use super::undo::{Done, Undo};
use gov_plan::expr::Expr;
use gov_plan::model::{Call, Capability, Effect, Idempotency, Node, NodeKind, Step, Target};
use gov_plan::types::Fields;
use gov_plan::value::{Record, Value, admit};

/// What the world does where the workflow leaves it open.
pub(crate) trait Choices {
    /// The outputs that a call may have.
    fn outputs(&self, at: &Path, alternative: usize, output: &Fields) -> Vec<Record>;

    /// The answer that an approval gives.
    fn answer(&self, at: &Path) -> Value;

    /// Whether this may happen.
    fn may(&self, at: &Path, turn: Turn) -> bool;

    /// The run whose deadline comes while this step is at work, by the path of the step that runs it, if one does.
    fn late(&self, at: &Path) -> Option<Path>;
}

/// A way that something may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The alternative of this number succeeds.
    Succeeds(usize),
    /// All attempts of it fail, or its approval is turned down.
    Fails(usize),
    /// An approval is given, a timer ends.
    Goes,
    /// An approval is turned down, a wait cancelled.
    Stops,
}

impl<'m> Walk<'m> {
    /// Every state that may follow when this statement is what happens next.
    pub fn act(&self, state: &State<'m>, ready: &Ready<'m>, choices: &dyn Choices) -> Vec<State<'m>> {
        if state.failing.is_some() {
            return self.land(state, ready, choices);
        }
        let mut next = match &ready.node.kind {
            NodeKind::Step(step) => self.step(state, ready, step, choices),
            NodeKind::Check { condition, .. } => match self.truth(state, ready, condition) {
                Ok(true) => vec![self.passed(state, ready)],
                Ok(false) => vec![self.failed(state, ready, What::Failed(None))],
                Err(why) => vec![self.failed(state, ready, What::Failed(Some(why)))],
            },
            NodeKind::Fail { .. } => vec![self.failed(state, ready, What::Failed(None))],
            NodeKind::Let { name, value } => match self.value(state, ready, value) {
                Ok(value) => {
                    let mut next = self.passed(state, ready);
                    next.bind(&ready.scope, name, value);
                    vec![next]
                }
                Err(why) => vec![self.failed(state, ready, What::Failed(Some(why)))],
            },
            NodeKind::If { arms, .. } => vec![self.branch(state, ready, arms)],
            NodeKind::Parallel { .. } => Vec::new(),
            NodeKind::For { name, list, limit, .. } => vec![self.rounds(state, ready, name, list, *limit)],
            NodeKind::Approval { name, approval, .. } => {
                self.approval(state, ready, (name, approval.within.unwrap_or(0)), choices)
            }
            NodeKind::Wait { duration } => match self.value(state, ready, duration) {
                Ok(value) => {
                    let time = match value {
                        Value::Duration(time) => time.max(0),
                        _ => 0,
                    };
                    let goes = choices.may(&ready.path, Turn::Goes);
                    let stops = choices.may(&ready.path, Turn::Stops);
                    let waited = goes.then(|| self.ended(state, ready, What::Waited(time)));
                    waited.into_iter().chain(stops.then(|| self.failed(state, ready, What::Cancelled(time)))).collect()
                }
                Err(why) => vec![self.failed(state, ready, What::Failed(Some(why)))],
            },
            NodeKind::Return { value } => vec![self.returns(state, ready, value)],
        };
        for state in &mut next {
            if let (NodeKind::Step(_), Some(frame)) = (&ready.node.kind, choices.late(&ready.path))
                && state.end.is_none()
            {
                state.record(ready, What::Late);
                self.fail(state, ready.path.clone(), frame);
            }
            self.settle(state);
        }
        next
    }

    /// The state in which nothing has happened.
    pub fn start(&self) -> State<'m> {
        let mut state = State::default();
        self.settle(&mut state);
        state
    }

    /// Ends the execution where nothing is left to do.
    fn settle(&self, state: &mut State<'m>) {
        if state.end.is_none() && state.failing.is_none() && self.ready(state).is_empty() {
            let value = state.returned.get(&Path::new()).cloned();
            state.end = Some(End::Completed(value.unwrap_or(Value::Absent)));
        }
    }

    fn value(&self, state: &State<'m>, ready: &Ready<'m>, expr: &Expr) -> Result<Value, String> {
        self.evaluate(state, &ready.scope, expr).map_err(|error| error.to_string())
    }

    fn truth(&self, state: &State<'m>, ready: &Ready<'m>, expr: &Expr) -> Result<bool, String> {
        let value = self.value(state, ready, expr)?;
        value.as_bool().ok_or_else(|| format!("`{expr}` is no truth value"))
    }

    fn ended(&self, state: &State<'m>, ready: &Ready<'m>, what: What) -> State<'m> {
        let mut next = state.clone();
        next.record(ready, what);
        next.ended.push(ready.path.clone());
        next
    }

    fn passed(&self, state: &State<'m>, ready: &Ready<'m>) -> State<'m> {
        self.ended(state, ready, What::Passed)
    }

    fn branch(&self, state: &State<'m>, ready: &Ready<'m>, arms: &'m [(Expr, Vec<Node>)]) -> State<'m> {
        let mut taken = arms.len();
        for (index, (condition, _)) in arms.iter().enumerate() {
            match self.truth(state, ready, condition) {
                Ok(false) => {}
                Ok(true) => {
                    taken = index;
                    break;
                }
                Err(why) => return self.failed(state, ready, What::Failed(Some(why))),
            }
        }
        let mut next = state.clone();
        next.record(ready, What::Passed);
        next.open.insert(ready.path.clone(), Open::Arm(taken));
        next
    }

    fn rounds(&self, state: &State<'m>, ready: &Ready<'m>, name: &'m str, list: &'m Expr, limit: u32) -> State<'m> {
        let elements = match self.value(state, ready, list) {
            Ok(Value::List(elements)) => elements,
            Ok(_) => return self.failed(state, ready, What::Failed(Some(format!("`{list}` is no list")))),
            Err(why) => return self.failed(state, ready, What::Failed(Some(why))),
        };
        if elements.len() > limit as usize {
            let why = format!("`{list}` has {} elements, and {limit} are the most", elements.len());
            return self.failed(state, ready, What::Failed(Some(why)));
        }
        let mut next = state.clone();
        next.record(ready, What::Passed);
        for (index, element) in elements.iter().enumerate() {
            let prefix = ready.path.iter().copied().chain([index]).collect();
            next.bind(&Scope { prefix, ..ready.scope.clone() }, name, element.clone());
        }
        next.open.insert(ready.path.clone(), Open::Rounds(elements.to_vec()));
        next
    }

    fn approval(
        &self,
        state: &State<'m>,
        ready: &Ready<'m>,
        (name, time): (&'m str, i64),
        choices: &dyn Choices,
    ) -> Vec<State<'m>> {
        let mut next = Vec::new();
        if choices.may(&ready.path, Turn::Goes) {
            let mut approved = self.ended(state, ready, What::Approved(time));
            approved.approvals += 1;
            approved.bind(&ready.scope, name, choices.answer(&ready.path));
            next.push(approved);
        }
        if choices.may(&ready.path, Turn::Stops) {
            next.push(self.failed(state, ready, What::TurnedDown(time)));
        }
        next
    }

    fn returns(&self, state: &State<'m>, ready: &Ready<'m>, value: &'m Expr) -> State<'m> {
        let value = match self.value(state, ready, value) {
            Ok(value) => value,
            Err(why) => return self.failed(state, ready, What::Failed(Some(why))),
        };
        if let Some(schema) = &ready.scope.workflow.returns
            && let Err(misfit) = admit(schema, &value, &|_, _| false)
        {
            return self.failed(state, ready, What::Failed(Some(misfit.to_string())));
        }
        let mut next = self.ended(state, ready, What::Returned);
        next.returned.insert(ready.scope.frame.clone(), value);
        next
    }

    fn step(&self, state: &State<'m>, ready: &Ready<'m>, step: &'m Step, choices: &dyn Choices) -> Vec<State<'m>> {
        match state.open.get(&ready.path) {
            Some(Open::Running { .. }) => return vec![self.ran(state, ready, step)],
            Some(Open::Alternative(alternative)) => {
                let Some(call) = step.fallbacks.get(alternative - 1) else { return Vec::new() };
                return self.call(state, ready, step, (*alternative, call), choices);
            }
            _ => {}
        }
        match &step.target {
            Target::Call(call) => self.call(state, ready, step, (0, call), choices),
            Target::Run { workflow, arguments, .. } => {
                let Some(nested) = self.package.workflow(workflow) else { return Vec::new() };
                let mut next = state.clone();
                match self.arguments(state, &ready.scope, arguments, &nested.params) {
                    Ok(arguments) => {
                        let caller = ready.scope.clone();
                        next.open.insert(ready.path.clone(), Open::Running { arguments, node: ready.node, caller });
                    }
                    Err(why) => {
                        let capability = workflow.clone();
                        next.record(ready, What::NotCalled { alternative: 0, capability, why });
                        self.alternative_failed(&mut next, ready, step, 0);
                    }
                }
                vec![next]
            }
        }
    }

    /// A nested workflow has come to its end.
    fn ran(&self, state: &State<'m>, ready: &Ready<'m>, step: &'m Step) -> State<'m> {
        let value = state.returned.get(&ready.path).cloned();
        let mut next = self.ended(state, ready, What::Ran);
        next.open.remove(&ready.path);
        next.bind(&ready.scope, &step.name, value.unwrap_or_else(|| Value::Record(Record::empty())));
        next
    }

    fn call(
        &self,
        state: &State<'m>,
        ready: &Ready<'m>,
        step: &'m Step,
        (alternative, call): (usize, &'m Call),
        choices: &dyn Choices,
    ) -> Vec<State<'m>> {
        let not_called = |why: NotCalled| {
            let mut next = state.clone();
            let capability = call.capability.clone();
            next.record(ready, What::NotCalled { alternative, capability, why });
            self.alternative_failed(&mut next, ready, step, alternative);
            next
        };
        let opening = match self.gate(state, &ready.scope, &step.principal, call) {
            Gate::Closed(why) => return vec![not_called(why)],
            Gate::Open(opening) => opening,
        };
        let called = |next: &mut State<'m>, output: Option<&Record>| {
            next.record(ready, What::Called(self.called(state, step, alternative, &opening, output)));
        };
        let mut next = Vec::new();
        if choices.may(&ready.path, Turn::Fails(alternative)) {
            if opening.needs_approval {
                next.push(not_called(NotCalled::TurnedDown(opening.approval_time)));
            }
            if !self.is_retried_until_done(state, ready, step, opening.capability) {
                let mut failed = state.clone();
                called(&mut failed, None);
                self.alternative_failed(&mut failed, ready, step, alternative);
                next.push(failed);
            }
        }
        if choices.may(&ready.path, Turn::Succeeds(alternative)) {
            for output in choices.outputs(&ready.path, alternative, &opening.capability.output) {
                let mut done = state.clone();
                called(&mut done, Some(&output));
                done.open.remove(&ready.path);
                done.ended.push(ready.path.clone());
                done.bind(&ready.scope, &step.name, Value::Record(output.clone()));
                let undo = self.undo_of_call(&done, ready, step, &opening, &output);
                if undo != Undo::Nothing {
                    let path = ready.path.clone();
                    done.done.push(Done { path, node: ready.node, workflow: ready.scope.workflow, undo });
                }
                next.push(done);
            }
        }
        next
    }

    fn called(
        &self,
        state: &State<'m>,
        step: &'m Step,
        alternative: usize,
        opening: &Opening<'m>,
        output: Option<&Record>,
    ) -> Called {
        let retry = step.retry.as_ref().unwrap_or(&opening.capability.retry);
        Called {
            alternative,
            capability: opening.capability.id.clone(),
            principal: step.principal.clone(),
            succeeded: output.is_some(),
            output: output.cloned(),
            approved: opening.needs_approval,
            approvals: state.approvals,
            risk: opening.risk,
            has_effect: self.has_effect(opening),
            spent: self.spent(opening, retry, step.timeout.unwrap_or(opening.capability.timeout)),
        }
    }

    /// An alternative of a step has failed: the next one is tried, or the workflow goes on, or it fails.
    fn alternative_failed(&self, state: &mut State<'m>, ready: &Ready<'m>, step: &'m Step, alternative: usize) {
        if alternative < step.fallbacks.len() {
            state.open.insert(ready.path.clone(), Open::Alternative(alternative + 1));
        } else if step.continues_on_failure {
            state.open.remove(&ready.path);
            state.ended.push(ready.path.clone());
        } else {
            self.fail(state, ready.path.clone(), ready.scope.frame.clone());
        }
    }

    fn failed(&self, state: &State<'m>, ready: &Ready<'m>, what: What) -> State<'m> {
        let mut next = state.clone();
        next.record(ready, what);
        self.fail(&mut next, ready.path.clone(), ready.scope.frame.clone());
        next
    }

    /// Whether a call that is let through cannot end but with success: no budget around it bounds how often it is tried.
    fn is_retried_until_done(
        &self,
        state: &State<'m>,
        ready: &Ready<'m>,
        step: &'m Step,
        capability: &'m Capability,
    ) -> bool {
        let retry = step.retry.as_ref().unwrap_or(&capability.retry);
        let harmless = capability.effect.rows.iter().all(|row| row.value == Effect::None);
        if retry.attempts.is_some() || retry.on_transient || (capability.idempotency == Idempotency::No && !harmless) {
            return false;
        }
        let mut scope = &ready.scope;
        loop {
            let budget = &scope.workflow.budget;
            if budget.calls.is_some()
                || budget.time.is_some()
                || (budget.money.is_some() && !capability.cost.rows.is_empty())
            {
                return false;
            }
            match state.open.get(&scope.frame) {
                Some(Open::Running { caller, .. }) => scope = caller,
                _ => return true,
            }
        }
    }

    /// A frame fails at a statement. What is on its way in other branches arrives first.
    fn fail(&self, state: &mut State<'m>, at: Path, frame: Path) {
        let mut ended = frame.clone();
        while let Some(Open::Running { node, caller, .. }) = state.open.get(&ended) {
            match &node.kind {
                NodeKind::Step(step) if !step.continues_on_failure => ended = caller.frame.clone(),
                _ => break,
            }
        }
        let is_call =
            |node: &Node| matches!(&node.kind, NodeKind::Step(step) if matches!(step.target, Target::Call(_)));
        let mut flying = self.ready(state);
        flying.retain(|other| other.path != at && other.path.starts_with(&ended) && is_call(other.node));
        if flying.is_empty() {
            return self.fall(state, at, frame);
        }
        state.failing = Some(Failing { at, frame, flying });
    }

    /// A call of another branch that may be on its way when a workflow fails: it has not begun, or it fails, or arrives.
    fn land(&self, state: &State<'m>, ready: &Ready<'m>, choices: &dyn Choices) -> Vec<State<'m>> {
        let mut grounded = state.clone();
        if let Some(failing) = &mut grounded.failing {
            failing.flying.pop();
        }
        let mut next = vec![grounded.clone()];
        if let NodeKind::Step(step) = &ready.node.kind {
            next.extend(self.arrive(&grounded, ready, step, choices));
        }
        for state in &mut next {
            if let Some(Failing { at, frame, .. }) = state.failing.take_if(|failing| failing.flying.is_empty()) {
                self.fall(state, at, frame);
            }
            self.settle(state);
        }
        next
    }

    fn arrive(&self, state: &State<'m>, ready: &Ready<'m>, step: &'m Step, choices: &dyn Choices) -> Vec<State<'m>> {
        let alternative = match state.open.get(&ready.path) {
            Some(Open::Alternative(alternative)) => *alternative,
            _ => 0,
        };
        let call = match (&step.target, alternative.checked_sub(1)) {
            (Target::Call(call), None) => Some(call),
            (_, Some(fallback)) => step.fallbacks.get(fallback),
            _ => None,
        };
        let Some(Gate::Open(opening)) = call.map(|call| self.gate(state, &ready.scope, &step.principal, call)) else {
            return Vec::new();
        };
        let mut next = Vec::new();
        if choices.may(&ready.path, Turn::Fails(alternative)) {
            let mut failed = state.clone();
            failed.record(ready, What::Called(self.called(state, step, alternative, &opening, None)));
            next.push(failed);
        }
        if choices.may(&ready.path, Turn::Succeeds(alternative)) {
            for output in choices.outputs(&ready.path, alternative, &opening.capability.output) {
                let mut done = state.clone();
                done.record(ready, What::Called(self.called(state, step, alternative, &opening, Some(&output))));
                done.bind(&ready.scope, &step.name, Value::Record(output.clone()));
                let undo = self.undo_of_call(&done, ready, step, &opening, &output);
                if undo != Undo::Nothing {
                    let path = ready.path.clone();
                    done.done.push(Done { path, node: ready.node, workflow: ready.scope.workflow, undo });
                }
                next.push(done);
            }
        }
        next
    }

    /// A frame has failed at a statement: what it did is undone, and the step that runs it has failed.
    fn fall(&self, state: &mut State<'m>, at: Path, frame: Path) {
        self.roll_back(state, &frame);
        let Some(Open::Running { node, caller, .. }) = state.open.get(&frame).cloned() else {
            state.end = Some(End::Failed(at));
            return;
        };
        let NodeKind::Step(step) = &node.kind else { return };
        let time = self.time_of_failed_run(state, &frame, step);
        state.forget(&frame);
        let ready = Ready { path: frame, node, scope: caller };
        state.record(&ready, What::RunFailed(time));
        if step.continues_on_failure {
            state.ended.push(ready.path);
        } else {
            self.fall(state, ready.path, ready.scope.frame);
        }
    }
}

impl<'m> State<'m> {
    pub(super) fn record(&mut self, ready: &Ready<'m>, what: What) {
        let (path, node, workflow) = (ready.path.clone(), ready.node, ready.scope.workflow);
        self.trace.push(Event { path, node, workflow, what });
    }
}
