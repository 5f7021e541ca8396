//! Doing something again whenever files change.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use gov_compiler::manifest;
use notify_debouncer_mini::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{DebounceEventResult, Debouncer, new_debouncer};

use crate::output::{self, Failure, Outcome};

/// How long files must be quiet before they are looked at again: editors write in several strokes.
const QUIET: Duration = Duration::from_millis(100);

/// Runs `work`, and again after every change to a `.gov` file or a manifest in the folders that `roots` gives (true: and
/// below), until the process is ended. The folders are watched before the work begins, so that no change is missed. A failure
/// after the first run is told and waits for the next change.
///
/// # Errors
///
/// If the first run fails, or the folders cannot be watched.
pub fn run(
    roots: impl Fn() -> Result<BTreeMap<PathBuf, bool>, Failure>,
    work: impl Fn() -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let (send, receive) = mpsc::channel();
    let mut debouncer = new_debouncer(QUIET, move |events: DebounceEventResult| {
        // Once nobody receives, the process is about to end.
        let _ = send.send(events);
    })
    .map_err(unwatchable)?;
    let mut watched = BTreeMap::new();
    watch(&mut debouncer, &mut watched, roots()?)?;
    work()?;
    loop {
        output::progress("watching for changes; Ctrl-C ends");
        wait(&receive)?;
        let again = roots().and_then(|roots| watch(&mut debouncer, &mut watched, roots)).and_then(|()| work());
        if let Err(failure) = again {
            output::error(&failure);
        }
    }
}

/// Watches the folders that are not watched yet.
fn watch(
    debouncer: &mut Debouncer<RecommendedWatcher>,
    watched: &mut BTreeMap<PathBuf, bool>,
    roots: BTreeMap<PathBuf, bool>,
) -> Result<(), Failure> {
    for (folder, below) in roots {
        if watched.get(&folder) != Some(&below) {
            let mode = if below { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            debouncer.watcher().watch(&folder, mode).map_err(unwatchable)?;
            watched.insert(folder, below);
        }
    }
    Ok(())
}

fn unwatchable(error: notify::Error) -> Failure {
    Failure::new(format!("cannot watch files: {error}"))
}

/// Waits until something changes that a check reads.
fn wait(events: &mpsc::Receiver<DebounceEventResult>) -> Result<(), Failure> {
    loop {
        match events.recv() {
            Ok(Ok(events)) if events.iter().any(|event| is_read(&event.path)) => return Ok(()),
            Ok(_) => {}
            Err(_) => return Err(Failure::new("cannot watch files any longer")),
        }
    }
}

fn is_read(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("gov")) || path.file_name() == Some(OsStr::new(manifest::FILE_NAME))
}
