//! The one thread that holds the connection: what has gathered is committed together.

use crate::host::Error;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The most pieces of work that one commit holds, so that a first one does not wait for ever for its answer.
const MOST: usize = 512;

/// The longest that a commit waits for more to commit.
const PATIENCE: Duration = Duration::from_millis(5);

/// The most commits in a row that wait for nobody after one has waited in vain.
const MOST_ALONE: u32 = 64;

/// How often it is looked whether there is more.
const SLICE: Duration = Duration::from_micros(50);

/// A piece of work: done inside a transaction, and told once that is durable, or is not.
trait Piece: Send {
    /// Does it, again if it was done in a transaction that came to nothing; whether it is to be kept.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;

    /// Tells whoever waits what came of it, or what became of the transaction.
    fn tell(self: Box<Self>, failed: Option<&Error>);
}

struct Asked<T, F> {
    work: F,
    done: Option<Result<T, Error>>,
    tell: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Piece for Asked<T, F>
where
    T: Send,
    F: Fn(&Transaction<'_>) -> Result<T, Error> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        let done = self.done.insert((self.work)(transaction));
        done.is_ok()
    }

    fn tell(self: Box<Self>, failed: Option<&Error>) {
        let done = match (failed, self.done) {
            (None, Some(done)) => done,
            // Its own failure says more than that of the transaction which it may have ended.
            (Some(_), Some(Err(own))) => Err(own),
            (Some(error), _) => Err(error.clone()),
            (None, None) => return,
        };
        // Nobody waits for the answer any more where the receiver is gone.
        let _ = self.tell.send(done);
    }
}

/// The thread, and the way to it.
pub struct Writer {
    work: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

struct Job {
    writes: bool,
    piece: Box<dyn Piece>,
}

impl Writer {
    /// Starts the thread that owns a connection.
    pub fn start(connection: Connection, name: String) -> Result<Writer, Error> {
        let (work, jobs) = channel();
        let thread = std::thread::Builder::new()
            .name("gov-journal".to_owned())
            .spawn(move || serve(connection, &jobs, &name))
            .map_err(|error| Error::Io(format!("cannot start the journal's thread: {error}")))?;
        Ok(Writer { work: Some(work), thread: Some(thread) })
    }

    /// Does work that changes something; the answer comes once it is durable.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.submit(true, work).await
    }

