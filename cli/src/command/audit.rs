//! `gov audit`: whether the journal is what was written, and all of it for those who ask.

use gov_runtime::host::{Host, Summary, first_broken};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::output::{self, Failure, Outcome};
use crate::runs::{self, Format, Place};

/// Verify the journal's chain of hashes, or export it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  gov audit verify\n  gov audit export > journal.jsonl")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check that nothing in the journal was changed, left out or put in
    Verify(Verify),
    /// Write every entry as a line of JSON, with its hash
    Export(Export),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The run, or the beginning of its id; all of them if nothing is said
    #[arg(value_name = "RUN")]
    run: Option<String>,

    #[command(flatten)]
    place: Place,

    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Export {
    /// The run, or the beginning of its id; all of them if nothing is said
    #[arg(value_name = "RUN")]
    run: Option<String>,

    #[command(flatten)]
    place: Place,
}

/// What tools read.
#[derive(Serialize)]
struct Verified {
    runs: usize,
    entries: u64,
    broken: Vec<Broken>,
}

#[derive(Serialize)]
struct Broken {
    run: String,
    entry: u64,
}

/// A line of the export.
#[derive(Serialize)]
struct Line<'l> {
    hash: &'l str,
    entry: &'l RawValue,
}

/// Verifies or exports.
///
/// # Errors
///
/// If the database cannot be read.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    match &args.command {
        Command::Verify(args) => verify(args),
        Command::Export(args) => export(args),
    }
}

fn verify(args: &Verify) -> Result<Outcome, Failure> {
    let verified = runs::block_on(async {
        let host = args.place.look()?;
        let mut verified = Verified { runs: 0, entries: 0, broken: Vec::new() };
        for run in wanted(&host, args.run.as_deref()).await? {
            let links = host.history(&run.run).await.map_err(|error| runs::failure(&error))?;
            verified.runs += 1;
            verified.entries += links.len() as u64;
            // An end that was cut off leaves a chain that holds; the count beside it does not.
            let cut = (links.len() as u64 != run.entries).then_some(links.len() as u64 + 1);
            if let Some(entry) = first_broken(&run.run, &links).or(cut) {
                verified.broken.push(Broken { run: run.run, entry });
            }
        }
        Ok(verified)
    })?;
    let good = verified.broken.is_empty();
    match args.format {
        Format::Json => runs::write_json(&verified)?,
        Format::Text => {
            for Broken { run, entry } in &verified.broken {
                output::write(&format!("run {run}: entry {entry} is not what was written\n"))?;
            }
            if good {
                output::write(&format!(
                    "{} entries of {} runs are what was written\n",
                    verified.entries, verified.runs
                ))?;
            }
        }
    }
    Ok(if good { Outcome::Good } else { Outcome::Findings })
}

fn export(args: &Export) -> Result<Outcome, Failure> {
    runs::block_on(async {
        let host = args.place.look()?;
        let mut runs = wanted(&host, args.run.as_deref()).await?;
        runs.reverse();
        for run in runs {
            for link in host.history(&run.run).await.map_err(|error| crate::runs::failure(&error))? {
                let unreadable = |error: serde_json::Error| {
                    Failure::new(format!("entry {} of run `{}` cannot be read: {error}", link.sequence, run.run))
                };
                let entry = serde_json::from_str::<&RawValue>(&link.body).map_err(unreadable)?;
                let line = serde_json::to_string(&Line { hash: &link.hash, entry }).map_err(unreadable)?;
                output::write(&(line + "\n"))?;
            }
        }
        Ok(Outcome::Good)
    })
}

async fn wanted(host: &gov_runtime::host::Embedded, run: Option<&str>) -> Result<Vec<Summary>, Failure> {
    match run {
        Some(run) => Ok(vec![runs::find(host, Some(run)).await?]),
        None => host.store().runs(&[], u32::MAX).await.map_err(|error| runs::failure(&error)),
    }
}
