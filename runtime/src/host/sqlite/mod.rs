//! The store of one machine: a SQLite database.
//!
//! Write-ahead log and `synchronous=FULL`: what is acknowledged survives a crash of the process and of the machine. One
//! thread holds the connection and commits whatever has gathered while it was busy ([`writer`]). Several processes may use
//! one database; each run is driven by one of them at a time ([`owners`]), and every commit checks that it still is.

mod owners;
mod queries;
mod schema;
mod writer;

pub use schema::VERSION;

use super::store::{Claim, Commit, Created, Due, Mail, NewRun, Store, Summary, Untold, Waiting};
use super::{Error, Link};
use crate::core::{GateId, Status};
use crate::gate::Later;
use owners::Owners;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use writer::Writer;

/// How long another process may hold the database before we give up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A store in a SQLite database.
pub struct Sqlite {
    writer: Writer,
    owners: Arc<Owners>,
    path: PathBuf,
    /// The path, in words.
    name: Arc<str>,
}

impl Sqlite {
    /// Opens a database, and makes it where there is none. `process` names this process among those that use the database.
    ///
    /// # Errors
    ///
    /// If it is no database of Gov's, a broken one, one of a later version, or one that cannot be written to.
    pub fn open(path: &Path, process: &str) -> Result<Sqlite, Error> {
        let name = path.display().to_string();
        let failed = |error: rusqlite::Error| describe(&error, &name);
        let mut connection = connect(path, &name)?;
        keep_a_log(&connection).map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        // A migration takes tables apart and puts them together again.
        connection.pragma_update(None, "foreign_keys", false).map_err(failed)?;
        schema::migrate(&mut connection).map_err(|error| match error {
            Ok(found) => Error::Newer { path: name.clone(), found, known: VERSION },
            Err(error) => describe(&error, &name),
        })?;
        connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        Sqlite::over(connection, path, name, process)
    }

    /// Opens a database that is there to look at what it holds: nothing of it is changed, and nothing can be by way of this
    /// store. One of an earlier version is not brought to the latest, so that whoever still uses it there can go on.
    ///
    /// # Errors
    ///
    /// If it is no database of Gov's, a broken one, or one of another version.
    pub fn look(path: &Path, process: &str) -> Result<Sqlite, Error> {
        let name = path.display().to_string();
        let failed = |error: rusqlite::Error| describe(&error, &name);
        let connection = connect(path, &name)?;
        connection.pragma_update(None, "query_only", true).map_err(failed)?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        match found.cmp(&VERSION) {
            Ordering::Less => Err(Error::Older { path: name, found, known: VERSION }),
            Ordering::Equal => Sqlite::over(connection, path, name, process),
            Ordering::Greater => Err(Error::Newer { path: name, found, known: VERSION }),
        }
    }

