//! The host inside a process.

use super::actor::{Actor, Claimed, Folded, Left, Message, about, commit_of};
use super::entry::Entry;
use super::notices;
use super::places::{Outfit, Places};
use super::store::{Created, Due, NewRun, Store, Summary};
use super::takeover::TOGETHER;
use super::timers::{self, Timers};
use super::{Answer, Error, Host, Link, Request, Started, genesis};
use crate::core::{self, Command, Decided, Event, EventKind, Resolved, Start, State, Status, step};
use crate::gate::{Gate, Handlers, Later};
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use uuid::Uuid;

/// How often a process looks for what others left for the runs that it drives.
const MAIL_PAUSE: Duration = Duration::from_millis(100);

/// How long a process waits before it tells a run again that a timer is due, in milliseconds.
const TIMER_PAUSE: i64 = 1_000;

/// How long a process waits for another one to answer what it left.
const MAIL_PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether others were told of what waits for a human.
const NOTICE_PAUSE: Duration = Duration::from_millis(20);

/// Tells the time, in milliseconds since 1970.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> i64;
}

/// The clock of the machine.
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
    }
}

/// Gives numbers that nobody can guess.
pub type Random = Box<dyn Fn() -> u128 + Send + Sync>;

/// What a host is made of.
#[derive(Default)]
pub struct Options {
    /// What does what capabilities say, in the runs that this process starts.
    pub handlers: Handlers,
    /// Where this process is, in words of its own: kept with the runs that it starts, so that whoever goes on with them
    /// finds the same handlers.
    pub place: Option<String>,
    /// Gives the handlers of runs that were started at other places; all runs have those of this process, if nothing is said.
    pub outfit: Option<Outfit>,
    /// Another clock than the machine's.
    pub clock: Option<Box<dyn Clock>>,
    /// Another source of ids and seeds than the machine's randomness: the same numbers and the same clock give the same runs.
    pub random: Option<Random>,
}

/// A host that keeps everything in a store, and drives runs in this process.
pub struct Embedded {
    inner: Arc<Inner>,
}

/// An entry that has become durable, and the state after it.
pub type Update = (Arc<str>, Arc<Entry>, Arc<State>);

type Listeners = Vec<oneshot::Sender<Result<Left, Error>>>;

pub(super) struct Inner {
    pub(super) store: Box<dyn Store>,
    /// Wakes who tells others of what waits for a human.
    pub(super) asked: Arc<Notify>,
    places: Places,
    pub(super) clock: Box<dyn Clock>,
    pub(super) timers: Arc<Timers>,
    random: Random,
    /// Wakes who looks for mail, when there is a run to look for again.
    driven: Arc<Notify>,
    plans: Mutex<BTreeMap<String, Plan>>,
    actors: Mutex<BTreeMap<String, mpsc::UnboundedSender<Message>>>,
    pub(super) claiming: tokio::sync::Mutex<()>,
    updates: broadcast::Sender<Update>,
    failures: broadcast::Sender<(String, Error)>,
    unnotified: broadcast::Sender<(String, String)>,
    /// Who wants to hear when an actor leaves, by run.
    listeners: Mutex<BTreeMap<String, Listeners>>,
}

impl Embedded {
    /// A host over a store. Inside a tokio runtime: it fires timers and looks for mail until it is dropped.
    pub fn new(store: impl Store, options: Options) -> Embedded {
        let inner = Arc::new(Inner::new(store, options));
        tokio::spawn(timers::serve(Arc::downgrade(&inner)));
        tokio::spawn(notices::serve(Arc::downgrade(&inner), Arc::clone(&inner.asked)));
        let mail = Arc::downgrade(&inner);
        tokio::spawn(async move {
            while let Some(inner) = mail.upgrade() {
                let driven = Arc::clone(&inner.driven);
                // A process that drives nothing has no mail, and costs nothing; that its host is gone it hears as well.
                if inner.actors().is_empty() {
                    drop(inner);
                    driven.notified().await;
                } else {
                    inner.fetch_mail().await;
                    drop(inner);
                    tokio::time::sleep(MAIL_PAUSE).await;
                }
            }
        });
        Embedded { inner }
    }

