//! What a package declares, by name, before any of it is looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;

use gov_grammar::ast::{self, ItemKind};
use gov_plan::model::Capability;
use gov_plan::pattern::{CapabilityPattern, TextPattern};
use gov_plan::types::{Fields, Schema};
use gov_plan::typing::{Lookup, Names};

use super::{Context, Cursor, Unit};
use crate::errors::names as errors;
use crate::source::{FileId, Span};

/// A declaration with the file it stands in.
#[derive(Debug)]
pub(super) struct Declared<'a, T> {
    pub file: FileId,
    pub item: &'a ast::Item,
    pub decl: &'a T,
}

impl<T> Clone for Declared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Declared<'_, T> {}

impl<T> Declared<'_, T> {
    pub(super) fn span(&self, span: gov_grammar::Span) -> Span {
        Span::new(self.file, span.start, span.end)
    }
}

/// A capability as far as it could be made.
#[derive(Debug, Clone)]
pub(super) struct BuiltCapability {
    pub capability: Capability,
    /// Whether all of its input could be read, so that a field which is not there is really missing.
    pub input_whole: bool,
    /// The same for its output.
    pub output_whole: bool,
    /// The name of it, to point at.
    pub name_at: Span,
}

/// The context as far as it could be made.
#[derive(Debug, Clone, Default)]
pub(super) struct BuiltContext {
    pub fields: Fields,
    pub whole: bool,
}

/// Where a capability is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    /// In `built`, once it is made.
    Own(usize),
    Imported(usize),
}

/// All that a package declares.
#[derive(Debug, Default)]
pub(super) struct Symbols<'a> {
    pub types: BTreeMap<&'a str, Declared<'a, ast::TypeDef>>,
    pub contexts: Vec<Declared<'a, Vec<ast::Field>>>,
    pub roles: BTreeMap<&'a str, Declared<'a, ast::Role>>,
    pub sets: BTreeMap<&'a str, Declared<'a, ast::Set>>,
    pub capabilities: Vec<Declared<'a, ast::Capability>>,
    pub policies: Vec<Declared<'a, ast::Policy>>,
    pub workflows: Vec<Declared<'a, ast::Workflow>>,
    pub claims: Vec<Declared<'a, ast::Prove>>,
    pub tests: Vec<Declared<'a, ast::Test>>,
    /// The one place that counts, if there is one: what has a meaning in its own item alone is looked into there alone.
    pub focus: Option<Cursor<'a>>,
    /// Every item, for what may stand before any of them.
    pub items: Vec<(FileId, &'a ast::Item)>,
    /// Names that something unreadable was about to declare.
    pub unread: BTreeSet<&'a str>,
    /// Where each capability is, by id.
    pub ids: BTreeMap<String, Which>,

    /// The types and sets that are settled.
    pub names: Rc<PackageNames>,
    pub context: BuiltContext,
    /// The package's own capabilities, in the order of the source.
    pub built: Vec<BuiltCapability>,
    /// Those of the packages it uses.
    pub imported: Vec<BuiltCapability>,
}

