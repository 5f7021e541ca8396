//! What is decided, and which of two decisions lets more through.

use super::people::People;
use gov_plan::model::Approval;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome<'p> {
    /// It is denied.
    Deny,
    /// It is allowed.
    Allow,
    /// All of these have to be given.
    Approval(Vec<&'p Approval>),
}

/// How the new side of something stands to the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Neither lets through what the other does not.
    Same,
    /// It lets more through, or more easily.
    Wider,
    /// It lets less through, or less easily.
    Narrower,
    /// More in one respect, and less in another.
    Both,
}

impl Direction {
    /// The direction of two things together.
    #[must_use]
    pub fn and(self, other: Direction) -> Direction {
        match (self, other) {
            (Direction::Same, other) | (other, Direction::Same) => other,
            (one, other) if one == other => one,
            _ => Direction::Both,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Same => "same",
            Direction::Wider => "wider",
            Direction::Narrower => "narrower",
            Direction::Both => "both",
        }
    }

    /// Whether it lets anything through that was not let through before, or more easily.
    pub fn widens(self) -> bool {
        matches!(self, Direction::Wider | Direction::Both)
    }
}

impl People<'_> {
    /// How the second outcome, of the new plan, stands to the first, of the old one.
    pub fn direction(&self, old: &Outcome<'_>, new: &Outcome<'_>) -> Direction {
        let rank = |outcome: &Outcome<'_>| match outcome {
            Outcome::Deny => 0,
            Outcome::Approval(_) => 1,
            Outcome::Allow => 2,
        };
        match (old, new) {
            (Outcome::Approval(old), Outcome::Approval(new)) => {
                match (self.is_easier((0, old), (1, new)), self.is_easier((1, new), (0, old))) {
                    (true, true) => Direction::Same,
                    (true, false) => Direction::Wider,
                    (false, true) => Direction::Narrower,
                    (false, false) => Direction::Both,
                }
            }
            _ => match rank(old).cmp(&rank(new)) {
                std::cmp::Ordering::Equal => Direction::Same,
                std::cmp::Ordering::Less => Direction::Wider,
                std::cmp::Ordering::Greater => Direction::Narrower,
            },
        }
    }

    /// Whether who has given all of the first approvals has given all of the second ones.
    fn is_easier(&self, hard: (usize, &[&Approval]), easy: (usize, &[&Approval])) -> bool {
        let deadline = |approval: &Approval| approval.within.unwrap_or(i64::MAX);
        easy.1.iter().all(|easier| {
            hard.1.iter().any(|harder| {
                let who = (self.atoms(easy.0, &easier.from), self.atoms(hard.0, &harder.from));
                harder.quorum >= easier.quorum
                    && deadline(harder) <= deadline(easier)
                    && self.contains_all(&who.0, &who.1)
            })
        })
    }
}
