//! Decisions at the same cost for ten rules and for ten thousand.
//!
//! A policy is compiled once. A decision then looks at the buckets of rules (see [`index`]) whose subject and target the
//! request fits, and takes the first rule that any of them has; nothing is allocated, unless a condition builds a string or
//! reads text from JSON. What it decides is what [`super::decide`] does: a request that cannot be evaluated is handed to it,
//! so that there is one place that says why.

mod check;
mod code;
mod condition;
mod each;
mod index;
mod pattern;

pub(crate) use each::{Asked, Conditions, tags};

use super::reference::{self, combine};
use super::{By, Decided, Facts, Request, is_principal};
use crate::model::{Capability, Package, Policy, Row, Rule, Table};
use crate::pattern::{CapabilityPattern, PrincipalPattern};
use crate::types::Fields;
use crate::value::Value;
use check::FieldChecks;
use code::{Around, Code, Frame, Names};
use condition::{Slots, Tests, Values};
use foldhash::fast::FixedState;
use index::{First, Index, NONE};
use pattern::Patterns;
use std::collections::HashMap;
use std::sync::Arc;

/// Lists of more subjects, or targets, than this are indexed as one, so that a rule over two large sets does not become an
/// entry for every pair.
const MAX_EXPANDED: usize = 8;

/// One policy of a package, ready to decide.
#[derive(Debug)]
pub struct Engine {
    package: Arc<Package>,
    policy: usize,
    context: FieldChecks,
    capabilities: HashMap<Box<str>, Entry, FixedState>,
    /// From principals to subjects.
    subjects: Patterns,
    /// From declared roles to subjects.
    roles: HashMap<Box<str>, Vec<u32>, FixedState>,
    rules: Index,
    slots: Slots,
    /// What is left to evaluate of the conditions, by the rules' numbers from 0.
    codes: Vec<Option<Code>>,
}

/// What is known of a capability.
#[derive(Debug)]
struct Entry {
    index: usize,
    input: FieldChecks,
    effect: Vec<Option<Code>>,
    risk: Vec<Option<Code>>,
    approval: Vec<Option<Code>>,
    tags: Value,
    targets: Vec<u32>,
}

impl Engine {
    /// Compiles the policy of this name; `None` where the package has none.
    pub fn new(package: Arc<Package>, policy: &str) -> Option<Engine> {
        let index = package.policies.iter().position(|own| own.name == policy)?;
        let rules = package.policies.get(index).map(|policy| policy.rules.as_slice()).unwrap_or_default();
        let mut slots = Slots::default();
        let (tests, codes): (Vec<Tests>, Vec<Option<Code>>) = rules
            .iter()
            .map(|rule| match &rule.condition {
                Some(condition) => slots.take_apart(condition, &package.context),
                None => (Tests::default(), None),
            })
            .unzip();
        let names = Subjects::of(&package, rules);
        let mut targets = Lists::default();
        let mut buckets: HashMap<(u32, u32), Vec<u32>, FixedState> = HashMap::default();
        for (rule, number) in rules.iter().zip(0..) {
            for target in targets.of(&rule.targets) {
                for subject in names.lists.get(&rule.subjects) {
                    let rules = buckets.entry((target, subject)).or_default();
                    if rules.last() != Some(&number) {
                        rules.push(number);
                    }
                }
            }
        }
        let targets = targets.into_patterns();
        let capabilities = package.capabilities.iter().enumerate();
        let capabilities =
            capabilities.map(|(index, own)| (own.id.as_str().into(), Entry::new(index, own, &targets))).collect();
        let context = FieldChecks::new(&package.context);
        let (subjects, roles) = (names.patterns, names.roles);
        let rules = Index::new(buckets, &tests);
        Some(Engine { context, capabilities, subjects, roles, rules, slots, codes, policy: index, package })
    }

    /// The package whose policy it is.
    pub fn package(&self) -> &Arc<Package> {
        &self.package
    }

    /// The policy.
    #[expect(clippy::indexing_slicing, reason = "`new` found it at this place, and the package cannot change since")]
    pub fn policy(&self) -> &Policy {
        &self.package.policies[self.policy]
    }

