//! Questions about a policy, answered exactly.

use super::alphabet::Alphabet;
use super::cell::{Cell, Effort, Region, intersect, uncovered};
use super::condition::{Compiler, Parts};
use super::scope::{Facts, Scope};
use super::set::Set;
use super::space::{Dimension, Space};
use super::state::{People, State, Subject};
use crate::verify::patterns::Patterns;
use crate::verify::policy::needs_everybody;
use crate::verify::question::{Answer, Passed, Question, Unevaluable, Way};
use crate::verify::replay::Replay;
use gov_plan::decide::RequestBody;
use gov_plan::expr::{Expr, ExprKind};
use gov_plan::model::{Capability, ClaimKind, Effect, Escalation, Package, Policy, Row};
use gov_plan::pattern::{CapabilityPattern, TextPattern};
use gov_plan::types::{Fields, Risk, Schema, Type};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The most states, cells and splits that one question may take before it is left to the solver.
const EFFORT: u32 = 50_000;

/// The most roles that conditions may ask for: every set of them is looked at.
const MOST_ASKED: usize = 5;

/// The requests to one policy, as cells of a space.
pub(crate) struct Requests<'p> {
    pub(super) package: &'p Package,
    policy: &'p Policy,
    replay: Replay<'p>,
    pub(super) alphabet: &'p Alphabet,
    pub(super) space: Space,
    people: People,
    pub(super) classes: Vec<Class<'p>>,
    rules: Vec<Subjects>,
    parts: HashMap<(usize, usize), Arc<Parts>>,
    /// Whether conditions ask for the principal, and for which roles; `None` for too many.
    asks_principal: bool,
    asked: Option<Vec<usize>>,
    dead: Vec<bool>,
}

/// Capabilities that the policy cannot tell apart, by one of them.
pub(super) struct Class<'p> {
    pub capability: &'p Capability,
    facts: Facts,
    impossible: Region,
    /// The rules that are about it, by whom they mean, each in order.
    any: Vec<Entry>,
    ranges: Vec<((i128, i128), Vec<Entry>)>,
    exact: BTreeMap<i128, Vec<Entry>>,
    roles: BTreeMap<usize, Vec<Entry>>,
}

/// A rule, and where it fits or cannot be evaluated.
#[derive(Clone)]
struct Entry {
    rule: usize,
    parts: Arc<Parts>,
}

struct Subjects {
    subjects: Vec<Subject>,
    classes: Vec<usize>,
}

/// A cell of requests.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(super) class: usize,
    pub(super) state: State,
    pub(super) cell: Cell,
}

