//! `gov compile`: from a package without errors to its plan.

use std::path::{Path, PathBuf};

use gov_plan::document::{self, Plan};

use crate::command::diff;
use crate::disk;
use crate::output::{self, Color, Failure, Outcome};
use crate::plans::{self, Loaded};

/// Compile a package into its plan: what is reviewed, signed off and executed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gov compile > plan.yaml           the plan of the package around the current folder\n  \
                  gov compile shop -o shop.yaml      that of a folder, into a file\n  \
                  gov compile --check plan.yaml      whether the committed plan is that of the source"
)]
pub struct Args {
    /// The package: a folder or a `.gov` file; the one around the current folder if nothing is said
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,

    /// Write the plan to a file instead of standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "check")]
    output: Option<PathBuf>,

    /// Write nothing; show how the plan differs from this file, and end with exit code 1 if it does
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,

    /// The form of the plan
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// The forms of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For people
    #[default]
    Yaml,
    /// For tools
    Json,
}

/// Compiles, and writes the plan or compares it.
///
/// # Errors
///
/// If there is no package to compile, or a file cannot be read or written.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let Loaded::Plan(plan) = plans::compile(&args.path, color)? else { return Ok(Outcome::Findings) };
    let text = written(&plan, args.format)?;
    if let Some(file) = &args.check {
        return compare(&plan, &text, file, args, color);
    }
    match &args.output {
        Some(file) => {
            let shown = file.display().to_string();
            disk::replace(file, &text).map_err(|error| Failure::io("write", &shown, &error))?;
            output::progress(&format!("wrote {shown}: {}", plan.digest));
        }
        None => output::write(&text)?,
    }
    Ok(Outcome::Good)
}

fn written(plan: &Plan, format: Form) -> Result<String, Failure> {
    let failed = |reason: String| Failure::new(format!("the plan could not be written: {reason}"));
    match format {
        Form::Yaml => document::to_yaml(plan).map_err(|error| failed(error.to_string())),
        Form::Json => document::to_json(plan).map_err(|error| failed(error.to_string())),
    }
}

/// Shows how the plan of the source differs from a committed one: in words where both can be read and something is to be said
/// of it, and otherwise line by line.
fn compare(plan: &Plan, text: &str, file: &Path, args: &Args, color: Color) -> Result<Outcome, Failure> {
    let shown = file.display().to_string();
    let committed = std::fs::read_to_string(file).map_err(|error| Failure::io("read", &shown, &error))?;
    if committed == text {
        return Ok(Outcome::Good);
    }
    let lines = || {
        let difference = similar::TextDiff::from_lines(committed.as_str(), text);
        difference.unified_diff().context_radius(3).header(&shown, "the source").to_string()
    };
    let told = match document::parse(&committed) {
        Ok(old) if old.digest == plan.digest => {
            output::write(&lines())?;
            output::progress(&format!("{shown} is the plan of the source, but is not written as `gov compile` does"));
            return Ok(Outcome::Findings);
        }
        Ok(old) => diff::words(&shown, &old, "the source", plan, color),
        Err(error) => {
            output::progress(&format!("{shown} is not a plan that can be used: {error}"));
            None
        }
    };
    output::write(&told.unwrap_or_else(lines))?;
    let of = if args.path == Path::new(".") { String::new() } else { format!(" {}", args.path.display()) };
    let json = if args.format == Form::Json { " --format json" } else { "" };
    output::progress(&format!(
        "{shown} is not the plan of the source: run `gov compile{of}{json} -o {shown}` and review the change"
    ));
    Ok(Outcome::Findings)
}
