//! What the machine does, seen from outside: calls in order, and how runs end.

mod approvals;
mod basics;
mod budget;
pub mod build;
mod cancel;
mod doubt;
mod retries;
mod rollback;
mod table;

use crate::core::{Command, Decided, Effect, EventKind, Finish, Outcome, Question, Start, Status, Verdict};
use crate::simulate::{Simulation, World};
use gov_plan::model::Package;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// A world by script: what the calls of each capability come to, one after the other; a call without a script gives the
/// `x` that it was given as its `y`.
#[derive(Default)]
pub struct Script {
    replies: BTreeMap<String, Vec<(i64, Outcome)>>,
    probes: BTreeMap<String, Vec<Outcome>>,
    answers: Vec<(i64, String, Verdict)>,
    pub calls: Vec<String>,
    pub keys: Vec<String>,
    pub questions: Vec<Question>,
}

impl Script {
    pub fn new() -> Script {
        Script::default()
    }

    pub fn on(mut self, capability: &str, outcome: Outcome) -> Script {
        self.replies.entry(capability.to_owned()).or_default().push((10, outcome));
        self
    }

    pub fn slowly(mut self, capability: &str, after: i64) -> Script {
        self.replies.entry(capability.to_owned()).or_default().push((after, Outcome::Ok { output: json!({ "y": 1 }) }));
        self
    }

    pub fn probed(mut self, capability: &str, outcome: Outcome) -> Script {
        self.probes.entry(capability.to_owned()).or_default().push(outcome);
        self
    }

    pub fn says(mut self, after: i64, by: &str, verdict: Verdict) -> Script {
        self.answers.push((after, by.to_owned(), verdict));
        self
    }
}

impl World for Script {
    fn call(&mut self, effect: &Effect) -> (i64, Outcome) {
        self.calls.push(format!("{} {}", effect.capability.trim_start_matches("t."), effect.input["x"]));
        self.keys.push(effect.key.clone());
        match self.replies.get_mut(&effect.capability).filter(|replies| !replies.is_empty()) {
            Some(replies) => replies.remove(0),
            None => (10, Outcome::Ok { output: json!({ "y": effect.input["x"] }) }),
        }
    }

    fn probe(&mut self, effect: &Effect) -> (i64, Outcome) {
        self.calls.push(format!("{}?", effect.capability.trim_start_matches("t.")));
        let probes = self.probes.get_mut(&effect.capability).filter(|probes| !probes.is_empty());
        (1, probes.map_or(Outcome::Unknown { message: "nobody knows".to_owned() }, |probes| probes.remove(0)))
    }

    fn asked(&mut self, question: &Question) -> Vec<(i64, Decided)> {
        self.questions.push(question.clone());
        let decided = |(after, by, verdict): &(i64, String, Verdict)| {
            let decided = Decided {
                gate: question.gate.clone(),
                by: by.clone(),
                roles: Vec::new(),
                verdict: *verdict,
                comment: String::new(),
                digest: question.digest.clone(),
            };
            (*after, decided)
        };
        self.answers.iter().map(decided).collect()
    }
}

pub fn start(workflow: &str, x: i64) -> Start {
    Start {
        run: "run-1".to_owned(),
        trace: "trace-1".to_owned(),
        plan: "digest".to_owned(),
        workflow: workflow.to_owned(),
        input: json!({ "x": x }),
        context: json!({}),
        roles: Vec::new(),
        tenant: None,
        caller: None,
        seed: 7,
    }
}

/// Runs `w` with `x = 1`.
pub fn run<'p>(package: &'p Package, script: &mut Script) -> Simulation<'p> {
    let mut simulation = Simulation::new(package, 0);
    simulation.run(start("w", 1), script);
    simulation
}

pub fn ok(y: i64) -> Outcome {
    Outcome::Ok { output: json!({ "y": y }) }
}

pub fn transient(message: &str) -> Outcome {
    Outcome::Err { transient: true, message: message.to_owned(), after: None }
}

pub fn permanent(message: &str) -> Outcome {
    Outcome::Err { transient: false, message: message.to_owned(), after: None }
}

pub fn unknown() -> Outcome {
    Outcome::Unknown { message: "lost".to_owned() }
}

pub fn status(simulation: &Simulation<'_>) -> Status {
    simulation.state.status
}

pub fn error(simulation: &Simulation<'_>) -> String {
    simulation.state.failure().map(|failure| failure.message.clone()).unwrap_or_default()
}

pub fn output(simulation: &Simulation<'_>) -> Json {
    simulation.state.output().map_or(Json::Null, |output| output.to_json())
}

/// The states that the run went through.
pub fn states(simulation: &Simulation<'_>) -> Vec<Status> {
    let commands = simulation.history.iter().flat_map(|(_, commands)| commands);
    commands
        .filter_map(|command| match command {
            Command::Enter { status } => Some(*status),
            _ => None,
        })
        .collect()
}

pub fn finish(simulation: &Simulation<'_>) -> Option<Finish> {
    let commands = simulation.history.iter().flat_map(|(_, commands)| commands);
    commands
        .filter_map(|command| match command {
            Command::Finish(finish) => Some((**finish).clone()),
            _ => None,
        })
        .next_back()
}

pub fn cancelled(by: &str) -> EventKind {
    EventKind::Cancelled { by: by.to_owned(), reason: String::new() }
}
