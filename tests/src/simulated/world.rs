//! The services of a simulated world: what has really happened in it, whatever anybody was told.

use super::values;
use crate::random::Random;
use gov_plan::model::{Idempotency, Package};
use gov_runtime::Plan;
use gov_runtime::gate::{Call, Error, Handler, Later, Probe};
use gov_runtime::host::{Clock, Memory, Store};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The clock of the world: it goes on over all lives of the host, and follows tokio's, which jumps where nothing happens.
pub struct WorldClock {
    /// The time at which this life began, in milliseconds since 1970.
    pub life_began: AtomicI64,
    /// The same instant, for tokio.
    pub since: Mutex<Option<tokio::time::Instant>>,
}

impl Clock for WorldClock {
    fn now(&self) -> i64 {
        let since = self.since.lock().unwrap().map_or(Duration::ZERO, |since| since.elapsed());
        self.life_began.load(Ordering::Relaxed) + i64::try_from(since.as_millis()).unwrap_or_default()
    }
}

/// Something that really happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// Which capability did it.
    pub capability: String,
    /// For which step.
    pub label: String,
    /// Its place in the order in which things happened.
    pub order: u64,
    /// How often it was done, where that makes a difference.
    pub times: u32,
    /// What it gave.
    pub output: Json,
}

/// What has happened, and what goes wrong.
pub struct Inner {
    random: Random,
    /// Whether nothing goes wrong any more.
    pub calm: bool,
    /// So many calls of a hundred go wrong otherwise.
    pub trouble: u64,
    /// What happened, by the key of the call.
    pub happened: BTreeMap<String, Happened>,
    /// What will have happened by a time: calls whose caller has given up.
    late: Vec<(i64, String, Happened)>,
    order: u64,
    /// What must never be seen.
    pub violations: Vec<String>,
}

/// The services of a world.
pub struct World {
    inner: Mutex<Inner>,
    plan: Plan,
    memory: Memory,
    clock: Arc<WorldClock>,
    seed: u64,
}

/// What becomes of a call.
enum Fate {
    Answers,
    LosesAnswer,
    HangsAfter,
    HangsBefore,
    HappensLate,
    Transient,
    Permanent,
    UnknownBefore,
    Misfits,
    HappensTwice,
}

impl World {
    /// A world in which nothing has happened. `trouble` calls of a hundred go wrong.
    pub fn new(plan: &Plan, memory: Memory, clock: Arc<WorldClock>, mut random: Random, trouble: u64) -> World {
        let seed = random.draw();
        let inner = Inner {
            random,
            calm: trouble == 0,
            trouble,
            happened: BTreeMap::new(),
            late: Vec::new(),
            order: 0,
            violations: Vec::new(),
        };
        World { inner: Mutex::new(inner), plan: plan.clone(), memory, clock, seed }
    }

    /// What has happened so far.
    pub fn look(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap();
        let now = self.clock.now();
        inner.settle(|at, _| at <= now);
        inner
    }

    fn package(&self) -> &Package {
        self.plan.package()
    }

