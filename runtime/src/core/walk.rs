//! The walk over a workflow: what is known is passed over, what has to begin is begun.

use super::approvals::Question;
use super::command::Became;
use super::failure::Failure;
use super::ids::{CallId, GateId, Place, Timer};
use super::machine::{Branch, Machine};
use super::scope::{Frame, Roles};
use super::state::{Answer, End, Instance, Phase, Spent, Statement, Step, Undo, Undoing, Work};
use gov_plan::eval::{Env, eval};
use gov_plan::expr::Expr;
use gov_plan::model::{Node, NodeKind, Step as StepNode, Target, Workflow};
use gov_plan::value::{self, Record, Value};
use std::sync::Arc;

/// The deepest nesting of workflows in each other.
const MAX_DEPTH: u32 = 32;

/// How far a walk came.
pub(super) enum Flow {
    /// All of it has happened.
    Done,
    /// Something has not been answered yet.
    Blocked,
    /// It failed.
    Failed(Failure),
    /// It ended the workflow with this.
    Returned(Value),
}

/// Where the walk is.
struct Here<'p, 'w> {
    workflow: &'p Workflow,
    instance: &'w Place,
    place: Place,
    prefix: &'w str,
    rounds: String,
    /// Whether something new may begin.
    begins: bool,
}

impl<'p, 'w> Here<'p, 'w> {
    fn child(&self, index: usize) -> Here<'p, 'w> {
        Here { place: self.place.child(index), rounds: self.rounds.clone(), ..*self }
    }

    fn round(&self, round: usize) -> Here<'p, 'w> {
        Here { place: self.place.round(round), rounds: format!("{}[{round}]", self.rounds), ..*self }
    }

    fn label(&self, name: &str) -> String {
        format!("{}{name}{}", self.prefix, self.rounds)
    }
}

impl<'p> Machine<'p> {
    /// Walks the workflow at a place. Where nothing may begin, what was answered is taken up and nothing else happens.
    pub(super) fn walk(&mut self, place: &Place, begins: bool) -> Flow {
        let Some(instance) = self.state.instances.get(place) else { return Flow::Blocked };
        let Some(workflow) = self.package.workflow(&instance.workflow) else {
            return Flow::Failed(Failure::fault(format!("the plan has no workflow `{}`", instance.workflow)));
        };
        let prefix = instance.prefix.clone();
        let here =
            Here { workflow, instance: place, place: place.clone(), prefix: &prefix, rounds: String::new(), begins };
        let start = self.state.start.clone();
        let asserted = start.as_ref().map_or(&[][..], |start| &start.roles);
        let roles = Roles::new(self.package, &workflow.principal, asserted);
        let mut frame = Frame::workflow(&instance.arguments, &self.state.context, roles);
        self.block(&workflow.body, &here, &mut frame)
    }

    /// Evaluates an expression of a workflow's header.
    pub(super) fn evaluate_in_instance(&self, place: &Place, expr: &Expr) -> Result<Value, Failure> {
        let Some(instance) = self.state.instances.get(place) else { return Ok(Value::Absent) };
        let roles = Roles::new(self.package, "", &[]);
        evaluate(expr, &Frame::workflow(&instance.arguments, &self.state.context, roles))
    }

    fn block(&mut self, nodes: &'p [Node], here: &Here<'p, '_>, frame: &mut Frame<'_>) -> Flow {
        for (index, node) in nodes.iter().enumerate() {
            match self.node(node, &here.child(index), frame) {
                Flow::Done => {}
                flow => return flow,
            }
        }
        Flow::Done
    }

    fn branch(&mut self, nodes: &'p [Node], here: &Here<'p, '_>, frame: &mut Frame<'_>) -> Flow {
        if let Some(branches) = self.branches.as_mut().filter(|_| here.begins) {
            let workflow = here.workflow.name.clone();
            branches.push(Branch { workflow, instance: here.instance.clone(), place: here.place.clone() });
        }
        self.block(nodes, here, frame)
    }

