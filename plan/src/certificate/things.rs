//! What obligations are about, in the order of the plan.

use super::cell::Cell;
use super::{Thing, capability, claim, policy, workflow};
use crate::document::Invalid;
use crate::model::{Capability, Claim, Package, Policy, Workflow};
use foldhash::fast::FixedState;
use policy::Rules;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A package, and what is worked out once for all its things.
pub(super) struct Things<'p> {
    pub package: &'p Package,
    rules: HashMap<&'p str, Rules<'p>, FixedState>,
    /// The requests for each capability, in their order, as [`policy::start`] has them.
    starts: Vec<OnceLock<Cell>>,
    called: OnceLock<BTreeSet<&'p str>>,
}

/// Things that lie together in the order of the plan, and that can be looked at apart from others.
#[derive(Debug, Clone)]
pub(super) enum Part<'p> {
    /// All capabilities.
    Capabilities,
    /// Rules of a policy, by their places from 0.
    Rules(&'p Policy, Range<usize>),
    /// A policy as a whole.
    Policy(&'p Policy),
    /// A workflow and its steps.
    Workflow(&'p Workflow),
    /// A claim.
    Claim(&'p Claim),
}

/// Says of a rule whether it is dead, and then under which code that is noted.
pub(super) type Dead<'d> = dyn FnMut(&str) -> Option<&'static str> + 'd;

/// Takes one thing after the other.
pub(super) type Visit<'v, 'p> = dyn FnMut(Thing<'p>) -> Result<(), Invalid> + 'v;

impl<'p> Things<'p> {
    pub fn of(package: &'p Package) -> Things<'p> {
        let surface = Arc::default();
        let rules = package.policies.iter().map(|policy| (policy.name.as_str(), Rules::of(package, policy, &surface)));
        let starts = package.capabilities.iter().map(|_| OnceLock::new());
        Things { package, rules: rules.collect(), starts: starts.collect(), called: OnceLock::new() }
    }

    /// The rules of a policy.
    pub fn rules(&self, policy: &str) -> Option<&Rules<'p>> {
        self.rules.get(policy)
    }

    /// The requests for a capability of the package.
    pub fn start(&self, capability: &Capability) -> Cow<'_, Cell> {
        let place = self.package.capabilities.binary_search_by(|own| own.id.cmp(&capability.id)).ok();
        let start = || policy::start(self.package, capability);
        match place.and_then(|place| self.starts.get(place)) {
            Some(known) => Cow::Borrowed(known.get_or_init(start)),
            None => Cow::Owned(start()),
        }
    }

    /// All things, in parts of at most so many rules.
    pub fn parts(&self, rules: usize) -> Vec<Part<'p>> {
        let mut parts = vec![Part::Capabilities];
        for policy in sorted(&self.package.policies, |policy: &Policy| &policy.name) {
            let all = policy.rules.len();
            parts.extend((0..all).step_by(rules).map(|first| Part::Rules(policy, first..all.min(first + rules))));
            parts.push(Part::Policy(policy));
        }
        parts.extend(sorted(&self.package.workflows, |own: &Workflow| &own.name).into_iter().map(Part::Workflow));
        parts.extend(sorted(&self.package.claims, |claim: &Claim| &claim.name).into_iter().map(Part::Claim));
        parts
    }

    /// Visits every thing of a part.
    pub fn each(&'p self, part: &Part<'p>, dead: &mut Dead<'_>, visit: &mut Visit<'_, 'p>) -> Result<(), Invalid> {
        match part {
            Part::Capabilities => {
                let called = self.called.get_or_init(|| workflow::called(self.package));
                for capability in &self.package.capabilities {
                    let undoes = capability.package == self.package.name || called.contains(capability.id.as_str());
                    visit(capability::thing(self.package, capability, undoes))?;
                }
            }
            Part::Rules(policy, places) => {
                let Some(rules) = self.rules(&policy.name) else { return Ok(()) };
                for index in places.clone() {
                    let on = ["rule ", &policy.name, " ", rules.key(index)].concat();
                    let dead = dead(&on);
                    visit(policy::rule(self, rules, index, on, dead))?;
                }
            }
            Part::Policy(policy) => {
                if let Some(thing) = policy::whole(policy) {
                    visit(thing)?;
                }
            }
            Part::Workflow(own) => workflow::things(self, own).into_iter().try_for_each(visit)?,
            Part::Claim(claim) => visit(claim::thing(self, claim))?,
        }
        Ok(())
    }
}

impl Part<'_> {
    /// How many things it has.
    pub fn len(&self, package: &Package) -> usize {
        match self {
            Part::Capabilities => package.capabilities.len(),
            Part::Rules(_, places) => places.len(),
            Part::Policy(policy) => usize::from(policy::whole(policy).is_some()),
            Part::Workflow(own) => {
                let mut steps = 0;
                workflow::each_step(&own.body, &mut |_| steps += 1);
                steps + 1
            }
            Part::Claim(_) => 1,
        }
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
