//! What every host has to do, whatever it keeps things in: [`CASES`], each against a [`Deployment`] of its own.
//!
//! A host in development is held to it like this:
//!
//! ```no_run
//! # fn of(deployment: fn() -> Box<dyn gov_tests::conformance::Deployment>) {
//! gov_tests::conformance::hold(|| deployment());
//! # }
//! ```

mod cases;
mod races;
mod services;

pub use services::{Notified, Services};

use gov_runtime::Plan;
use gov_runtime::core::{Decided, Question, State, Verdict};
use gov_runtime::gate::{Handlers, Later};
use gov_runtime::host::{Answer, Error, Host, Request, Started};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Something that processes come to, and that outlives them.
pub trait Deployment {
    /// A process comes, and takes up what is unfinished and driven by nobody. Called inside the process's async runtime.
    fn open(&self, handlers: Handlers) -> Later<'_, Box<dyn Host>>;

    /// All processes have died, and nothing of them is left but what was durable.
    fn died(&self);
}

/// A case: what it shows, and how.
pub type Case = (&'static str, fn(&dyn Deployment));

/// All cases.
pub const CASES: &[&[Case]] = &[cases::CASES, races::CASES];

/// Holds a host to every case, each in a deployment of its own.
pub fn hold(deployment: impl Fn() -> Box<dyn Deployment>) {
    for (name, case) in CASES.iter().copied().flatten() {
        println!("{name}");
        case(&*deployment());
    }
}

/// How long anything may take before it is taken to hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process: a host in an async runtime of its own.
struct Process {
    runtime: tokio::runtime::Runtime,
    host: Box<dyn Host>,
}

impl Process {
    fn open(deployment: &dyn Deployment, services: &Arc<Services>) -> Process {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let host = runtime.block_on(deployment.open(services.handlers()));
        Process { runtime, host }
    }

    /// It dies in the middle of whatever it does.
    fn kill(self) {
        let Process { runtime, host } = self;
        drop(host);
        runtime.shutdown_timeout(PATIENCE);
    }

    fn ask<T>(&self, question: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, question).await.expect("the host answers") })
    }

    fn start(&self, workflow: &str, n: i64) -> String {
        match self.ask(self.host.start(plan(), request(workflow, n, None))) {
            Ok(Started::New(run)) => run,
            other => panic!("{other:?}"),
        }
    }

    fn state(&self, run: &str) -> State {
        self.ask(self.host.state(run)).unwrap()
    }

    /// Waits until something holds of a run.
    fn until(&self, run: &str, holds: impl Fn(&State) -> bool) -> State {
        let since = Instant::now();
        loop {
            let state = self.state(run);
            if holds(&state) {
                return state;
            }
            assert!(since.elapsed() < PATIENCE, "run {run} is still {}: {:#?}", state.status, state.statements);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn until_it_rests(&self, run: &str) -> State {
        self.until(run, |state| state.status.is_at_rest())
    }

    /// The question that a run asks, as it was written down.
    fn question(&self, run: &str) -> Question {
        self.until(run, |state| state.gates.values().any(|gate| gate.end.is_none()));
        let history = self.ask(self.host.history(run)).unwrap();
        let asked = history.iter().flat_map(|link| link.read().unwrap().entry.commands).rev();
        let mut questions = asked.filter_map(|command| match command {
            gov_runtime::core::Command::AwaitDecision(question) => Some(*question),
            _ => None,
        });
        questions.next().unwrap()
    }

    fn decide(&self, run: &str, decided: Decided) -> Result<Answer, Error> {
        self.ask(self.host.decide(run, decided))
    }

    fn cancel(&self, run: &str) -> Result<Answer, Error> {
        self.ask(self.host.cancel(run, "user:ann", "no longer wanted"))
    }
}

fn says(question: &Question, by: &str, verdict: Verdict) -> Decided {
    let (gate, digest) = (question.gate.clone(), question.digest.clone());
    Decided { gate, by: by.to_owned(), roles: Vec::new(), verdict, comment: String::new(), digest }
}

fn request(workflow: &str, n: i64, key: Option<&str>) -> Request {
    Request {
        workflow: workflow.to_owned(),
        input: json!({ "n": n }),
        context: json!({}),
        roles: Vec::new(),
        tenant: None,
        caller: None,
        key: key.map(str::to_owned),
        trace: None,
    }
}

/// What the statements of a run came to.
fn account(state: &State) -> Vec<(String, &'static str)> {
    gov_runtime::account::of(state).steps.into_iter().map(|step| (step.step, step.state)).collect()
}

fn plan() -> &'static Plan {
    static PLAN: std::sync::OnceLock<Plan> = std::sync::OnceLock::new();
    PLAN.get_or_init(|| crate::simulated::compile(PACKAGE).expect("the package of the suite is sound").plan)
}

fn output(n: i64) -> Json {
    json!({ "id": format!("id-{n}"), "n": n })
}

/// `t.write` may be made again; of `t.once` nobody knows but its handler.
const PACKAGE: &str = r#"package conformance

role boss { user:ann, user:bob, user:cid }

capability t.read: read {
    input { n: Int }
    output { id: String, n: Int }
    retry 1 times
    handler http { method: "GET", url: "https://conformance.example/" }
}
capability t.write: write {
    input { n: Int }
    output { id: String, n: Int }
    compensate with t.undo { id: output.id }
    retry 3 times
    timeout 20s
    idempotent
    handler http { method: "POST", url: "https://conformance.example/" }
}
capability t.once: write {
    input { n: Int }
    output { id: String, n: Int }
    compensate with t.undo { id: output.id }
    retry 1 times
    timeout 20s
    handler http { method: "POST", url: "https://conformance.example/" }
}
capability t.undo: write {
    input { id: String }
    compensate none because "it is itself an undo"
    retry until success backoff 10ms..50ms
    idempotent
    handler http { method: "POST", url: "https://conformance.example/" }
}

policy p {
    default deny
    escalate never because "people are asked below"
    allow system:rollback to t.undo
    require approval from role:boss for agent:w to t.write when input.n == 100
    require approval from role:boss quorum 2 for agent:w to t.write when input.n == 200
    require approval from role:boss within 150ms for agent:w to t.write when input.n == 300
    allow agent:w to t.*
}

workflow three(n: Int) -> { id: String } {
    principal agent:w
    policy p
    step one = t.write { n: 1 }
    step two = t.write { n: n }
    step three = t.write { n: 3 }
    check n != 7 else "seven is too many"
    return { id: three.id }
}
workflow once(n: Int) {
    principal agent:w
    policy p
    step one = t.write { n: 1 }
    step two = t.once { n: n }
    check n != 7 else "seven is too many"
}
workflow later(n: Int) {
    principal agent:w
    policy p
    step one = t.write { n: 1 }
    wait 200ms
    step two = t.write { n: n }
}
"#;
