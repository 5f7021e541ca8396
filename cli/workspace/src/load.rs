//! Reading packages from disk: manifests, files, and what they depend on.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::errors::{lexical, package as errors};
use gov_compiler::manifest::{self, Manifest};
use gov_compiler::source::{Sources, Span};

use crate::failure::reason;
use crate::{File, Texts, path};

/// What makes a package: where it is and what belongs to it. All paths are whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Root {
    /// A folder with a manifest, and the files below it.
    Manifest(PathBuf),
    /// A folder without one, and the files below it.
    Folder(PathBuf),
    /// One file.
    File(PathBuf),
}

impl Root {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Manifest(path) | Self::Folder(path) | Self::File(path) => path,
        }
    }

    /// The package of a folder.
    pub(super) fn of_folder(folder: PathBuf) -> Self {
        if has_manifest(&folder) { Self::Manifest(folder) } else { Self::Folder(folder) }
    }
}

/// Whether a folder has a manifest.
pub(super) fn has_manifest(folder: &Path) -> bool {
    folder.join(manifest::FILE_NAME).exists()
}

/// A package as it was read.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) name: Option<String>,
    pub(super) files: Vec<File>,
    pub(super) dependencies: Vec<Uses>,
    /// Whether something of it could not be read.
    pub(super) broken: bool,
}

/// That a package uses another.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) name: String,
    pub(super) root: Root,
    /// Where the manifest says so.
    pub(super) span: Span,
}

/// Reads each thing once, and keeps what was wrong with it.
#[derive(Debug)]
pub(super) struct Loader {
    pub(super) current: PathBuf,
    open: Texts,
    pub(super) sources: Sources,
    pub(super) diagnostics: Vec<Diagnostic>,
    manifests: BTreeMap<PathBuf, Rc<ManifestFile>>,
    listings: BTreeMap<PathBuf, Rc<Listing>>,
    packages: BTreeMap<Root, Rc<Loaded>>,
}

/// A manifest as it was read.
#[derive(Debug)]
pub(super) struct ManifestFile {
    pub(super) manifest: Manifest,
    /// Whether anything is wrong with it.
    pub(super) broken: bool,
}

impl Loader {
    /// A loader that shows paths as they are seen from a folder, and takes a text from `open` rather than from disk.
    pub(super) fn new(current: &Path, open: &Texts) -> Self {
        Self {
            current: current.to_owned(),
            open: open.clone(),
            sources: Sources::new(),
            diagnostics: Vec::new(),
            manifests: BTreeMap::new(),
            listings: BTreeMap::new(),
            packages: BTreeMap::new(),
        }
    }

    /// Whether a text stands in the place of a file.
    pub(super) fn is_open(&self, place: &Path) -> bool {
        self.open.contains_key(place)
    }

    /// The manifest of a folder that has one.
    pub(super) fn manifest(&mut self, folder: &Path) -> Rc<ManifestFile> {
        if let Some(read) = self.manifests.get(folder) {
            return Rc::clone(read);
        }
        let place = folder.join(manifest::FILE_NAME);
        let text = match self.open.get(&place) {
            Some(open) => Some(open.to_string()),
            None => self.text(&place),
        };
        let file = self.sources.add(self.shown(&place), text.as_deref().unwrap_or_default());
        let (manifest, findings) = match &text {
            Some(text) => manifest::parse(file, text),
            None => (Manifest::default(), Vec::new()),
        };
        let broken = text.is_none() || !findings.is_empty();
        self.diagnostics.extend(findings);
        let read = Rc::new(ManifestFile { manifest, broken });
        self.manifests.insert(folder.to_owned(), Rc::clone(&read));
        read
    }

    /// The package at a root.
    pub(super) fn package(&mut self, root: &Root) -> Rc<Loaded> {
        if let Some(loaded) = self.packages.get(root) {
            return Rc::clone(loaded);
        }
        let mut loaded = Loaded::default();
        if let Root::Manifest(folder) = root {
            let read = self.manifest(folder);
            loaded.name = read.manifest.name.as_ref().map(|name| name.text.clone());
            loaded.broken = read.broken;
            self.dependencies(folder, &read.manifest, &mut loaded);
        }
        let places = match root {
            Root::File(file) => vec![file.clone()],
            Root::Manifest(folder) | Root::Folder(folder) => self.listing(folder).files.clone(),
        };
        for place in places {
            match self.file(place) {
                Some(file) => loaded.files.push(file),
                None => loaded.broken = true,
            }
        }
        let loaded = Rc::new(loaded);
        self.packages.insert(root.clone(), Rc::clone(&loaded));
        loaded
    }

