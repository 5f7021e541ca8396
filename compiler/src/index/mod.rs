//! What the names of a package stand for: for tools that show, follow and change them.
//!
//! Lowering settles names and notes here what it found, so that there is one resolution, and it is made for broken files as
//! well: what could be settled is here. What is declared, and the few names that are settled by the text alone, come from
//! the trees (`declared`).

mod declared;
mod links;

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use gov_plan::types::{Fields, Type};
use gov_plan::typing::{Use, UseKind};

use crate::lower::Unit;
use crate::source::{FileId, Span};

/// What is declared, what refers to it, and what stands at the cursor.
#[derive(Debug, Default, Clone)]
pub struct Index {
    definitions: Vec<Definition>,
    references: Vec<Reference>,
    /// What could stand where the cursor's word stands, if it was in one of the texts.
    pub cursor: Option<AtCursor>,
    /// The first definition of each name, by kind, once somebody asks.
    named: OnceLock<HashMap<Kind, HashMap<String, usize>>>,
}

/// The kinds of what is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Type,
    Context,
    Field,
    Role,
    Set,
    Capability,
    Policy,
    Rule,
    Workflow,
    Parameter,
    Step,
    Approval,
    /// `let`, and the element of a loop.
    Value,
    Claim,
    Test,
}

/// Something that is declared.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What it is.
    pub kind: Kind,
    /// Its name, as written.
    pub name: String,
    /// Where its name stands; for a rule without a name, its first word.
    pub at: Span,
    /// All of it.
    pub whole: Span,
    /// Its documentation.
    pub docs: String,
    /// The item, capability, policy, workflow or record that it is a part of.
    pub owner: Option<String>,
    /// The type of its value and whether it may be absent, where it has one and it is known.
    pub ty: Option<(Type, bool)>,
}

/// A name that refers to something.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Where it stands.
    pub at: Span,
    /// Where the name of what it refers to stands; `None` for what the language itself provides.
    pub to: Option<Span>,
    /// Whether it is that name, and no pattern that matches it beside others.
    pub exact: bool,
    /// The type of the value and whether it may be absent, where it has one.
    pub ty: Option<(Type, bool)>,
}

/// What could stand where the cursor is.
#[derive(Debug, Clone)]
pub enum AtCursor {
    /// A variable, and the type that is wanted.
    Variable(Vec<(String, Type, bool)>, Option<Type>),
    /// A field of a value.
    Field(Fields),
    /// A field that is given; the names of those that are given already.
    Entry(Fields, Vec<String>),
}

impl Index {
    /// Everything that is declared, in the order of the texts.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Every reference, in the order of the texts.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// What is declared by the name at a place.
    pub fn definition(&self, at: Span) -> Option<&Definition> {
        let from = self.definitions.partition_point(|one| (one.at.file, one.at.start) < (at.file, at.start));
        self.definitions.get(from).filter(|one| one.at.file == at.file && one.at.start == at.start)
    }

    /// The definition whose name an offset is in or behind.
    pub fn definition_at(&self, file: FileId, offset: u32) -> Option<&Definition> {
        let from = self.definitions.partition_point(|one| (one.at.file, one.at.start) <= (file, offset));
        let near = self.definitions.get(..from)?.last()?;
        (near.at.file == file && offset <= near.at.end).then_some(near)
    }

    /// The references that an offset is in or behind; several where a pattern matches several things.
    pub fn references_at(&self, file: FileId, offset: u32) -> impl Iterator<Item = &Reference> {
        let until = self.references.partition_point(|one| (one.at.file, one.at.start) <= (file, offset));
        let last = until.checked_sub(1).and_then(|last| self.references.get(last)).map(|last| last.at);
        let last = last.filter(|last| last.file == file && offset <= last.end);
        let before = self.references.get(..until).unwrap_or_default().iter().rev();
        before.take_while(move |one| Some(one.at) == last)
    }

