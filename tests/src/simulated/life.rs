//! The lives of a host: from one power cut to the next, until the run rests.

use super::disk::{Cut, Disk, Nature};
use super::world::{Service, World, WorldClock};
use crate::random::Random;
use gov_plan::model::Handler;
use gov_runtime::Plan;
use gov_runtime::core::{
    CallId, Decided, Finding, Place, Question, Resolved, Stage, State, Status, Undoing, Verdict, Work,
};
use gov_runtime::gate::Handlers;
use gov_runtime::host::{Embedded, Host, Link, Memory, Options, Request, Store};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// When a world begins, in milliseconds since 1970.
const BEGINNING: i64 = 1_800_000_000_000;

/// How often people look at what there is to do, in milliseconds.
const PEOPLE_LOOK: u64 = 700;

/// After so much time nothing goes wrong any more, in milliseconds.
const CALM_AFTER: i64 = 90_000;

/// By then a run that nothing goes wrong for has come to rest, in milliseconds.
const REST_BY: i64 = 4_000_000;

/// What is lived through.
pub struct Scenario<'s> {
    /// The plan.
    pub plan: &'s Plan,
    /// The workflow.
    pub workflow: &'s str,
    /// Its arguments.
    pub input: Json,
    /// The context.
    pub context: Json,
    /// What decides everything that is left open.
    pub random: Random,
    /// What goes wrong.
    pub faults: Faults,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// So many calls of a hundred go wrong.
    pub calls: u64,
    /// So many writes of a hundred are refused.
    pub writes: u64,
    /// The most power cuts at any time.
    pub cuts: u64,
    /// A power cut at a certain write.
    pub cut_at: Option<Cut>,
    /// Whether a second process uses the same disk.
    pub beside: bool,
    /// Whether people reject, cancel, come too late, and say what they may not.
    pub people: bool,
}

impl Faults {
    /// Nothing goes wrong, and people say yes.
    pub const NONE: Faults = Faults { calls: 0, writes: 0, cuts: 0, cut_at: None, beside: false, people: false };
}

/// What is left when a run rests.
pub struct Lived {
    /// Its id.
    pub run: String,
    /// Its journal.
    pub links: Vec<Link>,
    /// Its state.
    pub state: State,
    /// The world.
    pub world: Arc<World>,
    /// What people undid by hand.
    pub undone_by_hand: BTreeSet<Place>,
    /// What is not as it should be, in words.
    pub problems: Vec<String>,
    /// How often the power failed.
    pub cuts: u64,
    /// The writes of the disk in the first life.
    pub writes: u64,
}

/// The people around a run.
struct People {
    random: Random,
    difficult: bool,
    asked: BTreeSet<String>,
    cancels_at: Option<i64>,
    /// Whether they help where a run is stuck.
    helps: bool,
    undone: BTreeSet<Place>,
}

