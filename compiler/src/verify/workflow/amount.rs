//! How much a workflow takes at most, as a term: calls, money or time.
//!
//! Taken in three ways, see [`Way`]: as a number that usually settles the matter, for the solver to show that no path takes
//! more, and for the solver to find a path that does.

use super::super::encode::term::Node;
use super::super::encode::{Symbol, Term};
use super::gate::{clause_scope, rows};
use super::layout::{BlockId, FrameId, PlaceId};
use super::paths::{Paths, Site};
use super::time::of_attempts;
use gov_plan::model::{Capability, Effect, Idempotency, NodeKind, Retry};
use gov_plan::types::Currency;
use std::collections::BTreeMap;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Of {
    /// Calls, every attempt counted.
    Calls,
    /// Calls of one capability; attempts at what is the same however often it is done count once.
    Capability(String),
    /// Money of one currency, in units of 10⁻¹⁰.
    Money(Currency),
    /// Milliseconds.
    Time,
}

/// How it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Whatever is not impossible by itself: never less than the worst path, and mostly a number.
    AtMost,
    /// What happens, and what may be on its way when something else fails: never less than the worst path.
    Weighed,
    /// What has come to its end: what a walk counts.
    Ended,
}

/// Counts in one way.
pub(super) struct Amount<'p, 'm> {
    pub paths: &'p mut Paths<'m>,
    pub of: Of,
    pub way: Way,
    /// How many rounds each loop has at most.
    pub rounds: BTreeMap<PlaceId, i128>,
}

impl Amount<'_, '_> {
    /// What the workflow takes, with its rollback.
    pub fn total(&mut self) -> Term {
        let Some(body) = self.paths.layout.frames.first().map(|frame| frame.body) else { return Term::int(0) };
        let forward = self.block(body);
        let undo = self.undo_of_block(body, Some(FrameId(0)));
        forward.plus(&undo)
    }

    /// What every rollback takes, those of nested workflows included.
    pub fn rollback(&mut self) -> Term {
        let body = self.paths.layout.frames.first().map(|frame| frame.body);
        body.map_or_else(|| Term::int(0), |body| self.undo_of_block(body, None))
    }

    fn block(&mut self, block: BlockId) -> Term {
        let places = self.paths.layout.block(block).to_vec();
        places.into_iter().fold(Term::int(0), |sum, id| sum.plus(&self.place(id)))
    }

    fn place(&mut self, id: PlaceId) -> Term {
        let Some((node, inner)) = self.paths.layout.place(id).map(|place| (place.node, place.inner.clone())) else {
            return Term::int(0);
        };
        match &node.kind {
            NodeKind::Step(step) => {
                let calls = self.calls(id);
                let forward = inner.iter().fold(calls, |sum, block| sum.plus(&self.block(*block)));
                // The rollback of a nested workflow whose failure ends nothing else is a part of the step.
                match self.paths.frame_of(id).filter(|_| step.continues_on_failure) {
                    Some(frame) => {
                        inner.into_iter().fold(forward, |sum, block| sum.plus(&self.undo_of_block(block, Some(frame))))
                    }
                    None => forward,
                }
            }
            NodeKind::If { .. } => {
                inner.into_iter().fold(Term::int(0), |most, block| larger(&most, &self.block(block)))
            }
            NodeKind::Parallel { .. } if self.of == Of::Time => self.longest_branch(&inner),
            NodeKind::Parallel { .. } => {
                inner.into_iter().fold(Term::int(0), |sum, block| sum.plus(&self.block(block)))
            }
            NodeKind::For { parallel, .. } => {
                let rounds: Vec<Term> = inner.into_iter().map(|block| self.block(block)).collect();
                match (*parallel && self.of == Of::Time, rounds.as_slice()) {
                    (true, rounds) => rounds.iter().fold(Term::int(0), |most, round| larger(&most, round)),
                    (false, rounds) => self.times(id, rounds, *parallel),
                }
            }
            NodeKind::Approval { approval, .. } if self.of == Of::Time => {
                let reach = self.paths.point(id).map(|point| point.reach.clone());
                self.where_it_happens(reach, &Term::int(approval.within.unwrap_or(0)))
            }
            NodeKind::Wait { .. } if self.of == Of::Time => {
                let point = self.paths.point(id);
                let waited = point.and_then(|point| point.waits.clone()).unwrap_or_else(|| Term::int(0));
                let reach = point.map(|point| point.reach.clone());
                self.where_it_happens(reach, &larger(&Term::int(0), &waited))
            }
            _ => Term::int(0),
        }
    }