    fn over(connection: Connection, path: &Path, name: String, process: &str) -> Result<Sqlite, Error> {
        connection.set_prepared_statement_cache_capacity(64);
        let owners = Arc::new(Owners::join(path, process)?);
        let writer = Writer::start(connection, name.clone())?;
        Ok(Sqlite { writer, owners, path: path.to_owned(), name: name.into() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

/// A connection to a database of Gov's, or to a new one.
fn connect(path: &Path, name: &str) -> Result<Connection, Error> {
    let failed = |error: rusqlite::Error| describe(&error, name);
    if path.is_file() && std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly()) {
        return Err(Error::ReadOnly(format!("`{name}` may not be written to")));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    // Tables first: whoever makes a database commits them together with the number, which stays, so that the number is there if
    // they are.
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    if tables > 0 && application != schema::APPLICATION {
        return Err(Error::Corrupt(format!("`{name}` is a database of something else")));
    }
    Ok(connection)
}

/// Has the database write ahead to a log, which it does from then on, whoever opens it.
///
/// Where several processes come to a new database at once, SQLite does not wait for those that read it as it was, whatever
/// the time-out of the connection, but says at once that it is busy: so it is asked again here.
fn keep_a_log(connection: &Connection) -> rusqlite::Result<()> {
    let began = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == ErrorCode::DatabaseBusy && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            ended => return ended,
        }
    }
}

/// What a failure of the database means for whoever uses it.
fn describe(error: &rusqlite::Error, name: &str) -> Error {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return Error::Io(format!("`{name}`: {error}"));
    };
    match failure.code {
        ErrorCode::DiskFull => Error::Full(format!("cannot write to `{name}`: there is no room")),
        // A quota, a limit on the size of files and a dying disk look the same from here.
        ErrorCode::SystemIoFailure if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE => {
            Error::Full(format!("cannot write to `{name}`: there is no room, or the disk fails"))
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Error::Locked(format!("`{name}` is held by another process"))
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Error::ReadOnly(format!("`{name}` may not be written to")),
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
            Error::Corrupt(format!("`{name}` is not a database, or a damaged one"))
        }
        ErrorCode::CannotOpen => Error::Io(format!("cannot open `{name}`{}", obstacle(Path::new(name)))),
        _ => Error::Io(format!("`{name}`: {}", message.as_deref().unwrap_or("the database failed"))),
    }
}

/// Why a file cannot be opened, as far as it can be seen.
fn obstacle(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        _ if path.is_dir() => ": it is a folder".to_owned(),
        Some(folder) if !folder.is_dir() => format!(": there is no folder `{}`", folder.display()),
        _ => String::new(),
    }
}

