//! The names that are bound at a point of a workflow.

use std::collections::BTreeMap;
use std::rc::Rc;

use gov_plan::types::Type;

use super::super::scope::{Scope, Variable};
use super::super::{Context, origin, span_of};
use crate::source::Span;

/// Why a name that is bound somewhere cannot be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Hidden {
    /// Inside a loop, which has ended.
    Loop,
    /// On another branch of a `parallel`, which may not be done yet.
    Branch,
}

/// What can be read, what is known to be present, and what is bound but cannot be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Bindings {
    /// Shared with the scopes of expressions, of which there are many between two names.
    bound: Rc<Vec<Variable>>,
    /// Paths that were shown to be present.
    pub facts: Vec<String>,
    hidden: Vec<(String, Span, Hidden)>,
}

impl Bindings {
    /// Binds a name; `None` for one that was reported.
    pub(super) fn bind(&mut self, name: &str, ty: Option<(Type, bool)>, at: Span) {
        Rc::make_mut(&mut self.bound).push(Variable { name: name.to_owned(), ty, at: origin(at) });
    }

    /// How many names are bound.
    pub(super) fn len(&self) -> usize {
        self.bound.len()
    }

    /// The names that were bound after the first so many.
    pub(super) fn since(&self, count: usize) -> &[Variable] {
        self.bound.get(count..).unwrap_or_default()
    }

    /// Takes names over from a branch that may not have been taken.
    pub(super) fn adopt(&mut self, bindings: &[Variable], optional: bool) {
        let adopted = bindings.iter().map(|binding| {
            let ty = binding.ty.clone().map(|(ty, was)| (ty, was || optional));
            Variable { ty, ..binding.clone() }
        });
        Rc::make_mut(&mut self.bound).extend(adopted);
    }

    /// Notes names that are bound, but cannot be read.
    pub(super) fn hide(&mut self, bindings: &[Variable], why: Hidden) {
        self.hidden.extend(bindings.iter().map(|binding| (binding.name.clone(), span_of(binding.at), why)));
    }

    /// Takes over what another point cannot read.
    pub(super) fn hide_as(&mut self, other: &Bindings) {
        for hidden in &other.hidden {
            if !self.hidden.contains(hidden) {
                self.hidden.push(hidden.clone());
            }
        }
    }

    /// As [`Bindings::hide_as`], for what loops hide alone.
    pub(super) fn hide_loops(&mut self, other: &Bindings) {
        self.hidden.extend(other.hidden.iter().filter(|(_, _, why)| *why == Hidden::Loop).cloned());
    }

    /// Where a name is bound that cannot be read here, and why.
    pub(super) fn hidden(&self, name: &str) -> Option<(Span, Hidden)> {
        self.hidden.iter().find(|(hidden, ..)| hidden == name).map(|(_, at, why)| (*at, *why))
    }

    /// The names and where they are bound; `context` is said to be bound at the workflow's head.
    pub(super) fn places(&self, head: Span) -> BTreeMap<String, Span> {
        let place = |binding: &Variable| if binding.name == "context" { head } else { span_of(binding.at) };
        self.bound.iter().map(|binding| (binding.name.clone(), place(binding))).collect()
    }

    /// The variables, as expressions see them.
    pub(super) fn variables(&self) -> &Rc<Vec<Variable>> {
        &self.bound
    }

    /// The scope of an expression.
    pub(super) fn scope(&self, context: &Context<'_>, whole: bool) -> Scope {
        context.scope(Rc::clone(&self.bound), whole)
    }
}
