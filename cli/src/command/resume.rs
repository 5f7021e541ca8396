//! `gov resume`: runs that were left unfinished go on.

use gov_runtime::account::{self, Account};

use crate::output::{self, Color, Failure, Outcome};
use crate::runs::story::{Story, summary};
use crate::runs::{self, Format, Place};

/// Take up runs that were left unfinished: after a crash, or where they wait for a timer
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gov resume                    every run that was left unfinished\n  gov resume 01ab               one that waits for a timer"
)]
pub struct Args {
    /// The run, or the beginning of its id; all that are unfinished if nothing is said
    #[arg(value_name = "RUN")]
    run: Option<String>,

    #[command(flatten)]
    place: Place,

    /// How the runs are told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Resumes.
///
/// # Errors
///
/// If there is no such run, or it cannot be driven.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    runs::block_on(async {
        let host = args.place.go_on()?;
        if let Some(wanted) = &args.run {
            let run = runs::find(&host, Some(wanted)).await?.run;
            host.resume(&run).await.map_err(|error| runs::failure(&error))?;
            let mut story = (args.format == Format::Text).then(|| Story::new(color.on_stdout()));
            let state = runs::follow(&host, &run, &mut story).await?;
            return runs::conclude(&host, &state, args.format, color).await;
        }
        let mut failures = host.failures();
        let taken = host.recover().await.map_err(|error| runs::failure(&error))?;
        let mut left = Vec::new();
        while let Ok((run, error)) = failures.try_recv() {
            left.push(Failure::new(format!("run {run} cannot go on: {error}")).help_of(runs::failure(&error)));
        }
        if taken.is_empty() && left.is_empty() {
            output::progress("nothing was left unfinished");
        }
        let mut worst = Outcome::Good;
        let mut accounts: Vec<Account> = Vec::new();
        for run in &taken {
            let mut story = (args.format == Format::Text).then(|| Story::new(color.on_stdout()));
            let state = runs::follow(&host, run, &mut story).await?;
            if args.format == Format::Text {
                output::write(&summary(&account::of(&state), &state, color.on_stdout()))?;
            }
            worst = worse(worst, runs::outcome(state.status));
            accounts.push(account::of(&state));
        }
        if args.format == Format::Json {
            runs::write_json(&accounts)?;
        }
        runs::notified(&host, None).await;
        left.iter().for_each(output::error);
        Ok(if left.is_empty() { worst } else { Outcome::Unreadable })
    })
}

fn worse(one: Outcome, other: Outcome) -> Outcome {
    let code = |outcome: Outcome| match outcome {
        Outcome::Code(code) => code,
        _ => 0,
    };
    if code(other) > code(one) { other } else { one }
}
