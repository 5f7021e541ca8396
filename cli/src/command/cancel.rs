//! `gov cancel`: a run is asked to end.

use gov_runtime::host::{Answer, Host};

use crate::output::{self, Color, Failure, Outcome};
use crate::runs::story::Story;
use crate::runs::{self, Format, Place};

/// Ask a run to end; what it did is undone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A run that has done something that cannot be undone goes on to its end, or to where it waits.\n\nExample:\n  gov cancel 01ab --as user:alice --reason \"wrong order\""
)]
pub struct Args {
    /// The run, or the beginning of its id
    #[arg(value_name = "RUN")]
    run: String,

    /// Who asks for it
    #[arg(long = "as", value_name = "PRINCIPAL", default_value = "user:cli")]
    by: String,

    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,

    #[command(flatten)]
    place: Place,

    /// How the run is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Cancels.
///
/// # Errors
///
/// If there is no such run, or it has ended.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    runs::block_on(async {
        let host = args.place.go_on()?;
        let run = runs::find(&host, Some(&args.run)).await?.run;
        match host.cancel(&run, &args.by, &args.reason).await.map_err(|error| runs::failure(&error))? {
            Answer::Won => output::progress("it is asked to end"),
            Answer::Lost(why) => return Err(Failure::new(why)),
        }
        let mut story = (args.format == Format::Text).then(|| Story::new(color.on_stdout()));
        let state = runs::follow(&host, &run, &mut story).await?;
        runs::conclude(&host, &state, args.format, color).await
    })
}
