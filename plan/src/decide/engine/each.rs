//! The conditions of a policy, compiled, and asked one by one.

use super::code::{Around, Code, Frame, Names};
use crate::decide::{Facts, Request};
use crate::model::{Package, Policy};
use crate::value::Value;

/// The conditions of a policy's rules.
#[derive(Debug)]
pub(crate) struct Conditions {
    codes: Vec<Option<Code>>,
}

/// A request that conditions are asked about.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The package.
    pub package: &'a Package,
    /// The request.
    pub request: &'a Request<'a>,
    /// What the capability declares of it.
    pub facts: &'a Facts<'a>,
    /// The capability's tags, as [`tags`] gives them.
    pub tags: &'a Value,
}

/// The tags of the capability that facts are about, as conditions see them.
pub(crate) fn tags(facts: &Facts<'_>) -> Value {
    Value::list(facts.capability.tags.iter().map(|tag| Value::string(tag)))
}

impl Conditions {
    /// Compiles the conditions of a policy.
    pub fn of(package: &Package, policy: &Policy) -> Conditions {
        let code = |condition| Code::new(condition, Names::Policy(&package.context));
        Conditions { codes: policy.rules.iter().map(|rule| rule.condition.as_ref().map(code)).collect() }
    }

    /// Whether the condition of a rule, by its place from 0, holds; a rule without one has one that does. `None` where it
    /// cannot be evaluated.
    pub fn holds(&self, rule: usize, asked: &Asked<'_>) -> Option<bool> {
        let Some(code) = self.codes.get(rule)? else { return Some(true) };
        let around = Around::Policy { facts: asked.facts, tags: asked.tags };
        code.holds(&Frame { package: asked.package, request: asked.request, around }).ok()
    }
}
