//! Policies: that each rule is reached, that it is not always escalated, and that its approvals can be given; or, of a rule
//! that no request reaches, which earlier rules leave nothing for it.

use super::capability::approvers;
use super::cell::{Cell, Domain, Values};
use super::outcome::{Atom, Reader, requests};
use super::{Duty, Sight, Thing};
use crate::decide::{Engine, RequestBody, decide};
use crate::document::rule_keys;
use crate::eval::eval;
use crate::model::{Action, Capability, Escalation, Package, Policy, ROLLBACK};
use crate::pattern::CapabilityPattern;
use crate::value::Value;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The rules of a policy, by what they are about.
pub(super) struct Rules<'p> {
    pub package: &'p Package,
    pub policy: &'p Policy,
    /// Those that name a capability.
    by_id: HashMap<&'p str, Vec<usize>>,
    /// Those that have a pattern.
    wide: Vec<usize>,
    keys: OnceLock<Vec<String>>,
    engine: OnceLock<Option<Engine>>,
}

impl<'p> Rules<'p> {
    pub fn of(package: &'p Package, policy: &'p Policy) -> Rules<'p> {
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut wide = Vec::new();
        for (index, rule) in policy.rules.iter().enumerate() {
            let exact = |target: &'p CapabilityPattern| match target {
                CapabilityPattern::Exact(id) => Some(id.as_str()),
                _ => None,
            };
            match rule.targets.iter().map(exact).collect::<Option<Vec<&str>>>() {
                Some(ids) => ids.into_iter().for_each(|id| by_id.entry(id).or_default().push(index)),
                None => wide.push(index),
            }
        }
        Rules { package, policy, by_id, wide, keys: OnceLock::new(), engine: OnceLock::new() }
    }

    /// The rules that are about a capability, in order.
    pub fn about(&self, id: &str) -> Vec<usize> {
        let mut found = self.by_id.get(id).cloned().unwrap_or_default();
        let matches = |index: &&usize| {
            let rule = self.policy.rules.get(**index);
            rule.is_some_and(|rule| rule.targets.iter().any(|target| target.matches(id)))
        };
        found.extend(self.wide.iter().filter(matches));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The key of a rule.
    pub fn key(&self, index: usize) -> &str {
        self.keys.get_or_init(|| rule_keys(self.policy)).get(index).map_or("", String::as_str)
    }

    /// Who decides, in words: the rule of this place from 0, or the default.
    pub fn by(&self, index: Option<usize>) -> &str {
        index.map_or("default", |index| self.key(index))
    }

    /// What is decided of a request.
    fn decide<'s>(&'s self, request: &'s RequestBody) -> crate::decide::Decided<'s> {
        let engine = self.engine.get_or_init(|| {
            // Only where there is something to gain: the engine holds the package.
            (self.policy.rules.len() > 64)
                .then(|| Engine::new(std::sync::Arc::new(self.package.clone()), &self.policy.name))
                .flatten()
        });
        match engine {
            Some(engine) => engine.decide(&request.request()),
            None => decide(self.package, self.policy, &request.request()),
        }
    }

    /// Whether a request is decided by a rule, and as what.
    fn won(&self, index: usize, request: &RequestBody) -> bool {
        u32::try_from(index + 1).is_ok_and(|place| self.decide(request).rule() == Some(place))
    }
}

/// What has to be proved of a rule.
pub(super) fn rule<'p>(rules: &'p Rules<'p>, index: usize, on: String, dead: Option<&'static str>) -> Thing<'p> {
    let mut thing = Thing {
        on,
        duties: Vec::new(),
        starts: Vec::new(),
        settling: None,
        shows: None,
        undone: Vec::new(),
        worst: Vec::new(),
    };
    let Some(rule) = rules.policy.rules.get(index) else { return thing };
    let mut add = |code: &'static str, sight: Sight| thing.duties.push(Duty { code, sight });
    if let Some(code) = dead {
        add(code, Sight::Refuted);
        let matched = rules.package.capabilities.iter();
        let matched = matched.filter(|one| rule.targets.iter().any(|target| target.matches(&one.id)));
        thing.starts = matched.map(|one| (format!("to {}", one.id), start(rules.package, one))).collect();
        thing.settling = Some(Box::new(move |cell| dead_class(rules, index, cell)));
        return thing;
    }
    add("G1201", Sight::ByCase);
    if rule.condition.is_some() {
        add("G1203", Sight::ByCase);
    }
    if rule.action == Action::Allow && matches!(rules.policy.escalation, Escalation::AtLeast { .. }) {
        add("G1205", Sight::ByCase);
    }
    add("G1202", Sight::ByCase);
    if let Action::Approval(approval) = &rule.action {
        add("G1206", approvers(approval, false));
    }
    thing.shows = Some(Box::new(move |code, request| shows(rules, index, code, request)));
    thing
}

