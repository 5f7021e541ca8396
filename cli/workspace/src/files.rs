//! The files that paths name, whatever package they belong to: for work that looks at one file at a time.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use gov_compiler::codes::Code;
use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::source::Sources;

use crate::failure::Failure;
use crate::load::Loader;
use crate::{File, find};

/// Files, and those that could not be read.
#[derive(Debug, Default)]
pub struct Selection {
    /// The files, by path, each once.
    pub files: Vec<File>,
    /// What the findings point into.
    pub sources: Sources,
    /// Which files could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the `.gov` files that paths name, or that are below them; without a path, those of the packages that the current
/// folder leads to.
///
/// # Errors
///
/// If a path does not exist, is no `.gov` file and no folder, or there is no `.gov` file below it.
pub fn files(paths: &[PathBuf]) -> Result<Selection, Failure> {
    if paths.is_empty() {
        let workspace = find(paths)?;
        let files = workspace.packages.into_iter().flat_map(|package| package.files).collect();
        let unread = |found: &Diagnostic| {
            let of_file = matches!(found.code, Code::TooLarge | Code::NotUtf8 | Code::UnreadableFile);
            of_file && workspace.sources.path(found.primary.span.file).ends_with(".gov")
        };
        let diagnostics = workspace.diagnostics.into_iter().filter(unread).collect();
        return Ok(Selection { files, sources: workspace.sources, diagnostics });
    }
    let mut loader = Loader::new(&crate::current_folder()?, &crate::Texts::new());
    let mut places = BTreeSet::new();
    for path in paths {
        let shown = path.display().to_string();
        let place = path.canonicalize().map_err(|error| Failure::io("read", &shown, &error))?;
        let known = places.len();
        if place.is_dir() {
            below(&mut loader, &place, &mut places);
        } else if place.extension() == Some(OsStr::new("gov")) {
            places.insert(place);
            continue;
        } else {
            return Err(Failure::new(format!("`{shown}` is no `.gov` file")).help("name a folder or a `.gov` file"));
        }
        if places.len() == known && loader.diagnostics.is_empty() {
            return Err(Failure::new(format!("there is no `.gov` file below `{shown}`")));
        }
    }
    let files = places.into_iter().filter_map(|place| loader.file(place)).collect();
    Ok(Selection { files, sources: loader.sources, diagnostics: loader.diagnostics })
}

fn below(loader: &mut Loader, folder: &Path, places: &mut BTreeSet<PathBuf>) {
    let listing = loader.listing(folder);
    places.extend(listing.files.iter().cloned());
    for nested in &listing.manifests {
        below(loader, nested, places);
    }
}
