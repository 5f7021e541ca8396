//! An execution as the statements of a test that plays it: what the calls give, what people decide, and how it ends.

use super::super::exact::workflow::act::{Choices, Turn};
use super::super::exact::workflow::state::{End, Event, NotCalled, Path, State, What};
use super::super::exact::workflow::undo::NotUndone;
use super::super::exact::workflow::{Walk, World};
use super::super::shown::{record, with};
use gov_plan::model::{Budget, Node, NodeKind, Retry, Target};
use gov_plan::types::Fields;
use gov_plan::value::{Record, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many statements a run may take until its end.
const MOST_ACTS: usize = 20_000;

/// The statements of a test in which what happened until `state` happens again. Nothing where a test has no words for it.
pub(super) fn run(walk: &Walk<'_>, choices: &dyn Choices, state: &State<'_>) -> Option<Vec<String>> {
    let walk = in_a_test(walk);
    let ended = played(&walk, choices, state)?;
    let mut script = Script::default();
    ended.trace.iter().try_for_each(|event| script.event(&walk, event))?;
    statements(&walk, &script, &ended)
}

/// As [`run`], where every call is tried as often as it may be, until the budget has no call left: the workflow is stopped there.
/// Nothing where it never is, or goes on in another way.
pub(super) fn over_budget(walk: &Walk<'_>, choices: &dyn Choices, state: &State<'_>) -> Option<Vec<String>> {
    let walk = in_a_test(walk);
    let worst = played(&walk, choices, state)?;
    // Attempts take time, which a test does not say, and what they cost is free again where they fail; and each workflow has a
    // budget of its own.
    let in_one = worst.trace.iter().all(|event| event.workflow.name == walk.workflow.name);
    let Budget { money: None, calls: Some(calls), time: None, .. } = walk.workflow.budget else { return None };
    if !in_one {
        return None;
    }
    let (stops, attempts) = borne(calls, &worst)?;
    let NodeKind::Step(step) = &worst.trace.get(stops)?.node.kind else { return None };
    if !step.fallbacks.is_empty() || step.continues_on_failure {
        return None;
    }
    let stopped = stopped(&walk, choices, &worst, stops)?;
    let mut script = Script { attempts: Attempts::All, ..Script::default() };
    for (place, event) in stopped.trace.iter().enumerate() {
        match &event.what {
            What::Called(called) if place == stops && attempts > 0 => {
                script.call(&called.capability, Outcome::Busy(attempts));
            }
            What::Called(_) if place == stops => {}
            _ => script.event(&walk, event)?,
        }
    }
    statements(&walk, &script, &stopped)
}

/// The call that so many calls do not bear to its last attempt, as its place in the trace, and how many attempts they bear.
fn borne(calls: u32, worst: &State<'_>) -> Option<(usize, u32)> {
    let mut left = calls;
    for (place, event) in worst.trace.iter().enumerate() {
        let What::Called(called) = &event.what else { continue };
        match left.checked_sub(called.spent.attempts?) {
            Some(rest) => left = rest,
            None => return Some((place, left)),
        }
    }
    None
}

/// Follows an execution up to a call, which fails, and goes on from there to the end.
fn stopped<'m>(walk: &Walk<'m>, choices: &dyn Choices, worst: &State<'m>, stops: usize) -> Option<State<'m>> {
    let at = worst.trace.get(stops)?.path.clone();
    followed(walk, &Stopped { choices, at }, |place, new| match worst.trace.get(place) {
        Some(old) if place < stops => is_same(new, old),
        Some(old) if place == stops => {
            new.path == old.path && matches!(&new.what, What::Called(called) if !called.succeeded)
        }
        _ => true,
    })
}

/// The world as it was, but for one step, which fails.
struct Stopped<'c> {
    choices: &'c dyn Choices,
    at: Path,
}

impl Choices for Stopped<'_> {
    fn outputs(&self, at: &Path, alternative: usize, output: &Fields) -> Vec<Record> {
        self.choices.outputs(at, alternative, output)
    }

    fn answer(&self, at: &Path) -> Value {
        self.choices.answer(at)
    }

    fn may(&self, at: &Path, turn: Turn) -> bool {
        if *at == self.at { matches!(turn, Turn::Fails(_)) } else { self.choices.may(at, turn) }
    }

    fn late(&self, at: &Path) -> Option<Path> {
        self.choices.late(at)
    }
}

