//! Policies: that each rule is reached, that it is not always escalated, and that its approvals can be given; or, of a rule
//! that no request reaches, which earlier rules leave nothing for it.

use super::capability::{approvers, worst};
use super::cell::{Cell, Domain, Values};
use super::dead::Dead;
use super::outcome::requests;
use super::things::Things;
use super::{Duty, Shows, Sight, Thing};
use crate::decide::{Audit, Fitting, Hearing, Request, Surface};
use crate::document::rule_keys;
use crate::model::{Action, Approval, Capability, Escalation, Package, Policy, ROLLBACK, Rule};
use crate::pattern::CapabilityPattern;
use crate::types::Risk;
use foldhash::fast::FixedState;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The rules of a policy, by what they are about.
pub(super) struct Rules<'p> {
    pub package: &'p Package,
    pub policy: &'p Policy,
    targets: OnceLock<Targets<'p>>,
    surface: Arc<OnceLock<Arc<Surface>>>,
    audit: OnceLock<Audit>,
    keys: OnceLock<Vec<Cow<'p, str>>>,
    places: OnceLock<HashMap<String, usize, FixedState>>,
    about: Mutex<ByName>,
}

/// Rules by what they name, in order.
struct Targets<'p> {
    /// Those that name a capability.
    by_id: HashMap<&'p str, Vec<usize>, FixedState>,
    /// Those that have a pattern.
    wide: Vec<usize>,
}

/// The places of rules, in order, by what they are about.
type ByName = HashMap<String, Arc<[usize]>, FixedState>;

impl<'p> Targets<'p> {
    fn of(policy: &'p Policy) -> Targets<'p> {
        let mut by_id: HashMap<&str, Vec<usize>, FixedState> = HashMap::default();
        let mut wide = Vec::new();
        for (index, rule) in policy.rules.iter().enumerate() {
            if rule.targets.iter().any(|target| !matches!(target, CapabilityPattern::Exact(_))) {
                wide.push(index);
                continue;
            }
            for target in &rule.targets {
                if let CapabilityPattern::Exact(id) = target {
                    by_id.entry(id.as_str()).or_default().push(index);
                }
            }
        }
        Targets { by_id, wide }
    }
}

impl<'p> Rules<'p> {
    /// The rules of a policy. What is asked of requests for all policies of the package is compiled where it is first needed.
    pub fn of(package: &'p Package, policy: &'p Policy, surface: &Arc<OnceLock<Arc<Surface>>>) -> Rules<'p> {
        let surface = Arc::clone(surface);
        let (targets, audit) = (OnceLock::new(), OnceLock::new());
        let (keys, places) = (OnceLock::new(), OnceLock::new());
        Rules { package, policy, surface, targets, audit, keys, places, about: Mutex::default() }
    }

    /// The rules that are about a capability, in order.
    pub fn about(&self, id: &str) -> Arc<[usize]> {
        let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = about.get(id) {
            return Arc::clone(known);
        }
        let targets = self.targets.get_or_init(|| Targets::of(self.policy));
        let mut found = targets.by_id.get(id).cloned().unwrap_or_default();
        let matches = |index: &&usize| {
            let rule = self.policy.rules.get(**index);
            rule.is_some_and(|rule| rule.targets.iter().any(|target| target.matches(id)))
        };
        found.extend(targets.wide.iter().filter(matches));
        found.sort_unstable();
        found.dedup();
        let found: Arc<[usize]> = found.into();
        about.insert(id.to_owned(), Arc::clone(&found));
        found
    }

    /// The policy, ready to be asked about requests.
    fn audit(&self) -> &Audit {
        let surface = || self.surface.get_or_init(|| Arc::new(Surface::of(self.package)));
        self.audit.get_or_init(|| Audit::of(self.package, surface(), self.policy))
    }

    /// The key of a rule.
    pub fn key(&self, index: usize) -> &str {
        self.keys.get_or_init(|| rule_keys(self.policy)).get(index).map_or("", |key| key)
    }

    /// The place of the rule with a key.
    pub fn place(&self, key: &str) -> Option<usize> {
        let places = self.places.get_or_init(|| {
            let mut places = HashMap::default();
            for (place, key) in rule_keys(self.policy).into_iter().enumerate() {
                places.entry(key.into_owned()).or_insert(place);
            }
            places
        });
        places.get(key).copied()
    }

    /// Who decides, in words: the rule of this place from 0, or the default.
    pub fn by(&self, index: Option<usize>) -> &str {
        index.map_or("default", |index| self.key(index))
    }
}

