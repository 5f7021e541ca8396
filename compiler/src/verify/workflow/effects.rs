//! What calls do to the world, and how that is undone.

use super::super::encode::{Scope, Symbol, Term};
use super::gate::{Decision, Rows, clause_scope, rows};
use super::layout::{FrameId, PlaceId};
use super::paths::{Failure, Paths, Site, Walk, Why};
use gov_plan::Origin;
use gov_plan::model::{Call, Capability, Compensation, Effect, ROLLBACK, Step};

/// Something that a call has done.
#[derive(Debug)]
pub(super) struct Done<'m> {
    pub place: PlaceId,
    /// 0, or the number of the fallback.
    pub alternative: usize,
    pub capability: &'m Capability,
    /// When the call succeeds and has an effect.
    pub when: Term,
    /// How it is undone by calls.
    pub undos: Vec<Undo<'m>>,
    /// When none of them applies.
    pub not_automatic: Term,
    /// Where it says how it is undone.
    pub said_at: Origin,
}

/// A call that undoes another.
#[derive(Debug)]
pub(super) struct Undo<'m> {
    /// When it is the one.
    pub when: Term,
    pub call: &'m Call,
    pub capability: &'m Capability,
    pub input: Symbol,
    /// When its arguments cannot be evaluated.
    pub unevaluable: Term,
    /// When its arguments are what it takes.
    pub admitted: Term,
    pub decision: Decision<'m>,
}

impl Undo<'_> {
    /// When it is the one, and is called.
    pub fn called(&self) -> Term {
        let evaluated = self.unevaluable.not();
        Term::all([self.when.clone(), evaluated, self.admitted.clone(), self.decision.allow.clone()])
    }
}

impl<'m> Paths<'m> {
    /// Notes what the calls of a step do. The step's name is bound.
    pub(super) fn note_effects(&mut self, id: PlaceId, step: &'m Step, walk: &mut Walk<'m>) {
        let Some(point) = self.points.get_mut(id.0) else { return };
        let sites = std::mem::take(&mut point.calls);
        for site in &sites {
            let done = self.done(id, step, site, walk);
            self.effects.extend(done);
        }
        if let Some(point) = self.points.get_mut(id.0) {
            point.calls = sites;
        }
    }

    fn done(&mut self, id: PlaceId, step: &'m Step, site: &Site<'m>, walk: &mut Walk<'m>) -> Option<Done<'m>> {
        let effect = has_effect(&site.decision.effect);
        let capability = site.capability;
        let (scope, table) = match &step.compensation {
            Some(table) => {
                let mut scope = walk.scope.clone();
                scope.names.insert(step.name.clone(), site.output.clone());
                (scope, table)
            }
            None => (clause_scope(capability, &site.input, Some(&site.output)), &capability.compensation),
        };
        let rows = rows(&mut self.encoder, table, &scope);
        let mut undos = Vec::new();
        for (when, compensation) in &rows.rows {
            if let Compensation::Automatic(call) = compensation {
                undos.extend(self.undo(when.clone(), call, &scope, walk));
            }
        }
        if effect.as_bool() == Some(false) {
            return None;
        }
        let automatic = rows.when(|compensation| matches!(compensation, Compensation::Automatic(_)));
        Some(Done {
            place: id,
            alternative: site.alternative,
            capability,
            when: site.succeeds.and(&effect),
            undos,
            not_automatic: automatic.not(),
            said_at: table.at,
        })
    }

    fn undo(&mut self, when: Term, call: &'m Call, scope: &Scope, walk: &Walk<'m>) -> Option<Undo<'m>> {
        let capability = self.layout.package.capability(&call.capability)?;
        let policy = self.layout.package.policy(&walk.workflow.policy)?;
        let (input, unevaluable) = self.arguments(&call.arguments, scope);
        let admitted = self.admitted(&capability.input, &call.arguments, &input);
        let decision = self.decision(policy, capability, ROLLBACK, &input, walk);
        Some(Undo { when, call, capability, input, unevaluable, admitted, decision })
    }

    /// When the workflow fails after a call was done, so that it has to be undone: each place with the condition. `nested`
    /// says whether to look also at what happens within one nested workflow, which is that workflow's own matter.
    pub fn failures_after(&self, done: PlaceId, nested: bool) -> impl Iterator<Item = (&Failure, Term)> {
        self.failures.iter().filter_map(move |failure| {
            let crossing = self.fails_after(done, failure, nested)?;
            Some((failure, failure.when.and(&crossing)))
        })
    }

    /// When the workflow, or a nested one around a place, fails at another place that may be come to at the same time.
    pub fn failures_beside(&self, id: PlaceId) -> Term {
        let layout = &self.layout;
        let beside = self.failures.iter().filter(|failure| {
            let at = failure.place;
            !(at == id
                || layout.before(at, id)
                || layout.before(id, at)
                || layout.exclusive(at, id)
                || layout.contains(at, id)
                || layout.contains(id, at))
        });
        Term::any(beside.map(|failure| failure.when.clone()))
    }

    /// Under which further condition a call may be done when this failure ends the run that it belongs to.
    fn fails_after(&self, done: PlaceId, failure: &Failure, nested: bool) -> Option<Term> {
        let layout = &self.layout;
        let at = failure.place;
        let frame = |id: PlaceId| layout.place(id).map(|place| place.frame);
        let (own, other) = (frame(done)?, frame(at)?);
        // A call that is on its way when the deadline comes still arrives, and is done then.
        let arrives_late = matches!(failure.why, Why::Deadline(_));
        let never = (at == done && !arrives_late)
            || layout.contains(done, at)
            || layout.contains(at, done)
            || layout.exclusive(done, at)
            || layout.before(at, done)
            || !layout.runs_in(own, failure.ends);
        if never || (!nested && self.shared_frame(own, other) != FrameId(0)) {
            return None;
        }
        // A nested workflow that failed has undone what it did; what comes after finds it done only where it has ended well.
        let crossed = layout.callers(done).filter(|caller| !layout.contains(*caller, at));
        let ended = crossed.filter(|caller| layout.before(*caller, at)).filter_map(|caller| {
            let run = self.run(self.frame_of(caller)?)?;
            Some(run.ends.clone())
        });
        Some(Term::all(ended))
    }

    /// The innermost frame that both run in.
    fn shared_frame(&self, one: FrameId, other: FrameId) -> FrameId {
        let mut at = one;
        while !self.layout.runs_in(other, at) {
            match self.layout.caller(at) {
                Some(caller) => at = caller,
                None => break,
            }
        }
        at
    }
}

/// When a call has an effect; where its table has no row, it is taken to have one.
pub(super) fn has_effect(effect: &Rows<'_, Effect>) -> Term {
    effect.when(|effect| *effect == Effect::None).not()
}
