//! `gov worker`: the process that runs a filter for `data.json.transform`, or a pattern for `text.regex.match`. People do not
//! call it.

use std::io;

use gov_runtime::handlers::worker;

use crate::output::{self, Failure, Outcome};

/// Do one task, and end
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Args;

/// Reads a task from standard input, and writes what it comes to.
///
/// # Errors
///
/// If the process cannot be limited, or is asked for something else.
pub fn run(_: &Args) -> Result<Outcome, Failure> {
    let served = worker::serve(io::stdin().lock(), io::stdout().lock());
    served.map_err(|error| Failure::new(format!("cannot do the task: {}", output::reason(&error))))?;
    Ok(Outcome::Good)
}
