//! Workflows: what each step may be refused, what undoes it and who allows that, and what the worst path takes.

use super::atom::Unsplit;
use super::bounds;
use super::capability::undo_duties;
use super::failures::Failures;
use super::fits::Known;
use super::outcome::Reader;
use super::policy::Rules;
use super::things::Things;
use super::{Duty, Row, Sight, Thing};
use crate::model::{
    Action, Approval, Call, Capability, Compensation, Decision, Effect, Escalation, Idempotency, Node, NodeKind,
    Package, ROLLBACK, Step, Table, Target, Workflow,
};
use crate::types::{Risk, Schema, Type};
use foldhash::fast::FixedState;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// The deepest nesting of workflows that is looked into.
const DEEPEST: usize = 16;

/// What has to be proved of a workflow: of each step with something to prove, in the order of the source, and of the whole.
pub(super) fn things<'p>(things: &'p Things<'p>, workflow: &'p Workflow) -> Vec<Thing<'p>> {
    let known = Known::of(&workflow.params);
    let (rulings, failures) = (RefCell::default(), Failures::default());
    let mut steps = Steps { things, workflow, known, rulings, failures, found: Vec::new() };
    steps.known.add("context", &things.package.context);
    steps.block(&workflow.body, &[], true);
    let mut found = steps.found;
    found.push(whole(things, workflow));
    found
}

/// The capabilities that workflows call.
pub(super) fn called(package: &Package) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for workflow in &package.workflows {
        each_step(&workflow.body, &mut |step| found.extend(calls(step).map(|call| call.capability.as_str())));
    }
    found
}

/// Visits every step of a body.
pub(super) fn each_step<'p>(body: &'p [Node], visit: &mut impl FnMut(&'p Step)) {
    for node in body {
        match &node.kind {
            NodeKind::Step(step) => visit(step),
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| each_step(body, visit));
                each_step(otherwise, visit);
            }
            NodeKind::Parallel { branches } => each_step(branches, visit),
            NodeKind::For { body, .. } => each_step(body, visit),
            _ => {}
        }
    }
}

/// The calls that a step may make: its own and those in its stead.
pub(super) fn calls(step: &Step) -> impl Iterator<Item = &Call> {
    let own = match &step.target {
        Target::Call(call) => Some(call),
        Target::Run { .. } => None,
    };
    own.into_iter().chain(&step.fallbacks)
}

/// What may be decided of a call, whatever its input.
pub(super) struct Ruling<'p> {
    /// The actions that may decide, each with its rule's place from 0.
    pub acts: Vec<(Option<usize>, &'p Action)>,
    /// Whether a table of the capability may have no row, or a condition that cannot be evaluated.
    pub unsettled: bool,
    /// The risks that there may be.
    pub risks: Vec<Risk>,
    /// What the capability itself may want approved, and whether it always wants an approval.
    pub own: (Vec<&'p Approval>, bool),
    /// Whether the effect may be one.
    pub effect: bool,
}

/// What may be decided of a call by a principal.
pub(super) fn ruling<'r>(
    things: &Things<'_>,
    rules: &'r Rules<'_>,
    principal: &str,
    capability: &'r Capability,
) -> Ruling<'r> {
    let package = rules.package;
    let mut cell = things.start(capability).into_owned();
    cell.set("principal.id", super::cell::Domain::text(principal));
    if principal == ROLLBACK {
        // Nobody asserts roles of it.
        for role in &package.roles {
            cell.turned_out.insert(format!("role:{}", role.name), false);
        }
    }
    let reader = Reader::new(&cell, capability);
    let (risks, no_risk) = reader.possible(&capability.risk, &mut Unsplit);
    let (effects, no_effect) = reader.possible(&capability.effect, &mut Unsplit);
    let (own, no_row) = reader.possible(&capability.approval, &mut Unsplit);
    let fails = reader.fails(&capability.approval, &mut Unsplit);
    let always = !no_row && !own.is_empty() && own.iter().all(|row| row.is_some());
    Ruling {
        acts: reader.deciding(package, rules.policy, rules.about(&capability.id).iter().copied(), &mut Unsplit),
        unsettled: no_risk || no_effect || fails,
        risks: risks.into_iter().copied().collect(),
        own: (own.into_iter().filter_map(Option::as_ref).collect(), always),
        effect: effects.iter().any(|effect| **effect != Effect::None),
    }
}

