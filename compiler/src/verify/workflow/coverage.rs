//! Compensation coverage: G1101, G1102 and G1103.

use super::super::encode::Term;
use super::super::exact::workflow::state::{State, What};
use super::super::exact::workflow::undo::NotUndone;
use super::super::report::{Evidence, Proof};
use super::super::solver::Model;
use super::check::{Check, NO_REPLAY, Settled, Verdict};
use super::effects::Undo;
use super::gate::DeniedBy;
use super::layout::PlaceId;
use super::witness::Case;
use super::words;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::errors::compensation::{self, Refusal, Undone};
use crate::lower::span_of;
use gov_plan::Origin;
use gov_plan::model::{Compensation, Step};

/// A way in which a step may stay done: one call of it at one place, with what has to hold.
struct Left {
    /// Its index in the effects, and of those of the undo in them.
    effect: usize,
    undo: usize,
    /// When it comes about: the call is done, not undone, and the workflow fails.
    when: Term,
    /// The places where the workflow fails then.
    failures: Vec<(PlaceId, Origin, Term)>,
}

impl Check<'_, '_, '_> {
    /// Proves for every step that what it does is undone when the workflow fails after it.
    pub fn coverage(&mut self) {
        for group in self.effects_by_step() {
            self.cover(Code::NotUndone, &group);
            self.cover(Code::CompensationArguments, &group);
            self.cover(Code::CompensationRefused, &group);
        }
    }

    /// The effects of each step of the workflow itself, and of each step of what it runs: several where rounds and fallbacks
    /// are.
    fn effects_by_step(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<(Vec<*const gov_plan::model::Node>, Vec<usize>)> = Vec::new();
        for (index, effect) in self.paths.effects.iter().enumerate() {
            let layout = &self.paths.layout;
            let along = std::iter::once(effect.place).chain(layout.callers(effect.place));
            let key: Vec<_> = along.filter_map(|id| Some(std::ptr::from_ref(layout.place(id)?.node))).collect();
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(index),
                None => groups.push((key, vec![index])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    fn cover(&mut self, code: Code, group: &[usize]) {
        let left = self.left(code, group, false);
        let Some(first) = group.first().and_then(|index| self.paths.effects.get(*index)) else { return };
        let place = first.place;
        let relevant = code == Code::NotUndone || group.iter().any(|index| self.has_undo(*index));
        if !relevant {
            return;
        }
        let subject = self.step_subject(place);
        let any = Term::any(left.iter().map(|left| left.when.clone()));
        match self.ask(&format!("{code}-{}", place.0), &any) {
            Verdict::Never(proof) => self.proved(code, subject, proof),
            Verdict::Unknown(why) => self.unproved(code, subject, self.origin(self.outermost(place)), &why),
            Verdict::Happens(model) => match self.uncovered(code, &left, &model) {
                Some(found) => self.refuted(found),
                None => self.unproved(code, subject, self.origin(self.outermost(place)), NO_REPLAY),
            },
        }
    }

    /// Asks whether anything at all can stay done; for the claim that the workflow always undoes.
    pub fn anything_left(&mut self) -> Settled {
        let all: Vec<usize> = (0..self.paths.effects.len()).collect();
        let mut proofs = Vec::new();
        for code in [Code::NotUndone, Code::CompensationArguments, Code::CompensationRefused] {
            let left = self.left(code, &all, true);
            let any = Term::any(left.iter().map(|left| left.when.clone()));
            match self.ask(&format!("{code}"), &any) {
                Verdict::Never(Proof::Solver(digests)) => proofs.extend(digests),
                Verdict::Never(Proof::Exact(_)) => {}
                Verdict::Unknown(why) => return Settled::Open(why),
                Verdict::Happens(model) => {
                    return match self.uncovered(code, &left, &model) {
                        Some(found) => Settled::Fails(Box::new(found)),
                        None => Settled::Open(NO_REPLAY.to_owned()),
                    };
                }
            }
        }
        Settled::Holds(if proofs.is_empty() { Proof::Exact(Evidence::None) } else { Proof::Solver(proofs) })
    }

    fn has_undo(&self, index: usize) -> bool {
        self.paths.effects.get(index).is_some_and(|effect| !effect.undos.is_empty())
    }

    /// The ways in which these effects may stay done for this reason.
    fn left(&self, code: Code, group: &[usize], nested: bool) -> Vec<Left> {
        let mut found = Vec::new();
        for &index in group {
            let Some(effect) = self.paths.effects.get(index) else { continue };
            let reasons: Vec<(usize, Term)> = match code {
                Code::NotUndone => vec![(0, effect.not_automatic.clone())],
                Code::CompensationArguments => effect
                    .undos
                    .iter()
                    .map(|undo| undo.when.and(&undo.admitted.not().or(&undo.unevaluable)))
                    .enumerate()
                    .collect(),
                _ => effect
                    .undos
                    .iter()
                    .map(|undo| {
                        let called = undo.admitted.and(&undo.unevaluable.not());
                        Term::all([undo.when.clone(), called, undo.decision.allow.not()])
                    })
                    .enumerate()
                    .collect(),
            };
            let reasons: Vec<_> = reasons.into_iter().filter(|(_, reason)| reason.as_bool() != Some(false)).collect();
            if reasons.is_empty() {
                continue;
            }
            let failures: Vec<(PlaceId, Origin, Term)> = self
                .paths
                .failures_after(effect.place, nested)
                .map(|(failure, when)| (failure.place, failure.at, when))
                .collect();
            let fails = Term::any(failures.iter().map(|(_, _, when)| when.clone()));
            for (undo, reason) in reasons {
                let when = Term::all([effect.when.clone(), reason, fails.clone()]);
                found.push(Left { effect: index, undo, when, failures: failures.clone() });
            }
        }
        found.retain(|left| left.when.as_bool() != Some(false));
        found
    }

    /// The finding, replayed.
    fn uncovered(&mut self, code: Code, left: &[Left], model: &Model) -> Option<Diagnostic> {
        let holds = |term: &Term| model.bool(term) == Some(true);
        let left = left.iter().find(|left| holds(&left.when))?;
        let (failed_at, failure_at, _) = left.failures.iter().find(|(_, _, when)| holds(when))?;
        let effect = self.paths.effects.get(left.effect)?;
        let case = Case::of(&self.paths, model)?;
        let here = |path: &super::super::exact::workflow::state::Path| case.is_at(effect.place, path);
        let why_left = |why: &NotUndone| match code {
            Code::NotUndone => *why == NotUndone::NotAutomatic,
            Code::CompensationArguments => matches!(why, NotUndone::Arguments(_)),
            _ => matches!(why, NotUndone::Refused | NotUndone::Asked),
        };
        let wanted = |state: &State<'_>| {
            let is_left = |what: &What| matches!(what, What::LeftDone { why, .. } if why_left(why));
            state.trace.iter().any(|event| here(&event.path) && is_left(&event.what))
        };
        let state = case.replay(&self.paths, (Some(effect.place), Some(*failed_at)), &wanted)?;
        let step = self.paths.layout.step(effect.place)?;
        let outermost = self.outermost(effect.place);
        let undone = Undone {
            at: self.span(outermost),
            step: step.name.clone(),
            capability: effect.capability.id.clone(),
            failure: span_of(*failure_at),
            said: span_of(self.said(step, left.effect)?),
            subject: self.step_subject(effect.place),
            witness: words::witness(&self.paths, &case, &state),
            table: words::table(&state),
        };
        let failure = words::failure(self.package, &state).unwrap_or_default();
        let undo = effect.undos.get(left.undo);
        match (code, undo) {
            (Code::NotUndone, _) => Some(compensation::not_undone(undone, &failure)),
            (Code::CompensationArguments, Some(undo)) => {
                let left = state.trace.iter().find_map(|event| match &event.what {
                    What::LeftDone { why: NotUndone::Arguments(why), .. } if here(&event.path) => Some(why.clone()),
                    _ => None,
                });
                let why = left.map_or(failure, |why| format!("for example {why}"));
                Some(compensation::arguments(undone, &undo.capability.id, &why))
            }
            (_, Some(undo)) => {
                let refusal = self.refusal(undo, effect.place, model);
                Some(compensation::refused(undone, &undo.capability.id, refusal))
            }
            _ => None,
        }
    }

    /// Where it is said how a step is undone: its own option, the capability's clause, or the step where neither is.
    fn said(&self, step: &Step, effect: usize) -> Option<Origin> {
        let effect = self.paths.effects.get(effect)?;
        let table = step.compensation.as_ref().unwrap_or(&effect.capability.compensation);
        let single = match table.rows.as_slice() {
            [row] if !matches!(row.value, Compensation::NotNeeded) => Some(row.at),
            _ => None,
        };
        Some(single.unwrap_or(effect.said_at))
    }

    /// What decides about a compensation that is not allowed.
    fn refusal(&self, undo: &Undo<'_>, place: PlaceId, model: &Model) -> Refusal<'_> {
        let holds = |term: &Term| model.bool(term) == Some(true);
        let refusal = |by: String, instead: &'static str, at: Option<Origin>| Refusal {
            by,
            instead,
            at: at.map(span_of),
            mended_in: None,
        };
        let policy = self.paths.layout.workflow(place).and_then(|workflow| self.package.policy(&workflow.policy));
        let Some(policy) = policy else { return refusal("no policy".to_owned(), "allows", None) };
        let by_rule = |index: u32, instead: &'static str| {
            let place = (index as usize).saturating_sub(1);
            let at = policy.rules.get(place).map(|rule| rule.at);
            Refusal { mended_in: Some((policy, Some(place))), ..refusal(words::rule(policy, index), instead, at) }
        };
        let denied = undo.decision.denied_by.iter().find(|(_, when)| holds(when)).map(|(by, _)| *by);
        match denied {
            Some(DeniedBy::Rule(index)) => by_rule(index, "denies"),
            Some(DeniedBy::Condition(index)) => by_rule(index, "cannot decide"),
            Some(DeniedBy::Default) => {
                let by = format!("the default of `{}`", policy.name);
                Refusal { mended_in: Some((policy, None)), ..refusal(by, "denies", Some(policy.default_at)) }
            }
            Some(DeniedBy::Table) => {
                refusal(format!("`{}` itself", undo.capability.id), "leaves open", Some(undo.capability.at))
            }
            None => refusal(format!("`{}`", policy.name), "lets a human decide", None),
        }
    }
}
