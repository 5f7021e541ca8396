//! Rules by who asks, for what, and what their conditions test.
//!
//! A *bucket* holds the rules that name one target and one subject, or one list of many. In it the rules are grouped by the
//! slots that their conditions test; a group finds the values of its slots in order, and under them the first rule by binary
//! search over the ends of the rules' ranges. What a range cannot say is evaluated rule by rule, as long as no earlier rule
//! was found.

use super::code::{Code, Frame};
use super::condition::{MAX_EQUALITIES, OTHER, Slots, Tests};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// No rule.
pub(super) const NONE: u32 = u32::MAX;

/// The values of a group's slots; what is not used is 0.
type Key = [u32; MAX_EQUALITIES];

/// The rules of one target and one subject.
#[derive(Debug)]
pub(super) struct Bucket {
    /// In the order of their first rules.
    groups: Box<[Group]>,
}

/// Rules whose conditions test the same slots.
#[derive(Debug)]
struct Group {
    first: u32,
    tests: Signature,
    /// In the order of their keys.
    leaves: Box<[(Key, Leaf)]>,
}

/// The slots that a condition tests: for equality, and for a range.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    equalities: Vec<u32>,
    range: Option<u32>,
}

/// Rules whose conditions test the same values.
#[derive(Debug)]
struct Leaf {
    /// Where the first rule changes.
    ends: Box<[i128]>,
    /// The first rule before the first end, from it on, from the second on, …
    rules: Box<[u32]>,
    /// Rules with a condition that has to be evaluated, in order.
    rest: Box<[u32]>,
}

/// The first rule that fits, and whether evaluating its condition failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct First {
    pub(super) rule: u32,
    pub(super) failed: bool,
}

/// A rule as a leaf gets it.
struct Entry {
    key: Key,
    rule: u32,
    range: Option<(i128, i128)>,
}

impl Bucket {
    /// A bucket of rules, in order; `tests` has each rule's tests by its number.
    pub(super) fn new(rules: &[u32], tests: &[Tests]) -> Bucket {
        let mut groups: BTreeMap<Signature, Vec<Entry>> = BTreeMap::new();
        for rule in rules {
            let Some(of) = tests.get(*rule as usize).filter(|of| !of.never) else {
                continue;
            };
            let equalities = of.equalities.iter().map(|(slot, _)| *slot).collect();
            let signature = Signature { equalities, range: of.range.map(|(slot, ..)| slot) };
            let whole = (i128::MIN, i128::MAX);
            let range = (!of.has_rest).then(|| of.range.map_or(whole, |(_, least, greatest)| (least, greatest)));
            let entries = keys(&of.equalities).into_iter().map(|key| Entry { key, rule: *rule, range });
            groups.entry(signature).or_default().extend(entries);
        }
        let groups = groups.into_iter().map(|(signature, entries)| Group::new(signature, entries));
        let mut groups: Box<[Group]> = groups.collect();
        groups.sort_by_key(|group| group.first);
        Bucket { groups }
    }

    /// The first rule that fits and comes before `best`, or `best`.
    pub(super) fn first(&self, slots: &Slots, codes: &[Option<Code>], frame: &Frame<'_>, best: First) -> First {
        let mut best = best;
        for group in &self.groups {
            if group.first >= best.rule {
                break;
            }
            best = group.find(slots, codes, frame, best);
        }
        best
    }
}

impl Group {
    fn new(tests: Signature, mut entries: Vec<Entry>) -> Group {
        let first = entries.iter().map(|entry| entry.rule).min().unwrap_or(NONE);
        entries.sort_by_key(|entry| (entry.key, entry.rule));
        let leaves = entries.chunk_by(|a, b| a.key == b.key);
        let leaves = leaves.filter_map(|entries| Some((entries.first()?.key, Leaf::new(entries))));
        Group { first, tests, leaves: leaves.collect() }
    }

    fn find(&self, slots: &Slots, codes: &[Option<Code>], frame: &Frame<'_>, best: First) -> First {
        let mut key = Key::default();
        for (value, slot) in key.iter_mut().zip(&self.tests.equalities) {
            *value = slots.number_of_value(*slot, frame);
            if *value == OTHER {
                return best;
            }
        }
        let Ok(found) = self.leaves.binary_search_by(|(own, _)| own.cmp(&key)) else {
            return best;
        };
        let Some((_, leaf)) = self.leaves.get(found) else {
            return best;
        };
        let position = match self.tests.range {
            Some(slot) => slots.position(slot, frame),
            None => Some(0),
        };
        let indexed = position.map_or(NONE, |position| leaf.at(position));
        let best = if indexed < best.rule { First { rule: indexed, failed: false } } else { best };
        for rule in leaf.rest.iter().take_while(|rule| **rule < best.rule) {
            let holds = codes.get(*rule as usize).and_then(Option::as_ref).map_or(Ok(true), |code| code.holds(frame));
            if holds != Ok(false) {
                return First { rule: *rule, failed: holds.is_err() };
            }
        }
        best
    }
}

impl Leaf {
    /// The first rule at each position: a sweep over the ends of the ranges, with the rules that cover the position in a heap.
    fn new(entries: &[Entry]) -> Leaf {
        let rest = entries.iter().filter(|entry| entry.range.is_none()).map(|entry| entry.rule).collect();
        let mut ranges: Vec<(i128, i128, u32)> = entries
            .iter()
            .filter_map(|entry| entry.range.map(|(least, greatest)| (least, greatest, entry.rule)))
            .collect();
        ranges.sort_unstable();
        let mut starts: Vec<i128> = ranges
            .iter()
            .flat_map(|(least, greatest, _)| [Some(*least), greatest.checked_add(1)])
            .flatten()
            .filter(|start| *start != i128::MIN)
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let mut next = ranges.into_iter().peekable();
        let mut covering: BinaryHeap<Reverse<(u32, i128)>> = BinaryHeap::new();
        let mut first_at = |position: i128| {
            while let Some((_, greatest, rule)) = next.next_if(|(least, ..)| *least <= position) {
                covering.push(Reverse((rule, greatest)));
            }
            while covering.peek().is_some_and(|Reverse((_, greatest))| *greatest < position) {
                covering.pop();
            }
            covering.peek().map_or(NONE, |Reverse((rule, _))| *rule)
        };
        let mut rules = vec![first_at(i128::MIN)];
        let mut ends = Vec::new();
        for start in starts {
            let first = first_at(start);
            if rules.last() != Some(&first) {
                ends.push(start);
                rules.push(first);
            }
        }
        Leaf { ends: ends.into(), rules: rules.into(), rest }
    }

    fn at(&self, position: i128) -> u32 {
        let piece = self.ends.partition_point(|end| *end <= position);
        self.rules.get(piece).copied().unwrap_or(NONE)
    }
}

/// All combinations of the values that slots may have.
fn keys(equalities: &[(u32, Vec<u32>)]) -> Vec<Key> {
    let mut keys = vec![Key::default()];
    for (place, (_, values)) in equalities.iter().enumerate() {
        keys = keys
            .into_iter()
            .flat_map(|key| {
                values.iter().map(move |value| {
                    let mut key = key;
                    if let Some(own) = key.get_mut(place) {
                        *own = *value;
                    }
                    key
                })
            })
            .collect();
    }
    keys
}
