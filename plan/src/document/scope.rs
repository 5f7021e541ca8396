//! Scopes for reading plans: variables in a list, and the types that the plan names.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::pattern::TextPattern;
use crate::types::{Fields, Schema, Type};
use crate::typing::{Lookup, Names};

/// A variable: its name, its type, and whether it may be absent.
pub(super) type Variable = (String, Type, bool);

/// Variables over the types of a plan.
pub(super) struct Flat<'t> {
    types: &'t BTreeMap<String, Schema>,
    /// What several scopes have in common.
    shared: Arc<[Variable]>,
    pub(super) variables: Vec<Variable>,
}

impl<'t> Flat<'t> {
    pub(super) fn new(types: &'t BTreeMap<String, Schema>, variables: Vec<Variable>) -> Flat<'t> {
        Flat { types, shared: Arc::default(), variables }
    }

    /// A scope of what others have too.
    pub(super) fn shared(types: &'t BTreeMap<String, Schema>, shared: Arc<[Variable]>) -> Flat<'t> {
        Flat { types, shared, variables: Vec::new() }
    }
}

/// A variable for each field.
pub(super) fn variables_of(fields: &Fields) -> Vec<Variable> {
    fields.iter().map(|field| (field.name.clone(), field.schema.ty.clone(), field.schema.optional)).collect()
}

impl Names for Flat<'_> {
    fn variable(&self, name: &str) -> Lookup<(Type, bool)> {
        match self.variables.iter().rev().chain(self.shared.iter().rev()).find(|(known, ..)| known == name) {
            Some((_, ty, optional)) => Lookup::Known((ty.clone(), *optional)),
            None => Lookup::Unknown,
        }
    }

    fn variables(&self) -> Vec<String> {
        self.shared.iter().chain(&self.variables).map(|(name, ..)| name.clone()).collect()
    }

    fn set(&self, _: &str) -> Lookup<Vec<TextPattern>> {
        // Sets are written out in a plan.
        Lookup::Unknown
    }

    fn set_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn named_type(&self, name: &str) -> Lookup<Schema> {
        self.types.get(name).map_or(Lookup::Unknown, |schema| Lookup::Known(schema.clone()))
    }

    fn type_names(&self) -> Vec<String> {
        self.types.keys().cloned().collect()
    }
}
