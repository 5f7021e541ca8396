//! How far an execution is, and what is ready in it.

use super::Walk;
use super::undo::Done;
use gov_plan::eval::{Env, EvalError, eval};
use gov_plan::expr::Expr;
use gov_plan::model::{Cost, Node, NodeKind, Target, Workflow};
use gov_plan::types::Risk;
use gov_plan::value::{Record, Value};
use std::collections::BTreeMap;

/// Where a statement stands in an execution: its index, and below it the number of the block and the index in it, and so on.
/// The block's number is that of the arm, the branch or the round.
pub(crate) type Path = Vec<usize>;

/// How far an execution is.
#[derive(Debug, Clone, Default)]
pub(crate) struct State<'m> {
    /// The statements without inner ones that have ended, and the steps.
    pub ended: Vec<Path>,
    /// The statements with inner ones, or with several attempts, that have begun.
    pub open: BTreeMap<Path, Open<'m>>,
    /// What is bound, by frame or round.
    pub names: BTreeMap<Path, BTreeMap<&'m str, Value>>,
    /// The frames that have returned.
    pub returned: BTreeMap<Path, Value>,
    /// The calls that have succeeded and are not undone, in the order of their ends.
    pub done: Vec<Done<'m>>,
    /// How many approvals were given.
    pub approvals: u32,
    /// What has happened, in order.
    pub trace: Vec<Event<'m>>,
    /// What has failed, while calls of other branches are on their way.
    pub failing: Option<Failing<'m>>,
    /// How it ended, if it has.
    pub end: Option<End>,
}

/// A failure that waits for what is on its way.
#[derive(Debug, Clone)]
pub(crate) struct Failing<'m> {
    /// Where it failed, and in which frame.
    pub at: Path,
    pub frame: Path,
    /// The calls of other branches that may have begun.
    pub flying: Vec<Ready<'m>>,
}

/// A statement that has begun.
#[derive(Debug, Clone)]
pub(crate) enum Open<'m> {
    /// `if`: the arm that was taken.
    Arm(usize),
    /// `for`: the elements.
    Rounds(Vec<Value>),
    /// A step: the alternative that is tried next, from 1 where fallbacks begin.
    Alternative(usize),
    /// A step that runs a workflow.
    Running {
        arguments: Record,
        /// The step.
        node: &'m Node,
        /// Where the step stands.
        caller: Scope<'m>,
    },
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    Completed(Value),
    /// At this statement.
    Failed(Path),
}

/// Something that happened at a statement.
#[derive(Debug, Clone)]
pub(crate) struct Event<'m> {
    pub path: Path,
    pub node: &'m Node,
    pub workflow: &'m Workflow,
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// A capability was called, with or without success.
    Called(Called),
    /// A call was not made, and why.
    NotCalled {
        alternative: usize,
        capability: String,
        why: NotCalled,
    },
    /// A workflow was run to its end.
    Ran,
    /// A nested workflow failed; with how long it took, and its rollback too where what runs it goes on.
    RunFailed(i64),
    /// A check, a condition, a list, a value or a duration that ended the workflow; with the failure of its evaluation.
    Failed(Option<String>),
    /// A check that held, a value that was bound, a branch that was taken.
    Passed,
    /// With how long it may have taken, as with the next three.
    Approved(i64),
    TurnedDown(i64),
    Waited(i64),
    Cancelled(i64),
    /// The deadline has come.
    Late,
    Returned,
    /// A call was undone by this call.
    Undone {
        capability: String,
        spent: Spent,
    },
    /// A call was not undone, and why.
    LeftDone {
        capability: String,
        why: super::undo::NotUndone,
    },
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Called {
    /// 0, or the number of the fallback.
    pub alternative: usize,
    pub capability: String,
    pub principal: String,
    pub succeeded: bool,
    /// What it gave, where it succeeded.
    pub output: Option<Record>,
    /// Whether a human approved this call.
    pub approved: bool,
    /// How many approvals were given before it.
    pub approvals: u32,
    pub risk: Risk,
    /// Whether it does anything to the world.
    pub has_effect: bool,
    pub spent: Spent,
}

