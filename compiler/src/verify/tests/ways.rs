//! The exact way, the solver, and a brute-force reading, on generated packages: any difference fails.

use super::random::Random;
use super::{brute, cases, packages};
use crate::codes::{Code, Severity};
use crate::diagnostic::{Diagnostic, Subject};
use crate::verify::both::Both;
use crate::verify::encode::requests as encoded;
use crate::verify::exact::{self, Alphabet};
use crate::verify::policy::judge;
use crate::verify::question::Way;
use crate::verify::report::{Evidence, Outcome};
use crate::verify::solver::Session;
use crate::verify::units::Found;
use crate::verify::{Options, claim};
use gov_plan::model::Package;
use std::collections::BTreeMap;

/// How an obligation came out, and with how many culprits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Proved,
    Refuted(usize),
    Unproved,
}

type Ends = BTreeMap<(Code, Subject), End>;

/// What comes of a package's policy and claims in one way of proof.
fn settled<W: Way>(package: &Package, mut way: impl FnMut() -> W) -> (Ends, Vec<Diagnostic>) {
    let mut found = Found::default();
    let policy = &package.policies[0];
    judge(package, policy, true, way(), &mut found);
    for claim in &package.claims {
        claim::settle(package, policy, claim, &mut way(), &mut found);
    }
    let end = |outcome: &Outcome| match outcome {
        Outcome::Proved(_) => End::Proved,
        Outcome::Refuted(Evidence::Rules(rules)) => End::Refuted(rules.len()),
        Outcome::Refuted(_) => End::Refuted(0),
        Outcome::Unproved(_) => End::Unproved,
    };
    let ends = found.obligations.iter().map(|one| ((one.code, one.subject.clone()), end(&one.outcome))).collect();
    (ends, found.diagnostics)
}

