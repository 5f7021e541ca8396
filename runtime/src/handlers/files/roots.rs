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

/// The folders below which files may be touched.
pub(in crate::handlers) struct Roots {
    /// The first is what relative paths start from.
    roots: Vec<(PathBuf, Dir)>,
    /// What lies below them and is not for runs: the journal, and what is kept beside it.
    private: Vec<PathBuf>,
}

/// A file or folder below a root, there or not.
pub(in crate::handlers) struct Place<'r> {
    /// As it was asked for, for messages.
    pub(in crate::handlers) name: String,
    /// All roots.
    roots: &'r Roots,
    /// The root.
    root: &'r Path,
    /// The root, open.
    pub(super) dir: &'r Dir,
    /// Where it is below the root; `.` for the root itself.
    pub(super) path: PathBuf,
}

impl Roots {
    pub(in crate::handlers) fn open(roots: &[PathBuf], private: &[PathBuf]) -> io::Result<Roots> {
        let open = |root: &PathBuf| {
            let root = root.canonicalize()?;
            let dir = Dir::open_ambient_dir(&root, ambient_authority())?;
            Ok((root, dir))
        };
        let roots = roots.iter().map(open).collect::<io::Result<_>>()?;
        let private = private.iter().map(|path| resolved(path)).collect::<io::Result<_>>()?;
        Ok(Roots { roots, private })
    }

    /// Finds the root that a path is below.
    pub(in crate::handlers) fn find(&self, path: &str) -> Result<Place<'_>, Error> {
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
        let found = self.roots.iter().find_map(|(root, dir)| Some((root, dir, below(root)?)));
        let (root, dir, below) = found.ok_or_else(outside)?;
        let below = if below.as_os_str().is_empty() { Path::new(".") } else { below };
        let place = Place { name: path.to_owned(), roots: self, root, dir, path: below.to_path_buf() };
        match place.is_private(below) {
            false => Ok(place),
            true => Err(Error::Permanent(format!(
                "`{path}` is not for runs: it is part of their journal, or holds a secret"
            ))),
        }
    }
}

impl Place<'_> {
    /// The whole path, under which it is found again.
    pub(in crate::handlers) fn full(&self) -> String {
        self.root.join(&self.path).to_string_lossy().into_owned()
    }

    /// The whole path of another place below the same root.
    pub(super) fn full_of(&self, path: &Path) -> String {
        self.root.join(path).to_string_lossy().into_owned()
    }

    /// Whether a path below the same root is not for runs, links on the way to it included.
    pub(super) fn is_private(&self, path: &Path) -> bool {
        if self.roots.private.is_empty() {
            return false;
        }
        let real = self.dir.canonicalize(path).or_else(|_| {
            let folder = self.dir.canonicalize(super::tree::parent(path).unwrap_or(Path::new(".")))?;
            Ok::<_, io::Error>(path.file_name().map_or(folder.clone(), |name| folder.join(name)))
        });
        // What cannot be followed cannot be opened either.
        let full = self.root.join(real.as_deref().unwrap_or(path));
        self.roots.private.iter().any(|private| is_part(private, &full))
    }

    /// Whether something stands there that is neither a file nor a folder nor a link: a pipe or a device.
    pub(in crate::handlers) fn is_odd(&self) -> bool {
        let found = self.dir.symlink_metadata(&self.path);
        found.is_ok_and(|found| !found.is_file() && !found.is_dir() && !found.is_symlink())
    }

    /// A root itself can be neither moved nor deleted, nor can what has in it what is not for runs.
    pub(super) fn refuse_root(&self) -> Result<(), Error> {
        let full = self.root.join(&self.path);
        let holds = self.roots.private.iter().any(|private| private.starts_with(&full));
        match self.path == Path::new(".") || holds {
            true => Err(Error::Permanent(format!("`{}` is a folder that this deployment needs, and stays", self.name))),
            false => Ok(()),
        }
    }
}

/// Whether a path is a private one, below it, or beside it under its name with `-` after it, as databases have files.
fn is_part(private: &Path, full: &Path) -> bool {
    let mut beside = private.as_os_str().to_owned();
    beside.push("-");
    let name = |path: &Path| path.as_os_str().as_encoded_bytes().to_vec();
    full.starts_with(private) || name(full).starts_with(beside.as_encoded_bytes())
}

/// The real path of what is there, or will be in a folder that is there.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Ok(real);
    }
    let path = std::path::absolute(path)?;
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => Ok(folder.canonicalize().unwrap_or(folder.to_owned()).join(name)),
        _ => Ok(path),
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
