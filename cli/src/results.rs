//! What the check of packages found: shared by all commands that need a package without errors.

use std::collections::BTreeSet;
use std::path::PathBuf;

use gov_compiler::codes::Code;
use gov_compiler::package::{Checked, Obligations};
use gov_compiler::verify::Options;
use gov_workspace::{Package, Workspace};

use crate::render::{Part, Report};

/// Packages and what the check of each of them found.
pub struct Results {
    /// The packages, and what is wrong with how they are laid out.
    pub workspace: Workspace,
    /// What was found in each that could be read, in order.
    pub checked: Vec<Checked>,
}

impl Results {
    /// Checks and proves every package of a workspace.
    pub fn of(workspace: Workspace, options: &Options<'_>) -> Self {
        Self::checked(workspace, Some(options))
    }

    /// Checks every package of a workspace, and proves nothing: acceptances of what proofs find are left alone.
    pub fn unproved(workspace: Workspace) -> Self {
        Self::checked(workspace, None)
    }

    fn checked(workspace: Workspace, options: Option<&Options<'_>>) -> Self {
        let mut findings = Findings::of(&workspace.packages);
        let whole = workspace.packages.iter().filter(|package| !package.broken);
        let checked = whole.map(|package| {
            let mut checked = gov_compiler::check(&package.input());
            if let Some(options) = options {
                // Nothing cancels it: it is the process that ends.
                let _ = gov_compiler::prove(&mut checked, options);
            }
            findings.keep_new(package, &mut checked);
            checked
        });
        Self { checked: checked.collect(), workspace }
    }

    /// What is shown of it.
    pub fn report(&self) -> Report<'_> {
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
    pub fn place(&self, path: &str) -> Option<&PathBuf> {
        let files = self.workspace.packages.iter().flat_map(|package| &package.files);
        files.filter(|file| file.path == path).map(|file| &file.place).next()
    }
}

/// How packages are proved where nothing is said.
pub fn options() -> Options<'static> {
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
