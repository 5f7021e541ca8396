//! The proofs against every execution, on generated packages.
//!
//! `GOV_CASES` says how many packages there are, `GOV_SEED` where they begin, and
//! `GOV_CASE=… cargo test -p gov-compiler one_case -- --nocapture` shows one of them.

use super::super::amount::Of;
use super::super::bounds::Bounded;
use super::super::check::{Check, Verdict};
use super::super::paths::Why;
use super::generate;
use crate::diagnostic::{Diagnostic, Subject};
use crate::package::{File, Input};
use crate::verify::Options;
use crate::verify::exact::workflow::explore::{Facts, explore};
use crate::verify::solver::Session;
use crate::verify::tests::spread::{numbered, spread, tell};
use crate::verify::units::{self, Found};
use gov_plan::model::{ClaimKind, Escalation, Package};
use gov_plan::types::Currency;
use std::collections::BTreeSet;

/// The most states of one package that are walked: larger ones are left out.
const MOST_STATES: usize = 6_000;

#[test]
fn one_case() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(case) = number("GOV_CASE") {
        let (draw, differences, longest) = drawn(case);
        println!("{}\n{differences:#?}\n{longest:?}", generate::package(seed(case, draw)));
    }
}

#[test]
fn certificates_of_generated_workflows_agree_with_their_proofs() {
    let cases = std::env::var("GOV_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(150);
    let sources: Vec<String> = (0..cases).map(|seed| generate::package(7_000_000 + seed)).collect();
    let seen = crate::verify::tests::certificates::agree(&sources);
    tell(&format!("certificates of {} workflows: {seen:?}", sources.len()));
    assert!(seen.plans > 0 && seen.settled > 0);
}

#[test]
fn the_proofs_agree_with_every_execution() {
    let compared = spread("workflows", numbered(500), |case| {
        let (drawn, found, longest) = drawn(case);
        for difference in &found {
            println!("case {case}, draw {drawn}: {difference}");
        }
        (drawn, (!found.is_empty()).then_some(case), longest)
    });
    let redrawn: u64 = compared.iter().map(|(drawn, ..)| drawn).sum();
    let untimed: Vec<String> =
        compared.iter().filter_map(|(.., longest)| longest.as_ref().err()).map(String::clone).collect();
    tell(&format!(
        "workflows: {} generated packages compared, {redrawn} that were too large drawn again; the longest time of {}",
        compared.len(),
        compared.len() - untimed.len()
    ));
    println!("{}", untimed.join("\n"));
    let different: Vec<u64> = compared.iter().filter_map(|(_, different, _)| *different).collect();
    assert!(different.is_empty(), "the proofs and the executions of these cases differ: {different:?}");
    assert!(untimed.len() * 100 < compared.len().max(100), "the time of the worst path is to be settled nearly always");
}

#[test]
fn no_execution_fails_at_a_statement_and_goes_on_behind_it() {
    let mut asked = 0;
    for seed in 0..80 {
        let text = generate::package(seed);
        let input =
            Input { files: vec![File { path: "t.gov".into(), text: text.as_str().into() }], ..Input::default() };
        let package = crate::check(&input).package.unwrap();
        let options = Options::default();
        let (mut session, mut found) = (Session::new("both", &options), Found::default());
        let workflow = package.workflow("w").unwrap();
        let mut check = Check::new(&package, workflow, &mut session, &mut found).unwrap();
        // A deadline comes while a step is at work, whatever becomes of the step.
        let failures = check.paths.failures.iter().filter(|failure| !matches!(failure.why, Why::Deadline(_)));
        let both: Vec<_> = failures
            .map(|failure| (failure.why, failure.when.and(&check.paths.point(failure.place).unwrap().end)))
            .collect();
        for (why, both) in both {
            asked += 1;
            let never = matches!(check.ask("both", &both), Verdict::Never(_));
            assert!(never, "seed {seed}: {why:?}\n{text}");
        }
    }
    assert!(asked > 60);
}

/// What becomes of a case: the first package that is drawn for it and has not too many executions. Gives how many were
/// drawn before, what its proofs and its executions do not agree on, and its longest time or why that is not known.
fn drawn(case: u64) -> (u64, Vec<String>, Result<i64, String>) {
    let mut draw = 0;
    loop {
        if let Some((differences, longest)) = compare(&generate::package(seed(case, draw))) {
            return (draw, differences, longest.map_err(|why| format!("case {case}, draw {draw}: {why}")));
        }
        draw += 1;
    }
}

/// The seed of a package.
fn seed(case: u64, draw: u64) -> u64 {
    case.wrapping_add(draw << 40)
}

/// What the proofs and the executions of a package do not agree on, and the longest time by the proofs or why it is not
/// known; nothing where there are too many executions.
fn compare(text: &str) -> Option<(Vec<String>, Result<i64, String>)> {
    let input = Input { files: vec![File { path: "t.gov".into(), text: text.into() }], ..Input::default() };
    let checked = crate::check(&input);
    let package = checked.package.unwrap_or_else(|| panic!("{:#?}\n{text}", checked.diagnostics));
    let workflow = package.workflow("w").unwrap();
    let usd = Currency::new("USD").unwrap();
    let facts = explore(&package, workflow, usd, MOST_STATES)?;
    let report = units::run(super::super::units(&package), &Options::default()).unwrap();
    let own = |found: &&Diagnostic| match &found.subject {
        Some(Subject::Workflow { workflow } | Subject::Step { workflow, .. }) => workflow == "w",
        Some(Subject::Prove { .. }) => true,
        _ => false,
    };
    let found: Vec<&Diagnostic> = report.diagnostics.iter().filter(own).collect();
    let mut differences = Vec::new();
    let mut differ = |what: &str, proofs: String, walked: String| {
        if proofs != walked {
            differences.push(format!("{what}: the proofs say {proofs}, the executions {walked}"));
        }
    };
    differ("unproved", steps(&found, "G1402", None), "{}".to_owned());
    for code in ["G1101", "G1102", "G1103"] {
        let left = facts.left.iter().filter(|(_, own, across)| own == code && *across);
        let left: BTreeSet<String> = left.map(|(step, ..)| step.clone()).collect();
        differ(code, steps(&found, code, None), format!("{left:?}"));
    }
    refusals(&facts, &found, &mut differ);
    let always: BTreeSet<&String> =
        facts.broken.iter().filter(|broken| !facts.taken.contains(broken)).map(|(step, _)| step).collect();
    let sometimes: BTreeSet<&String> =
        facts.broken.iter().filter(|broken| facts.taken.contains(broken)).map(|(step, _)| step).collect();
    differ("G1302 E", steps(&found, "G1302", Some(true)), format!("{always:?}"));
    differ("G1302 W", steps(&found, "G1302", Some(false)), format!("{sometimes:?}"));
    let policy = package.policy("p").unwrap();
    let bare: BTreeSet<&String> = match policy.escalation {
        Escalation::Never { .. } => BTreeSet::new(),
        Escalation::AtLeast { .. } => facts.bare.iter().map(|(step, _)| step).collect(),
    };
    differ("G1305", steps(&found, "G1305", None), format!("{bare:?}"));
    for diagnostic in found.iter().filter(|found| found.code.id() == "G1303") {
        let at = diagnostic.primary.span.start;
        let wrong = match &diagnostic.message {
            message if message.contains("fallback") => false,
            message if message.contains("always holds") => facts.failed.contains(&at) || !facts.held.contains(&at),
            message if message.contains("always fails") => facts.held.contains(&at) || !facts.failed.contains(&at),
            _ => facts.reached.contains(&at),
        };
        differ(&format!("G1303 {}", diagnostic.message), wrong.to_string(), "false".to_owned());
    }
    if !found
        .iter()
        .any(|found| found.code.id() == "G1303" || (found.is_error() && matches!(found.code.id(), "G1301" | "G1302")))
    {
        let statements = starts(&workflow.body);
        let unreached: Vec<&u32> = statements.iter().filter(|at| !facts.reached.contains(at)).collect();
        differ("G1303 none", "[]".to_owned(), format!("{unreached:?}"));
    }
    let over = workflow.budget.calls.is_some_and(|calls| facts.calls > u64::from(calls))
        || workflow.budget.money.is_some_and(|money| facts.money > money.amount.units());
    let told = found.iter().any(|found| found.code.id() == "G1304" && found.is_error());
    differ("G1304", told.to_string(), over.to_string());
    let doubtful = found.iter().filter(|found| found.code.id() == "G1106").count();
    differ("G1106", doubtful.to_string(), facts.in_doubt.len().to_string());
    // That the worst case does not replay leaves a bound unproved, which is no false answer.
    let longest = longest(&package);
    if let Ok(longest) = longest {
        differ("time", longest.to_string(), facts.time.to_string());
    }
    claims(&package, &facts, &found, &mut differ);
    Some((differences, longest))
}

/// A step is refused always; or for some inputs in some surroundings, and passes for others in the same.
fn refusals(facts: &Facts, found: &[&Diagnostic], differ: &mut impl FnMut(&str, String, String)) {
    let passes = |step: &String, alternative: usize| {
        facts.passed.iter().any(|(own, other, _)| own == step && *other == alternative)
    };
    let always = facts.refused.iter().filter(|(step, alternative, _)| !passes(step, *alternative));
    let always: BTreeSet<&String> = always.map(|(step, ..)| step).collect();
    differ("G1301 E", steps(found, "G1301", Some(true)), format!("{always:?}"));
    let sometimes: BTreeSet<&String> =
        facts.refused.iter().filter(|refused| facts.passed.contains(refused)).map(|(step, ..)| step).collect();
    let told = found.iter().filter(|found| found.code.id() == "G1301" && !found.is_error());
    let told: BTreeSet<String> = told.filter_map(|found| step_of(found)).collect();
    // The proofs take surroundings to be alike where the policy's conditions on them turn out alike: they may warn of more.
    let missed: Vec<&&String> = sometimes.iter().filter(|step| !told.contains(**step)).collect();
    differ("G1301 W", "[]".to_owned(), format!("{missed:?}"));
    let harmless: Vec<&String> =
        told.iter().filter(|step| !facts.refused.iter().any(|(own, ..)| own == *step)).collect();
    differ("G1301 W of nothing", format!("{harmless:?}"), "[]".to_owned());
}

fn claims(package: &Package, facts: &Facts, found: &[&Diagnostic], differ: &mut impl FnMut(&str, String, String)) {
    let budget = &package.workflow("w").unwrap().budget;
    for claim in &package.claims {
        let refuted = found.iter().any(|found| {
            found.code.id() == "G1401" && found.subject == Some(Subject::Prove { prove: claim.name.clone() })
        });
        let endless = |id: Option<&str>| {
            // A call that is tried until it succeeds breaks the bound, whatever is counted of it.
            facts.calls_of.iter().filter(|(own, calls)| **calls > 0 && id.is_none_or(|id| id == *own)).any(
                |(own, _)| {
                    let capability = package.capability(own).unwrap();
                    let unbounded = capability.retry.attempts.is_none();
                    match id {
                        Some(_) => unbounded && capability.idempotency == gov_plan::model::Idempotency::No,
                        None => unbounded && !capability.cost.rows.is_empty(),
                    }
                },
            )
        };
        let holds = match &claim.kind {
            ClaimKind::AlwaysUndoes { .. } => facts.left.is_empty() && !facts.uncertain_undo,
            ClaimKind::CallsAtMost { capability, times, .. } => {
                if endless(Some(capability)) || budget.calls.is_some() || steps_retry(package) {
                    continue;
                }
                facts.calls_of.get(capability).is_none_or(|calls| *calls <= u64::from(*times))
            }
            ClaimKind::SpendsAtMost { amount, .. } => {
                if endless(None) || budget.money.is_some() || steps_retry(package) {
                    continue;
                }
                facts.money <= amount.amount.units()
            }
            ClaimKind::CallsBefore { first, second, .. } => !facts.without.contains(&(first.clone(), second.clone())),
            ClaimKind::NeverWithoutApproval { capability, .. } => !facts.unapproved.contains(capability),
            ClaimKind::Policy { .. } => continue,
        };
        differ(&format!("claim {}", claim.name), refuted.to_string(), (!holds).to_string());
    }
}

/// Whether a step says itself how it is retried.
fn steps_retry(package: &Package) -> bool {
    fn any(nodes: &[gov_plan::model::Node]) -> bool {
        use gov_plan::model::NodeKind;
        nodes.iter().any(|node| match &node.kind {
            NodeKind::Step(step) => step.retry.is_some(),
            NodeKind::If { arms, otherwise } => arms.iter().any(|(_, arm)| any(arm)) || any(otherwise),
            NodeKind::Parallel { branches } => any(branches),
            NodeKind::For { body, .. } => any(body),
            _ => false,
        })
    }
    package.workflows.iter().any(|workflow| any(&workflow.body))
}

/// The longest time that the proofs find, by asking for less and more.
fn longest(package: &Package) -> Result<i64, String> {
    let workflow = package.workflow("w").unwrap();
    let options = Options::default();
    let (mut session, mut found) = (Session::new("time", &options), Found::default());
    let mut check = Check::new(package, workflow, &mut session, &mut found).unwrap();
    let mut below = -1;
    loop {
        match check.at_most(&Of::Time, i128::from(below)) {
            Bounded::Holds(_) => return Ok(below),
            Bounded::Exceeded(worst) => below = i64::try_from(worst.amount).unwrap(),
            Bounded::Open(why) => return Err(format!("whether the time is above {below}: {why}")),
        }
    }
}

fn steps(found: &[&Diagnostic], code: &str, error: Option<bool>) -> String {
    let own =
        found.iter().filter(|found| found.code.id() == code && error.is_none_or(|error| error == found.is_error()));
    let steps: BTreeSet<String> = own.map(|found| step_of(found).unwrap_or_else(|| found.notes.concat())).collect();
    format!("{steps:?}")
}

fn step_of(found: &Diagnostic) -> Option<String> {
    match &found.subject {
        Some(Subject::Step { step, .. }) => Some(step.clone()),
        _ => None,
    }
}

/// Where the statements of a body begin that are reached by themselves.
fn starts(nodes: &[gov_plan::model::Node]) -> Vec<u32> {
    use gov_plan::model::NodeKind;
    let mut all = Vec::new();
    for node in nodes {
        match &node.kind {
            NodeKind::Parallel { branches } => all.extend(starts(branches)),
            NodeKind::If { arms, otherwise } => {
                all.push(node.at.start);
                arms.iter().for_each(|(_, arm)| all.extend(starts(arm)));
                all.extend(starts(otherwise));
            }
            NodeKind::For { body, .. } => {
                all.push(node.at.start);
                all.extend(starts(body));
            }
            _ => all.push(node.at.start),
        }
    }
    all
}
