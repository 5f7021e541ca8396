//! When something was read and changed.

use cap_std::fs::{Dir, Metadata, MetadataExt};
use rustix::fs::{AtFlags, Timespec, Timestamps, utimensat};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// When something was read and changed: seconds since 1970, and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Times {
    read: (i64, i64),
    changed: (i64, i64),
}

impl Times {
    pub(super) fn of(found: &Metadata) -> Times {
        Times { read: (found.atime(), found.atime_nsec()), changed: (found.mtime(), found.mtime_nsec()) }
    }

    /// Sets them on what stands at a path: on a link itself, not on what it leads to.
    pub(super) fn set(&self, dir: &Dir, path: &Path) -> io::Result<()> {
        let at = |(seconds, nanoseconds): (i64, i64)| Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let times = Timestamps { last_access: at(self.read), last_modification: at(self.changed) };
        let name = path.file_name().map_or(Path::new("."), Path::new);
        // The folder is opened below the root, and only a name is looked up in it.
        match super::tree::parent(path) {
            Some(folder) => utimensat(dir.open_dir(folder)?, name, &times, AtFlags::SYMLINK_NOFOLLOW)?,
            None => utimensat(dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)?,
        }
        Ok(())
    }
}
