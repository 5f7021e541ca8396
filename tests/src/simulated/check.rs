//! What has to hold of a run, whatever happened to it.

use super::{Compiled, Lived};
use gov_plan::model::{Effect as Impact, Package};
use gov_plan::value::{Record, read_fields};
use gov_runtime::Plan;
use gov_runtime::core::{
    CallId, Clauses, Command, Effect, EventKind, Outcome, Phase, Place, Roles, Stage, State, Status, Undoing, step,
};
use gov_runtime::host::{Body, Link};
use gov_runtime::replay::first_deviation;
use std::collections::{BTreeMap, BTreeSet};

/// The state at the end of a journal.
pub fn fold(plan: &Plan, links: &[Link]) -> State {
    let events = links.iter().map(|link| link.read().unwrap().entry.event);
    events.fold(State::default(), |state, event| step(plan.package(), state, &event).0)
}

/// What does not hold, in words.
pub fn check(compiled: &Compiled, lived: &Lived) -> Vec<String> {
    let entries: Vec<Body> = lived.links.iter().map(|link| link.read().unwrap()).collect();
    let mut check = Check { compiled, lived, entries, problems: lived.problems.clone() };
    if !check.problems.is_empty() {
        return check.problems;
    }
    check.history();
    check.budgets();
    check.calls();
    check.undo();
    check.end();
    check.problems
}

struct Check<'c> {
    compiled: &'c Compiled,
    lived: &'c Lived,
    entries: Vec<Body>,
    problems: Vec<String>,
}

