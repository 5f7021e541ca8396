//! Tests that are written in Gov, on the real machine and the real decisions, with simulated handlers and a simulated clock.

mod coverage;
mod decisions;
mod world;

pub use coverage::{Coverage, Kind, Part};

use crate::core::{self, Command, Start, Status};
use crate::simulate::Simulation;
use gov_plan::Origin;
use gov_plan::eval::{Env, eval};
use gov_plan::expr::Expr;
use gov_plan::model::{ExpectedEnd, Package, Test, TestStatement, TestStatementKind};
use gov_plan::value::{Record, Value};
use serde_json::Value as Json;
use std::sync::Arc;
use world::Simulated;

/// When every simulated run begins: 2026-01-01T00:00:00Z, so that a test says the same on every day.
pub const BEGIN: i64 = 1_767_225_600_000;

/// What a test came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What it shows.
    pub title: String,
    /// Where it is.
    pub at: Origin,
    /// What was expected and is not so, in order; none where it passed.
    pub failures: Vec<Failure>,
    /// What happened in the runs, for whoever looks for the reason.
    pub story: Vec<crate::account::Moment>,
}

/// An expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The statement of the test.
    pub at: Origin,
    /// In words.
    pub message: String,
}

/// Runs a test, and adds to what is covered.
pub fn run(package: &Package, test: &Test, coverage: &mut Coverage) -> Verdict {
    let mut runner =
        Runner { package, world: Simulated::default(), last: None, failures: Vec::new(), story: Vec::new() };
    for statement in &test.statements {
        runner.statement(statement, coverage);
    }
    Verdict { title: test.title.clone(), at: test.at, failures: runner.failures, story: runner.story }
}

struct Runner<'p> {
    package: &'p Package,
    world: Simulated<'p>,
    /// The last run.
    last: Option<Simulation<'p>>,
    failures: Vec<Failure>,
    story: Vec<crate::account::Moment>,
}

impl<'p> Runner<'p> {
    fn statement(&mut self, statement: &'p TestStatement, coverage: &mut Coverage) {
        let at = statement.at;
        let failure = match &statement.kind {
            TestStatementKind::Given(capability, given) => {
                self.world.given(capability, given);
                None
            }
            TestStatementKind::Decide { approve, step, by } => {
                self.world.decides(step, *approve, by.as_deref());
                None
            }
            TestStatementKind::Run { workflow, arguments, context } => {
                self.run(at, workflow, arguments, context, coverage);
                None
            }
            TestStatementKind::ExpectDecision { .. } => decisions::expect(self.package, &statement.kind, coverage),
            TestStatementKind::ExpectEnd(end) => self.expect_end(end),
            TestStatementKind::ExpectCalls(calls) => self.expect_calls(calls),
        };
        self.failures.extend(failure.map(|message| Failure { at, message }));
    }

    fn run(
        &mut self,
        at: Origin,
        workflow: &str,
        arguments: &[(String, Expr)],
        context: &[(String, Expr)],
        coverage: &mut Coverage,
    ) {
        let start = Start {
            run: "test".to_owned(),
            trace: "test".to_owned(),
            plan: "test".to_owned(),
            workflow: workflow.to_owned(),
            input: literals(arguments),
            context: literals(context),
            roles: Vec::new(),
            tenant: None,
            caller: None,
            seed: 0,
        };
        if let Err(why) = core::admit(self.package, &start) {
            self.failures.push(Failure { at, message: format!("`{workflow}` cannot start: {why}") });
            self.last = None;
            return;
        }
        self.world.begin(self.package);
        let mut simulation = Simulation::new(self.package, BEGIN);
        let ended = simulation.run(start, &mut self.world);
        let mut problems = self.world.take_problems();
        if !ended {
            problems.push("the run does not come to an end: a call is tried again for ever".to_owned());
        }
        self.failures.extend(problems.into_iter().map(|message| Failure { at, message }));
        let mut state = core::State::default();
        for (index, (event, commands)) in simulation.history.iter().enumerate() {
            let (next, branches) = core::step_along(self.package, state, event);
            state = next;
            coverage.note_branches(&branches);
            let sequence = index as u64 + 1;
            let entry = crate::host::Entry { sequence, event: event.clone(), commands: commands.clone() };
            self.story.extend(crate::account::moments(&entry, &state));
        }
        coverage.note_run(self.package, &simulation);
        self.last = Some(simulation);
    }