    fn dependencies(&mut self, folder: &Path, manifest: &Manifest, loaded: &mut Loaded) {
        for dependency in &manifest.dependencies {
            let (name, span) = (dependency.name.clone(), dependency.path.span);
            match self.dependency(folder, &name, &dependency.path.text) {
                Ok(root) => loaded.dependencies.push(Uses { name, root, span }),
                Err(reason) => {
                    let what = format!("the dependency `{name}`");
                    self.diagnostics.push(errors::missing_dependency(span, &what, &reason));
                    loaded.broken = true;
                }
            }
        }
    }

    /// The package that a dependency leads to, or why it leads to none.
    fn dependency(&mut self, folder: &Path, name: &str, path: &str) -> Result<Root, String> {
        let target = folder
            .join(path)
            .canonicalize()
            .map_err(|error| format!("cannot be reached at `{path}`: {}", reason(&error)))?;
        if !target.is_dir() {
            return Err(format!("leads to `{path}`, which is no folder"));
        }
        let root = Root::of_folder(target);
        if let Root::Manifest(folder) = &root {
            let read = self.manifest(folder);
            match &read.manifest.name {
                Some(found) if found.text != name => {
                    return Err(format!("leads to `{path}`, which is the package `{}`", found.text));
                }
                None if !read.broken => {
                    return Err(format!("leads to `{path}`, which is a workspace and no package"));
                }
                _ => {}
            }
        } else if self.listing(root.path()).files.is_empty() {
            return Err(format!("leads to `{path}`, which holds no `.gov` file"));
        }
        Ok(root)
    }

    /// The `.gov` files below a folder, by path, and the folders below it that have a manifest and so are packages of their
    /// own. Hidden folders are left out, and links to folders are not followed.
    pub(super) fn listing(&mut self, folder: &Path) -> Rc<Listing> {
        if let Some(listing) = self.listings.get(folder) {
            return Rc::clone(listing);
        }
        let mut listing = Listing::default();
        self.list(folder, &mut listing);
        let unsaved = |place: &&PathBuf| {
            let is_below = place.parent().is_some_and(|parent| parent.starts_with(folder));
            is_below
                && place.extension() == Some(OsStr::new("gov"))
                && !place.exists()
                && nearest(place) == Some(folder)
        };
        listing.files.extend(self.open.keys().filter(unsaved).cloned());
        listing.files.sort();
        listing.manifests.sort();
        let listing = Rc::new(listing);
        self.listings.insert(folder.to_owned(), Rc::clone(&listing));
        listing
    }

    fn list(&mut self, folder: &Path, listing: &mut Listing) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(folder, &reason(&error)),
        };
        for entry in entries.filter_map(Result::ok) {
            let (place, name) = (entry.path(), entry.file_name());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if Path::new(&name).extension() == Some(OsStr::new("gov")) {
                listing.files.push(place);
            } else if is_folder && !name.as_encoded_bytes().starts_with(b".") {
                if has_manifest(&place) {
                    listing.manifests.push(place);
                } else {
                    self.list(&place, listing);
                }
            }
        }
    }

    /// A file with its text. If it has none that can be read, a finding says why.
    pub(super) fn file(&mut self, place: PathBuf) -> Option<File> {
        let text = match self.open.get(&place) {
            Some(open) => Arc::clone(open),
            None => self.text(&place)?.into(),
        };
        Some(File { path: self.shown(&place), place, text })
    }

    /// The text of a file. If it has none that can be read, a finding says why.
    fn text(&mut self, place: &Path) -> Option<String> {
        let limit = gov_grammar::MAX_SIZE as u64;
        let bytes = match read(place, limit) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.unreadable(place, &reason);
                return None;
            }
        };
        let size = bytes.len() as u64;
        if size > limit {
            let size = fs::metadata(place).map_or(size, |metadata| metadata.len());
            let span = self.empty(place);
            self.diagnostics.push(lexical::too_large(span, size, limit));
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                let span = self.empty(place);
                self.diagnostics.push(lexical::not_utf8(span, error.utf8_error().valid_up_to()));
                None
            }
        }
    }

    fn unreadable(&mut self, place: &Path, reason: &str) {
        let span = self.empty(place);
        self.diagnostics.push(lexical::unreadable_file(span, reason));
    }

    /// The start of a file whose text is not to be had.
    fn empty(&mut self, place: &Path) -> Span {
        Span::new(self.sources.add(self.shown(place), ""), 0, 0)
    }

    pub(super) fn shown(&self, place: &Path) -> String {
        path::shown(place, &self.current)
    }
}

/// The nearest folder above a file that has a manifest.
fn nearest(place: &Path) -> Option<&Path> {
    place.ancestors().skip(1).find(|above| has_manifest(above))
}

/// What is below a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<PathBuf>,
    pub(super) manifests: Vec<PathBuf>,
}

/// The bytes of a plain file, up to one more than `limit`, or why there are none. Anything but a plain file is not opened:
/// a pipe would wait for a writer.
fn read(place: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(place).map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is no plain file".to_owned());
    }
    let mut bytes = Vec::new();
    fs::File::open(place)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| reason(&error))?;
    Ok(bytes)
}