    /// A loop: the later round stands for the last, the earlier one for all others. Where the earlier one does not come to its
    /// end, there is no other, unless all rounds run at once.
    fn times(&self, id: PlaceId, rounds: &[Term], at_once: bool) -> Term {
        let most = self.rounds.get(&id).copied().unwrap_or(0);
        match rounds {
            _ if most == 0 => Term::int(0),
            [earlier, later] if most > 1 => {
                let others = earlier.times(most - 2).plus(later);
                let follow = self.paths.point(id).and_then(|point| point.rounds.as_ref()?.ends.first().cloned());
                let others = if at_once { others } else { self.where_it_happens(follow, &others) };
                earlier.plus(&others)
            }
            [earlier, ..] => earlier.clone(),
            [] => Term::int(0),
        }
    }

    fn longest_branch(&mut self, inner: &[BlockId]) -> Term {
        let mut finished: BTreeMap<PlaceId, Term> = BTreeMap::new();
        let mut open: Vec<PlaceId> =
            inner.iter().filter_map(|block| self.paths.layout.block(*block).first()).copied().collect();
        while !open.is_empty() {
            let ready =
                open.iter().position(|branch| self.paths.layout.after(*branch).all(|earlier| !open.contains(&earlier)));
            let branch = open.remove(ready.unwrap_or(0));
            let waits: Vec<PlaceId> = self.paths.layout.after(branch).collect();
            let start = waits
                .iter()
                .filter_map(|earlier| finished.get(earlier))
                .fold(Term::int(0), |most, at| larger(&most, at));
            let own = self.place(branch);
            finished.insert(branch, start.plus(&own));
        }
        finished.values().fold(Term::int(0), |most, at| larger(&most, at))
    }

    fn calls(&mut self, id: PlaceId) -> Term {
        let Some(point) = self.paths.points.get_mut(id.0) else { return Term::int(0) };
        let sites = std::mem::take(&mut point.calls);
        let mut sum = Term::int(0);
        for site in &sites {
            let own = self.weight(site.capability, site.retry, site.timeout, &site.input);
            let made = match self.way {
                _ if !site.is_retriable => site.opens(),
                Way::AtMost => site.opens(),
                Way::Ended => site.opens().and(&site.decision.allow).or(&site.succeeds),
                // Once it is approved, it may be on its way when something else fails.
                Way::Weighed => {
                    let fails = self.paths.failures_beside(id);
                    site.opens().and(&Term::any([site.decision.allow.clone(), site.succeeds.clone(), fails]))
                }
            };
            sum = sum.plus(&self.where_it_happens(Some(made), &own));
            if self.of == Of::Time {
                let asked = self.approval(site);
                sum = sum.plus(&self.where_it_happens(Some(site.opens()), &asked));
            }
        }
        if let Some(point) = self.paths.points.get_mut(id.0) {
            point.calls = sites;
        }
        sum
    }

    /// How long the approval of a call may take: whoever is asked by the policy, and by the capability, at the same time.
    fn approval(&self, site: &Site<'_>) -> Term {
        let asked = site.decision.asked.iter().map(|asked| {
            asked.iter().fold(Term::int(0), |most, (when, approval)| {
                larger(&most, &self.where_it_happens(Some(when.clone()), &Term::int(approval.within.unwrap_or(0))))
            })
        });
        asked.fold(Term::int(0), |most, own| larger(&most, &own))
    }

    /// What a call takes where it is made.
    fn weight(&mut self, capability: &Capability, retry: &Retry, timeout: i64, input: &Symbol) -> Term {
        let attempts = i128::from(retry.attempts.unwrap_or(1).max(1));
        match &self.of {
            Of::Calls => Term::int(attempts),
            Of::Capability(id) if *id != capability.id => Term::int(0),
            Of::Capability(_) => Term::int(if is_same_again(capability) { 1 } else { attempts }),
            Of::Time => Term::int(of_attempts(retry, timeout)),
            Of::Money(currency) => {
                let currency = *currency;
                let Some(capability) = self.paths.layout.package.capability(&capability.id) else {
                    return Term::int(0);
                };
                let scope = clause_scope(capability, input, None);
                let rows = rows(&mut self.paths.encoder, &capability.cost, &scope);
                rows.rows.iter().fold(Term::int(0), |most, (when, cost)| {
                    let units = if cost.currency == currency { cost.amount.units() } else { 0 };
                    larger(
                        &most,
                        &self.where_it_happens(Some(when.clone()), &Term::int(units.saturating_mul(attempts))),
                    )
                })
            }
        }
    }

