//! The names that expressions see while a workflow runs.

use gov_plan::eval::Env;
use gov_plan::model::Package;
use gov_plan::value::{Record, Value};

/// Who has which role: declared members, and what the request asserts for its principal.
#[derive(Clone, Copy)]
pub struct Roles<'r> {
    package: &'r Package,
    principal: &'r str,
    asserted: &'r [String],
}

impl<'r> Roles<'r> {
    /// The roles of a package, and those asserted for one principal.
    pub fn new(package: &'r Package, principal: &'r str, asserted: &'r [String]) -> Roles<'r> {
        Roles { package, principal, asserted }
    }

    /// Whether a principal has a role.
    pub fn has(&self, principal: &str, role: &str) -> bool {
        let asserted = principal == self.principal && self.asserted.iter().any(|own| own == role);
        asserted
            || self
                .package
                .role(role)
                .is_some_and(|role| role.members.iter().any(|member| member.matches(principal, |_| false)))
    }
}

/// The names of a block, and of the blocks around it.
///
/// A name that is not bound is absent: a step of a branch that was not taken, or one that failed and may.
pub struct Frame<'f> {
    /// Each once. They are few, and made anew on every walk.
    names: Vec<(String, Value)>,
    outer: Option<&'f Frame<'f>>,
    roles: Roles<'f>,
}

impl<'f> Frame<'f> {
    /// The frame of a workflow: its arguments and the context.
    pub fn workflow(arguments: &Record, context: &Record, roles: Roles<'f>) -> Frame<'f> {
        let mut frame = Frame { names: Vec::with_capacity(arguments.len() + 4), outer: None, roles };
        for (name, value) in arguments.iter() {
            frame.bind(name, value.clone());
        }
        frame.bind("context", Value::Record(context.clone()));
        frame
    }

    /// The frame of a round of a loop.
    pub fn round<'i>(&'i self, name: &str, element: Value) -> Frame<'i>
    where
        'f: 'i,
    {
        Frame { names: vec![(name.to_owned(), element)], outer: Some(self), roles: self.roles }
    }

    /// Binds a name.
    pub fn bind(&mut self, name: &str, value: Value) {
        match self.names.iter_mut().find(|(own, _)| own == name) {
            Some((_, bound)) => *bound = value,
            None => self.names.push((name.to_owned(), value)),
        }
    }

    /// The same frame, with one name more for a while.
    pub fn with<'i>(&'i self, name: &str, value: Value) -> Frame<'i>
    where
        'f: 'i,
    {
        self.round(name, value)
    }
}

impl Env for Frame<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        match (self.names.iter().find(|(own, _)| own == name), self.outer) {
            (Some((_, value)), _) => Some(value.clone()),
            (None, Some(outer)) => outer.get(name),
            (None, None) => Some(Value::Absent),
        }
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        self.roles.has(principal, role)
    }
}

/// The names in a capability's own clauses: its input by bare name, and `output`.
pub struct Clauses<'c> {
    input: &'c Record,
    output: Option<&'c Record>,
    roles: Roles<'c>,
}

impl<'c> Clauses<'c> {
    /// Before the call, there is no output.
    pub fn new(input: &'c Record, output: Option<&'c Record>, roles: Roles<'c>) -> Clauses<'c> {
        Clauses { input, output, roles }
    }
}

impl Env for Clauses<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.input.get(name) {
            return Some(value.clone());
        }
        match (name, self.output) {
            ("output", Some(output)) => Some(Value::Record(output.clone())),
            _ => Some(Value::Absent),
        }
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        self.roles.has(principal, role)
    }
}