/// Lives through a scenario, until the run rests.
pub fn live(scenario: Scenario<'_>) -> Lived {
    let Scenario { plan, workflow, input, context, mut random, faults } = scenario;
    let memory = Memory::new();
    let clock = Arc::new(WorldClock { life_began: AtomicI64::new(BEGINNING), since: Mutex::new(None) });
    let world = Arc::new(World::new(plan, memory.clone(), Arc::clone(&clock), random.fork(), faults.calls));
    let slow = *random.pick(&[0, 3, 40]);
    let nature = Arc::new(Mutex::new(Nature {
        random: random.fork(),
        refuses: faults.writes,
        slow,
        cut: faults.cut_at,
        writes: 0,
    }));
    let cancels_at = (faults.people && random.chance(15)).then(|| {
        let after = random.below(30_000);
        BEGINNING + i64::try_from(after).unwrap_or_default()
    });
    let mut people = People {
        random: random.fork(),
        difficult: faults.people,
        asked: BTreeSet::new(),
        cancels_at,
        helps: !faults.people || random.chance(80),
        undone: BTreeSet::new(),
    };
    let request = Request {
        workflow: workflow.to_owned(),
        input,
        context,
        roles: Vec::new(),
        tenant: None,
        caller: None,
        key: Some("once".to_owned()),
        trace: None,
    };
    let mut lives = 0;
    let mut first_writes = None;
    let mut rested = None;
    while rested.is_none() && lives <= faults.cuts + 1 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let cut_after = match (faults.cut_at, lives < faults.cuts) {
            (Some(_), _) | (_, false) => u64::MAX,
            (None, true) => {
                let most = *random.pick(&[50, 1_000, 10_000, 60_000]);
                random.below(most)
            }
        };
        let left = if lives == 0 { memory.clone() } else { memory.reopened() };
        let last = lives == faults.cuts + u64::from(faults.cut_at.is_some());
        let (random, clock, world, nature, people) =
            (Arc::new(Mutex::new(random.fork())), &clock, &world, &nature, &mut people);
        rested = runtime.block_on(async {
            *clock.since.lock().unwrap() = Some(Instant::now());
            let power = Arc::new(Notify::new());
            let host = |memory: Memory| {
                let disk = Disk::new(memory, Arc::clone(nature), Arc::clone(&power));
                let random = Arc::clone(&random);
                let mut handlers = Handlers::new();
                for kind in ["http", "mcp", "exec"] {
                    handlers.external(kind, Arc::new(Service(Arc::clone(world))));
                }
                for capability in &plan.package().capabilities {
                    if capability.handler == Handler::Builtin {
                        handlers.builtin(&capability.id, Arc::new(Service(Arc::clone(world))));
                    }
                }
                let drawn = move || {
                    let mut random = random.lock().unwrap();
                    (u128::from(random.draw()) << 64) | u128::from(random.draw())
                };
                let clock = Box::new(Shared(Arc::clone(clock)));
                let options =
                    Options { handlers, clock: Some(clock), random: Some(Box::new(drawn)), ..Options::default() };
                Embedded::new(disk, options)
            };
            let mut hosts = Vec::new();
            if faults.beside {
                hosts.push(host(left.beside()));
            }
            hosts.push(host(left.clone()));
            let life = Life { hosts: &hosts, plan, request: &request, world, nature, clock, last };
            tokio::select! {
                biased;
                () = power.notified() => None,
                () = tokio::time::sleep(Duration::from_millis(cut_after)) => None,
                rested = life.lead(people) => Some(rested),
            }
        });
        let elapsed = runtime.block_on(async { clock.now() });
        drop(runtime);
        first_writes.get_or_insert(nature.lock().unwrap().writes);
        *clock.since.lock().unwrap() = None;
        // It takes a while until somebody starts it again.
        let most = if faults.cut_at.is_some() { 1 } else { 5_000 };
        let pause = i64::try_from(people.random.below(most)).unwrap_or_default();
        clock.life_began.store(elapsed + pause, Ordering::Relaxed);
        lives += 1;
    }
    let summaries = now(memory.runs(&[], u32::MAX)).unwrap();
    let mut problems = rested.unwrap_or_else(|| vec!["the run never came to rest".to_owned()]);
    if summaries.len() != 1 {
        problems.push(format!("one request with one key started {} runs", summaries.len()));
    }
    let run = summaries.first().map(|summary| summary.run.clone()).unwrap_or_default();
    let links = now(memory.journal(&run)).unwrap();
    let state = super::check::fold(plan, &links);
    problems.append(&mut world.look().violations);
    Lived {
        run,
        links,
        state,
        world,
        undone_by_hand: people.undone,
        problems,
        cuts: lives - 1,
        writes: first_writes.unwrap_or_default(),
    }
}

fn now<T>(mut later: gov_runtime::gate::Later<'_, T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match later.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the memory keeps nobody waiting"),
    }
}

struct Shared(Arc<WorldClock>);

impl gov_runtime::host::Clock for Shared {
    fn now(&self) -> i64 {
        self.0.now()
    }
}

use gov_runtime::host::Clock as _;

struct Life<'l> {
    hosts: &'l [Embedded],
    plan: &'l Plan,
    request: &'l Request,
    world: &'l Arc<World>,
    nature: &'l Arc<Mutex<Nature>>,
    clock: &'l Arc<WorldClock>,
    /// Whether no power cut is to come.
    last: bool,
}