impl Ruling<'_> {
    /// Whether the call is never refused.
    fn passes(&self) -> bool {
        !self.unsettled && self.acts.iter().all(|(_, action)| action.decision() != Decision::Deny)
    }

    /// Whether the call is always made without a human.
    fn is_free(&self) -> bool {
        !self.unsettled
            && self.own.0.is_empty()
            && self.acts.iter().all(|(_, action)| action.decision() == Decision::Allow)
    }

    /// Whether no call of a risk of at least this is made without a human.
    pub fn asks_from(&self, rules: &Rules<'_>, principal: &str, level: Risk) -> bool {
        let escalates = |risk: &Risk| match &rules.policy.escalation {
            Escalation::AtLeast { level, .. } => risk >= level && principal != ROLLBACK,
            Escalation::Never { .. } => false,
        };
        let allows = self.acts.iter().any(|(_, action)| action.decision() == Decision::Allow);
        !allows || self.own.1 || self.risks.iter().filter(|risk| **risk >= level).all(escalates)
    }
}

struct Steps<'p> {
    things: &'p Things<'p>,
    workflow: &'p Workflow,
    known: Known,
    /// By policy, principal and capability.
    rulings: RefCell<HashMap<[&'p str; 3], Rc<Ruling<'p>>, FixedState>>,
    failures: Failures,
    found: Vec<Thing<'p>>,
}

