//! What runs at once: G1306, two branches that write one resource, and G1107, a branch that uses what another undoes.
//!
//! What a call writes is told by its undo: the arguments of the compensation that come from the input and not from the
//! output name the thing that is put back (the path, the order, the account). A compensation that names nothing but what the
//! call gave back undoes something new each time. Where there is no such call, the whole input tells.

use super::super::encode::{Shape, Symbol, Term};
use super::super::exact::workflow::state::{State, What};
use super::super::report::{Evidence, Proof};
use super::check::{Check, NO_REPLAY, Verdict};
use super::effects::{Done, Undo};
use super::layout::{FrameId, PlaceId};
use super::witness::Case;
use super::words;
use crate::codes::Code;
use crate::errors::{compensation, workflow as errors};
use gov_plan::expr::ExprKind;
use gov_plan::model::{Effect, NodeKind};

impl Check<'_, '_, '_> {
    /// Looks at every two calls of the workflow itself that may run at once.
    pub fn at_once(&mut self) {
        if !self.paths.layout.ids().any(|id| self.is_parallel(id)) {
            return;
        }
        let mut told: Vec<(PlaceId, String)> = Vec::new();
        for (first, second, around) in self.pairs() {
            let (Some(one), Some(other)) = (self.paths.effects.get(first), self.paths.effects.get(second)) else {
                continue;
            };
            let Some(same) = self.same_resource(one, other) else { continue };
            let key = (around, one.capability.id.clone());
            if told.contains(&key) {
                continue;
            }
            let when = Term::all([one.when.clone(), other.when.clone(), same, self.elements_differ(around)]);
            let (one, other) = (one.place, other.place);
            if self.writes_at_once(one, other, &when) {
                told.push(key);
            }
        }
        self.undone_under();
    }

    fn is_parallel(&self, id: PlaceId) -> bool {
        let kind = self.paths.layout.place(id).map(|place| &place.node.kind);
        matches!(kind, Some(NodeKind::Parallel { .. } | NodeKind::For { parallel: true, .. }))
    }

    /// The effects that may come about at once, each two once, with the statement whose branches they are.
    fn pairs(&self) -> Vec<(usize, usize, PlaceId)> {
        let effects = &self.paths.effects;
        let mut pairs = Vec::new();
        for (first, one) in effects.iter().enumerate() {
            for (second, other) in effects.iter().enumerate().skip(first + 1) {
                pairs.extend(self.at_once_around(one.place, other.place).map(|around| (first, second, around)));
            }
        }
        pairs
    }

    /// The statement of the workflow itself whose branches two places are, if they may run at once.
    fn at_once_around(&self, one: PlaceId, other: PlaceId) -> Option<PlaceId> {
        let layout = &self.paths.layout;
        let ordered = one == other
            || layout.before(one, other)
            || layout.before(other, one)
            || layout.exclusive(one, other)
            || layout.contains(one, other)
            || layout.contains(other, one);
        if ordered {
            return None;
        }
        let around = layout.ancestors(one).find(|around| layout.contains(*around, other))?;
        let own = layout.place(around).is_some_and(|place| place.frame == FrameId(0));
        (own && self.is_parallel(around)).then_some(around)
    }

    /// When two calls are about the same thing; nothing where they are not of a kind.
    fn same_resource(&self, one: &Done<'_>, other: &Done<'_>) -> Option<Term> {
        let mut same = Vec::new();
        for undo in &one.undos {
            for theirs in other.undos.iter().filter(|theirs| theirs.capability.id == undo.capability.id) {
                let (own, other) = (named_by_input(undo), named_by_input(theirs));
                let shared: Vec<_> = own.iter().filter(|name| other.contains(name)).collect();
                if !shared.is_empty() {
                    let equal = shared.iter().map(|name| equal(&undo.input.field(name), &theirs.input.field(name)));
                    same.push(Term::all(equal.chain([undo.when.clone(), theirs.when.clone()])));
                }
            }
        }
        let by_undo = !one.undos.is_empty() && !other.undos.is_empty();
        if !by_undo && one.capability.id == other.capability.id {
            let site = |done: &Done<'_>| self.paths.point(done.place)?.calls.get(done.alternative);
            same.push(equal(&site(one)?.input, &site(other)?.input));
        }
        (!same.is_empty()).then(|| Term::any(same))
    }

    /// Rounds that run at once are about different elements.
    fn elements_differ(&self, around: PlaceId) -> Term {
        let rounds = self.paths.point(around).and_then(|point| point.rounds.as_ref());
        match rounds.map(|rounds| rounds.picked.as_slice()) {
            Some([earlier, later]) => differ(earlier, later),
            _ => Term::bool(true),
        }
    }

    /// Asks whether both happen, and says so; whether it did.
    fn writes_at_once(&mut self, one: PlaceId, other: PlaceId, when: &Term) -> bool {
        let subject = self.step_subject(one);
        let model = match self.ask(&format!("G1306-{}-{}", one.0, other.0), when) {
            Verdict::Never(proof) => {
                self.proved(Code::ParallelWrites, subject, proof);
                return false;
            }
            Verdict::Unknown(why) => {
                self.unproved(Code::ParallelWrites, subject, self.origin(one), &why);
                return false;
            }
            Verdict::Happens(model) => model,
        };
        let found = Case::of(&self.paths, &model).and_then(|case| {
            let wanted = |state: &State<'_>| {
                let done = |place: PlaceId| {
                    state.trace.iter().any(|event| {
                        case.is_at(place, &event.path)
                            && matches!(&event.what, What::Called(called) if called.succeeded)
                    })
                };
                done(one) && done(other)
            };
            let state = case.replay(&self.paths, (Some(one), None), &wanted)?;
            let name = |id: PlaceId| self.paths.layout.step(id).map(|step| step.name.clone());
            let capability = self.paths.point(one)?.calls.first()?.capability.id.clone();
            let witness = words::witness(&self.paths, &case, &state);
            let (at, there) = (self.span(self.outermost(one)), self.span(self.outermost(other)));
            Some(errors::parallel_writes(
                at,
                &name(one)?,
                there,
                &name(other)?,
                &capability,
                subject.clone(),
                Some(witness),
            ))
        });
        match found {
            Some(found) => self.refuted(found),
            None => self.unproved(Code::ParallelWrites, subject, self.origin(one), NO_REPLAY),
        }
        true
    }

    /// What one branch undoes, another does not need: calls without an effect of their own that are about the same thing.
    fn undone_under(&mut self) {
        let mut told: Vec<(PlaceId, PlaceId)> = Vec::new();
        for index in 0..self.paths.effects.len() {
            for id in self.paths.layout.ids() {
                let Some(effect) = self.paths.effects.get(index) else { continue };
                let (writer, reader) = (effect.place, id);
                if self.at_once_around(writer, reader).is_none() || told.contains(&(writer, reader)) {
                    continue;
                }
                let Some((when, undo)) = self.needs(effect, reader) else { continue };
                let subject = self.step_subject(reader);
                match self.ask(&format!("G1107-{}-{}", writer.0, reader.0), &when) {
                    Verdict::Never(proof) => self.proved(Code::ParallelUndo, subject, proof),
                    Verdict::Unknown(why) => self.unproved(Code::ParallelUndo, subject, self.origin(reader), &why),
                    Verdict::Happens(_) => {
                        let name =
                            |id: PlaceId| self.paths.layout.step(id).map_or(String::new(), |step| step.name.clone());
                        let (at, there) = (self.span(self.outermost(writer)), self.span(self.outermost(reader)));
                        let (step, user) = (name(writer), name(reader));
                        let found = compensation::parallel_undo(at, &step, there, &user, &undo, subject);
                        self.refuted(found);
                        told.push((writer, reader));
                    }
                }
            }
        }
        if told.is_empty() {
            self.proved(Code::ParallelUndo, self.subject(), Proof::Exact(Evidence::None));
        }
    }

    /// When a step uses, without writing it, what the undo of an effect is about, and the workflow can fail after that.
    fn needs(&self, effect: &Done<'_>, reader: PlaceId) -> Option<(Term, String)> {
        let family = |id: &str| id.rsplit_once('.').map(|(family, _)| family.to_owned());
        let sites = self.paths.point(reader)?.calls.iter();
        let fails = Term::any(self.paths.failures_after(effect.place, false).map(|(_, when)| when));
        let mut found = Vec::new();
        let mut by = None;
        for site in sites {
            let harmless = site.capability.effect.rows.iter().all(|row| row.value == Effect::None);
            let family_of = family(&site.capability.id);
            for undo in &effect.undos {
                let related = family_of == family(&undo.capability.id) || family_of == family(&effect.capability.id);
                let names = named_by_input(undo);
                let shared: Vec<_> = names.iter().filter(|name| site.capability.input.get(name).is_some()).collect();
                if harmless && related && !shared.is_empty() {
                    let equal = shared.iter().map(|name| equal(&undo.input.field(name), &site.input.field(name)));
                    let when = [effect.when.clone(), undo.when.clone(), site.opens(), fails.clone()];
                    found.push(Term::all(equal.chain(when)));
                    by = Some(undo.capability.id.clone());
                }
            }
        }
        Some((Term::any(found), by?))
    }
}

