//! What the worst path takes, counted without looking at conditions: every arm may be taken, every loop is full, every call is
//! tried as often as it may be, and then everything is undone.

use super::atom::Unsplit;
use super::outcome::Reader;
use super::things::Things;
use super::workflow::{calls, ruling, runs_at_once};
use crate::decimal::Decimal;
use crate::document::Worst;
use crate::expr::ExprKind;
use crate::model::{Action, Call, Capability, Compensation, Escalation, Node, NodeKind, Retry, Step, Target, Workflow};
use crate::text;
use crate::types::Currency;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of<'c> {
    Calls,
    /// Calls of one capability; those that are the same however often they are tried count once.
    Capability(&'c str),
    /// In units.
    Money(Currency),
    /// In milliseconds.
    Time,
}

/// Whether a workflow stays within its budget, and what its worst path takes of each part that can be counted.
pub(super) fn within(things: &Things<'_>, workflow: &Workflow) -> (bool, Vec<Worst>) {
    let budget = &workflow.budget;
    let mut kept = true;
    let mut table = Vec::new();
    let mut part = |of: Of<'_>, most: i128, allowed: String, show: &dyn Fn(i128) -> String| {
        let Some((amount, path)) = worst(things, workflow, of) else {
            kept = false;
            return;
        };
        kept &= amount <= most;
        let path = path.into_iter().filter(|(_, amount)| *amount > 0);
        let path = path.map(|(what, amount)| format!("{what}: {}", show(amount))).collect();
        table.push(Worst { at_most: show(amount), of: allowed, path });
    };
    if let Some(money) = &budget.money {
        let show = |units: i128| {
            Decimal::from_units(units)
                .map_or_else(|| "too much".to_owned(), |amount| text::money(amount, money.currency))
        };
        part(Of::Money(money.currency), money.amount.units(), text::money(money.amount, money.currency), &show);
    }
    if let Some(calls) = budget.calls {
        part(Of::Calls, i128::from(calls), format!("{calls} calls"), &|calls| calls.to_string());
    }
    if let Some(time) = budget.time {
        let show = |time: i128| text::duration(i64::try_from(time).unwrap_or(i64::MAX));
        part(Of::Time, i128::from(time), text::duration(time), &show);
    }
    (kept, table)
}

/// The most that a workflow takes, with what takes how much; nothing where that is not bounded, or not known.
pub(super) fn worst(things: &Things<'_>, workflow: &Workflow, of: Of<'_>) -> Option<(i128, Vec<(String, i128)>)> {
    if of == Of::Time && runs_at_once(&workflow.body) {
        return None;
    }
    let counter = Counter { things, of, workflow };
    let mut path = counter.block(&workflow.body, &mut Vec::new())?;
    let undone: Vec<Line> = path.iter().filter(|line| line.undo > 0).cloned().collect();
    let total = path.iter().try_fold(0_i128, |sum, line| sum.checked_add(line.forward)?.checked_add(line.undo))?;
    let mut lines: Vec<(String, i128)> = path.drain(..).map(|line| (line.what, line.forward)).collect();
    lines.extend(undone.into_iter().rev().map(|line| (format!("undo of {}", line.what), line.undo)));
    Some((total, lines))
}

/// What a statement takes, and what its undo takes.
#[derive(Debug, Clone, Default)]
struct Line {
    what: String,
    forward: i128,
    undo: i128,
}

struct Counter<'t, 'p> {
    things: &'t Things<'p>,
    of: Of<'t>,
    workflow: &'t Workflow,
}

