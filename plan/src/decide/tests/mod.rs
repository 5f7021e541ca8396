//! The engine decides what the reference decides.

pub(crate) mod generate;

use super::{Audit, By, Clause, Decided, Engine, Fitting, Scope, Surface, Unevaluable, decide, explain, facts};
use crate::eval::eval;
use crate::expr::ExprKind;
use crate::model::{Decision, Policy, Rule};
use crate::value::Value;
use generate::Random;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many packages are made.
fn cases() -> u64 {
    std::env::var("GOV_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

#[test]
fn the_engine_decides_what_the_reference_decides() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=cases() {
        let random = &mut Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let rules = random.below(40);
        let package = Arc::new(generate::package(random, rules));
        let engine = Engine::new(Arc::clone(&package), "p").unwrap();
        for number in 0..40 {
            let body = generate::request(random);
            let expected = decide(&package, &package.policies[0], &body.request());
            let found = engine.decide(&body.request());
            if found != expected {
                panic!("seed {seed}, request {number}: {body:?}\nfound {found:?}\nexpected {expected:?}");
            }
            // The reference is asked for the reason of a refusal, and never else.
            let evaluable = !matches!(expected.by, By::Unevaluable(_));
            assert_eq!(engine.indexed(&body.request()).is_some(), evaluable, "seed {seed}, request {number}: {body:?}");
            *seen.entry(kind(&expected)).or_default() += 1;
        }
    }
    // Every way a decision can come about was compared, and often.
    for kind in ["rule allow", "rule deny", "rule approval", "default allow", "default deny", "default approval"] {
        assert!(seen.get(kind).is_some_and(|count| *count > 200), "{kind}: {seen:?}");
    }
    for kind in ["principal", "capability", "role", "input", "context", "table", "no row", "rule"] {
        assert!(seen.get(kind).is_some_and(|count| *count > 30), "{kind}: {seen:?}");
    }
}

/// Each rule of itself, and the first rule after each, as they are where the rules are read in order.
#[test]
fn an_audit_says_of_each_rule_what_the_reference_does() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 1..=cases() {
        let random = &mut Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let rules = random.below(40);
        let package = generate::package(random, rules);
        let policy = &package.policies[0];
        let audit = Audit::of(&package, &Arc::new(Surface::of(&package)), policy);
        for number in 0..20 {
            let body = generate::request(random);
            let request = body.request();
            let known = facts(&package, &request);
            let heard = audit.hear(&package, &request, |mut hearing| {
                let scope = Scope { package: &package, request: &request, facts: known.as_ref().unwrap() };
                assert_eq!(hearing.facts(), scope.facts);
                let mut fitting = Fitting::Nothing;
                for (place, rule) in policy.rules.iter().enumerate().rev() {
                    let at = format!("seed {seed}, request {number}, rule {place}: {body:?}");
                    assert_eq!(hearing.after(place), fitting, "{at}");
                    let condition = rule.condition.as_ref();
                    let holds =
                        condition.map_or(Ok(true), |own| eval(own, &scope).map(|value| value == Value::Bool(true)));
                    assert_eq!(hearing.holds(place), holds.ok(), "{at}");
                    fitting = match scope.fits(rule) {
                        Ok(true) => Fitting::Rule(place),
                        Ok(false) => fitting,
                        Err(_) => Fitting::Failing,
                    };
                    let kind = match fitting {
                        Fitting::Rule(_) => "rule",
                        Fitting::Failing => "failing",
                        Fitting::Nothing => "nothing",
                    };
                    *seen.entry(kind).or_default() += 1;
                }
                assert_eq!(hearing.first(), fitting, "seed {seed}, request {number}: {body:?}");
            });
            assert_eq!(heard.is_some(), known.is_ok(), "seed {seed}, request {number}: {body:?}");
        }
    }
    for kind in ["rule", "failing", "nothing"] {
        assert!(seen.get(kind).is_some_and(|count| *count > 1000), "{kind}: {seen:?}");
    }
}

