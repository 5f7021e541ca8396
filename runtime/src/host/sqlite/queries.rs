//! What is asked of the database, each inside a transaction.

use crate::core::{GateId, Question, Status};
use crate::host::Link;
use crate::host::store::{Claim, Commit, Created, Due, Mail, NewRun, Summary, Untold, Waiting};
use rusqlite::types::Type;
use rusqlite::{Error, OptionalExtension, Result, Row, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub fn keep_plan(tx: &Transaction<'_>, digest: &str, document: &str) -> Result<()> {
    let mut insert =
        tx.prepare_cached("INSERT INTO plans (digest, document) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    insert.execute(params![digest, document]).map(|_| ())
}

pub fn plan(tx: &Transaction<'_>, digest: &str) -> Result<Option<String>> {
    tx.query_row("SELECT document FROM plans WHERE digest = ?1", [digest], |row| row.get(0)).optional()
}

pub fn create(tx: &Transaction<'_>, process: &str, new: &NewRun) -> Result<Created> {
    if let Some(key) = &new.key {
        let mut find = tx.prepare_cached("SELECT run FROM runs WHERE key = ?1")?;
        if let Some(run) = find.query_row([key], |row| row.get(0)).optional()? {
            return Ok(Created::Existing(run));
        }
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO runs (run, key, workflow, plan, status, created, owner, epoch, place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8)",
    )?;
    let (commit, owner) = (&new.commit, (!new.commit.release).then_some(process));
    let status = commit.status.unwrap_or(Status::Pending).as_str();
    insert.execute(params![new.run, new.key, new.workflow, new.plan, status, commit.at, owner, new.place])?;
    write(tx, commit)?;
    Ok(Created::New(1))
}

/// Writes what one event changes; whether the run was where the writer thought, and its own.
pub fn go_on(tx: &Transaction<'_>, process: &str, commit: &Commit) -> Result<bool> {
    // Compared here and not in the query: SQLite would prepare that one anew for every value.
    let mut find = tx.prepare_cached(
        "SELECT (SELECT max(sequence) FROM journal WHERE run = runs.run) FROM runs
         WHERE run = ?1 AND owner = ?2 AND epoch = ?3",
    )?;
    let last =
        find.query_row(params![commit.run, process, commit.epoch], |row| row.get::<_, Option<u64>>(0)).optional()?;
    if last.map(Option::unwrap_or_default) != Some(commit.after) {
        return Ok(false);
    }
    if commit.status.is_some() || commit.release {
        let mut update = tx.prepare_cached(
            "UPDATE runs SET status = coalesce(?2, status), owner = iif(?3, NULL, owner) WHERE run = ?1",
        )?;
        update.execute(params![commit.run, commit.status.map(Status::as_str), commit.release])?;
    }
    write(tx, commit)?;
    Ok(true)
}

/// Writes the entry, and what is asked of the store beside the journal.
fn write(tx: &Transaction<'_>, commit: &Commit) -> Result<()> {
    if let Some(link) = &commit.link {
        let mut insert =
            tx.prepare_cached("INSERT INTO journal (run, sequence, at, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        insert.execute(params![commit.run, link.sequence, commit.at, link.body, link.hash])?;
    }
    for (timer, at) in &commit.armed {
        let mut arm = tx.prepare_cached("INSERT OR REPLACE INTO timers (run, timer, at) VALUES (?1, ?2, ?3)")?;
        arm.execute(params![commit.run, json(timer)?, at])?;
    }
    for timer in &commit.disarmed {
        let mut disarm = tx.prepare_cached("DELETE FROM timers WHERE run = ?1 AND timer = ?2")?;
        disarm.execute(params![commit.run, json(timer)?])?;
    }
    for question in &commit.asked {
        let mut ask = tx.prepare_cached(
            "INSERT OR REPLACE INTO gates (run, gate, question, open, tell_at) VALUES (?1, ?2, ?3, 1, ?4)",
        )?;
        let tell_at = commit.notifies.then_some(commit.at);
        ask.execute(params![commit.run, question.gate.0, json(question)?, tell_at])?;
    }
    for gate in &commit.settled {
        let mut settle = tx.prepare_cached("UPDATE gates SET open = 0 WHERE run = ?1 AND gate = ?2")?;
        settle.execute(params![commit.run, gate.0])?;
    }
    Ok(())
}

pub fn claim(tx: &Transaction<'_>, run: &str, process: &str, is_alive: impl Fn(&str) -> bool) -> Result<Claim> {
    let mut find = tx.prepare_cached("SELECT owner FROM runs WHERE run = ?1")?;
    let owner: Option<Option<String>> = find.query_row([run], |row| row.get(0)).optional()?;
    match owner {
        None => return Ok(Claim::NoRun),
        Some(Some(owner)) if is_alive(&owner) && owner != process => return Ok(Claim::Owned),
        Some(_) => {}
    }
    let mut take = tx.prepare_cached("UPDATE runs SET owner = ?2, epoch = epoch + 1 WHERE run = ?1 RETURNING epoch")?;
    take.query_row(params![run, process], |row| row.get(0)).map(Claim::Mine)
}

pub fn release(tx: &Transaction<'_>, run: &str, epoch: i64) -> Result<()> {
    tx.execute("UPDATE runs SET owner = NULL WHERE run = ?1 AND epoch = ?2", params![run, epoch]).map(|_| ())
}

pub fn journal(tx: &Transaction<'_>, run: &str) -> Result<Vec<Link>> {
    let mut select = tx.prepare_cached("SELECT sequence, body, hash FROM journal WHERE run = ?1 ORDER BY sequence")?;
    let link = |row: &Row<'_>| Ok(Link { sequence: row.get(0)?, body: row.get(1)?, hash: row.get(2)? });
    select.query_map([run], link)?.collect()
}

pub fn place(tx: &Transaction<'_>, run: &str) -> Result<Option<String>> {
    let mut select = tx.prepare_cached("SELECT place FROM runs WHERE run = ?1")?;
    select.query_row([run], |row| row.get(0)).optional().map(Option::flatten)
}

/// What the index `runs_under_way` has.
const UNDER_WAY: [Status; 3] = [Status::Pending, Status::Running, Status::Compensating];

fn select_runs(states: &[Status]) -> String {
    // Said as the index says it, which is then used.
    let under_way = match states.is_empty() || states.iter().any(|state| !UNDER_WAY.contains(state)) {
        true => "",
        false => "status IN ('pending', 'running', 'compensating') AND",
    };
    format!(
        "SELECT run, workflow, plan, status, created,
                coalesce((SELECT at FROM journal WHERE run = runs.run ORDER BY sequence DESC LIMIT 1), created),
                (SELECT coalesce(max(sequence), 0) FROM journal WHERE run = runs.run)
         FROM runs
         WHERE {under_way} (?1 = '[]' OR status IN (SELECT value FROM json_each(?1)))
         ORDER BY created DESC, run DESC LIMIT ?2",
    )
}

pub fn runs(tx: &Transaction<'_>, states: &[Status], limit: u32) -> Result<Vec<Summary>> {
    let mut select = tx.prepare_cached(&select_runs(states))?;
    let summary = |row: &Row<'_>| {
        let status: String = row.get(3)?;
        Ok(Summary {
            run: row.get(0)?,
            workflow: row.get(1)?,
            plan: row.get(2)?,
            status: Status::parse(&status).ok_or_else(|| unreadable(3, format!("there is no state `{status}`")))?,
            created: row.get(4)?,
            updated: row.get(5)?,
            entries: row.get(6)?,
        })
    };
    select.query_map(params![json(&states)?, limit], summary)?.collect()
}

pub fn timers(tx: &Transaction<'_>, before: i64) -> Result<Vec<Due>> {
    let mut select = tx.prepare_cached("SELECT at, run, timer FROM timers WHERE at < ?1 ORDER BY at, run, timer")?;
    let timer = |row: &Row<'_>| Ok(Due { at: row.get(0)?, run: row.get(1)?, timer: parse(row, 2)? });
    select.query_map([before], timer)?.collect()
}

pub fn questions(tx: &Transaction<'_>) -> Result<Vec<Waiting>> {
    let mut select = tx.prepare_cached("SELECT run, question FROM gates WHERE open ORDER BY run, gate")?;
    let waiting = |row: &Row<'_>| Ok(Waiting { run: row.get(0)?, question: parse::<Question>(row, 1)? });
    select.query_map([], waiting)?.collect()
}

pub fn has_untold(tx: &Transaction<'_>, run: Option<&str>) -> Result<bool> {
    let mut select = tx.prepare_cached(
        "SELECT 1 FROM gates WHERE open AND tell_at IS NOT NULL AND (?1 IS NULL OR run = ?1) LIMIT 1",
    )?;
    select.exists([run])
}

pub fn next_untold(tx: &Transaction<'_>) -> Result<Option<i64>> {
    let mut select = tx.prepare_cached("SELECT min(tell_at) FROM gates WHERE open AND tell_at IS NOT NULL")?;
    select.query_row([], |row| row.get(0))
}

pub fn take_untold(tx: &Transaction<'_>, process: &str, now: i64, until: i64, limit: u32) -> Result<Vec<Untold>> {
    let mut select = tx.prepare_cached(
        "SELECT run, question, workflow, plan, place, times FROM gates JOIN runs USING (run)
         WHERE open AND tell_at <= ?1 ORDER BY tell_at LIMIT ?2",
    )?;
    let untold = |row: &Row<'_>| {
        Ok(Untold {
            run: row.get(0)?,
            question: parse(row, 1)?,
            workflow: row.get(2)?,
            plan: row.get(3)?,
            place: row.get(4)?,
            times: row.get(5)?,
        })
    };
    let taken: Vec<Untold> = select.query_map(params![now, limit], untold)?.collect::<Result<_>>()?;
    let mut take = tx
        .prepare_cached("UPDATE gates SET tell_at = ?3, teller = ?4, times = times + 1 WHERE run = ?1 AND gate = ?2")?;
    for untold in &taken {
        take.execute(params![untold.run, untold.question.gate.0, until, process])?;
    }
    Ok(taken)
}

pub fn inherit_untold(tx: &Transaction<'_>, now: i64, is_alive: impl Fn(&str) -> bool) -> Result<()> {
    let mut tellers = tx.prepare_cached(
        "SELECT DISTINCT teller FROM gates WHERE open AND tell_at IS NOT NULL AND teller IS NOT NULL",
    )?;
    let tellers: Vec<String> = tellers.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
    let mut free = tx.prepare_cached(
        "UPDATE gates SET tell_at = min(tell_at, ?2), teller = NULL
         WHERE open AND tell_at IS NOT NULL AND teller = ?1",
    )?;
    for gone in tellers.iter().filter(|teller| !is_alive(teller)) {
        free.execute(params![gone, now])?;
    }
    Ok(())
}

pub fn told(tx: &Transaction<'_>, process: &str, run: &str, gate: &GateId, again: Option<i64>) -> Result<()> {
    let mut tell = tx
        .prepare_cached("UPDATE gates SET tell_at = ?3 WHERE run = ?1 AND gate = ?2 AND (?3 IS NULL OR teller = ?4)")?;
    tell.execute(params![run, gate.0, again, process]).map(|_| ())
}

pub fn post(tx: &Transaction<'_>, run: &str, event: &str) -> Result<i64> {
    tx.execute("INSERT INTO mail (run, event) VALUES (?1, ?2)", [run, event])?;
    Ok(tx.last_insert_rowid())
}

pub fn mail(tx: &Transaction<'_>, process: &str) -> Result<Vec<Mail>> {
    let mut select = tx.prepare_cached(
        "SELECT id, run, event FROM mail JOIN runs USING (run) WHERE answer IS NULL AND owner = ?1 ORDER BY id",
    )?;
    let mail = |row: &Row<'_>| Ok(Mail { id: row.get(0)?, run: row.get(1)?, event: row.get(2)? });
    select.query_map([process], mail)?.collect()
}

pub fn reply(tx: &Transaction<'_>, id: i64, answer: &str) -> Result<()> {
    tx.execute("UPDATE mail SET answer = ?2 WHERE id = ?1", params![id, answer]).map(|_| ())
}

pub fn answer(tx: &Transaction<'_>, id: i64) -> Result<Option<String>> {
    let answer = tx.query_row("SELECT answer FROM mail WHERE id = ?1", [id], |row| row.get(0)).optional()?;
    Ok(answer.flatten())
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))
}

fn parse<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error.to_string()))
}

fn unreadable(column: usize, message: String) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, message.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::sqlite::schema;
    use rusqlite::Connection;

    /// How SQLite looks for runs in these states.
    fn way(states: &[Status]) -> String {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", select_runs(states))).unwrap();
        let steps = explain.query_map(["[]", "0"], |row| row.get::<_, String>("detail")).unwrap();
        steps.map(std::result::Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn whoever_starts_does_not_look_through_all_that_have_ever_been() {
        let way_to = way(&UNDER_WAY);
        assert!(way_to.contains("INDEX runs_under_way"), "{way_to}");
        let way_to_all = way(&[]);
        assert!(!way_to_all.contains("runs_under_way"), "{way_to_all}");
    }
}
