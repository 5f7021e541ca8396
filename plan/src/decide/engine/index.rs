//! Rules by who asks, for what, and what their conditions test.
//!
//! A *bucket* holds the rules of one target and one subject, or of lists of many (see [`super::places`], where the targets of a
//! capability become one). In it the rules are grouped by the
//! slots that their conditions test; a group finds the values of its slots in order, and under them the first rule by binary
//! search over the ends of the rules' ranges. What a range cannot say is evaluated rule by rule, as long as no earlier rule
//! was found.
//!
//! All of it lies in a few long arrays, so that a decision touches little memory.

use super::code::Code;
use super::condition::{MAX_EQUALITIES, Numbers, OTHER, Tests, Values};
use super::places::Places;
use foldhash::fast::FixedState;
use smallvec::{SmallVec, smallvec};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::ops::Range;

/// No rule.
pub(super) const NONE: u32 = u32::MAX;

/// The rules of each target and subject, in order.
pub(super) type Buckets = HashMap<(u32, u32), Vec<u32>, FixedState>;

/// The values of a group's slots, 32 bits each, so that keys are compared at once.
type Key = u128;

/// A stretch of one of the arrays.
type Stretch = Range<u32>;

/// The rules of a policy.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Where the buckets are.
    places: Places,
    buckets: Vec<Bucket>,
    groups: Vec<Group>,
    /// Each group's in the order of their keys.
    leaves: Vec<(Key, Leaf)>,
    /// Where a leaf's first rule changes, and the first rule from there on: each leaf's in order.
    turns: Vec<(i128, u32)>,
    /// Rules with a condition that has to be evaluated: each leaf's in order.
    rest: Vec<u32>,
    /// The ranges of rules, where they are kept: each leaf's in the order of the rules.
    spans: Vec<Span>,
    keeps: Spans,
}

/// Whether the ranges of rules are kept, beside what says which rule is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Spans {
    /// They are, so that one can ask for a rule [`after`](Index::after) another one.
    Kept,
    /// They are not.
    #[default]
    Dropped,
}

/// The values for which a rule fits.
#[derive(Debug)]
struct Span {
    rule: u32,
    least: i128,
    greatest: i128,
}

/// The rules of one target and one subject.
#[derive(Debug)]
struct Bucket {
    /// The group that has the first rule; most buckets have no other.
    group: Group,
    /// In the order of their first rules.
    more: Stretch,
}

/// Rules whose conditions test the same slots.
#[derive(Debug)]
struct Group {
    first: u32,
    tests: Signature,
    leaves: Stretch,
}

/// The slots that a condition tests: for equality, and for a range. What is not used is [`UNUSED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    equalities: [u32; MAX_EQUALITIES],
    range: u32,
}

const UNUSED: u32 = u32::MAX;

/// Rules whose conditions test the same values.
#[derive(Debug)]
struct Leaf {
    /// The first rule before all turns.
    first: u32,
    turns: Stretch,
    rest: Stretch,
    spans: Stretch,
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

impl Index {
    /// An index of the rules of each target and subject, in order; `tests` has each rule's tests by its number.
    pub(super) fn new(buckets: Buckets, tests: &[Tests], keeps: Spans) -> Index {
        let mut index = Index { keeps, ..Index::default() };
        // In the order of their first rules: what is looked at together lies together, wherever the hashes put it.
        let mut buckets: Vec<_> = buckets.into_iter().collect();
        buckets.sort_unstable_by_key(|(key, rules)| (rules.first().copied(), *key));
        let mut keys = Vec::with_capacity(buckets.len());
        for (key, rules) in buckets {
            if let Some(bucket) = index.bucket(&rules, tests) {
                keys.push(key);
                index.buckets.push(bucket);
            }
        }
        index.places = Places::of(&keys);
        index
    }

    /// The first rule of a target and a subject that fits and comes before `best`, or `best`.
    pub(super) fn first(
        &self,
        target: u32,
        subject: u32,
        values: &mut Values<'_>,
        codes: &[Option<Code>],
        best: First,
    ) -> First {
        let Some(bucket) = self.bucket_of(target, subject) else {
            return best;
        };
        let mut best = best;
        for group in std::iter::once(&bucket.group).chain(stretch(&self.groups, &bucket.more)) {
            if group.first >= best.rule {
                break;
            }
            best = self.find(group, values, codes, best);
        }
        best
    }