    fn expect_end(&self, expected: &ExpectedEnd) -> Option<String> {
        let Some(last) = &self.last else { return Some("nothing has run that could have ended".to_owned()) };
        let status = last.state.status;
        let holds = match expected {
            ExpectedEnd::Completed(_) => status == Status::Completed,
            ExpectedEnd::Compensated => status == Status::Compensated,
            ExpectedEnd::Failed(None) => status == Status::Failed,
            ExpectedEnd::Failed(Some(_)) => matches!(status, Status::Failed | Status::Compensated),
            ExpectedEnd::Stuck => status == Status::Stuck,
        };
        let error = last.state.failure().map(|failure| failure.message.as_str()).unwrap_or_default();
        if !holds {
            let wanted = match expected {
                ExpectedEnd::Completed(_) => "completed",
                ExpectedEnd::Compensated => "compensated",
                ExpectedEnd::Failed(_) => "failed",
                ExpectedEnd::Stuck => "stuck",
            };
            let because = match status {
                Status::Waiting => waits_for(last),
                _ if error.is_empty() => String::new(),
                _ => format!(": {error}"),
            };
            return Some(format!("expected `{wanted}`, and the run is `{status}`{because}"));
        }
        match expected {
            ExpectedEnd::Failed(Some(part)) if !error.contains(part.as_str()) => {
                Some(format!("expected a failure that says `{part}`, and it says `{error}`"))
            }
            ExpectedEnd::Completed(fields) => {
                let output = last.state.output().map_or(Json::Null, Value::to_json);
                fields.iter().find_map(|(name, wanted)| {
                    let wanted = literal(wanted);
                    let found = output.get(name).cloned().unwrap_or(Json::Null);
                    (found != wanted).then(|| format!("expected `{name}` to be `{wanted}`, and it is `{found}`"))
                })
            }
            _ => None,
        }
    }

    fn expect_calls(&self, expected: &[String]) -> Option<String> {
        let Some(last) = &self.last else { return Some("nothing has run that could have called".to_owned()) };
        let mut found: Vec<(&core::CallId, &str)> = Vec::new();
        for (_, commands) in &last.history {
            for command in commands {
                // Attempts of one call are one call.
                if let Command::RunEffect(effect) = command
                    && !found.contains(&(&effect.step, effect.capability.as_str()))
                {
                    found.push((&effect.step, &effect.capability));
                }
            }
        }
        let found: Vec<&str> = found.into_iter().map(|(_, capability)| capability).collect();
        (found != *expected)
            .then(|| format!("expected the calls `[{}]`, and there were `[{}]`", expected.join(", "), found.join(", ")))
    }
}

fn waits_for(simulation: &Simulation<'_>) -> String {
    let open = simulation.state.gates.values().find(|gate| gate.end.is_none());
    let label = open.and_then(|gate| simulation.state.statements.get(&gate.place)).map(|statement| &statement.label);
    label.map_or(String::new(), |label| {
        format!(": `{label}` waits for an approval; say `approve {label}` or `reject {label}` before `run`")
    })
}

/// The scope of a test's records, which hold literals alone.
struct Nothing;

impl Env for Nothing {
    fn get(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_role(&self, _: &str, _: &str) -> bool {
        false
    }
}

fn literal(expr: &Expr) -> Json {
    eval(expr, &Nothing).map_or(Json::Null, |value| value.to_json())
}

fn literals(fields: &[(String, Expr)]) -> Json {
    Value::Record(values(fields)).to_json()
}

fn values(fields: &[(String, Expr)]) -> Record {
    let value = |expr: &Expr| eval(expr, &Nothing).unwrap_or(Value::Absent);
    Record::new(fields.iter().map(|(name, expr)| (Arc::from(name.as_str()), value(expr))))
}
