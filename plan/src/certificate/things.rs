//! What obligations are about, in the order of the plan.

use super::{Thing, capability, claim, policy, workflow};
use crate::document::Invalid;
use crate::model::{Package, Policy, Workflow};
use policy::Rules;
use std::borrow::Cow;
use std::collections::HashMap;

/// A package, and what is worked out once for all its things.
pub(super) struct Things<'p> {
    pub package: &'p Package,
    rules: HashMap<&'p str, Rules<'p>>,
}

/// Says of a rule whether it is dead, and then under which code that is noted.
pub(super) type Dead<'d> = dyn FnMut(&str) -> Option<&'static str> + 'd;

/// Takes one thing after the other.
pub(super) type Visit<'v, 'p> = dyn FnMut(Thing<'p>) -> Result<(), Invalid> + 'v;

impl<'p> Things<'p> {
    pub fn of(package: &'p Package) -> Things<'p> {
        let rules = package.policies.iter().map(|policy| (policy.name.as_str(), Rules::of(package, policy)));
        Things { package, rules: rules.collect() }
    }

    /// Gets ready what evidence is checked with.
    pub fn prepare(&self) {
        self.rules.values().for_each(Rules::prepare);
    }

    /// The rules of a policy.
    pub fn rules(&self, policy: &str) -> Option<&Rules<'p>> {
        self.rules.get(policy)
    }

    /// Visits every thing that something has to be proved of.
    pub fn each(&'p self, dead: &mut Dead<'_>, visit: &mut Visit<'_, 'p>) -> Result<(), Invalid> {
        let used = workflow::called(self.package);
        for capability in &self.package.capabilities {
            let undoes = capability.package == self.package.name || used.contains(capability.id.as_str());
            visit(capability::thing(self.package, capability, undoes))?;
        }
        for policy in sorted(&self.package.policies, |policy: &Policy| &policy.name) {
            let Some(rules) = self.rules(&policy.name) else { continue };
            for (index, key) in rules.keys().iter().enumerate() {
                let on = format!("rule {} {key}", policy.name);
                let dead = dead(&on);
                visit(policy::rule(rules, index, on, dead))?;
            }
            let thing = policy::whole(policy);
            if !thing.duties.is_empty() {
                visit(thing)?;
            }
        }
        for own in sorted(&self.package.workflows, |workflow: &Workflow| &workflow.name) {
            for thing in workflow::things(self, own) {
                visit(thing)?;
            }
        }
        for claim in sorted(&self.package.claims, |claim| &claim.name) {
            visit(claim::thing(self, claim))?;
        }
        Ok(())
    }
}

/// In the order of the plan, which is that of their names.
fn sorted<T>(all: &[T], name: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut all: Vec<&T> = all.iter().collect();
    all.sort_by(|a, b| name(a).cmp(name(b)));
    all
}

/// Where an obligation is gathered: some are noted of each statement, and settled for the workflow as a whole.
pub(super) fn gathered<'o>(code: &str, on: &'o str) -> Cow<'o, str> {
    match on.strip_prefix("step ").and_then(|rest| rest.split(' ').next()) {
        Some(workflow) if matches!(code, "G1303" | "G1306" | "G1107") => Cow::Owned(format!("workflow {workflow}")),
        _ => Cow::Borrowed(on),
    }
}
