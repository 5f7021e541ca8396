//! Where the bucket of a target and a subject is.

use super::index::{Buckets, NONE};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::mem;

/// Places of buckets by target and subject: in a table, or by their hashes where most of a table would be empty.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// For each target a row, with the place for each subject, or [`NONE`].
    table: Vec<u32>,
    width: u32,
    hashed: HashMap<(u32, u32), u32, FixedState>,
}

/// A table has so many fields at least, and so many for each bucket, before hashes are better.
const TABLE: (usize, usize) = (4096, 4);

impl Places {
    /// The buckets of these targets and subjects lie in this order.
    pub(super) fn of(keys: &[(u32, u32)]) -> Places {
        let size = |number: fn(&(u32, u32)) -> u32| keys.iter().map(number).max().map_or(0, |most| most as usize + 1);
        let (height, width) = (size(|(target, _)| *target), size(|(_, subject)| *subject));
        let (least, each) = TABLE;
        if height.saturating_mul(width) > least.max(each * keys.len()) {
            return Places { hashed: keys.iter().copied().zip(0..).collect(), ..Places::default() };
        }
        let mut table = vec![NONE; height * width];
        for ((target, subject), place) in keys.iter().zip(0..) {
            if let Some(field) = table.get_mut(*target as usize * width + *subject as usize) {
                *field = place;
            }
        }
        Places { table, width: width as u32, hashed: HashMap::default() }
    }

    pub(super) fn get(&self, target: u32, subject: u32) -> Option<u32> {
        if self.width == 0 {
            return self.hashed.get(&(target, subject)).copied();
        }
        let field = target as usize * self.width as usize + subject as usize;
        self.table.get(field).copied().filter(|place| subject < self.width && *place != NONE)
    }
}

/// Merging targets adds at most so many times the rules that all buckets have, so that a rule over everything does not become an
/// entry for each capability; as many as the second number it may always add.
const ADDED: (usize, usize) = (4, 1024);

/// Makes one target of all those that a capability has, where that does not take too much: then a request needs one bucket for
/// each subject. `targets` has the targets of each capability; they are renumbered.
pub(super) fn merge<'t>(buckets: Buckets, targets: impl Iterator<Item = &'t mut Vec<u32>>) -> Buckets {
    let (times, least) = ADDED;
    let all: usize = buckets.values().map(Vec::len).sum();
    merge_up_to(all.saturating_mul(times).max(least), buckets, targets)
}

fn merge_up_to<'t>(mut left: usize, buckets: Buckets, targets: impl Iterator<Item = &'t mut Vec<u32>>) -> Buckets {
    let mut by_target: HashMap<u32, Vec<(u32, Vec<u32>)>, FixedState> = HashMap::default();
    for ((target, subject), rules) in buckets {
        by_target.entry(target).or_default().push((subject, rules));
    }
    let (mut numbers, mut merged) = (Numbers::default(), Buckets::default());
    for own in targets {
        let all: Vec<u32> = mem::take(own).into_iter().filter(|target| by_target.contains_key(target)).collect();
        let rules = |target: &u32| by_target.get(target).into_iter().flatten();
        let size: usize = all.iter().flat_map(rules).map(|(_, rules)| rules.len()).sum();
        let parts: Vec<&[u32]> = match all.len() < 2 || numbers.knows(&all) || size <= left {
            true => vec![&all],
            false => all.chunks(1).collect(),
        };
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let (number, is_new) = numbers.of(part);
            own.push(number);
            if !is_new {
                continue;
            }
            if part.len() > 1 {
                left -= size;
            }
            for (subject, rules) in part.iter().flat_map(rules) {
                merged.entry((number, *subject)).or_default().extend(rules);
            }
        }
    }
    for rules in merged.values_mut() {
        rules.sort_unstable();
        rules.dedup();
    }
    merged
}

/// Numbers for lists of targets.
#[derive(Default)]
struct Numbers(HashMap<Vec<u32>, u32, FixedState>);

impl Numbers {
    fn knows(&self, targets: &[u32]) -> bool {
        self.0.contains_key(targets)
    }

    /// The number of a list, and whether it is a new one.
    fn of(&mut self, targets: &[u32]) -> (u32, bool) {
        if let Some(known) = self.0.get(targets) {
            return (*known, false);
        }
        let number = self.0.len() as u32;
        self.0.insert(targets.to_vec(), number);
        (number, true)
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, NONE, Places, merge_up_to};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn buckets() -> impl Strategy<Value = Buckets> {
        let rules = prop::collection::btree_set(0..40_u32, 1..6);
        let bucket = ((1..7_u32, 1..4_u32), rules.prop_map(|rules| rules.into_iter().collect()));
        prop::collection::vec(bucket, 0..14).prop_map(|all| all.into_iter().collect())
    }

    /// The rules of each subject that a capability with these targets has.
    fn reached(buckets: &Buckets, targets: &[u32]) -> BTreeMap<u32, BTreeSet<u32>> {
        let mut all: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for ((_, subject), rules) in buckets.iter().filter(|((target, _), _)| targets.contains(target)) {
            all.entry(*subject).or_default().extend(rules);
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn merged_targets_reach_the_same_rules(
            buckets in buckets(),
            targets in prop::collection::vec(prop::collection::btree_set(1..7_u32, 0..4), 1..8),
            left in 0..60_usize,
        ) {
            let before: Vec<Vec<u32>> = targets.into_iter().map(|own| own.into_iter().collect()).collect();
            let mut after = before.clone();
            let merged = merge_up_to(left, buckets.clone(), after.iter_mut());
            for (before, after) in before.iter().zip(&after) {
                prop_assert_eq!(reached(&buckets, before), reached(&merged, after));
            }
            prop_assert!(merged.values().all(|rules| rules.is_sorted_by(|one, other| one < other)));
            let size = |buckets: &Buckets| buckets.values().map(Vec::len).sum::<usize>();
            prop_assert!(size(&merged) <= size(&buckets) + left);
            if left == 59 && size(&buckets) < 8 {
                prop_assert!(after.iter().all(|own| own.len() < 2));
            }
        }

        #[test]
        fn buckets_are_where_they_were_put(
            keys in prop::collection::btree_set((0..40_u32, 0..40_u32), 0..30),
            far in prop::option::of((0..1_000_000_u32, 0..1_000_000_u32)),
        ) {
            let keys: Vec<(u32, u32)> = keys.into_iter().chain(far.filter(|(target, _)| *target >= 40)).collect();
            let places = Places::of(&keys);
            for (key, place) in keys.iter().zip(0..) {
                prop_assert_eq!(places.get(key.0, key.1), Some(place));
            }
            for (target, subject) in (0..45).flat_map(|target| (0..45).map(move |subject| (target, subject))) {
                let known = keys.contains(&(target, subject));
                prop_assert_eq!(places.get(target, subject).is_some(), known);
            }
            prop_assert_eq!(places.get(NONE, NONE), None);
        }
    }
}
