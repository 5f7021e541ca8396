//! The check of one workflow: its questions, and what becomes of the answers.

use super::super::encode::Term;
use super::super::report::{Evidence, Outcome, Proof};
use super::super::solver::{Answer, Model, Session};
use super::super::units::Found;
use super::layout::{Layout, LayoutError, PlaceId};
use super::paths::Paths;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject};
use crate::lower::span_of;
use crate::source::Span;
use gov_plan::Origin;
use gov_plan::model::{Package, Workflow};

/// How many conditions around a question are looked at before all of them are.
const NEARBY: [usize; 3] = [4, 40, 400];

/// One workflow under check.
pub(super) struct Check<'c, 's, 'm> {
    pub paths: Paths<'m>,
    pub workflow: &'m Workflow,
    pub package: &'m Package,
    pub session: &'c mut Session<'s>,
    pub found: &'c mut Found,
}

/// What came of a question.
pub(super) enum Verdict {
    /// It never happens.
    Never(Proof),
    /// It happens so.
    Happens(Box<Model>),
    /// It is not known.
    Unknown(String),
}

/// What came of a claim.
pub(super) enum Settled {
    Holds(Proof),
    /// It does not hold, and what shows that.
    Fails(Box<Diagnostic>),
    /// It is not known, and why.
    Open(String),
}

impl<'c, 's, 'm> Check<'c, 's, 'm> {
    /// Lays a workflow out and works it out; a workflow that is too large for that is unproved as a whole.
    pub fn new(
        package: &'m Package,
        workflow: &'m Workflow,
        session: &'c mut Session<'s>,
        found: &'c mut Found,
    ) -> Option<Check<'c, 's, 'm>> {
        let why = match Layout::new(package, workflow) {
            Ok(layout) => {
                let paths = Paths::new(layout);
                return Some(Check { paths, workflow, package, session, found });
            }
            Err(LayoutError::TooLarge) => "loops and nested workflows make it too large to look at every statement",
            Err(LayoutError::Unsettled) => "it runs a workflow that is not known",
        };
        let subject = Subject::Workflow { workflow: workflow.name.clone() };
        found.unproved(Code::Unproved, subject, workflow.at, why);
        None
    }

    /// Whether something can happen that should not.
    pub fn ask(&mut self, what: &str, happens: &Term) -> Verdict {
        match self.never_nearby(what, happens) {
            Some(proof) => Verdict::Never(proof),
            None => self.ask_likely(what, happens),
        }
    }

    /// Whether something can happen that should. Loops of two rounds are tried first: they make the shortest witnesses.
    pub fn ask_likely(&mut self, what: &str, happens: &Term) -> Verdict {
        if happens.as_bool() == Some(false) {
            return Verdict::Never(Proof::Exact(Evidence::None));
        }
        let rounds = self.paths.points.iter().filter_map(|point| point.rounds.as_ref());
        let short: Vec<Term> = rounds
            .map(|rounds| {
                let [earlier, later] = &rounds.picks;
                let first = earlier.equals(&Term::int(0)).and(&later.equals(&Term::int(1)));
                rounds.length.at_most(&Term::int(2)).and(&first)
            })
            .collect();
        if !short.is_empty()
            && let Answer::Found(model) = self.put(what, &happens.and(&Term::all(short)))
        {
            return Verdict::Happens(Box::new(model));
        }
        self.whole(what, happens)
    }

    /// Whether something can happen, however long lists are.
    pub fn ask_any_length(&mut self, what: &str, happens: &Term) -> Verdict {
        match self.never_nearby(what, happens) {
            Some(proof) => Verdict::Never(proof),
            None => self.whole(what, happens),
        }
    }

    /// Shows that something never happens by what is near it alone, if that is enough. It most often is: whether a call fits
    /// its capability seldom depends on what was done long before. A workflow that is small is looked at as a whole instead.
    fn never_nearby(&mut self, what: &str, happens: &Term) -> Option<Proof> {
        if happens.as_bool() == Some(false) {
            return Some(Proof::Exact(Evidence::None));
        }
        for most in NEARBY {
            let (question, whole) = self.paths.question(std::slice::from_ref(happens), most);
            if whole {
                return None;
            }
            if let Answer::Never(digest) = self.session.ask(&format!("{what}-nearby"), &question) {
                return Some(Proof::Solver(vec![digest]));
            }
        }
        None
    }

    fn whole(&mut self, what: &str, happens: &Term) -> Verdict {
        match self.put(what, happens) {
            Answer::Never(digest) => Verdict::Never(Proof::Solver(vec![digest])),
            Answer::Found(model) => Verdict::Happens(Box::new(model)),
            Answer::Unknown(why) => Verdict::Unknown(why),
        }
    }

    fn put(&mut self, what: &str, happens: &Term) -> Answer {
        let (question, _) = self.paths.question(std::slice::from_ref(happens), usize::MAX);
        self.session.ask(what, &question)
    }

    /// Notes that an obligation holds.
    pub fn proved(&mut self, code: Code, subject: Subject, proof: Proof) {
        self.found.settle(code, subject, Outcome::Proved(proof));
    }

    /// Notes that an obligation does not hold.
    pub fn refuted(&mut self, diagnostic: Diagnostic) {
        let subject = diagnostic.subject.clone().unwrap_or_else(|| self.subject());
        let evidence = diagnostic.witness.clone().map_or(Evidence::None, Evidence::Witness);
        self.found.settle(diagnostic.code, subject, Outcome::Refuted(evidence));
        self.found.diagnostics.push(diagnostic);
    }

    /// Notes that an obligation is not settled.
    pub fn unproved(&mut self, code: Code, subject: Subject, at: Origin, why: &str) {
        self.found.unproved(code, subject, at, why);
    }

    /// The workflow.
    pub fn subject(&self) -> Subject {
        Subject::Workflow { workflow: self.workflow.name.clone() }
    }

    /// A step of the workflow; for a place in a nested one, the step that runs it.
    pub fn step_subject(&self, place: PlaceId) -> Subject {
        let outermost = self.outermost(place);
        match self.paths.layout.step(outermost) {
            Some(step) => Subject::Step { workflow: self.workflow.name.clone(), step: step.name.clone() },
            None => self.subject(),
        }
    }

    /// The place itself, or the step of the outermost frame that it runs in.
    pub fn outermost(&self, place: PlaceId) -> PlaceId {
        self.paths.layout.callers(place).last().unwrap_or(place)
    }

    /// Where a place stands in the source.
    pub fn span(&self, place: PlaceId) -> Span {
        span_of(self.paths.layout.place(place).map_or(self.workflow.at, |place| place.node.at))
    }

    /// Where a place stands in the source.
    pub fn origin(&self, place: PlaceId) -> Origin {
        self.paths.layout.place(place).map_or(self.workflow.at, |place| place.node.at)
    }
}

/// Why a witness that does not replay leaves its obligation open.
pub(super) const NO_REPLAY: &str = "a case was found that does not come about when it is walked through: \
    the conditions are more than the proofs can follow";