impl<'t> Counter<'t, '_> {
    fn block(&self, body: &'t [Node], running: &mut Vec<&'t str>) -> Option<Vec<Line>> {
        let mut lines = Vec::new();
        for node in body {
            lines.extend(self.node(node, running)?);
        }
        Some(lines)
    }

    fn node(&self, node: &'t Node, running: &mut Vec<&'t str>) -> Option<Vec<Line>> {
        let line = |what: String, forward: i128| vec![Line { what, forward, undo: 0 }];
        Some(match &node.kind {
            NodeKind::Step(step) => self.step(step, running)?,
            NodeKind::If { arms, otherwise } => {
                let mut most = self.block(otherwise, running)?;
                for (_, body) in arms {
                    let arm = self.block(body, running)?;
                    // The worst forward and the worst undo may be in different arms: both are kept.
                    most = larger(most, arm);
                }
                most
            }
            NodeKind::Parallel { branches } => self.block(branches, running)?,
            NodeKind::For { limit, body, name, .. } => {
                let rounds = i128::from(*limit);
                let lines = self.block(body, running)?;
                let times = |line: Line| {
                    Some(Line {
                        what: format!("{} ({limit} times, for {name})", line.what),
                        forward: line.forward.checked_mul(rounds)?,
                        undo: line.undo.checked_mul(rounds)?,
                    })
                };
                lines.into_iter().map(times).collect::<Option<_>>()?
            }
            NodeKind::Approval { name, approval, .. } if self.of == Of::Time => {
                line(format!("approval {name}"), i128::from(approval.within?))
            }
            NodeKind::Wait { duration } if self.of == Of::Time => {
                let ExprKind::Duration(time) = &duration.kind else { return None };
                line("wait".to_owned(), i128::from((*time).max(0)))
            }
            _ => Vec::new(),
        })
    }

    fn step(&self, step: &'t Step, running: &mut Vec<&'t str>) -> Option<Vec<Line>> {
        let package = self.things.package;
        if let Target::Run { workflow, .. } = &step.target {
            let nested = package.workflow(workflow)?;
            if running.contains(&nested.name.as_str()) || running.len() > 16 || self.of == Of::Time {
                return None;
            }
            running.push(&nested.name);
            let lines = Counter { things: self.things, of: self.of, workflow: nested }.block(&nested.body, running)?;
            running.pop();
            let below = |line: Line| Line { what: format!("{}, {}", step.name, line.what), ..line };
            return Some(lines.into_iter().map(below).collect());
        }
        let mut sum = Line { what: step.name.clone(), ..Line::default() };
        for call in calls(step) {
            let capability = package.capability(&call.capability)?;
            let retry = step.retry.as_ref().unwrap_or(&capability.retry);
            let own = matches!(self.of, Of::Capability(id) if id != capability.id);
            // Nothing but the budget ends what is tried until it succeeds.
            let unbounded = retry.attempts.is_none()
                && !own
                && (!matches!(self.of, Of::Money(_)) || !capability.cost.rows.is_empty());
            if unbounded {
                return None;
            }
            let timeout = step.timeout.unwrap_or(capability.timeout);
            sum.forward = sum.forward.checked_add(self.weight(capability, retry, timeout)?)?;
            if self.of == Of::Time {
                sum.forward = sum.forward.checked_add(self.approval(step, capability)?)?;
            }
            sum.undo = sum.undo.max(self.undo(step, capability)?);
        }
        Some(vec![sum])
    }

    fn weight(&self, capability: &Capability, retry: &Retry, timeout: i64) -> Option<i128> {
        let attempts = i128::from(retry.attempts.unwrap_or(1).max(1));
        match self.of {
            Of::Calls => Some(attempts),
            Of::Capability(id) => Some(if id == capability.id { attempts } else { 0 }),
            Of::Money(currency) => {
                let rows = &capability.cost.rows;
                if rows.iter().any(|row| row.value.currency != currency) {
                    return None;
                }
                let dearest = rows.iter().map(|row| row.value.amount.units()).max().unwrap_or(0).max(0);
                dearest.checked_mul(attempts)
            }
            Of::Time => {
                let (mut pause, longest) = retry.backoff.unwrap_or((0, 0));
                let mut total = i128::from(timeout).checked_mul(attempts)?;
                for _ in 1..retry.attempts.unwrap_or(1).clamp(1, 10_000) {
                    total = total.checked_add(i128::from(pause))?;
                    pause = pause.saturating_mul(2).min(longest.max(pause));
                }
                (attempts <= 10_000).then_some(total)
            }
        }
    }

    /// The longest that whoever is asked may take; nothing where one has for ever.
    fn approval(&self, step: &Step, capability: &Capability) -> Option<i128> {
        let rules = self.things.rules(&self.workflow.policy)?;
        let ruling = ruling(self.things, rules, &step.principal, capability);
        let mut longest = 0_i128;
        for (_, action) in &ruling.acts {
            let within = match (action, &rules.policy.escalation) {
                (Action::Approval(approval), _) => approval.within?,
                (Action::Allow, Escalation::AtLeast { level, approval, .. })
                    if ruling.risks.iter().any(|risk| risk >= level) =>
                {
                    approval.within?
                }
                _ => 0,
            };
            longest = longest.max(i128::from(within));
        }
        for approval in &ruling.own.0 {
            longest = longest.max(i128::from(approval.within?));
        }
        Some(longest)
    }

    fn undo(&self, step: &Step, capability: &Capability) -> Option<i128> {
        let package = self.things.package;
        let rows: Vec<&Compensation> = match &step.compensation {
            Some(table) => table.rows.iter().map(|row| &row.value).collect(),
            None => {
                let cell = self.things.start(capability);
                Reader::new(&cell, capability).possible(&capability.compensation, &mut Unsplit).0
            }
        };
        let mut most = 0;
        for row in rows {
            let Compensation::Automatic(Call { capability: id, .. }) = row else { continue };
            let undo = package.capability(id)?;
            let counts = !matches!(self.of, Of::Money(_)) || undo.cost.rows.is_empty() || undo.retry.attempts.is_some();
            if !counts {
                return None;
            }
            most = most.max(self.weight(undo, &undo.retry, undo.timeout)?);
        }
        Some(most)
    }
}

/// The lines of the arm that takes more, with the undo of the one whose undo takes more.
fn larger(one: Vec<Line>, other: Vec<Line>) -> Vec<Line> {
    let sum =
        |lines: &[Line], of: fn(&Line) -> i128| lines.iter().fold(0_i128, |sum, line| sum.saturating_add(of(line)));
    let total = |lines: &[Line]| sum(lines, |line| line.forward);
    let undo = |lines: &[Line]| sum(lines, |line| line.undo);
    let (mut lines, less) = if total(&other) > total(&one) { (other, one) } else { (one, other) };
    if undo(&less) > undo(&lines) {
        lines.iter_mut().for_each(|line| line.undo = 0);
        lines.extend(less.into_iter().filter(|line| line.undo > 0).map(|line| Line { forward: 0, ..line }));
    }
    lines
}
