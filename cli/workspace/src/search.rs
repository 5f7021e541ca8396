//! From the paths that a user names to the packages that they lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use gov_compiler::diagnostic;
use gov_compiler::errors::package as errors;
use gov_compiler::manifest;
use gov_compiler::source::Span;

use crate::failure::Failure;
use crate::load::{Loaded, Loader, Root, Uses, has_manifest};
use crate::{Dependency, Package, Texts, Workspace};

/// The search as far as it has gone.
pub(crate) struct Search {
    loader: Loader,
    chosen: BTreeSet<Root>,
    /// The manifests that have been taken in: a workspace may name itself, or be named by another.
    taken: BTreeSet<PathBuf>,
    /// The circles that have been reported, each by its packages.
    circles: BTreeSet<BTreeSet<Root>>,
    roots: BTreeMap<PathBuf, bool>,
}

impl Search {
    pub(super) fn new(current: &Path, open: &Texts) -> Self {
        Self {
            loader: Loader::new(current, open),
            chosen: BTreeSet::new(),
            taken: BTreeSet::new(),
            circles: BTreeSet::new(),
            roots: BTreeMap::new(),
        }
    }

    /// Takes in what a path leads to.
    pub(super) fn path(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display().to_string();
        let place = match path.canonicalize() {
            Ok(place) => place,
            // A new file that was not saved yet.
            Err(_) if self.loader.is_open(path) && path.is_absolute() => path.to_owned(),
            Err(error) => return Err(Failure::io("read", &shown, &error)),
        };
        if place.is_dir() {
            return self.folder(&place, &shown);
        }
        let folder = place.parent().unwrap_or(&place).to_owned();
        if place.file_name() == Some(OsStr::new(manifest::FILE_NAME)) {
            self.manifest(&folder);
        } else if place.extension() == Some(OsStr::new("gov")) {
            match self.enclosing_package(&folder) {
                Some(package) => self.choose(Root::Manifest(package)),
                None => self.choose(Root::File(place)),
            }
        } else {
            let help = "name a folder, a `.gov` file or a `gov.toml`";
            return Err(Failure::new(format!("`{shown}` is no `.gov` file")).help(help));
        }
        Ok(())
    }

    /// Everything that was found, read.
    pub(super) fn finish(mut self) -> Workspace {
        let mut packages = Vec::new();
        for root in self.chosen.clone() {
            packages.push(self.package(&root));
        }
        let Loader { sources, mut diagnostics, .. } = self.loader;
        diagnostic::sort(&mut diagnostics);
        Workspace { packages, sources, diagnostics, roots: self.roots }
    }

    fn folder(&mut self, folder: &Path, shown: &str) -> Result<(), Failure> {
        self.roots.insert(folder.to_owned(), true);
        let chosen = self.chosen.len();
        let findings = self.loader.diagnostics.len();
        if has_manifest(folder) {
            self.manifest(folder);
        }
        let listing = self.loader.listing(folder);
        for nested in &listing.manifests {
            self.below(nested);
        }
        match self.enclosing_package(folder) {
            Some(package) if !listing.files.is_empty() || listing.manifests.is_empty() => {
                self.choose(Root::Manifest(package));
            }
            None if !listing.files.is_empty() => self.choose(Root::Folder(folder.to_owned())),
            _ => {}
        }
        if self.chosen.len() == chosen
            && let Some(workspace) = folder.ancestors().find(|above| has_manifest(above))
        {
            self.manifest(workspace);
        }
        if self.chosen.is_empty() && self.loader.diagnostics.len() == findings {
            let help = "`gov new NAME` makes a package to begin with";
            return Err(Failure::new(format!("there is no `.gov` file below `{shown}`")).help(help));
        }
        Ok(())
    }

    /// Takes in a folder with a manifest and all that have one below it.
    fn below(&mut self, folder: &Path) {
        self.manifest(folder);
        for nested in &self.loader.listing(folder).manifests {
            self.below(nested);
        }
    }

    /// Takes in what the manifest of a folder stands for: its package, its workspace's members, or both.
    fn manifest(&mut self, folder: &Path) {
        if !self.taken.insert(folder.to_owned()) {
            return;
        }
        let read = self.loader.manifest(folder);
        if read.manifest.name.is_some() || read.broken {
            self.choose(Root::Manifest(folder.to_owned()));
        }
        for member in read.manifest.members.iter().flatten() {
            self.members(folder, &member.text, member.span);
        }
    }

