//! What the place of running allows: the `gov.toml` that a command is about.

use std::path::{Path, PathBuf};

use gov_runtime::deployment::{Deployment, FILE_NAME};
use gov_runtime::gate::External;

use crate::output::Failure;

/// What becomes of calls to the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Calls {
    /// They are made
    Live,
    /// They are not made, and answered as if they were
    Stubbed,
    /// They are refused
    Forbidden,
}

impl From<Calls> for External {
    fn from(calls: Calls) -> External {
        match calls {
            Calls::Live => External::Live,
            Calls::Stubbed => External::Stubbed,
            Calls::Forbidden => External::Forbidden,
        }
    }
}

/// Reads the deployment: from the file that is named, or from the `gov.toml` beside the plan or of its package, or from the
/// one beside the database. Where there is none, nothing outside is allowed.
///
/// # Errors
///
/// If the file cannot be read, or says what no `gov.toml` says.
pub fn read(named: Option<&Path>, plan: Option<&Path>, database: &Path) -> Result<Deployment, Failure> {
    let found = match named {
        Some(file) => Some(file.to_owned()),
        None => plan.and_then(beside_plan).or_else(|| in_folder(database.parent()?)),
    };
    let Some(file) = found else { return Ok(Deployment::default()) };
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| Failure::io("read", &shown, &error))?;
    let folder = folder_of(&file);
    Deployment::read(&text, &folder).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(|mistake| format!("\n  {shown}:{mistake}")).collect();
        Failure::new(format!("`{shown}` cannot be used{}", lines.concat()))
    })
}

/// The `gov.toml` of a plan: beside its file, or the nearest one at or above its package.
fn beside_plan(plan: &Path) -> Option<PathBuf> {
    let place = plan.canonicalize().ok()?;
    let is_source = place.is_dir() || place.extension().is_some_and(|kind| kind == "gov");
    let folder = if place.is_dir() { place.as_path() } else { place.parent()? };
    let found = match is_source {
        true => folder.ancestors().find_map(in_folder),
        false => in_folder(folder),
    }?;
    // Named as the user would, where that is possible.
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    let near = here.and_then(|here| found.strip_prefix(here).map(Path::to_owned).ok());
    Some(near.unwrap_or(found))
}

fn in_folder(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(FILE_NAME)).filter(|file| file.is_file())
}

/// The folder of a file, absolute.
fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}
