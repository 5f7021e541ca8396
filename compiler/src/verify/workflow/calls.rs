//! What steps may do: G1301, G1302 and G1305.

use super::super::encode::Term;
use super::super::exact::workflow::state::{NotCalled, State, What};
use super::super::solver::Model;
use super::check::{Check, NO_REPLAY, Verdict};
use super::gate::DeniedBy;
use super::layout::{FrameId, PlaceId};
use super::witness::Case;
use super::words;
use crate::codes::Code;
use crate::errors::workflow as errors;
use crate::lower::span_of;
use gov_plan::model::{Escalation, Node, NodeKind, Target};
use gov_plan::types::Risk;

/// How often a way in which the surroundings refuse a step is set aside to look for another. Each is one combination of the
/// policy's conditions on the context and on who asks.
const MOST_SURROUNDINGS: usize = 64;

impl Check<'_, '_, '_> {
    /// Looks at every call of the workflow itself; those of nested workflows are looked at there.
    pub fn calls(&mut self) {
        for group in self.own_steps() {
            let alternatives =
                group.iter().filter_map(|id| self.paths.point(*id)).map(|point| point.calls.len()).max().unwrap_or(0);
            for alternative in 0..alternatives {
                self.refusals(&group, alternative);
                self.refinements(&group, alternative);
                self.approvals(&group, alternative);
            }
            self.nested_arguments(&group);
        }
    }

    /// The steps of the workflow itself: each with all its places.
    fn own_steps(&self) -> Vec<Vec<PlaceId>> {
        let steps = self.own_statements().into_iter();
        steps.filter(|group| group.first().is_some_and(|id| self.paths.layout.step(*id).is_some())).collect()
    }

    /// The statements of the workflow itself: each with all its places.
    pub fn own_statements(&self) -> Vec<Vec<PlaceId>> {
        let mut groups: Vec<(*const Node, Vec<PlaceId>)> = Vec::new();
        for id in self.paths.layout.ids() {
            let Some(place) = self.paths.layout.place(id).filter(|place| place.frame == FrameId(0)) else { continue };
            let node = std::ptr::from_ref(place.node);
            match groups.iter_mut().find(|(known, _)| *known == node) {
                Some((_, group)) => group.push(id),
                None => groups.push((node, vec![id])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// Something about a call at each of its places.
    fn at_each(
        &self,
        group: &[PlaceId],
        alternative: usize,
        what: impl Fn(&super::paths::Site<'_>) -> Term,
    ) -> Vec<(PlaceId, Term)> {
        let each = group.iter().filter_map(|id| Some((*id, what(self.paths.point(*id)?.calls.get(alternative)?))));
        each.filter(|(_, term)| term.as_bool() != Some(false)).collect()
    }

    fn refusals(&mut self, group: &[PlaceId], alternative: usize) {
        let Some(first) = group.first().copied() else { return };
        let subject = self.step_subject(first);
        let asked = |site: &super::paths::Site<'_>| {
            Term::all([site.tried.clone(), site.unevaluable.not(), site.admitted.clone()])
        };
        let refused = self.at_each(group, alternative, |site| asked(site).and(&site.decision.deny));
        let opens = Term::any(self.at_each(group, alternative, |site| site.opens()).into_iter().map(|(_, term)| term));
        let mut open = Term::any(refused.iter().map(|(_, term)| term.clone()));
        for _ in 0..MOST_SURROUNDINGS {
            let model = match self.ask(&format!("G1301-{}-{alternative}", first.0), &open) {
                Verdict::Never(proof) => return self.proved(Code::RefusedStep, subject, proof),
                Verdict::Unknown(why) => return self.unproved(Code::RefusedStep, subject, self.origin(first), &why),
                Verdict::Happens(model) => model,
            };
            let holds = |term: &Term| model.bool(term) == Some(true);
            let Some((place, _)) = refused.iter().find(|(_, when)| holds(when)) else { break };
            let surroundings = self.surroundings(*place, alternative, &model);
            match self.ask(&format!("G1301-{}-{alternative}-passes", first.0), &opens.and(&surroundings)) {
                Verdict::Happens(_) => return self.refused_step(*place, alternative, &model, false),
                Verdict::Unknown(why) => return self.unproved(Code::RefusedStep, subject, self.origin(first), &why),
                // In these surroundings nothing passes. It is a finding only where that is so in all of them: what the context
                // forbids is forbidden on purpose.
                Verdict::Never(_) => {}
            }
            match self.ask(&format!("G1301-{}-{alternative}-ever", first.0), &opens) {
                Verdict::Never(_) => return self.refused_step(*place, alternative, &model, true),
                Verdict::Unknown(why) => return self.unproved(Code::RefusedStep, subject, self.origin(first), &why),
                Verdict::Happens(_) => open = open.and(&surroundings.not()),
            }
        }
        self.unproved(Code::RefusedStep, subject, self.origin(first), "the policy asks too many things of the context");
    }

    /// How the conditions turn out that ask for nothing but the context and who asks.
    fn surroundings(&self, place: PlaceId, alternative: usize, model: &Model) -> Term {
        let site = self.paths.point(place).and_then(|point| point.calls.get(alternative));
        let conditions = site.map_or(&[][..], |site| site.decision.environment.as_slice());
        Term::all(conditions.iter().map(|condition| match model.bool(condition) {
            Some(true) => condition.clone(),
            _ => condition.not(),
        }))
    }

    fn refused_step(&mut self, place: PlaceId, alternative: usize, model: &Model, always: bool) {
        let subject = self.step_subject(place);
        let found = Case::of(&self.paths, model).and_then(|case| {
            let wanted = |state: &State<'_>| {
                let is_refused = |what: &What| {
                    matches!(what, What::NotCalled { alternative: own, why: NotCalled::Refused(_), .. } if *own == alternative)
                };
                state.trace.iter().any(|event| case.is_at(place, &event.path) && is_refused(&event.what))
            };
            let state = case.replay(&self.paths, (Some(place), None), &wanted)?;
            let site = self.paths.point(place)?.calls.get(alternative)?;
            let step = self.paths.layout.step(place)?;
            let policy = self.package.policy(&self.workflow.policy)?;
            let denied = site.decision.denied_by.iter().find(|(_, when)| model.bool(when) == Some(true));
            let (by, rule) = match denied.map(|(by, _)| *by) {
                Some(DeniedBy::Rule(index) | DeniedBy::Condition(index)) => {
                    let rule = policy.rules.get((index as usize).saturating_sub(1));
                    (words::rule(policy, index), rule.map(|rule| rule.at))
                }
                Some(DeniedBy::Default) => (format!("the default of `{}`", policy.name), Some(policy.default_at)),
                _ => (format!("`{}`, of which nothing is declared for this input", site.capability.id), None),
            };
            let mut witness = words::witness(&self.paths, &case, &state);
            witness.principal = Some(step.principal.clone());
            witness.capability = Some(site.capability.id.clone());
            witness.decision = Some("deny".to_owned());
            let name = called(&step.name, &site.capability.id, alternative);
            let at = self.call_span(place, alternative);
            Some(errors::refused_step(at, &name, &by, rule.map(span_of), always, subject.clone(), witness))
        });
        match found {
            Some(found) => self.refuted(found),
            None => self.unproved(Code::RefusedStep, subject, self.origin(place), NO_REPLAY),
        }
    }

    fn refinements(&mut self, group: &[PlaceId], alternative: usize) {
        let asked = |site: &super::paths::Site<'_>| site.tried.and(&site.unevaluable.not());
        let broken = self.at_each(group, alternative, |site| asked(site).and(&site.admitted.not()));
        let kept = self.at_each(group, alternative, |site| asked(site).and(&site.admitted));
        let Some(first) = group.first().copied() else { return };
        let site = self.paths.point(first).and_then(|point| point.calls.get(alternative));
        let Some(callee) = site.map(|site| site.capability.id.clone()) else { return };
        self.arguments_fit(first, alternative, &callee, &broken, &kept);
    }

    /// The arguments of nested workflows.
    fn nested_arguments(&mut self, group: &[PlaceId]) {
        let Some(first) = group.first().copied() else { return };
        let Some(Target::Run { workflow, .. }) = self.paths.layout.step(first).map(|step| &step.target) else { return };
        let run = |id: &PlaceId| self.paths.run(self.paths.frame_of(*id)?);
        let broken: Vec<_> = group.iter().filter_map(|id| Some((*id, run(id)?.breaks.clone()))).collect();
        let kept: Vec<_> = group.iter().filter_map(|id| Some((*id, run(id)?.starts.clone()))).collect();
        self.arguments_fit(first, 0, workflow, &broken, &kept);
    }

    fn arguments_fit(
        &mut self,
        first: PlaceId,
        alternative: usize,
        callee: &str,
        broken: &[(PlaceId, Term)],
        kept: &[(PlaceId, Term)],
    ) {
        let subject = self.step_subject(first);
        let any = |terms: &[(PlaceId, Term)]| Term::any(terms.iter().map(|(_, term)| term.clone()));
        let model = match self.ask(&format!("G1302-{}-{alternative}", first.0), &any(broken)) {
            Verdict::Never(proof) => return self.proved(Code::BrokenRefinement, subject, proof),
            Verdict::Unknown(why) => return self.unproved(Code::BrokenRefinement, subject, self.origin(first), &why),
            Verdict::Happens(model) => model,
        };
        let always = match self.ask(&format!("G1302-{}-{alternative}-fits", first.0), &any(kept)) {
            Verdict::Never(_) => true,
            Verdict::Happens(_) => false,
            Verdict::Unknown(why) => return self.unproved(Code::BrokenRefinement, subject, self.origin(first), &why),
        };
        let found = Case::of(&self.paths, &model).and_then(|case| {
            let (place, _) = broken.iter().find(|(_, when)| model.bool(when) == Some(true))?;
            let breaks = |what: &What| match what {
                What::NotCalled { alternative: own, why: NotCalled::Refinement(why), .. } if *own == alternative => {
                    Some(why.clone())
                }
                _ => None,
            };
            let wanted = |state: &State<'_>| {
                state.trace.iter().any(|event| case.is_at(*place, &event.path) && breaks(&event.what).is_some())
            };
            let state = case.replay(&self.paths, (Some(*place), None), &wanted)?;
            let why = state
                .trace
                .iter()
                .filter(|event| case.is_at(*place, &event.path))
                .find_map(|event| breaks(&event.what));
            let step = self.paths.layout.step(*place)?;
            let witness = words::witness(&self.paths, &case, &state);
            let at = self.call_span(*place, alternative);
            let name = called(&step.name, callee, alternative);
            Some(errors::broken_refinement(at, &name, callee, why.as_deref(), always, subject.clone(), Some(witness)))
        });
        match found {
            Some(found) => self.refuted(found),
            None => self.unproved(Code::BrokenRefinement, subject, self.origin(first), NO_REPLAY),
        }
    }

    fn approvals(&mut self, group: &[PlaceId], alternative: usize) {
        let Some(first) = group.first().copied() else { return };
        let policy = self.package.policy(&self.workflow.policy);
        if policy.is_none_or(|policy| matches!(policy.escalation, Escalation::Never { .. })) {
            return;
        }
        let subject = self.step_subject(first);
        let mut bare = self.at_each(group, alternative, |site| {
            Term::all([site.called(), site.decision.high.clone(), site.decision.allow.clone()])
        });
        for (place, when) in &mut bare {
            *when = when.and(&self.approved_before(*place).not());
        }
        let any = Term::any(bare.iter().map(|(_, term)| term.clone()));
        let model = match self.ask(&format!("G1305-{}-{alternative}", first.0), &any) {
            Verdict::Never(proof) => return self.proved(Code::NoApproval, subject, proof),
            Verdict::Unknown(why) => return self.unproved(Code::NoApproval, subject, self.origin(first), &why),
            Verdict::Happens(model) => model,
        };
        let found = Case::of(&self.paths, &model).and_then(|case| {
            let (place, _) = bare.iter().find(|(_, when)| model.bool(when) == Some(true))?;
            let wanted = |state: &State<'_>| {
                state.trace.iter().any(|event| {
                    let bare = |what: &What| {
                        matches!(what, What::Called(called) if called.alternative == alternative
                            && called.risk >= Risk::High && !called.approved && called.approvals == 0)
                    };
                    case.is_at(*place, &event.path) && bare(&event.what)
                })
            };
            let state = case.replay(&self.paths, (Some(*place), None), &wanted)?;
            let site = self.paths.point(*place)?.calls.get(alternative)?;
            let step = self.paths.layout.step(*place)?;
            let mut witness = words::witness(&self.paths, &case, &state);
            witness.principal = Some(step.principal.clone());
            witness.capability = Some(site.capability.id.clone());
            witness.decision = Some("allow".to_owned());
            let escalation = match &policy?.escalation {
                Escalation::AtLeast { approval, stated: true, .. } => Some(span_of(approval.at)),
                _ => None,
            };
            let name = called(&step.name, &site.capability.id, alternative);
            let at = self.call_span(*place, alternative);
            Some(errors::no_approval(at, &name, &site.capability.id, escalation, subject.clone(), witness))
        });
        match found {
            Some(found) => self.refuted(found),
            None => self.unproved(Code::NoApproval, subject, self.origin(first), NO_REPLAY),
        }
    }

    /// When an `approval` has been given on the way to a place.
    pub fn approved_before(&self, place: PlaceId) -> Term {
        let layout = &self.paths.layout;
        let is_approval =
            |id: &PlaceId| layout.place(*id).is_some_and(|place| matches!(place.node.kind, NodeKind::Approval { .. }));
        let before = layout.ids().filter(is_approval).filter(|id| layout.before(*id, place));
        Term::any(before.filter_map(|id| self.paths.point(id)).map(|point| point.end.clone()))
    }

    /// The statement; for a fallback, the call itself.
    fn call_span(&self, place: PlaceId, alternative: usize) -> crate::source::Span {
        let site = self.paths.point(place).and_then(|point| point.calls.get(alternative));
        match site {
            Some(site) if alternative > 0 => span_of(site.call.at),
            _ => self.span(place),
        }
    }
}

/// A step, or its fallback, in words.
fn called(step: &str, capability: &str, alternative: usize) -> String {
    match alternative {
        0 => step.to_owned(),
        _ => format!("{step} or {capability}"),
    }
}