impl<'c> Check<'c> {
    fn package(&self) -> &'c Package {
        self.compiled.plan.package()
    }

    fn claim(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.problems.push(otherwise());
        }
    }

    /// The calls that were sent, each attempt once.
    fn effects(&self) -> Vec<Effect> {
        let mut sent = BTreeSet::new();
        let commands = self.entries.iter().flat_map(|body| &body.entry.commands);
        let effects = commands.filter_map(|command| match command {
            Command::RunEffect(effect) => Some(&**effect),
            _ => None,
        });
        effects.filter(|effect| sent.insert((effect.step.clone(), effect.attempt))).cloned().collect()
    }

    /// The journal is chained and folds to itself, every state follows lawfully, and an event that is told twice changes
    /// nothing.
    fn history(&mut self) {
        let deviation = first_deviation(&self.compiled.plan, &self.lived.run, &self.lived.links);
        self.claim(deviation.is_none(), || format!("the journal does not fold to itself: {deviation:?}"));
        let package = self.package();
        let (mut state, mut status) = (State::default(), Status::Pending);
        for body in std::mem::take(&mut self.entries) {
            let event = &body.entry.event;
            let (next, commands) = step(package, state, event);
            for command in &commands {
                if let Command::Enter { status: entered } = command {
                    self.claim(status.may_become(*entered), || format!("{status} became {entered}"));
                    status = *entered;
                }
            }
            // A second interruption is another one.
            if !matches!(event.kind, EventKind::Interrupted { .. }) {
                let (again, more) = step(package, next.clone(), event);
                self.claim(again == next && more.is_empty(), || {
                    format!("entry {}: told twice, it does {more:?}", body.entry.sequence)
                });
            }
            state = next;
            self.entries.push(body);
        }
    }

    /// No workflow's forward calls are more than its budget bears, whatever was tried.
    fn budgets(&mut self) {
        let state = &self.lived.state;
        let outcomes: BTreeMap<(CallId, u32), bool> = self
            .entries
            .iter()
            .filter_map(|body| match &body.entry.event.kind {
                EventKind::Outcome { step, attempt, probed: false, outcome } => {
                    Some(((step.clone(), *attempt), !matches!(outcome, Outcome::Err { .. })))
                }
                EventKind::Refused { step, attempt, .. } => Some(((step.clone(), *attempt), false)),
                _ => None,
            })
            .collect();
        let mut calls: BTreeMap<Place, u32> = BTreeMap::new();
        let mut money: BTreeMap<Place, gov_plan::Decimal> = BTreeMap::new();
        for effect in self.effects().iter().filter(|effect| !effect.step.undo) {
            let Some(statement) = state.statements.get(&effect.step.place) else { continue };
            let charged = outcomes.get(&(effect.step.clone(), effect.attempt)) != Some(&false);
            let cost = self.with_input(effect, |clauses, capability| {
                capability.cost.row(clauses).ok().flatten().map(|row| row.value.amount)
            });
            let mut around = Some(statement.instance.clone());
            while let Some(place) = around {
                *calls.entry(place.clone()).or_default() += 1;
                if let (true, Some(cost)) = (charged, cost) {
                    let so_far = money.entry(place.clone()).or_insert(gov_plan::Decimal::ZERO);
                    *so_far = so_far.checked_add(cost).unwrap();
                }
                around = state.instances.get(&place).and_then(|instance| instance.parent.clone());
            }
        }
        for (place, instance) in &state.instances {
            let Some(workflow) = self.package().workflow(&instance.workflow) else { continue };
            let (budget, name) = (workflow.budget.clone(), workflow.name.clone());
            let called = calls.get(place).copied().unwrap_or_default();
            self.claim(budget.calls.is_none_or(|most| called <= most), || {
                format!("`{name}` made {called} calls, and its budget is {:?}", budget.calls)
            });
            let spent = money.get(place).copied().unwrap_or(gov_plan::Decimal::ZERO);
            self.claim(budget.money.is_none_or(|most| spent <= most.amount), || {
                format!("`{name}` spent {spent:?}, and its budget is {:?}", budget.money)
            });
        }
    }

    fn with_input<T>(
        &self,
        effect: &Effect,
        of: impl FnOnce(&Clauses<'_>, &gov_plan::model::Capability) -> Option<T>,
    ) -> Option<T> {
        let capability = self.package().capability(&effect.capability)?;
        let input: Record = read_fields(&capability.input, &effect.input, &|_, _| false).ok()?;
        of(&Clauses::new(&input, None, Roles::new(self.package(), "", &[])), capability)
    }

    /// Whether a call leaves something behind.
    fn has_effect(&self, effect: &Effect) -> bool {
        let impact = self.with_input(effect, |clauses, capability| {
            capability.effect.row(clauses).ok().flatten().map(|row| row.value != Impact::None)
        });
        impact != Some(false)
    }

    /// What is said of every call is what happened; what nobody knows is not said to be known.
    fn calls(&mut self) {
        let state = &self.lived.state;
        let happened = self.lived.world.look().happened.clone();
        for effect in self.effects() {
            let Some(step) = state.step(&effect.step.place) else { continue };
            let truth = happened.get(&effect.key);
            if !self.has_effect(&effect) {
                continue;
            }
            let own = state.call(&effect.step).filter(|call| call.key == effect.key);
            let name = format!("`{}` ({})", effect.label, effect.step);
            let unsettled = own.is_some_and(|call| call.stage != Stage::Over);
            if unsettled {
                self.claim(!state.status.is_final(), || format!("{name} is not settled, and the run has ended"));
                continue;
            }
            let said = match effect.step.undo {
                true => step.undoing == Undoing::Undone && !self.lived.undone_by_hand.contains(&effect.step.place),
                false => own.is_some() && step.completed.is_some(),
            };
            let by_hand = effect.step.undo && self.lived.undone_by_hand.contains(&effect.step.place);
            self.claim(by_hand || said == truth.is_some(), || {
                let (said, truth) = (if said { "happened" } else { "did not" }, truth.is_some());
                format!("{name} is said to have {said}, and whether it happened is {truth}")
            });
            self.claim(truth.is_none_or(|happened| happened.times <= 1), || format!("{name} happened twice"));
        }
        let known: BTreeSet<String> = self.effects().into_iter().map(|effect| effect.key).collect();
        for (key, happened) in &happened {
            self.claim(known.contains(key), || format!("`{}` happened, and nobody meant it to", happened.label));
        }
    }

    /// What is undone is undone once, after it happened, and in reverse order of completion.
    fn undo(&mut self) {
        let state = &self.lived.state;
        let happened = self.lived.world.look().happened.clone();
        let mut last: BTreeMap<Place, u64> = BTreeMap::new();
        let mut begun: BTreeMap<Place, String> = BTreeMap::new();
        for effect in self.effects().iter().filter(|effect| effect.step.undo) {
            let place = &effect.step.place;
            let Some(step) = state.step(place) else { continue };
            if let Some(key) = begun.insert(place.clone(), effect.key.clone()) {
                self.claim(key == effect.key, || format!("`{}` was undone by two calls", effect.label));
                continue;
            }
            let completed = step.completed.unwrap_or(u64::MAX);
            let instance = state.statements.get(place).map(|statement| statement.instance.clone()).unwrap_or_default();
            if let Some(later) = last.insert(instance, completed) {
                self.claim(completed < later, || format!("`{}` was undone too late", effect.label));
            }
            let forward = state.call(&CallId::forward(place)).and_then(|call| happened.get(&call.key));
            let own = happened.get(&effect.key);
            let order = (forward.map(|forward| forward.order), own.map(|own| own.order));
            self.claim(matches!(order, (Some(_), None)) || matches!(order, (Some(a), Some(b)) if a < b), || {
                format!("`{}` was undone, and it happened in the order {order:?}", effect.label)
            });
        }
    }

    /// The run ended where it may.
    fn end(&mut self) {
        let state = &self.lived.state;
        let happened = self.lived.world.look().happened.clone();
        let left: Vec<String> = self
            .effects()
            .iter()
            .filter(|effect| !effect.step.undo && happened.contains_key(&effect.key) && self.has_effect(effect))
            .filter(|effect| {
                let undo = state.call(&CallId::undo(&effect.step.place)).map(|call| &call.key);
                let undone = undo.is_some_and(|key| happened.contains_key(key));
                !undone && !self.lived.undone_by_hand.contains(&effect.step.place)
            })
            .map(|effect| effect.label.clone())
            .collect();
        let clean = matches!(state.status, Status::Failed | Status::Compensated | Status::Cancelled);
        self.claim(!clean || left.is_empty(), || format!("the run is {}, and {left:?} was left behind", state.status));
        let fault = state.instances.values().any(|instance| match &instance.phase {
            Phase::Failing(failure) | Phase::Failed(failure) => failure.kind == gov_runtime::core::Kind::Fault,
            _ => false,
        });
        self.claim(!fault, || format!("the run met a contradiction: {:?}", state.failure()));
        let warned = |code: &str| self.compiled.warnings.iter().any(|found| found == code);
        let misfits: BTreeSet<Place> = self
            .entries
            .iter()
            .filter_map(|body| match &body.entry.event.kind {
                EventKind::Outcome { step, outcome: Outcome::Misfit { .. }, .. } => Some(step.place.clone()),
                EventKind::Resolved(resolved) => Some(resolved.place.clone()),
                _ => None,
            })
            .collect();
        let mut stuck = Vec::new();
        for (place, statement) in &state.statements {
            let Some(step) = state.step(place) else { continue };
            let doubt = |id: CallId| state.call(&id).filter(|call| call.stage == Stage::InDoubt);
            // The packages were proved: what they do is undone without anybody's help, unless it is not known what it was.
            let unforeseen = match &step.undoing {
                // A pivot stays where a service gave what nobody can use: no plan foresees that.
                Undoing::Kept => misfits.is_empty(),
                Undoing::NeedsHuman(_) => !misfits.contains(place) && doubt(CallId::undo(place)).is_none(),
                _ => doubt(CallId::forward(place)).is_some_and(|call| !call.repeatable) && !warned("G1106"),
            };
            if unforeseen {
                stuck.push(format!("`{}`: {:?}", statement.label, step.undoing));
            }
        }
        self.claim(stuck.is_empty(), || format!("the run is {}, and nothing foretold {stuck:?}", state.status));
        let explained = state.status.is_final() || state.status == Status::Stuck;
        self.claim(explained, || format!("the run rests and is {}", state.status));
    }
}
