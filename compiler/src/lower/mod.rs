//! From syntax trees to the model: names settled, types checked, sets and defaults filled in.
//!
//! What is wrong is said once. A thing that could not be made, or whose declaration could not be read, is *poisoned*:
//! whoever refers to it is passed over in silence, since the mistake is not theirs.

mod accept;
mod capability;
mod claims;
mod closed;
mod handler;
mod options;
mod patterns;
mod policy;
mod roles;
mod rule_scope;
mod scope;
mod symbols;
mod table;
mod tests;
mod types;
mod workflow;

pub use accept::Acceptance;

use std::rc::Rc;

use gov_grammar::ast;
use gov_plan::Origin;
use gov_plan::model::Package;
use gov_plan::typing::{Checker, Names, Use, UseKind};

use crate::diagnostic::Diagnostic;
use crate::errors;
use crate::index::{AtCursor, Index, Notes};
use crate::source::{FileId, Span};
use symbols::Symbols;

/// A file of the package, or of a package that it uses.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// The file.
    pub file: FileId,
    /// Its tree.
    pub ast: &'a ast::File,
}

/// A package that is used, with its files.
#[derive(Clone, Debug)]
pub struct Used<'a> {
    /// Its name.
    pub name: String,
    /// Its files.
    pub units: Vec<Unit<'a>>,
}

/// What lowering gives.
#[derive(Debug)]
pub struct Lowered {
    /// The model: whole where there are no errors; otherwise what of it could be made.
    pub package: Package,
    /// The findings that the package accepts, with the places that they cover.
    pub acceptances: Vec<Acceptance>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What names stand for, if it was asked for.
    pub index: Index,
}

/// Lowers the files of one package. `used` are the packages that it may `use`; only their capabilities come in.
/// With `notes`, what names stand for is noted.
pub fn lower(name: &str, units: &[Unit<'_>], used: &[Used<'_>], notes: bool) -> Lowered {
    let mut diagnostics = Vec::new();
    let mut context = Context::new(units, imports(units, used, &mut diagnostics), Notes::new(notes));
    context.diagnostics.splice(0..0, diagnostics);
    let acceptances = context.acceptances();
    let accepted = acceptances.iter().map(|acceptance| acceptance.accepted.clone()).collect();
    let package = Package { accepted, ..context.build(name) };
    let all: Vec<_> = units.iter().chain(used.iter().flat_map(|package| &package.units)).copied().collect();
    Lowered { package, acceptances, diagnostics: context.diagnostics, index: context.notes.finish(&all) }
}

/// What could stand at the cursor, which is the word [`CURSOR`](gov_plan::typing::CURSOR) in one of the texts: as [`lower`] notes
/// it, with nothing looked into but what the item at that place can depend on.
pub fn at_cursor(name: &str, units: &[Unit<'_>], used: &[Used<'_>], cursor: Cursor<'_>) -> Option<AtCursor> {
    let mut context = Context::new(units, imports(units, used, &mut Vec::new()), Notes::new(true));
    // A test may run any workflow.
    let is_in_test = context.symbols.tests.iter().any(|test| test.span(test.item.span).contains(cursor.at));
    context.symbols.focus = (!is_in_test).then_some(cursor);
    context.build(name);
    context.notes.cursor
}

/// The one place that counts.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    /// Where it is.
    pub at: Span,
    /// The text of the item that it is in; empty between items.
    pub item: &'a str,
}

impl Cursor<'_> {
    /// Whether the item can depend on what another item with this name says. Patterns match what they do not name, but in a
    /// capability or a workflow whatever is called is called by its name.
    fn may_depend_on(self, name: &str) -> bool {
        let names_all = self.item.starts_with("capability") || self.item.starts_with("workflow");
        !names_all || self.item.contains(name)
    }
}

