//! The space of requests: one slot for each thing that a condition can ask about.

use super::alphabet::Alphabet;
use super::cell::Slot;
use super::set::Set;
use gov_plan::Decimal;
use gov_plan::types::{Risk, Type};
use gov_plan::value::{TIME_MAX, TIME_MIN};
use std::collections::HashMap;

/// What a slot stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dimension {
    /// The value at a path, where it is present: a truth value as 0 or 1, a number, a text by its class.
    Value(String),
    /// Whether there is a value at a path: 0 or 1.
    Present(String),
    /// The length of the text or list at a path.
    Length(String),
    /// Whether the request asserts a role: 0 or 1.
    Asserts(String),
    /// A condition that is not looked into: 0 false, 1 true, 2 it cannot be evaluated. What it has to do with the other slots
    /// is not known.
    Opaque(String),
}

/// The slots that were given out so far, each with all the values that it can have.
#[derive(Debug, Default)]
pub(crate) struct Space {
    known: HashMap<(Dimension, Set), Slot>,
    slots: Vec<(Dimension, Set)>,
    has_unknown: bool,
}

impl Space {
    /// The slot of a dimension with these values.
    pub fn slot(&mut self, dimension: Dimension, domain: Set) -> Slot {
        let key = (dimension, domain);
        if let Some(slot) = self.known.get(&key) {
            return *slot;
        }
        let slot = Slot::try_from(self.slots.len()).unwrap_or(Slot::MAX);
        self.has_unknown |= matches!(key.0, Dimension::Opaque(_) | Dimension::Length(_));
        self.slots.push(key.clone());
        self.known.insert(key, slot);
        slot
    }

    /// All values of a slot.
    pub fn domain(&self, slot: Slot) -> Set {
        self.slots.get(slot as usize).map_or(Set::empty(), |(_, domain)| domain.clone())
    }

    /// Whether there are slots of which not all is known.
    pub fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// What a slot stands for.
    pub fn dimension(&self, slot: Slot) -> Option<&Dimension> {
        self.slots.get(slot as usize).map(|(dimension, _)| dimension)
    }

    /// The slot of a dimension with these values, if it was given out.
    pub fn get(&self, dimension: &Dimension, domain: &Set) -> Option<Slot> {
        self.known.get(&(dimension.clone(), domain.clone())).copied()
    }

    /// The slot of a dimension, whatever its values.
    pub fn find(&self, dimension: &Dimension) -> Option<Slot> {
        let found = self.slots.iter().position(|(own, _)| own == dimension)?;
        Slot::try_from(found).ok()
    }
}

/// Truth values.
pub(crate) const BOOL: Set = Set::One(0, 1);

/// All values of a type, as slots have them; `None` where they are not numbers.
pub(crate) fn domain(ty: &Type, alphabet: &Alphabet) -> Option<Set> {
    Some(match ty {
        Type::Bool => BOOL,
        Type::Int | Type::Duration => Set::interval(i128::from(i64::MIN), i128::from(i64::MAX)),
        Type::Time => Set::interval(i128::from(TIME_MIN), i128::from(TIME_MAX)),
        Type::Decimal | Type::Money(_) => Set::interval(Decimal::MAX.negated().units(), Decimal::MAX.units()),
        Type::Risk => Set::interval(Risk::Low as i128, Risk::Critical as i128),
        Type::String => alphabet.all(),
        Type::Union(members) => members.iter().fold(Set::empty(), |set, member| set.union(&alphabet.literal(member))),
        Type::Json | Type::List(_) | Type::Record(_) => return None,
    })
}
