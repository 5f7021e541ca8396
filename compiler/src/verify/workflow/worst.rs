//! What the worst path of a workflow takes, with its rollback: never less than it can take.

use super::super::Options;
use super::super::solver::Session;
use super::super::units::Found;
use super::amount::{Of, Way, number};
use super::bounds::shown;
use super::check::Check;
use gov_plan::model::{NodeKind, Package, Workflow};
use gov_plan::types::Currency;
use std::collections::BTreeSet;

/// What the worst path takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worst {
    /// Calls, every attempt counted.
    pub calls: Bound,
    /// Money, by currency.
    pub money: Vec<(String, Bound)>,
    /// Time.
    pub time: Bound,
}

/// How much something is at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bound {
    /// So much, in words.
    AtMost(String),
    /// Nothing bounds it.
    Unbounded,
    /// It is not settled.
    #[default]
    Open,
}

/// What the worst path of a workflow takes. `None` where the workflow is too large to be looked at.
///
/// The solver is not asked: it is what [`super::bounds`] tries first.
pub(crate) fn worst_case(package: &Package, workflow: &Workflow) -> Option<Worst> {
    let options = Options::default();
    let (mut session, mut found) = (Session::new("worst", &options), Found::default());
    let mut check = Check::new(package, workflow, &mut session, &mut found)?;
    let (mut endless, mut endless_cost, mut waits) = (false, BTreeSet::new(), false);
    let mut currencies: BTreeSet<Currency> = BTreeSet::new();
    let called = check.paths.points.iter().flat_map(|point| &point.calls);
    let called = called.map(|site| (site.capability, site.retry.attempts));
    let undos = check.paths.effects.iter().flat_map(|effect| &effect.undos);
    let undos = undos.map(|undo| (undo.capability, undo.capability.retry.attempts));
    for (capability, attempts) in called.chain(undos) {
        let costs = capability.cost.rows.iter().map(|row| row.value.currency);
        currencies.extend(costs.clone());
        if attempts.is_none() {
            endless = true;
            endless_cost.extend(costs);
        }
    }
    for (index, point) in check.paths.points.iter().enumerate() {
        let asked = point.calls.iter().flat_map(|site| site.decision.asked.iter().flatten());
        waits |= asked.into_iter().any(|(when, approval)| approval.within.is_none() && when.as_bool() != Some(false));
        let node = check.paths.layout.place(super::layout::PlaceId(index)).map(|place| &place.node.kind);
        waits |= matches!(node, Some(NodeKind::Approval { approval, .. }) if approval.within.is_none());
    }
    let rounds = check.rounds();
    let mut bound = |of: &Of, is_endless: bool| {
        if is_endless {
            return Bound::Unbounded;
        }
        number(&check.total(of, Way::AtMost, &rounds)).map_or(Bound::Open, |most| Bound::AtMost(shown(of, most)))
    };
    let calls = bound(&Of::Calls, endless);
    let money = |currency: &Currency| (currency.to_string(), *currency);
    let currencies: Vec<(String, Currency)> = currencies.iter().map(money).collect();
    let money =
        currencies.into_iter().map(|(name, own)| (name, bound(&Of::Money(own), endless_cost.contains(&own)))).collect();
    let time = bound(&Of::Time, endless || waits);
    Some(Worst { calls, money, time })
}
