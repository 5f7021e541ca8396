//! Files and folders with all that is in them: looked at, kept, put back.

use super::MOST_ENTRIES;
use super::kept::Kept;
use super::roots::Place;
use super::times::Times;
use crate::handlers::blocking::{Until, in_time};
use cap_std::fs::{Dir, DirBuilder, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

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

/// Opens a file to read it. Whatever else stands there is refused, and not waited for: a pipe that nobody writes to would be
/// opened never.
pub(super) fn open(dir: &Dir, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let at_once = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = dir.open_with(path, options.read(true).custom_flags(at_once))?;
    match file.metadata()? {
        found if found.is_file() => Ok(file.into_std()),
        found if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::other("it is no file")),
    }
}

/// How what stands at a place is kept.
pub(super) struct Reading<'k> {
    /// Where.
    pub(super) kept: &'k Kept,
    /// How long.
    pub(super) until: Instant,
    /// How many files and folders it is so far.
    pub(super) entries: usize,
}

/// Keeps what stands at a place.
pub(super) fn read(place: &Place, mut reading: Reading<'_>) -> io::Result<Tree> {
    read_below(place.dir, &place.path, &mut reading, 0)
}

fn read_below(dir: &Dir, path: &Path, reading: &mut Reading<'_>, depth: u32) -> io::Result<Tree> {
    in_time(reading.until)?;
    if depth > MAX_DEPTH {
        return Err(io::Error::other("folders are nested too deep to be kept"));
    }
    if reading.entries >= MOST_ENTRIES {
        return Err(io::Error::other(format!("more than {MOST_ENTRIES} files and folders are not kept")));
    }
    reading.entries += 1;
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
            let tree = read_below(dir, &path.join(&name), reading, depth + 1)?;
            entries.insert(name, tree);
        }
        return Ok(Tree::Folder { mode, times, entries });
    }
    if !found.is_file() {
        return Err(io::Error::other("it is neither a file nor a folder"));
    }
    let content = reading.kept.keep_content(Until::new(open(dir, path)?, reading.until))?;
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
            // However long it takes: an undo that stopped half-way would begin anew, and be no faster.
            create(dir, path, Some(*mode), token, None, |file| io::copy(&mut content, file).map(|_| ()))?;
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

/// Makes a file that is whole or as it was, unless it is late: under another name first, then by its own. The other name says the token of the
/// call, so that what a crash leaves of it is found ([`sweep`]).
pub(super) fn write(
    place: &Place,
    mode: Option<u32>,
    token: &str,
    until: Instant,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    create(place.dir, &place.path, mode, token, Some(until), fill)
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
    until: Option<Instant>,
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
        // Who asked may be gone by now, and what was done before may be undone already.
        until.map_or(Ok(()), in_time)?;
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
