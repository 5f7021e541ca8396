//! Plans: from a file, or compiled from a package.

use std::path::{Path, PathBuf};

use gov_plan::document::{self, Plan};

use crate::output::{self, Color, Failure};
use crate::render::{self, Format};
use crate::results::{self, Results};
use gov_workspace as workspace;

/// What a path gives.
pub enum Loaded {
    /// A plan that holds together.
    Plan(Box<Plan>),
    /// A package with errors, which were written to standard error.
    Findings,
}

/// The plan in a file (`.yaml`, `.yml`, `.json`), or that of the package at a path.
///
/// # Errors
///
/// If there is nothing to read, or it is no plan, or the path leads to several packages.
pub fn load(path: &Path, color: Color) -> Result<Loaded, Failure> {
    load_from(path, color, None)
}

/// The plan at a path of a git revision that was put into a folder; what is said of a file names the revision instead.
///
/// # Errors
///
/// As [`load`].
pub fn load_from(path: &Path, color: Color, revision: Option<(&Path, &str)>) -> Result<Loaded, Failure> {
    let is_plan = path.extension().is_some_and(|kind| ["yaml", "yml", "json"].iter().any(|known| kind == *known));
    let told = Told { revision };
    if is_plan && !path.is_dir() {
        read(path, &told).map(|plan| Loaded::Plan(Box::new(plan)))
    } else {
        compile_from(path, color, &told)
    }
}

/// How paths are told: those of a revision by its name, and not by where it was put.
struct Told<'t> {
    revision: Option<(&'t Path, &'t str)>,
}

impl Told<'_> {
    fn path(&self, path: &Path) -> String {
        match self.revision.and_then(|(folder, revision)| Some((path.strip_prefix(folder).ok()?, revision))) {
            Some((path, revision)) => format!("{revision}:{}", path.display()),
            None => path.display().to_string(),
        }
    }

    fn text(&self, text: &str) -> String {
        match self.revision {
            Some((folder, revision)) => {
                // Near the current folder, paths are shown from there.
                let near = std::env::current_dir().and_then(|current| current.canonicalize());
                let near = near.map(|current| workspace::path::shown(folder, &current)).unwrap_or_default();
                let whole = folder.display().to_string();
                [whole, near]
                    .iter()
                    .filter(|place| !place.is_empty())
                    .fold(text.to_owned(), |text, place| text.replace(&format!("{place}/"), &format!("{revision}:")))
            }
            None => text.to_owned(),
        }
    }
}

fn read(path: &Path, told: &Told<'_>) -> Result<Plan, Failure> {
    let shown = told.path(path);
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read", &shown, &error))?;
    document::parse(&text).map_err(|error| {
        Failure::new(format!("`{shown}` is not a plan that can be used: {error}"))
            .help("make it again with `gov compile`")
    })
}

/// The plan of the one package at a path. Findings go to standard error: standard output is for what was asked for.
///
/// # Errors
///
/// If there is no package, or there are several.
pub fn compile(path: &Path, color: Color) -> Result<Loaded, Failure> {
    compile_from(path, color, &Told { revision: None })
}

fn compile_from(path: &Path, color: Color, told: &Told<'_>) -> Result<Loaded, Failure> {
    let results = Results::of(workspace::find(&[PathBuf::from(path)])?, &results::options());
    let report = results.report();
    if report.findings().next().is_some() {
        output::progress(&told.text(render::render(Format::Full, &report, color.on_stdout()).trim_end()));
    }
    if report.errors() > 0 {
        return Ok(Loaded::Findings);
    }
    let [checked] = results.checked.as_slice() else {
        let found = results.checked.len();
        let failure =
            Failure::new(format!("`{}` leads to {found} packages, and a plan is made of one", told.path(path)));
        return Err(failure.help("name the folder of one package"));
    };
    match gov_compiler::compile(checked) {
        Some(Ok(plan)) => Ok(Loaded::Plan(Box::new(plan))),
        Some(Err(error)) => Err(Failure::new(format!("the plan could not be made: {error}"))),
        None => Ok(Loaded::Findings),
    }
}
