//! Nothing passes the gate that is not in every respect what was decided, and nothing else leads to a handler.

use gov_runtime::Plan;
use gov_runtime::core::{
    Command, Effect, Event, EventKind, Kind, Outcome, Phase, Place, Refusal, Start, State, Status, step,
};
use gov_runtime::gate::{Call, Error as Trouble, Gate, Handler, Handlers, Later, TRIPS};
use gov_tests::simulated::compile;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const PACKAGE: &str = r#"package gate
capability t.write: write {
    version "1.2.3"
    input { n: Int where n < 500 }
    output { id: String }
    compensate with t.undo { id: output.id }
    handler http { method: "POST", url: "https://gate.example/" }
}
capability t.undo: write {
    input { id: String }
    compensate none because "it is itself an undo"
    retry until success
    idempotent
    handler http { method: "POST", url: "https://gate.example/" }
}
policy p {
    default deny
    escalate never because "people are asked below"
    allow system:rollback to t.undo
    require approval from user:* for agent:w to t.write when input.n == 100
    allow agent:w to t.write
}
workflow main(n: Int where n < 500) {
    principal agent:w
    policy p
    step zero = t.write { n: 1 }
    step one = t.write { n: n }
}
"#;

/// Counts its calls; `n` of 13 does not work now.
struct Counting(AtomicU32);

impl Handler for Counting {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Trouble>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(match call.input()["n"].as_i64() {
            Some(13) => Err(Trouble::Transient("not now".to_owned())),
            Some(14) => Ok(json!({ "id": 14 })),
            _ => Ok(json!({ "id": "it", "more": "than was declared" })),
        }))
    }
}

struct Before {
    plan: Plan,
    start: Start,
    effect: Effect,
    handlers: Handlers,
    calls: Arc<Counting>,
}

/// A call as the machine commands it.
fn before(n: i64) -> Before {
    let plan = compile(PACKAGE).unwrap().plan;
    let start = Start {
        run: "r".to_owned(),
        trace: "t".to_owned(),
        plan: plan.digest().to_owned(),
        workflow: "main".to_owned(),
        input: json!({ "n": n }),
        context: json!({}),
        roles: Vec::new(),
        tenant: None,
        caller: None,
        seed: 1,
    };
    let kind = EventKind::Started(Box::new(start.clone()));
    let (_, commands) = step(plan.package(), State::default(), &Event { at: 0, kind });
    let effect = commands.into_iter().find_map(|command| match command {
        Command::RunEffect(effect) => Some(*effect),
        _ => None,
    });
    let effect = Effect { input: json!({ "n": n }), ..effect.unwrap() };
    let calls = Arc::new(Counting(AtomicU32::new(0)));
    let mut handlers = Handlers::new();
    handlers.external("http", Arc::clone(&calls) as Arc<dyn Handler>);
    Before { plan, start, effect, handlers, calls }
}

impl Before {
    fn call(&self) -> EventKind {
        call(&Gate::new(self.handlers.clone()), self)
    }

    fn refusal(&self) -> Option<Refusal> {
        let refused = match self.call() {
            EventKind::Refused { refusal, .. } => Some(refusal),
            _ => None,
        };
        assert_eq!(refused.is_none(), self.calls.0.load(Ordering::Relaxed) == 1, "called though it was refused");
        refused
    }
}

fn call(gate: &Gate, before: &Before) -> EventKind {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(gate.call(&before.plan, &before.start, &before.effect))
}

#[test]
fn what_was_decided_passes_and_nothing_that_differs_from_it() {
    assert_eq!(before(2).refusal(), None);
    type Change = fn(&mut Before);
    let changes: [(&str, Change); 9] = [
        ("somebody else calls", |it| it.effect.principal = "agent:x".to_owned()),
        ("nobody calls", |it| it.effect.principal = "w".to_owned()),
        ("another plan", |it| it.start.plan = "sha256:0".to_owned()),
        ("another workflow", |it| it.effect.workflow = "other".to_owned()),
        ("another capability", |it| it.effect.capability = "t.undo".to_owned()),
        ("another version", |it| it.effect.version = "1.2.4".to_owned()),
        ("an input that does not fit", |it| it.effect.input = json!({ "n": 500 })),
        ("an input that wants an approval", |it| it.effect.input = json!({ "n": 100 })),
        ("another decision", |it| it.effect.ruling.reason.push('!')),
    ];
    for (name, change) in changes {
        let mut changed = before(2);
        change(&mut changed);
        assert_eq!(changed.refusal(), Some(Refusal::Contradiction), "{name}");
    }
}