impl<'p> Requests<'p> {
    /// The requests to a policy.
    pub fn new(package: &'p Package, policy: &'p Policy, alphabet: &'p Alphabet) -> Requests<'p> {
        let people = People::of(package, alphabet);
        let (asks_principal, asked) = what_is_asked(package, policy);
        let asked: Vec<usize> = asked.iter().filter_map(|role| people.role(role)).collect();
        let mut requests = Requests {
            package,
            policy,
            replay: Replay::new(package, policy),
            alphabet,
            space: Space::default(),
            people,
            classes: Vec::new(),
            rules: Vec::new(),
            parts: HashMap::new(),
            asks_principal,
            asked: (asked.len() <= MOST_ASKED).then_some(asked),
            dead: vec![false; policy.rules.len()],
        };
        requests.classify();
        requests.enter();
        let mentioned = requests.rules.iter().flat_map(|rule| rule.subjects.iter().cloned());
        let claimed = package.claims.iter().filter_map(|claim| match &claim.kind {
            ClaimKind::Policy { subjects, .. } => Some(requests.people.subjects(subjects, alphabet)),
            _ => None,
        });
        let mentioned: HashSet<Subject> = mentioned.chain(claimed.flatten()).collect();
        requests.people.merge_kinds(&mentioned);
        requests
    }

    fn is_dead(&self, rule: usize) -> bool {
        self.dead.get(rule).copied().unwrap_or_default()
    }

    fn parts_of(&self, rule: usize) -> impl Iterator<Item = &Arc<Parts>> {
        let classes = self.rules.get(rule).map(|rule| rule.classes.as_slice()).unwrap_or_default();
        classes.iter().filter_map(move |class| self.parts.get(&(rule, *class)))
    }

    /// Puts capabilities together that have the same facts and that every pattern treats alike.
    fn classify(&mut self) {
        let mut patterns: Vec<&CapabilityPattern> = Vec::new();
        let claims = self.package.claims.iter().filter_map(|claim| match &claim.kind {
            ClaimKind::Policy { policy, targets, .. } if *policy == self.policy.name => Some(targets),
            _ => None,
        });
        for pattern in self.policy.rules.iter().map(|rule| &rule.targets).chain(claims).flatten() {
            patterns.push(pattern);
        }
        let patterns = Patterns::of(patterns);
        let mut known: HashSet<(Vec<usize>, String)> = HashSet::new();
        let mut classes_of: Vec<Vec<usize>> = vec![Vec::new(); patterns.all.len()];
        for capability in &self.package.capabilities {
            let fits = patterns.fitting(&capability.id);
            if !known.insert((fits.clone(), signature(capability))) {
                continue;
            }
            for pattern in fits {
                if let Some(classes) = classes_of.get_mut(pattern) {
                    classes.push(self.classes.len());
                }
            }
            let package = self.package;
            let mut compiler = Compiler { package, alphabet: self.alphabet, space: &mut self.space, mark: "" };
            let facts = compiler.facts(capability);
            let mut impossible = compiler.impossible("input", &capability.input);
            impossible.extend(compiler.impossible("context", &package.context));
            self.classes.push(Class {
                capability,
                facts,
                impossible,
                any: Vec::new(),
                ranges: Vec::new(),
                exact: BTreeMap::new(),
                roles: BTreeMap::new(),
            });
        }
        let by_pattern: HashMap<&CapabilityPattern, Vec<usize>> = patterns.all.into_iter().zip(classes_of).collect();
        for rule in &self.policy.rules {
            let mut classes: Vec<usize> =
                rule.targets.iter().filter_map(|pattern| by_pattern.get(pattern)).flatten().copied().collect();
            classes.sort_unstable();
            classes.dedup();
            let subjects = self.people.subjects(&rule.subjects, self.alphabet);
            self.rules.push(Subjects { subjects, classes });
        }
    }

    /// Enters every rule with each class that it is about.
    fn enter(&mut self) {
        let policy = self.policy;
        for (index, rule) in policy.rules.iter().enumerate() {
            // A condition over the context alone is the same for every capability.
            let mut common: Option<Arc<Parts>> = match &rule.condition {
                None => Some(Arc::new(Parts::always())),
                Some(_) => None,
            };
            let shared = rule.condition.as_ref().is_some_and(is_about_context);
            let classes = self.rules.get(index).map(|rule| rule.classes.clone()).unwrap_or_default();
            let subjects = self.rules.get(index).map(|rule| rule.subjects.clone()).unwrap_or_default();
            for class in classes {
                let parts = match (&common, &rule.condition) {
                    (Some(parts), _) => Arc::clone(parts),
                    (None, Some(condition)) => {
                        let parts = Arc::new(self.condition(condition, class));
                        if shared {
                            common = Some(Arc::clone(&parts));
                        }
                        parts
                    }
                    (None, None) => continue,
                };
                self.parts.insert((index, class), Arc::clone(&parts));
                let Some(class) = self.classes.get_mut(class) else { continue };
                for subject in &subjects {
                    let entry = Entry { rule: index, parts: Arc::clone(&parts) };
                    class.list(subject).push(entry);
                }
            }
        }
    }

    /// The regions of a condition of the policy, for calls of a class.
    fn condition(&mut self, condition: &Expr, class: usize) -> Parts {
        let Some(Class { capability, facts, .. }) = self.classes.get(class) else { return Parts::never() };
        let scope = Scope::of_policy(self.package, capability, facts);
        Compiler { package: self.package, alphabet: self.alphabet, space: &mut self.space, mark: "" }
            .condition(condition, &scope)
    }

    /// The classes that a question is about.
    fn classes_of(&self, question: &Question<'_>) -> Vec<usize> {
        let rules = question.fits.iter().copied().chain(question.misses).chain(match question.unevaluable {
            Some(Unevaluable::Rule(rule)) => Some(rule),
            _ => None,
        });
        let mut lists: Vec<&[usize]> =
            rules.map(|rule| self.rules.get(rule).map(|rule| rule.classes.as_slice()).unwrap_or_default()).collect();
        lists.sort_by_key(|list| list.len());
        let mut classes: Vec<usize> = match lists.split_first() {
            None => (0..self.classes.len()).collect(),
            // All are in order.
            Some((shortest, others)) => {
                let in_all = |class: &usize| others.iter().all(|list| list.binary_search(class).is_ok());
                shortest.iter().copied().filter(in_all).collect()
            }
        };
        if let Some(claim) = &question.claim {
            let fits = |class: &usize| {
                let id = self.classes.get(*class).map(|class| class.capability.id.as_str()).unwrap_or_default();
                claim.targets.iter().any(|pattern| pattern.matches(id))
            };
            classes.retain(fits);
        }
        classes
    }

    fn search(&mut self, question: &Question<'_>, class: usize, effort: &mut Effort) -> Answer<Point> {
        let claim = match question.claim.and_then(|claim| claim.condition) {
            Some(condition) => self.condition(condition, class).holds,
            None => vec![Cell::whole()],
        };
        let Some(asked) = self.asked.clone() else {
            return Answer::Unknown("conditions ask for many roles".to_owned());
        };
        let named = question.principal.map(|name| match self.alphabet.literal(name).least() {
            Some(at) => vec![Subject::Range(at, at)],
            None => Vec::new(),
        });
        let claimed = question.claim.map(|claim| self.people.subjects(claim.subjects, self.alphabet));
        let mut lists: Vec<&[Subject]> = Vec::new();
        let unevaluable = match question.unevaluable {
            Some(Unevaluable::Rule(rule)) => Some(rule),
            _ => None,
        };
        for rule in question.fits.iter().copied().chain(question.misses).chain(unevaluable) {
            lists.push(self.rules.get(rule).map(|rule| rule.subjects.as_slice()).unwrap_or_default());
        }
        lists.extend(named.as_deref());
        lists.extend(claimed.as_deref());
        let exempt = question.escalated == Some(false);
        let states = self.people.states(&lists, self.asks_principal, exempt, &asked);
        let mut unknown = None;
        for state in states {
            let Some(region) = self.wanted(question, class, &state, &claim) else { continue };
            let covers = self.covers(question, class, &state);
            for cell in &region {
                let domain = |slot| self.space.domain(slot);
                match uncovered(cell, &covers, &domain, effort) {
                    Ok(None) => {}
                    Ok(Some(cell)) => {
                        let point = Point { class, state: state.clone(), cell };
                        if self.is_exact(&point) || self.replayed(question, &point).is_some() {
                            return Answer::Yes(point);
                        }
                        unknown = Some("conditions that are beyond the exact procedure".to_owned());
                    }
                    Err(_) => return Answer::Unknown("too many cases for the exact procedure".to_owned()),
                }
            }
        }
        unknown.map_or(Answer::No(Vec::new()), Answer::Unknown)
    }

    /// Where everything holds that the question wants; `None` where it cannot.
    fn wanted(&self, question: &Question<'_>, class: usize, state: &State, claim: &Region) -> Option<Region> {
        let Class { facts, .. } = self.classes.get(class)?;
        let mut region = intersect(&[self.fixed(state)], claim);
        for rule in &question.fits {
            region = intersect(&region, &self.parts.get(&(*rule, class))?.holds);
        }
        if let Some(rule) = question.misses {
            let parts = self.parts.get(&(rule, class))?;
            region = intersect(&region, &[parts.fails_to_hold.as_slice(), &parts.unevaluable].concat());
        }
        match question.unevaluable {
            Some(Unevaluable::Rule(rule)) => {
                region = intersect(&region, &self.parts.get(&(rule, class))?.unevaluable);
            }
            Some(Unevaluable::Tables) => region = intersect(&region, &facts.unevaluable),
            None => {}
        }
        if let Some(escalated) = question.escalated {
            region = self.escalated(escalated, facts, state, &region);
        }
        if let Some(required) = question.required {
            region = intersect(&region, if required { &facts.required } else { &facts.free });
        }
        if let Some(row) = question.wants {
            region = intersect(&region, facts.approvals.get(row)?);
        }
        (!region.is_empty()).then_some(region)
    }

    fn escalated(&self, wanted: bool, facts: &Facts, state: &State, region: &Region) -> Region {
        let level: Option<Risk> = match &self.policy.escalation {
            Escalation::AtLeast { level, .. } if !self.people.is_rollback(state.principal) => Some(*level),
            _ => None,
        };
        match level {
            None if wanted => Region::new(),
            None => region.clone(),
            Some(level) => {
                let of_risk = facts.risk.iter().filter(|(_, risk)| (*risk >= level) == wanted);
                let cells: Region = of_risk.flat_map(|(region, _)| region.iter().cloned()).collect();
                intersect(region, &cells)
            }
        }
    }

    /// What the state says about the slots that conditions ask for.
    fn fixed(&self, state: &State) -> Cell {
        let mut cell = Cell::whole();
        let mut fix = |dimension: Dimension, value: i128| {
            let part = self.space.find(&dimension).and_then(|slot| Cell::of(slot, Set::point(value)));
            if let Some(both) = part.and_then(|part| cell.intersect(&part)) {
                cell = both;
            }
        };
        if self.asks_principal {
            fix(Dimension::Value("principal.id".to_owned()), state.principal);
        }
        for role in self.asked.iter().flatten() {
            if let Some(name) = self.package.roles.get(*role).map(|role| role.name.clone()) {
                fix(Dimension::Asserts(name), i128::from(state.asserted.contains(role)));
            }
        }
        cell
    }

    /// What takes requests away: what no request is, and the rules that are to be passed over.
    fn covers<'s>(&'s self, question: &Question<'_>, class: usize, state: &State) -> Vec<&'s Cell> {
        let Some(own) = self.classes.get(class) else { return Vec::new() };
        let mut covers: Vec<&Cell> = own.impossible.iter().collect();
        if question.unevaluable != Some(Unevaluable::Tables) {
            covers.extend(&own.facts.unevaluable);
        }
        match question.passed {
            Passed::Before(end, except) => {
                for list in own.lists(state, &self.people) {
                    let before = list.partition_point(|entry| entry.rule < end);
                    for entry in list.iter().take(before) {
                        // What nothing reaches may be reached without the one that is left out.
                        let is_dead = self.is_dead(entry.rule) && except.is_none_or(|except| entry.rule < except);
                        if Some(entry.rule) != except && !is_dead {
                            covers.extend(entry.parts.covers());
                        }
                    }
                }
            }
            Passed::These(rules) => {
                for rule in rules {
                    let matches = self
                        .rules
                        .get(*rule)
                        .is_some_and(|rule| rule.subjects.iter().any(|subject| self.people.matches(subject, state)));
                    if let Some(parts) = self.parts.get(&(*rule, class)).filter(|_| matches) {
                        covers.extend(parts.covers());
                    }
                }
            }
        }
        covers
    }

    fn replayed(&self, question: &Question<'_>, point: &Point) -> Option<RequestBody> {
        let request = self.materialize(point)?;
        self.replay.is_one(question, &request).then_some(request)
    }

    /// Whether every point of the cell is a request that there is: none of its slots is one of which not all is known.
    fn is_exact(&self, point: &Point) -> bool {
        point.cell.slots().all(|(slot, _)| {
            !matches!(self.space.dimension(slot), Some(Dimension::Opaque(_) | Dimension::Length(_)) | None)
        })
    }
}

impl Way for Requests<'_> {
    type Sample = Point;

