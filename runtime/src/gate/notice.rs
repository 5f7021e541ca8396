//! Telling others that something waits for a human.

use super::Later;
use super::handler::Error;
use crate::core::Question;

/// What waits for a human, and in which run.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The run.
    pub run: String,
    /// Its workflow.
    pub workflow: String,
    /// The digest of its plan.
    pub plan: String,
    /// What is asked.
    pub question: Question,
}

/// Tells others of what waits for a human.
pub trait Notifier: Send + Sync {
    /// Tells them. A notice may come twice: whoever gets it has to know it again, by run, gate and digest.
    fn notify<'a>(&'a self, notice: &'a Notice) -> Later<'a, Result<(), Error>>;
}
