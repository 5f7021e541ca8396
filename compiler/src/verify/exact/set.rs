//! Sets of integers: finitely many intervals, both ends included.

use std::sync::Arc;

/// A set of integers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Set {
    /// One interval.
    One(i128, i128),
    /// No interval, or several: in order, and with a gap between each and the next.
    Many(Arc<[(i128, i128)]>),
}

impl Set {
    pub fn empty() -> Set {
        Set::Many(Arc::new([]))
    }

    pub fn point(value: i128) -> Set {
        Set::One(value, value)
    }

    /// From the first to the last; empty where the last is less.
    pub fn interval(first: i128, last: i128) -> Set {
        if first <= last { Set::One(first, last) } else { Set::empty() }
    }

    /// The union of intervals in any order.
    pub fn union_of(intervals: impl IntoIterator<Item = (i128, i128)>) -> Set {
        let mut sorted: Vec<(i128, i128)> = intervals.into_iter().filter(|(first, last)| first <= last).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(i128, i128)> = Vec::with_capacity(sorted.len());
        for (first, last) in sorted {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => merged.push((first, last)),
            }
        }
        match merged.as_slice() {
            [(first, last)] => Set::One(*first, *last),
            _ => Set::Many(merged.into()),
        }
    }

    /// Calls `visit` with each interval, in order.
    pub fn each(&self, mut visit: impl FnMut(i128, i128)) {
        match self {
            Set::One(first, last) => visit(*first, *last),
            Set::Many(intervals) => intervals.iter().for_each(|(first, last)| visit(*first, *last)),
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Set::Many(intervals) if intervals.is_empty())
    }

    pub fn union(&self, other: &Set) -> Set {
        let mut all = Vec::new();
        self.each(|first, last| all.push((first, last)));
        other.each(|first, last| all.push((first, last)));
        Set::union_of(all)
    }

    pub fn intersect(&self, other: &Set) -> Set {
        if let (Set::One(a, b), Set::One(c, d)) = (self, other) {
            return Set::interval(*a.max(c), *b.min(d));
        }
        let mut found = Vec::new();
        self.each(|a, b| other.each(|c, d| found.push((a.max(c), b.min(d)))));
        Set::union_of(found)
    }

    /// What is in this one and not in the other.
    pub fn minus(&self, other: &Set) -> Set {
        let mut left = Vec::new();
        self.each(|first, last| {
            let mut from = first;
            let mut done = false;
            other.each(|cut, until| {
                if done || until < from {
                    return;
                }
                if cut > last {
                    return;
                }
                if cut > from {
                    left.push((from, cut - 1));
                }
                match until.checked_add(1) {
                    Some(next) if next <= last => from = next,
                    _ => done = true,
                }
            });
            if !done {
                left.push((from, last));
            }
        });
        Set::union_of(left)
    }

    pub fn intersects(&self, other: &Set) -> bool {
        match (self, other) {
            (Set::One(a, b), Set::One(c, d)) => a <= d && c <= b,
            _ => !self.intersect(other).is_empty(),
        }
    }

    /// Whether every member of the other one is in this one.
    pub fn contains_all(&self, other: &Set) -> bool {
        match (self, other) {
            (Set::One(a, b), Set::One(c, d)) => a <= c && d <= b,
            _ => other.minus(self).is_empty(),
        }
    }

    pub fn contains(&self, value: i128) -> bool {
        let mut found = false;
        self.each(|first, last| found |= first <= value && value <= last);
        found
    }

    /// The least member, if there is one.
    pub fn least(&self) -> Option<i128> {
        match self {
            Set::One(first, _) => Some(*first),
            Set::Many(intervals) => intervals.first().map(|(first, _)| *first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(set: &Set) -> Vec<i128> {
        (-12..=12).filter(|value| set.contains(*value)).collect()
    }

    /// All small sets, by their members from -2 to 3.
    fn all() -> Vec<Set> {
        (0..64_u32)
            .map(|bits| {
                Set::union_of(
                    (0..6)
                        .filter(|bit| bits >> bit & 1 == 1)
                        .map(|bit| (bit - 2, bit - 2))
                        .map(|(a, b)| (i128::from(a), i128::from(b))),
                )
            })
            .collect()
    }

    #[test]
    fn operations_are_those_on_sets() {
        for a in all() {
            for b in all() {
                let (x, y) = (members(&a), members(&b));
                let kept = |keep: &dyn Fn(&i128) -> bool| x.iter().copied().filter(|v| keep(v)).collect::<Vec<_>>();
                assert_eq!(members(&a.intersect(&b)), kept(&|v| y.contains(v)));
                assert_eq!(members(&a.minus(&b)), kept(&|v| !y.contains(v)));
                assert_eq!(a.intersects(&b), x.iter().any(|v| y.contains(v)));
                assert_eq!(a.contains_all(&b), y.iter().all(|v| x.contains(v)));
                let mut union = [x.clone(), y.clone()].concat();
                union.sort_unstable();
                union.dedup();
                assert_eq!(members(&a.union(&b)), union);
                assert_eq!(a.is_empty(), x.is_empty());
                assert_eq!(a.least(), x.first().copied());
            }
        }
    }
}
