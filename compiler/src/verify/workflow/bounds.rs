//! The worst path stays within the budget: G1304.

use super::super::encode::Term;
use super::super::exact::workflow::state::State;
use super::super::report::{Evidence, Proof};
use super::super::solver::Model;
use super::amount::{Amount, Of, Way, number};
use super::check::{Check, NO_REPLAY, Settled, Verdict};
use super::layout::PlaceId;
use super::parallel::equal;
use super::paths::Why;
use super::witness::Case;
use super::{shown as played, words};
use crate::codes::Code;
use crate::errors::workflow as errors;
use crate::lower::span_of;
use gov_plan::model::NodeKind;
use gov_plan::{Decimal, Origin, text};
use std::collections::BTreeMap;

/// What is shown of the execution that takes the most.
pub(super) struct Worst {
    pub witness: crate::diagnostic::Witness,
    /// What it takes, in the units of what is counted.
    pub amount: i128,
    /// What takes how much, as a table.
    pub table: String,
}

/// What came of a bound.
pub(super) enum Bounded {
    Holds(Proof),
    Exceeded(Box<Worst>),
    Open(String),
}

impl Check<'_, '_, '_> {
    /// Proves of each part of the budget that the worst path stays within it.
    pub fn bounds(&mut self) {
        let budget = self.workflow.budget.clone();
        if let Some(money) = budget.money {
            self.currencies(money.currency, budget.at);
            self.bound(&Of::Money(money.currency), money.amount.units(), &text::money(money.amount, money.currency));
        }
        if let Some(calls) = budget.calls {
            self.bound(&Of::Calls, i128::from(calls), &format!("{calls} calls"));
        }
        if let Some(time) = budget.time {
            self.bound(&Of::Time, i128::from(time), &text::duration(time));
        }
        self.unbounded(&budget);
    }

    fn bound(&mut self, of: &Of, most: i128, allowed: &str) {
        let subject = self.subject();
        let at = self.workflow.budget.at;
        match self.at_most(of, most) {
            Bounded::Holds(proof) => self.proved(Code::OverBudget, subject, proof),
            Bounded::Open(why) => self.unproved(Code::OverBudget, subject, at, &why),
            Bounded::Exceeded(worst) => {
                let Worst { witness, amount, table } = *worst;
                let (most, what) = (shown(of, amount), unit(of));
                let found = errors::over_budget(span_of(at), what, &most, allowed, &[table], subject, Some(witness));
                self.refuted(found);
            }
        }
    }

    /// Proves that no execution takes more than so much.
    pub fn at_most(&mut self, of: &Of, most: i128) -> Bounded {
        let mut rounds = self.rounds();
        let total = self.total(of, Way::AtMost, &rounds);
        if number(&total).is_some_and(|total| total <= most) {
            return Bounded::Holds(Proof::Exact(Evidence::None));
        }
        if let Err(why) = self.possible_rounds(&mut rounds) {
            return Bounded::Open(why);
        }
        let exceeds = Term::int(most).less(&self.total(of, Way::Weighed, &rounds));
        match self.ask_any_length("G1304", &exceeds) {
            Verdict::Never(proof) => Bounded::Holds(proof),
            Verdict::Unknown(why) => Bounded::Open(why),
            Verdict::Happens(_) => self.exceeded(of, most, &rounds),
        }
    }

    /// Looks for an execution that comes to its end and takes more than so much: with as many rounds as there can be first,
    /// and before a deadline comes.
    fn exceeded(&mut self, of: &Of, most: i128, rounds: &BTreeMap<PlaceId, i128>) -> Bounded {
        for rounds in fewer(rounds) {
            let exceeds = Term::int(most).less(&self.total(of, Way::Ended, &rounds));
            let whole = Term::all([exceeds, self.full_rounds(&rounds), self.everything_ends()]);
            for in_time in [self.in_time(), Term::bool(true)] {
                match self.ask_likely("G1304-whole", &whole.and(&in_time)) {
                    Verdict::Happens(model) => {
                        if let Some(worst) = self.worst(of, most, &model) {
                            return Bounded::Exceeded(Box::new(worst));
                        }
                    }
                    Verdict::Never(_) => {}
                    Verdict::Unknown(why) => return Bounded::Open(why),
                }
            }
        }
        Bounded::Open(NO_REPLAY.to_owned())
    }

    /// No deadline comes.
    fn in_time(&self) -> Term {
        let late = self.paths.failures.iter().filter(|failure| matches!(failure.why, Why::Deadline(_)));
        Term::all(late.map(|failure| failure.when.not()))
    }

    pub fn total(&mut self, of: &Of, way: Way, rounds: &BTreeMap<PlaceId, i128>) -> Term {
        Amount { paths: &mut self.paths, of: of.clone(), way, rounds: rounds.clone() }.total()
    }

    fn worst(&mut self, of: &Of, most: i128, model: &Model) -> Option<Worst> {
        let case = Case::of_full_rounds(&self.paths, model)?;
        let walk = case.walk(&self.paths)?;
        let package = self.package;
        let taken = |state: &State<'_>| match of {
            Of::Calls => i128::from(state.calls()),
            Of::Capability(id) => package.capability(id).map_or(0, |capability| i128::from(state.calls_of(capability))),
            Of::Money(currency) => state.money(*currency).units(),
            Of::Time => i128::from(walk.time(state)),
        };
        let state = case.replay(&self.paths, (None, None), &|state| state.end.is_some() && taken(state) > most)?;
        let mut witness = words::witness(&self.paths, &case, &state);
        // A test says nothing of time, and counts the attempts of a call as one: what it can show is where the budget stops it.
        let calls = self.workflow.budget.calls.map(i128::from);
        let is_of_the_budget = matches!(of, Of::Calls) && calls == Some(most);
        witness.test = if is_of_the_budget { played::over_budget(&walk, &case, &state) } else { None };
        Some(Worst { witness, amount: taken(&state), table: words::spent(&state) })
    }

    /// The rounds that each loop has at most by what it says.
    pub fn rounds(&self) -> BTreeMap<PlaceId, i128> {
        let loops = self.paths.layout.ids().filter_map(|id| {
            let NodeKind::For { limit, .. } = &self.paths.layout.place(id)?.node.kind else { return None };
            let length = self.paths.point(id)?.rounds.as_ref().and_then(|rounds| number(&rounds.length));
            let limit = i128::from(*limit);
            Some((id, length.map_or(limit, |length| length.min(limit))))
        });
        loops.collect()
    }

    /// The rounds that each loop has at most when it is reached.
    fn possible_rounds(&mut self, rounds: &mut BTreeMap<PlaceId, i128>) -> Result<(), String> {
        for (id, most) in rounds.iter_mut() {
            let begins = self
                .paths
                .point(*id)
                .and_then(|point| point.rounds.as_ref().map(|rounds| (point.reach.clone(), rounds.length.clone())));
            let Some((reach, length)) = begins else { continue };
            let (mut known, mut above) = (0, *most + 1);
            // The longest list first: it is nearly always possible.
            let mut tried = *most;
            while known + 1 < above {
                let reaches = reach.and(&Term::int(tried).at_most(&length)).and(&length.at_most(&Term::int(*most)));
                match self.ask_any_length("G1304-length", &reaches) {
                    Verdict::Happens(_) => known = tried,
                    Verdict::Never(_) => above = tried,
                    Verdict::Unknown(why) => return Err(why),
                }
                tried = known + (above - known) / 2;
            }
            *most = known;
        }
        Ok(())
    }

    /// Every loop that is reached has all its rounds, all but the last about the same.
    fn full_rounds(&self, rounds: &BTreeMap<PlaceId, i128>) -> Term {
        Term::all(rounds.iter().filter_map(|(id, most)| {
            let point = self.paths.point(*id)?;
            let rounds = point.rounds.as_ref()?;
            let [earlier, later] = &rounds.picks;
            if *most == 0 {
                return Some(rounds.begins.implies(&rounds.length.equals(&Term::int(0))));
            }
            let listed = i128::try_from(rounds.elements.len()).ok()?;
            let (first, rest) = rounds.elements.split_first()?;
            let alike = rest.iter().take(rest.len().saturating_sub(1)).map(|element| equal(first, element));
            let full = Term::all([
                rounds.length.equals(&Term::int(*most)),
                earlier.equals(&Term::int(0)),
                later.equals(&Term::int(listed.min(*most) - 1)).or(&Term::bool(*most < 2)),
                Term::all(alike),
            ]);
            Some(rounds.begins.implies(&full))
        }))
    }

    /// Every call that is come to ends: none is still being tried.
    fn everything_ends(&self) -> Term {
        let sites = self.paths.points.iter().flat_map(|point| &point.calls);
        Term::all(sites.map(|site| site.tried.implies(&site.succeeds.or(&site.fails))))
    }

    /// A cost in another currency is one that the budget cannot bear.
    fn currencies(&mut self, counted: gov_plan::types::Currency, at: Origin) {
        let mut told = Vec::new();
        let ids: Vec<PlaceId> = self.paths.layout.ids().collect();
        for id in ids {
            let sites = self.paths.point(id).map_or(&[][..], |point| point.calls.as_slice());
            let others: Vec<_> = sites
                .iter()
                .flat_map(|site| site.capability.cost.rows.iter().map(move |row| (site, row)))
                .filter(|(_, row)| row.value.currency != counted)
                .map(|(site, row)| (site.capability.id.clone(), row.value, row.at))
                .collect();
            for (capability, cost, said) in others {
                if !told.contains(&capability) {
                    let subject = self.step_subject(id);
                    let cost = text::money(cost.amount, cost.currency);
                    self.refuted(errors::other_currency(
                        span_of(at),
                        &capability,
                        &cost,
                        counted.as_str(),
                        span_of(said),
                        subject,
                    ));
                    told.push(capability);
                }
            }
        }
    }

    /// What nothing bounds although the budget speaks of it.
    fn unbounded(&mut self, budget: &gov_plan::model::Budget) {
        let mut found: Vec<(Vec<&'static str>, PlaceId, String, Term)> = Vec::new();
        for id in self.paths.layout.ids() {
            let (Some(point), Some(place)) = (self.paths.point(id), self.paths.layout.place(id)) else { continue };
            for site in &point.calls {
                let name = &site.capability.id;
                if site.retry.attempts.is_none() {
                    let mut parts = Vec::new();
                    if budget.money.is_some() && !site.capability.cost.rows.is_empty() {
                        parts.push("money");
                    }
                    parts.extend(budget.calls.is_some().then_some("calls"));
                    parts.extend(budget.time.is_some().then_some("time"));
                    found.push((
                        parts,
                        id,
                        format!("`{name}` is tried until it succeeds, or the budget is used up"),
                        site.opens(),
                    ));
                }
                let waits = site.decision.asked.iter().flatten().filter(|(_, approval)| approval.within.is_none());
                let waits = Term::any(waits.map(|(when, _)| when.clone()));
                let parts: Vec<_> = budget.time.is_some().then_some("time").into_iter().collect();
                found.push((
                    parts,
                    id,
                    format!("the approval of `{name}` has no deadline of its own"),
                    site.opens().and(&waits),
                ));
            }
            if let NodeKind::Approval { approval, name, .. } = &place.node.kind
                && approval.within.is_none()
            {
                let parts: Vec<_> = budget.time.is_some().then_some("time").into_iter().collect();
                found.push((parts, id, format!("`{name}` has no deadline of its own"), point.reach.clone()));
            }
        }
        for effect in &self.paths.effects {
            let fails = Term::any(self.paths.failures_after(effect.place, true).map(|(_, when)| when));
            for undo in &effect.undos {
                let endless = undo.capability.retry.attempts.is_none() && !undo.capability.cost.rows.is_empty();
                if endless && budget.money.is_some() {
                    let why = format!("`{}` is tried until it succeeds, and every attempt costs", undo.capability.id);
                    let when = Term::all([effect.when.clone(), undo.when.clone(), fails.clone()]);
                    found.push((vec!["money"], effect.place, why, when));
                }
            }
        }
        let mut told: Vec<crate::source::Span> = Vec::new();
        for (parts, id, why, when) in found {
            let span = self.span(id);
            if parts.is_empty() || told.contains(&span) || when.as_bool() == Some(false) {
                continue;
            }
            match self.ask(&format!("G1304-unbounded-{}", id.0), &when) {
                Verdict::Never(_) => {}
                Verdict::Unknown(why) => self.unproved(Code::OverBudget, self.subject(), budget.at, &why),
                Verdict::Happens(_) => {
                    told.push(span);
                    let what = listed(&parts);
                    let subject = self.subject();
                    self.refuted(errors::unbounded_budget(span_of(budget.at), &what, span, &why, subject));
                }
            }
        }
    }

    /// Proves that a claim about an amount holds.
    pub fn claim_at_most(
        &mut self,
        of: &Of,
        most: i128,
        claim: &dyn Fn(Worst) -> crate::diagnostic::Diagnostic,
    ) -> Settled {
        match self.at_most(of, most) {
            Bounded::Holds(proof) => Settled::Holds(proof),
            Bounded::Open(why) => Settled::Open(why),
            Bounded::Exceeded(worst) => Settled::Fails(Box::new(claim(*worst))),
        }
    }
}