    /// As [`Index::first`], of the rules that come after `rule`. Each range in a leaf is looked at, and no condition is
    /// evaluated for it.
    pub(super) fn after(
        &self,
        rule: u32,
        target: u32,
        subject: u32,
        values: &mut Values<'_>,
        codes: &[Option<Code>],
        best: First,
    ) -> First {
        let Some(bucket) = self.bucket_of(target, subject) else {
            return best;
        };
        let mut best = best;
        for group in std::iter::once(&bucket.group).chain(stretch(&self.groups, &bucket.more)) {
            let Some(leaf) = self.leaf_of(group, values).filter(|_| group.first < best.rule) else { continue };
            let position = match group.tests.range {
                UNUSED => Some(0),
                slot => values.position(slot),
            };
            if let Some(position) = position {
                let spans = stretch(&self.spans, &leaf.spans);
                let later = spans.get(spans.partition_point(|span| span.rule <= rule)..).unwrap_or_default();
                let covers = |span: &&Span| (span.least..=span.greatest).contains(&position);
                if let Some(span) = later.iter().take_while(|span| span.rule < best.rule).find(covers) {
                    best = First { rule: span.rule, failed: false };
                }
            }
            let rest = stretch(&self.rest, &leaf.rest);
            let later = rest.get(rest.partition_point(|other| *other <= rule)..).unwrap_or_default();
            best = first_of_rest(later, values, codes, best);
        }
        best
    }

    fn bucket_of(&self, target: u32, subject: u32) -> Option<&Bucket> {
        self.buckets.get(self.places.get(target, subject)? as usize)
    }

    fn leaf_of(&self, group: &Group, values: &mut Values<'_>) -> Option<&Leaf> {
        let mut key = Key::default();
        for slot in group.tests.equalities.into_iter().take_while(|slot| *slot != UNUSED) {
            match values.number(slot) {
                OTHER => return None,
                number => key = with(key, number),
            }
        }
        let leaves = stretch(&self.leaves, &group.leaves);
        let found = leaves.binary_search_by(|(own, _)| own.cmp(&key)).ok()?;
        leaves.get(found).map(|(_, leaf)| leaf)
    }

    fn find(&self, group: &Group, values: &mut Values<'_>, codes: &[Option<Code>], best: First) -> First {
        let Some(leaf) = self.leaf_of(group, values) else {
            return best;
        };
        let indexed = match group.tests.range {
            UNUSED => self.at(leaf, 0),
            slot => values.position(slot).map_or(NONE, |position| self.at(leaf, position)),
        };
        let best = if indexed < best.rule { First { rule: indexed, failed: false } } else { best };
        first_of_rest(stretch(&self.rest, &leaf.rest), values, codes, best)
    }

    fn at(&self, leaf: &Leaf, position: i128) -> u32 {
        let turns = stretch(&self.turns, &leaf.turns);
        let passed = turns.partition_point(|(turn, _)| *turn <= position);
        passed.checked_sub(1).and_then(|last| turns.get(last)).map_or(leaf.first, |(_, first)| *first)
    }

    /// `None` where no rule can ever fit.
    fn bucket(&mut self, rules: &[u32], tests: &[Tests]) -> Option<Bucket> {
        let mut groups: BTreeMap<Signature, Vec<Entry>> = BTreeMap::new();
        for rule in rules {
            let Some(of) = tests.get(*rule as usize).filter(|of| !of.never) else {
                continue;
            };
            let whole = (i128::MIN, i128::MAX);
            let range = (!of.has_rest).then(|| of.range.map_or(whole, |(_, least, greatest)| (least, greatest)));
            let entries = keys(&of.equalities).into_iter().map(|key| Entry { key, rule: *rule, range });
            groups.entry(Signature::of(of)).or_default().extend(entries);
        }
        let mut groups: Vec<(u32, Signature, Vec<Entry>)> = groups
            .into_iter()
            .map(|(tests, entries)| (entries.iter().map(|entry| entry.rule).min().unwrap_or(NONE), tests, entries))
            .collect();
        groups.sort_by_key(|(first, ..)| *first);
        let mut built = Vec::with_capacity(groups.len());
        for (first, tests, entries) in groups {
            built.push(Group { first, tests, leaves: self.leaves_of(entries) });
        }
        let mut built = built.into_iter();
        let group = built.next()?;
        Some(Bucket { group, more: append(&mut self.groups, built) })
    }