/// The walk in a world that a test can make.
fn in_a_test<'m>(walk: &Walk<'m>) -> Walk<'m> {
    let world = World { asserted: Vec::new(), tenant: None, ..World::clone(&walk.world) };
    Walk { world: Arc::new(world), ..walk.clone() }
}

/// What a test says of an execution that has come to its end.
fn statements(walk: &Walk<'_>, script: &Script, ended: &State<'_>) -> Option<Vec<String>> {
    // A test does not say in which order branches that run at once come to their ends.
    if ended.trace.iter().any(|event| is_at_once(walk, &event.path)) {
        return None;
    }
    let mut statements = script.given()?;
    statements.extend(script.decisions.iter().map(|(name, approve)| {
        let word = if *approve { "approve" } else { "reject" };
        format!("{word} {name}")
    }));
    let arguments = record(&walk.world.params)?;
    let with = with(walk.package, &walk.world.context)?;
    statements.push(format!("run {} {arguments}{with}", walk.workflow.name));
    statements.push(format!("expect {}", end(ended)?));
    statements.push(format!("expect calls [{}]", script.calls.join(", ")));
    Some(statements)
}

/// Follows what happened in a world that a test can make, and goes on to the end.
fn played<'m>(walk: &Walk<'m>, choices: &dyn Choices, wanted: &State<'_>) -> Option<State<'m>> {
    followed(walk, choices, |place, new| wanted.trace.get(place).is_none_or(|old| is_same(new, old)))
}

fn is_same(new: &Event<'_>, old: &Event<'_>) -> bool {
    new.path == old.path && new.what == old.what
}

/// Goes on to the end by the first way on which everything that happens, by its place in the trace, is what is wanted.
fn followed<'m>(
    walk: &Walk<'m>,
    choices: &dyn Choices,
    is_wanted: impl Fn(usize, &Event<'m>) -> bool,
) -> Option<State<'m>> {
    let mut state = walk.start();
    for _ in 0..MOST_ACTS {
        if state.end.is_some() {
            return Some(state);
        }
        let so_far = state.trace.len();
        let follows =
            |next: &State<'m>| next.trace.iter().enumerate().skip(so_far).all(|(place, new)| is_wanted(place, new));
        let mut next = walk.ready(&state).into_iter().flat_map(|ready| walk.act(&state, &ready, choices));
        state = next.find(follows)?;
    }
    None
}

/// Whether a statement is in a branch of several that run at once.
fn is_at_once(walk: &Walk<'_>, path: &[usize]) -> bool {
    let mut block: &[Node] = &walk.workflow.body;
    for place in path.chunks(2) {
        let [index, slot] = place else { return false };
        block = match block.get(*index).map(|node| &node.kind) {
            Some(NodeKind::If { arms, otherwise }) => arms.get(*slot).map_or(otherwise, |(_, body)| body),
            Some(NodeKind::For { parallel: false, body, .. }) => body,
            Some(NodeKind::Step(step)) => {
                let Target::Run { workflow, .. } = &step.target else { return false };
                let Some(workflow) = walk.package.workflow(workflow) else { return false };
                &workflow.body
            }
            Some(NodeKind::For { .. } | NodeKind::Parallel { .. }) => return true,
            _ => return false,
        };
    }
    false
}

