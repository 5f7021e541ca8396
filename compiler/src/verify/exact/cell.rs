//! Cells: boxes in the space of requests, and what is left of one when others are taken away.

use super::set::Set;
use std::collections::HashMap;

/// The covers, by their place, that the same values lie in, and those values as intervals.
type CoveredBy = (Vec<usize>, Vec<(i128, i128)>);

/// A dimension of the space: one field, one presence, one assertion, …
pub(crate) type Slot = u32;

/// A box: for some slots, in order, the values that are let through; all values of every other slot.
///
/// No set is empty: what would be an empty box is no cell at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Cell(Vec<(Slot, Set)>);

/// A union of cells, which may overlap. No cell: nothing; a cell without slots: everything.
pub(crate) type Region = Vec<Cell>;

impl Cell {
    /// The whole space.
    pub fn whole() -> Cell {
        Cell(Vec::new())
    }

    /// Where one slot has one of these values; `None` where there are none.
    pub fn of(slot: Slot, set: Set) -> Option<Cell> {
        (!set.is_empty()).then(|| Cell(vec![(slot, set)]))
    }

    pub fn get(&self, slot: Slot) -> Option<&Set> {
        self.0.binary_search_by_key(&slot, |(own, _)| *own).ok().and_then(|index| self.0.get(index)).map(|(_, set)| set)
    }

    pub fn slots(&self) -> impl Iterator<Item = (Slot, &Set)> {
        self.0.iter().map(|(slot, set)| (*slot, set))
    }

    /// What is in both; `None` where that is nothing.
    pub fn intersect(&self, other: &Cell) -> Option<Cell> {
        let mut both = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            match (left.peek(), right.peek()) {
                (Some((a, x)), Some((b, y))) if a == b => {
                    let set = x.intersect(y);
                    if set.is_empty() {
                        return None;
                    }
                    both.push((*a, set));
                    left.next();
                    right.next();
                }
                (Some((a, _)), Some((b, _))) => {
                    both.extend(if a < b { left.next() } else { right.next() }.cloned());
                }
                (Some(_), None) => both.extend(left.next().cloned()),
                (None, Some(_)) => both.extend(right.next().cloned()),
                (None, None) => return Some(Cell(both)),
            }
        }
    }

    pub fn intersects(&self, other: &Cell) -> bool {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some((a, x)), Some((b, y))) = (left.peek(), right.peek()) {
            if a == b && !x.intersects(y) {
                return false;
            }
            if a <= b {
                left.next();
            }
            if b <= a {
                right.next();
            }
        }
        true
    }

    /// Whether every point of the other is in this one.
    pub fn contains_all(&self, other: &Cell) -> bool {
        self.0.iter().all(|(slot, set)| other.get(*slot).is_some_and(|other| set.contains_all(other)))
    }

    /// The cell with a slot's values replaced.
    fn with(&self, slot: Slot, set: Set) -> Cell {
        let mut slots = self.0.clone();
        match slots.binary_search_by_key(&slot, |(own, _)| *own) {
            Ok(index) => {
                if let Some(entry) = slots.get_mut(index) {
                    entry.1 = set;
                }
            }
            Err(index) => slots.insert(index, (slot, set)),
        }
        Cell(slots)
    }
}

/// The pairwise intersections of two regions.
pub(crate) fn intersect(a: &[Cell], b: &[Cell]) -> Region {
    a.iter().flat_map(|x| b.iter().filter_map(|y| x.intersect(y))).collect()
}

/// More work than is worth doing: the question is left to the solver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooHard;

/// What a search may cost.
pub(crate) struct Effort(pub u32);

/// A part of `cell` that none of the covers touches, if there is one.
///
/// `domain` gives all values that a slot can have. The search fixes one slot after the other. A slot's values fall into
/// pieces by which covers they lie in; a piece whose covers are among those of another piece is the better choice whatever
/// comes after (the other leaves less), so that only minimal pieces are tried. Where everything is covered, each of them
/// was.
pub(crate) fn uncovered(
    cell: &Cell,
    covers: &[&Cell],
    domain: &dyn Fn(Slot) -> Set,
    effort: &mut Effort,
) -> Result<Option<Cell>, TooHard> {
    let covers: Vec<&Cell> = covers.iter().copied().filter(|cover| cover.intersects(cell)).collect();
    search(cell, &covers, &mut Vec::new(), domain, effort)
}

fn search(
    cell: &Cell,
    covers: &[&Cell],
    fixed: &mut Vec<Slot>,
    domain: &dyn Fn(Slot) -> Set,
    effort: &mut Effort,
) -> Result<Option<Cell>, TooHard> {
    if covers.is_empty() {
        return Ok(Some(cell.clone()));
    }
    effort.0 = effort.0.checked_sub(1).ok_or(TooHard)?;
    // A cover of which every slot is fixed within it has all that is left.
    if covers.iter().any(|cover| cover.slots().all(|(slot, _)| fixed.contains(&slot))) {
        return Ok(None);
    }
    let Some(slot) = slot_to_split(covers, fixed) else { return Ok(None) };
    let values = match cell.get(slot) {
        Some(values) => values.clone(),
        None => domain(slot),
    };
    fixed.push(slot);
    let mut found = Ok(None);
    for (piece, remaining) in pieces(&values, slot, covers) {
        found = search(&cell.with(slot, piece), &remaining, fixed, domain, effort);
        if !matches!(found, Ok(None)) {
            break;
        }
    }
    fixed.pop();
    found
}

