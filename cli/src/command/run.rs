//! `gov run`: a workflow of a plan, until it rests.

use std::path::PathBuf;

use gov_runtime::Plan;
use gov_runtime::host::{Host, Request, Started};

use crate::output::{Color, Failure, Outcome};
use crate::plans::{self, Loaded};
use crate::runs::story::Story;
use crate::runs::{self, Format, Place};

/// Run a workflow of a plan
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 completed, 3 failed, compensated or cancelled, 4 waiting, 5 stuck\n\n\
                  Examples:\n  gov run plan.yaml publish --input '{ \"path\": \"a.md\" }'\n  \
                  gov run . publish --input @input.json --key order-17    the same key starts it once")]
pub struct Args {
    /// The plan: a file that `gov compile` made, or a package
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,

    /// Its arguments, as JSON or `@FILE`
    #[arg(long, value_name = "JSON", default_value = "{}")]
    input: String,

    /// The context, as JSON or `@FILE`
    #[arg(long, value_name = "JSON", default_value = "{}")]
    context: String,

    /// A role that is asserted for the workflow's principal
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,

    /// The tenant that the principal belongs to
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,

    /// Who asks for the run
    #[arg(long = "as", value_name = "PRINCIPAL")]
    caller: Option<String>,

    /// Two runs with one key are one: the second shows the first
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    #[command(flatten)]
    place: Place,

    /// How the run is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs, and tells what happens.
///
/// # Errors
///
/// If the plan or its input cannot be used, or the database cannot be written to.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let Loaded::Plan(plan) = plans::load(&args.plan, color)? else { return Ok(Outcome::Findings) };
    let plan = Plan::new(*plan).map_err(|error| Failure::new(format!("the plan cannot be used: {error}")))?;
    let request = Request {
        workflow: args.workflow.clone(),
        input: runs::json("`--input`", &args.input)?,
        context: runs::json("`--context`", &args.context)?,
        roles: args.roles.clone(),
        tenant: args.tenant.clone(),
        caller: args.caller.clone(),
        key: args.key.clone(),
        trace: None,
    };
    runs::block_on(async {
        let host = args.place.start(&args.plan)?;
        let started = host.start(&plan, request).await.map_err(|error| runs::failure(&error))?;
        if let Started::Existing(run) = &started {
            crate::output::progress(&format!("the key was used before, for run {run}"));
            host.resume(run).await.map_err(|error| runs::failure(&error))?;
        }
        let mut story = (args.format == Format::Text).then(|| Story::new(color.on_stdout()));
        let state = runs::follow(&host, started.run(), &mut story).await?;
        runs::conclude(&host, &state, args.format, color).await
    })
}
