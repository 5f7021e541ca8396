//! What a proof depends on, as a digest: while it is the same, so is what came of the proof.

use std::collections::{BTreeMap, BTreeSet};

use gov_compiler::index::{Definition, Kind};
use sha2::{Digest as _, Sha256};

use super::Item;
use crate::world::Unit;

/// SHA-256 of everything that the proofs of an item read.
pub type Digest = [u8; 32];

/// The digest of every item of a package that is proved.
///
/// A capability depends on what it refers to, and on what that refers to. Whatever has to do with decisions depends also on
/// all that a request can be about: every capability, role, set, type and the context.
pub fn digests(unit: &Unit) -> BTreeMap<Item, Digest> {
    let index = unit.index();
    let items: Vec<&Definition> = index.definitions().iter().filter(|one| one.owner.is_none()).collect();
    let text = |item: &Definition| unit.checked().sources.slice(item.whole).to_owned();
    let shared = digest(
        &mut items
            .iter()
            .filter(|item| matches!(item.kind, Kind::Capability | Kind::Role | Kind::Set | Kind::Type | Kind::Context))
            .map(|item| text(item))
            .chain(others(unit)),
    );
    let mut found = BTreeMap::new();
    for item in items.iter().filter(|item| unit.is_own(item.whole.file)) {
        let Some(key) = Item::of_definition(item) else { continue };
        let mut reached = BTreeSet::new();
        reach(unit, item, &mut reached);
        let parts = reached.iter().filter_map(|at| index.definition(*at)).map(text);
        let mut all: Vec<String> = std::iter::once(text(item)).chain(parts).collect();
        if !matches!(key, Item::Capability(_)) {
            all.push(shared.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        // The first of two of one name is the one that counts.
        found.entry(key).or_insert_with(|| digest(&mut all.into_iter()));
    }
    found
}

/// The texts of other packages.
fn others(unit: &Unit) -> impl Iterator<Item = String> {
    let sources = &unit.checked().sources;
    sources.iter().filter(|(file, _)| !unit.is_own(*file)).map(|(_, source)| source.text().to_string())
}

/// Every item that is reached by references, by the place of its name.
fn reach(unit: &Unit, item: &Definition, reached: &mut BTreeSet<gov_compiler::source::Span>) {
    for reference in unit.index().references_in(item.whole) {
        let to = reference.to.and_then(|to| unit.item_at(to));
        if let Some(to) = to.filter(|to| to.at != item.at)
            && reached.insert(to.at)
        {
            reach(unit, to, reached);
        }
    }
}

fn digest(texts: &mut dyn Iterator<Item = String>) -> Digest {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}
