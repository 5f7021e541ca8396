//! A policy in the form in which it is asked.

use super::code::{Around, Code, Frame};
use super::condition::{Numbers, Slots, Tests, Values};
use super::index::{Buckets, First, Index, NONE, Spans};
use super::names::{Lists, Subjects};
use super::pattern::Patterns;
use super::places;
use super::surface::Surface;
use crate::decide::{Facts, Request, is_principal};
use crate::model::{Package, Policy, Row, Table};
use foldhash::fast::FixedState;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A policy, compiled.
#[derive(Debug)]
pub(super) struct Compiled {
    surface: Arc<Surface>,
    /// The targets of capabilities, by the places of those that have some.
    targets: HashMap<u32, Box<[u32]>, FixedState>,
    /// From principals to subjects.
    subjects: Patterns,
    /// From declared roles to subjects.
    roles: HashMap<Box<str>, Vec<u32>, FixedState>,
    rules: Index,
    slots: Slots,
    /// What is left to evaluate of the conditions, by the rules' numbers from 0.
    codes: Vec<Option<Code>>,
}

/// A request that can be evaluated.
pub(super) struct Heard<'h, 'p> {
    /// What the capability declares of it.
    pub(super) facts: &'h Facts<'p>,
    request: &'h Request<'h>,
    compiled: &'h Compiled,
    /// The targets of the capability.
    targets: &'h [u32],
    values: Values<'h>,
}

impl Compiled {
    /// Compiles a policy of a package; with it come the tests of each rule, by its number from 0.
    pub(super) fn of(
        package: &Package,
        surface: &Arc<Surface>,
        policy: &Policy,
        spans: Spans,
    ) -> (Compiled, Vec<Tests>) {
        let rules = policy.rules.as_slice();
        let mut slots = Slots::default();
        let (tests, codes): (Vec<Tests>, Vec<Option<Code>>) = rules
            .iter()
            .map(|rule| match &rule.condition {
                Some(condition) => slots.take_apart(condition, &package.context),
                None => (Tests::default(), None),
            })
            .unzip();
        let names = Subjects::of(package, rules);
        let mut targets = Lists::default();
        let mut buckets = Buckets::default();
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
        let mut by_place: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, pattern) in targets.pairs() {
            surface.matched(package, pattern).for_each(|place| by_place.entry(place).or_default().push(number));
        }
        by_place.values_mut().for_each(Vec::dedup);
        // Whoever asks for single rules asks of each request once.
        if spans == Spans::Dropped {
            buckets = places::merge(buckets, by_place.values_mut());
        }
        let targets = by_place.into_iter().map(|(place, targets)| (place, targets.into())).collect();
        let surface = Arc::clone(surface);
        let (subjects, roles) = (names.patterns, names.roles);
        let rules = Index::new(buckets, &tests, spans);
        (Compiled { surface, targets, subjects, roles, rules, slots, codes }, tests)
    }

    /// Hears a request; `None` where it cannot be evaluated, or what hears it gives that.
    #[inline]
    pub(super) fn hear<'p, T>(
        &self,
        package: &'p Package,
        request: &Request<'_>,
        hear: impl FnOnce(&mut Heard<'_, 'p>) -> Option<T>,
    ) -> Option<T> {
        let (place, entry) = self.surface.entry(request.capability)?;
        let fits = is_principal(request.principal)
            && entry.input.fit(package, request, request.input)
            && self.surface.context.fit(package, request, request.context);
        let capability = package.capabilities.get(place as usize).filter(|_| fits)?;
        let frame = Frame { package, request, around: Around::Capability(&capability.input) };
        let facts = Facts {
            capability,
            effect: &row(&capability.effect, &entry.effect, &frame)??.value,
            risk: row(&capability.risk, &entry.risk, &frame)??.value,
            approval: row(&capability.approval, &entry.approval, &frame)?.and_then(|row| row.value.as_ref()),
        };
        let frame = Frame { around: Around::Policy { facts: &facts, tags: &entry.tags }, ..frame };
        let values = Values::new(&self.slots, &frame);
        let targets = self.targets.get(&place).map_or(&[][..], |targets| targets);
        hear(&mut Heard { facts: &facts, request, compiled: self, targets, values })
    }
}

impl Heard<'_, '_> {
    /// The first rule that fits; `None` where that cannot be evaluated, since a role is not declared.
    pub(super) fn first(&mut self) -> Option<First> {
        let Heard { compiled, targets, values, .. } = self;
        let ask = |target, subject, best| compiled.rules.first(target, subject, values, &compiled.codes, best);
        compiled.best(targets, self.request, ask)
    }

    /// The first rule that fits after this one, as [`Heard::first`] has it; only where spans are kept.
    pub(super) fn after(&mut self, rule: u32) -> Option<First> {
        let Heard { compiled, targets, values, .. } = self;
        let ask = |target, subject, best| compiled.rules.after(rule, target, subject, values, &compiled.codes, best);
        compiled.best(targets, self.request, ask)
    }

    /// Whether the condition of a rule with these tests holds; `None` where it cannot be evaluated.
    pub(super) fn holds(&mut self, rule: u32, tests: &Tests) -> Option<bool> {
        let values = &mut self.values;
        let equal = |(slot, wanted): &(u32, Numbers)| wanted.contains(&values.number(*slot));
        if tests.never || !tests.equalities.iter().all(equal) {
            return Some(false);
        }
        if let Some((slot, least, greatest)) = tests.range
            && !self.values.position(slot).is_some_and(|position| (least..=greatest).contains(&position))
        {
            return Some(false);
        }
        match self.compiled.codes.get(rule as usize).and_then(Option::as_ref) {
            Some(code) => code.holds(self.values.frame()).ok(),
            None => Some(true),
        }
    }
}

impl Compiled {
    /// The best of what all subjects and targets have that a request fits.
    #[inline]
    fn best(
        &self,
        targets: &[u32],
        request: &Request<'_>,
        mut ask: impl FnMut(u32, u32, First) -> First,
    ) -> Option<First> {
        let mut best = First { rule: NONE, failed: false };
        let mut visit = |subject: u32| {
            for target in targets {
                best = ask(*target, subject, best);
            }
        };
        self.subjects.visit(request.principal, &mut visit);
        for role in request.roles {
            // An undeclared role ends it.
            self.roles.get(role.as_str())?.iter().copied().for_each(&mut visit);
        }
        Some(best)
    }
}

/// The first row that applies; `None` outside where a condition cannot be evaluated.
fn row<'p, V>(table: &'p Table<V>, conditions: &[Option<Code>], frame: &Frame<'_>) -> Option<Option<&'p Row<V>>> {
    // Most tables have one row, which always applies.
    if let ([row, ..], [None, ..]) = (table.rows.as_slice(), conditions) {
        return Some(Some(row));
    }
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
