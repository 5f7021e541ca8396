//! Finding packages: from the paths that a user names to the texts that a check takes.

mod failure;
mod files;
mod load;
pub mod path;
mod search;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::package::{self, Input};
use gov_compiler::source::Sources;

pub use failure::{Failure, reason};
pub use files::{Selection, files};

/// Everything that a command works on.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The packages, by folder.
    pub packages: Vec<Package>,
    /// The manifests, and the files that could not be read, for the findings below.
    pub sources: Sources,
    /// What is wrong with manifests, and the files that could not be read.
    pub diagnostics: Vec<Diagnostic>,
    /// The folders that hold all of it, for watching, and whether what is below them belongs to it too.
    pub roots: BTreeMap<PathBuf, bool>,
}

/// A package as it is on disk.
#[derive(Clone, Debug)]
pub struct Package {
    /// The name that its manifest gives it; nothing without a manifest.
    pub name: Option<String>,
    /// Its files, by path.
    pub files: Vec<File>,
    /// The packages that it uses and those that they use, each once, with the names that they are known by.
    pub dependencies: Vec<Dependency>,
    /// Whether something of it, or of what it uses, could not be read: what a check says of the rest would mislead.
    pub broken: bool,
}

/// Texts that stand in the place of those on disk, by the whole path of the file.
pub type Texts = BTreeMap<PathBuf, Arc<str>>;

impl Package {
    /// What the check of the package takes.
    pub fn input(&self) -> Input {
        let file = |file: &File| package::File { path: file.path.clone(), text: Arc::clone(&file.text) };
        let files = |files: &[File]| files.iter().map(file).collect();
        let dependency = |dependency: &Dependency| package::Dependency {
            name: dependency.name.clone(),
            files: files(&dependency.files),
        };
        Input {
            name: self.name.clone(),
            files: files(&self.files),
            dependencies: self.dependencies.iter().map(dependency).collect(),
        }
    }
}

/// A package that another uses.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The name that it is known by.
    pub name: String,
    /// Its files, by path.
    pub files: Vec<File>,
}

/// A `.gov` file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path as users see it.
    pub path: String,
    /// Where it is.
    pub place: PathBuf,
    /// What it says.
    pub text: Arc<str>,
}

/// Finds and reads the packages that paths lead to; no path is the current folder.
///
/// A folder or file within a package leads to the whole package; within a workspace, but in none of its packages, to the
/// whole workspace. Any other folder leads to every package below it, and to the `.gov` files below it that belong to none,
/// together, as one more; any other file to itself alone.
///
/// # Errors
///
/// If a path does not exist, is no `.gov` file and no folder, or leads to no `.gov` file at all.
pub fn find(paths: &[PathBuf]) -> Result<Workspace, Failure> {
    let here = [PathBuf::from(".")];
    let mut search = search::Search::new(&current_folder()?, &Texts::new());
    for path in if paths.is_empty() { &here } else { paths } {
        search.path(path)?;
    }
    Ok(search.finish())
}

/// As [`find`], as far as it is possible: a path that leads to nothing is passed over. Paths are shown as they are seen from
/// `current`, and the texts of `open` stand in the place of those on disk.
pub fn find_open(current: &Path, paths: &[PathBuf], open: &Texts) -> Workspace {
    let mut search = search::Search::new(current, open);
    for path in paths {
        // Whoever asks shows what there is; that a path leads to nothing is no news there.
        let _ = search.path(path);
    }
    search.finish()
}

fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().and_then(|current| current.canonicalize()).map_err(|error| Failure::io("read", ".", &error))
}
