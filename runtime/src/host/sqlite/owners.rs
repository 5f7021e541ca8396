//! Which processes that use the database are alive.
//!
//! Each holds a lock on a file of its own beside the database for as long as it lives. The system lets go of it the moment
//! the process ends, however it ends: so a run is taken over at once after a crash, and never from a process that is merely
//! slow. It takes no clock, and no traffic.

use crate::host::Error;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let file = File::create(folder.join(process)).map_err(failed)?;
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
