//! Scopes made of variables over the package's types and sets.

use std::rc::Rc;

use gov_plan::Origin;
use gov_plan::pattern::TextPattern;
use gov_plan::types::{Field, Fields, Schema, Type};
use gov_plan::typing::{Lookup, Names};

use super::symbols::PackageNames;

/// A variable of a scope.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub name: String,
    /// `None` where the declaration was reported: whoever reads it is passed over.
    pub ty: Option<(Type, bool)>,
    /// Where it is declared; nowhere for those of the language.
    pub at: Origin,
}

impl Variable {
    pub(super) fn new(name: &str, ty: Type, optional: bool) -> Variable {
        Variable { name: name.to_owned(), ty: Some((ty, optional)), at: Origin::default() }
    }
}

/// Variables over a package's types and sets.
pub(super) struct Scope {
    pub package: Rc<PackageNames>,
    pub variables: Rc<Vec<Variable>>,
    /// Whether some variables could not be read: a name that is not here may be one of them.
    pub whole: bool,
}

/// A variable for each field.
pub(super) fn variables_of(fields: &Fields) -> Vec<Variable> {
    let variable = |field: &Field| Variable {
        at: field.at,
        ..Variable::new(&field.name, field.schema.ty.clone(), field.schema.optional)
    };
    fields.iter().map(variable).collect()
}

impl Names for Scope {
    fn variable(&self, name: &str) -> Lookup<(Type, bool)> {
        match self.variables.iter().rev().find(|variable| variable.name == name) {
            Some(Variable { ty: Some(known), .. }) => Lookup::Known(known.clone()),
            Some(Variable { ty: None, .. }) => Lookup::Poisoned,
            None if !self.whole => Lookup::Poisoned,
            None => Lookup::Unknown,
        }
    }

    fn declared(&self, name: &str) -> Option<Origin> {
        self.variables.iter().rev().find(|variable| variable.name == name).map(|variable| variable.at)
    }

    fn variables(&self) -> Vec<String> {
        self.variables.iter().map(|variable| variable.name.clone()).collect()
    }

    fn set(&self, name: &str) -> Lookup<Vec<TextPattern>> {
        self.package.set(name)
    }

    fn set_names(&self) -> Vec<String> {
        self.package.set_names()
    }

    fn named_type(&self, name: &str) -> Lookup<Schema> {
        self.package.named_type(name)
    }

    fn type_names(&self) -> Vec<String> {
        self.package.type_names()
    }
}
