//! What `prove` statements say about workflows: G1401 and G1402.

use super::super::encode::Term;
use super::super::exact::workflow::state::{State, What};
use super::super::report::{Evidence, Proof};
use super::super::solver::Session;
use super::super::units::{Found, Unit};
use super::amount::{Amount, Of, Way, number};
use super::bounds::{Worst, shown};
use super::check::{Check, NO_REPLAY, Settled, Verdict};
use super::layout::PlaceId;
use super::paths::is_retriable;
use super::witness::Case;
use super::words;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject};
use crate::errors::proof;
use crate::lower::span_of;
use gov_plan::model::{Claim, ClaimKind, Cost, Idempotency, Package, Workflow};

/// A unit of work for each claim about a workflow.
pub(super) fn units(package: &Package) -> Vec<Unit<'_>> {
    let about = |claim: &Claim| match &claim.kind {
        ClaimKind::Policy { .. } => None,
        ClaimKind::AlwaysUndoes { workflow }
        | ClaimKind::SpendsAtMost { workflow, .. }
        | ClaimKind::CallsAtMost { workflow, .. }
        | ClaimKind::CallsBefore { workflow, .. }
        | ClaimKind::NeverWithoutApproval { workflow, .. } => package.workflow(workflow),
    };
    let unit = |claim| -> Option<Unit<'_>> {
        let claim: &Claim = claim;
        let workflow = about(claim)?;
        Some(Unit {
            name: format!("claim-{}", claim.name),
            subject: Subject::Prove { prove: claim.name.clone() },
            at: claim.at,
            work: Box::new(move |session, found| settle(package, workflow, claim, session, found)),
        })
    };
    package.claims.iter().filter_map(unit).collect()
}

fn settle(package: &Package, workflow: &Workflow, claim: &Claim, session: &mut Session<'_>, found: &mut Found) {
    let subject = Subject::Prove { prove: claim.name.clone() };
    let Some(mut check) = Check::new(package, workflow, session, found) else { return };
    match check.claim(claim) {
        Settled::Holds(proof) => check.proved(Code::ProveFalse, subject, proof),
        Settled::Fails(diagnostic) => check.refuted(*diagnostic),
        Settled::Open(why) => check.unproved(Code::ProveFalse, subject, claim.at, &why),
    }
}

/// Something that would show a claim to be false: where, when, what is said of it.
struct Counter {
    place: PlaceId,
    last: Option<PlaceId>,
    when: Term,
    said: String,
    /// What becomes of the undo, where it does not succeed as the walk takes it to.
    undo_fails: bool,
}

