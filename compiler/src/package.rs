//! What a check takes and gives: the texts of one package with those of the packages that it uses, and the findings.

use std::sync::Arc;

use gov_grammar::{Tree, ast};

use crate::diagnostic::Diagnostic;
use crate::index::Index;
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

/// A file that was read: what it says as a tree. It belongs to no check, so that it can be read once and checked often.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its path as users see it.
    pub path: String,
    /// Its tree.
    pub tree: Tree,
    /// The typed view of the tree.
    pub ast: ast::File,
    /// What could not be read.
    pub errors: Vec<gov_grammar::Error>,
}

/// A package to check, of files that were read.
#[derive(Clone, Debug, Default)]
pub struct ParsedInput {
    /// As in [`Input`].
    pub name: Option<String>,
    /// As in [`Input`].
    pub files: Vec<Arc<Parsed>>,
    /// The packages that it uses, by the names that `use` knows them by.
    pub dependencies: Vec<(String, Vec<Arc<Parsed>>)>,
}

impl Parsed {
    /// Reads a text.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Parsed {
        Parsed::of(path.into(), gov_grammar::parse(text), ast::File::from_tree)
    }

    /// The same file with another text, in less time where they have much in common.
    pub fn edited(&self, text: impl Into<Arc<str>>) -> Parsed {
        let before = (&self.tree, &self.ast, self.errors.as_slice());
        let view = |tree: &Tree| ast::File::from_tree_after(tree, before);
        Parsed::of(self.path.clone(), gov_grammar::parse_after(&self.tree, text), view)
    }

    /// The same file with another text, for a question about the item that was edited: the places of the items behind it are
    /// those of before.
    pub(crate) fn probed(&self, text: impl Into<Arc<str>>) -> Parsed {
        let before = (&self.tree, &self.ast, self.errors.as_slice());
        let view = |tree: &Tree| ast::File::from_tree_around(tree, before);
        Parsed::of(self.path.clone(), gov_grammar::parse_after(&self.tree, text), view)
    }

    fn of(
        path: String,
        read: gov_grammar::Parsed,
        view: impl FnOnce(&Tree) -> (ast::File, Vec<gov_grammar::Error>),
    ) -> Parsed {
        let gov_grammar::Parsed { tree, mut errors } = read;
        let (ast, mut problems) = view(&tree);
        errors.append(&mut problems);
        Parsed { path, tree, ast, errors }
    }
}

impl Input {
    /// Reads every file.
    pub fn parse(&self) -> ParsedInput {
        let read = |file: &File| Arc::new(Parsed::new(file.path.clone(), Arc::clone(&file.text)));
        let all = |files: &[File]| files.iter().map(read).collect();
        let dependency = |package: &Dependency| (package.name.clone(), all(&package.files));
        let dependencies = self.dependencies.iter().map(dependency).collect();
        ParsedInput { name: self.name.clone(), files: all(&self.files), dependencies }
    }
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

/// What a check found, with what the names stand for.
#[derive(Debug, Default)]
pub struct Indexed {
    /// What was found.
    pub checked: Checked,
    /// What of the package could be made, where something is wrong with its text.
    pub partial: Option<gov_plan::model::Package>,
    /// What names stand for.
    pub index: Index,
}

impl Indexed {
    /// What the package means, as far as it could be made.
    pub fn model(&self) -> Option<&gov_plan::model::Package> {
        self.checked.package.as_ref().or(self.partial.as_ref())
    }
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
