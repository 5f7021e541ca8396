//! What a change means for workflows: their steps, how those are undone, what they may take, and what is guaranteed.

use super::Presence;
use super::outcome::Direction;
use super::text::{FieldChange, compensation, statements, table};
use crate::verify::{Bound, worst_case};
use gov_plan::document::shape::{Document, Workflow};
use gov_plan::document::{Plan, Settled};
use gov_plan::model::{Budget, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::thread;

/// What a change means for a workflow.
#[derive(Clone, Debug)]
pub struct WorkflowDiff {
    /// Its name.
    pub name: String,
    /// Whether both plans have it.
    pub presence: Presence,
    /// Whether it may spend more or less than before.
    pub direction: Direction,
    /// Its steps and approvals: added, removed, changed.
    pub steps: Vec<FieldChange>,
    /// How its steps are undone.
    pub undo: Vec<FieldChange>,
    /// How risky its calls are.
    pub risk: Vec<FieldChange>,
    /// What it may spend: `money`, `calls`, `time`.
    pub limits: Vec<FieldChange>,
    /// What its worst path takes, with its rollback: `calls`, `time`, and money by currency.
    pub worst: Vec<FieldChange>,
    /// What is proved of it.
    pub guarantees: Vec<Guarantee>,
}

/// Something that has to hold of a workflow, and how that was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarantee {
    /// The code of what would be found otherwise; G1401 for a claim.
    pub code: String,
    /// What it is about: `workflow w`, `step w s`, or the claim in its own words.
    pub about: String,
    /// `proved`, `accepted` or `warned`; nothing where it was not asked.
    pub before: Option<String>,
    /// The same, in the new plan.
    pub after: Option<String>,
}

impl Guarantee {
    /// Whether less is guaranteed than before.
    pub fn is_weaker(&self) -> bool {
        let proved = |outcome: &Option<String>| outcome.as_deref() == Some("proved");
        proved(&self.before) && !proved(&self.after)
    }
}

/// What changed in the workflows of two plans.
pub(super) fn workflows(old: &Plan, new: &Plan) -> Vec<WorkflowDiff> {
    let mut names: BTreeSet<&str> = old.document.workflows.iter().map(|one| one.name.as_str()).collect();
    names.extend(new.document.workflows.iter().map(|one| one.name.as_str()));
    names.into_iter().map(|name| workflow(old, new, name)).filter(is_different).collect()
}

fn is_different(diff: &WorkflowDiff) -> bool {
    let changes = [&diff.steps, &diff.undo, &diff.risk, &diff.limits, &diff.worst];
    diff.presence != Presence::Kept || changes.iter().any(|all| !all.is_empty()) || !diff.guarantees.is_empty()
}

fn workflow(old: &Plan, new: &Plan, name: &str) -> WorkflowDiff {
    let of = |plan: &'_ Plan| plan.document.workflows.iter().find(|one| one.name == name).cloned();
    let (before, after) = (of(old), of(new));
    let presence = match (&before, &after) {
        (Some(_), Some(_)) => Presence::Kept,
        (Some(_), None) => Presence::Removed,
        _ => Presence::Added,
    };
    let facts = |part: fn(&Plan, &Workflow) -> Facts| {
        let of = |plan: &Plan, one: &Option<Workflow>| one.as_ref().map(|one| part(plan, one)).unwrap_or_default();
        changes(&of(old, &before), &of(new, &after))
    };
    let budget = |plan: &Plan| plan.package.workflow(name).map(|one| one.budget.clone());
    WorkflowDiff {
        name: name.to_owned(),
        presence,
        direction: match (budget(old), budget(new)) {
            (Some(old), Some(new)) => spends(&old, &new),
            _ => Direction::Same,
        },
        steps: facts(|_, one| statements(one).into_iter().filter(|(name, _)| is_step(name)).collect()),
        undo: facts(|_, one| undo(one)),
        risk: facts(|plan, one| risk(&plan.package, &plan.document, one)),
        limits: facts(|_, one| limits(one)),
        worst: facts(|plan, one| worst(&plan.package, &one.name)),
        guarantees: guarantees(&old.document, &new.document, name),
    }
}

/// What is said of a workflow, by what it is about.
type Facts = Vec<(String, String)>;

fn changes(before: &Facts, after: &Facts) -> Vec<FieldChange> {
    let find = |facts: &Facts, name: &str| facts.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
    let added = after.iter().filter(|(name, _)| find(before, name).is_none());
    let all = before.iter().chain(added).map(|(name, _)| FieldChange {
        name: name.clone(),
        before: find(before, name),
        after: find(after, name),
    });
    all.filter(|change| change.before != change.after).collect()
}

fn is_step(name: &str) -> bool {
    name.starts_with("step ") || name.starts_with("approval ")
}

fn undo(one: &Workflow) -> Facts {
    let fact = |undo: &gov_plan::document::shape::Undo| {
        (format!("step `{}` ({})", undo.step, undo.capability), table(&undo.by, compensation))
    };
    one.undo.iter().map(fact).collect()
}

