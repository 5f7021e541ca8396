//! Which files may be touched.
//!
//! A path is opened relative to a root by its descriptor, and cannot lead out of it: not by `..`, not by a symbolic link, not
//! by one that is put there while the path is followed (cap-std opens with `openat2` and `RESOLVE_BENEATH` where the kernel
//! has it).

use crate::gate::Error;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The folders below which files may be touched; the first is what relative paths start from.
pub(super) struct Roots(Vec<(PathBuf, Dir)>);

/// A file or folder below a root, there or not.
pub(super) struct Place<'r> {
    /// As it was asked for, for messages.
    pub(super) name: String,
    /// The root.
    root: &'r Path,
    /// The root, open.
    pub(super) dir: &'r Dir,
    /// Where it is below the root; `.` for the root itself.
    pub(super) path: PathBuf,
}

impl Roots {
    pub(super) fn open(roots: &[PathBuf]) -> io::Result<Roots> {
        let open = |root: &PathBuf| {
            let root = root.canonicalize()?;
            let dir = Dir::open_ambient_dir(&root, ambient_authority())?;
            Ok((root, dir))
        };
        roots.iter().map(open).collect::<io::Result<_>>().map(Roots)
    }

    /// Finds the root that a path is below.
    pub(super) fn find(&self, path: &str) -> Result<Place<'_>, Error> {
        if path.is_empty() || path.contains('\0') {
            return Err(Error::Permanent("a path has to name a file".to_owned()));
        }
        let outside = || Error::Permanent(format!("`{path}` is not below a folder that this deployment allows"));
        // Only what the text of the path says; symbolic links are followed, and refused, when it is opened.
        let plain = plain(Path::new(path)).ok_or_else(outside)?;
        let below = |root: &Path| match plain.is_absolute() {
            true => plain.strip_prefix(root).ok(),
            false => Some(&*plain),
        };
        let found = self.0.iter().find_map(|(root, dir)| Some((root, dir, below(root)?)));
        let (root, dir, below) = found.ok_or_else(outside)?;
        let below = if below.as_os_str().is_empty() { Path::new(".") } else { below };
        Ok(Place { name: path.to_owned(), root, dir, path: below.to_path_buf() })
    }
}

impl Place<'_> {
    /// The whole path, under which it is found again.
    pub(super) fn full(&self) -> String {
        self.root.join(&self.path).to_string_lossy().into_owned()
    }

    /// The whole path of another place below the same root.
    pub(super) fn full_of(&self, path: &Path) -> String {
        self.root.join(path).to_string_lossy().into_owned()
    }

    /// A root itself can be neither moved nor deleted.
    pub(super) fn refuse_root(&self) -> Result<(), Error> {
        match self.path == Path::new(".") {
            true => {
                Err(Error::Permanent(format!("`{}` is a folder that this deployment allows, and stays", self.name)))
            }
            false => Ok(()),
        }
    }
}

/// A path without `.` and `..`; nothing where it leads above its beginning.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            other => plain.push(other),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_taken_out_and_lead_nowhere_above() {
        let plain = |path: &str| plain(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(plain("a/./b/../c").as_deref(), Some("a/c"));
        assert_eq!(plain("../a"), None);
        assert_eq!(plain("a/../../b"), None);
        assert_eq!(plain("/a/../b").as_deref(), Some("/b"));
    }
}
