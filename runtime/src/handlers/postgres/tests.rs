//! Against a real server, in a cluster of its own.

use super::cluster::Cluster;
use super::*;

fn handlers(cluster: &Cluster) -> Arc<Databases> {
    let own = cluster.address();
    let gone = own.replacen(" user=", "/nowhere user=", 1);
    let stranger = own.replace("user=gov", "user=stranger");
    databases([("shop", own), ("gone", gone), ("stranger", stranger)])
}

fn databases<const N: usize>(named: [(&'static str, String); N]) -> Arc<Databases> {
    Arc::new(Databases::new(move |wanted| match named.iter().find(|(name, _)| *name == wanted) {
        Some((_, address)) => Ok(address.clone()),
        None => Err(Error::Permanent(format!("this deployment names no database `{wanted}`"))),
    }))
}

/// The databases, called as the gate calls.
struct Desk(Arc<Databases>);

impl Desk {
    fn of(&self, operation: Operation) -> Postgres {
        Postgres { databases: Arc::clone(&self.0), operation }
    }

    fn sample(key: &str, sql: &str, params: Json) -> Call {
        Call::sample("db.postgres.execute", key, json!({ "database": "shop", "sql": sql, "params": params }))
    }

    async fn execute(&self, key: &str, sql: &str, params: Json) -> Result<Json, Error> {
        self.of(Operation::Execute).call(&Desk::sample(key, sql, params)).await
    }

    async fn query(&self, sql: &str, params: Json) -> Result<Json, Error> {
        self.of(Operation::Query).call(&Desk::sample("query", sql, params)).await
    }

    async fn probe(&self, key: &str) -> Probe {
        self.of(Operation::Execute).probe(&Desk::sample(key, "", json!([]))).await
    }
}

#[test]
fn a_real_server_is_asked_and_told() {
    let Some(cluster) = Cluster::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let desk = Desk(handlers(&cluster));
    runtime.block_on(async {
        values_go_in_and_come_out(&desk).await;
        a_call_that_is_made_again_does_nothing_twice(&desk).await;
        nothing_but_the_statement_is_done(&desk).await;
        failures_say_whether_they_pass(&desk, &cluster.address()).await;
    });
}

async fn values_go_in_and_come_out(desk: &Desk) {
    let table = "CREATE TABLE t (i int8, n numeric, s text, b bool, t timestamptz, d date, u uuid, j jsonb, a text[], x bytea, f float8)";
    assert_eq!(desk.execute("make", table, json!([])).await.unwrap(), json!({ "rows": 0 }));
    let values = json!([
        i64::MAX, "12345678901234567890.123", "Zoë \"{,}\"", true, "2026-01-31T09:00:00Z", "2026-01-31",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8", { "a": [1, null] }, ["x,\"y\"", null], "\\x00ff", 1.5
    ]);
    let insert = "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    assert_eq!(desk.execute("one", insert, values).await.unwrap(), json!({ "rows": 1 }));
    let sql = "SELECT i, n::text, s, b, to_char(t AT TIME ZONE 'UTC', 'HH24:MI') AS t, d, u, j, a, x, f FROM t WHERE i = $1 -- all";
    let found = desk.query(sql, json!([i64::MAX])).await.unwrap();
    let row = json!({
        "i": i64::MAX, "n": "12345678901234567890.123", "s": "Zoë \"{,}\"", "b": true, "t": "09:00", "d": "2026-01-31",
        "u": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "j": { "a": [1, null] }, "a": ["x,\"y\"", null], "x": "\\x00ff", "f": 1.5
    });
    assert_eq!(found, json!({ "rows": [row] }));
    let nothing = desk.query("SELECT i FROM t WHERE s IS NOT DISTINCT FROM $1::text", json!([null])).await.unwrap();
    assert_eq!(nothing, json!({ "rows": [] }));
    let many = desk.query("SELECT g FROM generate_series(1, 2500) AS g;\n", json!([])).await.unwrap();
    assert_eq!(many["rows"].as_array().unwrap().len(), 2500);
}

async fn a_call_that_is_made_again_does_nothing_twice(desk: &Desk) {
    assert_eq!(desk.probe("again").await, Probe::DidNotHappen);
    let at_once = || desk.execute("again", "INSERT INTO t (s) VALUES ('again'), ('again')", json!([]));
    let (one, other) = tokio::join!(at_once(), at_once());
    assert_eq!((one.unwrap(), other.unwrap()), (json!({ "rows": 2 }), json!({ "rows": 2 })));
    assert_eq!(desk.probe("again").await, Probe::Happened(json!({ "rows": 2 })));
    let count = desk.query("SELECT count(*) AS n FROM t WHERE s = 'again'", json!([])).await.unwrap();
    assert_eq!(count["rows"][0]["n"], 2);
    let broken = desk.execute("broken", "INSERT INTO t (s) VALUES (($1::int / 0)::text)", json!([1])).await;
    assert!(matches!(broken, Err(Error::Permanent(_))), "{broken:?}");
    assert_eq!(desk.probe("broken").await, Probe::DidNotHappen);
}

async fn nothing_but_the_statement_is_done(desk: &Desk) {
    for sql in ["COMMIT", "/* a */ rollback", "SAVEPOINT a", "INSERT INTO t (s) VALUES ('x'); DELETE FROM t"] {
        let refused = desk.execute(sql, sql, json!([])).await;
        assert!(matches!(refused, Err(Error::Permanent(_))), "{sql}: {refused:?}");
    }
    for sql in [
        "DELETE FROM t RETURNING i",
        "INSERT INTO t (s) VALUES ('x')",
        "CREATE TABLE v (a int)",
        "SELECT 1) AS a; DROP TABLE t; --",
    ] {
        let refused = desk.query(sql, json!([])).await;
        assert!(matches!(refused, Err(Error::Permanent(_))), "{sql}: {refused:?}");
    }
    let written = desk.query("WITH d AS (DELETE FROM t RETURNING i) SELECT * FROM d", json!([])).await;
    assert!(matches!(written, Err(Error::Permanent(_))), "{written:?}");
}

async fn failures_say_whether_they_pass(desk: &Desk, address: &str) {
    for (sql, params, why) in [
        ("SELEC 1", json!([]), "syntax error"),
        ("SELECT * FROM none", json!([]), "does not exist"),
        ("SELECT $1::int AS a", json!(["x"]), "invalid input syntax"),
        ("SELECT $1::int AS a", json!([]), "has 1 parameters, and `params` has 0"),
        ("SELECT $1::int AS a", json!([[1]]), "value 1 of `params` is a list"),
        ("SELECT 1 AS a, 2 AS a", json!([]), "two columns of one name"),
        ("SELECT repeat('x', 20000000) AS a", json!([]), "ask for less"),
        // The server sends none of it but what may be taken.
        ("SELECT repeat('x', 1000000) AS a FROM generate_series(1, 900)", json!([]), "ask for less"),
        ("SELECT 1 AS a FROM generate_series(1, 100001)", json!([]), "ask for less"),
    ] {
        let refused = desk.query(sql, params).await.unwrap_err();
        assert!(matches!(&refused, Error::Permanent(text) if text.contains(why)), "{sql}: {refused:?}");
    }
    let query = desk.of(Operation::Query);
    let of = |database: &str| {
        Call::sample("db.postgres.query", "1", json!({ "database": database, "sql": "SELECT 1 AS a" }))
    };
    assert!(
        matches!(query.call(&of("other")).await, Err(Error::Permanent(why)) if why.contains("names no database `other`"))
    );
    assert!(matches!(query.call(&of("gone")).await, Err(Error::Transient(_))));
    let stranger = query.call(&of("stranger")).await;
    assert!(matches!(&stranger, Err(Error::Permanent(why)) if why.contains("stranger")), "{stranger:?}");
    let slow = Desk::sample("slow", "SELECT pg_sleep(60)", json!([])).within(400);
    assert!(matches!(query.call(&slow).await, Err(Error::Transient(why)) if why.contains("in time")));
    // Another transaction holds the row.
    let (other, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    other.batch_execute("CREATE TABLE held (a int); INSERT INTO held VALUES (1)").await.unwrap();
    other.batch_execute("BEGIN; UPDATE held SET a = 2").await.unwrap();
    let held = Desk::sample("held", "UPDATE held SET a = 3", json!([])).within(400);
    let waits = desk.of(Operation::Execute).call(&held).await;
    assert!(matches!(&waits, Err(Error::Transient(_))), "{waits:?}");
    other.batch_execute("COMMIT").await.unwrap();
}

#[test]
fn a_server_that_does_not_speak_is_not_waited_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("host=127.0.0.1 port={} user=gov dbname=shop", listener.local_addr().unwrap().port());
    let desk = Desk(databases([("shop", address)]));
    let call = Desk::sample("1", "SELECT 1 AS a", json!([])).within(400);
    for operation in [Operation::Query, Operation::Execute] {
        let late = runtime.block_on(desk.of(operation).call(&call));
        let is_told = matches!(&late, Err(Error::Transient(why)) if why.contains("does not answer in time"));
        assert!(is_told, "{late:?}");
    }
}

#[test]
fn transactions_that_cannot_be_put_in_an_order_may_be_made_again() {
    let Some(cluster) = Cluster::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let serializable = format!("{} options='-c default_transaction_isolation=serializable'", cluster.address());
    let desk = Desk(databases([("shop", serializable)]));
    runtime.block_on(async {
        desk.execute("make", "CREATE TABLE t (a int)", json!([])).await.unwrap();
        desk.execute("fill", "INSERT INTO t SELECT generate_series(1, 10)", json!([])).await.unwrap();
        let add = |key: String| {
            let desk = &desk;
            async move {
                let sql = "INSERT INTO t SELECT sum(a)::int FROM t, pg_sleep(0.1) WHERE a < 1000";
                desk.execute(&key, sql, json!([])).await
            }
        };
        let (one, other, third) = tokio::join!(add("1".into()), add("2".into()), add("3".into()));
        let all = [one, other, third];
        assert!(all.iter().any(Result::is_ok), "{all:?}");
        let fail =
            |answer: &Result<Json, Error>| matches!(answer, Err(Error::Transient(why)) if why.contains("serialize"));
        assert!(all.iter().all(|answer| answer.is_ok() || fail(answer)), "{all:?}");
        assert!(all.iter().any(fail), "{all:?}");
    });
}

#[test]
fn what_begins_or_ends_a_transaction_is_known() {
    for sql in ["commit", " BEGIN;", "-- a\n rollback", "/* a /* b */ c */ end", "; commit", "/**/Start transaction"] {
        assert!(is_transaction(sql), "{sql}");
    }
    for sql in ["insert into t values (1)", "beginning", "", "/* commit", "-- commit", "with a as (select 1) select 1"]
    {
        assert!(!is_transaction(sql), "{sql}");
    }
}

#[test]
fn a_network_in_the_clear_has_to_be_said() {
    for text in [
        "host=/run/postgresql user=a",
        "postgres://a:b@localhost/c",
        "host=10.0.0.1 sslmode=disable",
        "postgres://[::1]/c",
    ] {
        assert!(config("db", text).is_ok(), "{text}");
    }
    for text in [
        "host=db.example password=hidden",
        "postgres://a:hidden@10.0.0.1/c",
        "host=/run sslmode=require",
        "post hidden",
    ] {
        let error = config("db", text).err().unwrap();
        assert!(error.contains("`db`") && !error.contains("hidden"), "{error}");
    }
}