    /// A host that only reads: it starts, drives and finishes nothing, whatever is due. What it is asked to write it does.
    pub fn reader(store: impl Store) -> Embedded {
        Embedded { inner: Arc::new(Inner::new(store, Options::default())) }
    }

    /// Takes up every run that is unfinished and that no living process drives. Their ids.
    ///
    /// # Errors
    ///
    /// If the store cannot be read. A run that cannot be taken up is told of by [`Embedded::failures`].
    pub async fn recover(&self) -> Result<Vec<String>, Error> {
        let unfinished = [Status::Pending, Status::Running, Status::Compensating];
        let mut recovered = Vec::new();
        for some in self.inner.store.runs(&unfinished, u32::MAX).await?.chunks(TOGETHER) {
            let runs: Vec<&str> = some.iter().map(|summary| summary.run.as_str()).collect();
            for (run, taken) in self.inner.take_over_all(&runs).await {
                match taken {
                    Ok(()) => recovered.push(run.to_owned()),
                    Err(Error::Owned(_)) => {}
                    Err(error) => self.inner.tell_failure(run, &error),
                }
            }
        }
        Ok(recovered)
    }

    /// Takes a run up, if it is unfinished and no living process drives it.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn resume(&self, run: &str) -> Result<(), Error> {
        match self.inner.take_over(run).await {
            Ok(()) | Err(Error::Owned(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What becomes durable from now on, of every run that this process drives.
    pub fn updates(&self) -> broadcast::Receiver<Update> {
        self.inner.updates.subscribe()
    }

    /// The runs that this process stops driving because it cannot write, or they cannot be read.
    pub fn failures(&self) -> broadcast::Receiver<(String, Error)> {
        self.inner.failures.subscribe()
    }

    /// Waits until whoever is to be told of what a run waits for was told, or of what any run waits for; at most so long.
    ///
    /// # Errors
    ///
    /// Why they were not told yet. They still will be: by this host, or by the next one on this store.
    pub async fn notified(&self, run: Option<&str>, patience: Duration) -> Result<(), String> {
        let mut failures = self.inner.unnotified.subscribe();
        let mut why = "no answer so far".to_owned();
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            if !self.inner.store.has_untold(run).await.map_err(|error| error.to_string())? {
                return Ok(());
            }
            while let Ok((of, failure)) = failures.try_recv() {
                if run.is_none_or(|run| run == of) {
                    why = failure;
                }
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(why);
            }
            tokio::time::sleep(NOTICE_PAUSE).await;
        }
    }

    /// What is kept.
    pub fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    /// The plan of a run, as it was kept. Its journal may be broken.
    ///
    /// # Errors
    ///
    /// If the plan is not kept, or cannot be read.
    pub async fn plan_of(&self, run: &Summary) -> Result<Plan, Error> {
        self.inner.plan(&run.plan).await
    }

    async fn say(&self, run: &str, event: EventKind) -> Result<Answer, Error> {
        let (tell, told) = oneshot::channel();
        let said = match self.inner.send(run, Message { event: event.clone(), reply: Some(tell) }).await {
            Ok(()) => told.await.map_err(|_| Error::Io("the host has ended".to_owned()))?,
            Err(error) => Err(error),
        };
        match said {
            Err(Error::Owned(_)) => self.leave_mail(run, &event).await,
            said => said,
        }
    }

    /// Leaves an event for the process that drives the run, and waits for its answer. If that process leaves the run in the
    /// meantime, the event is delivered from here.
    async fn leave_mail(&self, run: &str, event: &EventKind) -> Result<Answer, Error> {
        let text = serde_json::to_string(event).map_err(|error| Error::Io(error.to_string()))?;
        let id = self.inner.store.post(run, &text).await?;
        let deadline = tokio::time::Instant::now() + MAIL_PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if let Some(answer) = self.inner.store.answer(id).await? {
                return serde_json::from_str::<Option<String>>(&answer)
                    .map(|lost| lost.map_or(Answer::Won, Answer::Lost))
                    .map_err(|error| Error::Io(error.to_string()));
            }
            let (tell, told) = oneshot::channel();
            if self.inner.send(run, Message { event: event.clone(), reply: Some(tell) }).await.is_ok() {
                match told.await.map_err(|_| Error::Io("the host has ended".to_owned()))? {
                    Err(Error::Owned(_)) => {}
                    Err(error) => return Err(error),
                    Ok(answer) => {
                        self.inner.store.reply(id, &mail_answer(&answer)).await?;
                        return Ok(answer);
                    }
                }
            }
            tokio::time::sleep(MAIL_PAUSE).await;
        }
        Err(Error::Owned(run.to_owned()))
    }
}

impl Host for Embedded {
    fn start<'a>(&'a self, plan: &'a Plan, request: Request) -> Later<'a, Result<Started, Error>> {
        Box::pin(self.inner.start(plan, request))
    }

