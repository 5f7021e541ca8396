//! Decisions: the workload of `gov-bench-workload`, decided by Gov and by its peers, which have to agree on every request.

use std::error::Error;
use std::sync::Arc;

use gov_bench_workload::{self as workload, Overlap};
use gov_plan::decide::{Engine, RequestBody};
use gov_plan::document;
use gov_plan::model::Decision;
use serde_json::json;

use crate::measure::{self, Times};
use crate::package;
use crate::peers::Peer;
use crate::row::Row;

/// Decides with 10 to 10,000 rules, and compares every answer with the rules read one by one.
///
/// # Errors
///
/// If a side cannot be run, or answers differ.
pub fn run(peers: &[Peer]) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for size in [10, 100, 1_000, 10_000] {
        let rules = workload::rules(size);
        let users = workload::users();
        let requests = workload::requests(2_000);
        let roles = |request: &workload::Request| users.get(request.user as usize).copied().unwrap_or_default();
        let expected: Vec<bool> =
            requests.iter().map(|request| workload::allows(&rules, roles(request), request)).collect();

        let (answers, own) = gov(size, &requests, roles)?;
        agree("gov", size, &expected, &answers)?;
        rows.extend(own);
        for peer in peers {
            let (answers, theirs) = peer.decisions(size)?;
            agree(&peer.name, size, &expected, &answers)?;
            rows.extend(theirs);
        }
    }
    Ok(rows)
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

    let before = measure::memory().0;
    let load = || -> Result<Engine, String> {
        let plan = document::parse(&text).map_err(|why| why.to_string())?;
        Engine::new(Arc::new(plan.package), "main").ok_or_else(|| "the plan has no policy `main`".to_owned())
    };
    let engine = load()?;
    let held = measure::memory().0.saturating_sub(before);
    let mut loads = Vec::new();
    for _ in 0..if size >= 10_000 { 5 } else { 20 } {
        let (took, engine) = measure::once(load);
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
                .noting("what loading adds to the process"),
        ],
    ))
}