    fn node(&mut self, node: &'p Node, here: &Here<'p, '_>, frame: &mut Frame<'_>) -> Flow {
        match self.try_node(node, here, frame) {
            Ok(flow) => flow,
            Err(failure) => Flow::Failed(failure),
        }
    }

    fn try_node(&mut self, node: &'p Node, here: &Here<'p, '_>, frame: &mut Frame<'_>) -> Result<Flow, Failure> {
        Ok(match &node.kind {
            NodeKind::Step(step) => return self.step(step, here, frame),
            NodeKind::Check { condition, message } => match holds(condition, frame)? {
                true => Flow::Done,
                false => Flow::Failed(Failure::new(evaluate(message, frame)?.to_string())),
            },
            NodeKind::Fail { message } => Flow::Failed(Failure::new(evaluate(message, frame)?.to_string())),
            NodeKind::Let { name, value } => {
                let value = evaluate(value, frame)?;
                frame.bind(name, value);
                Flow::Done
            }
            NodeKind::If { arms, otherwise } => {
                for (index, (condition, body)) in arms.iter().enumerate() {
                    if holds(condition, frame)? {
                        return Ok(self.branch(body, &here.child(index), frame));
                    }
                }
                self.branch(otherwise, &here.child(arms.len()), frame)
            }
            NodeKind::Parallel { branches } => self.parallel(branches, here, frame),
            NodeKind::For { parallel, name, list, limit, body } => {
                let elements = match evaluate(list, frame)? {
                    Value::List(elements) => elements,
                    _ => Arc::from([]),
                };
                if elements.len() > usize::try_from(*limit).unwrap_or(usize::MAX) {
                    let message =
                        format!("`{list}` has {} elements, and the loop is bounded at {limit}", elements.len());
                    return Err(Failure::new(message));
                }
                match parallel {
                    true => self.rounds_at_once(name, &elements, body, here, frame),
                    false => self.rounds_in_order(name, &elements, body, here, frame),
                }
            }
            NodeKind::Approval { name, approval, question } => {
                let label = here.label(name);
                if !self.state.statements.contains_key(&here.place) {
                    if !here.begins {
                        return Ok(Flow::Blocked);
                    }
                    let question = evaluate(question, frame)?.to_string();
                    let gate = GateId::new(&CallId::forward(&here.place), 0, 0);
                    self.begin_statement(here, label, Work::Approval(gate.clone()));
                    let asked =
                        Question { place: &here.place, requester: &here.workflow.principal, question, call: None };
                    self.ask(gate, approval, asked);
                }
                self.bound(name, &here.place, frame)
            }
            NodeKind::Wait { duration } => {
                if !self.state.statements.contains_key(&here.place) {
                    if !here.begins {
                        return Ok(Flow::Blocked);
                    }
                    let Value::Duration(duration) = evaluate(duration, frame)? else {
                        return Err(Failure::fault("`wait` was given no duration"));
                    };
                    let due = self.state.now.saturating_add(duration.max(0));
                    self.begin_statement(here, here.label("wait"), Work::Wait);
                    self.arm(Timer::Wait { place: here.place.clone() }, due);
                }
                match self.state.statements.get(&here.place).and_then(|statement| statement.end.as_ref()) {
                    Some(End::Done(_)) => Flow::Done,
                    _ => Flow::Blocked,
                }
            }
            NodeKind::Return { value } => {
                let value = evaluate(value, frame)?;
                if !value.is_readable() {
                    // The journal could not be read again.
                    return Err(Failure::new(format!("the result nests deeper than {} levels", value::MAX_DEPTH)));
                }
                Flow::Returned(value)
            }
        })
    }

