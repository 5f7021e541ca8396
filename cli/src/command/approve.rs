//! `gov approve` and `gov reject`: what a human decides at a gate.

use gov_runtime::core::{Decided, Verdict};
use gov_runtime::host::{Answer, Embedded, Host, Waiting};

use crate::output::{self, Color, Failure, Outcome};
use crate::runs::story::Story;
use crate::runs::{self, Format, Place};

/// Approve what a run waits for, and let it go on
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without `--as`, nothing is decided: the very arguments that wait are shown.\n\nExamples:\n  gov approve 01ab                        show what waits\n  gov approve 01ab --as user:alice        approve it"
)]
pub struct Approve {
    #[command(flatten)]
    decision: Decision,
}

/// Reject what a run waits for; the step fails, and what was done is undone
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gov reject 01ab --as user:alice --comment \"not this month\"")]
pub struct Reject {
    #[command(flatten)]
    decision: Decision,
}

#[derive(Debug, clap::Args)]
struct Decision {
    /// The run, or the beginning of its id
    #[arg(value_name = "RUN")]
    run: String,

    /// The step; needed where several wait
    #[arg(value_name = "STEP")]
    step: Option<String>,

    /// Who decides
    #[arg(long = "as", value_name = "PRINCIPAL")]
    by: Option<String>,

    /// A role that is asserted for them
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,

    /// What they say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,

    /// Decide only if the arguments still have this digest, which is shown without `--as`
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,

    #[command(flatten)]
    place: Place,

    /// How the run is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Approves.
///
/// # Errors
///
/// If nothing of that name waits, or the decision does not count.
pub fn approve(args: &Approve, color: Color) -> Result<Outcome, Failure> {
    decide(&args.decision, Verdict::Approved, color)
}

/// Rejects.
///
/// # Errors
///
/// If nothing of that name waits, or the decision does not count.
pub fn reject(args: &Reject, color: Color) -> Result<Outcome, Failure> {
    decide(&args.decision, Verdict::Rejected, color)
}

fn decide(args: &Decision, verdict: Verdict, color: Color) -> Result<Outcome, Failure> {
    runs::block_on(async {
        let host = if args.by.is_some() { args.place.go_on()? } else { args.place.look()? };
        let run = runs::find(&host, Some(&args.run)).await?.run;
        let waiting = waiting(&host, &run, args.step.as_deref()).await?;
        let question = &waiting.question;
        let Some(by) = &args.by else {
            show(&waiting, args.format)?;
            return Ok(Outcome::Code(4));
        };
        if !gov_plan::decide::is_principal(by) {
            return Err(Failure::new(format!("`{by}` is no principal")).help("write it as `user:name`"));
        }
        let decided = Decided {
            gate: question.gate.clone(),
            by: by.clone(),
            roles: args.roles.clone(),
            verdict,
            comment: args.comment.clone(),
            digest: args.digest.clone().unwrap_or_else(|| question.digest.clone()),
        };
        match host.decide(&run, decided).await.map_err(|error| runs::failure(&error))? {
            Answer::Won => {}
            Answer::Lost(why) => return Err(Failure::new(format!("the decision does not count: {why}"))),
        }
        let mut story = (args.format == Format::Text).then(|| Story::new(color.on_stdout()));
        let state = runs::follow(&host, &run, &mut story).await?;
        runs::conclude(&host, &state, args.format, color).await
    })
}

/// The question that a person means.
async fn waiting(host: &Embedded, run: &str, step: Option<&str>) -> Result<Waiting, Failure> {
    let open = host.store().questions().await.map_err(|error| runs::failure(&error))?;
    let of_run: Vec<Waiting> = open.into_iter().filter(|waiting| waiting.run == run).collect();
    let known = || of_run.iter().map(|waiting| format!("`{}`", waiting.question.label)).collect::<Vec<_>>().join(", ");
    let meant =
        |waiting: &&Waiting| step.is_none_or(|step| waiting.question.label == step || waiting.question.gate.0 == step);
    let mut found = of_run.iter().filter(meant);
    let Some(first) = found.next() else {
        return Err(match (of_run.is_empty(), step) {
            (true, _) => Failure::new("the run waits for nobody").help("see how it stands with `gov show`"),
            (false, Some(step)) => {
                Failure::new(format!("`{step}` waits for nobody")).help(format!("these wait: {}", known()))
            }
            (false, None) => Failure::new("the run waits for nobody"),
        });
    };
    if found.next().is_some() && step != Some(first.question.gate.0.as_str()) {
        let gates: Vec<String> = of_run.iter().map(|waiting| format!("`{}`", waiting.question.gate)).collect();
        return Err(Failure::new("several steps wait").help(format!("name one of {}", gates.join(", "))));
    }
    Ok(first.clone())
}

/// Shows the very arguments that would be approved.
fn show(waiting: &Waiting, format: Format) -> Result<(), Failure> {
    let question = &waiting.question;
    if format == Format::Json {
        return runs::write_json(question);
    }
    let mut text = format!("{}: {}\n", question.label, question.question);
    if let Some(ruling) = &question.ruling {
        text.push_str(&format!("  asked by   {} ({})\n", question.requester, ruling.reason));
        text.push_str(&format!("  risk       {}\n", ruling.risk.as_deref().unwrap_or("not known")));
    }
    if question.capability.is_some() {
        let arguments = serde_json::to_string_pretty(&question.input).unwrap_or_default();
        text.push_str(&format!("  arguments  {}\n", arguments.replace('\n', "\n             ")));
    }
    text.push_str(&format!("  approvers  {}", question.approvers.join(", ")));
    if question.quorum > 1 {
        text.push_str(&format!(", {} of them", question.quorum));
    }
    if let Some(expiry) = question.expiry {
        text.push_str(&format!("\n  until      {}", gov_plan::text::time(expiry)));
    }
    text.push_str(&format!("\n  digest     {}\n", question.digest));
    output::write(&text)?;
    output::progress("nothing was decided: say who decides with `--as user:NAME`");
    Ok(())
}
