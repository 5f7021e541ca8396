//! What the commands about runs share: the host that they talk to, and how a run is told.

pub mod config;
pub mod live;
mod local;
mod origin;
pub mod story;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gov_runtime::Plan;
use gov_runtime::account;
use gov_runtime::core::{State, Status, step};
use gov_runtime::host::sqlite::Sqlite;
use gov_runtime::host::{Embedded, Entry, Error, Host, Link, Options, Outfit, Summary, first_broken};
use tokio::sync::broadcast::error::RecvError;

use crate::output::{self, Color, Failure, Outcome};
use config::Calls;
use story::Story;

/// How long a command that has nothing else to do waits for whoever is to be told of what waits for a human.
const NOTICE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// How long a command waits for a timer before it leaves the run to `gov resume`, in milliseconds.
const PATIENCE: i64 = 60_000;

/// Where runs are kept, and what they may touch.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// The database of the runs
    #[arg(long, value_name = "FILE", default_value = "gov.db")]
    pub db: PathBuf,

    /// A folder whose files runs may touch; those of the `gov.toml`, or the current folder, if nothing is said. A run keeps its
    /// folders
    #[arg(long = "root", value_name = "DIR")]
    pub roots: Vec<PathBuf>,

    /// What runs are allowed; what they were started with, which is the `gov.toml` of the plan, or beside the database, if
    /// nothing is said
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What becomes of calls that leave the machine or start programs; as when the run was started, and as the `gov.toml` says,
    /// if nothing is said
    #[arg(long, value_enum, value_name = "CALLS")]
    pub external: Option<Calls>,
}

/// How a run is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For tools
    Json,
}

/// Runs a command on an async runtime of its own.
///
/// # Errors
///
/// What the command fails with.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {}", output::reason(&error))))?;
    let done = runtime.block_on(work);
    // What is still at work was given up: its outcome is written down as unknown, and whoever runs the command waits no more.
    runtime.shutdown_background();
    done
}

impl Place {
    /// Opens the host for a run of this plan. The database is made where there is none.
    ///
    /// # Errors
    ///
    /// If the database cannot be used, or the `gov.toml`, or a root is no folder.
    pub fn start(&self, plan: &Path) -> Result<Embedded, Failure> {
        let (handlers, origin) = self.here(plan)?;
        let place = serde_json::to_string(&origin).map_err(|error| Failure::new(error.to_string()))?;
        let place = Some(place);
        Ok(Embedded::new(self.store()?, Options { handlers, place, outfit: Some(self.outfit()), ..Options::default() }))
    }

    /// Opens the host for runs that are there, each with what the place where it was started allows.
    ///
    /// # Errors
    ///
    /// If there is no database, or it cannot be used.
    pub fn go_on(&self) -> Result<Embedded, Failure> {
        self.exists()?;
        Ok(Embedded::new(self.store()?, Options { outfit: Some(self.outfit()), ..Options::default() }))
    }

    /// Opens the host to look at runs, and drives none.
    ///
    /// # Errors
    ///
    /// If there is no database, or it cannot be used.
    pub fn look(&self) -> Result<Embedded, Failure> {
        self.exists()?;
        Ok(Embedded::reader(self.store_by(Sqlite::look)?))
    }

    fn outfit(&self) -> Outfit {
        let place = self.clone();
        Box::new(move |origin| place.of(origin).map_err(|failure| failure.message().to_owned()))
    }

    fn exists(&self) -> Result<(), Failure> {
        let shown = self.db.display();
        match std::fs::metadata(&self.db) {
            Ok(file) if file.is_file() && file.len() > 0 => Ok(()),
            // What was cut short to nothing would be taken for a new one.
            Ok(file) if file.is_file() => Err(Failure::new(format!("`{shown}` is empty, and no database"))
                .help("name a database that `gov run` made, or restore it from a copy")),
            Ok(_) => {
                Err(Failure::new(format!("`{shown}` is no file, and no database")).help("name it with `--db FILE`"))
            }
            Err(_) => Err(Failure::new(format!("there is no database `{shown}`")).help("name it with `--db FILE`")),
        }
    }

