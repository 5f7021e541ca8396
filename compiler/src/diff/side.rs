//! One capability as one of the plans has it: which requests its policy decides how.

use super::outcome::Outcome;
use super::people::{Atom, People, State};
use crate::verify::exact::cell::{Cell, Region, intersect};
use crate::verify::exact::condition::{Compiler, Parts};
use crate::verify::exact::scope::{Facts, Place, Scope};
use crate::verify::exact::set::Set;
use crate::verify::exact::space::{BOOL, Dimension};
use gov_plan::model::{Action, Approval, Capability, Escalation, Package, Policy};
use gov_plan::types::Type;

/// What makes a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum By {
    /// There is no such capability, or no such policy.
    Missing,
    /// The input or the context does not fit.
    Misfit,
    /// A table of the capability cannot be evaluated, or has no row that applies.
    Tables,
    /// A rule, by its place from 0.
    Rule(usize),
    /// The condition of a rule, by its place from 0, cannot be evaluated.
    Unevaluable(usize),
    /// The default.
    Default,
}

/// Requests that are decided in one way.
#[derive(Clone, Debug)]
pub(super) struct Winner<'p> {
    pub by: By,
    pub outcome: Outcome<'p>,
    /// Whether the policy's allow is escalated; `None` where that is not asked.
    pub escalated: Option<bool>,
    /// The row of the capability's `approval` that applies; `None` for one without an approval, or none.
    pub row: Option<usize>,
    /// Whether the row is part of what the requests have in common.
    pub by_row: bool,
    /// Where they lie, less what earlier rules take.
    pub region: Region,
    /// How many of the rules that match come before.
    pub passed: usize,
}

/// A capability under a policy.
pub(super) struct Side<'p> {
    policy: &'p Policy,
    pub facts: Facts,
    /// Where which row of `approval` applies, and what it asks for.
    approvals: Vec<(Region, Option<usize>, Option<&'p Approval>)>,
    /// What does not fit the input or the context.
    pub misfit: Region,
    /// The rules about the capability, in order.
    entries: Vec<Entry<'p>>,
}

/// A rule about a capability.
pub(super) struct Entry<'p> {
    pub rule: usize,
    pub action: &'p Action,
    atoms: Vec<Atom>,
    pub parts: Parts,
}