#[test]
fn a_decision_allocates_nothing() {
    let mut counted = 0;
    for seed in 1..=cases() {
        let random = &mut Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let rules = random.below(20);
        let package = Arc::new(generate::package(random, rules));
        // Strings that are put together take memory, and so does the reason why JSON does not fit.
        let mut builds = false;
        for condition in package.policies[0].rules.iter().filter_map(|rule| rule.condition.as_ref()) {
            condition.walk(&mut |part| builds |= matches!(part.kind, ExprKind::Interpolate(_) | ExprKind::As(..)));
        }
        let engine = Engine::new(Arc::clone(&package), "p").unwrap();
        for _ in 0..if builds { 0 } else { 20 } {
            let body = generate::request(random);
            let mut by = None;
            let allocations = allocation_counter::measure(|| by = Some(engine.decide(&body.request()).by));
            if !matches!(by, Some(By::Unevaluable(_))) {
                assert_eq!(allocations.count_total, 0, "seed {seed}: {body:?}");
                counted += 1;
            }
        }
    }
    assert!(counted > 1000, "{counted}");
}

fn kind(decided: &Decided<'_>) -> String {
    let by = match &decided.by {
        By::Rule(_) => "rule",
        By::Default => "default",
        By::Unevaluable(why) => {
            assert_eq!(decided.decision, Decision::Deny);
            let kind = match **why {
                Unevaluable::Unreadable(_) | Unevaluable::Request(_) => "request",
                Unevaluable::Principal(_) => "principal",
                Unevaluable::Capability { .. } => "capability",
                Unevaluable::Role { .. } => "role",
                Unevaluable::Input(_) => "input",
                Unevaluable::Context(_) => "context",
                Unevaluable::Table { .. } => "table",
                Unevaluable::NoRow { .. } => "no row",
                Unevaluable::Rule { .. } => "rule",
            };
            return kind.to_owned();
        }
    };
    format!(
        "{by} {}",
        match decided.decision {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
            Decision::Approval => "approval",
        }
    )
}

/// What an explanation names is what keeps the rule from fitting.
#[test]
fn every_rule_before_the_one_that_decided_is_explained() {
    let mut named = [0; 3];
    for seed in 1..=cases() / 4 {
        let random = &mut Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let package = generate::package(random, 15);
        let policy = &package.policies[0];
        let bare = Policy { rules: Vec::new(), ..policy.clone() };
        for _ in 0..20 {
            let body = generate::request(random);
            let request = body.request();
            let decided = decide(&package, policy, &request);
            let missed = explain(&package, policy, &request, &decided);
            let expected = match &decided.by {
                By::Rule(index) => *index as usize - 1,
                By::Default => policy.rules.len(),
                By::Unevaluable(why) => match **why {
                    Unevaluable::Rule { index, .. } => index as usize - 1,
                    _ => 0,
                },
            };
            assert_eq!(missed.len(), expected);
            for (place, missed) in missed.iter().enumerate() {
                assert_eq!((missed.index as usize, missed.rule), (place + 1, &policy.rules[place]));
                let decides = |rule: Rule| {
                    let policy = Policy { rules: vec![rule], ..bare.clone() };
                    decide(&package, &policy, &request).by == By::Rule(1)
                };
                assert!(!decides(missed.rule.clone()));
                let index = match &missed.clause {
                    Clause::Subject => 0,
                    Clause::Target => 1,
                    // The condition is the last that is looked at: without it, the rule fits.
                    Clause::Condition(parts) => {
                        assert!(!parts.is_empty());
                        assert!(decides(Rule { condition: None, ..missed.rule.clone() }), "{missed:?}");
                        2
                    }
                };
                named[index] += 1;
            }
        }
    }
    assert!(named.iter().all(|count| *count > 500), "{named:?}");
}
