//! The handlers of what is on this machine: files, databases, values, texts.

use std::path::{Path, PathBuf};

use gov_runtime::gate::Handlers;
use gov_runtime::handlers::worker::Worker;
use gov_runtime::handlers::{files, json, kv, regex, sqlite, template};

use crate::output::{self, Failure};

/// The command of this program that runs filters and patterns.
pub const WORKER: &str = "worker";

/// Registers them: files and databases below the roots, but for those that are `secret`, and what they keep beside the database
/// of the runs.
///
/// # Errors
///
/// If a root cannot be opened, or this program is not to be found.
pub fn register(handlers: &mut Handlers, roots: &[PathBuf], db: &Path, secret: &[PathBuf]) -> Result<(), Failure> {
    let root = |error: std::io::Error| Failure::new(format!("cannot use a root: {}", output::reason(&error)));
    let private: Vec<PathBuf> = [db.to_owned()].into_iter().chain(secret.iter().cloned()).collect();
    files::register(handlers, roots, &beside(db, "-files"), &private).map_err(root)?;
    sqlite::register(handlers, roots, &private).map_err(root)?;
    kv::register(handlers, &beside(db, "-kv"));
    template::register(handlers);
    let own = std::env::current_exe().map_err(|error| Failure::io("find", "gov", &error))?;
    let worker = Worker::new(own, &[WORKER]);
    regex::register(handlers, worker.clone());
    json::register(handlers, worker);
    Ok(())
}

/// A path beside another one, with an ending of its own.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