    /// Does work that only reads.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.submit(false, work).await
    }

    async fn submit<T: Send + 'static>(
        &self,
        writes: bool,
        work: impl Fn(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (tell, told) = oneshot::channel();
        let piece = Box::new(Asked { work, done: None, tell });
        let gone = || Error::Io("the journal's thread has ended".to_owned());
        let sender = self.work.as_ref().ok_or_else(gone)?;
        sender.send(Job { writes, piece }).map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    /// What was asked for is still done.
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was its last word; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

fn serve(mut connection: Connection, jobs: &Receiver<Job>, name: &str) {
    let mut batch: Vec<Job> = Vec::new();
    let mut patience = Patience::default();
    // How many the last commit held.
    let mut pieces = 0;
    loop {
        // Those who were just told come back, and those who came meanwhile are there.
        let expected = batch.len().saturating_add(pieces);
        if batch.is_empty() {
            let Ok(first) = jobs.recv() else { return };
            batch.push(first);
        }
        patience.gather(jobs, &mut batch, expected);
        let ended = commit(&mut connection, &mut batch, name, &mut patience.synced);
        pieces = batch.len();
        // What came in the meantime goes into the next commit, whatever those who are told now have to add.
        let next = jobs.try_iter().take(MOST).collect();
        match ended {
            Ok(false) if pieces > 1 => one_by_one(&mut connection, batch, name),
            ended => tell(batch, ended.err().as_ref()),
        }
        batch = next;
    }
}

/// Whether a commit waits for more to commit.
///
/// Where the disk is slow, all who write at once should share a sync; where it is fast, it is better that some get on with
/// their work while the others are synced. So one waits for no longer than half of what the last sync took, and who has
/// waited in vain does not wait again at once.
#[derive(Default)]
struct Patience {
    /// How long the last transaction took to become durable.
    synced: Duration,
    /// So many commits go on without waiting.
    alone: u32,
    /// So many do after the next that waits in vain.
    next_alone: u32,
}

impl Patience {
    /// Takes what there is, and where something is written, waits a little until there is as much as is expected. One who is
    /// alone waits for nobody.
    fn gather(&mut self, jobs: &Receiver<Job>, batch: &mut Vec<Job>, expected: usize) {
        let began = Instant::now();
        let mut patience = (self.synced / 2).min(PATIENCE);
        if let Some(alone) = self.alone.checked_sub(1) {
            (self.alone, patience) = (alone, Duration::ZERO);
        }
        loop {
            batch.extend(jobs.try_iter().take(MOST.saturating_sub(batch.len())));
            let is_complete = batch.len() >= expected.min(MOST) || !batch.iter().any(|job| job.writes);
            let left = patience.saturating_sub(began.elapsed());
            if is_complete {
                if !patience.is_zero() {
                    self.next_alone = 0;
                }
                return;
            }
            if left.is_zero() {
                if !patience.is_zero() {
                    self.next_alone = (2 * self.next_alone).clamp(1, MOST_ALONE);
                    self.alone = self.next_alone;
                }
                return;
            }
            std::thread::sleep(left.min(SLICE));
        }
    }
}

/// Does pieces of work in one transaction, which one that fails takes with it; whether none did.
///
/// A savepoint for each piece would cost more than all that the pieces do: SQLite keeps every page that is touched in one.
fn commit(connection: &mut Connection, batch: &mut [Job], name: &str, synced: &mut Duration) -> Result<bool, Error> {
    let writes = batch.iter().any(|job| job.writes);
    let behavior = if writes { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let ended = connection.transaction_with_behavior(behavior).and_then(|transaction| {
        let kept = batch.iter_mut().all(|job| job.piece.run(&transaction));
        // What failed may have ended the transaction: `finish` rolls back only what is still open.
        let began = Instant::now();
        let ended = if kept { transaction.commit() } else { transaction.finish() };
        if writes {
            *synced = began.elapsed();
        }
        ended.map(|()| kept)
    });
    ended.map_err(|error| super::describe(&error, name))
}

/// Does again, each in a transaction of its own, what came to nothing because one of them failed: the others do not.
fn one_by_one(connection: &mut Connection, batch: Vec<Job>, name: &str) {
    let mut held: Option<Error> = None;
    for job in batch {
        let mut alone = vec![job];
        // Who has waited once for another process to let go of the database does not wait again for each piece.
        let failed = match &held {
            Some(error) => Some(error.clone()),
            None => commit(connection, &mut alone, name, &mut Duration::default()).err(),
        };
        if let Some(Error::Locked(_)) = &failed {
            held.clone_from(&failed);
        }
        tell(alone, failed.as_ref());
    }
}

fn tell(batch: Vec<Job>, failed: Option<&Error>) {
    for job in batch {
        job.piece.tell(failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Barrier, Once};

    fn insert(transaction: &Transaction<'_>, number: i64) -> Result<(), Error> {
        let inserted = transaction.execute("INSERT INTO numbers VALUES (?1)", [number]);
        inserted.map(|_| ()).map_err(|error| Error::Io(error.to_string()))
    }

    #[test]
    fn a_piece_that_fails_takes_nothing_with_it_but_its_own() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY)").unwrap();
        let writer = Writer::start(connection, "numbers".to_owned()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            // While the first piece is done, the others gather: they are committed together.
            let gathered = Arc::new(Barrier::new(2));
            let held = Arc::clone(&gathered);
            let once = Once::new();
            let first = writer.write(move |_| {
                once.call_once(|| {
                    held.wait();
                });
                Ok(())
            });
            let (first, one, twice, two, ()) = tokio::join!(
                first,
                writer.write(|transaction| insert(transaction, 1)),
                writer.write(|transaction| insert(transaction, 7).and_then(|()| insert(transaction, 1))),
                writer.write(|transaction| insert(transaction, 2)),
                async {
                    gathered.wait();
                },
            );
            assert_eq!((first, one, two), (Ok(()), Ok(()), Ok(())));
            assert!(twice.is_err_and(|error| error.to_string().contains("UNIQUE")));
            let kept = writer.read(|transaction| {
                let mut numbers = transaction.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
                Ok(numbers.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect::<Vec<i64>>())
            });
            assert_eq!(kept.await, Ok(vec![1, 2]));
        });
    }

    /// A piece of work that does nothing.
    struct Nothing;

    impl Piece for Nothing {
        fn run(&mut self, _: &Transaction<'_>) -> bool {
            true
        }

        fn tell(self: Box<Self>, _: Option<&Error>) {}
    }

    fn nothing() -> Job {
        Job { writes: true, piece: Box::new(Nothing) }
    }

    #[test]
    fn who_has_waited_in_vain_does_not_wait_again_at_once() {
        let (work, jobs) = channel();
        let mut patience = Patience { synced: Duration::from_millis(1), ..Patience::default() };
        let mut rests = Vec::new();
        // Nobody comes: how many commits go on alone between two that wait.
        for _ in 0..400 {
            let waits = patience.alone == 0;
            let mut batch = vec![nothing()];
            patience.gather(&jobs, &mut batch, 2);
            assert_eq!(batch.len(), 1);
            if waits {
                rests.push(patience.alone);
            }
        }
        assert_eq!(rests[..8], [1, 2, 4, 8, 16, 32, 64, 64]);
        // Whoever is there makes it worth waiting again.
        patience.alone = 0;
        work.send(nothing()).unwrap();
        let mut batch = vec![nothing()];
        patience.gather(&jobs, &mut batch, 2);
        assert_eq!((batch.len(), patience.alone, patience.next_alone), (2, 0, 0));
    }
}
