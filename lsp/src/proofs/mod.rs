//! What is known of the proofs. They are made in a process of their own (`process`, `prover`), item by item; what came of an
//! item is kept for as long as nothing that it depends on has changed (`digest`).

mod anchor;
pub mod digest;
pub mod process;
pub mod prover;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gov_compiler::diagnostic::{Diagnostic, Subject};
use gov_compiler::index;
use gov_compiler::verify;
use serde::{Deserialize, Serialize};

use crate::world::Unit;
use anchor::Anchored;
pub use digest::Digest;

/// Something that is proved on its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Item {
    Capability(String),
    Policy(String),
    Workflow(String),
    Claim(String),
}

impl Item {
    /// The item that a finding or a unit of work is about; none for what concerns the whole package.
    pub fn of(subject: &Subject) -> Option<Item> {
        Some(match subject {
            Subject::Capability { capability } => Item::Capability(capability.clone()),
            Subject::Policy { policy } | Subject::Rule { policy, .. } => Item::Policy(policy.clone()),
            Subject::Workflow { workflow } | Subject::Step { workflow, .. } => Item::Workflow(workflow.clone()),
            Subject::Prove { prove } => Item::Claim(prove.clone()),
            _ => return None,
        })
    }

    /// The item that a definition is, if it is proved.
    pub fn of_definition(definition: &index::Definition) -> Option<Item> {
        let name = definition.name.clone();
        Some(match definition.kind {
            index::Kind::Capability => Item::Capability(name),
            index::Kind::Policy => Item::Policy(name),
            index::Kind::Workflow => Item::Workflow(name),
            index::Kind::Claim => Item::Claim(name),
            _ => return None,
        })
    }

    /// The kind of its definition, and its name.
    pub fn definition(&self) -> (index::Kind, &str) {
        match self {
            Item::Capability(name) => (index::Kind::Capability, name),
            Item::Policy(name) => (index::Kind::Policy, name),
            Item::Workflow(name) => (index::Kind::Workflow, name),
            Item::Claim(name) => (index::Kind::Claim, name),
        }
    }
}

/// What the prover says, and in which of its runs.
#[derive(Debug)]
pub struct Event {
    /// The run.
    pub run: u64,
    /// What it says.
    pub said: Said,
}

/// What the prover says.
#[derive(Debug)]
pub enum Said {
    /// A line that it wrote.
    Line(prover::Line),
    /// It has ended.
    Ended,
}

/// What came of an item.
#[derive(Debug)]
pub struct Outcome {
    /// Of what it was proved.
    pub digest: Digest,
    /// How its obligations ended.
    pub endings: Vec<Ending>,
    found: Vec<Anchored>,
}

impl Outcome {
    /// What was found, at the places where it stands now.
    pub fn found(&self, unit: &Unit) -> impl Iterator<Item = Diagnostic> {
        self.found.iter().filter_map(|found| found.now(unit))
    }
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All so many obligations hold.
    Proved(usize),
    /// Something does not hold.
    Refuted,
    /// Something could not be settled.
    Unproved,
    /// It is being proved.
    Running,
    /// Nothing is known yet.
    Unknown,
}

/// How an obligation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It holds.
    Proved,
    /// It does not hold.
    Refuted,
    /// It was not settled.
    Unproved,
}

impl Ending {
    /// How it ended.
    pub fn of(outcome: &verify::Outcome) -> Ending {
        match outcome {
            verify::Outcome::Proved(_) => Ending::Proved,
            verify::Outcome::Refuted(_) => Ending::Refuted,
            verify::Outcome::Unproved(_) => Ending::Unproved,
        }
    }
}

/// What is known of all packages.
#[derive(Clone, Debug, Default)]
pub struct Known {
    outcomes: HashMap<PathBuf, BTreeMap<Item, Arc<Outcome>>>,
    /// What is being proved.
    pub running: BTreeSet<(PathBuf, Item)>,
}

impl Known {
    /// Keeps what came of an item of a package.
    pub fn keep(&mut self, unit: &Unit, item: Item, endings: Vec<Ending>, found: Vec<Diagnostic>) {
        let Some(digest) = unit.digests().get(&item).copied() else { return };
        let found = found.into_iter().map(|found| Anchored::new(unit, found)).collect();
        let outcome = Arc::new(Outcome { digest, endings, found });
        self.outcomes.entry(unit.key().to_owned()).or_default().insert(item, outcome);
    }

    /// What came of an item, if it is the same as when it was proved.
    pub fn outcome(&self, unit: &Unit, item: &Item) -> Option<&Arc<Outcome>> {
        let outcome = self.outcomes.get(unit.key())?.get(item)?;
        (unit.digests().get(item) == Some(&outcome.digest)).then_some(outcome)
    }

    /// The items of a package that were proved as they are now, with what came of each.
    pub fn all<'k>(&'k self, unit: &'k Unit) -> impl Iterator<Item = (&'k Item, &'k Arc<Outcome>)> {
        let outcomes = self.outcomes.get(unit.key()).into_iter().flatten();
        outcomes.filter(|(item, outcome)| unit.digests().get(*item) == Some(&outcome.digest))
    }

    /// The items of a package of which nothing is known.
    pub fn missing(&self, unit: &Unit) -> Vec<Item> {
        unit.digests().keys().filter(|item| self.outcome(unit, item).is_none()).cloned().collect()
    }

    /// What was found about an item, at the places where it stands now.
    pub fn found(&self, unit: &Unit, item: &Item) -> Vec<Diagnostic> {
        self.outcome(unit, item).map_or_else(Vec::new, |outcome| outcome.found(unit).collect())
    }

    /// How an item stands.
    pub fn status(&self, unit: &Unit, item: &Item) -> Status {
        let Some(outcome) = self.outcome(unit, item) else {
            let running = self.running.iter().any(|(key, running)| key == unit.key() && running == item);
            return if running { Status::Running } else { Status::Unknown };
        };
        if outcome.endings.contains(&Ending::Unproved) {
            Status::Unproved
        } else if outcome.endings.contains(&Ending::Refuted) {
            Status::Refuted
        } else {
            Status::Proved(outcome.endings.len())
        }
    }

    /// Forgets packages that are gone.
    pub fn retain(&mut self, wanted: impl Fn(&Path) -> bool) {
        self.outcomes.retain(|key, _| wanted(key));
    }
}
