//! What drives the machine: it keeps the journal, carries out commands, and gives the machine what happens.
//!
//! A [`Host`] is asked to start, decide, resolve and cancel; it does not let anyone write to its journal, so that an engine
//! that owns its journal can be one too. [`Embedded`] is the host inside a process: it keeps everything in a [`Store`], in
//! memory or in SQLite.

mod actor;
mod embedded;
mod entry;
mod memory;
mod notices;
mod places;
pub mod sqlite;
mod store;
mod takeover;
mod timers;

pub use embedded::{Clock, Embedded, Options, Random, Update};
pub use entry::{About, Body, Entry, Link, first_broken, genesis, hash};
pub use memory::Memory;
pub use places::Outfit;
pub use store::{Claim, Commit, Created, Due, Mail, NewRun, Store, Summary, Untold, Waiting};

use crate::core::{Decided, Lost, Resolved, State, Status};
use crate::gate::Later;
use crate::plan::Plan;
use serde_json::Value as Json;
use std::fmt;

/// What drives runs.
pub trait Host: Send + Sync {
    /// Starts a run of a plan, once it is durable that it starts. A request with a key that was used before starts nothing.
    fn start<'a>(&'a self, plan: &'a Plan, request: Request) -> Later<'a, Result<Started, Error>>;

    /// A human's decision at a gate. The first one that counts wins; a late one is told that it lost.
    fn decide<'a>(&'a self, run: &'a str, decided: Decided) -> Later<'a, Result<Answer, Error>>;

    /// What a human found out about a call whose outcome is not known, or about an undo that needed one.
    fn resolve<'a>(&'a self, run: &'a str, resolved: Resolved) -> Later<'a, Result<Answer, Error>>;

    /// Asks for a run to end. It does where the plan's proofs allow it to.
    fn cancel<'a>(&'a self, run: &'a str, by: &'a str, reason: &'a str) -> Later<'a, Result<Answer, Error>>;

    /// Waits until a run rests, or waits for a human or for a timer.
    fn settled<'a>(&'a self, run: &'a str) -> Later<'a, Result<Status, Error>>;

    /// What happened to a run, in order.
    fn history<'a>(&'a self, run: &'a str) -> Later<'a, Result<Vec<Link>, Error>>;

    /// The state of a run: its history, folded.
    fn state<'a>(&'a self, run: &'a str) -> Later<'a, Result<State, Error>>;
}

/// A request to run a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The workflow.
    pub workflow: String,
    /// Its arguments.
    pub input: Json,
    /// What the request supplies beside them.
    pub context: Json,
    /// The roles that are asserted for the workflow's principal.
    pub roles: Vec<String>,
    /// The tenant that the principal belongs to.
    pub tenant: Option<String>,
    /// Who asks.
    pub caller: Option<String>,
    /// Two requests with one key are one.
    pub key: Option<String>,
    /// The trace that the run belongs to; a new one, if nothing is said.
    pub trace: Option<String>,
}

/// What came of a request to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// This run was started.
    New(String),
    /// The key was used before, for this run.
    Existing(String),
}

impl Started {
    /// The run.
    pub fn run(&self) -> &str {
        match self {
            Started::New(run) | Started::Existing(run) => run,
        }
    }
}

/// Whether what a human said counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It does, and is durable.
    Won,
    /// It does not, and why.
    Lost(String),
}

impl From<Lost> for Answer {
    fn from(lost: Lost) -> Answer {
        Answer::Lost(lost.to_string())
    }
}

/// Why a host could not do what it was asked. Nothing that was acknowledged is lost by any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The request is not one that the plan admits.
    Request(String),
    /// There is no such run.
    NoRun(String),
    /// The plan of a run cannot be read.
    Plan(String),
    /// What the place of a run allows cannot be known any more.
    Place(String),
    /// Another process drives the run.
    Owned(String),
    /// The journal is not what this host left there: another one wrote to it.
    Conflict(String),
    /// There is no room.
    Full(String),
    /// Someone else holds the database.
    Locked(String),
    /// It may not be written to.
    ReadOnly(String),
    /// It is no database, or a broken one.
    Corrupt(String),
    /// A newer version wrote it.
    Newer {
        /// Where.
        path: String,
        /// The version of what is kept there.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// An earlier version wrote it, and it was opened only to look at it.
    Older {
        /// Where.
        path: String,
        /// The version of what is kept there.
        found: i64,
        /// The version that can be read here.
        known: i64,
    },
    /// Anything else that went wrong with reading or writing.
    Io(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Request(message)
            | Error::Plan(message)
            | Error::Place(message)
            | Error::Conflict(message)
            | Error::Full(message)
            | Error::Locked(message)
            | Error::ReadOnly(message)
            | Error::Corrupt(message)
            | Error::Io(message) => f.write_str(message),
            Error::NoRun(run) => write!(f, "there is no run `{run}`"),
            Error::Owned(run) => write!(f, "another process drives run `{run}`"),
            Error::Older { path, found, known } => {
                write!(
                    f,
                    "`{path}` was written by an earlier version of gov: it is of version {found}, this one reads {known}"
                )
            }
            Error::Newer { path, found, known } => {
                write!(
                    f,
                    "`{path}` was written by a newer version of gov: it is of version {found}, this one knows {known}"
                )
            }
        }
    }
}

impl std::error::Error for Error {}
