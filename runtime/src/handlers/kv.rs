//! `kv`: texts by key, in a SQLite database of their own.
//!
//! What a call replaces is kept in the transaction that replaces it, under the token of the call's key: a call that is made
//! again is told what it did, and whether a call happened can always be told.

use super::blocking::{Blocking, token};
use super::database;
use crate::gate::{Call, Error, Handlers, Probe};
use gov_plan::value::parse_json;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest key, in bytes.
const MOST_KEY: usize = 1024;

/// The largest value, in bytes.
const MOST_VALUE: usize = 16 << 20;

/// How long another process may hold the database before we give up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A key that was deleted keeps its row, without a value, so that its version never comes again.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        tenant TEXT NOT NULL, key TEXT NOT NULL, value TEXT, version INTEGER NOT NULL, writer TEXT NOT NULL,
        PRIMARY KEY (tenant, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS changes (
        token TEXT PRIMARY KEY, tenant TEXT NOT NULL, key TEXT NOT NULL,
        value TEXT, version INTEGER, writer TEXT,
        answer TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;";

struct Store {
    path: PathBuf,
    /// Opened by the first call.
    connection: Mutex<Option<Connection>>,
}

/// An entry as it stands.
struct Entry {
    value: Option<String>,
    version: i64,
    writer: String,
}

/// Registers the handlers of `kv`, on a database that the first call makes.
pub fn register(handlers: &mut Handlers, path: &Path) {
    let store = Arc::new(Store { path: path.to_owned(), connection: Mutex::new(None) });
    handlers.builtin("kv.get", Arc::new(Blocking::new(&store, get)));
    handlers.builtin("kv.put", Arc::new(Blocking::probing(&store, put, probe)));
    handlers.builtin("kv.delete", Arc::new(Blocking::probing(&store, delete, probe)));
    handlers.builtin("kv.restore", Arc::new(Blocking::new(&store, restore)));
}

fn get(store: &Store, call: &Call) -> Result<Json, Error> {
    let key = key(call)?;
    let found = store.transact(|transaction| current(transaction, &tenant(call), key))?;
    let version = found.as_ref().map_or(0, |entry| entry.version);
    Ok(match found.and_then(|entry| entry.value) {
        Some(value) => json!({ "value": value, "version": version }),
        None => json!({ "version": version }),
    })
}

fn put(store: &Store, call: &Call) -> Result<Json, Error> {
    let value = call.text("value")?;
    if value.len() > MOST_VALUE {
        return Err(Error::Permanent(format!("the value is larger than {MOST_VALUE} bytes")));
    }
    change(store, call, Some(value), |_, version, token| json!({ "version": version, "saved": token }))
}

fn delete(store: &Store, call: &Call) -> Result<Json, Error> {
    change(store, call, None, |before, _, token| {
        let existed = before.is_some_and(|entry| entry.value.is_some());
        json!({ "existed": existed, "saved": token })
    })
}

/// Gives a key a value or takes it away, and keeps what was there.
fn change(
    store: &Store,
    call: &Call,
    value: Option<&str>,
    answer: impl Fn(Option<&Entry>, i64, &str) -> Json,
) -> Result<Json, Error> {
    let (tenant, key, token) = (tenant(call), key(call)?, token(call.key()));
    let wanted = call.input().get("if_version").and_then(Json::as_i64);
    let changed = store.transact(|transaction| {
        if let Some(answer) = answered(transaction, &token)? {
            return Ok(Ok(answer));
        }
        let before = current(transaction, &tenant, key)?;
        let version = before.as_ref().map_or(0, |entry| entry.version);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != version) {
            return Ok(Err(format!("`{key}` is of version {version}, and not of version {wanted}")));
        }
        let answer = answer(before.as_ref(), version + 1, &token).to_string();
        let (old, writer) = before.map_or((None, None), |entry| (entry.value, Some(entry.writer)));
        let known = writer.is_some().then_some(version);
        transaction.execute(
            "INSERT INTO changes (token, tenant, key, value, version, writer, answer) VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![token, tenant, key, old, known, writer, answer],
        )?;
        transaction.execute(
            "INSERT OR REPLACE INTO entries (tenant, key, value, version, writer) VALUES (?, ?, ?, ?, ?)",
            params![tenant, key, value, version + 1, token],
        )?;
        Ok(Ok(answer))
    })?;
    read(key, &changed.map_err(Error::Permanent)?)
}

fn restore(store: &Store, call: &Call) -> Result<Json, Error> {
    let (tenant, saved) = (tenant(call), call.text("saved")?);
    let restored = store.transact(|transaction| {
        let kept = transaction
            .query_row(
                "SELECT key, value, version, writer, undone FROM changes WHERE token = ? AND tenant = ?",
                params![saved, tenant],
                |row| {
                    let before = match row.get::<_, Option<i64>>(2)? {
                        Some(version) => Some(Entry { value: row.get(1)?, version, writer: row.get(3)? }),
                        None => None,
                    };
                    Ok((row.get::<_, String>(0)?, before, row.get::<_, bool>(4)?))
                },
            )
            .optional()?;
        let Some((key, before, undone)) = kept else { return Ok(Err(format!("nothing is kept under `{saved}`"))) };
        if undone {
            return Ok(Ok(()));
        }
        if current(transaction, &tenant, &key)?.is_none_or(|entry| entry.writer != saved) {
            return Ok(Err(format!("`{key}` was changed since, and stays as it is")));
        }
        match before {
            Some(entry) => transaction.execute(
                "UPDATE entries SET value = ?, version = ?, writer = ? WHERE tenant = ? AND key = ?",
                params![entry.value, entry.version, entry.writer, tenant, key],
            )?,
            None => transaction.execute("DELETE FROM entries WHERE tenant = ? AND key = ?", params![tenant, key])?,
        };
        transaction.execute("UPDATE changes SET undone = 1 WHERE token = ?", params![saved])?;
        Ok(Ok(()))
    })?;
    restored.map(|()| json!({})).map_err(Error::Permanent)
}

fn probe(store: &Store, call: &Call) -> Probe {
    match store.transact(|transaction| answered(transaction, &token(call.key()))) {
        Ok(Some(answer)) => parse_json(&answer).map_or(Probe::CannotTell, Probe::Happened),
        Ok(None) => Probe::DidNotHappen,
        Err(_) => Probe::CannotTell,
    }
}

/// What a call that was made before was told.
fn answered(transaction: &Transaction<'_>, token: &str) -> rusqlite::Result<Option<String>> {
    transaction.query_row("SELECT answer FROM changes WHERE token = ?", [token], |row| row.get(0)).optional()
}

fn current(transaction: &Transaction<'_>, tenant: &str, key: &str) -> rusqlite::Result<Option<Entry>> {
    let entry = transaction.query_row(
        "SELECT value, version, writer FROM entries WHERE tenant = ? AND key = ?",
        [tenant, key],
        |row| Ok(Entry { value: row.get(0)?, version: row.get(1)?, writer: row.get(2)? }),
    );
    entry.optional()
}

/// Whose keys they are. Nobody's are not those of a tenant without a name.
fn tenant(call: &Call) -> String {
    call.tenant().map_or_else(String::new, |tenant| format!("={tenant}"))
}

fn key(call: &Call) -> Result<&str, Error> {
    let key = call.text("key")?;
    match key.len() {
        0 => Err(Error::Permanent("a key cannot be empty".to_owned())),
        length if length > MOST_KEY => Err(Error::Permanent(format!("the key is longer than {MOST_KEY} bytes"))),
        _ => Ok(key),
    }
}

fn read(key: &str, text: &str) -> Result<Json, Error> {
    parse_json(text).map_err(|error| Error::Permanent(format!("what is kept of `{key}` is damaged: {error}")))
}

impl Store {
    /// Does something in a transaction that no other process writes beside.
    fn transact<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        let failed = |error: rusqlite::Error| database::failed("the values", &error);
        let mut guard = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.is_none() {
            *guard = Some(self.open().map_err(failed)?);
        }
        let Some(connection) = guard.as_mut() else { return Err(Error::Transient("the values are gone".to_owned())) };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let done = work(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Rows = Vec<(String, String, Option<String>, i64, String)>;

    fn store(folder: &Path) -> Store {
        Store { path: folder.join("kv.db"), connection: Mutex::new(None) }
    }

    fn call(store: &Store, key: &str, capability: &str, input: Json) -> Result<Json, Error> {
        of(store, &Call::sample(capability, key, input))
    }

    fn of(store: &Store, call: &Call) -> Result<Json, Error> {
        match call.capability() {
            "kv.get" => get(store, call),
            "kv.put" => put(store, call),
            "kv.delete" => delete(store, call),
            _ => restore(store, call),
        }
    }

    fn rows(store: &Store) -> Rows {
        let all = "SELECT tenant, key, value, version, writer FROM entries ORDER BY tenant, key";
        let rows = store.transact(|transaction| {
            let mut statement = transaction.prepare(all)?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
            rows.collect()
        });
        rows.unwrap()
    }

    fn calls() -> impl Strategy<Value = (&'static str, Json)> {
        let key = || prop::sample::select(vec!["a", "b", "c"]);
        let version = || prop::option::of(0..4_i64);
        prop_oneof![
            (key(), any::<i32>(), version()).prop_map(|(key, value, version)| {
                ("kv.put", json!({ "key": key, "value": value.to_string(), "if_version": version }))
            }),
            (key(), version()).prop_map(|(key, version)| ("kv.delete", json!({ "key": key, "if_version": version }))),
        ]
    }

    /// As many cases as `PROPTEST_CASES` says; fewer than usual by themselves, since each waits for a disk.
    fn cases() -> ProptestConfig {
        match std::env::var_os("PROPTEST_CASES") {
            Some(_) => ProptestConfig::default(),
            None => ProptestConfig::with_cases(32),
        }
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn undone_in_reverse_everything_is_as_it_was(
            first in prop::collection::vec(calls(), 0..4), then in prop::collection::vec(calls(), 1..8),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let store = store(folder.path());
            for (at, (capability, input)) in first.into_iter().enumerate() {
                let _ = call(&store, &format!("first {at}"), capability, input);
            }
            let before = rows(&store);
            let mut saved = Vec::new();
            for (at, (capability, input)) in then.iter().enumerate() {
                let key = format!("then {at}");
                if let Ok(answer) = call(&store, &key, capability, input.clone()) {
                    // Made again after the answer was lost, it does nothing twice, and the handler can tell.
                    let after = rows(&store);
                    prop_assert_eq!(&call(&store, &key, capability, input.clone()).unwrap(), &answer);
                    prop_assert_eq!(rows(&store), after);
                    let probed = probe(&store, &Call::sample(capability, &key, input.clone()));
                    prop_assert_eq!(probed, Probe::Happened(answer.clone()));
                    saved.push(answer["saved"].clone());
                }
            }
            for saved in saved.iter().rev() {
                for _ in 0..2 {
                    call(&store, "undo", "kv.restore", json!({ "saved": saved })).unwrap();
                }
            }
            prop_assert_eq!(rows(&store), before);
        }
    }

    #[test]
    fn versions_grow_and_are_held_to() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let get = || call(&store, "get", "kv.get", json!({ "key": "k" })).unwrap();
        assert_eq!(get(), json!({ "version": 0 }));
        let put = |key: &str, version: Json| {
            call(&store, key, "kv.put", json!({ "key": "k", "value": "a", "if_version": version }))
        };
        assert_eq!(put("1", json!(0)).unwrap()["version"], 1);
        assert_eq!(get(), json!({ "value": "a", "version": 1 }));
        let late = put("2", json!(0)).unwrap_err();
        assert_eq!(late, Error::Permanent("`k` is of version 1, and not of version 0".to_owned()));
        assert_eq!(call(&store, "3", "kv.delete", json!({ "key": "k" })).unwrap()["existed"], true);
        assert_eq!(get(), json!({ "version": 2 }));
        assert_eq!(put("4", json!(2)).unwrap()["version"], 3);
    }

    #[test]
    fn what_others_changed_since_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let put = |key: &str| call(&store, key, "kv.put", json!({ "key": "k", "value": key })).unwrap();
        let saved = put("one")["saved"].clone();
        put("two");
        let refused = call(&store, "undo", "kv.restore", json!({ "saved": saved })).unwrap_err();
        assert_eq!(refused, Error::Permanent("`k` was changed since, and stays as it is".to_owned()));
        assert_eq!(call(&store, "get", "kv.get", json!({ "key": "k" })).unwrap()["value"], "two");
    }

    #[test]
    fn tenants_have_keys_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let put = Call::sample("kv.put", "1", json!({ "key": "k", "value": "1" })).of_tenant("acme");
        let saved = of(&store, &put).unwrap()["saved"].clone();
        assert_eq!(call(&store, "get", "kv.get", json!({ "key": "k" })).unwrap(), json!({ "version": 0 }));
        assert!(call(&store, "undo", "kv.restore", json!({ "saved": saved })).is_err());
    }

    #[test]
    fn bad_input_and_a_bad_database_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let own = store(folder.path());
        let long = "k".repeat(MOST_KEY + 1);
        for (key, why) in [("", "cannot be empty"), (&long, "longer than")] {
            let refused = call(&own, "1", "kv.get", json!({ "key": key })).unwrap_err();
            assert!(matches!(&refused, Error::Permanent(message) if message.contains(why)), "{refused:?}");
        }
        std::fs::write(folder.path().join("kv.db"), "no database at all, and long enough to be looked at as one")
            .unwrap();
        let broken = call(&store(folder.path()), "1", "kv.get", json!({ "key": "k" })).unwrap_err();
        assert!(matches!(broken, Error::Permanent(_)), "{broken:?}");
    }
}