    /// Decides a request, as [`super::decide`] does.
    pub fn decide(&self, request: &Request<'_>) -> Decided<'_> {
        self.indexed(request).unwrap_or_else(|| reference::decide(&self.package, self.policy(), request))
    }

    /// `None` where the request cannot be evaluated.
    pub(super) fn indexed(&self, request: &Request<'_>) -> Option<Decided<'_>> {
        let entry = self.capabilities.get(request.capability)?;
        let package = &*self.package;
        let fits = is_principal(request.principal)
            && entry.input.fit(package, request, request.input)
            && self.context.fit(package, request, request.context);
        let capability = package.capabilities.get(entry.index).filter(|_| fits)?;
        let frame = Frame { package, request, around: Around::Capability(&capability.input) };
        let facts = Facts {
            capability,
            effect: &row(&capability.effect, &entry.effect, &frame)??.value,
            risk: row(&capability.risk, &entry.risk, &frame)??.value,
            approval: row(&capability.approval, &entry.approval, &frame)?.and_then(|row| row.value.as_ref()),
        };
        let frame = Frame { around: Around::Policy { facts: &facts, tags: &entry.tags }, ..frame };
        let mut values = Values::new(&self.slots, &frame);
        let mut best = First { rule: NONE, failed: false };
        let mut visit = |subject: u32| {
            for target in &entry.targets {
                best = self.rules.first(*target, subject, &mut values, &self.codes, best);
            }
        };
        self.subjects.visit(request.principal, &mut visit);
        for role in request.roles {
            // An undeclared role ends it.
            self.roles.get(role.as_str())?.iter().copied().for_each(&mut visit);
        }
        if best.failed {
            return None;
        }
        let policy = self.policy();
        Some(match policy.rules.get(best.rule as usize) {
            Some(rule) => combine(policy, By::Rule(best.rule + 1), &rule.action, request, &facts),
            None => combine(policy, By::Default, &policy.default, request, &facts),
        })
    }
}

impl Entry {
    fn new(index: usize, capability: &Capability, targets: &Patterns) -> Entry {
        let mut own = Vec::new();
        targets.visit(&capability.id, |target| own.push(target));
        own.sort_unstable();
        own.dedup();
        Entry {
            index,
            input: FieldChecks::new(&capability.input),
            effect: conditions(&capability.effect, &capability.input),
            risk: conditions(&capability.risk, &capability.input),
            approval: conditions(&capability.approval, &capability.input),
            tags: Value::list(capability.tags.iter().map(|tag| Value::string(tag))),
            targets: own,
        }
    }
}

fn conditions<V>(table: &Table<V>, input: &Fields) -> Vec<Option<Code>> {
    let code = |condition| Code::new(condition, Names::Capability(input));
    table.rows.iter().map(|row| row.when.as_ref().map(code)).collect()
}

/// The first row that applies; `None` outside where a condition cannot be evaluated.
fn row<'p, V>(table: &'p Table<V>, conditions: &[Option<Code>], frame: &Frame<'_>) -> Option<Option<&'p Row<V>>> {
    for (row, condition) in table.rows.iter().zip(conditions) {
        let holds = match condition {
            Some(condition) => condition.holds(frame).ok()?,
            None => true,
        };
        if holds {
            return Some(Some(row));
        }
    }
    Some(None)
}

/// Numbers for patterns, and for lists of many patterns.
#[derive(Debug)]
struct Lists<'r, P> {
    single: HashMap<&'r P, u32, FixedState>,
    many: HashMap<&'r [P], u32, FixedState>,
    next: u32,
}

impl<P> Default for Lists<'_, P> {
    fn default() -> Self {
        Lists { single: HashMap::default(), many: HashMap::default(), next: 0 }
    }
}

impl<'r, P: Eq + std::hash::Hash> Lists<'r, P> {
    /// The numbers that stand for these patterns together: one for each, or one for all.
    fn of(&mut self, patterns: &'r [P]) -> Vec<u32> {
        let mut fresh = || {
            self.next += 1;
            self.next
        };
        if patterns.len() > MAX_EXPANDED {
            return vec![*self.many.entry(patterns).or_insert_with(fresh)];
        }
        patterns.iter().map(|pattern| *self.single.entry(pattern).or_insert_with(&mut fresh)).collect()
    }

    /// The same, of patterns that have their numbers.
    fn get(&self, patterns: &[P]) -> Vec<u32> {
        if patterns.len() > MAX_EXPANDED {
            return self.many.get(patterns).copied().into_iter().collect();
        }
        patterns.iter().filter_map(|pattern| self.single.get(pattern).copied()).collect()
    }

    /// Every pattern and the number that it leads to, in the order of the numbers.
    fn pairs(&self) -> Vec<(u32, &'r P)> {
        let single = self.single.iter().map(|(pattern, number)| (*number, *pattern));
        let many = self.many.iter().flat_map(|(patterns, number)| patterns.iter().map(|pattern| (*number, pattern)));
        let mut pairs: Vec<(u32, &P)> = single.chain(many).collect();
        pairs.sort_by_key(|(number, _)| *number);
        pairs
    }
}

impl Lists<'_, CapabilityPattern> {
    fn into_patterns(self) -> Patterns {
        let mut patterns = Patterns::default();
        for (number, pattern) in self.pairs() {
            match pattern {
                CapabilityPattern::Any => patterns.add_any(number),
                CapabilityPattern::Exact(exact) => patterns.add_exact(exact, number),
                CapabilityPattern::Prefix(prefix) => patterns.add_prefix(prefix, number),
            }
        }
        patterns
    }
}

/// Who the rules name as subjects.
struct Subjects<'r> {
    lists: Lists<'r, PrincipalPattern>,
    /// From principals, members of roles included.
    patterns: Patterns,
    /// From roles; every declared role is in it.
    roles: HashMap<Box<str>, Vec<u32>, FixedState>,
}

impl<'r> Subjects<'r> {
    fn of(package: &Package, rules: &'r [Rule]) -> Subjects<'r> {
        let mut lists = Lists::default();
        for rule in rules {
            lists.of(&rule.subjects);
        }
        let mut patterns = Patterns::default();
        let mut roles: HashMap<Box<str>, Vec<u32>, FixedState> =
            package.roles.iter().map(|role| (role.name.as_str().into(), Vec::new())).collect();
        for (number, pattern) in lists.pairs() {
            add(&mut patterns, pattern, number);
            if let PrincipalPattern::Role(name) = pattern {
                for member in package.role(name).map(|role| role.members.as_slice()).unwrap_or_default() {
                    add(&mut patterns, member, number);
                }
                if let Some(numbers) = roles.get_mut(name.as_str())
                    && numbers.last() != Some(&number)
                {
                    numbers.push(number);
                }
            }
        }
        Subjects { lists, patterns, roles }
    }
}

fn add(patterns: &mut Patterns, pattern: &PrincipalPattern, number: u32) {
    match pattern {
        PrincipalPattern::Any => patterns.add_any(number),
        PrincipalPattern::Exact(exact) => patterns.add_exact(exact, number),
        PrincipalPattern::Prefix(prefix) => patterns.add_prefix(prefix, number),
        // Roles are not members of roles; a role itself is had as a member or by assertion.
        PrincipalPattern::Role(_) => {}
    }
}
