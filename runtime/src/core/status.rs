//! The states of a run, and which may follow which.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was accepted, and nothing of it has happened.
    Pending,
    /// A call is in flight, or about to be tried again.
    Running,
    /// It waits for a human or for a timer.
    Waiting,
    /// It failed or was cancelled, and what it did is being undone.
    Compensating,
    /// It did all that it was to do.
    Completed,
    /// It failed, and there was nothing to undo.
    Failed,
    /// It failed, and all that it did is undone.
    Compensated,
    /// It cannot go on without a human: it is not known whether a call happened, or something could not be undone.
    Stuck,
    /// It was cancelled, and all that it did is undone.
    Cancelled,
}

use Status::{Cancelled, Compensated, Compensating, Completed, Failed, Pending, Running, Stuck, Waiting};

impl Status {
    /// All of them, in the order of the reference.
    pub const ALL: [Status; 9] =
        [Pending, Running, Waiting, Compensating, Completed, Failed, Compensated, Stuck, Cancelled];

    /// The states that may follow: the whole table.
    ///
    /// `stuck` is left when a human says what happened; nothing leaves the other ends.
    pub fn successors(self) -> &'static [Status] {
        match self {
            Pending => &[Running],
            Running => &[Waiting, Compensating, Completed, Failed, Stuck, Cancelled],
            Waiting => &[Running, Compensating, Stuck, Failed, Cancelled],
            Compensating => &[Compensated, Stuck, Cancelled],
            Stuck => &[Running, Compensating],
            Completed | Failed | Compensated | Cancelled => &[],
        }
    }

    /// Whether this state may be followed by that one.
    pub fn may_become(self, next: Status) -> bool {
        self.successors().contains(&next)
    }

    /// Whether the run has ended: nothing that happens changes it any more.
    pub fn is_final(self) -> bool {
        self.successors().is_empty()
    }

    /// Whether the run makes no progress by itself: it has ended, or needs a human.
    pub fn is_at_rest(self) -> bool {
        self.is_final() || self == Stuck
    }

    /// As it is written in commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Pending => "pending",
            Running => "running",
            Waiting => "waiting",
            Compensating => "compensating",
            Completed => "completed",
            Failed => "failed",
            Compensated => "compensated",
            Stuck => "stuck",
            Cancelled => "cancelled",
        }
    }

    /// The state that is written so.
    pub fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