    fn find(&mut self, question: &Question<'_>) -> Answer<Point> {
        let mut effort = Effort(EFFORT);
        let mut unknown = None;
        for class in self.classes_of(question) {
            match self.search(question, class, &mut effort) {
                Answer::Yes(point) => return Answer::Yes(point),
                Answer::No(_) => {}
                Answer::Unknown(why) => unknown = Some(why),
            }
        }
        unknown.map_or(Answer::No(Vec::new()), Answer::Unknown)
    }

    fn touching(&mut self, sample: &Point, before: usize) -> Vec<usize> {
        // Where conditions are not looked into, the cell does not say of which rules they hold: a request of it does.
        if self.space.has_unknown()
            && let Some(request) = self.materialize(sample)
        {
            return self.replay.touching(&request, before);
        }
        let Some(class) = self.classes.get(sample.class) else { return Vec::new() };
        // One point of the cell stands for it: rules may share the rest.
        let inside = |slot, set: &Set| self.value(&sample.cell, slot).is_some_and(|value| set.contains(value));
        let touches =
            |entry: &&Entry| entry.parts.covers().any(|cover| cover.slots().all(|(slot, set)| inside(slot, set)));
        let lists = class.lists(&sample.state, &self.people);
        let entries = lists.into_iter().flat_map(|list| list.iter().take_while(|entry| entry.rule < before));
        let mut found: Vec<usize> =
            entries.filter(|entry| !self.is_dead(entry.rule)).filter(touches).map(|entry| entry.rule).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn request(&mut self, question: &Question<'_>, sample: &Point) -> Option<RequestBody> {
        self.replayed(question, sample)
    }

    fn neighbours(&self, rule: usize, limit: usize, wanted: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let classes = self.rules.get(rule).map(|rule| rule.classes.as_slice()).unwrap_or_default();
        for class in classes {
            let (Some(parts), Some(class)) = (self.parts.get(&(rule, *class)), self.classes.get(*class)) else {
                continue;
            };
            for entry in class.entries() {
                let other = entry.rule;
                // A rule that nothing reaches may be reached without the one that is asked about: it is not passed over.
                if other == rule || found.contains(&other) || !wanted(other) {
                    continue;
                }
                let touches = |own: &Cell| entry.parts.covers().any(|cover| own.intersects(cover));
                if parts.covers().any(touches) {
                    found.insert(other);
                    if found.len() == limit {
                        return found.into_iter().collect();
                    }
                }
            }
        }
        found.into_iter().collect()
    }

    fn forget(&mut self, rule: usize) {
        let evaluable = self.parts_of(rule).all(|parts| parts.unevaluable.is_empty());
        if let Some(dead) = self.dead.get_mut(rule)
            && evaluable
        {
            *dead = true;
        }
    }
}

impl Class<'_> {
    fn list(&mut self, subject: &Subject) -> &mut Vec<Entry> {
        match subject {
            Subject::Any => &mut self.any,
            Subject::Range(first, last) if first == last => self.exact.entry(*first).or_default(),
            Subject::Range(first, last) => {
                let range = (*first, *last);
                let index = match self.ranges.iter().position(|(own, _)| *own == range) {
                    Some(index) => index,
                    None => {
                        self.ranges.push((range, Vec::new()));
                        self.ranges.len() - 1
                    }
                };
                match self.ranges.get_mut(index) {
                    Some((_, list)) => list,
                    None => &mut self.any,
                }
            }
            Subject::Role(role) => self.roles.entry(*role).or_default(),
        }
    }

