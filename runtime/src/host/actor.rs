//! What drives one run: one event after the other, each durable before anything is done because of it.

use super::embedded::Inner;
use super::entry::{About, Entry, attempt_of, genesis};
use super::store::{Claim, Commit};
use super::{Answer, Error, Link};
use crate::core::{CallId, Command, Event, EventKind, Start, State, Status, may_decide, step};
use crate::gate::Gate;
use crate::plan::Plan;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// An event for a run, and who wants to know what came of it.
pub(super) struct Message {
    pub(super) event: EventKind,
    pub(super) reply: Option<oneshot::Sender<Result<Answer, Error>>>,
}

/// A run that this process drives.
pub(super) struct Actor {
    inner: Arc<Inner>,
    gate: Arc<Gate>,
    plan: Plan,
    run: String,
    epoch: i64,
    entries: u64,
    hash: String,
    state: State,
    /// To itself: what the calls that it makes come to.
    own: mpsc::UnboundedSender<Message>,
    mailbox: mpsc::UnboundedReceiver<Message>,
    /// The calls that it makes.
    calls: JoinSet<()>,
    /// Whether the run is still this process's: it is not once a write has left it.
    owns: bool,
}

/// Where a run stood when its actor left.
#[derive(Clone, Copy)]
pub(super) struct Left {
    pub(super) status: Status,
    /// Whether it rests, or waits for somebody, or nothing of it is under way.
    pub(super) settled: bool,
}

impl Left {
    pub(super) fn at(state: &State) -> Left {
        let status = state.status;
        Left { status, settled: status.is_at_rest() || status == Status::Waiting || !state.is_under_way() }
    }
}

/// A run that this process has taken.
pub(super) struct Claimed {
    pub(super) epoch: i64,
    pub(super) folded: Folded,
    /// The gate of the place where it was started.
    pub(super) gate: Arc<Gate>,
}

/// The end of a journal, folded.
pub(super) struct Folded {
    pub(super) plan: Plan,
    pub(super) state: State,
    pub(super) entries: u64,
    pub(super) hash: String,
}

impl Folded {
    /// A run that has not begun.
    pub(super) fn empty(plan: Plan, run: &str) -> Folded {
        Folded { plan, state: State::default(), entries: 0, hash: genesis(run) }
    }
}

impl Actor {
    pub(super) fn new(
        inner: Arc<Inner>,
        run: String,
        claimed: Claimed,
        channel: (mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>),
    ) -> Actor {
        let Claimed { epoch, folded: Folded { plan, state, entries, hash }, gate } = claimed;
        Actor {
            inner,
            gate,
            plan,
            run,
            epoch,
            entries,
            hash,
            state,
            own: channel.0,
            mailbox: channel.1,
            calls: JoinSet::new(),
            owns: true,
        }
    }

    /// Drives the run until it has nothing in flight and no message. `begun` are the commands of its last entry, where that
    /// was just written by this process; where the run is taken over, what was in flight was interrupted instead.
    pub(super) async fn drive(mut self, begun: Option<Vec<Command>>) {
        let driven = self.try_drive(begun).await;
        let (inner, run, epoch) = (Arc::clone(&self.inner), self.run.clone(), self.epoch);
        if let Err(error) = driven {
            // Somebody else drives the run, or nothing can be written: what is durable stays true, and whoever comes next
            // goes on from there. Not before the calls that are under way have ended: until then nobody can say what they
            // came to, and making one again would be making it twice.
            if !matches!(error, Error::Owned(_)) {
                inner.tell_failure(&run, &error);
            }
            loop {
                tokio::select! {
                    biased;
                    Some(message) = self.mailbox.recv() => answer(message.reply, Err(error.clone())),
                    ended = self.calls.join_next() => if ended.is_none() { break },
                }
            }
            inner.forget(&run, &self.own);
            self.mailbox.close();
            while let Ok(message) = self.mailbox.try_recv() {
                answer(message.reply, Err(error.clone()));
            }
            let _ = inner.store.release(&run, epoch).await;
            inner.tell_left(&run, &Err(error));
        }
    }

    async fn try_drive(&mut self, begun: Option<Vec<Command>>) -> Result<(), Error> {
        match begun {
            Some(commands) => self.obey(commands),
            None => {
                for (step, attempt) in self.state.in_flight() {
                    self.take(Message { event: EventKind::Interrupted { step, attempt }, reply: None }).await?;
                }
            }
        }
        loop {
            if self.is_idle() && self.leave().await? {
                return Ok(());
            }
            let Some(message) = self.mailbox.recv().await else { return Ok(()) };
            if !self.owns
                && let Err(error) = self.claim_again().await
            {
                answer(message.reply, Err(error.clone()));
                return Err(error);
            }
            self.take(message).await?;
        }
    }

