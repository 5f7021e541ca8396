//! `gov check`: what is wrong with packages.

use std::collections::BTreeSet;
use std::path::PathBuf;

use gov_compiler::codes::Code;
use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::fix;

use crate::output::{self, Color, Failure, Outcome};
use crate::proofs::Proofs;
use crate::render::{self, Format, Report};
use crate::results::Results;
use crate::{disk, watch};
use gov_workspace as workspace;

/// Check packages: syntax, names, types, and every proof
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  gov check                      the package around the current folder\n  \
                  gov check examples --watch     every package below a folder, again on every change\n  \
                  gov check --format sarif > gov.sarif")]
pub struct Args {
    /// Folders, `.gov` files or `gov.toml` files; the current folder if there are none
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Make the fixes that are safe, then check again
    #[arg(long)]
    fix: bool,

    #[command(flatten)]
    proofs: Proofs,

    /// Check again whenever a file changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// Checks, and writes the findings to standard output.
///
/// # Errors
///
/// If a path leads to nothing that can be checked, or something cannot be written.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    if args.watch {
        return watch::run(|| Ok(workspace::find(&args.paths)?.roots), || once(args, color));
    }
    once(args, color)
}

fn once(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let mut results = args.proofs.prove(workspace::find(&args.paths)?)?;
    if args.fix {
        results = fix(results, args)?;
    }
    let report = results.report();
    output::write(&render::render(args.format, &report, color.on_stdout()))?;
    Ok(outcome(&report))
}

fn outcome(report: &Report<'_>) -> Outcome {
    if report.findings().any(|(_, found)| found.code == Code::UnreadableFile) {
        Outcome::Unreadable
    } else if report.errors() > 0 {
        Outcome::Findings
    } else {
        Outcome::Good
    }
}

/// Makes the safe fixes and checks again, until no more are offered. A fix may make room for another, so that one round
/// may not be enough; a fix that is offered again and again is given up after a few.
fn fix(mut results: Results, args: &Args) -> Result<Results, Failure> {
    const ROUNDS: usize = 8;
    let (mut made, mut changed) = (0, BTreeSet::new());
    for _ in 0..ROUNDS {
        let mut again = false;
        for checked in &results.checked {
            let own = |found: &&Diagnostic| results.place(checked.sources.path(found.primary.span.file)).is_some();
            let diagnostics: Vec<_> = checked.diagnostics.iter().filter(own).cloned().collect();
            let fixed = fix::apply_safe(&checked.sources, &diagnostics);
            for (file, text) in &fixed.texts {
                let path = checked.sources.path(*file);
                let Some(place) = results.place(path) else {
                    continue;
                };
                disk::replace(place, text).map_err(|error| Failure::io("write", path, &error))?;
                changed.insert(path.to_owned());
                again = true;
            }
            made += fixed.made;
        }
        if !again {
            break;
        }
        results = args.proofs.prove(workspace::find(&args.paths)?)?;
    }
    let (fixes, files) = (render::counted(made, "fixes"), render::counted(changed.len(), "files"));
    output::progress(&format!("made {fixes} in {files}"));
    Ok(results)
}
