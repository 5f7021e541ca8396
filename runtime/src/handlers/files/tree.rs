//! Files and folders with all that is in them: looked at, kept, put back.

use super::kept::Kept;
use super::roots::Place;
use super::times::Times;
use cap_std::fs::{Dir, DirBuilder, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What stands at a path, without what is in it.
pub(super) enum Known {
    /// Nothing.
    Absent,
    /// A file with these permissions.
    File { mode: u32 },
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
}

/// What stood at a path, whole.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tree {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// The hash of its content.
        content: String,
        /// Its permissions.
        mode: u32,
        /// When it was read and changed.
        times: Times,
    },
    /// A folder.
    Folder {
        /// Its permissions.
        mode: u32,
        /// When it was read and changed.
        times: Times,
        /// What is in it.
        entries: BTreeMap<String, Tree>,
    },
    /// A symbolic link.
    Link {
        /// Where it leads.
        target: PathBuf,
        /// When it was read and changed.
        times: Times,
    },
}

/// The deepest nesting of folders that is kept.
const MAX_DEPTH: u32 = 128;

/// Looks at what stands at a place.
pub(super) fn look(place: &Place) -> io::Result<Known> {
    match place.dir.symlink_metadata(&place.path) {
        Ok(found) if found.is_symlink() => Ok(Known::Link),
        Ok(found) if found.is_dir() => Ok(Known::Folder),
        Ok(found) => Ok(Known::File { mode: found.mode() & 0o7777 }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Known::Absent),
        Err(error) => Err(error),
    }
}

/// Keeps what stands at a place.
pub(super) fn read(place: &Place, kept: &Kept) -> io::Result<Tree> {
    read_below(place.dir, &place.path, kept, 0)
}

fn read_below(dir: &Dir, path: &Path, kept: &Kept, depth: u32) -> io::Result<Tree> {
    if depth > MAX_DEPTH {
        return Err(io::Error::other("folders are nested too deep to be kept"));
    }
    let found = match dir.symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tree::Absent),
        Err(error) => return Err(error),
    };
    // Before it is read, which may change them.
    let times = Times::of(&found);
    let mode = found.mode() & 0o7777;
    if found.is_symlink() {
        return Ok(Tree::Link { target: dir.read_link_contents(path)?, times });
    }
    if found.is_dir() {
        let mut entries = BTreeMap::new();
        for entry in dir.read_dir(path)? {
            let name = entry?.file_name();
            let Ok(name) = name.into_string() else {
                return Err(io::Error::other("a name in it is not UTF-8"));
            };
            let tree = read_below(dir, &path.join(&name), kept, depth + 1)?;
            entries.insert(name, tree);
        }
        return Ok(Tree::Folder { mode, times, entries });
    }
    if !found.is_file() {
        return Err(io::Error::other("it is neither a file nor a folder"));
    }
    let content = kept.keep_content(dir.open(path)?)?;
    Ok(Tree::File { content, mode, times })
}

/// Puts back what stood at a place, for the call of a token.
pub(super) fn put_back(place: &Place, tree: &Tree, kept: &Kept, token: &str) -> io::Result<()> {
    put_back_below(place.dir, &place.path, tree, kept, token)?;
    sweep(place, token)
}

fn put_back_below(dir: &Dir, path: &Path, tree: &Tree, kept: &Kept, token: &str) -> io::Result<()> {
    match tree {
        Tree::Absent => {
            // What a call added was a file. A folder that stands there now is somebody else's.
            if dir.symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            remove_below(dir, path)
        }
        Tree::File { content, mode, times } => {
            if dir.symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
                remove_below(dir, path)?;
            }
            if let Some(folder) = parent(path) {
                dir.create_dir_all(folder)?;
            }
            let mut content = kept.content(content)?;
            create(dir, path, Some(*mode), token, |file| io::copy(&mut content, file).map(|_| ()))?;
            times.set(dir, path)
        }
        Tree::Folder { mode, times, entries } => {
            if dir.symlink_metadata(path).is_ok_and(|found| !found.is_dir()) {
                remove_below(dir, path)?;
            }
            match dir.create_dir_with(path, &DirBuilder::new()) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            for (name, entry) in entries {
                put_back_below(dir, &path.join(name), entry, kept, token)?;
            }
            sweep_below(dir, path, token)?;
            dir.set_permissions(path, Permissions::from_mode(*mode))?;
            // After what is in it, which changes them.
            times.set(dir, path)
        }
        Tree::Link { target, times } => {
            if !dir.read_link_contents(path).is_ok_and(|found| found == *target) {
                remove_below(dir, path)?;
                dir.symlink_contents(target, path)?;
            }
            times.set(dir, path)
        }
    }
}

/// Makes a file that is whole or as it was: under another name first, then by its own. The other name says the token of the
/// call, so that what a crash leaves of it is found ([`sweep`]).
pub(super) fn write(
    place: &Place,
    mode: Option<u32>,
    token: &str,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    create(place.dir, &place.path, mode, token, fill)
}

/// Takes away what a crash left of files that the call of a token was making beside a place.
pub(super) fn sweep(place: &Place, token: &str) -> io::Result<()> {
    sweep_below(place.dir, parent(&place.path).unwrap_or(Path::new(".")), token)
}

fn sweep_below(dir: &Dir, folder: &Path, token: &str) -> io::Result<()> {
    let entries = match dir.read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with(&format!(".gov-{token}-")) {
            dir.remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

fn create(
    dir: &Dir,
    path: &Path,
    mode: Option<u32>,
    token: &str,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    if path.file_name().is_none() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let new = path.with_file_name(format!(".gov-{token}-{}", uuid::Uuid::new_v4().simple()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode.unwrap_or(0o666));
    let file = dir.open_with(&new, &options)?;
    let written = (|| {
        let mut file = file.into_std();
        fill(&mut file)?;
        if let Some(mode) = mode {
            // What the process takes off new files is not taken off one that had it.
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        }
        file.sync_all()?;
        dir.rename(&new, dir, path)
    })();
    if written.is_err() {
        // It would only lie about.
        let _ = dir.remove_file(&new);
    }
    written?;
    let folder = parent(path).unwrap_or(Path::new("."));
    dir.open(folder)?.sync_all()
}

/// Takes away what stands at a place, and all that is in it.
pub(super) fn remove(place: &Place) -> io::Result<()> {
    remove_below(place.dir, &place.path)
}

fn remove_below(dir: &Dir, path: &Path) -> io::Result<()> {
    let removed = match dir.symlink_metadata(path) {
        Ok(found) if found.is_dir() => dir.remove_dir_all(path),
        Ok(_) => dir.remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The folder that a path lies in, unless that is where it starts from.
pub(super) fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}
