//! Whole runs on the real host, in a world that is made up from a seed: its clock, its scheduler, its disk, its services and
//! its people.
//!
//! A [`Scenario`] is lived through by [`live`]: the host starts the run and is cut off at some instant, a next one finds what
//! was durable and goes on, and so on, while services lose answers and people change their minds. Then the faults end, and
//! the run has to come to rest. [`check`](check::check) holds what is left against what has to hold whatever happens.
//!
//! All of it is decided by the seed: the same seed gives the same journal.

pub mod check;
pub mod disk;
pub mod life;
pub mod values;
pub mod world;

pub use life::{Faults, Lived, Scenario, live};

use gov_compiler::package::{File, Input};
use gov_compiler::verify::Options;
use gov_runtime::Plan;
use std::path::Path;

/// A package that was checked and proved, and its plan.
pub struct Compiled {
    /// The plan.
    pub plan: Plan,
    /// The codes of what was found and does not stop it.
    pub warnings: Vec<String>,
}

/// Compiles a package; nothing where it has errors.
pub fn compile(text: &str) -> Option<Compiled> {
    let files = vec![File { path: "made_up.gov".into(), text: text.into() }];
    of_input(&Input { files, ..Input::default() })
}

/// Compiles the package in a folder; nothing where it has errors.
pub fn compile_folder(folder: &Path) -> Option<Compiled> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "gov"));
    let text = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap().into();
    let files: Vec<File> =
        paths.iter().map(|path| File { path: path.display().to_string(), text: text(path) }).collect();
    of_input(&Input { files, ..Input::default() })
}

fn of_input(input: &Input) -> Option<Compiled> {
    let mut checked = gov_compiler::check(input);
    if checked.has_errors() {
        return None;
    }
    gov_compiler::prove(&mut checked, &Options::default()).unwrap();
    let plan = gov_compiler::compile(&checked)?.unwrap();
    let warnings = checked.diagnostics.iter().map(|found| found.code.id().to_owned()).collect();
    Some(Compiled { plan: Plan::new(plan).unwrap(), warnings })
}
