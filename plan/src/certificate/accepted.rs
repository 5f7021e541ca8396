//! What a package accepts, by what findings are about.

use crate::document::RuleKeys;
use crate::model::{AcceptedOn, Package};
use std::collections::HashSet;

/// The findings that a package accepts.
#[derive(Debug)]
pub struct AcceptedFindings {
    /// By code, and what the finding is about or lies in, as [`crate::document::Settled::on`] names it; everything where that
    /// is empty.
    all: HashSet<(String, String)>,
}

impl AcceptedFindings {
    /// Those of a package.
    pub fn of(package: &Package) -> AcceptedFindings {
        if package.accepted.is_empty() {
            return AcceptedFindings { all: HashSet::new() };
        }
        let keys = RuleKeys::of(package);
        let all = package.accepted.iter().map(|accepted| {
            let on = match &accepted.on {
                AcceptedOn::Capability(id) => format!("capability {id}"),
                AcceptedOn::Policy(name) => format!("policy {name}"),
                AcceptedOn::Rule { policy, index } => format!("rule {policy} {}", keys.key(policy, *index)),
                AcceptedOn::Workflow(name) | AcceptedOn::Statement { workflow: name, .. } => format!("workflow {name}"),
                AcceptedOn::Claim(name) => format!("prove {name}"),
                AcceptedOn::Package => String::new(),
            };
            (accepted.code.clone(), on)
        });
        AcceptedFindings { all: all.collect() }
    }

    /// Whether a finding is accepted on a thing, or on what that lies in.
    pub fn has(&self, code: &str, on: &str) -> bool {
        if self.all.is_empty() {
            return false;
        }
        let has = |on: &str| self.all.contains(&(code.to_owned(), on.to_owned()));
        let around = |kind: &str| on.split(' ').nth(1).is_some_and(|name| has(&format!("{kind} {name}")));
        let within = match on.split(' ').next() {
            Some("rule") => around("policy"),
            Some("step") => around("workflow"),
            _ => false,
        };
        within || has(on) || has("")
    }
}
