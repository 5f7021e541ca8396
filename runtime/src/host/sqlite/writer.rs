//! The one thread that holds the connection: what has gathered is committed together.

use crate::host::Error;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The most pieces of work that one commit holds, so that a first one does not wait for ever for its answer.
const MOST: usize = 512;

/// A piece of work: done inside a transaction, and told once that is durable, or is not.
trait Piece: Send {
    /// Does it; whether it is to be kept.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;

    /// Tells whoever waits what came of it, or what became of the transaction.
    fn tell(self: Box<Self>, failed: Option<&Error>);
}

struct Asked<T, F> {
    work: Option<F>,
    done: Option<Result<T, Error>>,
    tell: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Piece for Asked<T, F>
where
    T: Send,
    F: FnOnce(&Transaction<'_>) -> Result<T, Error> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        self.done = self.work.take().map(|work| work(transaction));
        matches!(self.done, Some(Ok(_)))
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
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.submit(true, work).await
    }

    /// Does work that only reads.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.submit(false, work).await
    }

    async fn submit<T: Send + 'static>(
        &self,
        writes: bool,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (tell, told) = oneshot::channel();
        let piece = Box::new(Asked { work: Some(work), done: None, tell });
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
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        while batch.len() < MOST
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        commit(&mut connection, batch, name);
    }
}

/// Does pieces of work in one transaction, each in a savepoint of its own, so that one that fails does not take the others
/// with it; then tells what came of them.
fn commit(connection: &mut Connection, batch: Vec<Job>, name: &str) {
    let writes = batch.iter().any(|job| job.writes);
    let behavior = if writes { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let mut batch = batch;
    let ended = connection.transaction_with_behavior(behavior).and_then(|transaction| {
        if let [alone] = batch.as_mut_slice() {
            return if alone.piece.run(&transaction) { transaction.commit() } else { transaction.rollback() };
        }
        let say = |sql: &str| transaction.prepare_cached(sql)?.execute([]).map(drop);
        for job in &mut batch {
            say("SAVEPOINT piece")?;
            if !job.piece.run(&transaction) {
                say("ROLLBACK TO piece")?;
            }
            say("RELEASE piece")?;
        }
        transaction.commit()
    });
    let error = ended.err().map(|error| super::describe(&error, name));
    for job in batch {
        job.piece.tell(error.as_ref());
    }
}
