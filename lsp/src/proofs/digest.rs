//! What a proof depends on, as a digest: while it is the same, so is what came of the proof.

use std::collections::{BTreeMap, BTreeSet};

use gov_compiler::index::{Definition, Kind};
use gov_compiler::source::Span;
use sha2::{Digest as _, Sha256};

use super::Item;
use crate::world::Unit;

/// SHA-256 of everything that the proofs of an item read.
pub type Digest = [u8; 32];

/// The digest of every item of a package that is proved.
///
/// An item depends on what it refers to, and on what that refers to. What has to do with decisions depends also on what every
/// decision reads: roles, sets, types and the context. A policy, and what is claimed of one, is about all requests that there
/// can be, and so about every capability; a workflow, and what is claimed of one, is about its own calls alone.
pub fn digests(unit: &Unit) -> BTreeMap<Item, Digest> {
    let index = unit.index();
    let sources = &unit.checked().sources;
    let items: Vec<&Definition> = index.definitions().iter().filter(|one| one.owner.is_none()).collect();
    let own: BTreeMap<Span, Digest> =
        items.iter().map(|item| (item.at, digest([sources.slice(item.whole).as_bytes()]))).collect();
    let all_of = |wanted: fn(Kind) -> bool| {
        let wanted = items.iter().filter(|item| wanted(item.kind));
        digest(wanted.filter_map(|item| own.get(&item.at)).map(Digest::as_slice))
    };
    let others = sources.iter().filter(|(file, _)| !unit.is_own(*file)).map(|(_, source)| source.text().as_bytes());
    let terms = digest([
        all_of(|kind| matches!(kind, Kind::Role | Kind::Set | Kind::Type | Kind::Context)).as_slice(),
        digest(others).as_slice(),
    ]);
    let requests = digest([all_of(|kind| kind == Kind::Capability).as_slice(), terms.as_slice()]);
    let direct: Vec<Vec<usize>> = items.iter().map(|item| referred(unit, &items, item)).collect();
    let mut found = BTreeMap::new();
    for (place, item) in items.iter().enumerate().filter(|(_, item)| unit.is_own(item.whole.file)) {
        let Some(key) = Item::of_definition(item) else { continue };
        let reached = reached(place, &direct);
        let reached: Vec<&Definition> = reached.into_iter().filter_map(|place| items.get(place).copied()).collect();
        let is_of_policy = match key {
            Item::Policy(_) => true,
            Item::Claim(_) => !reached.iter().any(|one| one.kind == Kind::Workflow),
            Item::Capability(_) | Item::Workflow(_) => false,
        };
        let parts = reached.iter().filter_map(|one| own.get(&one.at)).map(Digest::as_slice);
        let rest = match key {
            Item::Capability(_) => None,
            _ if is_of_policy => Some(requests.as_slice()),
            _ => Some(terms.as_slice()),
        };
        // The first of two of one name is the one that counts.
        found.entry(key).or_insert_with(|| digest(parts.chain(rest)));
    }
    found
}

/// The places of the items that an item refers to itself. A policy decides about a call by what it says itself: what else it
/// refers to is not followed.
fn referred(unit: &Unit, items: &[&Definition], item: &Definition) -> Vec<usize> {
    if item.kind == Kind::Policy {
        return Vec::new();
    }
    let item_of = |to: Span| {
        let until = items.partition_point(|one| (one.at.file, one.at.start) <= (to.file, to.end));
        // An item's name stands behind its start, but parts of it stand behind that.
        let near = [Some(until), until.checked_sub(1)].into_iter().flatten();
        near.filter(|place| items.get(*place).is_some_and(|one| one.whole.contains(to))).min()
    };
    let mut found: Vec<usize> =
        unit.index().references_in(item.whole).filter_map(|reference| item_of(reference.to?)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The places of an item and of every item that is reached from it, in order.
fn reached(from: usize, direct: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([from]);
    let mut left = vec![from];
    while let Some(place) = left.pop() {
        left.extend(direct.get(place).into_iter().flatten().filter(|to| reached.insert(**to)));
    }
    reached
}

fn digest<'t>(parts: impl IntoIterator<Item = &'t [u8]>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
