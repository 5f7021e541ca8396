//! What an execution took at most: calls with every attempt, money, time.

use super::Walk;
use super::state::{Event, Open, Path, Spent, State, What};
use gov_plan::Decimal;
use gov_plan::model::{Capability, Effect, Idempotency, Node, NodeKind, Step, Target};
use gov_plan::types::Currency;

impl Spent {
    /// The attempts; what is tried until it succeeds counts once.
    fn attempts(&self) -> u32 {
        self.attempts.unwrap_or(1)
    }
}

impl State<'_> {
    /// How many calls were made, every attempt counted, undos included.
    pub fn calls(&self) -> u64 {
        self.spent().map(|(_, spent)| u64::from(spent.attempts())).sum()
    }

    /// What was spent of a currency; the most that a decimal holds where it is more.
    pub fn money(&self, currency: Currency) -> Decimal {
        let mut total = Decimal::ZERO;
        for (_, spent) in self.spent() {
            let Some(cost) = spent.cost.filter(|cost| cost.currency == currency) else { continue };
            for _ in 0..spent.attempts() {
                total = total.checked_add(cost.amount).unwrap_or(Decimal::MAX);
            }
        }
        total
    }

    /// How often a capability was called. Attempts at what is the same however often it is done count once.
    pub fn calls_of(&self, capability: &Capability) -> u64 {
        let harmless = capability.effect.rows.iter().all(|row| row.value == Effect::None);
        let once = harmless || capability.idempotency != Idempotency::No;
        let own = self.spent().filter(|(id, _)| *id == capability.id);
        own.map(|(_, spent)| if once { 1 } else { u64::from(spent.attempts()) }).sum()
    }

    fn spent(&self) -> impl Iterator<Item = (&str, &Spent)> {
        self.trace.iter().filter_map(|event| match &event.what {
            What::Called(called) => Some((called.capability.as_str(), &called.spent)),
            What::Undone { capability, spent } => Some((capability.as_str(), spent)),
            _ => None,
        })
    }
}

impl<'m> Walk<'m> {
    /// How long it took, in milliseconds: branches at once, everything else one after the other. The rollback comes when what
    /// is on its way has arrived, and so after the longest branch; that of a nested workflow whose failure ends nothing else
    /// belongs to the branch that it is in.
    pub fn time(&self, state: &State<'m>) -> i64 {
        let forward = self.time_of_block(state, &self.workflow.body, &Path::new());
        forward.saturating_add(time_of_rollback(state, &Path::new()))
    }

    /// How long a nested workflow took that has just failed and been rolled back.
    pub(super) fn time_of_failed_run(&self, state: &State<'m>, path: &Path, step: &'m Step) -> i64 {
        let Target::Run { workflow, .. } = &step.target else { return 0 };
        let inner: Path = path.iter().copied().chain([0]).collect();
        let body = self.package.workflow(workflow).map_or(&[][..], |workflow| &workflow.body);
        let forward = self.time_of_block(state, body, &inner);
        let own = if step.continues_on_failure { time_of_rollback(state, path) } else { 0 };
        forward.saturating_add(own)
    }

    fn time_of_block(&self, state: &State<'m>, nodes: &'m [Node], base: &Path) -> i64 {
        let statements = nodes.iter().enumerate().map(|(index, node)| {
            let path = base.iter().copied().chain([index]).collect();
            self.time_of(state, node, &path)
        });
        statements.fold(0, i64::saturating_add)
    }

    fn time_of(&self, state: &State<'m>, node: &'m Node, path: &Path) -> i64 {
        let inner = |slot: usize| path.iter().copied().chain([slot]).collect::<Path>();
        match (&node.kind, state.open.get(path)) {
            (NodeKind::If { arms, otherwise }, Some(Open::Arm(arm))) => {
                self.time_of_block(state, arms.get(*arm).map_or(otherwise, |(_, body)| body), &inner(*arm))
            }
            (NodeKind::Parallel { branches }, _) => {
                let mut finished: Vec<i64> = Vec::new();
                // A branch starts when those have finished that it waits for; a few rounds settle all of them.
                for _ in branches {
                    let before = std::mem::take(&mut finished);
                    finished = branches
                        .iter()
                        .enumerate()
                        .map(|(index, branch)| {
                            let start = waits(branches, branch).filter_map(|other| before.get(other)).max();
                            let own = self.time_of_block(state, std::slice::from_ref(branch), &inner(index));
                            start.copied().unwrap_or(0).saturating_add(own)
                        })
                        .collect();
                }
                finished.into_iter().max().unwrap_or(0)
            }
            (NodeKind::For { parallel, body, .. }, Some(Open::Rounds(elements))) => {
                let rounds = (0..elements.len()).map(|round| self.time_of_block(state, body, &inner(round)));
                if *parallel { rounds.max().unwrap_or(0) } else { rounds.fold(0, i64::saturating_add) }
            }
            (NodeKind::Step(step), _) if matches!(step.target, Target::Run { .. }) => {
                let Target::Run { workflow, .. } = &step.target else { return 0 };
                // What a run that failed did is forgotten; how long that took is not.
                let failed = state.trace.iter().find_map(|event| match event.what {
                    What::RunFailed(time) if event.path == *path => Some(time),
                    _ => None,
                });
                match (failed, self.package.workflow(workflow)) {
                    (Some(time), _) => time,
                    (None, Some(workflow)) => self.time_of_block(state, &workflow.body, &inner(0)),
                    (None, None) => 0,
                }
            }
            _ => {
                let own = state.trace.iter().filter(|event| event.path == *path);
                own.fold(0, |sum, event| sum.saturating_add(taken(event)))
            }
        }
    }
}

/// How long the undos at and below a path took, without those that the time of a failed run has.
fn time_of_rollback(state: &State<'_>, path: &Path) -> i64 {
    let goes_on = |event: &Event<'_>| matches!(&event.node.kind, NodeKind::Step(step) if step.continues_on_failure);
    let undos = state.trace.iter().enumerate().filter_map(|(index, event)| match &event.what {
        What::Undone { spent, .. } if event.path.starts_with(path) => Some((index, event, spent.time)),
        _ => None,
    });
    let own = undos.filter(|(index, undone, _)| {
        let later = state.trace.iter().skip(*index);
        !later
            .filter(|event| matches!(event.what, What::RunFailed(_)) && goes_on(event))
            .any(|event| undone.path.starts_with(&event.path))
    });
    own.fold(0, |sum, (_, _, time)| sum.saturating_add(time))
}

fn waits<'m>(branches: &'m [Node], branch: &'m Node) -> impl Iterator<Item = usize> {
    let names = match &branch.kind {
        NodeKind::Step(step) => step.after.as_slice(),
        _ => &[],
    };
    names.iter().filter_map(move |name| branches.iter().position(|other| super::state::binds(other, name)))
}

/// How long an event took, forward.
fn taken(event: &Event<'_>) -> i64 {
    match &event.what {
        What::Called(called) => called.spent.time,
        What::NotCalled { why: super::state::NotCalled::TurnedDown(time), .. } => *time,
        What::Waited(time) | What::Cancelled(time) | What::Approved(time) | What::TurnedDown(time) => *time,
        _ => 0,
    }
}