    fn decide<'a>(&'a self, run: &'a str, decided: Decided) -> Later<'a, Result<Answer, Error>> {
        Box::pin(self.say(run, EventKind::Decided(Box::new(decided))))
    }

    fn resolve<'a>(&'a self, run: &'a str, resolved: Resolved) -> Later<'a, Result<Answer, Error>> {
        Box::pin(self.say(run, EventKind::Resolved(Box::new(resolved))))
    }

    fn cancel<'a>(&'a self, run: &'a str, by: &'a str, reason: &'a str) -> Later<'a, Result<Answer, Error>> {
        Box::pin(self.say(run, EventKind::Cancelled { by: by.to_owned(), reason: reason.to_owned() }))
    }

    fn settled<'a>(&'a self, run: &'a str) -> Later<'a, Result<Status, Error>> {
        Box::pin(async move {
            loop {
                // Listened for before it is looked at: an actor that leaves from now on is heard of.
                let leaves = self.inner.listen(run);
                let left = if self.inner.has_actor(run) {
                    leaves.await.map_err(|_| Error::Io("the host has ended".to_owned()))??
                } else {
                    // Nobody is there to leave.
                    let left = Left::at(&self.inner.fold(run).await?.state);
                    self.inner.tell_left(run, &Ok(left));
                    left
                };
                if left.settled {
                    return Ok(left.status);
                }
                if !self.inner.has_actor(run) {
                    // A run that another process drives is not heard of here, nor one that pauses.
                    tokio::time::sleep(MAIL_PAUSE).await;
                }
            }
        })
    }

    fn history<'a>(&'a self, run: &'a str) -> Later<'a, Result<Vec<Link>, Error>> {
        Box::pin(async move {
            let links = self.inner.store.journal(run).await?;
            if links.is_empty() { Err(Error::NoRun(run.to_owned())) } else { Ok(links) }
        })
    }

    fn state<'a>(&'a self, run: &'a str) -> Later<'a, Result<State, Error>> {
        Box::pin(async move { Ok(self.inner.fold(run).await?.state) })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.driven.notify_one();
        self.timers.wake();
        self.asked.notify_one();
    }
}

impl Inner {
    fn new(store: impl Store, options: Options) -> Inner {
        Inner {
            store: Box::new(store),
            asked: Arc::default(),
            places: Places::new(options.place, options.handlers, options.outfit),
            clock: options.clock.unwrap_or_else(|| Box::new(SystemClock)),
            timers: Arc::new(Timers::default()),
            random: options.random.unwrap_or_else(|| Box::new(|| Uuid::new_v4().as_u128())),
            driven: Arc::default(),
            plans: Mutex::default(),
            actors: Mutex::default(),
            claiming: tokio::sync::Mutex::default(),
            updates: broadcast::channel(1_024).0,
            failures: broadcast::channel(64).0,
            unnotified: broadcast::channel(64).0,
            listeners: Mutex::default(),
        }
    }