#[test]
fn an_approval_is_somebody_elses() {
    let approved_by = |by: &[&str]| {
        let mut asked = before(100);
        // The decision that is made on this input, once the first step is over.
        let package = asked.plan.package();
        let happened = EventKind::Outcome {
            step: asked.effect.step.clone(),
            attempt: 1,
            probed: false,
            outcome: Outcome::Ok { output: json!({ "id": "it" }) },
        };
        let (mut state, mut commands) = (State::default(), Vec::new());
        for kind in [EventKind::Started(Box::new(asked.start.clone())), happened] {
            (state, commands) = step(package, state, &Event { at: 0, kind });
        }
        let ruling = commands.into_iter().find_map(|command| match command {
            Command::AwaitDecision(question) => question.ruling,
            _ => None,
        });
        asked.effect.ruling = ruling.unwrap();
        asked.effect.approved_by = by.iter().map(|by| (*by).to_owned()).collect();
        asked.refusal()
    };
    assert_eq!(approved_by(&[]), Some(Refusal::Contradiction));
    assert_eq!(approved_by(&["agent:w"]), Some(Refusal::Contradiction));
    assert_eq!(approved_by(&["user:ann"]), None);
}

#[test]
fn the_plan_is_looked_at_before_the_deployment_and_that_before_the_decision() {
    let mut off = before(2);
    off.handlers.switch_off("t.write");
    assert_eq!(off.refusal(), Some(Refusal::Unavailable));
    off.effect.ruling.reason.push('!');
    assert_eq!(off.refusal(), Some(Refusal::Unavailable), "inactive before decided");
    off.start.plan = "sha256:0".to_owned();
    assert_eq!(off.refusal(), Some(Refusal::Contradiction), "another plan before inactive");
    let mut none = before(2);
    none.handlers = Handlers::new();
    assert_eq!(none.refusal(), Some(Refusal::Unavailable));
}

#[test]
fn what_keeps_failing_is_left_alone_and_that_is_looked_at_last() {
    let mut failing = before(13);
    let gate = Gate::new(failing.handlers.clone());
    for _ in 0..TRIPS {
        assert!(matches!(
            call(&gate, &failing),
            EventKind::Outcome { outcome: Outcome::Err { transient: true, .. }, .. }
        ));
    }
    assert!(matches!(call(&gate, &failing), EventKind::Refused { refusal: Refusal::CircuitOpen, .. }));
    assert_eq!(failing.calls.0.load(Ordering::Relaxed), TRIPS);
    failing.effect.ruling.reason.push('!');
    assert!(matches!(call(&gate, &failing), EventKind::Refused { refusal: Refusal::Contradiction, .. }));
}

#[test]
fn what_comes_back_is_what_was_declared() {
    let outcome = |n| match before(n).call() {
        EventKind::Outcome { outcome, .. } => outcome,
        other => panic!("{other:?}"),
    };
    assert_eq!(outcome(2), Outcome::Ok { output: json!({ "id": "it" }) });
    assert!(matches!(outcome(14), Outcome::Misfit { .. }));
}

#[test]
fn a_contradiction_stops_the_run_as_a_fault_and_undoes_nothing() {
    let it = before(2);
    let package = it.plan.package();
    let events = [
        EventKind::Started(Box::new(it.start.clone())),
        EventKind::Outcome {
            step: it.effect.step.clone(),
            attempt: 1,
            probed: false,
            outcome: Outcome::Ok { output: json!({ "id": "it" }) },
        },
        EventKind::Refused {
            step: gov_runtime::core::CallId::forward(&Place("2".to_owned())),
            attempt: 1,
            refusal: Refusal::Contradiction,
            message: "the decision is not the one that was acted on".to_owned(),
        },
    ];
    let (mut state, mut last) = (State::default(), Vec::new());
    for kind in events {
        (state, last) = step(package, state, &Event { at: 0, kind });
    }
    assert_eq!(state.status, Status::Stuck);
    assert!(!last.iter().any(|command| matches!(command, Command::RunEffect(_))), "{last:?}");
    let Some(Phase::Failing(failure)) = state.instances.get(&Place::root()).map(|root| &root.phase) else { panic!() };
    assert_eq!(failure.kind, Kind::Fault);
    assert!(failure.message.starts_with("internal contradiction: "), "{}", failure.message);
}

/// The types keep everybody else away: what is registered cannot be had back, and nobody else makes a call (the doc tests of
/// `gov_runtime::gate`). Inside the crate, the gate calls handlers, and what is put around a handler hands calls on to it.
#[test]
fn handlers_are_called_in_one_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src");
    let mut callers = Vec::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains("handler.call(") || text.contains("handler.probe(") || text.contains("dyn Handler>, call")
            {
                callers.push(path.strip_prefix(&source).unwrap().display().to_string());
            }
        }
    }
    callers.sort();
    // A handler that is around another one hands on the call that it was given: it cannot make one.
    assert_eq!(callers, ["gate/mod.rs", "handlers/mod.rs"]);
}
