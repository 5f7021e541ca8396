//! Runs of the real machine in a simulated world: its clock jumps to whatever happens next, and its handlers are a function.
//!
//! `gov test` runs on it, and so do the tests of the machine itself.

use crate::core::{Command, Decided, Effect, Event, EventKind, Outcome, Question, Start, State, Timer, step};
use gov_plan::model::Package;
use std::collections::BTreeMap;

/// What a run meets.
pub trait World {
    /// A call: what comes of it, and after how many milliseconds.
    fn call(&mut self, effect: &Effect) -> (i64, Outcome);

    /// Whether a call happened; nobody can tell, where nothing else is said.
    fn probe(&mut self, _effect: &Effect) -> (i64, Outcome) {
        (0, Outcome::Unknown { message: "nobody can tell whether it happened".to_owned() })
    }

    /// A question to humans: what they say, and after how many milliseconds; they say nothing where nothing is given.
    fn asked(&mut self, question: &Question) -> Vec<(i64, Decided)>;
}

/// A run in a simulated world.
pub struct Simulation<'p> {
    package: &'p Package,
    /// The state of the run.
    pub state: State,
    /// What happened, and what it made necessary, in order.
    pub history: Vec<(Event, Vec<Command>)>,
    /// What is under way, by when it arrives and the order in which it was begun.
    coming: BTreeMap<(i64, u64), EventKind>,
    begun: u64,
    now: i64,
}

/// The most events that a simulated run takes before it is given up: a call that is retried until it succeeds and never
/// does would go on for ever.
const MOST_EVENTS: usize = 100_000;

impl<'p> Simulation<'p> {
    /// A run that has not begun, at a time in milliseconds since 1970.
    pub fn new(package: &'p Package, now: i64) -> Simulation<'p> {
        Simulation { package, state: State::default(), history: Vec::new(), coming: BTreeMap::new(), begun: 0, now }
    }

    /// Starts the run, and lets it go on until it rests, or waits for what never comes. Whether it came to that.
    pub fn run(&mut self, start: Start, world: &mut dyn World) -> bool {
        self.send(EventKind::Started(Box::new(start)), world);
        self.settle(world)
    }

    /// Lets the run go on until nothing more happens by itself. Whether it came to that.
    pub fn settle(&mut self, world: &mut dyn World) -> bool {
        while let Some(((at, _), kind)) = self.coming.pop_first() {
            if self.history.len() >= MOST_EVENTS {
                return false;
            }
            self.now = self.now.max(at);
            self.send(kind, world);
        }
        true
    }

    /// Gives the run an event now.
    pub fn send(&mut self, kind: EventKind, world: &mut dyn World) {
        let event = Event { at: self.now, kind };
        let (state, commands) = step(self.package, std::mem::take(&mut self.state), &event);
        self.state = state;
        for command in &commands {
            self.obey(command, world);
        }
        self.history.push((event, commands));
    }

    /// Makes an event happen later, in milliseconds from now.
    pub fn later(&mut self, after: i64, kind: EventKind) {
        self.begun += 1;
        self.coming.insert((self.now.saturating_add(after.max(0)), self.begun), kind);
    }

    fn obey(&mut self, command: &Command, world: &mut dyn World) {
        match command {
            Command::RunEffect(effect) => {
                let (after, outcome) = world.call(effect);
                self.land(effect, false, after, outcome);
            }
            Command::Probe(effect) => {
                let (after, outcome) = world.probe(effect);
                self.land(effect, true, after, outcome);
            }
            Command::Arm { timer, at } => self.later(at - self.now, EventKind::TimerFired { timer: timer.clone() }),
            Command::Disarm { timer } => self.forget(timer),
            Command::AwaitDecision(question) => {
                for (after, decided) in world.asked(question) {
                    self.later(after, EventKind::Decided(Box::new(decided)));
                }
            }
            _ => {}
        }
    }

    /// An answer that is longer in coming than the attempt may take never comes.
    fn land(&mut self, effect: &Effect, probed: bool, after: i64, outcome: Outcome) {
        let (after, outcome) = match after > effect.timeout {
            true => (effect.timeout, Outcome::Unknown { message: "no answer in time".to_owned() }),
            false => (after, outcome),
        };
        self.later(after, EventKind::Outcome { step: effect.step.clone(), attempt: effect.attempt, probed, outcome });
    }

    fn forget(&mut self, disarmed: &Timer) {
        self.coming.retain(|_, kind| !matches!(kind, EventKind::TimerFired { timer } if timer == disarmed));
    }
}
