//! `gov replay`: a run's journal, folded again.

use std::path::PathBuf;

use gov_runtime::Plan;
use gov_runtime::host::Host;
use gov_runtime::replay::{self, Deviation};
use serde::Serialize;

use crate::output::{self, Color, Failure, Outcome};
use crate::plans::{self, Loaded};
use crate::runs::{self, Format, Place};

/// Fold a run's journal through the interpreter again, and say where it would go another way
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gov replay 01ab\n  gov replay 01ab --plan new.yaml    from where would it go another way?"
)]
pub struct Args {
    /// The run, or the beginning of its id; the latest if nothing is said
    #[arg(value_name = "RUN")]
    run: Option<String>,

    /// Fold it with this plan instead of the run's own: from where would the histories part?
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,

    #[command(flatten)]
    place: Place,

    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What tools read.
#[derive(Serialize)]
struct Replayed {
    run: String,
    entries: usize,
    deviation: Option<Deviation>,
}

/// Replays.
///
/// # Errors
///
/// If there is no such run, or a plan or a journal cannot be read.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let other = match &args.plan {
        None => None,
        Some(path) => match plans::load(path, color)? {
            Loaded::Plan(plan) => Some(Plan::new(*plan).map_err(Failure::new)?),
            Loaded::Findings => return Ok(Outcome::Findings),
        },
    };
    runs::block_on(async {
        let host = args.place.look()?;
        let summary = runs::find(&host, args.run.as_deref()).await?;
        let is_other = other.is_some();
        let plan = match other {
            Some(plan) => plan,
            None => host.plan_of(&summary).await.map_err(|error| runs::failure(&error))?,
        };
        let run = summary.run;
        let links = host.history(&run).await.map_err(|error| runs::failure(&error))?;
        let deviation = replay::first_deviation(&plan, &run, &links);
        let good = deviation.is_none();
        match (args.format, deviation) {
            (Format::Json, deviation) => {
                runs::write_json(&Replayed { run, entries: links.len(), deviation })?;
            }
            (Format::Text, None) => {
                let with = if is_other { " with that plan" } else { "" };
                output::write(&format!("run {run}: {} entries fold to the same commands{with}\n", links.len()))?;
            }
            (Format::Text, Some(deviation)) if is_other && !deviation.is_broken => {
                output::write(&format!("run {run}: the histories part {deviation}\n"))?;
            }
            (Format::Text, Some(deviation)) => output::write(&format!("run {run}: {deviation}\n"))?,
        }
        Ok(if good { Outcome::Good } else { Outcome::Findings })
    })
}
