//! What a change means for who may do what: one policy of two plans, over every request.

use super::align::{Aligned, align};
use super::outcome::{Direction, Outcome};
use super::people::People;
use super::search::{Found, Search, Subject, Version, read_as};
use super::side::By;
use super::solver::Solver;
use super::{Change, Decision, PolicyDiff, Presence, Witness};
use crate::verify::Options;
use crate::verify::exact::alphabet::Alphabet;
use crate::verify::exact::signature;
use crate::verify::solver::Session;
use gov_plan::model::{Approval, Capability, Package, Policy};
use gov_plan::text;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;

/// The differences of every policy that one of the plans has.
pub(super) fn policies(old: &Package, new: &Package, options: &Options<'_>) -> Vec<PolicyDiff> {
    let mut names: BTreeSet<&str> = old.policies.iter().map(|policy| policy.name.as_str()).collect();
    names.extend(new.policies.iter().map(|policy| policy.name.as_str()));
    let aligned = AlignedPackages::of(old, new);
    names.into_iter().map(|name| policy(&aligned, [old, new], name, options)).collect()
}

/// The differences of one policy.
fn policy(aligned: &AlignedPackages, packages: [&Package; 2], name: &str, options: &Options<'_>) -> PolicyDiff {
    let presence = match packages.map(|package| package.policy(name).is_some()) {
        [true, true] => Presence::Kept,
        [true, false] => Presence::Removed,
        _ => Presence::Added,
    };
    let mut diff = PolicyDiff {
        name: name.to_owned(),
        presence,
        direction: Direction::Same,
        changes: Vec::new(),
        open: Vec::new(),
    };
    if is_untouched(packages, name) {
        return diff;
    }
    // The solver's context belongs to a thread, and deep expressions want a large stack.
    const STACK: usize = 64 << 20;
    let work = || searched(aligned, packages, name, options);
    let result = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    match result {
        Some((changes, open)) => (diff.changes, diff.open) = (changes, open),
        None => diff.open.push("the comparison ended in a fault of ours; please report it with the plans".to_owned()),
    }
    diff.direction = diff.changes.iter().fold(Direction::Same, |all, change| all.and(change.direction));
    diff
}

/// Whether everything that a policy's decisions depend on is word for word the same.
fn is_untouched([old, new]: [&Package; 2], name: &str) -> bool {
    old.policy(name) == new.policy(name)
        && old.context == new.context
        && old.roles == new.roles
        && old.capabilities == new.capabilities
        && read_as(old) == read_as(new)
}

type Searched = (Vec<Change>, Vec<String>);

fn searched(aligned: &AlignedPackages, packages: [&Package; 2], name: &str, options: &Options<'_>) -> Searched {
    let [old, new] = packages;
    let alphabet = Alphabet::of_all(&[&aligned.packages[0], &aligned.packages[1]]);
    let people = People::of([old, new], &alphabet);
    let versions = [
        Version { package: old, aligned: &aligned.packages[0], policy: aligned.packages[0].policy(name) },
        Version { package: new, aligned: &aligned.packages[1], policy: aligned.packages[1].policy(name) },
    ];
    let policies = versions.map(|version| version.policy);
    let subjects = aligned.subjects(packages, policies);
    let mut solver = Solver::new(Session::new("diff", options));
    let mut search = Search { versions, people: &people, solver: &mut solver };
    let mut open = BTreeSet::new();
    let mut found: Vec<(Vec<String>, Found<'_>)> = Vec::new();
    for subject in &subjects {
        let outcomes = search.subject(subject);
        open.extend(outcomes.open);
        found.extend(outcomes.found.into_iter().map(|found| (subject.ids.clone(), found)));
    }
    (changes(&people, policies, found), open.into_iter().collect())
}

/// Puts together what is the same change to several capabilities.
fn changes(people: &People<'_>, policies: [Option<&Policy>; 2], found: Vec<(Vec<String>, Found<'_>)>) -> Vec<Change> {
    let mut groups: Vec<(Vec<String>, Found<'_>)> = Vec::new();
    for (ids, one) in found {
        match groups.iter_mut().find(|(_, other)| other.pair == one.pair) {
            Some((known, other)) => {
                known.extend(ids);
                other.states.extend(one.states);
                other.is_open |= one.is_open;
            }
            None => groups.push((ids, one)),
        }
    }
    let change = |(mut capabilities, found): (Vec<String>, Found<'_>)| {
        capabilities.sort_unstable();
        capabilities.dedup();
        let [before, after] = [0, 1].map(|side| decision(policies, &found, side));
        Change {
            direction: found.direction,
            before,
            after,
            capabilities,
            who: people.words(&found.states),
            perhaps_others: found.is_open,
            witness: Witness { request: found.witness },
        }
    };
    let mut changes: Vec<Change> = groups.into_iter().map(change).collect();
    // What lets more through is read first.
    let rank = |change: &Change| match change.direction {
        Direction::Wider => 0,
        Direction::Both => 1,
        Direction::Narrower => 2,
        Direction::Same => 3,
    };
    changes.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.capabilities.cmp(&b.capabilities)));
    changes
}

