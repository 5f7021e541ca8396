//! Every execution of a small workflow: all inputs, all outcomes, all orders of what runs at once.

use super::act::{Choices, Turn};
use super::state::{Called, End, NotCalled, Path, State, What};
use super::undo::NotUndone;
use super::{Walk, World};
use gov_plan::model::{Idempotency, Node, NodeKind, Package, Workflow};
use gov_plan::types::{Currency, Fields, Risk, Schema, Type};
use gov_plan::value::{Record, Value, admit};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What can happen in some execution.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Steps that stay done, why, and whether that concerns the workflow itself and not one nested workflow alone.
    pub left: BTreeSet<(String, String, bool)>,
    /// Calls that are refused, by step and alternative, with the context and whether roles are asserted.
    pub refused: BTreeSet<(String, usize, String)>,
    /// Calls that pass the gate.
    pub passed: BTreeSet<(String, usize, String)>,
    /// Calls, and runs, whose arguments break a refinement.
    pub broken: BTreeSet<(String, usize)>,
    /// Calls, and runs, whose arguments are taken.
    pub taken: BTreeSet<(String, usize)>,
    /// Calls of high risk that nobody approved.
    pub bare: BTreeSet<(String, usize)>,
    /// Where statements begin that are reached.
    pub reached: BTreeSet<u32>,
    /// Checks that hold, and that fail.
    pub held: BTreeSet<u32>,
    pub failed: BTreeSet<u32>,
    /// The most that an execution takes.
    pub calls: u64,
    pub calls_of: BTreeMap<String, u64>,
    pub money: i128,
    pub time: i64,
    /// The second was called, and the first had not been called with success before.
    pub without: BTreeSet<(String, String)>,
    /// Called, and no human approved before.
    pub unapproved: BTreeSet<String>,
    /// An undo ran that may fail for good.
    pub uncertain_undo: bool,
    /// Calls with an effect that cannot be told after a crash.
    pub in_doubt: BTreeSet<String>,
}

/// Everything may happen.
struct Anything;

impl Choices for Anything {
    fn outputs(&self, _: &Path, _: usize, output: &Fields) -> Vec<Record> {
        records(output)
    }

    fn answer(&self, _: &Path) -> Value {
        let time = Value::time(0).unwrap();
        Value::record([("by", Value::string("user:h")), ("at", time), ("comment", Value::string(""))])
    }

    fn may(&self, _: &Path, _: Turn) -> bool {
        true
    }

    fn late(&self, _: &Path) -> Option<Path> {
        None
    }
}

/// Walks every execution; nothing where there are more states than `most`.
pub(crate) fn explore(package: &Package, workflow: &Workflow, currency: Currency, most: usize) -> Option<Facts> {
    let mut facts = Facts::default();
    let mut states = 0;
    let roles: Vec<&str> = package.roles.iter().map(|role| role.name.as_str()).collect();
    for params in records(&workflow.params) {
        for context in records(&package.context) {
            for mask in 0..1_usize << roles.len() {
                let own = roles.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
                let asserted = own.map(|(_, role)| (workflow.principal.clone(), (*role).to_owned())).collect();
                let world = World { params: params.clone(), context: context.clone(), asserted, tenant: None };
                let walk = Walk { package, workflow, world: Arc::new(world) };
                let surroundings = format!("{context:?} {mask}");
                let mut open = vec![walk.start()];
                while let Some(state) = open.pop() {
                    states += 1;
                    if states > most {
                        return None;
                    }
                    if state.end.is_some() {
                        facts.note(&walk, &state, &surroundings, currency);
                        continue;
                    }
                    for ready in walk.ready(&state) {
                        if ready.scope.frame.is_empty() {
                            facts.reached.insert(ready.node.at.start);
                        }
                        open.extend(walk.act(&state, &ready, &Anything));
                    }
                }
            }
        }
    }
    Some(facts)
}