    fn leaves_of(&mut self, mut entries: Vec<Entry>) -> Stretch {
        entries.sort_unstable_by_key(|entry| (entry.key, entry.rule));
        let mut leaves = Vec::new();
        for entries in entries.chunk_by(|a, b| a.key == b.key) {
            let key = entries.first().map_or(Key::default(), |entry| entry.key);
            leaves.push((key, self.leaf(entries)));
        }
        append(&mut self.leaves, leaves)
    }

    /// The first rule at each position: a sweep over the ends of the ranges, with the rules that cover the position in a heap.
    fn leaf(&mut self, entries: &[Entry]) -> Leaf {
        let rest = entries.iter().filter(|entry| entry.range.is_none()).map(|entry| entry.rule);
        let rest = append(&mut self.rest, rest);
        let spans = append(&mut self.spans, entries.iter().filter(|_| self.keeps == Spans::Kept).filter_map(Span::of));
        let mut ranges: Vec<(i128, i128, u32)> = entries
            .iter()
            .filter_map(|entry| entry.range.map(|(least, greatest)| (least, greatest, entry.rule)))
            .collect();
        ranges.sort_unstable();
        let starts = ranges.iter().flat_map(|(least, greatest, _)| [Some(*least), greatest.checked_add(1)]).flatten();
        let mut starts: Vec<i128> = starts.filter(|start| *start != i128::MIN).collect();
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
        let first = first_at(i128::MIN);
        let mut turns = Vec::new();
        let mut current = first;
        for start in starts {
            let next = first_at(start);
            if next != current {
                turns.push((start, next));
                current = next;
            }
        }
        Leaf { first, turns: append(&mut self.turns, turns), rest, spans }
    }
}

impl Span {
    fn of(entry: &Entry) -> Option<Span> {
        let (least, greatest) = entry.range?;
        Some(Span { rule: entry.rule, least, greatest })
    }
}

/// The first of these rules that comes before `best` and whose condition holds or fails, or `best`.
fn first_of_rest(rules: &[u32], values: &Values<'_>, codes: &[Option<Code>], best: First) -> First {
    for rule in rules.iter().take_while(|rule| **rule < best.rule) {
        let code = codes.get(*rule as usize).and_then(Option::as_ref);
        let holds = code.map_or(Ok(true), |code| code.holds(values.frame()));
        if holds != Ok(false) {
            return First { rule: *rule, failed: holds.is_err() };
        }
    }
    best
}

impl Signature {
    fn of(tests: &Tests) -> Signature {
        let mut equalities = [UNUSED; MAX_EQUALITIES];
        for (own, (slot, _)) in equalities.iter_mut().zip(&tests.equalities) {
            *own = *slot;
        }
        Signature { equalities, range: tests.range.map_or(UNUSED, |(slot, ..)| slot) }
    }
}

fn append<T>(array: &mut Vec<T>, items: impl IntoIterator<Item = T>) -> Stretch {
    let start = array.len() as u32;
    array.extend(items);
    start..array.len() as u32
}

fn stretch<'a, T>(array: &'a [T], range: &Stretch) -> &'a [T] {
    array.get(range.start as usize..range.end as usize).unwrap_or_default()
}

/// A key with the value of one slot more.
fn with(key: Key, value: u32) -> Key {
    key << u32::BITS | Key::from(value)
}

/// All combinations of the values that slots may have.
fn keys(equalities: &[(u32, Numbers)]) -> SmallVec<[Key; 1]> {
    equalities.iter().fold(smallvec![Key::default()], |keys: SmallVec<[Key; 1]>, (_, values)| {
        keys.into_iter().flat_map(|key| values.iter().map(move |value| with(key, *value))).collect()
    })
}
