//! What came of the proofs.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject, Witness};

/// The obligations of a package, and what was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Every obligation, in the order of the package: capabilities, policies, workflows, claims.
    pub obligations: Vec<Obligation>,
    /// The findings, unsorted.
    pub diagnostics: Vec<Diagnostic>,
}

/// Something that has to hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Obligation {
    /// The code of what would be found otherwise.
    pub code: Code,
    /// What it is about.
    pub subject: Subject,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an obligation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It holds.
    Proved(Proof),
    /// It does not hold.
    Refuted(Evidence),
    /// It was not settled, and why.
    Unproved(String),
}

/// How an obligation was proved.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// By splitting what is finite, which can be checked without a solver.
    Exact(Evidence),
    /// By the solver: the SHA-256 of each question's SMT-LIB text, in hexadecimal.
    Solver(Vec<String>),
}

/// What shows that an obligation holds, or does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Evidence {
    /// Nothing more than the package itself.
    #[default]
    None,
    /// A concrete case.
    Witness(Box<Witness>),
    /// A request that shows that it holds.
    Request(Box<gov_plan::decide::RequestBody>),
    /// The rules, by their place from 1, that leave nothing over.
    Rules(Vec<u32>),
}
