//! `gov decide`: whether a request is allowed, and why.

mod answer;
mod batch;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use gov_plan::decide::{Engine, RequestBody};
use gov_plan::model::Package;
use gov_plan::value::parse_json;
use serde_json::{Map, Value};

use crate::output::{self, Color, Failure, Outcome};
use crate::plans::{self, Loaded};
use answer::Answer;

/// Decide a request as a plan does: allow, deny, or ask for an approval, and why
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gov decide plan.yaml --principal agent:support --capability crm.read_order --input '{\"order\": \"o_1\"}'
  gov decide shop --principal user:alice --role finance --capability stripe.refund --explain
  gov decide plan.yaml --batch requests.jsonl > decisions.jsonl")]
pub struct Args {
    /// The plan, or a package to make one of
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    /// Who asks: `agent:support`
    #[arg(long, value_name = "PRINCIPAL", required_unless_present = "batch")]
    principal: Option<String>,

    /// For which capability: `stripe.refund`
    #[arg(long, value_name = "CAPABILITY", required_unless_present = "batch")]
    capability: Option<String>,

    /// With which input, as a JSON object
    #[arg(long, value_name = "JSON")]
    input: Option<String>,

    /// In which context, as a JSON object
    #[arg(long, value_name = "JSON")]
    context: Option<String>,

    /// A role that the principal has, beside those it is a declared member of; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,

    /// The workflow that calls
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,

    /// The tenant that the principal belongs to
    #[arg(long, value_name = "TENANT")]
    principal_tenant: Option<String>,

    /// The tenant that what is called belongs to
    #[arg(long, value_name = "TENANT")]
    resource_tenant: Option<String>,

    /// The policy that decides; needed where the plan has several
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,

    /// Decide a request a line, as JSON, and write a decision a line; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["principal", "capability", "input", "context", "roles", "workflow", "principal_tenant", "resource_tenant"])]
    batch: Option<PathBuf>,

    /// Say of every rule before the one that decided what kept it from fitting
    #[arg(long)]
    explain: bool,

    /// End with exit code 1 if the request, or one of them, is denied
    #[arg(long)]
    exit_code: bool,

    /// How the decision is written; text on a terminal, JSON elsewhere
    #[arg(long, value_enum, conflicts_with = "batch")]
    format: Option<Form>,
}

/// The forms of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    Text,
    /// For tools
    Json,
}

/// Decides, and writes the decisions to standard output.
///
/// # Errors
///
/// If there is no plan, it has no such policy, or a request cannot be read as JSON.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let Loaded::Plan(plan) = plans::load(&args.plan, color)? else { return Ok(Outcome::Findings) };
    let policy = policy(&plan.package, args.policy.as_deref())?;
    let Some(engine) = Engine::new(Arc::new(plan.package), &policy) else {
        return Err(Failure::new(format!("there is no policy `{policy}`")));
    };
    let denied = match &args.batch {
        Some(file) => batch::run(&engine, file, args.explain)?,
        None => {
            let answer = answer(&engine, &request(args)?, args.explain);
            let form = args.format.unwrap_or(match std::io::stdout().is_terminal() {
                true => Form::Text,
                false => Form::Json,
            });
            output::write(&match form {
                Form::Text => answer.to_text(color.on_stdout()),
                Form::Json => answer.to_json()? + "\n",
            })?;
            answer.is_denied()
        }
    };
    Ok(if denied && args.exit_code { Outcome::Findings } else { Outcome::Good })
}

/// The name of the policy that decides.
fn policy(package: &Package, wanted: Option<&str>) -> Result<String, Failure> {
    let names = || package.policies.iter().map(|policy| policy.name.as_str());
    let listed = || names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        return match package.policy(wanted) {
            Some(policy) => Ok(policy.name.clone()),
            None => {
                let failure = Failure::new(format!("there is no policy `{wanted}`"));
                Err(match gov_grammar::closest(wanted, names()) {
                    Some(meant) => failure.help(format!("did you mean `{meant}`?")),
                    None => failure.help(format!("the plan has {}", listed())),
                })
            }
        };
    }
    match package.policies.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => Err(Failure::new("the plan has no policy, so that nothing can be decided")),
        _ => {
            Err(Failure::new("the plan has several policies").help(format!("say `--policy` with one of {}", listed())))
        }
    }
}

/// The request that the options make, as one in a batch is written.
fn request(args: &Args) -> Result<Value, Failure> {
    let mut request = Map::new();
    let texts = [
        ("principal", &args.principal),
        ("capability", &args.capability),
        ("workflow", &args.workflow),
        ("principal_tenant", &args.principal_tenant),
        ("resource_tenant", &args.resource_tenant),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            request.insert(name.to_owned(), text.as_str().into());
        }
    }
    for (name, json) in [("input", &args.input), ("context", &args.context)] {
        if let Some(json) = json {
            let json = parse_json(json).map_err(|error| {
                Failure::new(format!("`--{name}` is not JSON: {error}"))
                    .help(format!("write it as an object, in single quotes: --{name} '{{\"name\": \"value\"}}'"))
            })?;
            request.insert(name.to_owned(), json);
        }
    }
    let roles = args.roles.iter().map(|role| Value::from(role.strip_prefix("role:").unwrap_or(role)));
    request.insert("roles".to_owned(), roles.collect());
    Ok(Value::Object(request))
}

/// Decides a request that was sent as JSON.
fn answer(engine: &Engine, request: &Value, explain: bool) -> Answer {
    match RequestBody::from_json(engine.package(), request) {
        Ok(body) => Answer::of(engine, &body, explain),
        Err(why) => Answer::unevaluable(engine, &why),
    }
}
