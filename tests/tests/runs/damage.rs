//! Databases that are held, closed, too new, or not whole.

use gov_runtime::gate::Handlers;
use gov_runtime::host::sqlite::{Sqlite, VERSION};
use gov_runtime::host::{Embedded, Error, Host, Link, Options, Request, first_broken};
use gov_tests::Sandbox;
use gov_tests::conformance::Services;
use gov_tests::simulated::compile;
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;

const PACKAGE: &str = r#"package damage
capability t.write: write {
    input { n: Int }
    output { id: String, n: Int }
    compensate with t.undo { id: output.id }
    idempotent
    handler http { method: "POST", url: "https://damage.example/" }
}
capability t.undo: write {
    input { id: String }
    compensate none because "it is itself an undo"
    retry until success
    idempotent
    handler http { method: "POST", url: "https://damage.example/" }
}
policy p {
    default deny
    escalate never because "nobody is there to ask"
    allow any to t.*
}
workflow two(n: Int) {
    principal agent:w
    policy p
    step one = t.write { n: n }
    step two = t.write { n: n }
}
"#;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(work)
}

fn open(path: &Path, handlers: Handlers) -> Result<Embedded, Error> {
    let store = Sqlite::open(path, "process")?;
    Ok(Embedded::new(store, Options { handlers, ..Options::default() }))
}

/// Runs that are kept in a database, and their journals.
async fn fill(host: &Embedded, runs: u64) -> Vec<(String, Vec<Link>)> {
    let plan = compile(PACKAGE).unwrap().plan;
    let mut kept = Vec::new();
    for _ in 0..runs {
        let request = Request {
            workflow: "two".to_owned(),
            input: json!({ "n": 1 }),
            context: json!({}),
            roles: Vec::new(),
            tenant: None,
            caller: None,
            key: None,
            trace: None,
        };
        let run = host.start(&plan, request).await.unwrap().run().to_owned();
        host.settled(&run).await.unwrap();
        kept.push((run.clone(), host.history(&run).await.unwrap()));
    }
    kept
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    block_on(async { drop(open(&path, Handlers::new()).unwrap()) });
    Connection::open(&path).unwrap().pragma_update(None, "user_version", VERSION + 7).unwrap();
    let Err(error) = Sqlite::open(&path, "process") else { panic!("it was opened") };
    assert!(matches!(&error, Error::Newer { found, known, .. } if (*found, *known) == (VERSION + 7, VERSION)));
    assert!(error.to_string().contains("newer version of gov"), "{error}");
}

#[test]
fn a_new_database_is_of_the_latest_version() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    block_on(async { drop(open(&path, Handlers::new()).unwrap()) });
    let version: i64 =
        Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, VERSION);
}

/// What leads back to earlier versions: from the latest to the fifth, from there to the third, and from there to the first.
const BACK: [(i64, &str); 3] = [
    (
        5,
        "CREATE TABLE all_runs (run TEXT PRIMARY KEY, key TEXT UNIQUE, workflow TEXT NOT NULL,
            plan TEXT NOT NULL REFERENCES plans, status TEXT NOT NULL, created INTEGER NOT NULL, owner TEXT,
            epoch INTEGER NOT NULL, place TEXT) STRICT;
         INSERT INTO all_runs SELECT run, key, workflow, plan, status, created, owner, epoch, place FROM runs;
         DROP TABLE runs;
         ALTER TABLE all_runs RENAME TO runs;
         CREATE INDEX runs_by_status ON runs (status, created)",
    ),
    (
        3,
        "ALTER TABLE gates DROP COLUMN teller;
         CREATE TABLE entries (run TEXT NOT NULL REFERENCES runs, sequence INTEGER NOT NULL, body TEXT NOT NULL,
            hash TEXT NOT NULL, PRIMARY KEY (run, sequence)) STRICT, WITHOUT ROWID;
         INSERT INTO entries SELECT run, sequence, body, hash FROM journal;
         DROP TABLE journal;
         ALTER TABLE entries RENAME TO journal;
         CREATE TABLE spending (run TEXT NOT NULL REFERENCES runs, step TEXT NOT NULL, attempt INTEGER NOT NULL,
            reserved TEXT, spent TEXT, settled INTEGER NOT NULL, PRIMARY KEY (run, step, attempt)) STRICT, WITHOUT ROWID;
         ALTER TABLE runs ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE runs ADD COLUMN entries INTEGER NOT NULL DEFAULT 0;
         CREATE INDEX runs_by_owner ON runs (owner) WHERE owner IS NOT NULL",
    ),
    (
        1,
        "ALTER TABLE runs DROP COLUMN place; DROP INDEX gates_untold; ALTER TABLE gates DROP COLUMN tell_at;
         ALTER TABLE gates DROP COLUMN times",
    ),
];