    /// The lists of rules whose subjects match a state.
    fn lists(&self, state: &State, people: &People) -> Vec<&Vec<Entry>> {
        let mut lists = vec![&self.any];
        lists.extend(self.exact.get(&state.principal));
        let inside = |range: &(i128, i128)| range.0 <= state.principal && state.principal <= range.1;
        lists.extend(self.ranges.iter().filter(|(range, _)| inside(range)).map(|(_, list)| list));
        let mut roles = people.member_of(state.principal);
        roles.extend(&state.asserted);
        roles.sort_unstable();
        roles.dedup();
        lists.extend(roles.iter().filter_map(|role| self.roles.get(role)));
        lists
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let ranges = self.ranges.iter().flat_map(|(_, list)| list);
        self.any.iter().chain(ranges).chain(self.exact.values().flatten()).chain(self.roles.values().flatten())
    }
}

impl Parts {
    /// Where the rule that this is the condition of is not passed over.
    pub fn covers(&self) -> impl Iterator<Item = &Cell> {
        self.holds.iter().chain(&self.unevaluable)
    }
}

/// What conditions and tables can see of a capability, as text.
pub(crate) fn signature(capability: &Capability) -> String {
    let mut out = format!("{:?} {:?}", capability.kind, capability.tags);
    fields_signature(&capability.input, &mut out);
    rows_signature(&capability.effect.rows, &mut out, |effect| match effect {
        Effect::None => "none".to_owned(),
        Effect::Some { reversible, scope, .. } => format!("{reversible} {scope:?}"),
    });
    rows_signature(&capability.risk.rows, &mut out, Risk::to_string);
    rows_signature(&capability.approval.rows, &mut out, |approval| approval.is_some().to_string());
    // Questions are asked about it alone.
    if capability.approval.rows.iter().filter_map(|row| row.value.as_ref()).any(needs_everybody) {
        out.push_str(&capability.id);
    }
    out
}

