//! `gov diff`: what changes between two plans, for whom.

mod html;
mod json;
mod markdown;
mod sides;
mod terminal;
#[cfg(test)]
mod tests;
mod words;

use std::path::PathBuf;

use clap::ValueEnum;
use gov_compiler::diff::{Diff, Direction, diff};
use gov_compiler::verify::{DEFAULT_RLIMIT, Options};
use gov_plan::document::Plan;

use crate::output::{self, Color, Failure, Outcome};
use sides::Sides;

pub use words::plain;

/// Show what changes between two plans: what their text says, and what it means for whom
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gov diff old.yaml new.yaml                     two plans
  gov diff plan.yaml shop                        a committed plan and the package it was made of
  gov diff --git main shop                       the package in the revision `main`, and as it is now
  gov diff --git v1..v2 shop                     two revisions of it
  gov diff --git origin/main . --format markdown --deny widening")]
pub struct Args {
    /// The old plan and the new one, each a plan or a package; with `--git`, the one path that is compared
    #[arg(value_name = "PATH", num_args = 1..=2, required_unless_present = "git")]
    paths: Vec<PathBuf>,

    /// Compare with this git revision of the path, or two of them with each other: `OLD..NEW`
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    git: Option<String>,

    /// The form of the difference
    #[arg(long, value_enum, default_value_t)]
    format: Form,

    /// End with exit code 1 if the new plan lets more through, or if that could not be settled
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,

    /// How much the solver may do for one question, in its own units
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RLIMIT, hide_default_value = true)]
    rlimit: u32,
}

/// The forms of a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people, on a terminal
    #[default]
    Text,
    /// For a pull request
    Markdown,
    /// For tools
    Json,
    /// One page that stands alone
    Html,
}

/// What may not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// More is let through than before, or more easily
    Widening,
}

/// Two plans with their names, and their difference.
pub struct Compared {
    /// What the old plan is called.
    pub old: String,
    /// What the new plan is called.
    pub new: String,
    /// The difference.
    pub diff: Diff,
}

/// The difference of two plans in words, each with the name that it is called by; nothing where there is nothing to say of it,
/// since only what was proved is written differently.
pub fn words(old_name: &str, old: &Plan, new_name: &str, new: &Plan, color: Color) -> Option<String> {
    let diff = diff(old, new, &Options::default());
    let is_same = diff.text.is_empty() && diff.workflows.is_empty() && diff.direction() == Direction::Same;
    if is_same && diff.is_settled() {
        return None;
    }
    let compared = Compared { diff, old: old_name.to_owned(), new: new_name.to_owned() };
    Some(terminal::render(&compared, color.on_stdout()))
}

/// Compares, and writes the difference to standard output.
///
/// # Errors
///
/// If a side is no plan and no package, or there is no such revision.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let Some(sides) = Sides::load(&args.paths, args.git.as_deref(), color)? else { return Ok(Outcome::Findings) };
    let options = Options { rlimit: args.rlimit, ..Options::default() };
    let compared =
        Compared { diff: diff(&sides.old.plan, &sides.new.plan, &options), old: sides.old.name, new: sides.new.name };
    output::write(&match args.format {
        Form::Text => terminal::render(&compared, color.on_stdout()),
        Form::Markdown => markdown::render(&compared),
        Form::Json => json::render(&compared)?,
        Form::Html => html::render(&compared),
    })?;
    if args.deny == Some(Deny::Widening) {
        let diff = &compared.diff;
        if diff.direction().widens() {
            output::progress("the new plan lets more through than the old one");
            return Ok(Outcome::Findings);
        }
        if !diff.is_settled() {
            output::progress("whether the new plan lets more through could not be settled");
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Good)
}
