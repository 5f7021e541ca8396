//! `gov graph`: a workflow, a policy, or the whole plan as a picture.

mod dot;
mod layout;
mod map;
mod mermaid;
mod picture;
mod policy;
mod svg;
#[cfg(test)]
mod tests;
mod workflow;

use std::path::PathBuf;

use clap::ValueEnum;
use gov_plan::document::Plan;

use crate::output::{self, Color, Failure, Outcome};
use crate::plans::{self, Loaded};
use picture::Picture;

/// Draw a workflow, a policy, or all that a plan holds
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gov graph refund_order > refund.svg           a workflow of the package around the current folder
  gov graph refund_order plan.yaml --format mermaid
  gov graph --policy shop > policy.svg          the one policy of a package; --policy=desk where there are several
  gov graph --map plan.yaml > map.svg           capabilities, policies and workflows")]
pub struct Args {
    /// The workflow, and the plan or package that has it; the package around the current folder if nothing is said. With
    /// `--policy` or `--map`, the plan or package alone
    #[arg(value_name = "WORKFLOW] [PATH", num_args = 0..=2)]
    words: Vec<String>,

    /// Draw a policy: its rules in order, whom they are about, and for what
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "map")]
    policy: Option<String>,

    /// Draw what there is: capabilities, what undoes them, and which policies and workflows are about them
    #[arg(long)]
    map: bool,

    /// The form of the picture
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// The forms of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A picture that every browser shows
    #[default]
    Svg,
    /// Text that GitHub, GitLab and many wikis draw
    Mermaid,
    /// Text for Graphviz
    Dot,
}

/// Draws, and writes the picture to standard output.
///
/// # Errors
///
/// If there is no plan, or it has no such workflow or policy.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let is_whole = args.map || args.policy.is_some();
    let (name, path) = match args.words.as_slice() {
        [] => (None, "."),
        [path] if is_whole => (None, path.as_str()),
        [_, _] if is_whole => {
            return Err(Failure::new("with `--policy` and `--map` only a plan or a package is named")
                .help("a policy is named with the option: `--policy=NAME`"));
        }
        [name] => (Some(name.as_str()), "."),
        [name, path, ..] => (Some(name.as_str()), path.as_str()),
    };
    let Loaded::Plan(plan) = plans::load(&PathBuf::from(path), color)? else { return Ok(Outcome::Findings) };
    let picture = match (&args.policy, name) {
        (Some(name), _) => policy_of(&plan, name)?,
        (None, _) if args.map => map::picture(&plan.package),
        (None, name) => workflow_of(&plan, name)?,
    };
    output::write(&match args.format {
        Form::Svg => svg::render(&picture),
        Form::Mermaid => mermaid::render(&picture),
        Form::Dot => dot::render(&picture),
    })?;
    Ok(Outcome::Good)
}

fn workflow_of(plan: &Plan, name: Option<&str>) -> Result<Picture, Failure> {
    let names: Vec<&str> = plan.package.workflows.iter().map(|workflow| workflow.name.as_str()).collect();
    match (name.and_then(|name| plan.package.workflow(name)), names.as_slice()) {
        (Some(workflow), _) => Ok(workflow::picture(plan, workflow)),
        (None, [only]) if name.is_none() => match plan.package.workflow(only) {
            Some(workflow) => Ok(workflow::picture(plan, workflow)),
            None => Err(missing("workflow", only, &names)),
        },
        (None, _) => Err(match name {
            Some(name) => missing("workflow", name, &names),
            None => Failure::new("no workflow is named").help(choices("workflow", &names)),
        }),
    }
}

fn policy_of(plan: &Plan, name: &str) -> Result<Picture, Failure> {
    let names: Vec<&str> = plan.package.policies.iter().map(|policy| policy.name.as_str()).collect();
    match (name, plan.package.policies.as_slice()) {
        ("", [only]) => Ok(policy::picture(&plan.package, only)),
        ("", _) => Err(Failure::new("no policy is named").help(choices("policy", &names))),
        (name, _) => match plan.package.policy(name) {
            Some(policy) => Ok(policy::picture(&plan.package, policy)),
            None => Err(missing("policy", name, &names)),
        },
    }
}

fn missing(kind: &str, name: &str, names: &[&str]) -> Failure {
    let failure = Failure::new(format!("there is no {kind} `{name}`"));
    match gov_grammar::closest(name, names.iter().copied()) {
        Some(meant) => failure.help(format!("did you mean `{meant}`?")),
        None => failure.help(choices(kind, names)),
    }
}

fn choices(kind: &str, names: &[&str]) -> String {
    match names {
        [] => format!("the plan has no {kind}"),
        _ => format!("the plan has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
