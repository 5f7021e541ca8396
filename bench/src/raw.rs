//! SQLite alone, with as many entries as runs write, at the same durability: what is there to be had.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::three;

/// How long the body of an entry is: about what one of ours has.
const BODY: usize = 900;

/// An entry, and who waits until it is durable.
struct Entry {
    run: usize,
    sequence: usize,
    done: oneshot::Sender<()>,
}

/// A journal with one writer, which commits what has gathered, and so many clients: each writes the entries of one run after the
/// other, and waits for each as somebody does who acts on it. How many runs that are in a second.
pub fn journal(clients: usize, entries: usize, lasts: Duration) -> Result<f64, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let connection = open(&folder)?;
    let (work, gathered) = channel();
    let writer = std::thread::spawn(move || write(connection, &gathered));
    let (runs, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    three::runtime()?.block_on(async {
        let client = |_| {
            let (work, runs) = (work.clone(), Arc::clone(&runs));
            tokio::spawn(async move {
                while began.elapsed() < lasts {
                    let run = runs.fetch_add(1, Ordering::Relaxed);
                    for sequence in 0..entries {
                        let (done, durable) = oneshot::channel();
                        let _ = work.send(Entry { run, sequence, done });
                        // The writer ends only with an error, which is told below.
                        if durable.await.is_err() {
                            return;
                        }
                    }
                }
            })
        };
        let clients: Vec<_> = (0..clients).map(client).collect();
        for client in clients {
            client.await?;
        }
        Ok::<_, tokio::task::JoinError>(())
    })?;
    let lasted = began.elapsed();
    drop(work);
    writer.join().map_err(|_| "the journal's thread has failed")??;
    Ok(runs.load(Ordering::Relaxed) as f64 / lasted.as_secs_f64())
}

fn write(mut connection: Connection, gathered: &Receiver<Entry>) -> rusqlite::Result<()> {
    let body = "x".repeat(BODY);
    while let Ok(first) = gathered.recv() {
        let batch: Vec<Entry> = std::iter::once(first).chain(gathered.try_iter()).collect();
        let transaction = connection.transaction()?;
        for entry in &batch {
            insert(&transaction, entry.run, entry.sequence, &body)?;
        }
        transaction.commit()?;
        for entry in batch {
            let _ = entry.done.send(());
        }
    }
    Ok(())
}

/// A loop that commits so many entries at once and waits for nobody. How many runs that are in a second.
pub fn batches(size: usize, entries: usize, lasts: Duration) -> Result<f64, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut connection = open(&folder)?;
    let body = "x".repeat(BODY);
    let (mut runs, began) = (0_usize, Instant::now());
    while began.elapsed() < lasts {
        for sequence in 0..entries {
            let transaction = connection.transaction()?;
            for run in runs..runs + size {
                insert(&transaction, run, sequence, &body)?;
            }
            transaction.commit()?;
        }
        runs += size;
    }
    Ok(runs as f64 / began.elapsed().as_secs_f64())
}

fn open(folder: &tempfile::TempDir) -> rusqlite::Result<Connection> {
    let connection = Connection::open(folder.path().join("raw.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE journal (run INTEGER, sequence INTEGER, body TEXT, hash TEXT, PRIMARY KEY (run, sequence))
         STRICT, WITHOUT ROWID",
    )?;
    Ok(connection)
}

fn insert(connection: &Connection, run: usize, sequence: usize, body: &str) -> rusqlite::Result<()> {
    // As long as the hash of an entry.
    const HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";
    let mut insert = connection.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![run, sequence, body, HASH]).map(|_| ())
}
