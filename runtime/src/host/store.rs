//! Where an embedded host keeps things.

use super::Error;
use super::entry::Link;
use crate::core::{GateId, Question, Status, Timer};
use crate::gate::Later;

/// Keeps journals, and what is asked of them often: timers, gates, who drives which run.
///
/// Every method is one transaction. An answer means that it is durable.
pub trait Store: Send + Sync + 'static {
    /// Keeps a plan's document.
    fn keep_plan<'a>(&'a self, digest: &'a str, document: &'a str) -> Later<'a, Result<(), Error>>;

    /// A plan's document.
    fn plan<'a>(&'a self, digest: &'a str) -> Later<'a, Result<Option<String>, Error>>;

    /// Begins a journal, driven by this store's process; nothing, where the key was used before.
    fn create(&self, new: NewRun) -> Later<'_, Result<Created, Error>>;

    /// Goes on with a journal. A conflict, if its end is not where the writer thinks, or somebody else drives the run.
    fn commit(&self, commit: Commit) -> Later<'_, Result<(), Error>>;

    /// Takes a run over, if no living process drives it.
    fn claim<'a>(&'a self, run: &'a str) -> Later<'a, Result<Claim, Error>>;

    /// Leaves a run to whoever wants it.
    fn release<'a>(&'a self, run: &'a str, epoch: i64) -> Later<'a, Result<(), Error>>;

    /// A run's journal; empty, if there is no such run.
    fn journal<'a>(&'a self, run: &'a str) -> Later<'a, Result<Vec<Link>, Error>>;

    /// Where a run was started, as [`NewRun::place`] says.
    fn place<'a>(&'a self, run: &'a str) -> Later<'a, Result<Option<String>, Error>>;

    /// All runs, or those in these states, latest first.
    fn runs<'a>(&'a self, states: &'a [Status], limit: u32) -> Later<'a, Result<Vec<Summary>, Error>>;

    /// The timers that are due before a time, earliest first.
    fn timers(&self, before: i64) -> Later<'_, Result<Vec<Due>, Error>>;

    /// The open questions to humans.
    fn questions(&self) -> Later<'_, Result<Vec<Waiting>, Error>>;

    /// Whether there is an open question that somebody is still to be told of: of one run, or of any.
    fn has_untold<'a>(&'a self, run: Option<&'a str>) -> Later<'a, Result<bool, Error>>;

    /// When somebody is to be told next of an open question.
    fn next_untold(&self) -> Later<'_, Result<Option<i64>, Error>>;

    /// Takes open questions that somebody is to be told of by now, the most urgent first: until then, they are nobody else's.
    fn take_untold(&self, now: i64, until: i64, limit: u32) -> Later<'_, Result<Vec<Untold>, Error>>;

    /// Makes due at once what processes took that are gone.
    fn inherit_untold(&self, now: i64) -> Later<'_, Result<(), Error>>;

    /// Crosses out that somebody is to be told of a question that was taken; or says when they are to be told again, unless
    /// another process took it meanwhile.
    fn told<'a>(&'a self, run: &'a str, gate: &'a GateId, again: Option<i64>) -> Later<'a, Result<(), Error>>;

    /// Leaves an event for the process that drives a run.
    fn post<'a>(&'a self, run: &'a str, event: &'a str) -> Later<'a, Result<i64, Error>>;

    /// What was left for the runs that this process drives, and is not answered.
    fn mail(&self) -> Later<'_, Result<Vec<Mail>, Error>>;

    /// Answers what was left.
    fn reply<'a>(&'a self, id: i64, answer: &'a str) -> Later<'a, Result<(), Error>>;

    /// The answer to what was left.
    fn answer(&self, id: i64) -> Later<'_, Result<Option<String>, Error>>;
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its id.
    pub run: String,
    /// Two requests with one key are one.
    pub key: Option<String>,
    /// The workflow.
    pub workflow: String,
    /// The digest of its plan.
    pub plan: String,
    /// Where it was started, in the words of whoever started it: what its handlers are found by.
    pub place: Option<String>,
    /// The first of its journal.
    pub commit: Commit,
}

/// What came of beginning a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It began, driven by this process in this epoch.
    New(i64),
    /// The key belongs to this run.
    Existing(String),
}

/// What came of taking a run over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This process drives it, in this epoch.
    Mine(i64),
    /// A living process drives it.
    Owned,
    /// There is no such run.
    NoRun,
}

/// What one event changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Commit {
    /// The run.
    pub run: String,
    /// The epoch in which the writer drives it.
    pub epoch: i64,
    /// The number of entries before.
    pub after: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The new entry.
    pub link: Option<Link>,
    /// The state of the run, where it is another one than before.
    pub status: Option<Status>,
    /// Timers that are armed, and when they are due.
    pub armed: Vec<(Timer, i64)>,
    /// Timers that are over.
    pub disarmed: Vec<Timer>,
    /// Questions that are asked.
    pub asked: Vec<Question>,
    /// Whether somebody is to be told of them.
    pub notifies: bool,
    /// Questions that are settled.
    pub settled: Vec<GateId>,
    /// Whether the run is left to whoever wants it.
    pub release: bool,
}

/// What is known of a run without its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub run: String,
    /// The workflow.
    pub workflow: String,
    /// The digest of its plan.
    pub plan: String,
    /// Its state.
    pub status: Status,
    /// When it began, in milliseconds since 1970.
    pub created: i64,
    /// When something last happened to it.
    pub updated: i64,
    /// The entries of its journal.
    pub entries: u64,
}

/// A timer that is armed, in the order in which timers are due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// When it is due, in milliseconds since 1970.
    pub at: i64,
    /// The run.
    pub run: String,
    /// The timer.
    pub timer: Timer,
}

/// A question that waits for a human.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The run.
    pub run: String,
    /// The question.
    pub question: Question,
}

/// A question that somebody is to be told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Untold {
    /// The run.
    pub run: String,
    /// Its workflow.
    pub workflow: String,
    /// The digest of its plan.
    pub plan: String,
    /// Where it was started, as [`NewRun::place`] says.
    pub place: Option<String>,
    /// The question.
    pub question: Question,
    /// How often it was tried before to tell them.
    pub times: u32,
}

/// An event that was left for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What it is answered by.
    pub id: i64,
    /// The run.
    pub run: String,
    /// The event, as JSON.
    pub event: String,
}