fn risk(package: &Package, document: &Document, one: &Workflow) -> Facts {
    use gov_plan::model::{Node, NodeKind, Target};
    fn calls<'m>(body: &'m [Node], found: &mut Vec<(&'m str, &'m str)>) {
        for node in body {
            match &node.kind {
                NodeKind::Step(step) => {
                    let first = match &step.target {
                        Target::Call(call) => Some(call),
                        Target::Run { .. } => None,
                    };
                    let all = first.into_iter().chain(&step.fallbacks);
                    found.extend(all.map(|call| (step.name.as_str(), call.capability.as_str())));
                }
                NodeKind::If { arms, otherwise } => {
                    arms.iter().for_each(|(_, body)| calls(body, found));
                    calls(otherwise, found);
                }
                NodeKind::Parallel { branches } => calls(branches, found),
                NodeKind::For { body, .. } => calls(body, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    if let Some(workflow) = package.workflow(&one.name) {
        calls(&workflow.body, &mut found);
    }
    let words = |(step, id): (&str, &str)| {
        let capability = document.capabilities.iter().find(|capability| capability.id == id)?;
        Some((format!("step `{step}` ({id})"), table(&capability.risk, |row| row.level.clone())))
    };
    found.into_iter().filter_map(words).collect()
}

fn limits(one: &Workflow) -> Facts {
    let calls = one.budget.calls.map(|calls| calls.to_string());
    let all = [("money", one.budget.money.clone()), ("calls", calls), ("time", one.budget.time.clone())];
    all.into_iter().map(|(name, limit)| (name.to_owned(), limit.unwrap_or_else(|| "no limit".to_owned()))).collect()
}

fn worst(package: &Package, name: &str) -> Facts {
    let Some(workflow) = package.workflow(name) else { return Facts::new() };
    // Deep expressions want a large stack.
    const STACK: usize = 64 << 20;
    let worst = thread::scope(|scope| {
        let work = || worst_case(package, workflow);
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok()).flatten()
    });
    let Some(worst) = worst else { return vec![("all".to_owned(), "not settled".to_owned())] };
    let words = |bound: &Bound| match bound {
        Bound::AtMost(most) => format!("at most {most}"),
        Bound::Unbounded => "no bound".to_owned(),
        Bound::Open => "not settled".to_owned(),
    };
    let mut facts = vec![("calls".to_owned(), words(&worst.calls))];
    facts.extend(worst.money.iter().map(|(currency, bound)| (currency.clone(), words(bound))));
    facts.push(("time".to_owned(), words(&worst.time)));
    facts
}

/// How a budget stands to an earlier one.
fn spends(old: &Budget, new: &Budget) -> Direction {
    let direction =
        |old: Option<i128>, new: Option<i128>| match (old.unwrap_or(i128::MAX)).cmp(&new.unwrap_or(i128::MAX)) {
            std::cmp::Ordering::Less => Direction::Wider,
            std::cmp::Ordering::Equal => Direction::Same,
            std::cmp::Ordering::Greater => Direction::Narrower,
        };
    let currencies = [old, new].map(|budget| budget.money.map(|money| money.currency));
    let money = match currencies {
        [Some(old), Some(new)] if old != new => Direction::Both,
        _ => {
            let units = |budget: &Budget| budget.money.map(|money| money.amount.units());
            direction(units(old), units(new))
        }
    };
    let calls = |budget: &Budget| budget.calls.map(i128::from);
    let time = |budget: &Budget| budget.time.map(i128::from);
    money.and(direction(calls(old), calls(new))).and(direction(time(old), time(new)))
}

fn guarantees(old: &Document, new: &Document, name: &str) -> Vec<Guarantee> {
    let settled = |document: &Document| -> BTreeMap<(String, String), String> {
        let step = format!("step {name} ");
        let mut found: BTreeMap<(String, String), String> = BTreeMap::new();
        for one in &document.certificate {
            let claim = one
                .on
                .strip_prefix("prove ")
                .and_then(|claim| document.claims.iter().find(|own| own.name == claim && own.about == name));
            let about = match claim {
                Some(claim) => format!("`{}`: {}", claim.name, claim.claim),
                None if one.on == format!("workflow {name}") || one.on.starts_with(&step) => one.on.clone(),
                None => continue,
            };
            for (code, outcome) in outcomes(one) {
                found.insert((code, about.clone()), outcome.to_owned());
            }
        }
        found
    };
    let (old, new) = (settled(old), settled(new));
    let keys: BTreeSet<&(String, String)> = old.keys().chain(new.keys()).collect();
    let guarantee = |key: &(String, String)| Guarantee {
        code: key.0.clone(),
        about: key.1.clone(),
        before: old.get(key).cloned(),
        after: new.get(key).cloned(),
    };
    keys.into_iter().map(guarantee).filter(|one| one.before != one.after).collect()
}

/// Every code that was settled of a thing, and how: `proved`, `accepted` or `warned`.
fn outcomes(settled: &Settled) -> Vec<(String, &'static str)> {
    let shown = settled.cases.iter().map(|case| case.shows.as_str());
    let solved = settled.solver.iter().map(|solved| solved.code.as_str());
    let proved =
        [settled.follows.as_str(), &settled.by_class, &settled.compiler].into_iter().chain(shown).chain(solved);
    let rest = [(settled.accepted.as_str(), "accepted"), (&settled.warned, "warned")];
    let all = proved.map(|codes| (codes, "proved")).chain(rest);
    let codes = |codes: &str, outcome: &'static str| -> Vec<(String, &'static str)> {
        let words = codes.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter(|word| word.starts_with('G')).map(|word| (word.to_owned(), outcome)).collect()
    };
    all.flat_map(|(text, outcome)| codes(text, outcome)).collect()
}