    /// Branches are begun in the order of the source; where a branch waits for others, once those are over.
    fn parallel(&mut self, branches: &'p [Node], here: &Here<'p, '_>, frame: &mut Frame<'_>) -> Flow {
        let mut over = vec![false; branches.len()];
        let (mut failed, mut returned) = (None, None);
        loop {
            let mut progress = false;
            for (index, branch) in branches.iter().enumerate() {
                let first =
                    |name: &String| branches.iter().zip(&over).any(|(branch, over)| *over && binds(branch, name));
                let ready = match &branch.kind {
                    NodeKind::Step(step) => step.after.iter().all(first),
                    _ => true,
                };
                let Some(slot) = over.get(index).copied() else { continue };
                if slot || !ready {
                    continue;
                }
                let flow = self.node(branch, &here.child(index), frame);
                match flow {
                    Flow::Blocked => continue,
                    Flow::Done => {}
                    Flow::Failed(failure) if here.begins => return Flow::Failed(failure),
                    Flow::Failed(failure) => failed = failed.or(Some(failure)),
                    Flow::Returned(value) => returned = returned.or(Some(value)),
                }
                if let Some(slot) = over.get_mut(index) {
                    *slot = true;
                    progress = true;
                }
            }
            if !progress {
                break;
            }
        }
        match (failed, over.iter().all(|over| *over), returned) {
            (Some(failure), _, _) => Flow::Failed(failure),
            (None, false, _) => Flow::Blocked,
            (None, true, Some(value)) => Flow::Returned(value),
            (None, true, None) => Flow::Done,
        }
    }

    fn rounds_in_order(
        &mut self,
        name: &str,
        elements: &[Value],
        body: &'p [Node],
        here: &Here<'p, '_>,
        frame: &Frame<'_>,
    ) -> Flow {
        let over = self.state.rounds.get(&here.place).copied().unwrap_or(0);
        for (round, element) in elements.iter().enumerate().skip(over) {
            match self.block(body, &here.round(round), &mut frame.round(name, element.clone())) {
                Flow::Done => self.state.rounds.insert(here.place.clone(), round + 1),
                flow => return flow,
            };
        }
        Flow::Done
    }

    fn rounds_at_once(
        &mut self,
        name: &str,
        elements: &[Value],
        body: &'p [Node],
        here: &Here<'p, '_>,
        frame: &Frame<'_>,
    ) -> Flow {
        let (mut blocked, mut failed, mut returned) = (false, None, None);
        for (round, element) in elements.iter().enumerate() {
            match self.block(body, &here.round(round), &mut frame.round(name, element.clone())) {
                Flow::Done => {}
                Flow::Blocked => blocked = true,
                Flow::Failed(failure) if here.begins => return Flow::Failed(failure),
                Flow::Failed(failure) => failed = failed.or(Some(failure)),
                Flow::Returned(value) => returned = returned.or(Some(value)),
            }
        }
        match (failed, blocked, returned) {
            (Some(failure), _, _) => Flow::Failed(failure),
            (None, true, _) => Flow::Blocked,
            (None, false, Some(value)) => Flow::Returned(value),
            (None, false, None) => Flow::Done,
        }
    }

    fn step(&mut self, step: &'p StepNode, here: &Here<'p, '_>, frame: &mut Frame<'_>) -> Result<Flow, Failure> {
        let place = &here.place;
        if !self.state.statements.contains_key(place) {
            if !here.begins {
                return Ok(Flow::Blocked);
            }
            self.begin_statement(here, here.label(&step.name), Work::Step(Box::new(Step::new())));
            self.begin_alternative(step, here, frame);
        }
        loop {
            if self.state.statements.get(place).is_some_and(|statement| statement.end.is_some()) {
                return Ok(match self.bound(&step.name, place, frame) {
                    // On the way back too: what is in flight behind it is to be taken up.
                    Flow::Failed(_) if step.continues_on_failure => Flow::Done,
                    flow => flow,
                });
            }
            if self.state.step(place).is_some_and(|step| step.nested && step.answer.is_none()) {
                self.drive_nested(place);
            }
            let Some(answer) = self.step_mut(place).and_then(|step| step.answer.take()) else {
                return Ok(Flow::Blocked);
            };
            self.take_up(step, here, frame, answer);
        }
    }