impl Symbols<'_> {
    pub(super) fn all_capabilities(&self) -> impl Iterator<Item = &BuiltCapability> {
        self.built.iter().chain(&self.imported)
    }

    pub(super) fn capability(&self, id: &str) -> Option<&BuiltCapability> {
        match self.ids.get(id)? {
            Which::Own(index) => self.built.get(*index),
            Which::Imported(index) => self.imported.get(*index),
        }
    }

    /// Where the name of a capability stands, also of one that could not be made.
    pub(super) fn capability_place(&self, id: &str) -> Option<Span> {
        match self.ids.get(id)? {
            Which::Own(index) => self.capabilities.get(*index).map(|own| own.span(own.decl.id.span)),
            Which::Imported(index) => self.imported.get(*index).map(|built| built.name_at),
        }
    }

    /// Whether there is a capability of this id, also one that could not be made.
    pub(super) fn has_capability(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// Where the name of a policy stands.
    pub(super) fn policy_place(&self, name: &str) -> Option<Span> {
        let policy = self.policies.iter().find(|policy| policy.decl.name.text == name)?;
        Some(policy.span(policy.decl.name.span))
    }

    /// Where the name of a workflow stands.
    pub(super) fn workflow_place(&self, name: &str) -> Option<Span> {
        let workflow = self.workflows.iter().find(|workflow| workflow.decl.name.text == name)?;
        Some(workflow.span(workflow.decl.name.span))
    }

    /// All ids, in order, also of capabilities that could not be made.
    pub(super) fn capability_ids(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(String::as_str)
    }

    /// The ids that a pattern matches, in order.
    pub(super) fn matching<'p>(&'p self, pattern: &'p CapabilityPattern) -> impl Iterator<Item = &'p str> {
        let start = match pattern {
            CapabilityPattern::Any => "",
            CapabilityPattern::Exact(text) | CapabilityPattern::Prefix(text) => text.as_str(),
        };
        let from = self.ids.range::<str, _>((Bound::Included(start), Bound::Unbounded));
        from.map(|(id, _)| id.as_str()).take_while(|id| pattern.matches(id))
    }

    /// Whether the inside of something is to be looked into: of everything, unless all that counts is one place.
    pub(super) fn is_wanted<T>(&self, declared: &Declared<'_, T>) -> bool {
        self.focus.is_none_or(|cursor| declared.span(declared.item.span).contains(cursor.at))
    }

    /// Whether what another item says of itself may count: what a capability or a workflow of this name takes and gives.
    pub(super) fn may_count(&self, name: &str) -> bool {
        self.focus.is_none_or(|cursor| cursor.may_depend_on(name))
    }

    /// Whether a name was declared in a way that could not be read, or failed.
    pub(super) fn is_poisoned(&self, name: &str) -> bool {
        self.unread.contains(name)
    }
}

