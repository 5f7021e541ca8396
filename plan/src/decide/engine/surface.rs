//! What a request is held to before any rule is looked at: the same for all policies of a package, and compiled once for them.

use super::check::FieldChecks;
use super::code::{Code, Names};
use crate::model::{Capability, Package, Table};
use crate::pattern::CapabilityPattern;
use crate::types::Fields;
use crate::value::Value;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The context and the capabilities of a package, compiled.
#[derive(Debug)]
pub(crate) struct Surface {
    pub(super) context: FieldChecks,
    /// By id: the place in the package, and what is known.
    capabilities: HashMap<Box<str>, (u32, Entry), FixedState>,
    /// The places of the capabilities, in the order of their ids.
    order: Vec<u32>,
}

/// What is known of a capability.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) input: FieldChecks,
    pub(super) effect: Vec<Option<Code>>,
    pub(super) risk: Vec<Option<Code>>,
    pub(super) approval: Vec<Option<Code>>,
    pub(super) tags: Value,
}

impl Surface {
    /// Compiles what a package asks of every request.
    pub(crate) fn of(package: &Package) -> Surface {
        let all = package.capabilities.as_slice();
        let capabilities = all.iter().zip(0..).map(|(own, place)| (own.id.as_str().into(), (place, Entry::new(own))));
        let mut order: Vec<u32> = (0..all.len() as u32).collect();
        order.sort_by_key(|place| all.get(*place as usize).map(|own| &own.id));
        Surface { context: FieldChecks::new(&package.context), capabilities: capabilities.collect(), order }
    }

    /// A capability: its place, and what is known of it.
    pub(super) fn entry(&self, id: &str) -> Option<(u32, &Entry)> {
        self.capabilities.get(id).map(|(place, entry)| (*place, entry))
    }

    /// The places of the capabilities that a pattern fits. They lie together in the order of ids.
    pub(super) fn matched(&self, package: &Package, pattern: &CapabilityPattern) -> impl Iterator<Item = u32> {
        let id = |place: &u32| package.capabilities.get(*place as usize).map_or("", |own| own.id.as_str());
        let begins = match pattern {
            CapabilityPattern::Any => "",
            CapabilityPattern::Exact(begins) | CapabilityPattern::Prefix(begins) => begins,
        };
        let first = self.order.partition_point(|place| id(place) < begins);
        let rest = self.order.get(first..).unwrap_or_default();
        let end = rest.partition_point(|place| pattern.matches(id(place)));
        rest.get(..end).unwrap_or_default().iter().copied()
    }
}

impl Entry {
    fn new(capability: &Capability) -> Entry {
        Entry {
            input: FieldChecks::new(&capability.input),
            effect: conditions(&capability.effect, &capability.input),
            risk: conditions(&capability.risk, &capability.input),
            approval: conditions(&capability.approval, &capability.input),
            tags: Value::list(capability.tags.iter().map(|tag| Value::string(tag))),
        }
    }
}

fn conditions<V>(table: &Table<V>, input: &Fields) -> Vec<Option<Code>> {
    let code = |condition| Code::new(condition, Names::Capability(input));
    table.rows.iter().map(|row| row.when.as_ref().map(code)).collect()
}