    async fn start(self: &Arc<Self>, plan: &Plan, request: Request) -> Result<Started, Error> {
        let run = self.new_id();
        let seed = u64::try_from((self.random)() >> 64).unwrap_or_default();
        let start = Start {
            run: run.clone(),
            trace: request.trace.unwrap_or_else(|| format!("{:032x}", (self.random)())),
            plan: plan.digest().to_owned(),
            workflow: request.workflow,
            input: request.input,
            context: request.context,
            roles: request.roles,
            tenant: request.tenant,
            caller: request.caller,
            seed,
        };
        core::admit(plan.package(), &start).map_err(Error::Request)?;
        if !self.plans().contains_key(plan.digest()) {
            self.store.keep_plan(plan.digest(), plan.document()).await?;
            self.plans().insert(plan.digest().to_owned(), plan.clone());
        }

        let kind = EventKind::Started(Box::new(start.clone()));
        let event = Event { at: self.clock.now(), kind };
        let (state, commands) = step(plan.package(), State::default(), &event);
        let about = about(&state, &start, &event.kind, plan);
        let at = event.at;
        let entry = Entry { sequence: 1, event, commands };
        let link = Link::new(&start, &about, &entry, &genesis(&run))
            .map_err(|error| Error::Io(format!("cannot write an entry: {error}")))?;
        let hash = link.hash.clone();
        let mut commit = commit_of(&run, 1, 0, at, link, &entry, &state);
        commit.notifies = self.places.own_gate().notifies();
        let place = self.places.own().map(str::to_owned);
        let new =
            NewRun { run: run.clone(), key: request.key, workflow: start.workflow, plan: start.plan, place, commit };
        let epoch = match self.store.create(new).await? {
            Created::Existing(run) => return Ok(Started::Existing(run)),
            Created::New(epoch) => epoch,
        };
        // Before anything that follows is.
        self.publish(&run, &entry, &state);
        let folded = Folded { plan: plan.clone(), state, entries: 1, hash };
        self.spawn(&run, Claimed { epoch, folded, gate: self.places.own_gate() }, Some(entry.commands), None);
        Ok(Started::New(run))
    }

    /// An id that is unique, and sorts by time (a UUID of version 7).
    fn new_id(&self) -> String {
        let now = u64::try_from(self.clock.now()).unwrap_or_default();
        let [_, _, _, _, _, _, drawn @ ..] = (self.random)().to_be_bytes();
        uuid::Builder::from_unix_timestamp_millis(now, &drawn).into_uuid().to_string()
    }

    /// Gives an event to a run. Where no process drives it, this one does from now on.
    async fn send(self: &Arc<Self>, run: &str, message: Message) -> Result<(), Error> {
        let Err(message) = self.hand(run, message) else { return Ok(()) };
        // One at a time, so that a run does not get two actors.
        let _claiming = self.claiming.lock().await;
        let Err(message) = self.hand(run, message) else { return Ok(()) };
        let claimed = self.claim(run).await?;
        self.spawn(run, claimed, None, Some(message));
        Ok(())
    }

    /// Gives an event to the actor of a run, if it has one. An actor leaves under the same lock, and never with mail.
    fn hand(&self, run: &str, message: Message) -> Result<(), Message> {
        match self.actors().get(run) {
            Some(actor) => actor.send(message).map_err(|unsent| unsent.0),
            None => Err(message),
        }
    }

