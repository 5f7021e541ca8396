//! `gov resolve`: what a human found out about a run that is stuck.

use gov_runtime::core::{Finding, Place as Statement, Resolved};
use gov_runtime::host::{Answer, Host};

use crate::output::{Color, Failure, Outcome};
use crate::runs::story::Story;
use crate::runs::{self, Format, Place};

/// Say what became of a step that nobody can tell about, or that could not be undone; the run goes on from there
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gov resolve 01ab refund --did-not-happen --as user:alice\n  gov resolve 01ab refund --undone --as user:alice"
)]
pub struct Args {
    /// The run, or the beginning of its id
    #[arg(value_name = "RUN")]
    run: String,

    /// The step, by name or place
    #[arg(value_name = "STEP")]
    step: String,

    #[command(flatten)]
    finding: Found,

    /// Who says so
    #[arg(long = "as", value_name = "PRINCIPAL")]
    by: String,

    /// What they say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,

    #[command(flatten)]
    place: Place,

    /// How the run is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Found {
    /// The call happened, and gave this output, as JSON or `@FILE`
    #[arg(long, value_name = "JSON")]
    happened: Option<String>,

    /// The call did not happen
    #[arg(long)]
    did_not_happen: bool,

    /// The effect is undone, or may stay
    #[arg(long)]
    undone: bool,

    /// Try the undo again
    #[arg(long)]
    retry: bool,
}

/// Resolves.
///
/// # Errors
///
/// If nothing there needs a human.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let finding = match &args.finding {
        Found { happened: Some(output), .. } => Finding::Happened { output: runs::json("`--happened`", output)? },
        Found { did_not_happen: true, .. } => Finding::DidNotHappen,
        Found { undone: true, .. } => Finding::Undone,
        Found { .. } => Finding::Retry,
    };
    if !gov_plan::decide::is_principal(&args.by) {
        return Err(Failure::new(format!("`{}` is no principal", args.by)).help("write it as `user:name`"));
    }
    runs::block_on(async {
        let host = args.place.go_on()?;
        let run = runs::find(&host, Some(&args.run)).await?.run;
        let state = host.state(&run).await.map_err(|error| runs::failure(&error))?;
        let mut named =
            state.statements.iter().filter(|(place, statement)| place.0 == args.step || statement.label == args.step);
        let place: Statement = match (named.next(), named.next()) {
            (Some((place, _)), None) => place.clone(),
            (Some(_), Some(_)) => {
                return Err(Failure::new(format!("several steps are called `{}`", args.step)).help("name its place"));
            }
            (None, _) => return Err(Failure::new(format!("the run has no step `{}`", args.step))),
        };
        let resolved = Resolved { place, by: args.by.clone(), finding, comment: args.comment.clone() };
        match host.resolve(&run, resolved).await.map_err(|error| runs::failure(&error))? {
            Answer::Won => {}
            Answer::Lost(why) => return Err(Failure::new(why).help("see how it stands with `gov show`")),
        }
        let mut story = (args.format == Format::Text).then(|| Story::new(color.on_stdout()));
        let state = runs::follow(&host, &run, &mut story).await?;
        runs::conclude(&host, &state, args.format, color).await
    })
}
