//! What the place of running allows: the `gov.toml` that a command is about.

use std::path::{Path, PathBuf};

use gov_runtime::core::digest;
use gov_runtime::deployment::{Deployment, FILE_NAME, SECTIONS};
use gov_runtime::gate::External;
use serde::{Deserialize, Serialize};

use crate::output::Failure;

/// What becomes of calls to the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// A `gov.toml` that was read.
pub struct Config {
    /// What it allows.
    pub deployment: Deployment,
    /// Where it is, absolute.
    pub path: PathBuf,
    /// The digest of what it says about running: the order of its lines and what it says of packages are left out.
    pub digest: String,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or says what no `gov.toml` says.
    pub fn read(file: &Path) -> Result<Config, Failure> {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| Failure::io("read", &shown, &error))?;
        let path = file.canonicalize().map_err(|error| Failure::io("read", &shown, &error))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let deployment = Deployment::read(&text, folder).map_err(|mistakes| {
            let lines: Vec<String> = mistakes.iter().map(|mistake| format!("\n  {shown}:{mistake}")).collect();
            Failure::new(format!("`{shown}` cannot be used{}", lines.concat()))
        })?;
        let said = text.parse::<toml::Table>().unwrap_or_default();
        let of_running = said.into_iter().filter(|(section, _)| SECTIONS.contains(&section.as_str()));
        let of_running = serde_json::to_value(of_running.collect::<toml::Table>()).unwrap_or_default();
        Ok(Config { deployment, path, digest: digest::of_json(&of_running) })
    }
}

/// The `gov.toml` beside a plan or of its package, or else the one beside the database. Where there is none, nothing outside is
/// allowed.
pub fn find(plan: Option<&Path>, database: &Path) -> Option<PathBuf> {
    plan.and_then(beside_plan).or_else(|| in_folder(database.parent()?))
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
