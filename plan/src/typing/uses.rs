//! What a checker notes of the names that it settles, for tools that show them.

use super::{Checker, Lookup};
use crate::origin::Origin;
use crate::types::{Fields, Type};
use gov_grammar::{Span, ast};

/// A name that no author writes. A tool puts it where a cursor is and learns what could stand there; it may be a part of a
/// longer word.
pub const CURSOR: &str = "zz_cursor_zz";

/// A name and what it was found to stand for.
#[derive(Debug, Clone)]
pub struct Use {
    /// Where the name stands.
    pub at: Span,
    /// What it stands for.
    pub kind: UseKind,
}

/// What names stand for.
#[derive(Debug, Clone)]
pub enum UseKind {
    /// A variable, with where it is declared, where the scope knows that.
    Variable(Option<Origin>, Type, bool),
    /// A field, with where it is declared; nowhere for those of the language.
    Field(Origin, Type, bool),
    /// A type of the package.
    Type(String),
    /// A set.
    Set(String),
    /// The cursor stands where these variables can be read, and the type that is wanted there, if one is.
    Variables(Vec<(String, Type, bool)>, Option<Type>),
    /// The cursor stands where one of these fields can be read.
    Fields(Fields),
    /// The cursor stands where a field of these is given; the others that are given already.
    Entries(Fields, Vec<String>),
}

impl Checker<'_> {
    /// Notes what names stand for, in [`Checker::uses`].
    #[must_use]
    pub fn noting(mut self, notes: bool) -> Self {
        self.notes = notes;
        self
    }

    pub(super) fn note(&mut self, at: Span, kind: impl FnOnce() -> UseKind) {
        if self.notes {
            let kind = kind();
            self.uses.push(Use { at, kind });
        }
    }

    pub(super) fn is_cursor(&self, name: &str) -> bool {
        self.notes && name.contains(CURSOR)
    }

    /// Notes what can be read where the cursor stands.
    pub(super) fn note_variables(&mut self, at: Span, wanted: Option<&Type>) {
        let names = self.names.variables();
        let known = names.into_iter().filter_map(|name| match self.names.variable(&name) {
            Lookup::Known((ty, optional)) => Some((name, ty, optional)),
            _ => None,
        });
        let known = known.collect();
        self.uses.push(Use { at, kind: UseKind::Variables(known, wanted.cloned()) });
    }

    pub(super) fn note_entries(&mut self, at: Span, fields: &Fields, record: &ast::Record) {
        let given = record.entries.iter().map(|(name, _)| name.text.clone()).collect();
        self.note(at, || UseKind::Entries(fields.clone(), given));
    }
}
