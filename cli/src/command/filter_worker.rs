//! `gov filter-worker`: the process that runs a filter for `data.json.transform`. People do not call it.

use std::io;

use gov_runtime::handlers::json;

use crate::output::{self, Failure, Outcome};

/// Run one filter, and end
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Args;

/// Reads a filter with its value from standard input, and writes what it gives.
///
/// # Errors
///
/// If the process cannot be limited, or is asked for something else.
pub fn run(_: &Args) -> Result<Outcome, Failure> {
    let served = json::serve(io::stdin().lock(), io::stdout().lock());
    served.map_err(|error| Failure::new(format!("cannot run a filter: {}", output::reason(&error))))?;
    Ok(Outcome::Good)
}
