//! `db.sqlite`: SQLite databases below the roots that the deployment allows.
//!
//! A statement cannot lead out of the database that it is for: it may not attach another one, nor set a pragma. It runs in a
//! transaction of its own, in which the call's key is remembered: whether a call happened can always be told.

use super::blocking::{Blocking, deadline, patience};
use super::database::{CALLS, MOST_BYTES, MOST_ROWS, failed, parameters, too_much};
use super::files::roots::Roots;
use crate::gate::{Call, Error, Handlers, Probe};
use base64::Engine;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Statement, params_from_iter};
use serde_json::{Map, Value as Json, json};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// The largest value and row that a statement may work with, in bytes.
const MOST_VALUE: i32 = 64 << 20;

/// How many of SQLite's operations pass between two looks at the clock.
const OPERATIONS: i32 = 1_000;

/// Registers the handlers of `db.sqlite`: databases below `roots`, but none of the `private` ones.
///
/// # Errors
///
/// If a root is no folder.
pub fn register(handlers: &mut Handlers, roots: &[PathBuf], private: &[PathBuf]) -> io::Result<()> {
    let roots = Arc::new(Roots::open(roots, private)?);
    handlers.builtin("db.sqlite.query", Arc::new(Blocking::new(&roots, query)));
    handlers.builtin("db.sqlite.execute", Arc::new(Blocking::probing(&roots, execute, probe)));
    handlers.builtin("db.sqlite.undo", Arc::new(Blocking::probing(&roots, execute, probe)));
    Ok(())
}

fn query(roots: &Roots, call: &Call) -> Result<Json, Error> {
    let name = call.text("database")?;
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::TooBig) => too_much(),
        _ => failed(&format!("`{name}`"), &error),
    };
    let mut connection = open(roots, call, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.authorizer(Some(confined)).map_err(failed)?;
    let mut statement = connection.prepare(call.text("sql")?).map_err(failed)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    if let Some(twice) = columns.iter().enumerate().find(|(at, name)| columns.iter().take(*at).any(|own| own == *name))
    {
        return Err(Error::Permanent(format!("two columns are named `{}`: name one with `as`", twice.1)));
    }
    let values = values(&statement, parameters(call.input()))?;
    let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
    let (mut found, mut size) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(failed)? {
        let mut object = Map::new();
        for (at, column) in columns.iter().enumerate() {
            let value = row.get_ref(at).map_err(failed)?;
            size += column.len() + length(value);
            if found.len() >= MOST_ROWS || size > MOST_BYTES {
                return Err(too_much());
            }
            object.insert(column.clone(), json_of(value, column)?);
        }
        found.push(Json::Object(object));
    }
    Ok(json!({ "rows": found }))
}

fn execute(roots: &Roots, call: &Call) -> Result<Json, Error> {
    let name = call.text("database")?;
    let failed = |error: rusqlite::Error| failed(&format!("`{name}`"), &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = open(roots, call, flags)?;
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {CALLS} (key TEXT PRIMARY KEY, rows INTEGER NOT NULL, at TEXT DEFAULT CURRENT_TIMESTAMP)"
    )).map_err(failed)?;
    // What is not committed is given up with the connection.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    if let Some(rows) = remembered(&connection, call).map_err(failed)? {
        return Ok(json!({ "rows": rows }));
    }
    connection.authorizer(Some(confined)).map_err(failed)?;
    let changed = {
        let mut statement = connection.prepare(call.text("sql")?).map_err(failed)?;
        let values = values(&statement, parameters(call.input()))?;
        if statement.column_count() == 0 {
            statement.execute(params_from_iter(values)).map_err(failed)?
        } else {
            // With `returning`, a statement changes as it gives.
            let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
            let mut count = 0;
            while rows.next().map_err(failed)?.is_some() {
                count += 1;
            }
            count
        }
    };
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>).map_err(failed)?;
    let rows = i64::try_from(changed).unwrap_or(i64::MAX);
    let remember = format!("INSERT INTO {CALLS} (key, rows) VALUES (?, ?)");
    connection.execute(&remember, (call.key(), rows)).map_err(failed)?;
    connection.execute_batch("COMMIT").map_err(failed)?;
    Ok(json!({ "rows": rows }))
}

