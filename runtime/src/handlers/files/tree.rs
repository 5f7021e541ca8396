//! Files and folders with all that is in them: looked at, kept, put back.

use super::kept::Kept;
use super::roots::Place;
use cap_std::fs::{Dir, DirBuilder, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

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
        /// When it was changed, in nanoseconds since 1970.
        changed: u64,
    },
    /// A folder.
    Folder {
        /// Its permissions.
        mode: u32,
        /// What is in it.
        entries: BTreeMap<String, Tree>,
    },
    /// A symbolic link.
    Link {
        /// Where it leads.
        target: PathBuf,
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
    let mode = found.mode() & 0o7777;
    if found.is_symlink() {
        return Ok(Tree::Link { target: dir.read_link_contents(path)? });
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
        return Ok(Tree::Folder { mode, entries });
    }
    if !found.is_file() {
        return Err(io::Error::other("it is neither a file nor a folder"));
    }
    let content = kept.keep_content(dir.open(path)?)?;
    let since = found.modified().ok().and_then(|at| at.into_std().duration_since(SystemTime::UNIX_EPOCH).ok());
    let changed = since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0);
    Ok(Tree::File { content, mode, changed })
}

/// Puts back what stood at a place.
pub(super) fn put_back(place: &Place, tree: &Tree, kept: &Kept) -> io::Result<()> {
    put_back_below(place.dir, &place.path, tree, kept)
}

fn put_back_below(dir: &Dir, path: &Path, tree: &Tree, kept: &Kept) -> io::Result<()> {
    match tree {
        Tree::Absent => remove_below(dir, path),
        Tree::File { content, mode, changed } => {
            if dir.symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
                remove_below(dir, path)?;
            }
            if let Some(folder) = parent(path) {
                dir.create_dir_all(folder)?;
            }
            let changed = SystemTime::UNIX_EPOCH + Duration::from_nanos(*changed);
            write_below(dir, path, &kept.content(content)?, Some(*mode), Some(changed))
        }
        Tree::Folder { mode, entries } => {
            if dir.symlink_metadata(path).is_ok_and(|found| !found.is_dir()) {
                remove_below(dir, path)?;
            }
            match dir.create_dir_with(path, &DirBuilder::new()) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            for (name, entry) in entries {
                put_back_below(dir, &path.join(name), entry, kept)?;
            }
            dir.set_permissions(path, Permissions::from_mode(*mode))
        }
        Tree::Link { target } => {
            if dir.read_link_contents(path).is_ok_and(|found| found == *target) {
                return Ok(());
            }
            remove_below(dir, path)?;
            dir.symlink_contents(target, path)
        }
    }
}

/// Writes a file that is whole or as it was: under another name first, then by its own.
pub(super) fn write(place: &Place, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    write_below(place.dir, &place.path, content, mode, None)
}

fn write_below(
    dir: &Dir,
    path: &Path,
    content: &[u8],
    mode: Option<u32>,
    changed: Option<SystemTime>,
) -> io::Result<()> {
    let Some(name) = path.file_name() else { return Err(io::ErrorKind::IsADirectory.into()) };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}", uuid::Uuid::new_v4().simple()));
    let new = path.with_file_name(hidden);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode.unwrap_or(0o666));
    let file = dir.open_with(&new, &options)?;
    let written = (|| {
        let mut file = file.into_std();
        file.write_all(content)?;
        if let Some(mode) = mode {
            // What the process takes off new files is not taken off one that had it.
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        }
        if let Some(changed) = changed {
            file.set_modified(changed)?;
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

fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}
