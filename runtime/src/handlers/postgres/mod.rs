//! `db.postgres`: PostgreSQL databases that the deployment names.
//!
//! Each call has a connection and a transaction of its own. A query's transaction is read-only; a statement's remembers the
//! call's key, so that whether a call happened can always be told.

#[cfg(test)]
mod cluster;
mod parameter;
#[cfg(test)]
mod tests;

use super::blocking::{deadline, patience};
use super::database::{CALLS, MOST_BYTES, MOST_ROWS, parameters, too_much};
use super::net::Secrets;
use crate::gate::{Call, Error, Handler, Later, Probe};
use futures_util::TryStreamExt;
use gov_plan::value::parse_json;
use parameter::Parameter;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::AbortHandle;
use tokio_postgres::config::{Config, Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement, Transaction};

/// The databases of a deployment: gives the address of the one with a name, as `psql` takes it.
pub(super) struct Databases(Box<Address>);

type Address = dyn Fn(&str) -> Result<String, Error> + Send + Sync;

impl Databases {
    pub(super) fn new(address: impl Fn(&str) -> Result<String, Error> + Send + Sync + 'static) -> Databases {
        Databases(Box::new(address))
    }

    /// Databases with the names that runs know, each with the name of the secret that holds its address.
    pub(super) fn of_secrets(names: BTreeMap<String, String>, secrets: Secrets) -> Databases {
        Databases::new(move |name| match names.get(name) {
            Some(secret) => secrets.value(secret),
            None => Err(Error::Permanent(format!("this deployment names no database `{name}`"))),
        })
    }

    fn config(&self, name: &str) -> Result<Config, Error> {
        config(name, &(self.0)(name)?).map_err(Error::Permanent)
    }
}

/// A database with the URL or `key=value` text that `psql` takes.
///
/// # Errors
///
/// If the text is none, or asks for a connection over a network in the clear without saying so. The text itself is not in
/// the error: it has the password in it.
fn config(name: &str, text: &str) -> Result<Config, String> {
    let config: Config = text.parse().map_err(|_| format!("the address of the database `{name}` cannot be read"))?;
    let here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(host) => host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
    };
    let clear = config.get_ssl_mode() == SslMode::Disable;
    if !clear && (config.get_ssl_mode() != SslMode::Prefer || !config.get_hosts().iter().all(here)) {
        return Err(format!(
            "the database `{name}` is reached over a network, and connections are not encrypted: say `sslmode=disable` in \
             its address if the network is trusted"
        ));
    }
    Ok(config)
}

/// The capabilities of `db.postgres`, with what each does.
pub(super) const OPERATIONS: [(&str, Operation); 3] = [
    ("db.postgres.query", Operation::Query),
    ("db.postgres.execute", Operation::Execute),
    ("db.postgres.undo", Operation::Execute),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Query,
    Execute,
}

pub(super) struct Postgres {
    pub(super) databases: Arc<Databases>,
    pub(super) operation: Operation,
}

impl Handler for Postgres {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let until = deadline(call);
            let (mut client, connection) = within(call, until, self.connect(call)).await?;
            match self.operation {
                Operation::Query => within(call, until, query(&mut client, &connection, call)).await,
                Operation::Execute => execute(&mut client, call, until).await,
            }
        })
    }

    fn is_external(&self) -> bool {
        true
    }

    fn probe<'a>(&'a self, call: &'a Call) -> Later<'a, Probe> {
        Box::pin(async move {
            let happened = within(call, deadline(call), async {
                let (mut client, _) = self.connect(call).await?;
                if !has_table(&client).await.map_err(|error| failed(call, &error))? {
                    return Ok(None);
                }
                let transaction = begin(&mut client, call, false).await?;
                claim(&transaction, call).await.map_err(|error| failed(call, &error))
            });
            match happened.await {
                Ok(Some(rows)) => Probe::Happened(json!({ "rows": rows })),
                // What was claimed is given up with the transaction.
                Ok(None) => Probe::DidNotHappen,
                Err(_) => Probe::CannotTell,
            }
        })
    }
}

impl Postgres {
    async fn connect(&self, call: &Call) -> Result<(Client, AbortHandle), Error> {
        let mut config = self.databases.config(call.text("database")?)?;
        config.application_name("gov").connect_timeout(patience(call) / 2);
        let (client, connection) = config.connect(NoTls).await.map_err(|error| failed(call, &error))?;
        // It ends with its client, and what goes wrong with it is told to that.
        let connection = tokio::spawn(connection).abort_handle();
        Ok((client, connection))
    }
}