fn rows_signature<V>(rows: &[Row<V>], out: &mut String, value: impl Fn(&V) -> String) {
    for row in rows {
        let when = row.when.as_ref().map(ToString::to_string).unwrap_or_default();
        out.push_str(&format!("; {} when {when}", value(&row.value)));
    }
    out.push('.');
}

fn fields_signature(fields: &Fields, out: &mut String) {
    for field in fields.iter() {
        out.push_str(&format!(" {}:", field.name));
        schema_signature(&field.schema, out);
    }
}

fn schema_signature(schema: &Schema, out: &mut String) {
    out.push_str(&format!("{} {}", schema.ty, schema.optional));
    for refinement in &schema.refinements {
        out.push_str(&format!(" where {refinement}"));
    }
    match &schema.ty {
        Type::List(element) => schema_signature(element, out),
        Type::Record(fields) => fields_signature(fields, out),
        _ => {}
    }
}

/// Whether a condition asks for nothing but the context.
fn is_about_context(condition: &Expr) -> bool {
    let mut found = true;
    condition.walk(&mut |expr| {
        if let ExprKind::Var(name) = &expr.kind {
            found &= name == "context";
        }
    });
    found
}

/// Whether conditions ask for the principal, and for which roles.
fn what_is_asked(package: &Package, policy: &Policy) -> (bool, Vec<String>) {
    let claims = package.claims.iter().filter_map(|claim| match &claim.kind {
        ClaimKind::Policy { policy: own, condition, .. } if *own == policy.name => condition.as_ref(),
        _ => None,
    });
    let (mut principal, mut roles) = (false, Vec::new());
    for condition in policy.rules.iter().filter_map(|rule| rule.condition.as_ref()).chain(claims) {
        condition.walk(&mut |expr| match &expr.kind {
            ExprKind::Field(inner, name) if name == "id" => {
                principal |= matches!(&inner.kind, ExprKind::Var(root) if root == "principal");
            }
            ExprKind::Matches(_, patterns) => {
                for pattern in patterns {
                    if let TextPattern::Role(role) = pattern
                        && !roles.contains(role)
                    {
                        roles.push(role.clone());
                    }
                }
            }
            _ => {}
        });
    }
    (principal, roles)
}