/// The rounds of loops, then fewer: what a round asks for may keep a later statement from taking more.
fn fewer(rounds: &BTreeMap<PlaceId, i128>) -> Vec<BTreeMap<PlaceId, i128>> {
    const MOST: usize = 24;
    let with = |id: &PlaceId, most: i128| {
        let mut rounds = rounds.clone();
        rounds.insert(*id, most);
        rounds
    };
    let single = [0, 1, 2].into_iter().flat_map(|most| {
        let longer = rounds.iter().filter(move |(_, own)| **own > most);
        longer.map(move |(id, _)| with(id, most))
    });
    let none = (rounds.len() > 1).then(|| rounds.keys().map(|id| (*id, 0)).collect());
    std::iter::once(rounds.clone()).chain(none).chain(single).take(MOST).collect()
}

/// An amount in words.
pub(super) fn shown(of: &Of, amount: i128) -> String {
    match of {
        Of::Money(currency) => Decimal::from_units(amount)
            .map_or_else(|| format!("more {currency} than can be counted"), |amount| text::money(amount, *currency)),
        Of::Time => text::duration(i64::try_from(amount).unwrap_or(i64::MAX)),
        Of::Calls | Of::Capability(_) => amount.to_string(),
    }
}

fn unit(of: &Of) -> &'static str {
    match of {
        Of::Calls | Of::Capability(_) => "calls",
        Of::Money(_) | Of::Time => "",
    }
}

fn listed(parts: &[&str]) -> String {
    match parts {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => parts.concat(),
    }
}
