//! The exact way, the solver, and a brute-force reading, on generated packages: any difference fails.

use super::random::Random;
use super::spread::{numbered, spread, tell};
use super::{brute, cases, packages};
use crate::codes::{Code, Severity};
use crate::diagnostic::Subject;
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
pub(super) enum End {
    Proved,
    Refuted(usize),
    Unproved,
}

/// How every obligation came out in one way of proof.
pub(super) type Ends = BTreeMap<(Code, Subject), End>;

/// Which rules are named as the culprits of each that is never reached, from 0.
pub(super) type Named = BTreeMap<Subject, Vec<usize>>;

/// What was found in one way of proof.
pub(super) fn ends(found: &Found) -> (Ends, Named) {
    let (mut ends, mut named) = (Ends::new(), Named::new());
    for one in &found.obligations {
        let end = match &one.outcome {
            Outcome::Proved(_) => End::Proved,
            Outcome::Refuted(Evidence::Rules(rules)) => {
                named.insert(one.subject.clone(), rules.iter().map(|rule| *rule as usize - 1).collect());
                End::Refuted(rules.len())
            }
            Outcome::Refuted(_) => End::Refuted(0),
            Outcome::Unproved(_) => End::Unproved,
        };
        ends.insert((one.code, one.subject.clone()), end);
    }
    (ends, named)
}

/// What comes of a package's policy and claims in one way of proof.
pub(super) fn settled<W: Way>(package: &Package, mut way: impl FnMut() -> W) -> Found {
    let mut found = Found::default();
    let policy = &package.policies[0];
    judge(package, policy, true, way(), &mut found);
    for claim in &package.claims {
        claim::settle(package, policy, claim, &mut way(), &mut found);
    }
    found
}

/// By the solver alone, or by the solver where the exact way leaves something open.
pub(super) fn with_solver(package: &Package, alphabet: Option<&Alphabet>) -> Found {
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
        found
    };
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// How much was compared.
#[derive(Default)]
struct Compared {
    obligations: usize,
    /// Beyond the exact way.
    open: usize,
    /// Requests tried one by one.
    tried: usize,
    /// Rules that are never reached, whose culprits were compared with every set of rules.
    dead: usize,
}

#[test]
fn both_ways_and_every_request_agree() {
    let compared = spread("ways", numbered(500), compare);
    let all = |what: fn(&Compared) -> usize| compared.iter().map(what).sum::<usize>();
    let (obligations, open) = (all(|one| one.obligations), all(|one| one.open));
    tell(&format!(
        "ways: {} generated packages compared, with {obligations} obligations, {open} of which are beyond the exact way; \
         {} requests tried one by one, and the culprits of {} rules",
        compared.len(),
        all(|one| one.tried),
        all(|one| one.dead)
    ));
    assert!(open * 5 < obligations);
}

fn compare(case: u64) -> Compared {
    let mut random = Random::new(case);
    let (source, package) = packages::readable(&mut random, &packages::Shape { rules: 7, mixed: case % 4 == 3 });
    let alphabet = Alphabet::of(&package);
    let policy = &package.policies[0];
    let (exact, named) = ends(&settled(&package, || exact::Requests::new(&package, policy, &alphabet)));
    let (solver, named_by_solver) = ends(&with_solver(&package, None));
    assert!(!solver.values().any(|end| *end == End::Unproved), "case {case}: the solver settles all\n{source}");
    let mut compared = Compared { obligations: solver.len(), ..Compared::default() };
    compared.open = exact.values().filter(|end| **end == End::Unproved).count();
    if compared.open == 0 {
        assert_eq!(exact, solver, "case {case}: exactly, and by the solver\n{source}");
    } else {
        // What one rule leaves open makes others come out differently, so that only the whole can be compared.
        let (both, _) = ends(&with_solver(&package, Some(&alphabet)));
        assert_eq!(both, solver, "case {case}: both together, and the solver alone\n{source}");
    }
    let requests = brute::requests(&source, &package);
    if requests.len() <= 60_000 {
        compared.tried = requests.len();
        let truth = brute::truth(&package, policy, &requests);
        let told = format!("case {case}");
        against_truth(&told, &source, &package, &solver, &truth);
        let named = [named, named_by_solver].into_iter().skip(usize::from(compared.open > 0));
        compared.dead = named.map(|named| culprits(&told, &source, &named, &truth)).sum();
    }
    compared
}

pub(super) fn against_truth(case: &str, source: &str, package: &Package, found: &Ends, truth: &brute::Truth) {
    let policy = &package.policies[0];
    let end = |code: Code, subject: &Subject| found.get(&(code, subject.clone())).copied();
    for (index, rule) in truth.rules.iter().enumerate() {
        let subject = rule_at(index);
        let said = |code| end(code, &subject);
        let told = format!("{case}: rule {}: {rule:?}\n{source}", index + 1);
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
            let code = if rule.culprits.otherwise.is_empty() { Code::RedundantRule } else { Code::ShadowedRule };
            assert_eq!(said(code), Some(End::Refuted(rule.culprits.fewest)), "{told}");
        }
    }
    let default = end(Code::UnreachableDefault, &Subject::Policy { policy: "p".into() });
    assert_eq!(default, Some(if truth.default_reached { End::Proved } else { End::Refuted(0) }), "{case}\n{source}");
    for (claim, holds) in package.claims.iter().zip(&truth.claims) {
        let subject = Subject::Prove { prove: claim.name.clone() };
        let (code, wanted) = match holds {
            None => (Code::VacuousCondition, End::Refuted(0)),
            Some(true) => (Code::ProveFalse, End::Proved),
            Some(false) => (Code::ProveFalse, End::Refuted(0)),
        };
        assert_eq!(end(code, &subject), Some(wanted), "{case}: {}: {holds:?}\n{source}", claim.name);
    }
}

/// The rule at a place from 0.
fn rule_at(index: usize) -> Subject {
    Subject::Rule { policy: "p".into(), rule: None, index: index as u32 + 1 }
}

/// Compares who is named as the culprits of rules that are never reached with every set that could be; gives how many.
pub(super) fn culprits(case: &str, source: &str, named: &Named, truth: &brute::Truth) -> usize {
    let mut dead = 0;
    for (index, rule) in truth.rules.iter().enumerate().filter(|(_, rule)| rule.fits_some && !rule.wins_some) {
        let subject = rule_at(index);
        let named = named.get(&subject).map_or(&[][..], Vec::as_slice);
        assert!(
            rule.culprits.are(named),
            "{case}: rule {}: {named:?}, counted from 0: {:?}\n{source}",
            index + 1,
            rule.culprits
        );
        dead += 1;
    }
    dead
}

#[test]
fn every_witness_of_a_finding_shows_it() {
    let mut shown = 0;
    for case in 0..cases() / 5 {
        let mut random = Random::new(case + 1_000_000);
        let (source, package) = packages::readable(&mut random, &packages::Shape { rules: 7, mixed: false });
        let alphabet = Alphabet::of(&package);
        let policy = &package.policies[0];
        let found = settled(&package, || exact::Requests::new(&package, policy, &alphabet));
        for found in found.diagnostics {
            let wants_one = matches!(found.code, Code::AlwaysEscalated | Code::PartlyShadowed | Code::ShadowedRule)
                || found.code == Code::ProveFalse && !found.message.contains("no request");
            if wants_one && found.severity == Severity::Error {
                assert!(found.witness.is_some(), "case {case}: {}\n{source}", found.message);
                shown += 1;
            }
        }
    }
    tell(&format!("ways: {shown} witnesses shown"));
}