    /// Takes up the answer to a step: it is over, or its next alternative begins.
    fn take_up(&mut self, step: &'p StepNode, here: &Here<'p, '_>, frame: &Frame<'_>, answer: Answer) {
        let place = &here.place;
        match answer {
            Answer::Ok(output) => {
                let nested = self.state.step(place).is_some_and(|step| step.nested);
                let undo = if nested { Undo::Nothing } else { self.plan_undo(step, place, frame, Some(&output)) };
                let value = match self.state.instances.get(&place.nested()).map(|instance| &instance.phase) {
                    Some(Phase::Returned(value)) if nested => value.clone(),
                    _ => Value::Record(output),
                };
                self.complete(place, undo, End::Done(value));
                self.mark(place, Became::Done, "");
            }
            Answer::Misfit(failure) => {
                let undo = self.plan_undo(step, place, frame, None);
                let message = failure.message.clone();
                self.complete(place, undo, End::Failed(failure));
                self.mark(place, Became::Failed, &message);
            }
            Answer::Err(failure) => {
                let became = match failure.kind {
                    super::failure::Kind::Refused => Became::Refused,
                    _ => Became::Failed,
                };
                self.mark(place, became, &failure.message);
                let tried = self.state.step(place).map_or(0, |step| step.alternative);
                if here.begins && tried < step.fallbacks.len() && failure.kind != super::failure::Kind::Fault {
                    if let Some(state) = self.step_mut(place) {
                        state.alternative = tried + 1;
                        state.nested = false;
                    }
                    self.begin_alternative(step, here, frame);
                } else {
                    let failure = Failure { message: said_of(&here.label(&step.name), &failure), ..failure };
                    self.end_statement(place, End::Failed(failure));
                }
            }
        }
    }

    /// Begins the call, or the workflow, that is the step's next alternative. What prevents it is the step's answer.
    fn begin_alternative(&mut self, step: &'p StepNode, here: &Here<'p, '_>, frame: &Frame<'_>) {
        let alternative = self.state.step(&here.place).map_or(0, |step| step.alternative);
        let begun = match (alternative.checked_sub(1), &step.target) {
            (None, Target::Run { workflow, arguments, .. }) => {
                self.begin_nested(workflow, arguments, here, &step.name, frame)
            }
            (None, Target::Call(call)) => self.begin_call(step, call, &here.place, here.instance, frame),
            (Some(index), _) => match step.fallbacks.get(index) {
                Some(call) => self.begin_call(step, call, &here.place, here.instance, frame),
                None => Err(Failure::fault("there is no such fallback")),
            },
        };
        if let Err(failure) = begun
            && let Some(step) = self.step_mut(&here.place)
        {
            step.answer = Some(Answer::Err(failure));
        }
    }

    fn begin_nested(
        &mut self,
        name: &str,
        arguments: &[(String, Expr)],
        here: &Here<'p, '_>,
        step: &str,
        frame: &Frame<'_>,
    ) -> Result<(), Failure> {
        let Some(workflow) = self.package.workflow(name) else {
            return Err(Failure::fault(format!("the plan has no workflow `{name}`")));
        };
        let arguments = record(arguments, frame)?;
        let has = |principal: &str, role: &str| frame.has_role(principal, role);
        value::admit_fields(&workflow.params, &arguments, &has)
            .map_err(|misfit| Failure::new(format!("the arguments of `{name}`: {misfit}")))?;
        let depth = self.state.instances.get(here.instance).map_or(0, |outer| outer.depth) + 1;
        if depth > MAX_DEPTH {
            return Err(Failure::new(format!("workflows are nested deeper than {MAX_DEPTH}")));
        }
        let place = here.place.nested();
        let instance = Instance {
            workflow: name.to_owned(),
            parent: Some(here.instance.clone()),
            depth,
            prefix: format!("{}/", here.label(step)),
            arguments,
            tenant: None,
            deadline: None,
            spent: Spent::default(),
            phase: Phase::Forward,
        };
        self.state.instances.insert(place.clone(), instance);
        if let Some(step) = self.step_mut(&here.place) {
            step.nested = true;
        }
        self.begin_instance(&place);
        Ok(())
    }

