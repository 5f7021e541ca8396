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
/// A capability depends on what it refers to, and on what that refers to. Whatever has to do with decisions depends also on
/// all that a request can be about: every capability, role, set, type and the context.
pub fn digests(unit: &Unit) -> BTreeMap<Item, Digest> {
    let index = unit.index();
    let sources = &unit.checked().sources;
    let items: Vec<&Definition> = index.definitions().iter().filter(|one| one.owner.is_none()).collect();
    let own: BTreeMap<Span, Digest> =
        items.iter().map(|item| (item.at, digest([sources.slice(item.whole).as_bytes()]))).collect();
    let decided = |item: &&&Definition| {
        matches!(item.kind, Kind::Capability | Kind::Role | Kind::Set | Kind::Type | Kind::Context)
    };
    let others = sources.iter().filter(|(file, _)| !unit.is_own(*file)).map(|(_, source)| source.text().as_bytes());
    let shared = items.iter().filter(decided).filter_map(|item| own.get(&item.at)).map(Digest::as_slice);
    let shared = digest(shared.chain(others));
    let mut found = BTreeMap::new();
    for item in items.iter().filter(|item| unit.is_own(item.whole.file)) {
        let Some(key) = Item::of_definition(item) else { continue };
        let mut reached = BTreeSet::from([item.at]);
        match key {
            Item::Capability(_) => reach(unit, item, &mut reached, |_| true),
            // Everything else that they can reach is shared.
            _ => reach(unit, item, &mut reached, |to| matches!(to, Kind::Policy | Kind::Workflow)),
        }
        let parts = reached.iter().filter_map(|at| own.get(at)).map(Digest::as_slice);
        let rest = (!matches!(key, Item::Capability(_))).then_some(shared.as_slice());
        // The first of two of one name is the one that counts.
        found.entry(key).or_insert_with(|| digest(parts.chain(rest)));
    }
    found
}

/// Adds every item that is reached by references of some kinds, by the place of its name.
fn reach(unit: &Unit, item: &Definition, reached: &mut BTreeSet<Span>, follows: fn(Kind) -> bool) {
    let index = unit.index();
    for reference in index.references_in(item.whole) {
        let Some(to) = reference.to.and_then(|to| index.definition(to)).filter(|to| follows(to.kind)) else { continue };
        let Some(to) = unit.item_at(to.at) else { continue };
        // A policy refers to nothing that is not shared.
        if reached.insert(to.at) && to.kind != Kind::Policy {
            reach(unit, to, reached, follows);
        }
    }
}

fn digest<'t>(parts: impl IntoIterator<Item = &'t [u8]>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Open, World};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    const TEXT: &str = "package p\ntype Amount = Int where self > 0\ncapability a.one: read { input { x: Int } }\n\
        capability a.two: write { input { y: Amount } compensate with a.three { y: y } }\n\
        capability a.three: read { input { y: Amount } }\npolicy q { default deny allow agent:x to a.* }\n\
        workflow w() { principal agent:x policy q step s = a.one { x: 1 } }\nprove c in q: never allow agent:y to a.one\n";

    fn unit(text: &str) -> Arc<Unit> {
        let open = Open { uri: "untitled:p".into(), version: 1, text: text.into() };
        let world = World { open: [(PathBuf::from("untitled:p"), open)].into(), ..World::default() };
        Arc::clone(world.reload(Path::new("/"), &[]).units.first().unwrap())
    }

    /// The names of the items that an edit makes something else of.
    fn changed(old: &str, new: &str) -> Vec<String> {
        assert!(TEXT.contains(old));
        let (before, after) = (unit(TEXT), unit(&TEXT.replacen(old, new, 1)));
        let differs = |(item, digest): (&Item, &Digest)| {
            (before.digests().get(item) != Some(digest)).then(|| item.definition().1.to_owned())
        };
        after.digests().iter().filter_map(differs).collect()
    }

    #[test]
    fn what_a_proof_reads_decides_whether_it_is_made_again() {
        assert_eq!(changed("package p\n", "package p\n\n// a comment\n"), Vec::<String>::new());
        assert_eq!(changed("agent:y", "agent:z"), ["c"]);
        assert_eq!(changed("{ x: 1 }", "{ x: 2 }"), ["w"]);
        assert_eq!(changed("default deny", "default allow"), ["q", "w", "c"]);
        assert_eq!(changed("x: Int", "x: Int where x > 0"), ["a.one", "q", "w", "c"]);
        assert_eq!(changed("a.three: read", "a.three: execute"), ["a.three", "a.two", "q", "w", "c"]);
        assert_eq!(changed("self > 0", "self > 1"), ["a.three", "a.two", "q", "w", "c"]);
    }
}
