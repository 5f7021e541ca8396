//! Decisions at the same cost for ten rules and for ten thousand.
//!
//! A policy is compiled once ([`compiled`]). A decision then looks at the buckets of rules (see [`index`]) whose subject and
//! target the request fits, and takes the first rule that any of them has; nothing is allocated, unless a condition builds a
//! string or reads text from JSON. What it decides is what [`super::decide`] does: a request that cannot be evaluated is
//! handed to it, so that there is one place that says why.

mod audit;
mod check;
mod code;
mod compiled;
mod condition;
mod index;
mod names;
mod pattern;
mod places;
mod surface;

pub(crate) use audit::{Audit, Fitting, Hearing};
pub(crate) use surface::Surface;

use super::reference::{self, combine};
use super::{By, Decided, Request};
use crate::model::{Package, Policy};
use compiled::Compiled;
use std::sync::Arc;

/// One policy of a package, ready to decide.
#[derive(Debug)]
pub struct Engine {
    package: Arc<Package>,
    policy: usize,
    compiled: Compiled,
}

impl Engine {
    /// Compiles the policy of this name; `None` where the package has none.
    pub fn new(package: Arc<Package>, policy: &str) -> Option<Engine> {
        let index = package.policies.iter().position(|own| own.name == policy)?;
        let surface = Arc::new(Surface::of(&package));
        Engine::with(package, &surface, index)
    }

    /// Compiles all policies, in their order. What they have in common is compiled once.
    pub fn all(package: &Arc<Package>) -> Vec<Engine> {
        let surface = Arc::new(Surface::of(package));
        (0..package.policies.len()).filter_map(|index| Engine::with(Arc::clone(package), &surface, index)).collect()
    }

    fn with(package: Arc<Package>, surface: &Arc<Surface>, index: usize) -> Option<Engine> {
        let (compiled, _) = Compiled::of(&package, surface, package.policies.get(index)?, index::Spans::Dropped);
        Some(Engine { policy: index, package, compiled })
    }

    /// The package whose policy it is.
    pub fn package(&self) -> &Arc<Package> {
        &self.package
    }

    /// The policy.
    #[expect(clippy::indexing_slicing, reason = "`new` found it at this place, and the package cannot change since")]
    pub fn policy(&self) -> &Policy {
        &self.package.policies[self.policy]
    }

    /// Decides a request, as [`super::decide`] does.
    pub fn decide(&self, request: &Request<'_>) -> Decided<'_> {
        self.indexed(request).unwrap_or_else(|| reference::decide(&self.package, self.policy(), request))
    }

    /// `None` where the request cannot be evaluated.
    pub(super) fn indexed(&self, request: &Request<'_>) -> Option<Decided<'_>> {
        let policy = self.policy();
        self.compiled.hear(&self.package, request, |heard| {
            let first = heard.first()?;
            if first.failed {
                return None;
            }
            Some(match policy.rules.get(first.rule as usize) {
                Some(rule) => combine(policy, By::Rule(first.rule + 1), &rule.action, request, heard.facts),
                None => combine(policy, By::Default, &policy.default, request, heard.facts),
            })
        })
    }
}