/// The arguments of a compensation that do not come from what the call gave.
fn named_by_input(undo: &Undo<'_>) -> Vec<String> {
    let fresh = |name: &str| name == "output";
    let own = undo.call.arguments.iter().filter(|(_, argument)| {
        let mut from_output = false;
        argument.walk(&mut |expr| from_output |= matches!(&expr.kind, ExprKind::Var(name) if fresh(name)));
        !from_output
    });
    own.map(|(name, _)| name.clone()).collect()
}

/// Whether two values are equal; what cannot be compared may be.
pub(super) fn equal(a: &Symbol, b: &Symbol) -> Term {
    let inside = match (&a.shape, &b.shape) {
        (Shape::Record(fields), Shape::Record(_)) => {
            Term::all(fields.iter().map(|(name, value)| equal(value, &b.field(name))))
        }
        _ => a.equals(b).unwrap_or_else(|| Term::bool(true)),
    };
    inside.and(&a.present.implies(&b.present)).and(&b.present.implies(&a.present))
}

/// Whether two values differ in everything that can be compared.
fn differ(a: &Symbol, b: &Symbol) -> Term {
    match (&a.shape, &b.shape) {
        (Shape::Record(fields), Shape::Record(_)) => {
            Term::all(fields.iter().map(|(name, value)| differ(value, &b.field(name))))
        }
        _ => a.equals(b).map_or_else(|| Term::bool(true), |equal| equal.not()),
    }
}