/// The end as a test expects it.
fn end(state: &State<'_>) -> Option<&'static str> {
    let any = |wanted: fn(&What) -> bool| state.trace.iter().any(|event| wanted(&event.what));
    Some(match state.end.as_ref()? {
        End::Completed(_) => "completed",
        End::Failed(_) if any(|what| matches!(what, What::LeftDone { .. })) => "stuck",
        End::Failed(_) if any(|what| matches!(what, What::Undone { .. })) => "compensated",
        End::Failed(_) => "failed",
    })
}

/// What a test says before its run.
#[derive(Default)]
struct Script {
    /// What comes of the calls of each capability, in order.
    outcomes: BTreeMap<String, Vec<Outcome>>,
    /// What people decide, by step.
    decisions: BTreeMap<String, bool>,
    calls: Vec<String>,
    attempts: Attempts,
}

/// How often a call is tried.
#[derive(Default, PartialEq)]
enum Attempts {
    /// Once, where it succeeds.
    #[default]
    Fewest,
    /// As often as it may be.
    All,
}

/// What comes of a call.
#[derive(PartialEq)]
enum Outcome {
    /// A record.
    Gives(String),
    /// It fails at every attempt, of which there are so many.
    Fails(u32),
    /// So many attempts fail, and the next one may not.
    Busy(u32),
    /// It undoes something, whatever it gives.
    Undoes,
}

impl Script {
    /// Takes the next event; nothing where a test cannot bring it about.
    fn event(&mut self, walk: &Walk<'_>, event: &Event<'_>) -> Option<()> {
        let name = match &event.node.kind {
            NodeKind::Step(step) => &step.name,
            NodeKind::Approval { name, .. } => name,
            _ => "",
        };
        match &event.what {
            What::Called(called) => {
                if called.approved {
                    self.decides(name, true)?;
                }
                let most = called.spent.attempts.filter(|_| self.attempts == Attempts::All);
                if let (Some(most @ 2..), Some(_)) = (most, &called.output) {
                    self.outcomes.entry(called.capability.clone()).or_default().push(Outcome::Busy(most - 1));
                }
                let outcome = match (&called.output, most) {
                    (Some(output), _) => Outcome::Gives(record(output)?),
                    (None, Some(most)) => Outcome::Busy(most),
                    (None, None) => {
                        let NodeKind::Step(step) = &event.node.kind else { return None };
                        let capability = walk.package.capability(&called.capability)?;
                        Outcome::Fails(attempts(step.retry.as_ref().unwrap_or(&capability.retry))?)
                    }
                };
                self.call(&called.capability, outcome);
            }
            What::Undone { capability, .. } => self.call(capability, Outcome::Undoes),
            What::NotCalled { why: NotCalled::TurnedDown(_), .. } | What::TurnedDown(_) => self.decides(name, false)?,
            What::Approved(_) => self.decides(name, true)?,
            What::LeftDone { why: NotUndone::Asked, .. } => self.decides(name, false)?,
            What::Cancelled(_) | What::Late => return None,
            _ => {}
        }
        Some(())
    }

    fn call(&mut self, capability: &str, outcome: Outcome) {
        self.calls.push(capability.to_owned());
        self.outcomes.entry(capability.to_owned()).or_default().push(outcome);
    }

    /// A test says once for all how people decide at a step.
    fn decides(&mut self, name: &str, approve: bool) -> Option<()> {
        (*self.decisions.entry(name.to_owned()).or_insert(approve) == approve).then_some(())
    }

    /// What the test says of each capability: each of its sayings is used once, or as often as it says, and the last one
    /// from then on.
    fn given(&self) -> Option<Vec<String>> {
        let mut statements = Vec::new();
        for (capability, outcomes) in &self.outcomes {
            // Where a call that undoes takes its turn among others, it would have to be said what it gives.
            if outcomes.iter().all(|outcome| *outcome == Outcome::Undoes) {
                continue;
            }
            let last = outcomes.last()?;
            let repeated = outcomes.iter().rev().take_while(|outcome| *outcome == last).count();
            for (place, outcome) in outcomes.iter().take(outcomes.len() - repeated + 1).enumerate() {
                let is_last = place == outcomes.len() - repeated;
                statements.push(match outcome {
                    Outcome::Gives(output) => format!("given {capability} returns {output}"),
                    Outcome::Fails(_) if is_last => format!("given {capability} fails \"it does not work\""),
                    Outcome::Fails(times) => format!("given {capability} fails \"it does not work\" {times} times"),
                    Outcome::Busy(times) => format!("given {capability} fails transient \"it is busy\" {times} times"),
                    Outcome::Undoes => return None,
                });
            }
        }
        Some(statements)
    }
}

/// How often a call is attempted that fails for good every time; nothing where that is without end.
fn attempts(retry: &Retry) -> Option<u32> {
    if retry.on_transient { Some(1) } else { retry.attempts }
}