fn decision(policies: [Option<&Policy>; 2], found: &Found<'_>, side: usize) -> Decision {
    let (Some(outcome), Some(by)) = (found.pair.outcomes.get(side), found.pair.by.get(side)) else {
        return Decision { decision: "deny", by: String::new(), rule: None, approvals: Vec::new() };
    };
    let policy = policies.get(side).copied().flatten();
    let (decision, approvals) = match outcome {
        Outcome::Deny => ("deny", Vec::new()),
        Outcome::Allow => ("allow", Vec::new()),
        Outcome::Approval(approvals) => ("approval", approvals.iter().map(|one| (*one).clone()).collect()),
    };
    let place = |rule: usize| u32::try_from(rule + 1).unwrap_or(u32::MAX);
    let named = |rule: usize| match policy.and_then(|policy| policy.rules.get(rule)?.name.as_deref()) {
        Some(name) => format!("rule `{name}`"),
        None => format!("rule {}", place(rule)),
    };
    let (by, rule) = match by {
        By::Missing if policy.is_none() => ("there is no such policy".to_owned(), None),
        By::Missing => ("there is no such capability".to_owned(), None),
        By::Misfit => ("the request does not fit the input or the context".to_owned(), None),
        By::Tables => ("the capability's tables do not say".to_owned(), None),
        By::Default => ("the default".to_owned(), None),
        By::Rule(rule) => (named(*rule), Some(place(*rule))),
        By::Unevaluable(rule) => (format!("{} cannot be evaluated", named(*rule)), Some(place(*rule))),
    };
    Decision { decision, by, rule, approvals }
}

/// An approval in words: `role:finance, 2 of them, within 24h`.
pub fn approval_words(approval: &Approval) -> String {
    let from: Vec<String> = approval.from.iter().map(ToString::to_string).collect();
    let mut words = if from.is_empty() { "nobody".to_owned() } else { from.join(" or ") };
    if approval.quorum > 1 {
        words.push_str(&format!(", {} of them", approval.quorum));
    }
    if let Some(within) = approval.within {
        words.push_str(&format!(", within {}", text::duration(within)));
    }
    words
}

/// Two packages whose capabilities and contexts have their fields written alike.
pub(super) struct AlignedPackages {
    packages: [Package; 2],
    inputs: BTreeMap<String, Aligned>,
    context: Aligned,
    /// For subjects of one plan alone.
    contexts: [Aligned; 2],
    /// Whether roles, context and named types are the same in both.
    is_shared: bool,
}

impl AlignedPackages {
    pub fn of(old: &Package, new: &Package) -> AlignedPackages {
        let context = align("context", &old.context, &new.context);
        let mut ids: BTreeSet<&str> = old.capabilities.iter().map(|one| one.id.as_str()).collect();
        ids.extend(new.capabilities.iter().map(|one| one.id.as_str()));
        let mut inputs = BTreeMap::new();
        for id in ids {
            let (a, b) = (old.capability(id), new.capability(id));
            if let Some(fields) = a.or(b).map(|one| &one.input) {
                let input = |one: Option<&Capability>| one.map_or_else(|| fields.clone(), |one| one.input.clone());
                inputs.insert(id.to_owned(), align("input", &input(a), &input(b)));
            }
        }
        let written = |package: &Package, side: usize| {
            let mut package = package.clone();
            if let Some(fields) = context.sides.get(side) {
                package.context = fields.clone();
            }
            for capability in &mut package.capabilities {
                if let Some(fields) = inputs.get(&capability.id).and_then(|input| input.sides.get(side)) {
                    capability.input = fields.clone();
                }
            }
            package
        };
        let read = [read_as(old), read_as(new)];
        let named_alike =
            read[0].iter().all(|(name, own)| own.len() == 1 && read[1].get(name).is_none_or(|other| own == other))
                && read[1].values().all(|own| own.len() == 1);
        AlignedPackages {
            packages: [written(old, 0), written(new, 1)],
            is_shared: old.roles == new.roles && old.context == new.context && named_alike,
            contexts: [align("context", &old.context, &old.context), align("context", &new.context, &new.context)],
            inputs,
            context,
        }
    }

    /// The capabilities of both plans, those together that both treat alike.
    fn subjects<'p>(&'p self, packages: [&Package; 2], policies: [Option<&Policy>; 2]) -> Vec<Subject<'p>> {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut subjects: Vec<Subject<'p>> = Vec::new();
        for (id, input) in &self.inputs {
            let capabilities = [0, 1].map(|side| {
                policies.get(side).copied().flatten()?;
                self.packages.get(side)?.capability(id)
            });
            let mut key = String::new();
            for (policy, capability) in policies.iter().zip(&capabilities) {
                let Some((policy, capability)) = policy.zip(*capability) else {
                    key.push_str("none; ");
                    continue;
                };
                for rule in &policy.rules {
                    let fits = rule.targets.iter().any(|pattern| pattern.matches(id));
                    key.push(if fits { '1' } else { '0' });
                }
                let approvals: Vec<_> = capability.approval.rows.iter().map(|row| &row.value).collect();
                key.push_str(&format!(" {} {approvals:?}; ", signature(capability)));
            }
            // What the two plans need of its fields is part of what they say of them.
            key.push_str(&format!("{:?} {:?}", input.needed, input.incompatible));
            if let Some(subject) = known.get(&key).and_then(|index| subjects.get_mut(*index)) {
                subject.ids.push(id.clone());
                continue;
            }
            let [old, new] = packages.map(|package| package.capability(id));
            let same = match (old, new) {
                (Some(old), Some(new)) => {
                    old.input == new.input
                        && (old.kind, &old.tags) == (new.kind, &new.tags)
                        && (&old.effect, &old.risk) == (&new.effect, &new.risk)
                }
                _ => true,
            };
            let context = match capabilities.map(|one| one.is_some()) {
                [true, false] => &self.contexts[0],
                [false, true] => &self.contexts[1],
                _ => &self.context,
            };
            known.insert(key, subjects.len());
            subjects.push(Subject {
                ids: vec![id.clone()],
                capabilities,
                input,
                context,
                is_shared: self.is_shared && same,
            });
        }
        subjects
    }
}
