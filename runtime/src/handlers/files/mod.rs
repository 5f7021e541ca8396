//! `io.fs` and `sys.archive`: files below the roots that the deployment allows.
//!
//! Whatever changes a file first keeps what it replaces, durably, under a token; `io.fs.restore` puts it back, with modes and
//! times, those of the folder around it included. The token is that of the call's key, so that a call that is made again
//! keeps what was there before the first attempt.

mod archive;
mod kept;
pub(super) mod roots;
#[cfg(test)]
mod tests;
mod times;
mod tree;

use super::blocking::{Blocking, Operation, Until, deadline, in_time, token};
use crate::gate::{Call, Error, Handlers, Probe};
use kept::{Change, Kept};
use roots::{Place, Roots};
use serde_json::{Value as Json, json};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use times::Times;
use tree::{Known, Reading};

/// The largest file that is read into an answer, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// The most files and folders that a call lists, keeps or puts into an archive. Fewer in tests, which have to make them.
const MOST_ENTRIES: usize = if cfg!(test) { 1_000 } else { 100_000 };

/// The operations, by the ids of their capabilities.
const OPERATIONS: [(&str, Operation<Files>); 13] = [
    ("io.fs.read_file", read_file),
    ("io.fs.exists", exists),
    ("io.fs.list_dir", list_dir),
    ("io.fs.hash_file", hash_file),
    ("io.fs.write_file", write_file),
    ("io.fs.write_bytes", write_bytes),
    ("io.fs.make_dir", make_dir),
    ("io.fs.delete", delete),
    ("io.fs.move", move_to),
    ("io.fs.copy", copy),
    ("io.fs.restore", restore),
    ("sys.archive.zip", archive::zip),
    ("sys.archive.restore", restore),
];

/// Registers the handlers of `io.fs` and `sys.archive`: files below `roots`, and what they replace below `keep`. Neither
/// that folder nor what is `private` can be touched: the journal, for instance, with the files that its name begins.
///
/// # Errors
///
/// If a root is no folder.
pub fn register(handlers: &mut Handlers, roots: &[PathBuf], keep: &Path, private: &[PathBuf]) -> io::Result<()> {
    let private: Vec<PathBuf> = private.iter().cloned().chain([keep.to_owned()]).collect();
    let files = Arc::new(Files { roots: Roots::open(roots, &private)?, kept: Kept::at(keep) });
    for (capability, operation) in OPERATIONS {
        handlers.builtin(capability, Arc::new(Blocking::probing(&files, operation, probe)));
    }
    Ok(())
}

struct Files {
    roots: Roots,
    kept: Kept,
}

/// What was replaced is kept before anything is changed: where nothing is kept, nothing happened.
fn probe(files: &Files, call: &Call) -> Probe {
    match files.kept.change(&token(call.key())) {
        Ok(None) => Probe::DidNotHappen,
        Ok(Some(_)) | Err(_) => Probe::CannotTell,
    }
}

fn read_file(files: &Files, call: &Call) -> Result<Json, Error> {
    let place = files.roots.find(call.text("path")?)?;
    let mut text = String::new();
    let file = tree::open(place.dir, &place.path).map_err(|error| failed("read", &place, &error))?;
    let size = file.metadata().map_err(|error| failed("read", &place, &error))?.len();
    let too_large = || Err(Error::Permanent(format!("`{}` is larger than {MOST_BYTES} bytes", place.name)));
    if size > MOST_BYTES {
        return too_large();
    }
    match Until::new(file, deadline(call)).take(MOST_BYTES + 1).read_to_string(&mut text) {
        // It may grow while it is read.
        Ok(read) if read as u64 > MOST_BYTES => too_large(),
        Ok(_) => Ok(json!({ "content": text })),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(Error::Permanent(format!("`{}` is not UTF-8 text", place.name)))
        }
        Err(error) => Err(failed("read", &place, &error)),
    }
}

fn exists(files: &Files, call: &Call) -> Result<Json, Error> {
    let place = files.roots.find(call.text("path")?)?;
    match place.dir.symlink_metadata(&place.path) {
        Ok(_) => Ok(json!({ "exists": true })),
        Err(error) if is_missing(&error) => Ok(json!({ "exists": false })),
        Err(error) => Err(failed("look at", &place, &error)),
    }
}

fn list_dir(files: &Files, call: &Call) -> Result<Json, Error> {
    let (place, until) = (files.roots.find(call.text("path")?)?, deadline(call));
    let mut names = Vec::new();
    for entry in place.dir.read_dir(&place.path).map_err(|error| failed("list", &place, &error))? {
        let name = entry.and_then(|entry| in_time(until).map(|()| entry.file_name()));
        let name = name.map_err(|error| failed("list", &place, &error))?;
        if names.len() >= MOST_ENTRIES {
            return Err(Error::Permanent(format!("`{}` has more than {MOST_ENTRIES} names in it", place.name)));
        }
        match name.into_string() {
            Ok(name) => names.push(name),
            Err(_) => return Err(Error::Permanent(format!("`{}` has a name in it that is not UTF-8", place.name))),
        }
    }
    names.sort();
    Ok(json!({ "entries": names }))
}