impl Store for Sqlite {
    fn keep_plan<'a>(&'a self, digest: &'a str, document: &'a str) -> Later<'a, Result<(), Error>> {
        let (digest, document, name) = (digest.to_owned(), document.to_owned(), self.name());
        Box::pin(
            self.writer
                .write(move |tx| queries::keep_plan(tx, &digest, &document).map_err(|error| describe(&error, &name))),
        )
    }

    fn plan<'a>(&'a self, digest: &'a str) -> Later<'a, Result<Option<String>, Error>> {
        let (digest, name) = (digest.to_owned(), self.name());
        Box::pin(self.writer.read(move |tx| queries::plan(tx, &digest).map_err(|error| describe(&error, &name))))
    }

    fn create(&self, new: NewRun) -> Later<'_, Result<Created, Error>> {
        let (process, name) = (self.owners.process(), self.name());
        Box::pin(
            self.writer.write(move |tx| queries::create(tx, &process, &new).map_err(|error| describe(&error, &name))),
        )
    }

    fn commit(&self, commit: Commit) -> Later<'_, Result<(), Error>> {
        let (process, name) = (self.owners.process(), self.name());
        Box::pin(self.writer.write(move |tx| match queries::go_on(tx, &process, &commit) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Conflict(format!("run `{}` is driven by another process", commit.run))),
            Err(error) => Err(describe(&error, &name)),
        }))
    }

    fn claim<'a>(&'a self, run: &'a str) -> Later<'a, Result<Claim, Error>> {
        let (run, owners, name) = (run.to_owned(), Arc::clone(&self.owners), self.name());
        Box::pin(self.writer.write(move |tx| {
            queries::claim(tx, &run, &owners.process(), |owner| owners.is_alive(owner))
                .map_err(|error| describe(&error, &name))
        }))
    }

    fn release<'a>(&'a self, run: &'a str, epoch: i64) -> Later<'a, Result<(), Error>> {
        let (run, name) = (run.to_owned(), self.name());
        Box::pin(
            self.writer.write(move |tx| queries::release(tx, &run, epoch).map_err(|error| describe(&error, &name))),
        )
    }

    fn journal<'a>(&'a self, run: &'a str) -> Later<'a, Result<Vec<Link>, Error>> {
        let (run, name) = (run.to_owned(), self.name());
        Box::pin(self.writer.read(move |tx| queries::journal(tx, &run).map_err(|error| describe(&error, &name))))
    }

    fn place<'a>(&'a self, run: &'a str) -> Later<'a, Result<Option<String>, Error>> {
        let (run, name) = (run.to_owned(), self.name());
        Box::pin(self.writer.read(move |tx| queries::place(tx, &run).map_err(|error| describe(&error, &name))))
    }

    fn runs<'a>(&'a self, states: &'a [Status], limit: u32) -> Later<'a, Result<Vec<Summary>, Error>> {
        let (states, name) = (states.to_vec(), self.name());
        Box::pin(self.writer.read(move |tx| queries::runs(tx, &states, limit).map_err(|error| describe(&error, &name))))
    }

    fn timers(&self, before: i64) -> Later<'_, Result<Vec<Due>, Error>> {
        let name = self.name();
        Box::pin(self.writer.read(move |tx| queries::timers(tx, before).map_err(|error| describe(&error, &name))))
    }

    fn questions(&self) -> Later<'_, Result<Vec<Waiting>, Error>> {
        let name = self.name();
        Box::pin(self.writer.read(move |tx| queries::questions(tx).map_err(|error| describe(&error, &name))))
    }

    fn has_untold<'a>(&'a self, run: Option<&'a str>) -> Later<'a, Result<bool, Error>> {
        let (run, name) = (run.map(str::to_owned), self.name());
        Box::pin(
            self.writer
                .read(move |tx| queries::has_untold(tx, run.as_deref()).map_err(|error| describe(&error, &name))),
        )
    }

    fn next_untold(&self) -> Later<'_, Result<Option<i64>, Error>> {
        let name = self.name();
        Box::pin(self.writer.read(move |tx| queries::next_untold(tx).map_err(|error| describe(&error, &name))))
    }

    fn take_untold(&self, now: i64, until: i64, limit: u32) -> Later<'_, Result<Vec<Untold>, Error>> {
        let (process, name) = (self.owners.process(), self.name());
        Box::pin(self.writer.write(move |tx| {
            queries::take_untold(tx, &process, now, until, limit).map_err(|error| describe(&error, &name))
        }))
    }

    fn inherit_untold(&self, now: i64) -> Later<'_, Result<(), Error>> {
        let (owners, name) = (Arc::clone(&self.owners), self.name());
        Box::pin(self.writer.write(move |tx| {
            queries::inherit_untold(tx, now, |process| owners.is_alive(process))
                .map_err(|error| describe(&error, &name))
        }))
    }

    fn told<'a>(&'a self, run: &'a str, gate: &'a GateId, again: Option<i64>) -> Later<'a, Result<(), Error>> {
        let (run, gate, process, name) = (run.to_owned(), gate.clone(), self.owners.process(), self.name());
        Box::pin(
            self.writer.write(move |tx| {
                queries::told(tx, &process, &run, &gate, again).map_err(|error| describe(&error, &name))
            }),
        )
    }

    fn post<'a>(&'a self, run: &'a str, event: &'a str) -> Later<'a, Result<i64, Error>> {
        let (run, event, name) = (run.to_owned(), event.to_owned(), self.name());
        Box::pin(self.writer.write(move |tx| queries::post(tx, &run, &event).map_err(|error| describe(&error, &name))))
    }

    fn mail(&self) -> Later<'_, Result<Vec<Mail>, Error>> {
        let (process, name) = (self.owners.process(), self.name());
        Box::pin(self.writer.read(move |tx| queries::mail(tx, &process).map_err(|error| describe(&error, &name))))
    }

    fn reply<'a>(&'a self, id: i64, answer: &'a str) -> Later<'a, Result<(), Error>> {
        let (answer, name) = (answer.to_owned(), self.name());
        Box::pin(self.writer.write(move |tx| queries::reply(tx, id, &answer).map_err(|error| describe(&error, &name))))
    }

    fn answer(&self, id: i64) -> Later<'_, Result<Option<String>, Error>> {
        let name = self.name();
        Box::pin(self.writer.read(move |tx| queries::answer(tx, id).map_err(|error| describe(&error, &name))))
    }
}