/// What is done in time, and changes nothing before it is committed: without the connection, the server takes it back.
///
/// # Errors
///
/// Transient, if it is not done in time: the server may be gone without a word.
async fn within<T>(call: &Call, until: Instant, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let done = tokio::time::timeout_at(until.into(), work).await;
    done.unwrap_or_else(|_| {
        let name = call.text("database").unwrap_or_default();
        Err(Error::Transient(format!("the database `{name}` does not answer in time")))
    })
}

async fn query(client: &mut Client, connection: &AbortHandle, call: &Call) -> Result<Json, Error> {
    let failed = |error: tokio_postgres::Error| failed(call, &error);
    let transaction = begin(client, call, true).await?;
    // The server writes each row as JSON, whatever the types of its columns, and null for one that is too large: a row is
    // taken whole before it can be looked at. `OFFSET 0` keeps it from writing each row twice.
    let sql = format!(
        "SELECT CASE WHEN octet_length(gov_text) <= {MOST_BYTES} THEN gov_text END \
         FROM (SELECT to_json(gov_row)::text AS gov_text FROM (\n{}\n) AS gov_row OFFSET 0) AS gov_rows",
        call.text("sql")?.trim_end_matches([';', ' ', '\n'])
    );
    let statement = transaction.prepare(&sql).await.map_err(failed)?;
    let values = values(&statement, call)?;
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let mut found = pin!(transaction.query_raw(&statement, values).await.map_err(failed)?);
    let (mut rows, mut size) = (Vec::new(), 0);
    while let Some(row) = found.try_next().await.map_err(failed)? {
        let text: Option<&str> = row.try_get(0).map_err(failed)?;
        size += text.map_or(0, str::len);
        let Some(text) = text.filter(|_| rows.len() < MOST_ROWS && size <= MOST_BYTES) else {
            // What else it sends is not even read.
            connection.abort();
            return Err(too_much());
        };
        let row = parse_json(text)
            .map_err(|error| Error::Permanent(format!("a row cannot be read: {error} (are two columns of one name?)")));
        rows.push(row?);
    }
    Ok(json!({ "rows": rows }))
}

async fn execute(client: &mut Client, call: &Call, until: Instant) -> Result<Json, Error> {
    let (rows, transaction) = within(call, until, change(client, call)).await?;
    if let Some(transaction) = transaction {
        transaction.commit().await.map_err(|error| match error.as_db_error() {
            Some(_) => failed(call, &error),
            None => Error::Unknown("the connection broke while the transaction was committed".to_owned()),
        })?;
    }
    Ok(json!({ "rows": rows }))
}

/// Does what a statement says, and gives how many rows it changed, and the transaction if it was not made before.
async fn change<'c>(client: &'c mut Client, call: &Call) -> Result<(i64, Option<Transaction<'c>>), Error> {
    let failed = |error: tokio_postgres::Error| failed(call, &error);
    let sql = call.text("sql")?;
    if is_transaction(sql) {
        let message = "the statement runs in a transaction of its own, and cannot begin or end one";
        return Err(Error::Permanent(message.to_owned()));
    }
    if !has_table(client).await.map_err(failed)? {
        make_table(client).await.map_err(failed)?;
    }
    let transaction = begin(client, call, false).await?;
    if let Some(rows) = claim(&transaction, call).await.map_err(failed)? {
        return Ok((rows, None));
    }
    let statement = transaction.prepare(sql).await.map_err(failed)?;
    let values = values(&statement, call)?;
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let changed = transaction.execute(&statement, &values).await.map_err(failed)?;
    let rows = i64::try_from(changed).unwrap_or(i64::MAX);
    let remember = format!("UPDATE {CALLS} SET rows = $2 WHERE key = $1");
    transaction.execute(&remember, &[&call.key(), &rows]).await.map_err(failed)?;
    Ok((rows, Some(transaction)))
}

/// Begins a transaction whose statements end before the call's time is over.
async fn begin<'c>(client: &'c mut Client, call: &Call, read_only: bool) -> Result<Transaction<'c>, Error> {
    let transaction = client.build_transaction().read_only(read_only).start().await;
    let transaction = transaction.map_err(|error| failed(call, &error))?;
    // The server says what is late before it is taken for gone.
    let limit = format!("SET LOCAL statement_timeout = {}", (patience(call) * 9 / 10).as_millis());
    transaction.batch_execute(&limit).await.map_err(|error| failed(call, &error))?;
    Ok(transaction)
}