fn hash_file(files: &Files, call: &Call) -> Result<Json, Error> {
    let place = files.roots.find(call.text("path")?)?;
    let file = tree::open(place.dir, &place.path).map_err(|error| failed("read", &place, &error))?;
    let hash = kept::hash_of(Until::new(file, deadline(call))).map_err(|error| failed("read", &place, &error))?;
    Ok(json!({ "sha256": hash }))
}

fn write_file(files: &Files, call: &Call) -> Result<Json, Error> {
    write(files, call, call.text("content")?.as_bytes())
}

fn write_bytes(files: &Files, call: &Call) -> Result<Json, Error> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(call.text("base64")?)
        .map_err(|error| Error::Permanent(format!("`base64` is not Base64: {error}")))?;
    write(files, call, &bytes)
}

fn write(files: &Files, call: &Call, content: &[u8]) -> Result<Json, Error> {
    let (place, until) = (files.roots.find(call.text("path")?)?, deadline(call));
    let known = tree::look(&place).map_err(|error| failed("look at", &place, &error))?;
    let mode = match &known {
        Known::Absent => None,
        Known::File { mode } => Some(*mode),
        Known::Folder | Known::Link => {
            return Err(Error::Permanent(format!("`{}` is there, and no file", place.name)));
        }
    };
    let saved = keep(files, call, || Ok(around(&place).into_iter().chain([change(files, &place, until)?]).collect()))?;
    tree::write(&place, mode, &saved, until, |file| file.write_all(content))
        .map_err(|error| failed("write", &place, &error))?;
    Ok(json!({ "saved": saved }))
}

fn make_dir(files: &Files, call: &Call) -> Result<Json, Error> {
    let place = files.roots.find(call.text("path")?)?;
    let saved = keep(files, call, || {
        // The folders that are not there yet, outermost first.
        let mut missing = Vec::new();
        for path in place.path.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            match place.dir.symlink_metadata(path) {
                Ok(_) => break,
                Err(error) if is_missing(&error) => missing.push(Change::folder(&place, path)),
                Err(error) => return Err(failed("look at", &place, &error)),
            }
        }
        missing.reverse();
        // The folder that the outermost of them is made in.
        let outermost = place.path.ancestors().nth(missing.len().saturating_sub(1)).filter(|_| !missing.is_empty());
        Ok(outermost.and_then(|path| around_of(&place, path)).into_iter().chain(missing).collect())
    })?;
    place.dir.create_dir_all(&place.path).map_err(|error| failed("make", &place, &error))?;
    Ok(json!({ "saved": saved }))
}

fn delete(files: &Files, call: &Call) -> Result<Json, Error> {
    let place = files.roots.find(call.text("path")?)?;
    place.refuse_root()?;
    let (token, until) = (token(call.key()), deadline(call));
    let known = tree::look(&place).map_err(|error| failed("look at", &place, &error))?;
    if matches!(known, Known::Absent) {
        // An attempt before this one may have deleted it, and its answer may be lost.
        return match files.kept.change(&token)? {
            Some(_) => Ok(json!({ "saved": token })),
            None => Err(Error::Permanent(format!("`{}` is not there", place.name))),
        };
    }
    let saved = keep(files, call, || Ok(around(&place).into_iter().chain([change(files, &place, until)?]).collect()))?;
    in_time(until).and_then(|()| tree::remove(&place)).map_err(|error| failed("delete", &place, &error))?;
    Ok(json!({ "saved": saved }))
}

fn move_to(files: &Files, call: &Call) -> Result<Json, Error> {
    let (from, to) = (files.roots.find(call.text("from")?)?, files.roots.find(call.text("to")?)?);
    from.refuse_root()?;
    let token = token(call.key());
    let here = tree::look(&from).map_err(|error| failed("look at", &from, &error))?;
    let there = tree::look(&to).map_err(|error| failed("look at", &to, &error))?;
    match (here, there, files.kept.change(&token)?) {
        // An attempt before this one moved it.
        (Known::Absent, Known::File { .. } | Known::Folder | Known::Link, Some(_)) => {
            return Ok(json!({ "saved": token }));
        }
        (Known::Absent, ..) => return Err(Error::Permanent(format!("`{}` is not there", from.name))),
        (_, Known::Absent, _) => {}
        (_, _, _) => return Err(Error::Permanent(format!("`{}` is there already", to.name))),
    }
    let saved = keep(files, call, || {
        Ok(around(&from).into_iter().chain(around(&to)).chain([Change::moved(&from, &to)]).collect())
    })?;
    from.dir.rename(&from.path, to.dir, &to.path).map_err(|error| failed("move", &from, &error))?;
    Ok(json!({ "saved": saved }))
}

