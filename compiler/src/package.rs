//! What a check takes and gives: the texts of one package with those of the packages that it uses, and the findings.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::lower::Acceptance;
use crate::source::Sources;
use crate::verify::{Obligation, Outcome};

/// A package to check.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The name that its manifest gives it; nothing without a manifest.
    pub name: Option<String>,
    /// Its files, in the order in which findings are shown.
    pub files: Vec<File>,
    /// The packages that it uses and those that they use, each once.
    pub dependencies: Vec<Dependency>,
}

/// A `.gov` file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path as users see it.
    pub path: String,
    /// What it says.
    pub text: Arc<str>,
}

/// A package that another uses.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The name that `use` knows it by.
    pub name: String,
    /// Its files.
    pub files: Vec<File>,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Every text that a finding may point into: the package's own files first, in the order of the input.
    pub sources: Sources,
    /// The findings, in the order in which they are shown.
    pub diagnostics: Vec<Diagnostic>,
    /// What the package means, where nothing is wrong with its text.
    pub package: Option<gov_plan::model::Package>,
    /// The findings that the package accepts, with the places that they cover.
    pub acceptances: Vec<Acceptance>,
    /// Every obligation with how it was settled, once [`crate::prove`] has run.
    pub proofs: Vec<Obligation>,
    /// How the obligations ended.
    pub obligations: Obligations,
}

/// How many obligations there are and how they ended. Those that are neither proved nor unproved are false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Obligations {
    /// All of them.
    pub total: usize,
    /// Those that hold.
    pub proved: usize,
    /// Those that could not be settled.
    pub unproved: usize,
}

impl Checked {
    /// Whether something is wrong that stops a compile.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

impl Obligations {
    /// Counts how obligations ended.
    pub fn of(obligations: &[Obligation]) -> Obligations {
        let count = |wanted: fn(&Outcome) -> bool| obligations.iter().filter(|one| wanted(&one.outcome)).count();
        Obligations {
            total: obligations.len(),
            proved: count(|outcome| matches!(outcome, Outcome::Proved(_))),
            unproved: count(|outcome| matches!(outcome, Outcome::Unproved(_))),
        }
    }
}

impl std::ops::AddAssign for Obligations {
    fn add_assign(&mut self, other: Self) {
        self.total += other.total;
        self.proved += other.proved;
        self.unproved += other.unproved;
    }
}