async fn has_table(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let row = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&CALLS]).await?;
    row.try_get(0)
}

async fn make_table(client: &Client) -> Result<(), tokio_postgres::Error> {
    let make = format!(
        "CREATE TABLE IF NOT EXISTS {CALLS} (key text PRIMARY KEY, rows bigint, at timestamptz NOT NULL DEFAULT now())"
    );
    match client.batch_execute(&make).await {
        // Two made it at once.
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(()),
        made => made,
    }
}

/// Remembers that a call is made, or tells how many rows it changed if it was made before. Another attempt that is still at
/// it is waited for.
async fn claim(transaction: &Transaction<'_>, call: &Call) -> Result<Option<i64>, tokio_postgres::Error> {
    let claim = format!("INSERT INTO {CALLS} (key) VALUES ($1) ON CONFLICT DO NOTHING");
    if transaction.execute(&claim, &[&call.key()]).await? == 1 {
        return Ok(None);
    }
    let row = transaction.query_one(&format!("SELECT rows FROM {CALLS} WHERE key = $1"), &[&call.key()]).await?;
    Ok(Some(row.try_get::<_, Option<i64>>(0)?.unwrap_or(0)))
}

/// The values for a statement's parameters, as many as it has.
fn values<'j>(statement: &Statement, call: &'j Call) -> Result<Vec<Parameter<'j>>, Error> {
    let (wanted, given) = (statement.params(), parameters(call.input()));
    if wanted.len() != given.len() {
        return Err(Error::Permanent(format!(
            "the statement has {} parameters, and `params` has {} values",
            wanted.len(),
            given.len()
        )));
    }
    let values = given.iter().zip(wanted).enumerate();
    let values = values.map(|(at, (json, ty))| {
        Parameter::new(json, ty).map_err(|why| Error::Permanent(format!("value {} of `params` {why}", at + 1)))
    });
    values.collect()
}

/// Whether a statement begins or ends a transaction.
fn is_transaction(sql: &str) -> bool {
    let word: String = without_comments(sql).chars().take_while(char::is_ascii_alphabetic).collect();
    ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"]
        .iter()
        .any(|own| word.eq_ignore_ascii_case(own))
}

/// A statement from its first word on.
fn without_comments(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches(|character: char| character.is_whitespace() || character == ';');
        if let Some(comment) = sql.strip_prefix("--") {
            sql = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = sql.strip_prefix("/*") {
            // Comments nest in PostgreSQL.
            let (mut depth, mut rest) = (1, comment);
            while depth > 0 {
                let Some(at) = rest.find("*/").into_iter().chain(rest.find("/*")).min() else { return "" };
                depth = if rest.get(at..).is_some_and(|rest| rest.starts_with("/*")) { depth + 1 } else { depth - 1 };
                rest = rest.get(at + 2..).unwrap_or_default();
            }
            sql = rest;
        } else {
            return sql;
        }
    }
}

/// What a failure means: whether it may be gone the next time. The address of the database, and with it its password, is in
/// no message.
fn failed(call: &Call, error: &tokio_postgres::Error) -> Error {
    let name = call.text("database").unwrap_or_default();
    let Some(cause) = error.as_db_error() else {
        let text = match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let message = format!("the database `{name}`: {text}");
        return match is_local(error) {
            true => Error::Permanent(message),
            false => Error::Transient(message),
        };
    };
    let (code, text) = (cause.code(), cause.message());
    if *code == SqlState::QUERY_CANCELED {
        return Error::Transient(format!("the database `{name}`: the statement is not done in time"));
    }
    let help = match *code {
        SqlState::INSUFFICIENT_PRIVILEGE => format!(
            " (calls are remembered in a table `{CALLS}` (key text primary key, rows bigint, at timestamptz default now()), \
             which has to be made by somebody who may)"
        ),
        _ => String::new(),
    };
    let message = format!("the database `{name}`: {text}{help}");
    // Connections, serialization and deadlocks, resources, somebody else's lock, a server that stops or starts.
    let passes = ["08", "40", "53", "55", "57P"].iter().any(|class| code.code().starts_with(class));
    if passes { Error::Transient(message) } else { Error::Permanent(message) }
}

/// Whether a failure is about what was asked and not about the connection: it comes again.
fn is_local(error: &tokio_postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return false;
        }
        source = cause.source();
    }
    !error.is_closed() && !error.to_string().starts_with("error connecting") && !error.to_string().contains("timeout")
}
