//! Wherever a run is cut off, it reaches the end that it would have reached.

use gov_plan::model::{CapabilityKind, Node, NodeKind};
use gov_runtime::account::{self, StepAccount};
use gov_runtime::core::Status;
use gov_tests::generate::workflows;
use gov_tests::random::{Random, cases};
use gov_tests::simulated::disk::Cut;
use gov_tests::simulated::{Compiled, Faults, Lived, Scenario, check, compile, compile_folder, live, values};
use serde_json::Value as Json;
use std::path::Path;

/// What two runs have to have in common.
#[derive(Debug, PartialEq)]
struct End {
    status: Status,
    output: Option<Json>,
    error: Option<String>,
    steps: Vec<StepAccount>,
    cost: String,
    happened: Vec<(String, String, u32)>,
}

fn end(compiled: &Compiled, lived: &Lived) -> End {
    let account = account::of(&lived.state);
    let world = lived.world.look();
    // Reading again is nobody's business.
    let reads = |id: &str| {
        let capability = compiled.plan.package().capability(id);
        capability.is_some_and(|capability| capability.kind == CapabilityKind::Read)
    };
    let all = world.happened.values().map(|one| {
        let times = if reads(&one.capability) { 1 } else { one.times };
        (one.label.clone(), one.capability.clone(), times)
    });
    let mut happened: Vec<_> = all.collect();
    happened.sort();
    let account::Account { state, output, error, steps, cost, .. } = account;
    End { status: state, output, error, steps, cost, happened }
}

fn lived(compiled: &Compiled, workflow: &str, seed: u64, cut_at: Option<Cut>) -> Option<Lived> {
    let mut random = Random::new(seed);
    let package = compiled.plan.package();
    let input = values::record(&package.workflow(workflow)?.params, &mut random)?;
    let context = values::record(&package.context, &mut random)?;
    let faults = Faults { cut_at, cuts: u64::from(cut_at.is_some()), ..Faults::NONE };
    Some(live(Scenario { plan: &compiled.plan, workflow, input, context, random, faults }))
}

/// Cuts a run off before and after every write, and compares. How often it was cut off.
fn everywhere(compiled: &Compiled, workflow: &str, seed: u64, comparable: bool) -> u64 {
    let Some(whole) = lived(compiled, workflow, seed, None) else { return 0 };
    let problems = check::check(compiled, &whole);
    assert!(problems.is_empty(), "`{workflow}`, seed {seed}: {problems:#?}");
    let mut cuts = 0;
    for write in 1..=whole.writes {
        for cut in [Cut::Before(write), Cut::After(write)] {
            let stopped = lived(compiled, workflow, seed, Some(cut)).unwrap();
            let problems = check::check(compiled, &stopped);
            assert!(problems.is_empty(), "`{workflow}`, seed {seed}, {cut:?}: {problems:#?}");
            if comparable {
                assert_eq!(end(compiled, &stopped), end(compiled, &whole), "`{workflow}`, seed {seed}, {cut:?}");
            }
            cuts += stopped.cuts;
        }
    }
    cuts
}

#[test]
fn every_example_reaches_its_end_from_every_point() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples");
    let mut looked_at = Vec::new();
    for folder in std::fs::read_dir(examples).unwrap() {
        let folder = folder.unwrap().path();
        let Some(compiled) = folder.is_dir().then(|| compile_folder(&folder)).flatten() else { continue };
        let name = folder.file_name().unwrap().display().to_string();
        for workflow in &compiled.plan.package().workflows {
            let points = (0..8).map(|seed| everywhere(&compiled, &workflow.name, seed, !races(&workflow.body)));
            let points: Vec<u64> = points.collect();
            println!("{name}: `{}`, points {points:?}", workflow.name);
            // Two entries are a start and an end: a run of which one is cut off elsewhere has come further.
            assert!(points.iter().any(|points| *points > 4), "{name}: `{}` gets nowhere: {points:?}", workflow.name);
        }
        looked_at.push(name);
    }
    looked_at.sort();
    let all = ["coding-agent", "customer-onboarding", "data-pipeline", "quickstart", "support-refunds"];
    assert_eq!(looked_at, all, "every example but the one that is refused");
}

#[test]
fn every_made_up_workflow_reaches_its_end_from_every_point() {
    let (mut cuts, mut seed) = (0, 0);
    let mut workflows_left = cases(20).min(400);
    while workflows_left > 0 {
        seed += 1;
        let Some(compiled) = compile(&workflows::package(seed)) else { continue };
        let body = &compiled.plan.package().workflow("main").unwrap().body;
        cuts += everywhere(&compiled, "main", seed, !races(body));
        workflows_left -= 1;
    }
    println!("made-up workflows were cut off at {cuts} points");
}

/// Whether what becomes of a workflow may depend on what is faster: something in it runs at once.
fn races(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match &node.kind {
        NodeKind::Parallel { .. } | NodeKind::For { parallel: true, .. } => true,
        NodeKind::For { body, .. } => races(body),
        NodeKind::If { arms, otherwise } => arms.iter().any(|(_, body)| races(body)) || races(otherwise),
        NodeKind::Step(step) => matches!(step.target, gov_plan::model::Target::Run { .. }),
        _ => false,
    })
}
