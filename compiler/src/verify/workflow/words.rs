//! An execution in words.

use super::super::exact::workflow::state::{Event, NotCalled, State, What};
use super::super::exact::workflow::undo::NotUndone;
use super::paths::Paths;
use super::shown;
use super::witness::Case;
use crate::diagnostic::Witness;
use gov_plan::model::{NodeKind, Package, Policy, Target};
use gov_plan::text;
use gov_plan::value::Value;

/// The execution as a witness.
pub(super) fn witness(paths: &Paths<'_>, case: &Case, state: &State<'_>) -> Witness {
    let (package, world) = (paths.layout.package, &case.world);
    let object = |record: &gov_plan::value::Record| match Value::Record(record.clone()).to_json() {
        serde_json::Value::Object(object) => Some(object),
        _ => None,
    };
    let mut roles: Vec<String> = world.asserted.iter().map(|(_, role)| role.clone()).collect();
    roles.sort();
    roles.dedup();
    Witness {
        input: object(&world.params),
        context: object(&world.context),
        roles: (!roles.is_empty()).then_some(roles),
        path: Some(story(package, &state.trace)),
        test: case.walk(paths).and_then(|walk| shown::run(&walk, case, state)),
        ..Witness::default()
    }
}

/// What happens, one event after the other.
pub(super) fn story(package: &Package, trace: &[Event<'_>]) -> Vec<String> {
    trace.iter().filter_map(|event| told(package, event)).collect()
}

/// What made the workflow fail, if it did.
pub(super) fn failure(package: &Package, state: &State<'_>) -> Option<String> {
    let undone = |event: &&Event<'_>| !matches!(event.what, What::Undone { .. } | What::LeftDone { .. });
    state.trace.iter().rev().find(undone).and_then(|event| told(package, event))
}

/// The steps that were done when the workflow failed, and what becomes of them, as a table.
pub(super) fn table(state: &State<'_>) -> String {
    let mut rows = vec![["step".to_owned(), "call".to_owned(), "after the failure".to_owned()]];
    for event in &state.trace {
        let name = name(event);
        match &event.what {
            What::Called(called) => {
                let undone = state.trace.iter().filter(|other| other.path == event.path);
                let mut fate = undone.filter_map(|other| match &other.what {
                    What::Undone { capability, .. } => Some(format!("undone by {capability}")),
                    What::LeftDone { .. } => Some("stays done".to_owned()),
                    _ => None,
                });
                let fate = match called.succeeded {
                    true => fate.next_back().unwrap_or_else(|| "nothing to undo".to_owned()),
                    false => "failed".to_owned(),
                };
                rows.push([name, called.capability.clone(), fate]);
            }
            What::NotCalled { capability, .. } => rows.push([name, capability.clone(), "not called".to_owned()]),
            _ => {}
        }
    }
    columns(&rows)
}

/// What took how much, as a table.
pub(super) fn spent(state: &State<'_>) -> String {
    let mut rows =
        vec![["step".to_owned(), "call".to_owned(), "attempts".to_owned(), "each".to_owned(), "time".to_owned()]];
    for event in &state.trace {
        let (capability, spent) = match &event.what {
            What::Called(called) => (&called.capability, &called.spent),
            What::Undone { capability, spent } => (capability, spent),
            _ => continue,
        };
        let attempts = spent.attempts.map_or_else(|| "1, or more".to_owned(), |attempts| attempts.to_string());
        let cost = spent.cost.map_or_else(String::new, |cost| text::money(cost.amount, cost.currency));
        rows.push([name(event), capability.clone(), attempts, cost, text::duration(spent.time)]);
    }
    columns(&rows)
}

fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A rule as people know it.
pub(super) fn rule(policy: &Policy, index: u32) -> String {
    let rule = policy.rules.get((index as usize).saturating_sub(1));
    match rule.and_then(|rule| rule.name.as_deref()) {
        Some(name) => format!("rule `{name}` of `{}`", policy.name),
        None => format!("rule {index} of `{}`", policy.name),
    }
}

fn name(event: &Event<'_>) -> String {
    match &event.node.kind {
        NodeKind::Step(step) => step.name.clone(),
        _ => String::new(),
    }
}

fn told(package: &Package, event: &Event<'_>) -> Option<String> {
    let name = name(event);
    let because = |why: &Option<String>| why.as_ref().map_or(String::new(), |why| format!(": {why}"));
    Some(match &event.what {
        What::Called(called) => {
            let approved = if called.approved { "is approved, and " } else { "" };
            let succeeded = if called.succeeded { "is done" } else { "fails" };
            format!("`{name}` {approved}{succeeded} (`{}`)", called.capability)
        }
        What::NotCalled { capability, why, .. } => match why {
            NotCalled::Arguments(why) => format!("`{name}` fails, its arguments cannot be evaluated: {why}"),
            NotCalled::Refinement(why) => format!("`{name}` fails, `{capability}` does not take its arguments: {why}"),
            NotCalled::Refused(by) => {
                let policy = package.policy(&event.workflow.policy);
                let by = match (policy, by) {
                    (Some(policy), Some(index)) => rule(policy, *index),
                    _ => format!("`{}`, none of whose rules allows it", event.workflow.policy),
                };
                format!("`{name}` is refused by {by}")
            }
            NotCalled::TurnedDown(_) => format!("the approval of `{name}` is turned down, or comes too late"),
        },
        What::Ran => format!("`{name}` has run to its end"),
        What::RunFailed(_) => match &event.node.kind {
            NodeKind::Step(step) => match &step.target {
                Target::Run { workflow, .. } => format!("`{name}` fails (`{workflow}`)"),
                Target::Call(_) => format!("`{name}` fails"),
            },
            _ => return None,
        },
        What::Failed(why) => match &event.node.kind {
            NodeKind::Check { condition, .. } => format!("`check {condition}` fails{}", because(why)),
            NodeKind::Fail { message } => format!("`fail {message}`"),
            NodeKind::If { .. } => format!("a condition cannot be evaluated{}", because(why)),
            NodeKind::For { name, .. } => format!("the rounds over `{name}` cannot begin{}", because(why)),
            NodeKind::Let { name, .. } => format!("`{name}` cannot be evaluated{}", because(why)),
            NodeKind::Return { .. } => format!("the result is not what was promised{}", because(why)),
            _ => format!("it fails{}", because(why)),
        },
        What::Approved(_) => format!("`{}` is approved", bound(event)),
        What::TurnedDown(_) => format!("`{}` is turned down, or comes too late", bound(event)),
        What::Waited(_) => "the wait is over".to_owned(),
        What::Cancelled(_) => "it is cancelled while it waits".to_owned(),
        What::Late => format!("the deadline comes while `{name}` is at work"),
        What::Returned => "it returns".to_owned(),
        What::Undone { capability, .. } => format!("`{name}` is undone (`{capability}`)"),
        What::LeftDone { capability, why } => match why {
            NotUndone::NotAutomatic => format!("`{name}` stays done: nothing undoes `{capability}` by itself"),
            NotUndone::Arguments(why) => format!("`{name}` stays done: `{capability}` cannot be called: {why}"),
            NotUndone::Refused | NotUndone::Asked => {
                format!("`{name}` stays done: `{capability}` is not allowed to `system:rollback`")
            }
        },
        What::Passed => return None,
    })
}

fn bound(event: &Event<'_>) -> String {
    match &event.node.kind {
        NodeKind::Approval { name, .. } => name.clone(),
        _ => String::new(),
    }
}
