//! `sys.archive`: files and folders put into a ZIP file.

use super::roots::Place;
use super::tree::{self, Known};
use super::{Files, MOST_ENTRIES, around, change, failed, keep};
use crate::gate::{Call, Error};
use crate::handlers::blocking::{Until, deadline, in_time, token};
use cap_std::fs::{MetadataExt, Permissions, PermissionsExt};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The deepest nesting of folders.
const MAX_DEPTH: usize = 128;

/// What goes into an archive, by the name that it has there.
type Entries<'r> = BTreeMap<String, Entry<'r>>;

/// A file or a folder that goes into an archive.
struct Entry<'r> {
    place: &'r Place<'r>,
    path: PathBuf,
    is_folder: bool,
    mode: u32,
    size: u64,
}

pub(super) fn zip(files: &Files, call: &Call) -> Result<Json, Error> {
    let until = deadline(call);
    let to = files.roots.find(call.text("to")?)?;
    let there = tree::look(&to).map_err(|error| failed("look at", &to, &error))?;
    // What an attempt before this one began is made anew.
    if !matches!(there, Known::Absent) && files.kept.change(&token(call.key()))?.is_none() {
        return Err(Error::Permanent(format!("`{}` is there already", to.name)));
    }
    let paths = call.input().get("paths").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let places: Result<Vec<Place>, Error> =
        paths.iter().map(|path| files.roots.find(path.as_str().unwrap_or_default())).collect();
    let places = places?;
    let mut entries = Entries::new();
    for place in &places {
        collect(place, &place.path, (&to, until), 0, &mut entries).map_err(|error| match error {
            Trouble::Own(error) => error,
            Trouble::Io(error) => failed("read", place, &error),
        })?;
    }
    let saved = keep(files, call, || Ok(around(&to).into_iter().chain([change(files, &to, until)?]).collect()))?;
    let count = entries.values().filter(|entry| !entry.is_folder).count();
    tree::write(&to, None, &saved, until, |file| write(&entries, file, until))
        .map_err(|error| failed("write", &to, &error))?;
    Ok(json!({ "saved": saved, "files": count }))
}

enum Trouble {
    Own(Error),
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

fn collect<'r>(
    place: &'r Place<'r>,
    path: &Path,
    (to, until): (&Place, Instant),
    depth: usize,
    entries: &mut Entries<'r>,
) -> Result<(), Trouble> {
    let refuse = |why: &str| Err(Trouble::Own(Error::Permanent(format!("`{}` {why}", path.display()))));
    if entries.len() >= MOST_ENTRIES {
        return refuse(&format!("has more than {MOST_ENTRIES} files in it, with what was there before"));
    }
    if depth > MAX_DEPTH {
        return refuse("is nested too deep");
    }
    in_time(until)?;
    // Neither the archive itself nor what is not for runs.
    if place.full_of(path) == to.full() || place.is_private(path) {
        return Ok(());
    }
    let found = place.dir.symlink_metadata(path)?;
    let Some(name) = path.to_str() else { return refuse("has a name that is not UTF-8") };
    let mode = Permissions::from_mode(found.mode()).mode() & 0o777;
    let entry = Entry { place, path: path.to_owned(), is_folder: found.is_dir(), mode, size: found.len() };
    if found.is_file() {
        entries.insert(name.to_owned(), entry);
        return Ok(());
    }
    if !found.is_dir() {
        return refuse("is neither a file nor a folder");
    }
    if path != Path::new(".") {
        entries.insert(name.to_owned(), entry);
    }
    for entry in place.dir.read_dir(path)? {
        let name = entry?.file_name();
        let below = if path == Path::new(".") { PathBuf::from(name) } else { path.join(name) };
        collect(place, &below, (to, until), depth + 1, entries)?;
    }
    Ok(())
}

fn write(entries: &Entries<'_>, file: &mut File, until: Instant) -> io::Result<()> {
    let mut zip = ZipWriter::new(file);
    for (name, entry) in entries {
        let large = entry.size >= u64::from(u32::MAX);
        let options = SimpleFileOptions::default().unix_permissions(entry.mode).large_file(large);
        // The time of an entry is left at the format's first: the same files give the same bytes.
        let options = options.last_modified_time(zip::DateTime::default());
        if entry.is_folder {
            zip.add_directory(name.as_str(), options)?;
        } else {
            zip.start_file(name.as_str(), options)?;
            io::copy(&mut Until::new(tree::open(entry.place.dir, &entry.path)?, until), &mut zip)?;
        }
    }
    zip.finish()?;
    Ok(())
}