/// Runs of a database of an earlier version are found, and gone on with as they were then: by whoever opens it.
#[test]
fn a_database_of_an_earlier_version_is_brought_to_the_latest() {
    for steps in 1..=BACK.len() {
        let folder = Sandbox::new().unwrap();
        let path = folder.path("gov.db");
        let services = Services::new();
        let (kept, runs) = block_on(async {
            let host = open(&path, services.handlers()).unwrap();
            (fill(&host, 2).await, host.store().runs(&[], 10).await.unwrap())
        });
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        for (version, back) in &BACK[..steps] {
            connection.execute_batch(back).unwrap();
            connection.pragma_update(None, "user_version", version).unwrap();
        }
        // Everything is in the file itself.
        connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let Err(error) = Sqlite::look(&path, "looker") else { panic!("it was looked at") };
        assert!(
            matches!(&error, Error::Older { found, known, .. } if *found == BACK[steps - 1].0 && *known == VERSION)
        );
        assert!(error.to_string().contains("earlier version of gov"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        block_on(async {
            let host = open(&path, services.handlers()).unwrap();
            for (run, history) in &kept {
                assert_eq!(host.history(run).await.unwrap(), *history);
                assert_eq!(host.store().place(run).await.unwrap(), None);
            }
            assert_eq!(host.store().runs(&[], 10).await.unwrap(), runs);
            assert_eq!(fill(&host, 1).await.len(), 1);
        });
        let connection = Connection::open(&path).unwrap();
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION);
        let strays: i64 =
            connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
        assert_eq!(strays, 0);
        for change in ["UPDATE journal SET body = ''", "DELETE FROM journal"] {
            let refused = connection.execute(change, []).unwrap_err();
            assert!(refused.to_string().contains("only added to"), "{refused}");
        }
    }
}

/// Who only looks reads all that is kept, and cannot write, whatever the one who looks asks for.
#[test]
fn a_look_reads_and_changes_nothing() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    let services = Services::new();
    block_on(async {
        let host = open(&path, services.handlers()).unwrap();
        let kept = fill(&host, 2).await;
        let runs = host.store().runs(&[], 10).await.unwrap();
        let looker = Embedded::reader(Sqlite::look(&path, "looker").unwrap());
        assert_eq!(looker.store().runs(&[], 10).await.unwrap(), runs);
        for (run, history) in &kept {
            assert_eq!(looker.history(run).await.unwrap(), *history);
        }
        let refused = looker.store().post(&kept[0].0, "{}").await.unwrap_err();
        assert!(matches!(&refused, Error::ReadOnly(_)), "{refused}");
    });
}

#[test]
fn a_database_of_something_else_is_left_alone() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let Err(error) = Sqlite::open(&path, "process") else { panic!("it was opened") };
    assert!(matches!(error, Error::Corrupt(_)) && error.to_string().contains("something else"), "{error}");
}

#[test]
fn a_database_that_may_not_be_written_to_is_said_to_be_one() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    block_on(async { drop(open(&path, Handlers::new()).unwrap()) });
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let Err(error) = Sqlite::open(&path, "process") else { panic!("it was opened") };
    assert!(matches!(error, Error::ReadOnly(_)), "{error}");
}

