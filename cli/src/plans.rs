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
    let is_plan = path.extension().is_some_and(|kind| ["yaml", "yml", "json"].iter().any(|known| kind == *known));
    if is_plan && !path.is_dir() { read(path).map(|plan| Loaded::Plan(Box::new(plan))) } else { compile(path, color) }
}

/// The plan in a file.
///
/// # Errors
///
/// If the file cannot be read, or holds no plan.
pub fn read(path: &Path) -> Result<Plan, Failure> {
    let shown = path.display().to_string();
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
    let results = Results::of(workspace::find(&[PathBuf::from(path)])?, &results::options());
    let report = results.report();
    if report.findings().next().is_some() {
        output::progress(render::render(Format::Full, &report, color.on_stdout()).trim_end());
    }
    if report.errors() > 0 {
        return Ok(Loaded::Findings);
    }
    let [checked] = results.checked.as_slice() else {
        let found = results.checked.len();
        let failure =
            Failure::new(format!("`{}` leads to {found} packages, and a plan is made of one", path.display()));
        return Err(failure.help("name the folder of one package"));
    };
    match gov_compiler::compile(checked) {
        Some(Ok(plan)) => Ok(Loaded::Plan(Box::new(plan))),
        Some(Err(error)) => Err(Failure::new(format!("the plan could not be made: {error}"))),
        None => Ok(Loaded::Findings),
    }
}
