//! `gov show`: what became of a run.

use gov_runtime::account::{self, Account, Moment};
use gov_runtime::core::State;
use gov_runtime::host::Entry;
use serde::Serialize;

use crate::output::{self, Color, Failure, Outcome};
use crate::runs::story::{self, Story};
use crate::runs::{self, Format, Place};

/// Show what became of a run: what happened when, what was undone, what it cost
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gov show                      the latest run\n  gov show 01ab                 the one whose id begins so"
)]
pub struct Args {
    /// The run, or the beginning of its id; the latest if nothing is said
    #[arg(value_name = "RUN")]
    run: Option<String>,

    #[command(flatten)]
    place: Place,

    /// How it is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// End with the exit code that `gov run` would: 0 completed, 3 failed, compensated or cancelled, 4 waiting, 5 stuck
    #[arg(long)]
    exit_code: bool,
}

/// What tools read.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    account: Account,
    timeline: Vec<Moment>,
}

/// Shows.
///
/// # Errors
///
/// If there is no such run, or it cannot be read.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    runs::block_on(async {
        let host = args.place.look()?;
        let summary = runs::find(&host, args.run.as_deref()).await?;
        let entries = runs::history(&host, &summary).await?;
        let Some((_, state)) = entries.last() else { return Err(Failure::new("the run has no history")) };
        match args.format {
            Format::Text => output::write(&text(&entries, state, color.on_stdout()))?,
            Format::Json => {
                let timeline = entries.iter().flat_map(|(entry, state)| account::moments(entry, state)).collect();
                runs::write_json(&Shown { account: account::of(state), timeline })?;
            }
        }
        Ok(if args.exit_code { runs::outcome(state.status) } else { Outcome::Good })
    })
}

fn text(entries: &[(Entry, State)], state: &State, color: bool) -> String {
    let mut story = Story::new(color);
    let told: String = entries.iter().map(|(entry, state)| story.entry(entry, state)).collect();
    told + &story::summary(&account::of(state), state, color)
}
