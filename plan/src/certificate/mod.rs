//! The certificate: for each obligation of a package what shows that it holds, and the check of that, without a solver.
//!
//! The check starts from the package alone. It lists the things that obligations are about and the obligations that each must
//! have ([`Duty`]), so that one that is left out is missed. Each is then settled in one of these ways, and in no other:
//!
//! - it *follows*: [`outcome`] and the tables of the plan show it, and whoever checks sees so again;
//! - by *cases*: requests, which are decided again by the decision engine;
//! - *class by class*: all classes are visited again, each split as the certificate says ([`classes`]);
//! - by the *solver* or the *compiler*: only where the ways above cannot settle it;
//! - it does not hold, and the package accepts that, or it only warns.
//!
//! Nothing here is shared with the proofs of the compiler, which are written from the same page of the language.

mod accepted;
mod atom;
mod bounds;
mod capability;
mod case;
mod cell;
mod check;
mod claim;
mod classes;
mod dead;
mod failures;
mod fits;
mod make;
mod outcome;
mod policy;
mod subsumes;
mod things;
mod workflow;

#[cfg(test)]
mod tests;

pub use accepted::AcceptedFindings;
pub use check::check;
pub use make::make;

use crate::decide::{Request, RequestBody};
use crate::document::{Undone, Worst};
use crate::model::Claim;
use classes::ByClasses;
use policy::Rules;
use std::sync::Arc;

/// What the compiler found of one obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The code of what would be found otherwise.
    pub code: String,
    /// What it is about, as [`crate::document::Settled::on`] names it.
    pub on: String,
    /// How it ended.
    pub end: End,
    /// A request that shows that it holds.
    pub request: Option<RequestBody>,
    /// The SHA-256 of what the solver was asked.
    pub questions: Vec<String>,
}

/// How an obligation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// It holds.
    Holds,
    /// It does not hold, and warns.
    Warns,
    /// It does not hold, and the package accepts that.
    Accepted,
}

/// An obligation as the check sees it.
struct Duty {
    code: &'static str,
    sight: Sight,
}

/// What the check sees of an obligation by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sight {
    /// It holds.
    Holds,
    /// It does not hold, and why.
    Fails(String),
    /// It cannot tell.
    Open,
    /// A request shows it.
    ByCase,
    /// Classes may show it.
    ByClass,
    /// It is found not to hold, which classes may show.
    Refuted,
}

/// Something that obligations are about.
struct Thing<'p> {
    on: String,
    duties: Vec<Duty>,
    /// What classes can show of it.
    classes: Option<Box<dyn ByClasses + 'p>>,
    /// What a request can show of it.
    shows: Option<Shows<'p>>,
    undone: Vec<Row<'p>>,
    worst: Vec<Worst>,
}

/// What a request can show.
#[derive(Clone, Copy)]
enum Shows<'p> {
    /// That the rule of this place, from 0, is needed.
    Rule(&'p Rules<'p>, usize),
    /// That there is an instance of a claim.
    Claim(&'p Rules<'p>, &'p Claim),
}

impl Shows<'_> {
    /// Whether a request shows all of these codes.
    fn all(self, codes: &str, request: &Request<'_>) -> bool {
        match self {
            Shows::Rule(rules, index) => policy::shows(rules, index, codes, request),
            Shows::Claim(rules, claim) => claim::is_instance(rules, claim, request),
        }
    }
}

/// A row of the table of failure points, as the plan makes it.
#[derive(Debug)]
struct Row<'p> {
    call: &'p str,
    by: &'p str,
    decided_by: Vec<String>,
    failures: Arc<[Arc<str>]>,
}

impl Row<'_> {
    fn write(&self) -> Undone {
        Undone {
            call: self.call.to_owned(),
            by: self.by.to_owned(),
            decided_by: self.decided_by.clone(),
            failures: self.failures.iter().map(|failure| failure.to_string()).collect(),
        }
    }

    fn is(&self, written: &Undone) -> bool {
        self.call == written.call
            && self.by == written.by
            && self.decided_by == written.decided_by
            && self.failures.iter().map(|failure| &**failure).eq(written.failures.iter().map(String::as_str))
    }
}

/// The codes that a text names: five characters each, with a space between them. What is written otherwise is no code.
fn codes(text: &str) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text.as_bytes()).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let (code, more) = text.split_at(text.len().min(5));
        let (code, more) = match more {
            [] => (code, None),
            [b' ', more @ ..] => (code, Some(more)),
            _ => (text, None),
        };
        rest = more;
        Some(code)
    })
}
