//! The process that runs a filter: seen from the one that asks.
//!
//! A filter can run for ever and take any memory, and nothing in it can be counted beforehand. So it runs in a process that
//! limits itself, and that is ended when its time is over.

use super::filter::MOST_BYTES;
use crate::gate::{Call, Error, Handler, Later};
use crate::handlers::blocking::patience;
use gov_plan::value::parse_json;
use serde_json::{Value as Json, json};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// A program that runs filters, by calling [`serve`](super::serve).
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

    async fn ask(&self, value: &Json, filter: &str) -> Result<Json, Error> {
        let broken = |error: std::io::Error| Error::Transient(format!("no process can run the filter: {error}"));
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(broken)?;
        let request = json!([filter, value]).to_string();
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
            return Err(Error::Permanent("the filter takes more time or memory than a filter may".to_owned()));
        }
        let answer = parse_json(&answer);
        let mut answer = answer.map_err(|_| Error::Permanent("the filter gives what is no JSON".to_owned()))?;
        if let Some(error) = answer.get("error").and_then(Json::as_str) {
            return Err(Error::Permanent(error.to_owned()));
        }
        match answer.get_mut("values").map(Json::take) {
            Some(values) => Ok(json!({ "values": values })),
            None => Err(Error::Transient("the process that runs filters gives no answer".to_owned())),
        }
    }
}

impl Handler for Worker {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let value = call.input().get("value").unwrap_or(&Json::Null);
            let asked = self.ask(value, call.text("filter")?);
            tokio::time::timeout(patience(call), asked).await.unwrap_or_else(|_| {
                let time = gov_plan::text::duration(call.timeout());
                Err(Error::Permanent(format!("the filter is not done within {time}")))
            })
        })
    }
}