    fn output(&self, call: &Call) -> Json {
        let capability = call.capability();
        let declared = &self.package().capability(capability).unwrap().output;
        // The same step gives the same every time, so that runs can be compared.
        let seed = format!("{} {}", call.label(), capability)
            .bytes()
            .fold(self.seed, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        values::record(declared, &mut Random::new(seed))
            .unwrap_or_else(|| panic!("no output of `{capability}` was found"))
    }

    /// What is done without that it was written down first is what must never be.
    fn note_intent(&self, call: &Call) {
        let wanted = format!("\"key\":\"{}\"", call.key());
        let links = ready(self.memory.journal(call.run())).unwrap();
        if !links.iter().any(|link| link.body.contains("run_effect") && link.body.contains(&wanted)) {
            let said = format!("`{}` was called for `{}` without a durable intent", call.capability(), call.label());
            self.inner.lock().unwrap().violations.push(said);
        }
    }

    fn fate(&self, call: &Call) -> (Fate, u64, u64) {
        let idempotent = self.is_idempotent(call.capability());
        let inner = &mut *self.inner.lock().unwrap();
        let random = &mut inner.random;
        let slow = if inner.trouble == 0 || random.chance(80) { 20 } else { 900 };
        let (before, after) = (random.below(slow), random.below(slow));
        let goes_well = inner.calm || !random.chance(inner.trouble);
        let fate = match random.below(20) {
            _ if goes_well => Fate::Answers,
            0..=2 => Fate::LosesAnswer,
            3 | 4 => Fate::HangsAfter,
            5 | 6 => Fate::HangsBefore,
            7 | 8 if idempotent => Fate::HappensLate,
            9..=12 => Fate::Transient,
            13 | 14 => Fate::Permanent,
            15 | 16 => Fate::UnknownBefore,
            17 => Fate::Misfits,
            18 if idempotent => Fate::HappensTwice,
            _ => Fate::Answers,
        };
        (fate, before, after)
    }

    fn is_idempotent(&self, capability: &str) -> bool {
        self.package().capability(capability).is_some_and(|declared| declared.idempotency != Idempotency::No)
    }

    /// Makes it happen, once for each key where the capability is idempotent, and gives what it gave the first time.
    fn happen(&self, call: &Call) -> Json {
        let output = self.output(call);
        let idempotent = self.is_idempotent(call.capability());
        let mut inner = self.inner.lock().unwrap();
        inner.settle(|_, key| key == call.key());
        let happening = happening(call, output);
        inner.apply(call.key(), happening, idempotent)
    }
}

fn happening(call: &Call, output: Json) -> Happened {
    let (capability, label) = (call.capability().to_owned(), call.label().to_owned());
    Happened { capability, label, order: 0, times: 1, output }
}

impl Inner {
    fn settle(&mut self, is_due: impl Fn(i64, &str) -> bool) {
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, key, _)| is_due(*at, key));
        self.late = later;
        for (_, key, happened) in due {
            self.apply(&key, happened, true);
        }
    }

    fn apply(&mut self, key: &str, happening: Happened, idempotent: bool) -> Json {
        if let Some(before) = self.happened.get_mut(key) {
            before.times += u32::from(!idempotent);
            return before.output.clone();
        }
        self.order += 1;
        let output = happening.output.clone();
        self.happened.insert(key.to_owned(), Happened { order: self.order, ..happening });
        output
    }
}

/// What a future of the memory comes to: it is always ready.
fn ready<T>(mut later: Later<'_, T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match later.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the memory keeps nobody waiting"),
    }
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

impl Handler for World {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            self.note_intent(call);
            let (fate, before, after) = self.fate(call);
            pause(before).await;
            match fate {
                Fate::Transient => Err(Error::Transient("not now".to_owned())),
                Fate::Permanent => Err(Error::Permanent("not at all".to_owned())),
                Fate::UnknownBefore => Err(Error::Unknown("the line broke".to_owned())),
                Fate::HangsBefore => pending().await,
                Fate::HappensLate => {
                    let at = self.clock.now() + call.timeout() + i64::try_from(after).unwrap_or_default();
                    let output = self.output(call);
                    self.inner.lock().unwrap().late.push((at, call.key().to_owned(), happening(call, output)));
                    pending().await
                }
                Fate::LosesAnswer => {
                    self.happen(call);
                    pause(after).await;
                    Err(Error::Unknown("the answer was lost".to_owned()))
                }
                Fate::HangsAfter => {
                    self.happen(call);
                    pending().await
                }
                Fate::Misfits => {
                    self.happen(call);
                    Ok(json!("not what was declared"))
                }
                Fate::HappensTwice => {
                    self.happen(call);
                    Ok(self.happen(call))
                }
                Fate::Answers => {
                    let output = self.happen(call);
                    pause(after).await;
                    Ok(output)
                }
            }
        })
    }

    fn probe<'a>(&'a self, call: &'a Call) -> Later<'a, Probe> {
        Box::pin(async move {
            let mut inner = self.inner.lock().unwrap();
            inner.settle(|_, key| key == call.key());
            let cannot_tell = !inner.calm && inner.random.chance(30);
            match inner.happened.get(call.key()) {
                _ if cannot_tell => Probe::CannotTell,
                Some(happened) => Probe::Happened(happened.output.clone()),
                None => Probe::DidNotHappen,
            }
        })
    }
}

impl Handler for Service {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        self.0.call(call)
    }

    fn probe<'a>(&'a self, call: &'a Call) -> Later<'a, Probe> {
        self.0.probe(call)
    }
}

/// A world, as a handler.
pub struct Service(pub Arc<World>);