fn copy(files: &Files, call: &Call) -> Result<Json, Error> {
    let (from, to) = (files.roots.find(call.text("from")?)?, files.roots.find(call.text("to")?)?);
    let (token, until) = (token(call.key()), deadline(call));
    let there = tree::look(&to).map_err(|error| failed("look at", &to, &error))?;
    // What an attempt before this one began to copy is copied over.
    if !matches!(there, Known::Absent) && files.kept.change(&token)?.is_none() {
        return Err(Error::Permanent(format!("`{}` is there already", to.name)));
    }
    let Known::File { mode } = tree::look(&from).map_err(|error| failed("look at", &from, &error))? else {
        return Err(Error::Permanent(format!("`{}` is no file", from.name)));
    };
    let content = tree::open(from.dir, &from.path).map_err(|error| failed("read", &from, &error))?;
    let mut content = Until::new(content, until);
    let saved = keep(files, call, || Ok(around(&to).into_iter().chain([change(files, &to, until)?]).collect()))?;
    tree::write(&to, Some(mode), &saved, until, |file| io::copy(&mut content, file).map(|_| ()))
        .map_err(|error| failed("write", &to, &error))?;
    Ok(json!({ "saved": saved }))
}

fn restore(files: &Files, call: &Call) -> Result<Json, Error> {
    let token = call.text("saved")?;
    let Some(changes) = files.kept.change(token)? else {
        return Err(Error::Permanent(format!("nothing is kept under `{token}`")));
    };
    for change in changes.iter().rev() {
        undo(files, change, token)?;
    }
    Ok(json!({}))
}

fn undo(files: &Files, change: &Change, token: &str) -> Result<(), Error> {
    match change {
        Change::Replaced { path, before } => {
            let place = files.roots.find(path)?;
            tree::put_back(&place, before, &files.kept, token).map_err(|error| failed("put back", &place, &error))
        }
        Change::Around { path, times } => {
            let place = files.roots.find(path)?;
            match times.set(place.dir, &place.path) {
                Err(error) if !is_missing(&error) => Err(failed("put back the times of", &place, &error)),
                _ => Ok(()),
            }
        }
        Change::Folder { path } => {
            let place = files.roots.find(path)?;
            match place.dir.remove_dir(&place.path) {
                Ok(()) => Ok(()),
                Err(error) if is_missing(&error) => Ok(()),
                // What others put there in the meantime is theirs.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
                Err(error) => Err(failed("take away", &place, &error)),
            }
        }
        Change::Moved { from, to } => {
            let (from, to) = (files.roots.find(from)?, files.roots.find(to)?);
            let back = tree::look(&from).map_err(|error| failed("look at", &from, &error))?;
            let away = tree::look(&to).map_err(|error| failed("look at", &to, &error))?;
            match (back, away) {
                (Known::Absent, Known::Absent) => Err(Error::Permanent(format!("`{}` is not there any more", to.name))),
                (Known::Absent, _) => {
                    to.dir.rename(&to.path, from.dir, &from.path).map_err(|error| failed("move back", &to, &error))
                }
                (_, _) => Ok(()),
            }
        }
    }
}

/// The folder around a place, and when it was changed: what is changed in it changes that.
fn around(place: &Place) -> Option<Change> {
    around_of(place, &place.path)
}

fn around_of(place: &Place, path: &Path) -> Option<Change> {
    let folder = tree::parent(path).unwrap_or(Path::new("."));
    let found = place.dir.symlink_metadata(folder).ok()?;
    Some(Change::Around { path: place.full_of(folder), times: Times::of(&found) })
}

/// What stands at a place, kept whole.
fn change(files: &Files, place: &Place, until: Instant) -> Result<Change, Error> {
    let before = tree::read(place, Reading { kept: &files.kept, until, entries: 0 })
        .map_err(|error| failed("keep", place, &error))?;
    Ok(Change::Replaced { path: place.full(), before })
}

/// Keeps what a call is about to change, unless an attempt before this one did. The token.
fn keep(files: &Files, call: &Call, changes: impl FnOnce() -> Result<Vec<Change>, Error>) -> Result<String, Error> {
    let token = token(call.key());
    match files.kept.change(&token)? {
        None => files.kept.keep(&token, &changes()?)?,
        Some(kept) => {
            for change in &kept {
                if let Change::Replaced { path, .. } = change {
                    let place = files.roots.find(path)?;
                    tree::sweep(&place, &token).map_err(|error| failed("look at", &place, &error))?;
                }
            }
        }
    }
    Ok(token)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What a failure of the file system means: whether it may be gone the next time.
fn failed(what: &str, place: &Place, error: &io::Error) -> Error {
    let message = format!("cannot {what} `{}`: {}", place.name, reason(error));
    match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::Interrupted
        | io::ErrorKind::WouldBlock
        | io::ErrorKind::TimedOut
        | io::ErrorKind::StaleNetworkFileHandle => Error::Transient(message),
        _ => Error::Permanent(message),
    }
}

/// A failure in words, without the number of the system's error.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" (os error ").map_or(text.as_str(), |(text, _)| text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
