//! `gov check`: what is wrong with packages.

use std::collections::BTreeSet;
use std::path::PathBuf;

use gov_compiler::codes::Code;
use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::fix;
use gov_compiler::package::{self, Checked, Input, Obligations};
use gov_compiler::verify::Options;

use crate::output::{self, Color, Failure, Outcome};
use crate::render::{self, Format, Part, Report};
use crate::workspace::{self, Package, Workspace};
use crate::{disk, watch};

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
    let mut results = Results::of(workspace::find(&args.paths)?);
    if args.fix {
        results = fix(results, &args.paths)?;
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

/// Packages and what the check of each of them found.
struct Results {
    workspace: Workspace,
    checked: Vec<Checked>,
}

impl Results {
    fn of(workspace: Workspace) -> Self {
        let mut findings = Findings::of(&workspace.packages);
        let whole = workspace.packages.iter().filter(|package| !package.broken);
        let checked = whole.map(|package| {
            let mut checked = gov_compiler::check(&input(package));
            // Nothing cancels it: it is the process that ends.
            let _ = gov_compiler::prove(&mut checked, &options());
            findings.keep_new(package, &mut checked);
            checked
        });
        Self { checked: checked.collect(), workspace }
    }

    fn report(&self) -> Report<'_> {
        let manifests = Part { sources: &self.workspace.sources, diagnostics: &self.workspace.diagnostics };
        let packages = self.checked.iter().map(|of| Part { sources: &of.sources, diagnostics: &of.diagnostics });
        let mut obligations = Obligations::default();
        self.checked.iter().for_each(|checked| obligations += checked.obligations);
        Report {
            packages: self.workspace.packages.len(),
            files: self.workspace.packages.iter().map(|package| package.files.len()).sum(),
            parts: std::iter::once(manifests).chain(packages).collect(),
            obligations,
        }
    }

    /// Where the file of that path is.
    fn place(&self, path: &str) -> Option<&PathBuf> {
        let files = self.workspace.packages.iter().flat_map(|package| &package.files);
        files.filter(|file| file.path == path).map(|file| &file.place).next()
    }
}

fn options() -> Options<'static> {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    Options { jobs, ..Options::default() }
}

/// What has been found already. The check of a package also finds what is wrong in the files of packages that it uses; each
/// finding is to be reported once, with the package that the file belongs to if that is checked as well.
struct Findings {
    /// The files of all packages that are checked.
    files: BTreeSet<String>,
    /// The findings in other files, by path, place and code.
    elsewhere: BTreeSet<(String, u32, Code)>,
}

impl Findings {
    fn of(packages: &[Package]) -> Self {
        let files = packages.iter().flat_map(|package| &package.files).map(|file| file.path.clone()).collect();
        Self { files, elsewhere: BTreeSet::new() }
    }

    fn keep_new(&mut self, package: &Package, checked: &mut Checked) {
        let own: BTreeSet<&str> = package.files.iter().map(|file| file.path.as_str()).collect();
        let sources = &checked.sources;
        checked.diagnostics.retain(|found| {
            let path = sources.path(found.primary.span.file);
            let place = (path.to_owned(), found.primary.span.start, found.code);
            own.contains(path) || (!self.files.contains(path) && self.elsewhere.insert(place))
        });
    }
}

fn input(package: &Package) -> Input {
    let file = |file: &workspace::File| package::File { path: file.path.clone(), text: file.text.clone() };
    let files = |files: &[workspace::File]| files.iter().map(file).collect();
    let dependency = |dependency: &workspace::Dependency| package::Dependency {
        name: dependency.name.clone(),
        files: files(&dependency.files),
    };
    Input {
        name: package.name.clone(),
        files: files(&package.files),
        dependencies: package.dependencies.iter().map(dependency).collect(),
    }
}

/// Makes the safe fixes and checks again, until no more are offered. A fix may make room for another, so that one round
/// may not be enough; a fix that is offered again and again is given up after a few.
fn fix(mut results: Results, paths: &[PathBuf]) -> Result<Results, Failure> {
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
        results = Results::of(workspace::find(paths)?);
    }
    let (fixes, files) = (render::counted(made, "fixes"), render::counted(changed.len(), "files"));
    output::progress(&format!("made {fixes} in {files}"));
    Ok(results)
}
