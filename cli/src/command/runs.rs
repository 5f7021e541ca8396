//! `gov runs`: the runs that are kept.

use std::fmt::Write;

use gov_plan::text;
use gov_runtime::core::Status;
use serde::Serialize;

use crate::output::{self, Color, Failure, Outcome};
use crate::runs::story::{paint, status_style};
use crate::runs::{self, Format, Place};

/// List runs, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  gov runs\n  gov runs --state waiting --format json")]
pub struct Args {
    /// Only those in this state
    #[arg(long = "state", value_name = "STATE", value_parser = state)]
    states: Vec<Status>,

    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,

    #[command(flatten)]
    place: Place,

    /// How they are listed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn state(text: &str) -> Result<Status, String> {
    Status::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Status::ALL.into_iter().map(Status::as_str).collect();
        format!("a run is {}", known.join(", "))
    })
}

/// What tools read.
#[derive(Serialize)]
struct Row {
    run: String,
    workflow: String,
    state: Status,
    plan: String,
    created: String,
    updated: String,
}

/// Lists.
///
/// # Errors
///
/// If the database cannot be read.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let found = runs::block_on(async {
        let host = args.place.look()?;
        host.store().runs(&args.states, args.limit).await.map_err(|error| runs::failure(&error))
    })?;
    if args.format == Format::Json {
        let rows = found.into_iter().map(|run| Row {
            run: run.run,
            workflow: run.workflow,
            state: run.status,
            plan: run.plan,
            created: text::time(run.created),
            updated: text::time(run.updated),
        });
        runs::write_json(&rows.collect::<Vec<_>>())?;
        return Ok(Outcome::Good);
    }
    let mut out = String::new();
    let width = found.iter().map(|run| run.workflow.chars().count()).max().unwrap_or(0);
    for run in &found {
        let status = format!("{:<12}", run.status.as_str());
        let status = paint(color.on_stdout(), status_style(run.status), &status);
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{}  {status}  {:<width$}  {}", run.run, run.workflow, text::time(run.created));
    }
    if found.is_empty() {
        output::progress("there are no such runs");
    }
    output::write(&out)?;
    Ok(Outcome::Good)
}
