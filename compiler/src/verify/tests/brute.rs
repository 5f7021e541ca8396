//! Every request that makes a difference, tried one by one: what the proofs say is compared with what is decided.

use super::packages;
use crate::verify::replay::Fit;
use gov_plan::decide::{By, Decided, RequestBody, Scope, decide, facts};
use gov_plan::model::{Action, Approval, ClaimKind, Decision, Package, Policy, Quantifier, Rule};
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
    let told = |bit: &u32| asks(&format!("role:r{bit}")) || *bit == 1 && asks("team");
    let roles: Vec<Vec<String>> = (0..3).filter(told).fold(vec![Vec::new()], |sets, bit| {
        let with = sets.iter().map(|set| [set.as_slice(), &[format!("r{bit}")]].concat());
        sets.iter().cloned().chain(with).collect()
    });
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
            for roles in &roles {
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
    /// Whether it decides some request: it wins it, or denies it because its condition cannot be evaluated for it.
    pub decides_some: bool,
    pub needed: bool,
    /// Where it wins nothing: what its culprits have to be.
    pub culprits: Culprits,
    /// Whether a request that it wins is allowed without escalation.
    pub plain: bool,
}

/// What the culprits of a rule that wins nothing have to be.
#[derive(Debug, Default, Clone)]
pub(super) struct Culprits {
    /// For each of its requests the earlier rules that decide something and catch it: one of each has to be named.
    groups: Vec<Vec<usize>>,
    /// The rules that decide one of its requests otherwise: one of them has to be named, if there is one.
    pub otherwise: BTreeSet<usize>,
    /// How few suffice.
    pub fewest: usize,
}

impl Culprits {
    /// Whether these rules are such culprits, as few as can be.
    pub fn are(&self, named: &[usize]) -> bool {
        let has = |rule: &usize| named.contains(rule);
        let can_be =
            |rule: &usize| self.otherwise.contains(rule) || self.groups.iter().any(|group| group.contains(rule));
        named.len() == self.fewest && self.suffice(&has) && named.iter().all(can_be)
    }

    fn suffice(&self, has: &dyn Fn(&usize) -> bool) -> bool {
        let shows = self.otherwise.is_empty() || self.otherwise.iter().any(has);
        shows && self.groups.iter().all(|group| group.iter().any(has))
    }
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
    let mut claims: Vec<ClaimTruth<'_>> = package.claims.iter().map(|claim| ClaimTruth::of(&claim.kind)).collect();
    for body in requests {
        let request = body.request();
        let decided = decide(package, policy, &request);
        let facts = facts(package, &request).expect("inputs are in range");
        let scope = Scope { package, request: &request, facts: &facts };
        claims.iter_mut().for_each(|claim| claim.see(&scope, body, decided.decision));
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
            truth.decides_some |= wins || winner.is_none() && unevaluable == Some(index);
            truth.plain |= wins && !decided.escalated;
            if fits[index] == Fit::Yes && !wins {
                let touching = (0..index).filter(|other| matches!(fits[*other], Fit::Yes | Fit::Unevaluable));
                let denied = unevaluable.filter(|at| winner.is_none() && *at < index);
                let by = winner.or(denied);
                caught[index].insert((touching.collect(), by, denied.is_some()));
            }
            if (wins || unevaluable == Some(index)) && !truth.needed {
                let other = decide(package, &without[index], &request);
                truth.needed |= outcome(&decided) != outcome(&other);
            }
        }
    }
    let deciding: Vec<bool> = rules.iter().map(|rule| rule.decides_some).collect();
    for (index, rule) in rules.iter_mut().enumerate().filter(|(_, rule)| !rule.wins_some) {
        rule.culprits = culprits(policy, index, &caught[index], &deciding);
    }
    Truth { rules, default_reached, claims: claims.into_iter().map(ClaimTruth::holds).collect() }
}

fn culprits(policy: &Policy, index: usize, caught: &BTreeSet<Caught>, deciding: &[bool]) -> Culprits {
    let action = &policy.rules[index].action;
    let decides_otherwise = |by: usize, denied: bool| match denied {
        true => *action != Action::Deny,
        false => policy.rules[by].action != *action,
    };
    let otherwise = caught.iter().filter_map(|(_, by, denied)| by.filter(|by| decides_otherwise(*by, *denied)));
    let of = |(touching, ..): &Caught| touching.iter().copied().filter(|other| deciding[*other]).collect();
    let mut culprits =
        Culprits { groups: caught.iter().map(of).collect(), otherwise: otherwise.collect(), fewest: usize::MAX };
    let suffices = |set: &u32| culprits.suffice(&|rule: &usize| set >> rule & 1 == 1);
    let sets = (0..1_u32 << index).filter(suffices);
    culprits.fewest = sets.map(|set| set.count_ones() as usize).min().unwrap_or(usize::MAX);
    culprits
}

/// What matters of a decision: which, and who has to approve.
fn outcome<'p>(decided: &Decided<'p>) -> (Decision, Option<&'p Approval>, Option<&'p Approval>) {
    (decided.decision, decided.by_policy, decided.by_capability)
}

/// What the requests that a claim is about show of it.
struct ClaimTruth<'p> {
    kind: &'p ClaimKind,
    rule: Rule,
    /// Whether some are decided as it says, and some are not.
    yes: bool,
    no: bool,
}

impl<'p> ClaimTruth<'p> {
    fn of(kind: &'p ClaimKind) -> ClaimTruth<'p> {
        let ClaimKind::Policy { subjects, targets, condition, .. } = kind else {
            panic!("only claims about policies are generated");
        };
        let rule = Rule {
            name: None,
            docs: String::new(),
            action: Action::Allow,
            subjects: subjects.clone(),
            targets: targets.clone(),
            condition: condition.clone(),
            because: None,
            at: Default::default(),
        };
        ClaimTruth { kind, rule, yes: false, no: false }
    }

    fn see(&mut self, scope: &Scope<'_>, body: &RequestBody, decided: Decision) {
        if let ClaimKind::Policy { decision, .. } = self.kind
            && Fit::of(&self.rule, scope, body) == Fit::Yes
        {
            self.yes |= decided == *decision;
            self.no |= decided != *decision;
        }
    }

    /// Whether it holds; `None` for one about no request.
    fn holds(self) -> Option<bool> {
        let ClaimKind::Policy { quantifier, .. } = self.kind else { return None };
        (self.yes || self.no).then_some(match quantifier {
            Quantifier::Never => !self.yes,
            Quantifier::Always => !self.no,
            Quantifier::Sometimes => self.yes,
        })
    }
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