impl Life<'_> {
    /// Starts the run, takes up what was left, and does what people do, until the run rests. What was wrong.
    async fn lead(&self, people: &mut People) -> Vec<String> {
        let Some(driver) = self.hosts.first() else { return Vec::new() };
        let run = loop {
            match driver.start(self.plan, self.request.clone()).await {
                Ok(started) => break started.run().to_owned(),
                Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
            }
        };
        loop {
            let calm = self.last && self.clock.now() > BEGINNING + CALM_AFTER;
            if calm {
                self.world.look().calm = true;
                self.nature.lock().unwrap().refuses = 0;
                people.difficult = false;
            }
            for host in self.hosts {
                // What cannot be taken up now is taken up the next time.
                let _ = host.recover().await;
            }
            let Ok(state) = driver.state(&run).await else { continue };
            if state.status.is_final() || (state.status == Status::Stuck && self.is_left(people, &state)) {
                return Vec::new();
            }
            if self.clock.now() > BEGINNING + REST_BY {
                return vec![format!("the run did not come to rest: it is {}", state.status)];
            }
            self.act(people, &run, &state).await;
            tokio::time::sleep(Duration::from_millis(PEOPLE_LOOK)).await;
        }
    }

    /// Whether people leave a run as it is: they do not help, or what is left cannot be helped.
    fn is_left(&self, people: &People, state: &State) -> bool {
        !people.helps || !state.statements.iter().any(|(place, _)| needs_help(state, place))
    }

    async fn act(&self, people: &mut People, run: &str, state: &State) {
        let mine = people.random.below(self.hosts.len() as u64);
        let Some(host) = self.hosts.get(usize::try_from(mine).unwrap_or_default()) else { return };
        if people.cancels_at.is_some_and(|at| at <= self.clock.now()) {
            people.cancels_at = None;
            // Whether it counts is in the journal.
            let _ = host.cancel(run, "user:ann", "no longer wanted").await;
        }
        let Ok(questions) = host.store().questions().await else { return };
        for waiting in questions {
            self.answer(people, host, run, &waiting.question).await;
        }
        if state.status == Status::Stuck && people.helps {
            let places: Vec<&Place> = state.statements.keys().filter(|place| needs_help(state, place)).collect();
            if let Some(place) = places.first() {
                self.help(people, host, run, state, place).await;
            }
        }
    }

    async fn answer(&self, people: &mut People, host: &Embedded, run: &str, question: &Question) {
        // A question that somebody has looked at is answered later, or never, unless all is calm.
        if !people.asked.insert(format!("{} {}", question.gate, question.digest)) && people.difficult {
            return;
        }
        let wanted = question.approvers.first().map(String::as_str);
        let role = wanted.and_then(|wanted| wanted.strip_prefix("role:"));
        let names: Vec<String> = match wanted {
            None => vec!["user:ann".into(), "user:bob".into(), "user:cid".into()],
            Some(_) if role.is_some() => vec!["user:ann".into(), "user:bob".into(), "user:cid".into()],
            Some(other) if other.ends_with('*') => {
                (0..3).map(|index| format!("{}person{index}", other.trim_end_matches('*'))).collect()
            }
            Some(_) => question.approvers.clone(),
        };
        // Whoever is wanted has the role: the identity provider asserts it of them, and of nobody else.
        let say = |by: &str, verdict: Verdict, digest: &str| {
            let asserted = role.filter(|_| names.iter().any(|name| name == by));
            let roles = asserted.map(str::to_owned).into_iter().collect();
            let (gate, by, digest) = (question.gate.clone(), by.to_owned(), digest.to_owned());
            Decided { gate, by, roles, verdict, comment: String::new(), digest }
        };
        let quorum = usize::try_from(question.quorum).unwrap_or(1);
        let mut said: Vec<Decided> =
            names.iter().take(quorum).map(|by| say(by, Verdict::Approved, &question.digest)).collect();
        if people.difficult {
            match people.random.below(10) {
                0 => return,
                1 => said = vec![say(&names[0], Verdict::Rejected, &question.digest)],
                2 => said.push(say(names.last().map_or("user:x", String::as_str), Verdict::Rejected, &question.digest)),
                3 => said.insert(0, say("user:eve", Verdict::Approved, &question.digest)),
                4 => said.insert(0, say(&names[0], Verdict::Approved, "what was never shown")),
                5 => said.insert(0, say(&question.requester, Verdict::Approved, &question.digest)),
                _ => {}
            }
        }
        // All at once: which comes first is for the host to say.
        let others = self.hosts.len() as u64;
        let mut answers = Vec::new();
        for decided in said {
            let by = people.random.below(others);
            let host = self.hosts.get(usize::try_from(by).unwrap_or_default()).unwrap_or(host);
            answers.push(async move { host.decide(run, decided).await });
        }
        together(answers).await;
    }

    /// Says the truth about what happened, having looked.
    async fn help(&self, people: &mut People, host: &Embedded, run: &str, state: &State, place: &Place) {
        let Some(step) = state.step(place) else { return };
        let doubt = |id: &CallId| state.call(id).filter(|call| call.stage == Stage::InDoubt);
        let found = |key: &str| self.world.look().happened.get(key).map(|happened| happened.output.clone());
        let finding = if let Some(call) = doubt(&CallId::forward(place)) {
            found(&call.key).map_or(Finding::DidNotHappen, |output| Finding::Happened { output })
        } else if let Some(call) = doubt(&CallId::undo(place)) {
            if found(&call.key).is_some() { Finding::Undone } else { Finding::Retry }
        } else if matches!(step.undoing, Undoing::NeedsHuman(_)) {
            people.undone.insert(place.clone());
            Finding::Undone
        } else {
            return;
        };
        let resolved = Resolved { place: place.clone(), by: "user:ann".to_owned(), finding, comment: String::new() };
        let _ = host.resolve(run, resolved).await;
    }
}

fn needs_help(state: &State, place: &Place) -> bool {
    let Some(Work::Step(step)) = state.statements.get(place).map(|statement| &statement.work) else { return false };
    let doubt = |id: CallId| state.call(&id).is_some_and(|call| call.stage == Stage::InDoubt);
    doubt(CallId::forward(place)) || doubt(CallId::undo(place)) || matches!(step.undoing, Undoing::NeedsHuman(_))
}

/// Waits for all of them, each going on whenever it can.
async fn together<F: Future>(futures: Vec<F>) {
    let mut futures: Vec<_> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    std::future::poll_fn(|context| {
        for slot in &mut futures {
            if slot.as_mut().is_some_and(|future| future.as_mut().poll(context).is_ready()) {
                *slot = None;
            }
        }
        match futures.iter().all(Option::is_none) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}