#[test]
fn a_database_that_somebody_holds_is_waited_for_and_then_said_to_be_held() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    let services = Services::new();
    block_on(async {
        let host = open(&path, services.handlers()).unwrap();
        fill(&host, 1).await;
        let holder = Connection::open(&path).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        let plan = compile(PACKAGE).unwrap().plan;
        let error = host.store().keep_plan("another", plan.document()).await.unwrap_err();
        assert!(matches!(error, Error::Locked(_)) && error.to_string().contains("another process"), "{error}");
        holder.execute_batch("ROLLBACK").unwrap();
        // It goes on as soon as it can.
        fill(&host, 1).await;
    });
}

/// Wherever the log ends, what is found is a part of what was written, and is gone on with.
#[test]
fn a_log_that_was_torn_anywhere_gives_what_was_written_before() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    let services = Services::new();
    let (kept, torn) = block_on(async {
        let host = open(&path, services.handlers()).unwrap();
        let kept = fill(&host, 3).await;
        // While the host lives, what it has written is in the log.
        let torn = (std::fs::read(&path).unwrap(), std::fs::read(folder.path("gov.db-wal")).unwrap());
        (kept, torn)
    });
    let (database, log) = torn;
    assert!(log.len() > 20_000, "{}", log.len());
    let mut found = std::collections::BTreeSet::new();
    for end in (0..log.len()).step_by(log.len() / 24).chain([log.len() - 1, log.len()]) {
        let place = Sandbox::new().unwrap();
        let path = place.path("gov.db");
        std::fs::write(&path, &database).unwrap();
        std::fs::write(place.path("gov.db-wal"), &log[..end]).unwrap();
        block_on(async {
            let host = open(&path, services.handlers()).unwrap();
            let runs = host.store().runs(&[], u32::MAX).await.unwrap();
            let mut entries = 0;
            for summary in &runs {
                let links = host.history(&summary.run).await.unwrap();
                let (_, whole) = kept.iter().find(|(run, _)| *run == summary.run).unwrap();
                assert_eq!(first_broken(&summary.run, &links), None);
                assert_eq!(links[..], whole[..links.len()]);
                entries += links.len();
            }
            found.insert(entries);
            host.recover().await.unwrap();
            for summary in &runs {
                assert!(host.settled(&summary.run).await.unwrap().is_final());
            }
        });
    }
    assert!(found.len() > 3, "the log was torn at different entries: {found:?}");
}

/// A file that is not whole is said not to be, or gives journals that hold; it is never gone on with as if it were.
#[test]
fn a_file_that_was_cut_short_is_not_taken_for_whole() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    let services = Services::new();
    let kept = block_on(async { fill(&open(&path, services.handlers()).unwrap(), 20).await });
    let whole = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for part in 1..12 {
        let place = Sandbox::new().unwrap();
        let path = place.path("gov.db");
        std::fs::write(&path, &whole[..whole.len() * part / 12]).unwrap();
        block_on(async {
            let Ok(host) = open(&path, services.handlers()) else {
                refused += 1;
                return;
            };
            for (run, links) in &kept {
                match host.history(run).await {
                    Ok(found) => assert!(found == *links || first_broken(run, &found).is_none()),
                    Err(Error::Corrupt(_) | Error::NoRun(_)) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
        });
    }
    assert!(refused > 0);
}

#[test]
fn a_journal_that_was_changed_is_not_gone_on_with() {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    let services = Services::new();
    let kept = block_on(async { fill(&open(&path, services.handlers()).unwrap(), 1).await });
    let connection = Connection::open(&path).unwrap();
    let refused = connection.execute("UPDATE journal SET body = replace(body, '\"n\":1', '\"n\":2')", []);
    assert!(refused.unwrap_err().to_string().contains("only added to"));
    connection.execute_batch("DROP TRIGGER journal_is_not_changed").unwrap();
    connection.execute("UPDATE journal SET body = replace(body, '\"n\":1', '\"n\":2') WHERE sequence = 2", []).unwrap();
    block_on(async {
        let host = open(&path, services.handlers()).unwrap();
        let error = host.state(&kept[0].0).await.unwrap_err();
        assert!(error.to_string().contains("was changed at entry 2"), "{error}");
    });
}