    fn store(&self) -> Result<Sqlite, Failure> {
        self.store_by(Sqlite::open)
    }

    fn store_by(&self, open: fn(&Path, &str) -> Result<Sqlite, Error>) -> Result<Sqlite, Failure> {
        let process = uuid::Uuid::now_v7().simple().to_string();
        open(&self.db, &process).map_err(|error| failure(&error))
    }
}

/// What a failure of the host is to a person.
pub fn failure(error: &Error) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        Error::NoRun(_) => failure.help("see the runs with `gov runs`"),
        Error::Place(_) => failure.help("`--config FILE` names what it goes on with, and `--root DIR` its folders"),
        Error::Owned(_) => failure.help("wait until it rests, or try again"),
        Error::Locked(_) => failure.help("something keeps it in a transaction of its own: end that, and try again"),
        Error::ReadOnly(_) => failure.help("let it be written to, and its folder: looking at runs needs that as well"),
        Error::Full(_) => failure.help("make room and say `gov resume`: nothing that was acknowledged is lost"),
        Error::Older { .. } => {
            failure.help("looking does not change it: `gov resume` and `gov run` bring it to this version")
        }
        Error::Newer { .. } => failure.help("use a version of gov that is at least as new"),
        Error::Corrupt(_) => failure.help("name a database that `gov run` made, or restore it from a copy"),
        _ => failure,
    }
}

/// The run that a person means: an id, or the beginning of one; the latest, if nothing is said.
///
/// # Errors
///
/// If there is no such run, or several begin so.
pub async fn find(host: &Embedded, wanted: Option<&str>) -> Result<Summary, Failure> {
    let runs = host.store().runs(&[], u32::MAX).await.map_err(|error| failure(&error))?;
    let wanted = wanted.unwrap_or_default();
    let mut found = runs.into_iter().filter(|run| run.run.starts_with(wanted));
    let Some(first) = found.next() else {
        return Err(match wanted {
            "" => Failure::new("there are no runs"),
            wanted => Failure::new(format!("there is no run `{wanted}`")).help("see the runs with `gov runs`"),
        });
    };
    if first.run != wanted && !wanted.is_empty() && found.next().is_some() {
        return Err(Failure::new(format!("several runs begin with `{wanted}`")).help("name more of the id"));
    }
    Ok(first)
}

/// A run's journal with the state after each entry.
///
/// # Errors
///
/// If it cannot be read.
pub async fn history(host: &Embedded, run: &Summary) -> Result<Vec<(Entry, State)>, Failure> {
    let plan = host.plan_of(run).await.map_err(|error| failure(&error))?;
    let links = host.history(&run.run).await.map_err(|error| failure(&error))?;
    if let Some(entry) = first_broken(&run.run, &links) {
        let message = format!("the journal of run `{}` was changed at entry {entry}", run.run);
        return Err(Failure::new(message).help("see `gov audit verify`, and restore the database from a copy"));
    }
    fold(&plan, &links)
}

fn fold(plan: &Plan, links: &[Link]) -> Result<Vec<(Entry, State)>, Failure> {
    let mut state = State::default();
    let mut entries = Vec::with_capacity(links.len());
    for link in links {
        let body = link.read();
        let body = body.map_err(|error| Failure::new(format!("entry {} cannot be read: {error}", link.sequence)))?;
        state = step(plan.package(), state, &body.entry.event).0;
        entries.push((body.entry, state.clone()));
    }
    Ok(entries)
}