/// What a call may take at most, every attempt counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spent {
    /// The most attempts; none where it is tried until it succeeds.
    pub attempts: Option<u32>,
    /// What one attempt costs.
    pub cost: Option<Cost>,
    /// How long all attempts, the pauses between them and the approval before may take, in milliseconds.
    pub time: i64,
}

/// Why a call was not made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NotCalled {
    /// Its arguments could not be evaluated.
    Arguments(String),
    /// Its arguments break a refinement.
    Refinement(String),
    /// The policy refuses it; the rule's place from 1, or none for the default or a failure.
    Refused(Option<u32>),
    /// The approval was turned down, or came late: with how long that may have taken.
    TurnedDown(i64),
}

/// A statement that may happen next.
#[derive(Debug, Clone)]
pub(crate) struct Ready<'m> {
    pub path: Path,
    pub node: &'m Node,
    pub scope: Scope<'m>,
}

/// Where names are looked up and bound.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'m> {
    /// The path of the step that runs the workflow; empty for the outermost.
    pub frame: Path,
    pub workflow: &'m Workflow,
    /// The frame or the innermost round.
    pub prefix: Path,
}

/// What a block or a statement still has to do.
enum Scan<'m> {
    Ended,
    Ready(Vec<Ready<'m>>),
}

impl<'m> Walk<'m> {
    /// What may happen next; nothing where the execution has ended. A body that came to its end gives a completed state.
    pub fn ready(&self, state: &State<'m>) -> Vec<Ready<'m>> {
        if let Some(failing) = &state.failing {
            return failing.flying.last().cloned().into_iter().collect();
        }
        if state.end.is_some() || state.returned.contains_key(&Path::new()) {
            return Vec::new();
        }
        let scope = Scope { frame: Path::new(), workflow: self.workflow, prefix: Path::new() };
        match self.block(state, &self.workflow.body, &Path::new(), &scope) {
            Scan::Ended => Vec::new(),
            Scan::Ready(ready) => ready,
        }
    }

    fn block(&self, state: &State<'m>, nodes: &'m [Node], base: &Path, scope: &Scope<'m>) -> Scan<'m> {
        for (index, node) in nodes.iter().enumerate() {
            let mut path = base.clone();
            path.push(index);
            match self.statement(state, node, path, scope) {
                Scan::Ended => {}
                ready => return ready,
            }
        }
        Scan::Ended
    }

    fn statement(&self, state: &State<'m>, node: &'m Node, path: Path, scope: &Scope<'m>) -> Scan<'m> {
        if state.ended.contains(&path) {
            return Scan::Ended;
        }
        let inner = |slot: usize| path.iter().copied().chain([slot]).collect::<Path>();
        match (&node.kind, state.open.get(&path)) {
            (NodeKind::If { arms, otherwise }, Some(Open::Arm(arm))) => {
                let body = arms.get(*arm).map_or(otherwise, |(_, body)| body);
                self.block(state, body, &inner(*arm), scope)
            }
            (NodeKind::Parallel { branches }, _) => {
                let scans = branches.iter().enumerate().map(|(index, branch)| {
                    let mut path = inner(index);
                    path.push(0);
                    self.statement(state, branch, path, scope)
                });
                all(scans, |ready| self.unblocked(state, branches, &path, ready))
            }
            (NodeKind::For { parallel, body, .. }, Some(Open::Rounds(elements))) => {
                let round = |index: usize| {
                    let prefix = inner(index);
                    self.block(state, body, &prefix, &Scope { prefix: prefix.clone(), ..scope.clone() })
                };
                if *parallel {
                    return all((0..elements.len()).map(round), |_| true);
                }
                let mut rounds = (0..elements.len()).map(round);
                rounds.find(|scan| matches!(scan, Scan::Ready(_))).unwrap_or(Scan::Ended)
            }
            (NodeKind::Step(step), Some(Open::Running { .. })) => {
                let Target::Run { workflow, .. } = &step.target else { return Scan::Ended };
                let Some(workflow) = self.package.workflow(workflow) else { return Scan::Ended };
                let here = Ready { path: path.clone(), node, scope: scope.clone() };
                if state.returned.contains_key(&path) {
                    return Scan::Ready(vec![here]);
                }
                let scope = Scope { frame: path.clone(), workflow, prefix: path.clone() };
                match self.block(state, &workflow.body, &inner(0), &scope) {
                    Scan::Ended => Scan::Ready(vec![here]),
                    ready => ready,
                }
            }
            _ => Scan::Ready(vec![Ready { path, node, scope: scope.clone() }]),
        }
    }

    /// Whether everything that `after` names has ended.
    fn unblocked(&self, state: &State<'m>, branches: &'m [Node], parallel: &Path, ready: &Ready<'m>) -> bool {
        let NodeKind::Step(step) = &ready.node.kind else { return true };
        step.after.iter().all(|name| {
            let named = branches.iter().enumerate().find(|(_, branch)| binds(branch, name));
            named.is_none_or(|(index, branch)| {
                let path = parallel.iter().copied().chain([index, 0]).collect();
                matches!(self.statement(state, branch, path, &ready.scope), Scan::Ended)
            })
        })
    }

    /// Evaluates an expression of the workflow.
    pub fn evaluate(&self, state: &State<'m>, scope: &Scope<'m>, expr: &Expr) -> Result<Value, EvalError> {
        eval(expr, &Names { walk: self, state, scope })
    }
}

impl<'m> State<'m> {
    /// Binds a name.
    pub fn bind(&mut self, scope: &Scope<'m>, name: &'m str, value: Value) {
        self.names.entry(scope.prefix.clone()).or_default().insert(name, value);
    }

    /// Forgets everything at and below a statement.
    pub fn forget(&mut self, path: &Path) {
        self.ended.retain(|other| !other.starts_with(path));
        self.open.retain(|other, _| !other.starts_with(path));
        self.names.retain(|other, _| !other.starts_with(path));
        self.returned.retain(|other, _| !other.starts_with(path));
    }
}

/// Whether a statement binds this name itself.
pub(super) fn binds(node: &Node, wanted: &str) -> bool {
    match &node.kind {
        NodeKind::Step(step) => step.name == wanted,
        NodeKind::Approval { name, .. } | NodeKind::Let { name, .. } => name == wanted,
        _ => false,
    }
}

fn all<'m>(scans: impl Iterator<Item = Scan<'m>>, unblocked: impl Fn(&Ready<'m>) -> bool) -> Scan<'m> {
    let mut open = false;
    let mut found = Vec::new();
    for scan in scans {
        if let Scan::Ready(ready) = scan {
            open = true;
            found.extend(ready.into_iter().filter(|ready| unblocked(ready)));
        }
    }
    if open { Scan::Ready(found) } else { Scan::Ended }
}

/// The names of a scope.
struct Names<'w, 'm> {
    walk: &'w Walk<'m>,
    state: &'w State<'m>,
    scope: &'w Scope<'m>,
}

impl Env for Names<'_, '_> {
    fn get(&self, name: &str) -> Option<Value> {
        let depths = (self.scope.frame.len()..=self.scope.prefix.len()).rev();
        let bound = depths.filter_map(|depth| self.state.names.get(self.scope.prefix.get(..depth)?)?.get(name)).next();
        if let Some(value) = bound {
            return Some(value.clone());
        }
        if name == "context" {
            return Some(Value::Record(self.walk.world.context.clone()));
        }
        let params = match self.state.open.get(&self.scope.frame) {
            Some(Open::Running { arguments, .. }) => arguments,
            _ => &self.walk.world.params,
        };
        // What was not bound on this path is absent: the types see to it that nothing else is asked for.
        Some(params.get(name).cloned().unwrap_or(Value::Absent))
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        self.walk.is_member(principal, role)
    }
}