/// What has to be proved of a rule.
pub(super) fn rule<'p>(
    things: &'p Things<'p>,
    rules: &'p Rules<'p>,
    index: usize,
    on: String,
    dead: Option<&'static str>,
) -> Thing<'p> {
    let mut thing =
        Thing { on, duties: Vec::with_capacity(5), classes: None, shows: None, undone: Vec::new(), worst: Vec::new() };
    let Some(rule) = rules.policy.rules.get(index) else { return thing };
    let mut add = |code: &'static str, sight: Sight| thing.duties.push(Duty { code, sight });
    if let Some(code) = dead {
        add(code, Sight::Refuted);
        thing.classes = Some(Box::new(Dead { things, rules, index }));
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
    thing.shows = Some(Shows::Rule(rules, index));
    thing
}

/// What has to be proved of a policy as a whole, if anything.
pub(super) fn whole(policy: &Policy) -> Option<Thing<'_>> {
    let by_default = match &policy.default {
        Action::Approval(approval) => Some(approval),
        _ => None,
    };
    let escalated = match &policy.escalation {
        Escalation::AtLeast { approval, .. } => Some(approval),
        Escalation::Never { .. } => None,
    };
    let all: Vec<Sight> = by_default.into_iter().chain(escalated).map(|one| approvers(one, false)).collect();
    if all.is_empty() {
        return None;
    }
    Some(Thing {
        on: format!("policy {}", policy.name),
        duties: vec![Duty { code: "G1206", sight: worst(&all) }],
        classes: None,
        shows: None,
        undone: Vec::new(),
        worst: Vec::new(),
    })
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

/// Whether a request shows that obligations of a rule hold.
pub(super) fn shows(rules: &Rules<'_>, index: usize, codes: &str, request: &Request<'_>) -> bool {
    let Some(rule) = rules.policy.rules.get(index) else { return false };
    let shown = rules.audit().hear(rules.package, request, |mut hearing| {
        let mut won = None;
        let mut wins =
            |hearing: &mut Hearing<'_, '_, '_>| *won.get_or_insert_with(|| hearing.first() == Fitting::Rule(index));
        let is = Becoming { policy: rules.policy, request, risk: hearing.facts().risk };
        super::codes(codes).all(|code| match code {
            b"G1201" => wins(&mut hearing),
            b"G1205" => wins(&mut hearing) && is.escalated(&rule.action).is_none() && rule.action == Action::Allow,
            b"G1203" => {
                let is_target = rule.targets.iter().any(|pattern| pattern.matches(request.capability));
                is_target && is_subject(rules.package, rule, request) && hearing.holds(index) != Some(true)
            }
            b"G1202" => {
                wins(&mut hearing)
                    && match hearing.after(index) {
                        Fitting::Rule(other) => {
                            rules.policy.rules.get(other).is_some_and(|next| !is.same(&next.action, &rule.action))
                        }
                        Fitting::Failing => rule.action != Action::Deny,
                        Fitting::Nothing => !is.same(&rules.policy.default, &rule.action),
                    }
            }
            _ => false,
        })
    });
    shown == Some(true)
}

/// What actions come to for a request: an allow that is escalated is the approval that it becomes.
struct Becoming<'a> {
    policy: &'a Policy,
    request: &'a Request<'a>,
    risk: Risk,
}

impl<'a> Becoming<'a> {
    /// The approval that an action becomes.
    fn escalated(&self, action: &Action) -> Option<&'a Approval> {
        match &self.policy.escalation {
            Escalation::AtLeast { level, approval, .. }
                if *action == Action::Allow && self.risk >= *level && self.request.principal != ROLLBACK =>
            {
                Some(approval)
            }
            _ => None,
        }
    }

    fn approval<'r>(&self, action: &'r Action) -> Option<&'r Approval>
    where
        'a: 'r,
    {
        match action {
            Action::Approval(approval) => Some(approval),
            action => self.escalated(action),
        }
    }

    fn same(&self, one: &Action, other: &Action) -> bool {
        match (self.approval(one), self.approval(other)) {
            (None, None) => one == other,
            (one, other) => one == other,
        }
    }
}

fn is_subject(package: &Package, rule: &Rule, request: &Request<'_>) -> bool {
    let asserts = |role: &str| request.roles.iter().any(|own| own == role);
    let has = |role: &str| asserts(role) || package.has_member(role, request.principal);
    rule.subjects.iter().any(|pattern| pattern.matches(request.principal, has))
}
