//! The process that does what may take any time and memory: filters, and patterns. Seen from the one that asks.
//!
//! Nothing in a filter can be counted beforehand, and a pattern may take its size times that of the text, without a look at the
//! clock. So they run in a process that limits itself, and that is ended when its time is over.

mod serve;

pub use serve::serve;

use super::blocking::patience;
use crate::gate::{Call, Error};
use gov_plan::value::parse_json;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// The most that is given for a task, in bytes.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// What is done in a process of its own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Task {
    /// Runs a filter on a value, and gives what it gives.
    Filter(String, Json),
    /// Looks for a pattern in a text, and gives the groups.
    Match(String, String),
}

impl Task {
    /// What it is about, in words.
    fn name(&self) -> &'static str {
        match self {
            Task::Filter(..) => "filter",
            Task::Match(..) => "pattern",
        }
    }
}

/// A program that does tasks, by calling [`serve`].
#[derive(Debug, Clone)]
pub struct Worker {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Worker {
    /// The program, and the arguments with which it serves.
    pub fn new(program: PathBuf, arguments: &[&str]) -> Worker {
        Worker { program, arguments: arguments.iter().map(OsString::from).collect() }
    }

    /// Has a task done for a call, and gives the values that it comes to.
    ///
    /// # Errors
    ///
    /// Permanent, if it fails, or takes more time, memory or output than it may; transient, if no process can be started.
    pub(super) async fn ask(&self, call: &Call, task: Task) -> Result<Vec<Json>, Error> {
        let asked = tokio::time::timeout(patience(call), self.answer(&task)).await;
        asked.unwrap_or_else(|_| {
            let time = gov_plan::text::duration(call.timeout());
            Err(Error::Permanent(format!("the {} is not done within {time}", task.name())))
        })
    }

    async fn answer(&self, task: &Task) -> Result<Vec<Json>, Error> {
        let name = task.name();
        let broken = |error: std::io::Error| Error::Transient(format!("no process can run the {name}: {error}"));
        let request = serde_json::to_string(task).map_err(|error| Error::Permanent(error.to_string()))?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(broken)?;
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        let asked = async {
            if let Some(mut stdin) = stdin {
                // A worker that has ended already says so by how it ended.
                let _ = stdin.write_all(request.as_bytes()).await;
            }
        };
        let mut answer = String::new();
        let answered = async {
            match stdout {
                Some(stdout) => stdout.take(2 * MOST_BYTES as u64).read_to_string(&mut answer).await,
                None => Ok(0),
            }
        };
        let ((), read) = tokio::join!(asked, answered);
        let status = process.wait().await.map_err(broken)?;
        if !status.success() || read.is_err() {
            return Err(Error::Permanent(format!("the {name} takes more time or memory than a {name} may")));
        }
        let answer = parse_json(&answer);
        let mut answer = answer.map_err(|_| Error::Permanent(format!("the {name} gives what is no JSON")))?;
        if let Some(error) = answer.get("error").and_then(Json::as_str) {
            return Err(Error::Permanent(error.to_owned()));
        }
        match answer.get_mut("values").map(Json::take) {
            Some(Json::Array(values)) => Ok(values),
            _ => Err(Error::Transient(format!("the process that runs the {name} gives no answer"))),
        }
    }
}