impl Facts {
    fn note(&mut self, walk: &Walk<'_>, state: &State<'_>, surroundings: &str, currency: Currency) {
        self.calls = self.calls.max(state.calls());
        self.money = self.money.max(state.money(currency).units());
        self.time = self.time.max(walk.time(state));
        for capability in &walk.package.capabilities {
            let calls = self.calls_of.entry(capability.id.clone()).or_default();
            *calls = (*calls).max(state.calls_of(capability));
        }
        let runs: Vec<&Path> = state
            .trace
            .iter()
            .filter(|event| matches!(event.what, What::Ran | What::RunFailed(_)))
            .map(|event| &event.path)
            .chain(
                state
                    .open
                    .iter()
                    .filter(|(_, open)| matches!(open, super::state::Open::Running { .. }))
                    .map(|(path, _)| path),
            )
            .collect();
        let mut failure: Path = Path::new();
        for (index, event) in state.trace.iter().enumerate() {
            let own = event.workflow.name == walk.workflow.name;
            let name = step_name(event.node);
            match &event.what {
                What::Called(called) => {
                    self.called(walk, state, index, &name, called, own);
                    if own {
                        self.passed.insert((name.clone(), called.alternative, surroundings.to_owned()));
                        self.taken.insert((name, called.alternative));
                    }
                    if !called.succeeded {
                        failure = event.path.clone();
                    }
                }
                What::NotCalled { alternative, why, .. } => {
                    failure = event.path.clone();
                    let key = (name.clone(), *alternative);
                    match why {
                        NotCalled::Refused(_) if own => {
                            self.refused.insert((name, *alternative, surroundings.to_owned()));
                            self.taken.insert(key);
                        }
                        NotCalled::TurnedDown(_) if own => {
                            self.passed.insert((name, *alternative, surroundings.to_owned()));
                            self.taken.insert(key);
                        }
                        NotCalled::Refinement(_) if own => {
                            self.broken.insert(key);
                        }
                        _ => {}
                    }
                }
                What::Ran if own => {
                    self.taken.insert((name, 0));
                }
                What::RunFailed(_) if own => {
                    self.taken.insert((name, 0));
                }
                What::Failed(_) => {
                    failure = event.path.clone();
                    if own {
                        self.failed.insert(event.node.at.start);
                    }
                }
                What::Passed if own => {
                    self.held.insert(event.node.at.start);
                }
                What::Cancelled(_) | What::TurnedDown(_) => failure = event.path.clone(),
                What::Undone { capability, .. } => {
                    let undo = walk.package.capability(capability).unwrap();
                    let sure = undo.retry.attempts.is_none()
                        && !undo.retry.on_transient
                        && undo.idempotency != Idempotency::No;
                    self.uncertain_undo |= !sure;
                    self.ordered(state, index, capability);
                    let approved = state.trace[..index].iter().any(|earlier| match &earlier.what {
                        What::Approved(_) => true,
                        What::Called(called) => earlier.path == event.path && called.approved,
                        _ => false,
                    });
                    if !approved {
                        self.unapproved.insert(capability.clone());
                    }
                }
                What::LeftDone { why, .. } => {
                    let outermost = runs.iter().filter(|run| event.path.starts_with(run)).min_by_key(|run| run.len());
                    let within = outermost.is_some_and(|run| failure.starts_with(run));
                    let why = match why {
                        NotUndone::NotAutomatic => "G1101",
                        NotUndone::Arguments(_) => "G1102",
                        NotUndone::Refused | NotUndone::Asked => "G1103",
                    };
                    // A finding about a nested workflow's step is about the step that runs it.
                    let name = match outermost {
                        Some(run) => outer_name(walk.workflow, run),
                        None => name,
                    };
                    self.left.insert((name, why.to_owned(), !within));
                }
                _ => {}
            }
        }
        assert!(matches!(state.end, Some(End::Completed(_) | End::Failed(_))));
    }

    fn called(&mut self, walk: &Walk<'_>, state: &State<'_>, index: usize, name: &str, called: &Called, own: bool) {
        self.ordered(state, index, &called.capability);
        if !called.approved && called.approvals == 0 {
            self.unapproved.insert(called.capability.clone());
            if called.risk >= Risk::High && own {
                self.bare.insert((name.to_owned(), called.alternative));
            }
        }
        let capability = walk.package.capability(&called.capability).unwrap();
        if own && capability.idempotency == Idempotency::No && called.has_effect {
            self.in_doubt.insert(called.capability.clone());
        }
    }

    /// Notes what had not been called with success when a capability was called.
    fn ordered(&mut self, state: &State<'_>, index: usize, second: &str) {
        let before: BTreeSet<&str> = state.trace[..index]
            .iter()
            .filter_map(|event| match &event.what {
                What::Called(called) if called.succeeded => Some(called.capability.as_str()),
                _ => None,
            })
            .collect();
        for first in ["k.a", "k.b", "k.c"] {
            if !before.contains(first) {
                self.without.insert((first.to_owned(), second.to_owned()));
            }
        }
    }
}

fn step_name(node: &Node) -> String {
    match &node.kind {
        NodeKind::Step(step) => step.name.clone(),
        _ => String::new(),
    }
}

/// The name of the step at a path of the workflow itself.
fn outer_name(workflow: &Workflow, path: &Path) -> String {
    let mut nodes: &[Node] = &workflow.body;
    let mut at = path.iter();
    let mut node = &nodes[*at.next().unwrap()];
    while let (Some(slot), Some(index)) = (at.next(), at.next()) {
        nodes = match &node.kind {
            NodeKind::If { arms, otherwise } => arms.get(*slot).map_or(otherwise, |(_, arm)| arm),
            NodeKind::Parallel { branches } => &branches[*slot..=*slot],
            NodeKind::For { body, .. } => body,
            _ => nodes,
        };
        node = &nodes[*index];
    }
    step_name(node)
}

/// Every record of these fields.
fn records(fields: &Fields) -> Vec<Record> {
    let mut all: Vec<Vec<(Arc<str>, Value)>> = vec![Vec::new()];
    for field in fields.iter() {
        let values = values(&field.schema);
        let longer = all.iter().flat_map(|record| {
            values.iter().map(|value| {
                let mut record = record.clone();
                record.push((field.name.as_str().into(), value.clone()));
                record
            })
        });
        all = longer.collect();
    }
    all.into_iter().map(Record::new).collect()
}

/// Every value of a type that the tests use, whose refinements make it finite.
fn values(schema: &Schema) -> Vec<Value> {
    let mut found = match &schema.ty {
        Type::Bool => vec![Value::Bool(false), Value::Bool(true)],
        Type::Int => (-1..=3).map(Value::Int).collect(),
        Type::Union(members) => members.iter().map(|member| Value::string(member)).collect(),
        Type::Record(fields) => records(fields).into_iter().map(Value::Record).collect(),
        Type::List(element) => {
            let each = values(element);
            let mut all = vec![Vec::new()];
            let mut last: Vec<Vec<Value>> = vec![Vec::new()];
            for _ in 0..3 {
                last = last
                    .iter()
                    .flat_map(|list| each.iter().map(|value| [list.clone(), vec![value.clone()]].concat()))
                    .collect();
                all.extend(last.clone());
            }
            all.into_iter().map(Value::list).collect()
        }
        other => panic!("`{other}` is not finite"),
    };
    found.retain(|value| admit(schema, value, &|_, _| false).is_ok());
    if schema.optional {
        found.push(Value::Absent);
    }
    found
}