    /// Tells a run that a timer is due. Where it cannot be told now, because another process drives it or the store fails, it
    /// is told again later: a timer is not lost while it is armed, and one that is not armed any more changes nothing.
    pub(super) fn fire(self: &Arc<Self>, due: Due) {
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let (tell, told) = oneshot::channel();
            let event = EventKind::TimerFired { timer: due.timer.clone() };
            let sent = inner.send(&due.run, Message { event, reply: Some(tell) }).await;
            let failed = match sent {
                Ok(()) => told.await.ok().and_then(Result::err),
                Err(error) => Some(error),
            };
            match failed {
                None | Some(Error::NoRun(_) | Error::Plan(_) | Error::Place(_) | Error::Corrupt(_)) => {}
                Some(_) => inner.timers.arm(inner.clock.now().saturating_add(TIMER_PAUSE), &due.run, &due.timer),
            }
            if let Some(error) = failed.filter(|error| !matches!(error, Error::Owned(_))) {
                inner.tell_failure(&due.run, &error);
            }
        });
    }

    pub(super) fn spawn(
        self: &Arc<Self>,
        run: &str,
        claimed: Claimed,
        begun: Option<Vec<Command>>,
        first: Option<Message>,
    ) {
        let (own, mailbox) = mpsc::unbounded_channel();
        if let Some(first) = first {
            // The receiver is at hand.
            let _ = own.send(first);
        }
        self.actors().insert(run.to_owned(), own.clone());
        self.driven.notify_one();
        let actor = Actor::new(Arc::clone(self), run.to_owned(), claimed, (own, mailbox));
        tokio::spawn(actor.drive(begun));
    }

    async fn fetch_mail(self: &Arc<Self>) {
        // What cannot be read now is there the next time.
        for mail in self.store.mail().await.unwrap_or_default() {
            let Ok(event) = serde_json::from_str::<EventKind>(&mail.event) else { continue };
            let (tell, told) = oneshot::channel();
            if self.hand(&mail.run, Message { event, reply: Some(tell) }).is_err() {
                continue;
            }
            if let Ok(Ok(answer)) = told.await {
                // Whoever left it looks again, or delivers it itself: a decision counts once.
                let _ = self.store.reply(mail.id, &mail_answer(&answer)).await;
            }
        }
    }

    pub(super) fn publish(&self, run: &str, entry: &Entry, state: &State) {
        if self.updates.receiver_count() > 0 {
            // Nobody may listen.
            let _ = self.updates.send((run.into(), Arc::new(entry.clone()), Arc::new(state.clone())));
        }
    }

    /// Hears of it when the actor of a run leaves.
    fn listen(&self, run: &str) -> oneshot::Receiver<Result<Left, Error>> {
        let (tell, told) = oneshot::channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).entry(run.to_owned()).or_default().push(tell);
        told
    }

    /// Tells those who listen that the actor of a run has left, and why where it could not go on.
    pub(super) fn tell_left(&self, run: &str, left: &Result<Left, Error>) {
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner).remove(run);
        for listener in listeners.into_iter().flatten() {
            // Whoever listened may have stopped.
            let _ = listener.send(left.clone());
        }
    }

    pub(super) fn tell_unnotified(&self, run: &str, why: &str) {
        // Nobody may listen.
        let _ = self.unnotified.send((run.to_owned(), why.to_owned()));
    }

    /// The gate of the runs that were started at a place.
    pub(super) fn gate_of(&self, place: Option<String>) -> Result<Arc<Gate>, Error> {
        self.places.gate(place)
    }

    pub(super) fn tell_failure(&self, run: &str, error: &Error) {
        // Nobody may listen.
        let _ = self.failures.send((run.to_owned(), error.clone()));
    }

    /// Takes an actor out, whatever it was still sent.
    pub(super) fn forget(&self, run: &str, own: &mpsc::UnboundedSender<Message>) {
        let mut actors = self.actors();
        if actors.get(run).is_some_and(|actor| actor.same_channel(own)) {
            actors.remove(run);
        }
    }

    /// Takes an actor out, if it was sent nothing more; whether it was taken out.
    pub(super) fn forget_if_silent(&self, run: &str, mailbox: &mpsc::UnboundedReceiver<Message>) -> bool {
        let mut actors = self.actors();
        let silent = mailbox.is_empty();
        if silent {
            actors.remove(run);
        }
        silent
    }

    pub(super) fn has_actor(&self, run: &str) -> bool {
        self.actors().contains_key(run)
    }

    fn actors(&self) -> MutexGuard<'_, BTreeMap<String, mpsc::UnboundedSender<Message>>> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plans(&self) -> MutexGuard<'_, BTreeMap<String, Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer as it is left: nothing where it won, or why it lost.
fn mail_answer(answer: &Answer) -> String {
    let lost = match answer {
        Answer::Won => None,
        Answer::Lost(why) => Some(why),
    };
    serde_json::json!(lost).to_string()
}