/// What has to be proved of a policy as a whole.
pub(super) fn whole(policy: &Policy) -> Thing<'_> {
    let by_default = match &policy.default {
        Action::Approval(approval) => Some(approval),
        _ => None,
    };
    let escalated = match &policy.escalation {
        Escalation::AtLeast { approval, .. } => Some(approval),
        Escalation::Never { .. } => None,
    };
    let all: Vec<Sight> = by_default.into_iter().chain(escalated).map(|one| approvers(one, false)).collect();
    let mut duties = Vec::new();
    if !all.is_empty() {
        let worst = all.into_iter().find(|sight| *sight != Sight::Holds);
        duties.push(Duty { code: "G1206", sight: worst.unwrap_or(Sight::Holds) });
    }
    Thing {
        on: format!("policy {}", policy.name),
        duties,
        starts: Vec::new(),
        settling: None,
        shows: None,
        undone: Vec::new(),
        worst: Vec::new(),
    }
}

/// The requests for a capability, with its id where classes can tell it.
pub(super) fn start(package: &Package, capability: &Capability) -> Cell {
    let mut cell = requests(package, capability);
    cell.set("capability", Domain::text(&capability.id));
    cell
}

/// The capability that a class is about.
pub(super) fn capability_of<'p>(package: &'p Package, cell: &Cell) -> Option<&'p Capability> {
    match &cell.get("capability")?.values {
        Values::OneOf(ids) => package.capability(ids.first()?),
        _ => None,
    }
}

/// Which earlier rule leaves nothing of a class for a rule.
fn dead_class(rules: &Rules<'_>, index: usize, cell: &Cell) -> Result<String, Vec<Atom>> {
    let mut atoms = Vec::new();
    let Some(capability) = capability_of(rules.package, cell) else { return Err(atoms) };
    let reader = Reader::new(cell, capability);
    let Some(rule) = rules.policy.rules.get(index) else { return Err(atoms) };
    if !reader.rule(rules.package, rule, &mut atoms).yes {
        return Ok("it does not fit".to_owned());
    }
    for other in rules.about(&capability.id).into_iter().take_while(|other| *other < index) {
        let Some(earlier) = rules.policy.rules.get(other) else { continue };
        let mut open = Vec::new();
        let outcome = reader.rule(rules.package, earlier, &mut open);
        if !outcome.no {
            return Ok(format!("caught by {}", rules.key(other)));
        }
        if outcome.yes {
            atoms.extend(open);
        }
    }
    Err(atoms)
}

/// Whether a request shows that an obligation of a rule holds.
fn shows(rules: &Rules<'_>, index: usize, code: &str, request: &RequestBody) -> bool {
    match code {
        "G1201" => rules.won(index, request),
        "G1205" => rules.won(index, request) && !rules.decide(request).escalated,
        "G1203" => misses(rules, index, request),
        "G1202" => rules.won(index, request) && matters(rules, index, request),
        _ => false,
    }
}

/// Whether the rule is about the request, and its condition does not hold.
fn misses(rules: &Rules<'_>, index: usize, body: &RequestBody) -> bool {
    let request = body.request();
    let Ok(facts) = crate::decide::facts(rules.package, &request) else { return false };
    let scope = crate::decide::Scope { package: rules.package, request: &request, facts: &facts };
    let Some(rule) = rules.policy.rules.get(index) else { return false };
    let has_role = |role: &str| crate::eval::Env::has_role(&scope, &body.principal, role);
    let about = rule.subjects.iter().any(|pattern| pattern.matches(&body.principal, has_role))
        && rule.targets.iter().any(|pattern| pattern.matches(&body.capability));
    let holds = rule.condition.as_ref().map(|condition| eval(condition, &scope));
    about && holds.is_some_and(|holds| holds != Ok(Value::Bool(true)))
}

/// Whether a request that a rule wins would be decided otherwise without it.
fn matters(rules: &Rules<'_>, index: usize, body: &RequestBody) -> bool {
    let Some(rule) = rules.policy.rules.get(index) else { return false };
    let request = body.request();
    let Ok(facts) = crate::decide::facts(rules.package, &request) else { return false };
    let scope = crate::decide::Scope { package: rules.package, request: &request, facts: &facts };
    let later = rules.about(&body.capability).into_iter().skip_while(|other| *other <= index);
    // An allow that is escalated is the approval that it becomes.
    let becomes = |action: &'_ Action| match (action, &rules.policy.escalation) {
        (Action::Allow, Escalation::AtLeast { level, approval, .. })
            if facts.risk >= *level && body.principal != ROLLBACK =>
        {
            Action::Approval(approval.clone())
        }
        (action, _) => action.clone(),
    };
    for other in later {
        let Some(next) = rules.policy.rules.get(other) else { continue };
        match scope.fits(next) {
            Ok(false) => {}
            Ok(true) => return becomes(&next.action) != becomes(&rule.action),
            Err(_) => return rule.action != Action::Deny,
        }
    }
    becomes(&rules.policy.default) != becomes(&rule.action)
}