fn probe(roots: &Roots, call: &Call) -> Probe {
    let happened = || {
        let failed = |error: rusqlite::Error| failed("the database", &error);
        let connection = open(roots, call, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // An attempt that is still at it is waited for.
        connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        remembered(&connection, call).map_err(failed)
    };
    match happened() {
        Ok(Some(rows)) => Probe::Happened(json!({ "rows": rows })),
        Ok(None) => Probe::DidNotHappen,
        Err(_) => Probe::CannotTell,
    }
}

/// How many rows the call changed, if it was made before.
fn remembered(connection: &Connection, call: &Call) -> rusqlite::Result<Option<i64>> {
    let find = format!("SELECT rows FROM {CALLS} WHERE key = ?");
    let found = connection.query_row(&find, [call.key()], |row| row.get(0));
    found.optional().or_else(|error| match &error {
        // The table is made by the first call.
        rusqlite::Error::SqliteFailure(cause, Some(message))
            if cause.code == ErrorCode::Unknown && message.starts_with("no such table") =>
        {
            Ok(None)
        }
        _ => Err(error),
    })
}

fn open(roots: &Roots, call: &Call, flags: OpenFlags) -> Result<Connection, Error> {
    let name = call.text("database")?;
    let place = roots.find(name)?;
    let failed = |error: rusqlite::Error| failed(&format!("`{name}`"), &error);
    // A pipe that nobody writes to would be opened never.
    if place.is_odd() {
        return Err(Error::Permanent(format!("`{name}` is no file, and so no database")));
    }
    // SQLite opens by path, and not below a folder: so no part of the path may be a link.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(place.full(), flags).map_err(failed)?;
    connection.busy_timeout(patience(call) / 2).map_err(failed)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0).map_err(failed)?;
    // Values are made whole before they can be looked at.
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_VALUE).map_err(failed)?;
    let until = deadline(call);
    connection.progress_handler(OPERATIONS, Some(move || Instant::now() > until)).map_err(failed)?;
    Ok(connection)
}

/// Whether a part of a statement stays within the database, and leaves our own table alone.
fn confined(context: AuthContext<'_>) -> Authorization {
    let own = |table: &str| if table.eq_ignore_ascii_case(CALLS) { Authorization::Deny } else { Authorization::Allow };
    match context.action {
        AuthAction::Attach { .. }
        | AuthAction::Detach { .. }
        | AuthAction::Transaction { .. }
        | AuthAction::Savepoint { .. }
        | AuthAction::Unknown { .. } => Authorization::Deny,
        AuthAction::Pragma { pragma_name, .. } if !is_question(pragma_name) => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Deny
        }
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::DropTable { table_name }
        | AuthAction::AlterTable { table_name, .. } => own(table_name),
        _ => Authorization::Allow,
    }
}

/// Whether a pragma only asks about tables.
fn is_question(pragma: &str) -> bool {
    ["table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"]
        .iter()
        .any(|question| pragma.eq_ignore_ascii_case(question))
}

/// The values for a statement's parameters, as many as it has.
fn values(statement: &Statement<'_>, given: &[Json]) -> Result<Vec<Value>, Error> {
    let wanted = statement.parameter_count();
    if wanted != given.len() {
        return Err(Error::Permanent(format!(
            "the statement has {wanted} parameters, and `params` has {} values",
            given.len()
        )));
    }
    let value = |(at, json): (usize, &Json)| {
        let refuse = |why: &str| Err(Error::Permanent(format!("value {} of `params` {why}", at + 1)));
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Integer(i64::from(*value)),
            Json::String(text) => Value::Text(text.clone()),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Value::Integer(integer),
                (None, Some(real)) if !number.is_u64() => Value::Real(real),
                _ => return refuse("is larger than SQLite's integers"),
            },
            Json::Object(object) => match object.get("base64").and_then(Json::as_str) {
                Some(text) if object.len() == 1 => match base64::engine::general_purpose::STANDARD.decode(text) {
                    Ok(bytes) => Value::Blob(bytes),
                    Err(_) => return refuse("is not Base64"),
                },
                _ => return refuse("is an object, and not `{ \"base64\": \"…\" }`"),
            },
            Json::Array(_) => return refuse("is a list"),
        })
    };
    given.iter().enumerate().map(value).collect()
}

/// About how long a value is as JSON.
fn length(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(text) => text.len(),
        ValueRef::Blob(bytes) => bytes.len().div_ceil(3) * 4,
        _ => 8,
    }
}