impl<'p> Steps<'p> {
    /// What [`ruling`] says; most of it is asked again and again.
    fn ruling(&self, rules: &'p Rules<'p>, principal: &'p str, capability: &'p Capability) -> Rc<Ruling<'p>> {
        let key = [rules.policy.name.as_str(), principal, capability.id.as_str()];
        let mut known = self.rulings.borrow_mut();
        Rc::clone(known.entry(key).or_insert_with(|| Rc::new(ruling(self.things, rules, principal, capability))))
    }

    /// Goes through a block. `after` is what can fail after it; `sure` is whether it is always come to.
    fn block(&mut self, body: &'p [Node], after: &[u32], sure: bool) {
        let package = self.things.package;
        let own: Vec<Vec<u32>> =
            body.iter().map(|node| self.failures.of(package, std::slice::from_ref(node))).collect();
        for (index, node) in body.iter().enumerate() {
            let rest = own.get(index + 1..).unwrap_or_default().iter().flatten();
            let later = self.failures.distinct(rest.chain(after).copied());
            match &node.kind {
                NodeKind::Step(step) => {
                    self.step(step, &later);
                    if sure && !step.continues_on_failure {
                        self.bind(step);
                    }
                }
                NodeKind::If { arms, otherwise } => {
                    arms.iter().for_each(|(_, body)| self.block(body, &later, false));
                    self.block(otherwise, &later, false);
                }
                NodeKind::Parallel { branches } => {
                    for (own, branch) in branches.iter().enumerate() {
                        let mut beside = later.clone();
                        let others = branches.iter().enumerate().filter(|(other, _)| *other != own);
                        others.for_each(|(_, other)| {
                            beside.extend(self.failures.of(package, std::slice::from_ref(other)));
                        });
                        beside.dedup();
                        self.block(std::slice::from_ref(branch), &beside, false);
                    }
                }
                NodeKind::For { body, .. } => {
                    let again = self.failures.of(package, body);
                    let all = self.failures.distinct(again.iter().chain(&later).copied());
                    self.block(body, &all, false);
                }
                _ => {}
            }
        }
    }

    fn bind(&mut self, step: &Step) {
        let package = self.things.package;
        let output = match &step.target {
            Target::Call(call) => package.capability(&call.capability).map(|one| one.output.clone()),
            Target::Run { workflow, .. } => package.workflow(workflow).and_then(|one| match &one.returns {
                Some(Schema { ty: Type::Record(fields), .. }) => Some(fields.clone()),
                _ => None,
            }),
        };
        let shared = step.fallbacks.iter().fold(output, |shared, call| {
            let other = package.capability(&call.capability)?;
            shared.map(|shared| shared.shared_with(&other.output))
        });
        if let Some(fields) = shared {
            self.known.add(&step.name, &fields);
        }
    }

    fn step(&mut self, step: &'p Step, failures: &[u32]) {
        let mut duties = Vec::new();
        let mut undone = Vec::new();
        let mut add = |code: &'static str, holds: bool| {
            duties.push(Duty { code, sight: if holds { Sight::Holds } else { Sight::Open } });
        };
        let package = self.things.package;
        let rules = self.things.rules(&self.workflow.policy);
        match (&step.target, rules) {
            (Target::Call(_), None) => add("G1301", false),
            (Target::Call(_), Some(rules)) => {
                let judged: Vec<_> = calls(step)
                    .filter_map(|call| package.capability(&call.capability).map(|capability| (call, capability)))
                    .map(|(call, capability)| (call, capability, self.ruling(rules, &step.principal, capability)))
                    .collect();
                add("G1301", judged.iter().all(|(_, _, ruling)| ruling.passes()));
                add(
                    "G1302",
                    judged
                        .iter()
                        .all(|(call, capability, _)| self.known.meets(&call.arguments, &capability.input, false)),
                );
                let off = matches!(rules.policy.escalation, Escalation::Never { .. });
                let asked = judged.iter().all(|(_, _, one)| one.asks_from(rules, &step.principal, Risk::High));
                add("G1305", off || asked);
            }
            (Target::Run { workflow, arguments, .. }, _) => {
                let params = package.workflow(workflow).map(|one| &one.params);
                add("G1302", params.is_some_and(|params| self.known.meets(arguments, params, false)));
            }
        }
        let mut effects = Vec::new();
        self.effects(self.workflow, step, &mut effects, 0);
        if !effects.is_empty() {
            let has_undo = effects.iter().any(|effect| effect.undos.iter().any(|row| automatic(row).is_some()));
            add("G1101", effects.iter().all(|effect| effect.always_undone));
            if has_undo {
                add("G1102", effects.iter().all(|effect| effect.arguments));
                add("G1103", effects.iter().all(|effect| effect.allowed));
            }
            if matches!(step.target, Target::Call(_)) {
                let told = |effect: &&Done<'_>| effect.capability.idempotency != Idempotency::No;
                add("G1106", effects.iter().all(|effect| told(&effect)));
            }
            let failures = self.failures.texts(failures);
            undone = effects.iter().flat_map(|effect| effect.table(&failures)).collect();
        }
        if let Some(table) = &step.compensation {
            undo_duties(package, table, &mut duties);
        }
        self.found.push(Thing {
            on: format!("step {} {}", self.workflow.name, step.name),
            duties,
            classes: None,
            shows: None,
            undone,
            worst: Vec::new(),
        });
    }

    /// The calls with an effect that a step may make, those of workflows that it runs included.
    fn effects(&self, workflow: &'p Workflow, step: &'p Step, found: &mut Vec<Done<'p>>, depth: usize) {
        let package = self.things.package;
        let Some(rules) = self.things.rules(&workflow.policy) else { return };
        for call in calls(step) {
            let Some(capability) = package.capability(&call.capability) else { continue };
            if self.ruling(rules, &step.principal, capability).effect {
                found.push(self.done(rules, step, capability));
            }
        }
        if let Target::Run { workflow, .. } = &step.target
            && let Some(workflow) = package.workflow(workflow)
            && depth < DEEPEST
        {
            each_step(&workflow.body, &mut |step| self.effects(workflow, step, found, depth + 1));
        }
    }

    /// What undoes a call.
    fn done(&self, rules: &'p Rules<'p>, step: &'p Step, capability: &'p Capability) -> Done<'p> {
        let package = rules.package;
        let (undos, open) = match &step.compensation {
            Some(table) => every_row(table),
            None => {
                let cell = self.things.start(capability);
                Reader::new(&cell, capability).possible(&capability.compensation, &mut Unsplit)
            }
        };
        // A step's own undo reads what the workflow knows, which is not looked into here.
        let mut known = Known::default();
        if step.compensation.is_none() {
            known = Known::of(&capability.input);
            known.add("output", &capability.output);
        }
        let (mut arguments, mut allowed, mut decided_by) = (true, true, Vec::new());
        for call in undos.iter().filter_map(|undo| automatic(undo)) {
            let Some(undo) = package.capability(&call.capability) else { continue };
            arguments &= known.meets(&call.arguments, &undo.input, true);
            let ruling = self.ruling(rules, ROLLBACK, undo);
            allowed &= ruling.is_free();
            for (by, action) in &ruling.acts {
                let decision = match action.decision() {
                    Decision::Allow => "allow",
                    Decision::Deny => "deny",
                    Decision::Approval => "approval",
                };
                let line = format!("{decision} by {}", rules.by(*by));
                if !decided_by.contains(&line) {
                    decided_by.push(line);
                }
            }
        }
        let always_undone = !open && undos.iter().all(|undo| automatic(undo).is_some());
        Done { capability, undos, always_undone, arguments, allowed, decided_by }
    }
}