/// Follows a run until it rests, or waits for a human or for long; what happens is told as it happens, where it is to be read.
///
/// # Errors
///
/// If it cannot be driven any more.
pub async fn follow(host: &Embedded, run: &str, story: &mut Option<Story>) -> Result<State, Failure> {
    let (mut updates, mut failures) = (host.updates(), host.failures());
    let summary = find(host, Some(run)).await?;
    let live = story.is_some().then(live::Live::new);
    let mut told = 0;
    loop {
        let entries = history(host, &summary).await?;
        for (entry, state) in entries.iter().skip(told) {
            tell(story, live.as_ref(), entry, state)?;
        }
        told = entries.len();
        let state = entries.last().map(|(_, state)| state.clone()).unwrap_or_default();
        if rests(host, &state).await? {
            return Ok(state);
        }
        loop {
            tokio::select! {
                update = updates.recv() => match update {
                    Ok((of, entry, state)) if *of == *run => {
                        if entry.sequence as usize == told + 1 {
                            tell(story, live.as_ref(), &entry, &state)?;
                            told += 1;
                        }
                        if rests(host, &state).await? {
                            return Ok(Arc::unwrap_or_clone(state));
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Err(Failure::new("the host has ended")),
                },
                failed = failures.recv() => if let Ok((of, error)) = failed && of == run {
                    return Err(failure(&error));
                },
                // What another process does to the run is seen in the journal.
                () = tokio::time::sleep(std::time::Duration::from_millis(500)) => break,
            }
        }
    }
}

fn tell(story: &mut Option<Story>, live: Option<&live::Live>, entry: &Entry, state: &State) -> Result<(), Failure> {
    let (Some(story), Some(live)) = (story, live) else { return Ok(()) };
    live.show(state);
    live.write(&story.entry(entry, state))
}

/// Whether a run is left: it rests, waits for a human, or for longer than a person does.
async fn rests(host: &Embedded, state: &State) -> Result<bool, Failure> {
    if state.status.is_at_rest() {
        return Ok(true);
    }
    if state.status != Status::Waiting {
        return Ok(false);
    }
    if state.gates.values().any(|gate| gate.end.is_none()) {
        return Ok(true);
    }
    let soon = host.store().timers(state.now.saturating_add(PATIENCE)).await.map_err(|error| failure(&error))?;
    Ok(!soon.iter().any(|due| due.run == state.run()))
}

/// Writes how a run stands, and says so by the exit code. Whoever is to be told that it waits is given a moment to hear of it.
///
/// # Errors
///
/// If it cannot be written.
pub async fn conclude(host: &Embedded, state: &State, format: Format, color: Color) -> Result<Outcome, Failure> {
    let account = account::of(state);
    match format {
        Format::Text => output::write(&story::summary(&account, state, color.on_stdout()))?,
        Format::Json => write_json(&account)?,
    }
    if state.status == Status::Waiting {
        notified(host, Some(state.run())).await;
    }
    Ok(outcome(state.status))
}

/// Gives whoever is to be told of what waits for a human a moment to hear of it, and says so where they did not.
pub async fn notified(host: &Embedded, run: Option<&str>) {
    if let Err(why) = host.notified(run, NOTICE_PATIENCE).await {
        output::progress(&format!("the webhook was not told yet of what waits: {why}\n`gov resume` tells it again"));
    }
}

/// Writes what is told to tools.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(error.to_string()))?;
    output::write(&(text + "\n"))
}

/// The exit code of a run.
pub fn outcome(status: Status) -> Outcome {
    match status {
        Status::Completed => Outcome::Good,
        Status::Failed | Status::Compensated | Status::Cancelled => Outcome::Code(3),
        Status::Pending | Status::Running | Status::Waiting | Status::Compensating => Outcome::Code(4),
        Status::Stuck => Outcome::Code(5),
    }
}

/// JSON that a person gave: the text itself, or `@FILE`.
///
/// # Errors
///
/// If it cannot be read, or is no JSON.
pub fn json(what: &str, given: &str) -> Result<serde_json::Value, Failure> {
    let text = match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|error| Failure::io("read", file, &error))?,
        None => given.to_owned(),
    };
    gov_plan::value::parse_json(&text).map_err(|error| Failure::new(format!("{what} is no JSON: {error}")))
}
