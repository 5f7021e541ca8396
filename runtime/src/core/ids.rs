//! What events and commands name.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A statement of a running workflow.
///
/// Numbers count statements from 1 and are joined by dots where one stands in another; `[2]` is the round of a loop, from 0;
/// `/` leads into a nested workflow: `3`, `4.1.2`, `5[2].1`, `6/1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(pub String);

impl Place {
    /// The run as a whole.
    pub fn root() -> Place {
        Place::default()
    }

    /// The `index`th statement, from 0, of the block that is, or stands in, this one.
    pub fn child(&self, index: usize) -> Place {
        let mut place = String::with_capacity(self.0.len() + 4);
        place.push_str(&self.0);
        if !place.is_empty() && !place.ends_with('/') {
            place.push('.');
        }
        let number = index + 1;
        match u32::try_from(number).ok().filter(|number| *number < 10).and_then(|number| char::from_digit(number, 10)) {
            // Most blocks are short, and every statement of one is passed on each walk.
            Some(digit) => place.push(digit),
            None => place.push_str(&number.to_string()),
        }
        Place(place)
    }

    /// A round of this loop, from 0.
    pub fn round(&self, round: usize) -> Place {
        Place(format!("{}[{round}]", self.0))
    }

    /// The workflow that is run by this step.
    pub fn nested(&self) -> Place {
        Place(format!("{}/", self.0))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A call: a step's own, or the one that undoes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId {
    /// The step.
    pub place: Place,
    /// Whether it is the call that undoes the step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undo: bool,
}

impl CallId {
    /// The step's own call.
    pub fn forward(place: &Place) -> CallId {
        CallId { place: place.clone(), undo: false }
    }

    /// The call that undoes the step.
    pub fn undo(place: &Place) -> CallId {
        CallId { place: place.clone(), undo: true }
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.undo {
            true => write!(f, "undo of {}", self.place),
            false => write!(f, "{}", self.place),
        }
    }
}

/// A place where a human decides: the statement, and which of its calls. `3`; `3 or 2` for the second alternative of a step;
/// `undo 3`; `3 (2)` for the second approval that one call needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GateId(pub String);

impl GateId {
    /// The `index`th gate, from 0, of a statement's `alternative`th call, from 0, or of its undo.
    pub fn new(call: &CallId, alternative: usize, index: usize) -> GateId {
        let call = match (call.undo, alternative) {
            (true, _) => format!("undo {}", call.place),
            (false, 0) => call.place.to_string(),
            (false, alternative) => format!("{} or {}", call.place, alternative + 1),
        };
        GateId(match index {
            0 => call,
            index => format!("{call} ({})", index + 1),
        })
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A timer of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub enum Timer {
    /// The pause before the next attempt of a call is over.
    Retry {
        /// The call.
        step: CallId,
        /// The attempt that failed.
        attempt: u32,
    },
    /// The time to decide is over.
    Gate {
        /// The gate.
        gate: GateId,
    },
    /// A `wait` is over.
    Wait {
        /// The statement.
        place: Place,
    },
    /// A workflow's time is spent.
    Deadline {
        /// The workflow: the run, or a nested one.
        place: Place,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_from_one_at_every_depth() {
        let numbers = [(0, "1"), (8, "9"), (9, "10"), (99, "100")];
        for (index, number) in numbers {
            assert_eq!(Place::root().child(index).0, number);
            assert_eq!(Place::root().child(3).child(index).0, format!("4.{number}"));
            assert_eq!(Place::root().child(4).round(2).child(index).0, format!("5[2].{number}"));
            assert_eq!(Place::root().child(5).nested().child(index).0, format!("6/{number}"));
        }
    }
}