    /// The references to what is declared by the name at a place, in the order of the texts.
    pub fn references_to(&self, at: Span) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(move |one| one.to.is_some_and(|to| (to.file, to.start) == (at.file, at.start)))
    }

    /// The references within a stretch of a file.
    pub fn references_in(&self, span: Span) -> impl Iterator<Item = &Reference> {
        let from = self.references.partition_point(|one| (one.at.file, one.at.start) < (span.file, span.start));
        let rest = self.references.get(from..).unwrap_or_default().iter();
        rest.take_while(move |one| one.at.file == span.file && one.at.start < span.end)
    }

    /// The definition of that kind and name; among rules and other parts, of any owner.
    pub fn named(&self, kind: Kind, name: &str) -> Option<&Definition> {
        let named = self.named.get_or_init(|| {
            let mut named: HashMap<Kind, HashMap<String, usize>> = HashMap::new();
            for (place, one) in self.definitions.iter().enumerate() {
                named.entry(one.kind).or_default().entry(one.name.clone()).or_insert(place);
            }
            named
        });
        self.definitions.get(*named.get(&kind)?.get(name)?)
    }
}

/// What lowering notes, if it is asked to.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub on: bool,
    references: Vec<Reference>,
    types: BTreeMap<(FileId, u32), (Type, bool)>,
    pub cursor: Option<AtCursor>,
}

impl Notes {
    pub fn new(on: bool) -> Notes {
        Notes { on, ..Notes::default() }
    }

    /// Notes that a name refers to what is declared by the name at `to`.
    pub fn refer(&mut self, at: Span, to: Span) {
        self.refer_as(at, to, true);
    }

    /// As [`Notes::refer`]; by a pattern that is not `exact`, perhaps beside others.
    pub fn refer_as(&mut self, at: Span, to: Span, exact: bool) {
        if self.on {
            self.references.push(Reference { at, to: Some(to), exact, ty: None });
        }
    }

    /// Notes the type of what is bound by the name at a place.
    pub fn bound(&mut self, at: Span, ty: Option<&(Type, bool)>) {
        if let Some(ty) = ty.filter(|_| self.on) {
            self.types.insert((at.file, at.start), ty.clone());
        }
    }

    /// Notes what could stand at the cursor.
    pub fn cursor(&mut self, at_cursor: AtCursor) {
        self.cursor.get_or_insert(at_cursor);
    }

    /// Takes over what a checker found. `named` gives the place of a type's or a set's declaration.
    pub fn take(&mut self, file: FileId, uses: Vec<Use>, named: impl Fn(&UseKind) -> Option<Span>) {
        for Use { at, kind } in uses {
            let at = Span::new(file, at.start, at.end);
            let place = |origin: gov_plan::Origin| {
                (origin.end > 0).then(|| Span::new(FileId(origin.file), origin.start, origin.end))
            };
            let (to, ty) = match kind {
                UseKind::Variable(declared, ty, optional) => (declared.and_then(place), Some((ty, optional))),
                UseKind::Field(declared, ty, optional) => (place(declared), Some((ty, optional))),
                UseKind::Type(_) | UseKind::Set(_) => match named(&kind) {
                    Some(to) => (Some(to), None),
                    None => continue,
                },
                UseKind::Variables(known, wanted) => {
                    self.cursor(AtCursor::Variable(known, wanted));
                    continue;
                }
                UseKind::Fields(fields) => {
                    self.cursor(AtCursor::Field(fields));
                    continue;
                }
                UseKind::Entries(fields, given) => {
                    self.cursor(AtCursor::Entry(fields, given));
                    continue;
                }
            };
            self.references.push(Reference { at, to, exact: true, ty });
        }
    }

    /// The index, with what the trees of all units declare.
    pub fn finish(self, units: &[Unit<'_>]) -> Index {
        if !self.on {
            return Index::default();
        }
        let mut index = Index { references: self.references, cursor: self.cursor, ..Index::default() };
        for unit in units {
            declared::collect(*unit, &mut index.definitions);
            links::collect(*unit, &mut index.references);
        }
        for definition in &mut index.definitions {
            definition.ty = self.types.get(&(definition.at.file, definition.at.start)).cloned();
        }
        index.definitions.sort_by_key(|one| (one.at.file, one.at.start));
        let named = links::Named::new(&index);
        units.iter().for_each(|unit| links::settle_tests(*unit, &named, &mut index.references));
        index.references.sort_by_key(|one| (one.at.file, one.at.start, one.at.end, one.to));
        // An expression may be looked at twice: the first time for its type, the second to say what is wrong with it.
        index.references.dedup_by_key(|one| (one.at, one.to));
        index
    }
}
