//! Decisions: the workload of `gov-bench-workload`, decided by Gov and by its peers, which have to agree on every request.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use gov_bench_workload::{self as workload, Overlap};
use gov_plan::decide::{Engine, RequestBody};
use gov_plan::document;
use gov_plan::model::Decision;
use serde_json::json;

use crate::measure::{self, Times};
use crate::package;
use crate::peers;
use crate::row::Row;
use crate::suite::Suite;
use crate::three::child;

/// Decides with 10 to 10,000 rules, and compares every answer with the rules read one by one.
///
/// # Errors
///
/// If a side cannot be run, or answers differ.
pub fn run(suite: &mut Suite, peers: Option<&Path>) -> Result<(), Box<dyn Error>> {
    for size in [10, 100, 1_000, 10_000] {
        let rules = workload::rules(size);
        let users = workload::users();
        let requests = workload::requests(2_000);
        let roles = |request: &workload::Request| users.get(request.user as usize).copied().unwrap_or_default();
        let expected: Vec<bool> =
            requests.iter().map(|request| workload::allows(&rules, roles(request), request)).collect();

        let (answers, own) = gov(size, &requests, roles)?;
        agree("gov", size, &expected, &answers)?;
        suite.rows.extend(own);
        for peer in ["cedar", "regorus", "casbin"] {
            let Some(program) = peers else { continue };
            let given = peers::decisions(program, peer, size);
            let Some((answers, theirs)) = suite.unless_absent(peer, given) else { continue };
            agree(peer, size, &expected, &answers)?;
            suite.rows.extend(theirs);
        }
    }
    Ok(())
}

/// What loading a plan adds to the memory of a process that has done nothing else: `gov-bench child loading PLAN` prints it. A
/// process that compiled before has pages to spare, and would seem to need none.
///
/// # Errors
///
/// If the plan cannot be loaded.
pub fn loading(plan: &Path) -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string(plan)?;
    let before = measure::own_memory();
    let engine = load(&text)?;
    let after = measure::own_memory();
    drop(engine);
    Ok(after.saturating_sub(before))
}

fn load(text: &str) -> Result<Engine, String> {
    let plan = document::parse(text).map_err(|why| why.to_string())?;
    Engine::new(Arc::new(plan.package), "main").ok_or_else(|| "the plan has no policy `main`".to_owned())
}

/// The first answers have to be the expected ones: a slow peer is asked less.
fn agree(who: &str, size: usize, expected: &[bool], answers: &[bool]) -> Result<(), Box<dyn Error>> {
    let different = expected.iter().zip(answers).position(|(expected, answer)| expected != answer);
    match different {
        Some(at) => Err(format!("{who} decides request {at} of {size} rules in another way").into()),
        None if answers.is_empty() => Err(format!("{who} gave no answer").into()),
        None => Ok(()),
    }
}

type Answers = (Vec<bool>, Vec<Row>);

fn gov(
    size: usize,
    requests: &[workload::Request],
    roles: impl Fn(&workload::Request) -> [u64; 2],
) -> Result<Answers, Box<dyn Error>> {
    let plan = package::plan(&workload::gov_package(&workload::rules(size), Overlap::Dense))?;
    let text = document::to_json(&plan).map_err(|why| why.to_string())?;
    drop(plan);

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plan.json");
    std::fs::write(&file, &text)?;
    let held: u64 = child(&["loading", &file.display().to_string()])?;
    let engine = load(&text)?;
    let mut loads = Vec::new();
    for _ in 0..if size >= 10_000 { 5 } else { 20 } {
        let (took, engine) = measure::once(|| load(&text));
        engine?;
        loads.push(took);
    }

    let bodies: Result<Vec<RequestBody>, _> = requests
        .iter()
        .map(|request| {
            let roles = roles(request).map(|role| format!("r{role}"));
            let body = json!({
                "principal": format!("user:u{}", request.user),
                "capability": workload::gov_action(request.action),
                "context": { "risk": request.risk, "amount": request.amount },
                "roles": roles,
            });
            RequestBody::from_json(engine.package(), &body)
        })
        .collect();
    let bodies = bodies.map_err(|why| why.to_string())?;
    let asked: Vec<_> = bodies.iter().map(RequestBody::request).collect();
    let allowed = |request| engine.decide(request).decision == Decision::Allow;
    for request in asked.iter().take(200) {
        allowed(request);
    }
    let mut times = Vec::new();
    let mut answers = Vec::new();
    for pass in 0..10 {
        for request in &asked {
            let (took, allowed) = measure::once(|| allowed(request));
            times.push(took);
            if pass == 0 {
                answers.push(allowed);
            }
        }
    }
    // One decision takes about as long as reading the clock: the whole pass says what the clock adds.
    let (whole, _) = measure::once(|| asked.iter().filter(|request| allowed(request)).count());
    let each = whole / asked.len() as f64;
    let clock = measure::clock();
    let decision = Row::time("decision", "gov", size, "rules", Times::of(times))
        .noting(format!("a whole pass, without the clock: {each:.0} ns each; the clock alone: {clock:.0} ns"));
    Ok((
        answers,
        vec![
            decision,
            Row::time("loading", "gov", size, "rules", Times::of(loads)).noting("from a plan, checked, to an engine"),
            Row::figure("memory", "gov", size, "rules", held as f64, "bytes")
                .noting("what loading adds to a process of its own"),
        ],
    ))
}