impl<'p> Side<'p> {
    /// A capability under a policy. `needed` are paths that this plan needs and the other one can do without.
    pub fn new(
        compiler: &mut Compiler<'_>,
        (package, policy, capability): (&'p Package, &'p Policy, &'p Capability),
        needed: &[String],
        atoms: impl Fn(&'p gov_plan::model::Rule) -> Vec<Atom>,
    ) -> Side<'p> {
        let facts = compiler.facts(capability);
        let clauses = Scope::of_clauses(&capability.input);
        let rows = compiler.table(&capability.approval, &clauses);
        let mut approvals: Vec<_> = rows
            .rows
            .into_iter()
            .map(|(region, index, row)| match &row.value {
                Some(approval) => (region, Some(index), Some(approval)),
                None => (region, None, None),
            })
            .collect();
        approvals.push((rows.left, None, None));
        approvals.retain(|(region, ..)| !region.is_empty());
        let mut misfit = compiler.impossible("input", &capability.input);
        misfit.extend(compiler.impossible("context", &package.context));
        let places = Places { package, capability };
        for path in needed {
            misfit.extend(places.absent(compiler, path));
        }
        let mut entries = Vec::new();
        for (rule, one) in policy.rules.iter().enumerate() {
            if !one.targets.iter().any(|pattern| pattern.matches(&capability.id)) {
                continue;
            }
            let scope = Scope::of_policy(package, capability, &facts);
            let parts = match &one.condition {
                Some(condition) => compiler.condition(condition, &scope),
                None => Parts::always(),
            };
            entries.push(Entry { rule, action: &one.action, atoms: atoms(one), parts });
        }
        Side { policy, facts, approvals, misfit, entries }
    }

    /// The atoms of all its rules.
    pub fn atoms(&self) -> Vec<Atom> {
        let mut atoms: Vec<Atom> = self.entries.iter().flat_map(|entry| entry.atoms.iter().cloned()).collect();
        atoms.sort_unstable();
        atoms.dedup();
        atoms
    }

    /// The rules that match a state, in order.
    pub fn matched(&self, people: &People<'_>, state: &State) -> Vec<&Entry<'p>> {
        self.entries.iter().filter(|entry| people.matches(&entry.atoms, state)).collect()
    }

    /// Every way in which a request of a state is decided.
    pub fn winners(&self, matched: &[&Entry<'p>], is_rollback: bool) -> Vec<Winner<'p>> {
        let plain = |by, region: &Region, passed| Winner {
            by,
            outcome: Outcome::Deny,
            escalated: None,
            row: None,
            by_row: false,
            region: region.clone(),
            passed,
        };
        let mut found = vec![plain(By::Misfit, &self.misfit, 0), plain(By::Tables, &self.facts.unevaluable, 0)];
        for (passed, entry) in matched.iter().enumerate() {
            found.push(plain(By::Unevaluable(entry.rule), &entry.parts.unevaluable, passed));
            self.decide(By::Rule(entry.rule), entry.action, &entry.parts.holds, (passed, is_rollback), &mut found);
        }
        let everything = vec![Cell::whole()];
        self.decide(By::Default, &self.policy.default, &everything, (matched.len(), is_rollback), &mut found);
        found.retain(|winner| !winner.region.is_empty());
        found
    }

    /// What becomes of an action, by escalation and by what the capability itself asks for.
    fn decide(
        &self,
        by: By,
        action: &'p Action,
        region: &Region,
        (passed, is_rollback): (usize, bool),
        found: &mut Vec<Winner<'p>>,
    ) {
        let one =
            |outcome, escalated, region| Winner { by, outcome, escalated, row: None, by_row: false, region, passed };
        let by_policy = match action {
            Action::Deny => return found.push(one(Outcome::Deny, None, region.clone())),
            Action::Approval(approval) => vec![(None, Some(approval), region.clone())],
            Action::Allow => match &self.policy.escalation {
                Escalation::AtLeast { level, approval, .. } if !is_rollback => {
                    let of_risk = |wanted: bool| -> Region {
                        let cells = self.facts.risk.iter().filter(|(_, risk)| (*risk >= *level) == wanted);
                        let cells: Region = cells.flat_map(|(cells, _)| cells.iter().cloned()).collect();
                        intersect(region, &cells)
                    };
                    vec![(Some(true), Some(approval), of_risk(true)), (Some(false), None, of_risk(false))]
                }
                _ => vec![(Some(false), None, region.clone())],
            },
        };
        for (escalated, approval, region) in by_policy {
            for (cells, row, own) in &self.approvals {
                let asked: Vec<&Approval> = approval.into_iter().chain(*own).collect();
                let outcome = if asked.is_empty() { Outcome::Allow } else { Outcome::Approval(asked) };
                let winner = one(outcome, escalated, intersect(&region, cells));
                found.push(Winner { row: *row, by_row: true, ..winner });
            }
        }
    }

    /// What takes requests away from a winner.
    pub fn covers<'s>(&'s self, matched: &[&'s Entry<'p>], winner: &Winner<'_>) -> Vec<&'s Cell> {
        let mut covers: Vec<&Cell> = Vec::new();
        if !matches!(winner.by, By::Missing | By::Misfit) {
            covers.extend(&self.misfit);
        }
        if !matches!(winner.by, By::Missing | By::Misfit | By::Tables) {
            covers.extend(&self.facts.unevaluable);
            covers.extend(matched.iter().take(winner.passed).flat_map(|entry| entry.parts.covers()));
        }
        covers
    }

    /// Whether both decide every request of a state alike, as far as can be told without looking for one.
    pub fn is_alike(&self, other: &Side<'_>, people: &People<'_>, own: &[&Entry<'_>], others: &[&Entry<'_>]) -> bool {
        let action = |old: &Action, new: &Action| match (old, new) {
            (Action::Approval(old), Action::Approval(new)) => {
                let direction = people.direction(&Outcome::Approval(vec![old]), &Outcome::Approval(vec![new]));
                direction == super::Direction::Same
            }
            (old, new) => old.decision() == new.decision(),
        };
        let escalation = match (&self.policy.escalation, &other.policy.escalation) {
            (Escalation::Never { .. }, Escalation::Never { .. }) => true,
            (Escalation::AtLeast { level, approval, .. }, Escalation::AtLeast { level: at, approval: by, .. }) => {
                let direction = people.direction(&Outcome::Approval(vec![approval]), &Outcome::Approval(vec![by]));
                level == at && direction == super::Direction::Same
            }
            _ => false,
        };
        let same_approvals = self.approvals.len() == other.approvals.len()
            && self.approvals.iter().zip(&other.approvals).all(|((cells, _, own), (others, _, other))| {
                cells == others && people.direction(&asked(*own), &asked(*other)) == super::Direction::Same
            });
        escalation
            && same_approvals
            && action(&self.policy.default, &other.policy.default)
            && self.misfit == other.misfit
            && self.facts.unevaluable == other.facts.unevaluable
            && self.facts.risk == other.facts.risk
            && own.len() == others.len()
            && own.iter().zip(others).all(|(a, b)| a.parts == b.parts && action(a.action, b.action))
    }
}

/// What becomes of an allow when the capability itself asks for this.
fn asked(approval: Option<&Approval>) -> Outcome<'_> {
    approval.map_or(Outcome::Allow, |approval| Outcome::Approval(vec![approval]))
}

/// Paths into a request, as one of the plans has them.
pub(super) struct Places<'a> {
    pub package: &'a Package,
    pub capability: &'a Capability,
}

impl Places<'_> {
    /// Where there is something at a path.
    pub fn present(&self, compiler: &mut Compiler<'_>, path: &str) -> Region {
        self.place(path).map(|place| compiler.where_present(&place)).unwrap_or_default()
    }

    /// Where there is nothing at a path that this plan needs, and something around it.
    fn absent(&self, compiler: &mut Compiler<'_>, path: &str) -> Region {
        let around = path.rsplit_once('.').map_or("", |(around, _)| around);
        let around = match around.contains('.') {
            true => self.present(compiler, around),
            false => vec![Cell::whole()],
        };
        let slot = compiler.space.slot(Dimension::Present(path.to_owned()), BOOL);
        let absent: Region = Cell::of(slot, Set::point(0)).into_iter().collect();
        intersect(&around, &absent)
    }

    fn place(&self, path: &str) -> Option<Place> {
        let mut parts = path.split('.');
        let root = parts.next()?;
        let fields = match root {
            "input" => &self.capability.input,
            _ => &self.package.context,
        };
        let whole = Place { name: root.to_owned(), ty: Type::Record(fields.clone()), optional: Vec::new() };
        parts.try_fold(whole, |place, name| place.field(name))
    }
}