/// The capabilities that the `use` statements bring in.
fn imports(units: &[Unit<'_>], used: &[Used<'_>], diagnostics: &mut Vec<Diagnostic>) -> Vec<symbols::BuiltCapability> {
    let mut wanted: Vec<(&str, Span)> = Vec::new();
    for unit in units {
        for item in &unit.ast.items {
            let ast::ItemKind::Use(name) = &item.kind else { continue };
            let span = unit.span(name.span);
            if used.iter().any(|package| package.name == name.text) {
                if let Some((_, first)) =
                    wanted.iter().find(|(wanted, first)| *wanted == name.text && first.file == span.file)
                {
                    diagnostics.push(errors::names::said_twice(span, *first, &format!("`use {}`", name.text)));
                }
                wanted.push((&name.text, span));
            } else {
                let standard = gov_stdlib::MODULES.iter().map(|module| module.name);
                let known = used.iter().map(|package| package.name.as_str()).chain(standard);
                let meant = gov_grammar::closest(&name.text, known);
                diagnostics.push(errors::names::unknown_package(span, &name.text, meant));
            }
        }
    }
    let mut imported = Vec::new();
    for package in used.iter().filter(|package| wanted.iter().any(|(name, _)| *name == package.name)) {
        let (symbols, notes) = (Symbols::default(), Notes::default());
        let mut context = Context { symbols, diagnostics: Vec::new(), notes };
        // What a used package uses itself stays its own affair: capabilities refer to capabilities of their own package.
        context.declare(&package.units);
        diagnostics.append(&mut context.diagnostics);
        context.build_sets();
        // So do its sets: what they may name is not known here.
        context.diagnostics.clear();
        context.build_types();
        context.build_capabilities(&package.name);
        diagnostics.append(&mut context.diagnostics);
        imported.extend(context.symbols.built);
    }
    imported
}

impl Unit<'_> {
    pub(crate) fn span(&self, span: gov_grammar::Span) -> Span {
        Span::new(self.file, span.start, span.end)
    }
}

/// The state of lowering one package.
pub(crate) struct Context<'a> {
    symbols: Symbols<'a>,
    diagnostics: Vec<Diagnostic>,
    notes: Notes,
}

impl<'a> Context<'a> {
    fn new(units: &[Unit<'a>], imported: Vec<symbols::BuiltCapability>, notes: Notes) -> Context<'a> {
        let mut context = Context { symbols: Symbols::default(), diagnostics: Vec::new(), notes };
        context.symbols.imported = imported;
        context.declare(units);
        context
    }
}

impl Context<'_> {
    fn build(&mut self, name: &str) -> Package {
        self.build_sets();
        self.build_types();
        let context = self.build_context();
        self.symbols.context = context.clone();
        let roles = self.build_roles();
        self.build_capabilities(name);
        let policies = self.build_policies();
        let workflows = self.build_workflows();
        let claims = self.build_claims();
        let tests = self.build_tests(&workflows, &policies);
        let built =
            std::mem::take(&mut self.symbols.built).into_iter().chain(std::mem::take(&mut self.symbols.imported));
        let mut capabilities: Vec<_> = built.map(|built| built.capability).collect();
        capabilities.sort_by(|a, b| a.id.cmp(&b.id));
        Package {
            name: name.to_owned(),
            context: context.fields,
            roles,
            capabilities,
            policies,
            workflows,
            claims,
            tests,
            accepted: Vec::new(),
        }
    }

    /// A scope of these variables.
    fn scope(&self, variables: impl Into<Rc<Vec<scope::Variable>>>, whole: bool) -> scope::Scope {
        scope::Scope { package: Rc::clone(&self.symbols.names), variables: variables.into(), whole }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Runs a check of expressions or types in a scope, and reports what it finds.
    fn check<T>(&mut self, file: FileId, names: &dyn Names, run: impl FnOnce(&mut Checker<'_>) -> T) -> T {
        self.check_knowing(file, names, &[], run)
    }

    /// As [`Context::check`], where some paths were shown to be present.
    fn check_knowing<T>(
        &mut self,
        file: FileId,
        names: &dyn Names,
        present: &[String],
        run: impl FnOnce(&mut Checker<'_>) -> T,
    ) -> T {
        let mut checker = Checker::new(names, file.0).assume_present(present).noting(self.notes.on);
        let result = run(&mut checker);
        let found = std::mem::take(&mut checker.errors);
        let uses = std::mem::take(&mut checker.uses);
        self.note(file, uses);
        self.diagnostics.extend(found.iter().map(|error| errors::types::of_typing(file, error)));
        result
    }

    /// Notes what names were found to stand for.
    fn note(&mut self, file: FileId, uses: Vec<Use>) {
        if uses.is_empty() {
            return;
        }
        let symbols = &self.symbols;
        self.notes.take(file, uses, |kind| match kind {
            UseKind::Type(name) => symbols.types.get(name.as_str()).map(|ty| ty.span(ty.decl.name.span)),
            UseKind::Set(name) => symbols.sets.get(name.as_str()).map(|set| set.span(set.decl.name.span)),
            _ => None,
        });
    }
}

/// The place of a part of a file, as the model holds it.
fn origin(span: Span) -> Origin {
    Origin { file: span.file.0, start: span.start, end: span.end }
}

/// The place that the model holds, as diagnostics want it.
pub fn span_of(origin: Origin) -> Span {
    Span::new(FileId(origin.file), origin.start, origin.end)
}