    /// Whether nothing happens to the run unless somebody says so.
    fn is_idle(&self) -> bool {
        !self.state.has_in_flight() && self.mailbox.is_empty()
    }

    /// Leaves the run to whoever wants it next; whether nobody had something to say in the meantime.
    async fn leave(&mut self) -> Result<bool, Error> {
        if !self.inner.forget_if_silent(&self.run, &self.mailbox) {
            return Ok(false);
        }
        if self.owns {
            self.inner.store.release(&self.run, self.epoch).await?;
        }
        self.inner.tell_left(&self.run, &Ok(Left::at(&self.state)));
        Ok(true)
    }

    /// Takes the run again, which was left with the last write: somebody had something to say just then.
    async fn claim_again(&mut self) -> Result<(), Error> {
        let epoch = match self.inner.store.claim(&self.run).await? {
            Claim::Mine(epoch) => epoch,
            Claim::Owned => return Err(Error::Owned(self.run.clone())),
            Claim::NoRun => return Err(Error::NoRun(self.run.clone())),
        };
        if epoch != self.epoch + 1 {
            // Another process had it in the meantime.
            let Folded { state, entries, hash, .. } = self.inner.fold(&self.run).await?;
            (self.state, self.entries, self.hash) = (state, entries, hash);
        }
        (self.epoch, self.owns) = (epoch, true);
        Ok(())
    }

    async fn take(&mut self, message: Message) -> Result<(), Error> {
        let Message { event, reply } = message;
        let at = self.inner.clock.now().max(self.state.now);
        if let Err(lost) = self.weigh(&event, at) {
            answer(reply, Ok(Answer::Lost(lost)));
            return Ok(());
        }
        let event = Event { at, kind: event };
        // Where what follows fails, this state is of no use any more: whoever drives the run next folds the journal.
        let before = self.state.status;
        let (state, commands) = step(self.plan.package(), std::mem::take(&mut self.state), &event);
        let Some(start) = state.start.clone() else {
            answer(reply, Err(Error::NoRun(self.run.clone())));
            return Err(Error::NoRun(self.run.clone()));
        };
        let about = about(&state, &start, &event.kind, &self.plan);
        let entry = Entry { sequence: self.entries + 1, event, commands };
        let link = Link::new(&start, &about, &entry, &self.hash)
            .map_err(|error| Error::Io(format!("cannot write an entry: {error}")))?;
        let hash = link.hash.clone();
        let mut commit = commit_of(&self.run, self.epoch, self.entries, at, link, &entry, &state);
        commit.notifies = self.gate.notifies();
        commit.status = Some(state.status).filter(|status| *status != before);
        self.state = state;
        // A run that then has nothing in flight is left with the same write.
        let leaves = self.is_idle();
        commit.release = leaves;
        if let Err(error) = self.inner.store.commit(commit).await {
            answer(reply, Err(error.clone()));
            return Err(error);
        }
        self.entries += 1;
        self.hash = hash;
        self.owns = !leaves;
        answer(reply, Ok(Answer::Won));
        self.inner.publish(&self.run, &entry, &self.state);
        self.obey(entry.commands);
        Ok(())
    }

    /// Whether an event still means something; otherwise nothing is written down.
    fn weigh(&self, event: &EventKind, at: i64) -> Result<(), String> {
        match event {
            EventKind::Decided(decided) => {
                may_decide(self.plan.package(), &self.state, decided, at).map_err(|lost| lost.to_string())
            }
            event if self.state.takes(event) => Ok(()),
            EventKind::Cancelled { .. } if self.state.status.is_final() => {
                Err(format!("the run has ended: it is {}", self.state.status))
            }
            EventKind::Cancelled { .. } => Err("it was asked to end before".to_owned()),
            EventKind::Resolved(resolved) => Err(format!("nothing at `{}` needs to be resolved", resolved.place)),
            _ => Err("it is over".to_owned()),
        }
    }