    /// Takes in the folders that a pattern of a workspace's members stands for.
    fn members(&mut self, folder: &Path, pattern: &str, span: Span) {
        let below = glob::Pattern::escape(&folder.to_string_lossy());
        let what = format!("the member `{pattern}`");
        let matches = match glob::glob(&format!("{below}/{pattern}")) {
            Ok(matches) => matches,
            Err(error) => {
                let reason = format!("is no pattern of folders: {}", error.msg);
                return self.loader.diagnostics.push(errors::missing_dependency(span, &what, &reason));
            }
        };
        let mut found = false;
        for member in matches.filter_map(Result::ok).filter_map(|path| path.canonicalize().ok()) {
            if member.is_dir() && (has_manifest(&member) || !self.loader.listing(&member).files.is_empty()) {
                found = true;
                let root = Root::of_folder(member);
                match &root {
                    Root::Manifest(folder) => self.manifest(folder),
                    _ => self.choose(root),
                }
            }
        }
        if !found {
            self.loader.diagnostics.push(errors::missing_dependency(
                span,
                &what,
                "matches no folder that holds a package",
            ));
        }
    }

    fn choose(&mut self, root: Root) {
        self.watch(&root);
        self.chosen.insert(root);
    }

    fn watch(&mut self, root: &Root) {
        match root {
            Root::Manifest(folder) | Root::Folder(folder) => {
                self.roots.insert(folder.clone(), true);
            }
            Root::File(file) => {
                self.roots.entry(file.parent().unwrap_or(file).to_owned()).or_insert(false);
            }
        }
    }

    /// The nearest folder, this one or above, whose manifest makes it a package; none if a workspace stands in between.
    fn enclosing_package(&mut self, folder: &Path) -> Option<PathBuf> {
        let nearest = folder.ancestors().find(|above| has_manifest(above))?;
        let read = self.loader.manifest(nearest);
        (read.manifest.name.is_some() || read.manifest.members.is_none()).then(|| nearest.to_owned())
    }

    /// A chosen package with everything that it uses.
    fn package(&mut self, root: &Root) -> Package {
        let loaded = self.loader.package(root);
        let mut reach = Reach { broken: loaded.broken, ..Reach::default() };
        let own = loaded.name.clone().unwrap_or_else(|| self.loader.shown(root.path()));
        reach.found.extend(loaded.name.iter().map(|name| (name.clone(), (root.clone(), Vec::new()))));
        reach.path.push((root.clone(), own));
        self.reach(&loaded, &mut reach);
        reach.found.retain(|_, (found, _)| found != root);
        let dependencies = reach.found.into_iter().map(|(name, (_, files))| Dependency { name, files });
        Package {
            name: loaded.name.clone(),
            files: loaded.files.clone(),
            dependencies: dependencies.collect(),
            broken: reach.broken,
        }
    }

    /// Follows what a package uses, depth first.
    fn reach(&mut self, loaded: &Rc<Loaded>, reach: &mut Reach) {
        for Uses { name, root, span } in &loaded.dependencies {
            if let Some(from) = reach.path.iter().position(|(on_path, _)| on_path == root) {
                let circle = || reach.path.iter().skip(from);
                if self.circles.insert(circle().map(|(root, _)| root.clone()).collect()) {
                    let mut names: Vec<&str> = circle().map(|(_, name)| name.as_str()).collect();
                    names.extend(names.first().copied());
                    self.loader.diagnostics.push(errors::dependency_cycle(*span, &names));
                }
                reach.broken = true;
                continue;
            }
            if let Some((known, _)) = reach.found.get(name) {
                if known != root {
                    let (one, other) = (self.loader.shown(known.path()), self.loader.shown(root.path()));
                    self.loader.diagnostics.push(errors::dependency_twice(*span, name, &one, &other));
                    reach.broken = true;
                }
                continue;
            }
            let used = self.loader.package(root);
            self.watch(root);
            reach.broken |= used.broken;
            reach.found.insert(name.clone(), (root.clone(), used.files.clone()));
            reach.path.push((root.clone(), name.clone()));
            self.reach(&used, reach);
            reach.path.pop();
        }
    }
}

/// What has been reached from a package.
#[derive(Default)]
struct Reach {
    /// The packages from the first to the one at hand.
    path: Vec<(Root, String)>,
    found: BTreeMap<String, (Root, Vec<crate::File>)>,
    broken: bool,
}
