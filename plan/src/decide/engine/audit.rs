//! What a policy makes of a request, rule by rule, for those who check what others say of it.

use super::compiled::{Compiled, Heard};
use super::condition::Tests;
use super::index::{First, NONE, Spans};
use super::surface::Surface;
use crate::decide::{Facts, Request};
use crate::model::{Package, Policy};
use std::sync::Arc;

/// A policy, ready to be asked about single rules.
#[derive(Debug)]
pub(crate) struct Audit {
    compiled: Compiled,
    tests: Vec<Tests>,
}

/// A request that can be evaluated.
pub(crate) struct Hearing<'h, 'i, 'p> {
    tests: &'h [Tests],
    heard: &'h mut Heard<'i, 'p>,
}

/// The first rule of some that a request does not pass by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fitting {
    /// It fits; by its place, from 0.
    Rule(usize),
    /// Its condition cannot be evaluated.
    Failing,
    /// There is none.
    Nothing,
}

impl Audit {
    /// Compiles a policy of a package.
    pub fn of(package: &Package, surface: &Arc<Surface>, policy: &Policy) -> Audit {
        let (compiled, tests) = Compiled::of(package, surface, policy, Spans::Kept);
        Audit { compiled, tests }
    }

    /// Hears a request of the policy's package; `None` where it cannot be evaluated.
    pub fn hear<'p, T>(
        &self,
        package: &'p Package,
        request: &Request<'_>,
        hear: impl FnOnce(Hearing<'_, '_, 'p>) -> T,
    ) -> Option<T> {
        if request.roles.iter().any(|role| package.role(role).is_none()) {
            return None;
        }
        self.compiled.hear(package, request, |heard| Some(hear(Hearing { tests: &self.tests, heard })))
    }
}

impl<'p> Hearing<'_, '_, 'p> {
    /// What the capability declares of the request.
    pub fn facts(&self) -> &Facts<'p> {
        self.heard.facts
    }

    /// The first rule of all.
    pub fn first(&mut self) -> Fitting {
        fitting(self.heard.first())
    }

    /// The first rule after that of this place, from 0.
    pub fn after(&mut self, rule: usize) -> Fitting {
        fitting(self.heard.after(rule as u32))
    }

    /// Whether the condition of the rule of this place, from 0, holds; `None` where it cannot be evaluated.
    pub fn holds(&mut self, rule: usize) -> Option<bool> {
        self.heard.holds(rule as u32, self.tests.get(rule)?)
    }
}

fn fitting(first: Option<First>) -> Fitting {
    match first {
        None | Some(First { failed: true, .. }) => Fitting::Failing,
        Some(First { rule: NONE, .. }) => Fitting::Nothing,
        Some(First { rule, .. }) => Fitting::Rule(rule as usize),
    }
}