    /// Makes the calls that were commanded, and sets the timers. All of it is durable by now.
    fn obey(&mut self, commands: Vec<Command>) {
        while self.calls.try_join_next().is_some() {}
        for command in commands {
            let (effect, probe) = match command {
                Command::RunEffect(effect) => (effect, false),
                Command::Probe(effect) => (effect, true),
                Command::Arm { timer, at } => {
                    self.inner.timers.arm(at, &self.run, &timer);
                    continue;
                }
                Command::AwaitDecision(_) => {
                    self.inner.asked.notify_one();
                    continue;
                }
                _ => continue,
            };
            let Some(start) = self.state.start.clone() else { continue };
            let (gate, plan) = (Arc::clone(&self.gate), self.plan.clone());
            let call = async move {
                match probe {
                    true => gate.probe(&plan, &start, &effect).await,
                    false => gate.call(&plan, &start, &effect).await,
                }
            };
            self.make(call);
        }
    }

    /// Lets a call go on beside the run, and takes what it comes to as a message. One that is over at once is not worth a task.
    fn make(&mut self, call: impl Future<Output = EventKind> + Send + 'static) {
        let (own, mut call) = (self.own.clone(), Box::pin(call));
        // Where the actor is gone, the run is somebody else's: they were told that the call was interrupted.
        let report = move |event| drop(own.send(Message { event, reply: None }));
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(event) => report(event),
            // A task polls what it is given at once, so that this call has a waker from then on.
            Poll::Pending => drop(self.calls.spawn(async move { report(call.await) })),
        }
    }
}

fn answer(reply: Option<oneshot::Sender<Result<Answer, Error>>>, said: Result<Answer, Error>) {
    if let Some(reply) = reply {
        // Whoever asked may have stopped waiting.
        let _ = reply.send(said);
    }
}

/// What an entry changes in the store.
pub(super) fn commit_of(
    run: &str,
    epoch: i64,
    after: u64,
    at: i64,
    link: Link,
    entry: &Entry,
    state: &State,
) -> Commit {
    let mut commit = Commit {
        run: run.to_owned(),
        epoch,
        after,
        at,
        link: Some(link),
        status: Some(state.status),
        ..Commit::default()
    };
    if let EventKind::TimerFired { timer } = &entry.event.kind {
        commit.disarmed.push(timer.clone());
    }
    for command in &entry.commands {
        match command {
            Command::Arm { timer, at } => commit.armed.push((timer.clone(), *at)),
            Command::Disarm { timer } => commit.disarmed.push(timer.clone()),
            Command::AwaitDecision(question) => commit.asked.push((**question).clone()),
            Command::CloseGate { gate, .. } => commit.settled.push(gate.clone()),
            Command::RunEffect(_)
            | Command::Probe(_)
            | Command::Reserve(_)
            | Command::Settle(_)
            | Command::Mark(_)
            | Command::Enter { .. }
            | Command::Finish(_) => {}
        }
    }
    // A timer that was armed and disarmed by one event is not armed.
    let state_timers = &state.timers;
    commit.armed.retain(|(timer, _)| state_timers.contains(timer));
    commit
}

/// What an event is about, for the audit.
pub(super) fn about(state: &State, start: &Start, event: &EventKind, plan: &Plan) -> About {
    let root = state.instances.get(&crate::core::Place::root());
    let principal = match event {
        EventKind::Decided(decided) => Some(decided.by.clone()),
        EventKind::Resolved(resolved) => Some(resolved.by.clone()),
        EventKind::Cancelled { by, .. } => Some(by.clone()),
        EventKind::Started(_) => start
            .caller
            .clone()
            .or_else(|| plan.package().workflow(&start.workflow).map(|workflow| workflow.principal.clone())),
        _ => None,
    };
    let mut about = About {
        attempt: attempt_of(event),
        tenant: root.and_then(|root| root.tenant.clone()).or_else(|| start.tenant.clone()),
        principal,
        ..About::default()
    };
    let id = match event {
        EventKind::Outcome { step, .. } | EventKind::Refused { step, .. } | EventKind::Interrupted { step, .. } => {
            Some(step.clone())
        }
        EventKind::Decided(decided) => {
            state.gates.get(&decided.gate).map(|gate| gate.call.clone().unwrap_or_else(|| CallId::forward(&gate.place)))
        }
        EventKind::Resolved(resolved) => Some(CallId::forward(&resolved.place)),
        EventKind::TimerFired { timer: crate::core::Timer::Retry { step, .. } } => Some(step.clone()),
        _ => None,
    };
    let Some(id) = id else { return about };
    about.step = state.statements.get(&id.place).map(|statement| statement.label.clone());
    if let Some(call) = state.call(&id) {
        about.version = plan.package().capability(&call.capability).map(|capability| capability.version.clone());
        about.capability = Some(call.capability.clone());
        about.principal = about.principal.or_else(|| Some(call.principal.clone()));
    }
    about
}