/// The slot that most covers speak of, of those that are not fixed yet.
fn slot_to_split(covers: &[&Cell], fixed: &[Slot]) -> Option<Slot> {
    let mut counts: HashMap<Slot, usize> = HashMap::new();
    for (slot, _) in covers.iter().flat_map(|cover| cover.slots()) {
        if !fixed.contains(&slot) {
            *counts.entry(slot).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(slot, count)| (*count, std::cmp::Reverse(*slot))).map(|(slot, _)| slot)
}

/// The values of a slot, split by the covers that they lie in: each piece with these covers, minimal pieces alone, those
/// with the fewest first.
fn pieces<'c>(values: &Set, slot: Slot, covers: &[&'c Cell]) -> Vec<(Set, Vec<&'c Cell>)> {
    // Where something starts or has ended.
    let mut bounds: Vec<i128> = Vec::new();
    let mut note = |set: &Set| {
        set.each(|first, last| {
            bounds.push(first);
            bounds.extend(last.checked_add(1));
        });
    };
    note(values);
    covers.iter().filter_map(|cover| cover.get(slot)).for_each(&mut note);
    bounds.sort_unstable();
    bounds.dedup();
    let mut by_covers: Vec<CoveredBy> = Vec::new();
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    for (index, first) in bounds.iter().enumerate() {
        if !values.contains(*first) {
            continue;
        }
        let last = bounds.get(index + 1).map_or(i128::MAX, |next| next - 1);
        let inside = |cover: &&Cell| cover.get(slot).is_none_or(|set| set.contains(*first));
        let own: Vec<usize> = covers.iter().enumerate().filter(|(_, cover)| inside(cover)).map(|(at, _)| at).collect();
        match known.get(&own) {
            Some(at) => by_covers.get_mut(*at).into_iter().for_each(|(_, pieces)| pieces.push((*first, last))),
            None => {
                if own.is_empty() {
                    return vec![(Set::interval(*first, last).intersect(values), Vec::new())];
                }
                known.insert(own.clone(), by_covers.len());
                by_covers.push((own, vec![(*first, last)]));
            }
        }
    }
    by_covers.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    let mut minimal: Vec<CoveredBy> = Vec::new();
    for (own, intervals) in by_covers {
        if !minimal.iter().any(|(fewer, _)| is_subset(fewer, &own)) {
            minimal.push((own, intervals));
        }
    }
    let of = |own: Vec<usize>| own.into_iter().filter_map(|at| covers.get(at).copied()).collect();
    minimal.into_iter().map(|(own, intervals)| (Set::union_of(intervals).intersect(values), of(own))).collect()
}

/// Whether all of the first are among the second; both in order.
fn is_subset(fewer: &[usize], more: &[usize]) -> bool {
    let mut rest = more.iter();
    fewer.iter().all(|one| rest.any(|other| other == one))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator of small numbers, for cells of three slots with values from 0 to 3.
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: u64) -> u64 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
        }

        fn cell(&mut self) -> Cell {
            let mut cell = Cell::whole();
            for slot in 0..3 {
                let set = Set::union_of((0..4).filter(|_| self.below(2) == 0).map(|value| (value, value)));
                if self.below(3) > 0 && !set.is_empty() {
                    cell = cell.with(slot, set);
                }
            }
            cell
        }
    }

    fn points() -> impl Iterator<Item = [i128; 3]> {
        (0..64).map(|n| [n % 4, n / 4 % 4, n / 16])
    }

    fn has(cell: &Cell, point: &[i128; 3]) -> bool {
        cell.slots().all(|(slot, set)| set.contains(point[slot as usize]))
    }

    #[test]
    fn what_is_left_is_what_no_cover_has() {
        let mut random = Random(7);
        for _ in 0..3000 {
            let cell = random.cell();
            let covers: Vec<Cell> = (0..random.below(7)).map(|_| random.cell()).collect();
            let covers: Vec<&Cell> = covers.iter().collect();
            let free = |point: &[i128; 3]| has(&cell, point) && !covers.iter().any(|cover| has(cover, point));
            let found = uncovered(&cell, &covers, &|_| Set::interval(0, 3), &mut Effort(1000)).unwrap();
            match found {
                None => assert!(!points().any(|point| free(&point))),
                Some(part) => {
                    assert!(points().any(|point| has(&part, &point)));
                    assert!(points().filter(|point| has(&part, point)).all(|point| free(&point)));
                }
            }
        }
    }

    #[test]
    fn cells_meet_where_their_points_do() {
        let mut random = Random(11);
        for _ in 0..2000 {
            let (a, b) = (random.cell(), random.cell());
            let both = |point: &[i128; 3]| has(&a, point) && has(&b, point);
            assert_eq!(a.intersects(&b), points().any(|point| both(&point)));
            let met = a.intersect(&b);
            assert!(points().all(|point| both(&point) == met.as_ref().is_some_and(|met| has(met, &point))));
            assert!(!b.contains_all(&a) || points().all(|point| !has(&a, &point) || has(&b, &point)));
        }
    }
}