/// By the solver alone, or by the solver where the exact way leaves something open.
fn with_solver(package: &Package, alphabet: Option<&Alphabet>) -> Ends {
    let work = || {
        let options = Options::default();
        let policy = &package.policies[0];
        let mut found = Found::default();
        let mut session = Session::new("ways", &options);
        match alphabet {
            None => {
                judge(package, policy, true, encoded::Requests::new(&mut session, package, policy), &mut found);
                for claim in &package.claims {
                    let mut way = encoded::Requests::new(&mut session, package, policy);
                    claim::settle(package, policy, claim, &mut way, &mut found);
                }
            }
            Some(alphabet) => {
                let exact = || exact::Requests::new(package, policy, alphabet);
                let solver = encoded::Requests::new(&mut session, package, policy);
                judge(package, policy, true, Both { exact: exact(), solver }, &mut found);
                for claim in &package.claims {
                    let solver = encoded::Requests::new(&mut session, package, policy);
                    claim::settle(package, policy, claim, &mut Both { exact: exact(), solver }, &mut found);
                }
            }
        }
        let end = |outcome: &Outcome| match outcome {
            Outcome::Proved(_) => End::Proved,
            Outcome::Refuted(Evidence::Rules(rules)) => End::Refuted(rules.len()),
            Outcome::Refuted(_) => End::Refuted(0),
            Outcome::Unproved(why) => panic!("{why}"),
        };
        found.obligations.iter().map(|one| ((one.code, one.subject.clone()), end(&one.outcome))).collect()
    };
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[test]
fn both_ways_and_every_request_agree() {
    let (mut compared, mut obligations, mut open, mut tried) = (0, 0, 0, 0);
    for case in start()..start() + cases() {
        let mut random = Random::new(case);
        let shape = packages::Shape { rules: 7, mixed: case % 4 == 3 };
        let source = packages::source(&mut random, &shape);
        let Some(package) = packages::package(&source) else { continue };
        let alphabet = Alphabet::of(&package);
        let policy = &package.policies[0];
        let (exact, _) = settled(&package, || exact::Requests::new(&package, policy, &alphabet));
        let solver = with_solver(&package, None);
        obligations += solver.len();
        let left_open = exact.values().filter(|end| **end == End::Unproved).count();
        if left_open == 0 {
            assert_eq!(exact, solver, "case {case}: exactly, and by the solver\n{source}");
        } else {
            // What one rule leaves open makes others come out differently, so that only the whole can be compared.
            open += left_open;
            let both = with_solver(&package, Some(&alphabet));
            assert_eq!(both, solver, "case {case}: both together, and the solver alone\n{source}");
        }
        compared += 1;
        let requests = brute::requests(&source, &package);
        if requests.len() <= 60_000 {
            tried += requests.len();
            against_truth(case, &source, &package, &solver, &brute::truth(&package, policy, &requests));
        }
    }
    println!(
        "ways: {compared} packages with {obligations} obligations, {open} of which are beyond the exact way; \
         {tried} requests tried one by one"
    );
    assert!(open * 5 < obligations);
}

/// The case to begin with, for when one is to be looked into.
fn start() -> u64 {
    std::env::var("GOV_SEED").ok().and_then(|case| case.parse().ok()).unwrap_or(0)
}

fn against_truth(case: u64, source: &str, package: &Package, found: &Ends, truth: &brute::Truth) {
    let policy = &package.policies[0];
    let end = |code: Code, subject: &Subject| found.get(&(code, subject.clone())).copied();
    for (index, rule) in truth.rules.iter().enumerate() {
        let subject = Subject::Rule { policy: "p".into(), rule: None, index: index as u32 + 1 };
        let said = |code| end(code, &subject);
        let told = format!("case {case}: rule {}: {rule:?}\n{source}", index + 1);
        if rule.wins_some {
            assert_eq!(said(Code::ShadowedRule), Some(End::Proved), "{told}");
            let needed = if rule.needed { End::Proved } else { End::Refuted(0) };
            assert_eq!(said(Code::RedundantRule), Some(needed), "{told}");
            if policy.rules[index].condition.is_some() {
                let misses = if rule.misses_some { End::Proved } else { End::Refuted(0) };
                assert_eq!(said(Code::VacuousCondition), Some(misses), "{told}");
            }
            if let Some(end) = said(Code::AlwaysEscalated) {
                assert_eq!(end == End::Proved, rule.plain, "{told}");
            }
        } else if !rule.fits_some {
            assert_eq!(said(Code::VacuousCondition), Some(End::Refuted(0)), "{told}");
        } else {
            let code = if rule.decided_otherwise { Code::ShadowedRule } else { Code::RedundantRule };
            assert_eq!(said(code), Some(End::Refuted(rule.smallest)), "{told}");
        }
    }
    let default = end(Code::UnreachableDefault, &Subject::Policy { policy: "p".into() });
    assert_eq!(
        default,
        Some(if truth.default_reached { End::Proved } else { End::Refuted(0) }),
        "case {case}\n{source}"
    );
    for (claim, holds) in package.claims.iter().zip(&truth.claims) {
        let subject = Subject::Prove { prove: claim.name.clone() };
        let (code, wanted) = match holds {
            None => (Code::VacuousCondition, End::Refuted(0)),
            Some(true) => (Code::ProveFalse, End::Proved),
            Some(false) => (Code::ProveFalse, End::Refuted(0)),
        };
        assert_eq!(end(code, &subject), Some(wanted), "case {case}: {}: {holds:?}\n{source}", claim.name);
    }
}

#[test]
fn every_witness_of_a_finding_shows_it() {
    let mut shown = 0;
    for case in 0..cases() / 5 {
        let mut random = Random::new(case + 1_000_000);
        let source = packages::source(&mut random, &packages::Shape { rules: 7, mixed: false });
        let Some(package) = packages::package(&source) else { continue };
        let alphabet = Alphabet::of(&package);
        let policy = &package.policies[0];
        let (_, diagnostics) = settled(&package, || exact::Requests::new(&package, policy, &alphabet));
        for found in diagnostics {
            let wants_one = matches!(found.code, Code::AlwaysEscalated | Code::PartlyShadowed | Code::ShadowedRule)
                || found.code == Code::ProveFalse && !found.message.contains("no request");
            if wants_one && found.severity == Severity::Error {
                assert!(found.witness.is_some(), "case {case}: {}\n{source}", found.message);
                shown += 1;
            }
        }
    }
    println!("ways: {shown} witnesses shown");
}