    /// What is undone of a block when a failure ends this run and no run around it, or any run.
    fn undo_of_block(&mut self, block: BlockId, ended: Option<FrameId>) -> Term {
        let places = self.paths.layout.block(block).to_vec();
        places.into_iter().fold(Term::int(0), |sum, id| sum.plus(&self.undo(id, ended)))
    }

    fn undo(&mut self, id: PlaceId, ended: Option<FrameId>) -> Term {
        let Some((node, inner)) = self.paths.layout.place(id).map(|place| (place.node, place.inner.clone())) else {
            return Term::int(0);
        };
        match &node.kind {
            NodeKind::Step(_) => {
                let own = self.undo_of_calls(id, ended);
                inner.into_iter().fold(own, |sum, block| sum.plus(&self.undo_of_block(block, ended)))
            }
            NodeKind::If { .. } => {
                inner.into_iter().fold(Term::int(0), |most, block| larger(&most, &self.undo_of_block(block, ended)))
            }
            NodeKind::Parallel { .. } => {
                inner.into_iter().fold(Term::int(0), |sum, block| sum.plus(&self.undo_of_block(block, ended)))
            }
            NodeKind::For { parallel, .. } => {
                let rounds: Vec<Term> = inner.into_iter().map(|block| self.undo_of_block(block, ended)).collect();
                self.times(id, &rounds, *parallel)
            }
            _ => Term::int(0),
        }
    }

    /// The undos of a step: one call of it has succeeded at most.
    fn undo_of_calls(&mut self, id: PlaceId, ended: Option<FrameId>) -> Term {
        let effects = std::mem::take(&mut self.paths.effects);
        let mut most = Term::int(0);
        for effect in effects.iter().filter(|effect| effect.place == id) {
            let fails = self.fails_after(id, ended);
            for undo in &effect.undos {
                let own = self.weight(undo.capability, &undo.capability.retry, undo.capability.timeout, &undo.input);
                let happens = Term::all([effect.when.clone(), undo.called(), fails.clone()]);
                most = larger(&most, &self.where_it_happens(Some(happens), &own));
            }
        }
        self.paths.effects = effects;
        most
    }

    /// Whether a failure after a place ends a run.
    fn fails_after(&self, id: PlaceId, ended: Option<FrameId>) -> Term {
        let failures = self.paths.failures_after(id, true);
        let mut failures =
            failures.filter(|(failure, _)| ended.is_none_or(|ended| failure.ends == ended)).map(|(_, when)| when);
        match self.way {
            // Whether any is possible is all that matters: the others of a long workflow need not be looked at.
            Way::AtMost => failures.find(|when| when.as_bool() != Some(false)).unwrap_or(Term::bool(false)),
            Way::Weighed | Way::Ended => Term::any(failures),
        }
    }

    /// An amount where a condition holds, and nothing elsewhere; without weighing, nothing where it never holds.
    fn where_it_happens(&self, condition: Option<Term>, amount: &Term) -> Term {
        let Some(condition) = condition else { return Term::int(0) };
        match condition.as_bool() {
            Some(false) => Term::int(0),
            Some(true) => amount.clone(),
            None if self.way != Way::AtMost => condition.choose(amount, &Term::int(0)),
            None => amount.clone(),
        }
    }
}

/// Whether a repeated call is the same call.
fn is_same_again(capability: &Capability) -> bool {
    capability.idempotency != Idempotency::No || capability.effect.rows.iter().all(|row| row.value == Effect::None)
}

/// The larger of two integers.
fn larger(a: &Term, b: &Term) -> Term {
    match (a.node(), b.node()) {
        (Node::Int(x), Node::Int(y)) => Term::int(*x.max(y)),
        (Node::Int(0), Node::If(_, _, zero)) if matches!(zero.node(), Node::Int(0)) => b.clone(),
        _ => a.less(b).choose(b, a),
    }
}

/// The number that a term is, if it is one.
pub(super) fn number(term: &Term) -> Option<i128> {
    match term.node() {
        Node::Int(number) => Some(*number),
        _ => None,
    }
}