fn json_of(value: ValueRef<'_>, column: &str) -> Result<Json, Error> {
    Ok(match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(integer) => integer.into(),
        ValueRef::Real(real) => real.into(),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => return Err(Error::Permanent(format!("a value of the column `{column}` is not UTF-8"))),
        },
        ValueRef::Blob(bytes) => json!({ "base64": base64::engine::general_purpose::STANDARD.encode(bytes) }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Desk {
        folder: tempfile::TempDir,
        roots: Roots,
    }

    fn desk() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("gov.db");
        let roots = Roots::open(&[folder.path().to_owned()], &[private]).unwrap();
        let desk = Desk { folder, roots };
        desk.execute("make", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB, score REAL)", json!([]))
            .unwrap();
        desk
    }

    impl Desk {
        fn sample(key: &str, sql: &str, params: Json) -> Call {
            Call::sample("db.sqlite.execute", key, json!({ "database": "shop.db", "sql": sql, "params": params }))
        }

        fn execute(&self, key: &str, sql: &str, params: Json) -> Result<Json, Error> {
            execute(&self.roots, &Desk::sample(key, sql, params))
        }

        fn query(&self, sql: &str, params: Json) -> Result<Json, Error> {
            query(&self.roots, &Desk::sample("query", sql, params))
        }
    }

    #[test]
    fn values_go_in_and_come_out() {
        let desk = desk();
        let row = json!([7, "Zoë", { "base64": "AP8=" }, 1.5]);
        assert_eq!(desk.execute("1", "INSERT INTO t VALUES (?, ?, ?, ?)", row).unwrap(), json!({ "rows": 1 }));
        let found = desk.query("SELECT * FROM t WHERE id = ?1 AND ?2 IS NULL", json!([7, null])).unwrap();
        let expected = json!({ "id": 7, "name": "Zoë", "data": { "base64": "AP8=" }, "score": 1.5 });
        assert_eq!(found, json!({ "rows": [expected] }));
        let returned = desk.execute("2", "UPDATE t SET name = 'b' RETURNING id", json!([])).unwrap();
        assert_eq!(returned, json!({ "rows": 1 }));
    }

    #[test]
    fn a_call_that_is_made_again_does_nothing_twice() {
        let desk = desk();
        let (sql, params) = ("INSERT INTO t (name) VALUES (?)", json!(["a"]));
        let call = Desk::sample("1", sql, params.clone());
        assert_eq!(probe(&desk.roots, &call), Probe::DidNotHappen);
        for _ in 0..3 {
            assert_eq!(desk.execute("1", sql, params.clone()).unwrap(), json!({ "rows": 1 }));
        }
        assert_eq!(probe(&desk.roots, &call), Probe::Happened(json!({ "rows": 1 })));
        assert_eq!(desk.query("SELECT count(*) AS n FROM t", json!([])).unwrap()["rows"][0]["n"], 1);
        let nowhere = Call::sample("db.sqlite.execute", "1", json!({ "database": "none.db", "sql": "", "params": [] }));
        assert_eq!(probe(&desk.roots, &nowhere), Probe::CannotTell);
    }

    #[test]
    fn a_statement_that_fails_leaves_nothing_behind() {
        let desk = desk();
        let twice = "INSERT INTO t (id) VALUES (1), (2), (1)";
        assert!(matches!(desk.execute("1", twice, json!([])), Err(Error::Permanent(_))));
        assert_eq!(desk.query("SELECT count(*) AS n FROM t", json!([])).unwrap()["rows"][0]["n"], 0);
        assert_eq!(probe(&desk.roots, &Desk::sample("1", twice, json!([]))), Probe::DidNotHappen);
    }

    #[test]
    fn nothing_leads_out_of_the_database() {
        let desk = desk();
        let other = desk.folder.path().join("other.db");
        let attach = format!("ATTACH '{}' AS o", other.display());
        let vacuum = format!("VACUUM INTO '{}'", other.display());
        for sql in [
            attach.as_str(),
            vacuum.as_str(),
            "PRAGMA writable_schema = 1",
            "PRAGMA journal_mode = DELETE",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT a",
            "SELECT load_extension('/tmp/x')",
            "DELETE FROM gov_calls",
            "UPDATE GOV_CALLS SET rows = 9",
            "DROP TABLE gov_calls",
            "INSERT INTO t (id) VALUES (1); DELETE FROM t",
        ] {
            let refused = desk.execute(sql, sql, json!([]));
            assert!(matches!(refused, Err(Error::Permanent(_))), "{sql}: {refused:?}");
        }
        assert!(!other.exists());
        for sql in ["INSERT INTO t (id) VALUES (1)", "DELETE FROM t", "CREATE TABLE u (a)", "PRAGMA user_version = 3"] {
            assert!(matches!(desk.query(sql, json!([])), Err(Error::Permanent(_))), "{sql}");
        }
        assert!(desk.query("PRAGMA table_info(t)", json!([])).is_ok());
    }

    #[test]
    fn paths_are_those_of_files_below_the_roots() {
        let desk = desk();
        std::os::unix::fs::symlink("shop.db", desk.folder.path().join("link.db")).unwrap();
        std::fs::write(
            desk.folder.path().join("text"),
            "no database at all, but a text of some length, so that it is read",
        )
        .unwrap();
        for (database, why) in [
            ("../shop.db", "this deployment allows"),
            ("/etc/passwd", "this deployment allows"),
            ("gov.db", "is not for runs"),
            ("link.db", "unable to open"),
            ("none/shop.db", "unable to open"),
            ("text", "not a database"),
        ] {
            let input = json!({ "database": database, "sql": "SELECT 1 AS a" });
            let refused = query(&desk.roots, &Call::sample("db.sqlite.query", "1", input)).unwrap_err();
            assert!(matches!(&refused, Error::Permanent(text) if text.contains(why)), "{database}: {refused:?}");
        }
    }

    #[test]
    fn what_takes_for_ever_ends_and_what_is_too_much_is_refused() {
        let desk = desk();
        let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) AS a FROM c";
        let call = Desk::sample("1", endless, json!([])).within(300);
        assert!(matches!(query(&desk.roots, &call), Err(Error::Transient(why)) if why.contains("not done in time")));
        let many = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
        assert!(matches!(desk.query(many, json!([])), Err(Error::Permanent(why)) if why.contains("ask for less")));
        for large in [
            format!("SELECT hex(zeroblob({MOST_BYTES})) AS a"),
            format!("SELECT zeroblob({MOST_BYTES}) AS a"),
            "SELECT zeroblob(900000000) AS a".to_owned(),
            // Each of them is small enough.
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100) \
             SELECT zeroblob(1000000) AS a FROM c"
                .to_owned(),
        ] {
            let refused = desk.query(&large, json!([]));
            let told = matches!(&refused, Err(Error::Permanent(why)) if why.contains("ask for less"));
            assert!(told, "{large}: {}", refused.is_ok());
        }
        let large = desk.execute("large", "INSERT INTO t (data) VALUES (zeroblob(900000000))", json!([]));
        assert!(matches!(&large, Err(Error::Permanent(why)) if why.contains("too big")), "{large:?}");
    }

    #[test]
    fn a_database_that_others_hold_is_a_matter_of_time() {
        let desk = desk();
        let other = Connection::open(desk.folder.path().join("shop.db")).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let call = Desk::sample("1", "INSERT INTO t (id) VALUES (1)", json!([])).within(200);
        assert!(matches!(execute(&desk.roots, &call), Err(Error::Transient(_))));
    }

    #[test]
    fn bad_input_is_told() {
        let desk = desk();
        for (sql, params, why) in [
            ("SELEC 1", json!([]), "syntax error"),
            ("SELECT 1 AS a, 2 AS a", json!([]), "two columns"),
            ("SELECT ?", json!([]), "has 1 parameters, and `params` has 0"),
            ("SELECT ?", json!([[1]]), "value 1 of `params` is a list"),
            ("SELECT ?", json!([{ "a": 1 }]), "is an object"),
            ("SELECT ?", json!([{ "base64": "?" }]), "is not Base64"),
            ("SELECT ?", json!([u64::MAX]), "larger than SQLite's integers"),
            ("SELECT CAST(x'ff' AS TEXT) AS a", json!([]), "not UTF-8"),
        ] {
            let refused = desk.query(sql, params).unwrap_err();
            assert!(matches!(&refused, Error::Permanent(text) if text.contains(why)), "{sql}: {refused:?}");
        }
    }
}