/// A call with an effect, and what undoes it.
struct Done<'p> {
    capability: &'p Capability,
    undos: Vec<&'p Compensation>,
    always_undone: bool,
    arguments: bool,
    allowed: bool,
    decided_by: Vec<String>,
}

impl<'p> Done<'p> {
    fn table(&self, failures: &Arc<[Arc<str>]>) -> Vec<Row<'p>> {
        let row = |undo: &&'p Compensation| Row {
            call: &self.capability.id,
            by: match undo {
                Compensation::Automatic(call) => &call.capability,
                Compensation::Manual(_) => "a human",
                Compensation::None(_) | Compensation::NotNeeded => "nothing",
            },
            decided_by: if automatic(undo).is_some() { self.decided_by.clone() } else { Vec::new() },
            failures: Arc::clone(failures),
        };
        self.undos.iter().map(row).collect()
    }
}

fn automatic(compensation: &Compensation) -> Option<&Call> {
    match compensation {
        Compensation::Automatic(call) => Some(call),
        _ => None,
    }
}

/// All rows of a table, and whether none may apply.
fn every_row<V>(table: &Table<V>) -> (Vec<&V>, bool) {
    let always = table.rows.iter().any(|row| row.when.is_none());
    (table.rows.iter().map(|row| &row.value).collect(), !always)
}

fn whole<'p>(things: &Things<'p>, workflow: &'p Workflow) -> Thing<'p> {
    let mut duties = vec![Duty { code: "G1303", sight: Sight::Open }];
    let mut worst = Vec::new();
    let budget = &workflow.budget;
    if budget.money.is_some() || budget.calls.is_some() || budget.time.is_some() {
        let (kept, table) = bounds::within(things, workflow);
        worst = table;
        duties.push(Duty { code: "G1304", sight: if kept { Sight::Holds } else { Sight::Open } });
    }
    if runs_at_once(&workflow.body) {
        duties.push(Duty { code: "G1306", sight: Sight::Open });
        duties.push(Duty { code: "G1107", sight: Sight::Open });
    }
    Thing { on: format!("workflow {}", workflow.name), duties, classes: None, shows: None, undone: Vec::new(), worst }
}

/// Whether some statements run at once.
pub(super) fn runs_at_once(body: &[Node]) -> bool {
    body.iter().any(|node| match &node.kind {
        NodeKind::Parallel { .. } | NodeKind::For { parallel: true, .. } => true,
        NodeKind::For { body, .. } => runs_at_once(body),
        NodeKind::If { arms, otherwise } => arms.iter().any(|(_, body)| runs_at_once(body)) || runs_at_once(otherwise),
        _ => false,
    })
}
