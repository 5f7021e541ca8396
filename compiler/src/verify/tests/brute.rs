//! Every request that makes a difference, tried one by one: what the proofs say is compared with what is decided.

use super::packages;
use crate::verify::replay::Fit;
use gov_plan::decide::{By, Decided, RequestBody, Scope, decide, facts};
use gov_plan::model::{Action, Approval, ClaimKind, Decision, Package, Policy, Quantifier};
use gov_plan::value::{Record, Value};
use std::collections::BTreeSet;

/// The rules that match a request, the one that decides it, and whether it can be evaluated.
type Caught = (Vec<usize>, Option<usize>, bool);

/// All requests of a package of [`packages`]: one of each class of principals, every set of roles, every value in range, and
/// texts of each kind. Fields that nothing asks for have one value.
pub(super) fn requests(source: &str, package: &Package) -> Vec<RequestBody> {
    let asks =
        |what: &str| source.lines().skip_while(|line| !line.starts_with("policy")).any(|line| line.contains(what));
    let tables = source.lines().any(|line| line.starts_with("capability") && line.contains("when"));
    let one_of = |asked: bool, all: Vec<Value>| if asked { all } else { all.into_iter().take(1).collect() };
    let flags = one_of(asks("flag"), vec![Value::Bool(false), Value::Bool(true)]);
    let counts = one_of(asks("context.n"), (0..5).map(Value::Int).collect());
    let modes = one_of(asks("mode"), ["a", "b", "c"].map(Value::string).to_vec());
    let tickets = one_of(asks("context.t"), vec![Value::Absent, Value::string("q"), Value::string("w")]);
    let amounts = one_of(asks("input.k") || tables, (0..4).map(Value::Int).collect());
    let mut texts: Vec<Value> = vec![Value::string("z"), Value::string("ab"), Value::string("abx")];
    if asks("input.s == context.mode") {
        texts.extend(["a", "b", "c"].map(Value::string));
    }
    let texts = one_of(asks("input.s") || tables, texts);
    let workflows = if asks("workflow") { vec![None, Some("w".to_owned())] } else { vec![None] };
    let principals = [
        "agent:x",
        "agent:xx",
        "agent:y",
        "agent:z",
        "user:ann",
        "user:z",
        "service:s",
        "service:z",
        "system:rollback",
        "system:z",
    ];
    let mut all = Vec::new();
    for capability in &package.capabilities {
        for principal in principals {
            for roles in 0..8 {
                let roles: Vec<String> =
                    (0..3).filter(|bit| roles >> bit & 1 == 1).map(|bit| format!("r{bit}")).collect();
                for flag in &flags {
                    for count in &counts {
                        for mode in &modes {
                            for ticket in &tickets {
                                let context = record([("flag", flag), ("n", count), ("mode", mode), ("t", ticket)]);
                                for amount in &amounts {
                                    for text in &texts {
                                        for workflow in &workflows {
                                            all.push(RequestBody {
                                                principal: principal.to_owned(),
                                                capability: capability.id.clone(),
                                                input: record([("k", amount), ("s", text)]),
                                                context: context.clone(),
                                                roles: roles.clone(),
                                                workflow: workflow.clone(),
                                                principal_tenant: None,
                                                resource_tenant: None,
                                            });
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

fn record<const N: usize>(fields: [(&str, &Value); N]) -> Record {
    Record::new(fields.map(|(name, value)| (name.into(), value.clone())))
}

/// What all requests together say of a policy and the claims about it.
pub(super) struct Truth {
    /// By rule: how it is.
    pub rules: Vec<RuleTruth>,
    /// Whether some request reaches the default.
    pub default_reached: bool,
    /// By claim: whether it holds, or `None` for one about no request.
    pub claims: Vec<Option<bool>>,
}

/// What all requests together say of a rule.
#[derive(Debug, Default, Clone)]
pub(super) struct RuleTruth {
    pub fits_some: bool,
    /// Whether there is something of which its condition does not hold.
    pub misses_some: bool,
    pub wins_some: bool,
    /// Where it wins nothing: whether a winner of its requests decides otherwise.
    pub decided_otherwise: bool,
    /// Where it wins nothing: the size of the smallest set of live rules that catches all its requests, with one that decides
    /// otherwise if there is one.
    pub smallest: usize,
    pub needed: bool,
    /// Whether a request that it wins is allowed without escalation.
    pub plain: bool,
}

pub(super) fn truth(package: &Package, policy: &Policy, requests: &[RequestBody]) -> Truth {
    let count = policy.rules.len();
    let mut rules = vec![RuleTruth::default(); count];
    let mut default_reached = false;
    // For each rule, the sets of rules that catch one of its requests, and who wins it.
    let mut caught: Vec<BTreeSet<Caught>> = vec![BTreeSet::new(); count];
    let without: Vec<Policy> = (0..count)
        .map(|index| {
            let mut policy = policy.clone();
            policy.rules.remove(index);
            policy
        })
        .collect();
    for body in requests {
        let request = body.request();
        let decided = decide(package, policy, &request);
        let facts = facts(package, &request).expect("inputs are in range");
        let scope = Scope { package, request: &request, facts: &facts };
        let fits: Vec<Fit> = policy.rules.iter().map(|rule| Fit::of(rule, &scope, body)).collect();
        let winner = match decided.by {
            By::Rule(index) => Some(index as usize - 1),
            _ => None,
        };
        default_reached |= decided.by == By::Default;
        let unevaluable = fits.iter().position(|fit| *fit == Fit::Unevaluable);
        for index in 0..count {
            let truth = &mut rules[index];
            truth.fits_some |= fits[index] == Fit::Yes;
            truth.misses_some |= matches!(fits[index], Fit::Missed | Fit::Unevaluable);
            let wins = winner == Some(index);
            truth.wins_some |= wins;
            truth.plain |= wins && !decided.escalated;
            if fits[index] == Fit::Yes && !wins {
                let touching = (0..index).filter(|other| matches!(fits[*other], Fit::Yes | Fit::Unevaluable));
                let denied = unevaluable.filter(|at| winner.is_none() && *at < index);
                let by = winner.or(denied);
                caught[index].insert((touching.collect(), by, denied.is_some() && winner.is_none()));
            }
            if (wins || unevaluable == Some(index)) && !truth.needed {
                let other = decide(package, &without[index], &request);
                truth.needed |= outcome(&decided) != outcome(&other);
            }
        }
    }
    let live: Vec<bool> = rules.iter().map(|rule| rule.wins_some).collect();
    for (index, rule) in rules.iter_mut().enumerate().filter(|(index, _)| !live[*index]) {
        let action = &policy.rules[index].action;
        let otherwise: BTreeSet<usize> = caught[index]
            .iter()
            .filter(|(_, by, denied)| match by {
                Some(_) if *denied => *action != Action::Deny,
                Some(by) => policy.rules[*by].action != *action,
                None => false,
            })
            .filter_map(|(_, by, _)| *by)
            .collect();
        rule.decided_otherwise = !otherwise.is_empty();
        let groups: Vec<Vec<usize>> = caught[index]
            .iter()
            .map(|(touching, ..)| touching.iter().copied().filter(|other| live[*other]).collect())
            .collect();
        rule.smallest = smallest(index, &groups, &otherwise);
    }
    let claims = package.claims.iter().map(|claim| claim_truth(package, policy, &claim.kind, requests)).collect();
    Truth { rules, default_reached, claims }
}

/// What matters of a decision: which, and who has to approve.
fn outcome<'p>(decided: &Decided<'p>) -> (Decision, Option<&'p Approval>, Option<&'p Approval>) {
    (decided.decision, decided.by_policy, decided.by_capability)
}

/// The size of the smallest set of earlier rules that has one of each group, and one of `otherwise` unless that is empty.
fn smallest(end: usize, groups: &[Vec<usize>], otherwise: &BTreeSet<usize>) -> usize {
    let sets = (0..1_u32 << end).filter(|set| {
        let has = |rule: &usize| set >> rule & 1 == 1;
        groups.iter().all(|group| group.iter().any(has)) && (otherwise.is_empty() || otherwise.iter().any(has))
    });
    sets.map(|set| set.count_ones() as usize).min().unwrap_or(usize::MAX)
}

fn claim_truth(package: &Package, policy: &Policy, kind: &ClaimKind, requests: &[RequestBody]) -> Option<bool> {
    let ClaimKind::Policy { quantifier, decision, subjects, targets, condition, .. } = kind else {
        panic!("only claims about policies are generated");
    };
    let rule = gov_plan::model::Rule {
        name: None,
        docs: String::new(),
        action: Action::Allow,
        subjects: subjects.clone(),
        targets: targets.clone(),
        condition: condition.clone(),
        because: None,
        at: Default::default(),
    };
    let (mut some, mut yes, mut no) = (false, false, false);
    for body in requests {
        let request = body.request();
        let facts = facts(package, &request).unwrap();
        if Fit::of(&rule, &Scope { package, request: &request, facts: &facts }, body) != Fit::Yes {
            continue;
        }
        some = true;
        let decided = decide(package, policy, &request).decision == *decision;
        yes |= decided;
        no |= !decided;
    }
    some.then_some(match quantifier {
        Quantifier::Never => !yes,
        Quantifier::Always => !no,
        Quantifier::Sometimes => yes,
    })
}

#[test]
fn generated_packages_are_read() {
    let mut read = 0;
    for case in 0..50 {
        let mut random = super::random::Random::new(case);
        let source = packages::source(&mut random, &packages::Shape { rules: 6, mixed: true });
        read += u32::from(packages::package(&source).is_some());
    }
    assert!(read > 40, "only {read} of 50 packages are without errors");
}
