//! Which processes that use the database are alive.
//!
//! Each holds a lock on a file of its own beside the database for as long as it lives. The system lets go of it the moment
//! the process ends, however it ends: so a run is taken over at once after a crash, and never from a process that is merely
//! slow. It takes no clock, and no traffic.

use crate::host::Error;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often the folder may go away while this process comes.
const MOST_TRIES: u32 = 1_000;

/// This process among the owners.
pub struct Owners {
    folder: PathBuf,
    process: Arc<str>,
    /// Holds the lock.
    _file: File,
}

impl Owners {
    /// Joins the owners of a database.
    pub fn join(database: &Path, process: &str) -> Result<Owners, Error> {
        let mut folder = database.as_os_str().to_owned();
        folder.push("-owners");
        let folder = PathBuf::from(folder);
        let failed = |error: std::io::Error| Error::Io(format!("cannot use `{}`: {error}", folder.display()));
        // The last owner takes the folder with it, perhaps just when it was found to be there.
        let mut tries = 0..MOST_TRIES;
        let file = loop {
            let made = std::fs::create_dir_all(&folder).and_then(|()| File::create(folder.join(process)));
            match made {
                Err(error) if is_gone(&error) && tries.next().is_some() => {}
                made => break made.map_err(failed)?,
            }
        };
        file.lock().map_err(failed)?;
        Ok(Owners { folder, process: process.into(), _file: file })
    }

    /// This process.
    pub fn process(&self) -> Arc<str> {
        Arc::clone(&self.process)
    }

    /// Whether a process is alive. One that cannot be asked about is taken to be.
    pub fn is_alive(&self, process: &str) -> bool {
        if process == &*self.process {
            return true;
        }
        let path = self.folder.join(process);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) => return error.kind() != std::io::ErrorKind::NotFound,
        };
        match file.try_lock() {
            Ok(()) => {
                // It is nobody's any more. If it cannot be removed, the next one finds it so too.
                let _ = std::fs::remove_file(&path);
                false
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
        }
    }
}

impl Drop for Owners {
    fn drop(&mut self) {
        // What stays behind is not locked any more, and is removed by whoever looks next; the folder goes with the last.
        let _ = std::fs::remove_file(self.folder.join(&*self.process));
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// Whether the folder went away, after it was found to be there or after it was made.
fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::AlreadyExists)
}