impl Check<'_, '_, '_> {
    fn claim(&mut self, claim: &Claim) -> Settled {
        match &claim.kind {
            ClaimKind::Policy { .. } => Settled::Holds(Proof::Exact(Evidence::None)),
            ClaimKind::AlwaysUndoes { .. } => self.always_undoes(claim),
            ClaimKind::SpendsAtMost { amount, .. } => self.spends_at_most(claim, *amount),
            ClaimKind::CallsAtMost { capability, times, .. } => self.calls_at_most(claim, capability, *times),
            ClaimKind::CallsBefore { first, second, .. } => {
                let counters = self.calls_without_first(first, second);
                let wanted = |state: &State<'_>| {
                    let calls = |what: &What| match what {
                        What::Called(called) => called.capability == *second,
                        What::Undone { capability, .. } => capability == second,
                        _ => false,
                    };
                    let is_first = |what: &What| matches!(what, What::Called(called) if called.succeeded && called.capability == *first);
                    let at = state.trace.iter().position(|event| calls(&event.what));
                    at.is_some_and(|at| !state.trace.iter().take(at).any(|event| is_first(&event.what)))
                };
                self.countered(claim, &counters, &wanted)
            }
            ClaimKind::NeverWithoutApproval { capability, .. } => {
                let counters = self.calls_without_approval(capability);
                let wanted = |state: &State<'_>| {
                    state.trace.iter().enumerate().any(|(at, event)| match &event.what {
                        What::Called(called) => {
                            called.capability == *capability && !called.approved && called.approvals == 0
                        }
                        What::Undone { capability: undo, .. } if undo == capability => {
                            state.trace.iter().take(at).all(|earlier| match &earlier.what {
                                What::Approved(_) => false,
                                What::Called(called) => earlier.path != event.path || !called.approved,
                                _ => true,
                            })
                        }
                        _ => false,
                    })
                };
                self.countered(claim, &counters, &wanted)
            }
        }
    }

    /// Looks for one of the counterexamples, and replays it.
    fn countered(&mut self, claim: &Claim, counters: &[Counter], wanted: &dyn Fn(&State<'_>) -> bool) -> Settled {
        let any = Term::any(counters.iter().map(|counter| counter.when.clone()));
        let model = match self.ask(&claim.name, &any) {
            Verdict::Never(proof) => return Settled::Holds(proof),
            Verdict::Unknown(why) => return Settled::Open(why),
            Verdict::Happens(model) => model,
        };
        let found = counters.iter().find(|counter| model.bool(&counter.when) == Some(true)).and_then(|counter| {
            let case = Case::of(&self.paths, &model)?;
            let state = case.replay(&self.paths, (Some(counter.place), counter.last), wanted)?;
            let mut witness = words::witness(&self.paths, &case, &state);
            if counter.undo_fails {
                let undone = state.trace.iter().position(|event| matches!(event.what, What::Undone { .. }))?;
                let mut path = words::story(self.package, state.trace.get(..undone)?);
                path.push(counter.said.clone());
                witness.path = Some(path);
                // The run that was found undoes everything.
                witness.test = None;
            }
            let at = self.origin(self.outermost(counter.place));
            let place = (at, counter.said.clone());
            Some(proof::workflow_refuted(claim.at, &claim.name, &counter.said, Some(place), None, witness))
        });
        found.map_or_else(|| Settled::Open(NO_REPLAY.to_owned()), |found| Settled::Fails(Box::new(found)))
    }

    fn always_undoes(&mut self, claim: &Claim) -> Settled {
        let proof = match self.anything_left() {
            Settled::Holds(proof) => proof,
            Settled::Fails(found) => return Settled::Fails(Box::new(about_claim(claim, *found))),
            open => return open,
        };
        // An undo that may fail for good undoes nothing, whether or not a human is named for that case.
        let mut counters = Vec::new();
        for effect in &self.paths.effects {
            for undo in &effect.undos {
                if is_retriable(undo.capability, &undo.capability.retry) {
                    continue;
                }
                for (failure, when) in self.paths.failures_after(effect.place, true) {
                    counters.push(Counter {
                        place: effect.place,
                        last: Some(failure.place),
                        when: Term::all([effect.when.clone(), undo.called(), when]),
                        said: format!("its undo, `{}`, may fail for good", undo.capability.id),
                        undo_fails: true,
                    });
                }
            }
        }
        let undoes = |state: &State<'_>| state.trace.iter().any(|event| matches!(event.what, What::Undone { .. }));
        match self.countered(claim, &counters, &undoes) {
            Settled::Holds(_) => Settled::Holds(proof),
            other => other,
        }
    }

    fn spends_at_most(&mut self, claim: &Claim, amount: Cost) -> Settled {
        let endless = self.endless(&|site| {
            site.cost
                .rows
                .iter()
                .any(|row| row.value.currency == amount.currency && row.value.amount > gov_plan::Decimal::ZERO)
        });
        self.bounded(claim, &Of::Money(amount.currency), amount.amount.units(), &endless)
    }

    fn calls_at_most(&mut self, claim: &Claim, capability: &str, times: u32) -> Settled {
        let repeats = |called: &gov_plan::model::Capability| {
            let harmless = called.effect.rows.iter().all(|row| row.value == gov_plan::model::Effect::None);
            called.id == capability && called.idempotency == Idempotency::No && !harmless
        };
        let endless = self.endless(&repeats);
        self.bounded(claim, &Of::Capability(capability.to_owned()), i128::from(times), &endless)
    }

    /// Whether the budget itself holds a claim: nothing is undone that counts, and nothing forward gets past the budget.
    fn budget_holds(&mut self, of: &Of, most: i128) -> bool {
        let budget = match of {
            Of::Money(currency) => {
                let money = self.workflow.budget.money.filter(|money| money.currency == *currency);
                money.map(|money| money.amount.units())
            }
            _ => self.workflow.budget.calls.map(i128::from),
        };
        let rounds = self.rounds();
        let undo = Amount { paths: &mut self.paths, of: of.clone(), way: Way::AtMost, rounds }.rollback();
        budget.is_some_and(|budget| budget <= most) && number(&undo) == Some(0)
    }

    fn bounded(&mut self, claim: &Claim, of: &Of, most: i128, endless: &[Counter]) -> Settled {
        if self.budget_holds(of, most) {
            return Settled::Holds(Proof::Exact(Evidence::None));
        }
        // Attempts without end break every bound.
        let called = |state: &State<'_>| {
            state.trace.iter().any(|event| match &event.what {
                What::Called(called) => called.spent.attempts.is_none(),
                What::Undone { spent, .. } => spent.attempts.is_none(),
                _ => false,
            })
        };
        match self.countered(claim, endless, &called) {
            Settled::Holds(_) => {}
            other => return other,
        }
        let claimed = shown(of, most);
        let refute = |worst: Worst| {
            let said = format!("the worst path takes {}, not at most {claimed}", shown(of, worst.amount));
            proof::workflow_refuted(claim.at, &claim.name, &said, None, Some(worst.table), worst.witness)
        };
        self.claim_at_most(of, most, &refute)
    }

    /// The calls of some capabilities that are tried until they succeed.
    fn endless(&self, wanted: &dyn Fn(&gov_plan::model::Capability) -> bool) -> Vec<Counter> {
        let mut found = Vec::new();
        let counter = |place, last, when, id: &str| Counter {
            place,
            last,
            when,
            said: format!("`{id}` is tried until it succeeds, and nothing bounds how often"),
            undo_fails: false,
        };
        for id in self.paths.layout.ids() {
            let sites = self.paths.point(id).map_or(&[][..], |point| point.calls.as_slice());
            for site in sites.iter().filter(|site| site.retry.attempts.is_none() && wanted(site.capability)) {
                found.push(counter(id, None, site.called(), &site.capability.id));
            }
        }
        for effect in &self.paths.effects {
            for undo in
                effect.undos.iter().filter(|undo| undo.capability.retry.attempts.is_none() && wanted(undo.capability))
            {
                for (failure, when) in self.paths.failures_after(effect.place, true) {
                    let when = Term::all([effect.when.clone(), undo.called(), when]);
                    found.push(counter(effect.place, Some(failure.place), when, &undo.capability.id));
                }
            }
        }
        found
    }

    /// The calls of the second capability that the first one was not called, with success, before.
    fn calls_without_first(&self, first: &str, second: &str) -> Vec<Counter> {
        let layout = &self.paths.layout;
        let mut firsts: Vec<(PlaceId, Term)> = Vec::new();
        for id in layout.ids() {
            let sites = self.paths.point(id).map_or(&[][..], |point| point.calls.as_slice());
            firsts.extend(
                sites.iter().filter(|site| site.capability.id == first).map(|site| (id, site.succeeds.clone())),
            );
        }
        let none_before = |places: &[PlaceId]| {
            let before = firsts.iter().filter(|(id, _)| places.iter().any(|place| layout.before(*id, *place)));
            Term::any(before.map(|(_, done)| done.clone())).not()
        };
        let said = format!("`{second}` is called without `{first}` having been called before");
        let mut found = Vec::new();
        for id in layout.ids() {
            let sites = self.paths.point(id).map_or(&[][..], |point| point.calls.as_slice());
            for site in sites.iter().filter(|site| site.capability.id == second) {
                let when = site.called().and(&none_before(&[id]));
                found.push(Counter { place: id, last: None, when, said: said.clone(), undo_fails: false });
            }
        }
        for effect in &self.paths.effects {
            for undo in effect.undos.iter().filter(|undo| undo.capability.id == second) {
                for (failure, when) in self.paths.failures_after(effect.place, true) {
                    let own = firsts.iter().filter(|(id, _)| *id == effect.place);
                    let own = Term::any(own.map(|(_, done)| done.clone())).not();
                    let when = Term::all([
                        effect.when.clone(),
                        undo.called(),
                        when,
                        own,
                        none_before(&[effect.place, failure.place]),
                    ]);
                    found.push(Counter {
                        place: effect.place,
                        last: Some(failure.place),
                        when,
                        said: said.clone(),
                        undo_fails: false,
                    });
                }
            }
        }
        found
    }

    /// The calls of a capability that no human approved, and before which no `approval` was given.
    fn calls_without_approval(&self, capability: &str) -> Vec<Counter> {
        let said = format!("`{capability}` is called without an approval");
        let mut found = Vec::new();
        for id in self.paths.layout.ids() {
            let sites = self.paths.point(id).map_or(&[][..], |point| point.calls.as_slice());
            for site in sites.iter().filter(|site| site.capability.id == capability) {
                let when = Term::all([site.called(), site.decision.allow.clone(), self.approved_before(id).not()]);
                found.push(Counter { place: id, last: None, when, said: said.clone(), undo_fails: false });
            }
        }
        for effect in &self.paths.effects {
            let own = self.paths.point(effect.place).and_then(|point| point.calls.get(effect.alternative));
            let own = own.map_or_else(|| Term::bool(false), |site| site.decision.approval.clone());
            for undo in effect.undos.iter().filter(|undo| undo.capability.id == capability) {
                for (failure, when) in self.paths.failures_after(effect.place, true) {
                    let approved =
                        [own.clone(), self.approved_before(effect.place), self.approved_before(failure.place)];
                    let when = Term::all([effect.when.clone(), undo.called(), when, Term::any(approved).not()]);
                    found.push(Counter {
                        place: effect.place,
                        last: Some(failure.place),
                        when,
                        said: said.clone(),
                        undo_fails: false,
                    });
                }
            }
        }
        found
    }
}

/// A finding about a step, as what shows a claim to be false.
fn about_claim(claim: &Claim, found: Diagnostic) -> Diagnostic {
    let step = found.primary;
    let mut own = Diagnostic::new(
        Code::ProveFalse,
        span_of(claim.at),
        format!("`{}` does not hold: {}", claim.name, found.message),
    )
    .label("does not hold")
    .secondary(step.span, step.message)
    .help("mend the workflow, or claim what it does")
    .subject(Subject::Prove { prove: claim.name.clone() });
    own.secondary.extend(found.secondary);
    own.notes = found.notes;
    own.witness = found.witness;
    own
}