    /// Takes a nested workflow as far as it goes; its end is the answer to its step.
    fn drive_nested(&mut self, place: &Place) {
        let nested = place.nested();
        self.drive(&nested);
        let answer = match self.state.instances.get(&nested).map(|instance| &instance.phase) {
            Some(Phase::Returned(_)) => Answer::Ok(Record::empty()),
            Some(Phase::Failed(failure)) => Answer::Err(failure.clone()),
            _ => return,
        };
        if let Some(step) = self.step_mut(place) {
            step.answer = Some(answer);
        }
    }

    fn begin_statement(&mut self, here: &Here<'p, '_>, label: String, work: Work) {
        let statement = Statement { instance: here.instance.clone(), label, work, end: None };
        self.state.statements.insert(here.place.clone(), statement);
    }

    pub(super) fn end_statement(&mut self, place: &Place, end: End) {
        if let Some(statement) = self.state.statements.get_mut(place) {
            statement.end = Some(end);
        }
    }

    fn complete(&mut self, place: &Place, undo: Undo, end: End) {
        let order = self.state.completions;
        self.state.completions += 1;
        if let Some(step) = self.step_mut(place) {
            step.undo = undo;
            step.completed = Some(order);
        }
        self.end_statement(place, end);
    }

    pub(super) fn waited(&mut self, place: &Place) {
        self.end_statement(place, End::Done(Value::Absent));
    }

    /// What a statement came to; where it gave a value, that is bound.
    fn bound(&self, name: &str, place: &Place, frame: &mut Frame<'_>) -> Flow {
        match self.state.statements.get(place).and_then(|statement| statement.end.as_ref()) {
            Some(End::Done(value)) => {
                frame.bind(name, value.clone());
                Flow::Done
            }
            Some(End::Failed(failure)) => Flow::Failed(failure.clone()),
            Some(End::Abandoned) | None => Flow::Blocked,
        }
    }
}

impl Step {
    fn new() -> Step {
        Step {
            nested: false,
            alternative: 0,
            attempts: 0,
            call: None,
            answer: None,
            completed: None,
            undo: Undo::Nothing,
            undoing: Undoing::Idle,
            undo_attempts: 0,
            undo_call: None,
        }
    }
}

/// Evaluates an expression; a failure is one of the step, in words.
pub(super) fn evaluate(expr: &Expr, env: &dyn Env) -> Result<Value, Failure> {
    eval(expr, env).map_err(|error| Failure::new(error.to_string()))
}

fn holds(condition: &Expr, env: &dyn Env) -> Result<bool, Failure> {
    Ok(evaluate(condition, env)? == Value::Bool(true))
}

/// Evaluates arguments.
pub(super) fn record(arguments: &[(String, Expr)], env: &dyn Env) -> Result<Record, Failure> {
    let mut fields = Vec::with_capacity(arguments.len());
    for (name, argument) in arguments {
        fields.push((Arc::from(name.as_str()), evaluate(argument, env)?));
    }
    Ok(Record::new(fields))
}

/// Whether a statement, or one in it, goes by this name.
fn binds(node: &Node, wanted: &str) -> bool {
    let any = |nodes: &[Node]| nodes.iter().any(|node| binds(node, wanted));
    match &node.kind {
        NodeKind::Step(step) => step.name == wanted,
        NodeKind::Approval { name, .. } => name == wanted,
        NodeKind::If { arms, otherwise } => arms.iter().any(|(_, body)| any(body)) || any(otherwise),
        NodeKind::Parallel { branches: body } | NodeKind::For { body, .. } => any(body),
        _ => false,
    }
}

fn said_of(label: &str, failure: &Failure) -> String {
    format!("step `{label}`: {}", failure.message)
}
