//! A disk that takes its time, is full for a while, and stops in the middle of a write.

use crate::random::Random;
use gov_runtime::core::{GateId, Status};
use gov_runtime::gate::Later;
use gov_runtime::host::{
    Claim, Commit, Created, Due, Error, Link, Mail, Memory, NewRun, Store, Summary, Untold, Waiting,
};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// When the power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before the write with this number, from 1, is durable.
    Before(u64),
    /// After it is durable, and before anybody hears of that.
    After(u64),
}

/// What the disk does of itself.
pub struct Nature {
    /// What is decided at random.
    pub random: Random,
    /// So many writes of a hundred find no room, or the disk held by somebody.
    pub refuses: u64,
    /// The longest that a write takes, in milliseconds.
    pub slow: u64,
    /// When the power fails.
    pub cut: Option<Cut>,
    /// The writes so far.
    pub writes: u64,
}

/// A view of a memory that behaves like a disk.
#[derive(Clone)]
pub struct Disk {
    memory: Memory,
    nature: Arc<Mutex<Nature>>,
    power: Arc<Notify>,
}

impl Disk {
    /// A disk over a memory. `power` is told when the power fails; what is being written then is never answered.
    pub fn new(memory: Memory, nature: Arc<Mutex<Nature>>, power: Arc<Notify>) -> Disk {
        Disk { memory, nature, power }
    }

    async fn write<T>(&self, work: impl FnOnce(&Memory) -> T + Send, fail: impl FnOnce(Error) -> T + Send) -> T {
        let (before, after, refused, cut) = {
            let mut nature = self.nature.lock().unwrap();
            nature.writes += 1;
            let writes = nature.writes;
            let cut = nature.cut.filter(|cut| matches!(cut, Cut::Before(at) | Cut::After(at) if *at == writes));
            let (slow, refuses) = (nature.slow, nature.refuses);
            let refused = nature.random.chance(refuses).then(|| nature.random.chance(50));
            (nature.random.below(slow + 1), nature.random.below(slow + 1), refused, cut)
        };
        tokio::time::sleep(Duration::from_millis(before)).await;
        match refused {
            Some(true) => return fail(Error::Full("there is no room".to_owned())),
            Some(false) => return fail(Error::Locked("somebody else holds it".to_owned())),
            None => {}
        }
        if let Some(Cut::Before(_)) = cut {
            self.power.notify_one();
            return pending().await;
        }
        let done = work(&self.memory);
        if let Some(Cut::After(_)) = cut {
            self.power.notify_one();
            return pending().await;
        }
        tokio::time::sleep(Duration::from_millis(after)).await;
        done
    }
}

/// What a future of the memory comes to: it is always ready.
fn now<T>(mut later: Later<'_, T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match later.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the memory keeps nobody waiting"),
    }
}

impl Store for Disk {
    fn keep_plan<'a>(&'a self, digest: &'a str, document: &'a str) -> Later<'a, Result<(), Error>> {
        self.memory.keep_plan(digest, document)
    }

    fn plan<'a>(&'a self, digest: &'a str) -> Later<'a, Result<Option<String>, Error>> {
        self.memory.plan(digest)
    }

    fn create(&self, new: NewRun) -> Later<'_, Result<Created, Error>> {
        Box::pin(self.write(|memory| now(memory.create(new)), Err))
    }

    fn commit(&self, commit: Commit) -> Later<'_, Result<(), Error>> {
        Box::pin(self.write(|memory| now(memory.commit(commit)), Err))
    }

    fn claim<'a>(&'a self, run: &'a str) -> Later<'a, Result<Claim, Error>> {
        Box::pin(self.write(move |memory| now(memory.claim(run)), Err))
    }

    fn release<'a>(&'a self, run: &'a str, epoch: i64) -> Later<'a, Result<(), Error>> {
        Box::pin(self.write(move |memory| now(memory.release(run, epoch)), Err))
    }

    fn journal<'a>(&'a self, run: &'a str) -> Later<'a, Result<Vec<Link>, Error>> {
        self.memory.journal(run)
    }

    fn place<'a>(&'a self, run: &'a str) -> Later<'a, Result<Option<String>, Error>> {
        self.memory.place(run)
    }

    fn runs<'a>(&'a self, states: &'a [Status], limit: u32) -> Later<'a, Result<Vec<Summary>, Error>> {
        self.memory.runs(states, limit)
    }

    fn timers(&self, before: i64) -> Later<'_, Result<Vec<Due>, Error>> {
        self.memory.timers(before)
    }

    fn questions(&self) -> Later<'_, Result<Vec<Waiting>, Error>> {
        self.memory.questions()
    }

    fn has_untold<'a>(&'a self, run: Option<&'a str>) -> Later<'a, Result<bool, Error>> {
        self.memory.has_untold(run)
    }

    fn next_untold(&self) -> Later<'_, Result<Option<i64>, Error>> {
        self.memory.next_untold()
    }

    fn take_untold(&self, at: i64, until: i64, limit: u32) -> Later<'_, Result<Vec<Untold>, Error>> {
        Box::pin(self.write(move |memory| now(memory.take_untold(at, until, limit)), Err))
    }

    fn inherit_untold(&self, now: i64) -> Later<'_, Result<(), Error>> {
        self.memory.inherit_untold(now)
    }

    fn told<'a>(&'a self, run: &'a str, gate: &'a GateId, again: Option<i64>) -> Later<'a, Result<(), Error>> {
        Box::pin(self.write(move |memory| now(memory.told(run, gate, again)), Err))
    }

    fn post<'a>(&'a self, run: &'a str, event: &'a str) -> Later<'a, Result<i64, Error>> {
        Box::pin(self.write(move |memory| now(memory.post(run, event)), Err))
    }

    fn mail(&self) -> Later<'_, Result<Vec<Mail>, Error>> {
        self.memory.mail()
    }

    fn reply<'a>(&'a self, id: i64, answer: &'a str) -> Later<'a, Result<(), Error>> {
        Box::pin(self.write(move |memory| now(memory.reply(id, answer)), Err))
    }

    fn answer(&self, id: i64) -> Later<'_, Result<Option<String>, Error>> {
        self.memory.answer(id)
    }
}
