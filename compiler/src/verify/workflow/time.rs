//! How long things may take at most, whatever the input: the longest path, with every retry, pause, approval and undo.

use super::paths::is_retriable;
use gov_plan::expr::ExprKind;
use gov_plan::model::{
    Action, Approval, Call, Capability, Compensation, Escalation, Node, NodeKind, Package, Policy, Retry, Step, Target,
    Workflow,
};
use gov_plan::types::Risk;

/// How long a workflow may take at most, its rollback included, in milliseconds; `None` where nothing bounds it.
///
/// Branches and policies are not looked into: every arm may be taken, and every rule may decide.
pub(super) fn longest(package: &Package, workflow: &Workflow) -> Option<i64> {
    Longest { package }.workflow(workflow, &mut Vec::new())
}

/// How long a call may be tried: attempts and the pauses between them. One that is tried until it succeeds counts once.
pub(super) fn of_attempts(retry: &Retry, timeout: i64) -> i64 {
    let attempts = retry.attempts.unwrap_or(1).max(1);
    let mut total = timeout.saturating_mul(i64::from(attempts));
    let (mut pause, longest) = retry.backoff.unwrap_or((0, 0));
    for _ in 1..attempts {
        if pause == 0 {
            break;
        }
        total = total.saturating_add(pause.min(longest.max(pause)));
        pause = pause.saturating_mul(2).min(longest.max(pause));
    }
    total
}

struct Longest<'m> {
    package: &'m Package,
}

impl<'m> Longest<'m> {
    fn workflow(&self, workflow: &'m Workflow, running: &mut Vec<&'m str>) -> Option<i64> {
        if running.contains(&workflow.name.as_str()) {
            return None;
        }
        running.push(&workflow.name);
        let forward = self.block(&workflow.body, workflow, running);
        let undo = self.undo(&workflow.body);
        running.pop();
        Some(forward?.saturating_add(undo))
    }

    fn block(&self, nodes: &'m [Node], workflow: &'m Workflow, running: &mut Vec<&'m str>) -> Option<i64> {
        let mut total = 0_i64;
        for node in nodes {
            total = total.saturating_add(self.node(node, workflow, running)?);
        }
        Some(total)
    }

    fn node(&self, node: &'m Node, workflow: &'m Workflow, running: &mut Vec<&'m str>) -> Option<i64> {
        match &node.kind {
            NodeKind::Step(step) => self.step(step, workflow, running),
            NodeKind::If { arms, otherwise } => {
                let mut longest = self.block(otherwise, workflow, running)?;
                for (_, arm) in arms {
                    longest = longest.max(self.block(arm, workflow, running)?);
                }
                Some(longest)
            }
            // One branch after the other is as long as any order of them.
            NodeKind::Parallel { branches } => {
                let ordered =
                    branches.iter().any(|node| matches!(&node.kind, NodeKind::Step(step) if !step.after.is_empty()));
                let mut total = 0_i64;
                for branch in branches {
                    let branch = self.node(branch, workflow, running)?;
                    total = if ordered { total.saturating_add(branch) } else { total.max(branch) };
                }
                Some(total)
            }
            NodeKind::For { parallel, limit, body, .. } => {
                let round = self.block(body, workflow, running)?;
                Some(if *parallel { round } else { round.saturating_mul(i64::from(*limit)) })
            }
            NodeKind::Approval { approval, .. } => approval.within,
            NodeKind::Wait { duration } => match duration.kind {
                ExprKind::Duration(duration) => Some(duration.max(0)),
                _ => None,
            },
            NodeKind::Check { .. } | NodeKind::Fail { .. } | NodeKind::Let { .. } | NodeKind::Return { .. } => Some(0),
        }
    }

    fn step(&self, step: &'m Step, workflow: &'m Workflow, running: &mut Vec<&'m str>) -> Option<i64> {
        let call = match &step.target {
            Target::Run { workflow, .. } => return self.workflow(self.package.workflow(workflow)?, running),
            Target::Call(call) => call,
        };
        let mut total = 0_i64;
        for call in std::iter::once(call).chain(&step.fallbacks) {
            let capability = self.package.capability(&call.capability)?;
            let retry = step.retry.as_ref().unwrap_or(&capability.retry);
            retry.attempts?;
            let policy = self.package.policy(&workflow.policy)?;
            total = total
                .saturating_add(approval(policy, capability)?)
                .saturating_add(of_attempts(retry, step.timeout.unwrap_or(capability.timeout)));
        }
        Some(total)
    }

    /// How long the undo of everything takes, one call after the other.
    fn undo(&self, nodes: &'m [Node]) -> i64 {
        let mut total = 0_i64;
        for node in nodes {
            total = total.saturating_add(match &node.kind {
                NodeKind::Step(step) => self.undo_of(step),
                NodeKind::If { arms, otherwise } => {
                    arms.iter().map(|(_, arm)| self.undo(arm)).max().unwrap_or(0).max(self.undo(otherwise))
                }
                NodeKind::Parallel { branches } => self.undo(branches),
                NodeKind::For { limit, body, .. } => self.undo(body).saturating_mul(i64::from(*limit)),
                _ => 0,
            });
        }
        total
    }

    fn undo_of(&self, step: &'m Step) -> i64 {
        let longest = |call: &Call| {
            let capability = self.package.capability(&call.capability)?;
            let table = step.compensation.as_ref().unwrap_or(&capability.compensation);
            let undos = table.rows.iter().filter_map(|row| match &row.value {
                Compensation::Automatic(undo) => self.package.capability(&undo.capability),
                _ => None,
            });
            undos.map(|undo| of_attempts(&undo.retry, undo.timeout)).max()
        };
        match &step.target {
            // What a nested workflow takes includes its own rollback.
            Target::Run { .. } => 0,
            Target::Call(call) => {
                let calls = std::iter::once(call).chain(&step.fallbacks);
                calls.filter_map(longest).max().unwrap_or(0)
            }
        }
    }
}

/// How long an approval of a call may take at most; `None` where nothing bounds it, zero where there is none.
fn approval(policy: &Policy, capability: &Capability) -> Option<i64> {
    let by_rules = policy.rules.iter().filter(|rule| rule.targets.iter().any(|target| target.matches(&capability.id)));
    let mut asked: Vec<&Approval> = Vec::new();
    let mut may_allow = policy.default == Action::Allow;
    for action in by_rules.map(|rule| &rule.action).chain([&policy.default]) {
        match action {
            Action::Approval(approval) => asked.push(approval),
            Action::Allow => may_allow = true,
            Action::Deny => {}
        }
    }
    if let Escalation::AtLeast { level, approval, .. } = &policy.escalation
        && may_allow
        && capability.risk.rows.iter().map(|row| row.value).max().unwrap_or(Risk::Critical) >= *level
    {
        asked.push(approval);
    }
    asked.extend(capability.approval.rows.iter().filter_map(|row| row.value.as_ref()));
    asked.into_iter().map(|approval| approval.within).try_fold(0, |longest, within| Some(longest.max(within?)))
}

/// Whether the budgets around a call may end it although it is tried until it succeeds: nothing bounds how often that is.
pub(super) fn is_cut_off(capability: &Capability, retry: &Retry, around: &[&Workflow]) -> bool {
    let costs = !capability.cost.rows.is_empty();
    let bounds = |workflow: &&Workflow| {
        let budget = &workflow.budget;
        budget.calls.is_some() || budget.time.is_some() || (budget.money.is_some() && costs)
    };
    is_retriable(capability, retry) && around.iter().any(bounds)
}