impl<'a> Context<'a> {
    pub(super) fn declare(&mut self, units: &[Unit<'a>]) {
        for (index, imported) in self.symbols.imported.iter().enumerate() {
            self.symbols.ids.insert(imported.capability.id.clone(), Which::Imported(index));
        }
        for unit in units {
            self.symbols.unread.extend(unit.ast.unread.iter().map(String::as_str));
            Rc::make_mut(&mut self.symbols.names).unread.extend(unit.ast.unread.iter().cloned());
            for item in &unit.ast.items {
                self.symbols.items.push((unit.file, item));
                self.declare_item(unit.file, item);
            }
        }
    }

    fn declare_item(&mut self, file: FileId, item: &'a ast::Item) {
        macro_rules! declared {
            ($decl:expr) => {
                Declared { file, item, decl: $decl }
            };
        }
        macro_rules! by_name {
            ($map:ident, $decl:expr, $what:literal) => {{
                let declared = declared!($decl);
                let name = $decl.name.as_str();
                match self.symbols.$map.get(name) {
                    Some(first) => {
                        let (at, first) = (declared.span($decl.name.span), first.span(first.decl.name.span));
                        self.report(errors::duplicate(at, first, $what, name));
                    }
                    None => {
                        self.symbols.$map.insert(name, declared);
                    }
                }
            }};
        }
        macro_rules! in_order {
            ($list:ident, $decl:expr, $name:ident, $what:literal) => {{
                let declared = declared!($decl);
                let name = $decl.$name.as_str();
                match self.symbols.$list.iter().find(|first| first.decl.$name.as_str() == name) {
                    Some(first) => {
                        let (at, first) = (declared.span($decl.$name.span), first.span(first.decl.$name.span));
                        self.report(errors::duplicate(at, first, $what, name));
                    }
                    None => self.symbols.$list.push(declared),
                }
            }};
        }
        match &item.kind {
            ItemKind::Type(decl) => {
                let built_in = ["Bool", "Int", "Decimal", "String", "Duration", "Time", "Json", "Money", "List"];
                if built_in.contains(&decl.name.as_str()) {
                    let span = Span::new(file, decl.name.span.start, decl.name.span.end);
                    self.report(errors::reserved_name(span, &decl.name.text));
                }
                by_name!(types, decl, "types");
            }
            ItemKind::Context(decl) => {
                if let Some(first) = self.symbols.contexts.first() {
                    let at = Span::new(file, item.span.start, item.span.start + "context".len() as u32);
                    let first = first.span(first.item.span).at_start();
                    let first = Span::new(first.file, first.start, first.start + "context".len() as u32);
                    self.report(errors::said_twice(at, first, "the context"));
                } else {
                    self.symbols.contexts.push(declared!(decl));
                }
            }
            ItemKind::Role(decl) => by_name!(roles, decl, "roles"),
            ItemKind::Set(decl) => by_name!(sets, decl, "sets"),
            ItemKind::Capability(decl) => self.declare_capability(declared!(decl)),
            ItemKind::Policy(decl) => in_order!(policies, decl, name, "policies"),
            ItemKind::Workflow(decl) => in_order!(workflows, decl, name, "workflows"),
            ItemKind::Prove(decl) => in_order!(claims, decl, name, "claims"),
            ItemKind::Test(decl) => self.symbols.tests.push(declared!(decl)),
            ItemKind::Package(_) | ItemKind::Use(_) | ItemKind::Nothing => {}
        }
    }
}

impl<'a> Context<'a> {
    fn declare_capability(&mut self, declared: Declared<'a, ast::Capability>) {
        let id = &declared.decl.id;
        let first = self.symbols.ids.get(id.as_str()).and_then(|which| match which {
            Which::Own(index) => self.symbols.capabilities.get(*index).map(|first| first.span(first.decl.id.span)),
            Which::Imported(index) => self.symbols.imported.get(*index).map(|first| first.name_at),
        });
        if let Some(first) = first {
            self.report(errors::duplicate(declared.span(id.span), first, "capabilities", &id.text));
            return;
        }
        self.symbols.ids.insert(id.text.clone(), Which::Own(self.symbols.capabilities.len()));
        self.symbols.capabilities.push(declared);
    }
}

/// The names that every scope of a package has: its types and its sets.
#[derive(Debug, Clone, Default)]
pub(super) struct PackageNames {
    /// Types; `None` where something in them is wrong.
    pub types: BTreeMap<String, Option<Schema>>,
    /// Sets with all that they hold; `None` where something in them is wrong.
    pub sets: BTreeMap<String, Option<Vec<TextPattern>>>,
    /// Names that something unreadable was about to declare.
    pub unread: BTreeSet<String>,
}

impl PackageNames {
    fn lookup<T: Clone>(&self, map: &BTreeMap<String, Option<T>>, name: &str) -> Lookup<T> {
        match map.get(name) {
            Some(Some(found)) => Lookup::Known(found.clone()),
            Some(None) => Lookup::Poisoned,
            None if self.unread.contains(name) => Lookup::Poisoned,
            None => Lookup::Unknown,
        }
    }
}

impl Names for PackageNames {
    fn variable(&self, _: &str) -> Lookup<(gov_plan::types::Type, bool)> {
        Lookup::Unknown
    }

    fn variables(&self) -> Vec<String> {
        Vec::new()
    }

    fn set(&self, name: &str) -> Lookup<Vec<TextPattern>> {
        self.lookup(&self.sets, name)
    }

    fn set_names(&self) -> Vec<String> {
        self.sets.keys().cloned().collect()
    }

    fn named_type(&self, name: &str) -> Lookup<Schema> {
        self.lookup(&self.types, name)
    }

    fn type_names(&self) -> Vec<String> {
        self.types.keys().cloned().collect()
    }
}
