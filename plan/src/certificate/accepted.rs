//! What a package accepts, by what findings are about.

use crate::document::RuleKeys;
use crate::model::{AcceptedOn, Package};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The findings that a package accepts.
#[derive(Debug)]
pub struct AcceptedFindings {
    /// Codes by what the finding is about or lies in, as [`crate::document::Settled::on`] names it; everything where that is
    /// empty.
    all: HashMap<String, Vec<String>, FixedState>,
}

impl AcceptedFindings {
    /// Those of a package.
    pub fn of(package: &Package) -> AcceptedFindings {
        if package.accepted.is_empty() {
            return AcceptedFindings { all: HashMap::default() };
        }
        let keys = RuleKeys::of(package);
        let mut all: HashMap<String, Vec<String>, FixedState> = HashMap::default();
        for accepted in &package.accepted {
            let on = match &accepted.on {
                AcceptedOn::Capability(id) => format!("capability {id}"),
                AcceptedOn::Policy(name) => format!("policy {name}"),
                AcceptedOn::Rule { policy, index } => ["rule ", policy, " ", keys.key(policy, *index)].concat(),
                AcceptedOn::Workflow(name) | AcceptedOn::Statement { workflow: name, .. } => format!("workflow {name}"),
                AcceptedOn::Claim(name) => format!("prove {name}"),
                AcceptedOn::Package => String::new(),
            };
            all.entry(on).or_default().push(accepted.code.clone());
        }
        AcceptedFindings { all }
    }

    /// Whether a finding is accepted on a thing, or on what that lies in.
    pub fn has(&self, code: &str, on: &str) -> bool {
        if self.all.is_empty() {
            return false;
        }
        let has = |on: &str| self.all.get(on).is_some_and(|codes| codes.iter().any(|own| own == code));
        let around = |kind: &str| on.split(' ').nth(1).is_some_and(|name| has(&format!("{kind} {name}")));
        let within = || match on.split(' ').next() {
            Some("rule") => around("policy"),
            Some("step") => around("workflow"),
            _ => false,
        };
        has(on) || has("") || within()
    }
}
