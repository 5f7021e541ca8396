//! What the database holds, version by version.

use rusqlite::Connection;

/// The latest version that is known here.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// `Gov` and the number of the format, in the database's header.
pub const APPLICATION: i64 = 0x476f_7601;

/// What leads from each version to the next. Never changed, only added to.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE plans (
        digest   TEXT PRIMARY KEY,
        document TEXT NOT NULL
     ) STRICT;

     CREATE TABLE runs (
        run      TEXT PRIMARY KEY,
        key      TEXT UNIQUE,
        workflow TEXT NOT NULL,
        plan     TEXT NOT NULL REFERENCES plans,
        status   TEXT NOT NULL,
        created  INTEGER NOT NULL,
        updated  INTEGER NOT NULL,
        entries  INTEGER NOT NULL,
        owner    TEXT,
        epoch    INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX runs_by_status ON runs (status, created);
     CREATE INDEX runs_by_owner ON runs (owner) WHERE owner IS NOT NULL;

     CREATE TABLE journal (
        run      TEXT NOT NULL REFERENCES runs,
        sequence INTEGER NOT NULL,
        body     TEXT NOT NULL,
        hash     TEXT NOT NULL,
        PRIMARY KEY (run, sequence)
     ) STRICT, WITHOUT ROWID;
     CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
     CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;

     CREATE TABLE timers (
        run   TEXT NOT NULL REFERENCES runs,
        timer TEXT NOT NULL,
        at    INTEGER NOT NULL,
        PRIMARY KEY (run, timer)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX timers_by_time ON timers (at);

     CREATE TABLE gates (
        run      TEXT NOT NULL REFERENCES runs,
        gate     TEXT NOT NULL,
        question TEXT NOT NULL,
        open     INTEGER NOT NULL,
        PRIMARY KEY (run, gate)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX gates_open ON gates (run) WHERE open;

     CREATE TABLE spending (
        run      TEXT NOT NULL REFERENCES runs,
        step     TEXT NOT NULL,
        attempt  INTEGER NOT NULL,
        reserved TEXT,
        spent    TEXT,
        settled  INTEGER NOT NULL,
        PRIMARY KEY (run, step, attempt)
     ) STRICT, WITHOUT ROWID;

     CREATE TABLE mail (
        id     INTEGER PRIMARY KEY,
        run    TEXT NOT NULL REFERENCES runs,
        event  TEXT NOT NULL,
        answer TEXT
     ) STRICT;
     CREATE INDEX mail_open ON mail (run) WHERE answer IS NULL;",
    // Where each run was started: what its handlers are found by.
    "ALTER TABLE runs ADD COLUMN place TEXT;",
    // When somebody is to be told of a question, and how often that was tried.
    "ALTER TABLE gates ADD COLUMN tell_at INTEGER;
     ALTER TABLE gates ADD COLUMN times INTEGER NOT NULL DEFAULT 0;
     CREATE INDEX gates_untold ON gates (tell_at) WHERE open AND tell_at IS NOT NULL;",
    // Entries stand in the order in which they were written, whole pages of them, and what can be told from the journal is not
    // kept a second time: a commit then writes little more than its entries.
    "CREATE TABLE entries (
        entry    INTEGER PRIMARY KEY,
        run      TEXT NOT NULL REFERENCES runs,
        sequence INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        body     TEXT NOT NULL,
        hash     TEXT NOT NULL,
        UNIQUE (run, sequence)
     ) STRICT;
     INSERT INTO entries (run, sequence, at, body, hash)
        SELECT run, sequence, coalesce(CASE WHEN json_valid(body) THEN json_extract(body, '$.event.at') END, 0), body, hash
        FROM journal ORDER BY run, sequence;
     DROP TABLE journal;
     ALTER TABLE entries RENAME TO journal;
     CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
     CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
     DROP TABLE spending;
     DROP INDEX runs_by_owner;
     ALTER TABLE runs DROP COLUMN updated;
     ALTER TABLE runs DROP COLUMN entries;",
    // Who tells of a question.
    "ALTER TABLE gates ADD COLUMN teller TEXT;",
    // A run is written to as few pages as can be. Whoever starts looks for those that are under way, and not through all that
    // have ever been.
    "CREATE TABLE all_runs (
        run      TEXT PRIMARY KEY,
        key      TEXT,
        workflow TEXT NOT NULL,
        plan     TEXT NOT NULL REFERENCES plans,
        status   TEXT NOT NULL,
        created  INTEGER NOT NULL,
        owner    TEXT,
        epoch    INTEGER NOT NULL,
        place    TEXT
     ) STRICT, WITHOUT ROWID;
     INSERT INTO all_runs (run, key, workflow, plan, status, created, owner, epoch, place)
        SELECT run, key, workflow, plan, status, created, owner, epoch, place FROM runs ORDER BY run;
     DROP TABLE runs;
     ALTER TABLE all_runs RENAME TO runs;
     CREATE UNIQUE INDEX runs_by_key ON runs (key) WHERE key IS NOT NULL;
     CREATE INDEX runs_under_way ON runs (created) WHERE status IN ('pending', 'running', 'compensating');",
];

/// Brings a database to the latest version, each step in a transaction of its own; `Err(Ok(version))` where it is of a later
/// one.
pub fn migrate(connection: &mut Connection) -> Result<(), Result<i64, rusqlite::Error>> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(Err)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(Err)?;
    if found > VERSION {
        return Err(Ok(found));
    }
    let done = usize::try_from(found).unwrap_or(0);
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(done) {
        transaction.execute_batch(migration).map_err(Err)?;
        transaction.pragma_update(None, "user_version", version).map_err(Err)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(Err)?;
    }
    transaction.commit().map_err(Err)
}
