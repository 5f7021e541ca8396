//! The picture of a whole plan: capabilities, what undoes them, and which workflows and policies are about them.

use std::collections::{BTreeMap, BTreeSet};

use gov_plan::model::{Action, Compensation, Node, NodeKind, Package, Policy, Target};

use super::picture::{Line, Look, Picture, wrapped};

/// The most characters of a line.
const WIDTH: usize = 30;

/// The picture of a plan. Of imported capabilities, those that something is about.
pub fn picture(package: &Package) -> Picture {
    let mut picture = Picture { title: format!("package {}", package.name), ..Picture::default() };
    let calls: Vec<(&str, &str, BTreeSet<&str>)> = package
        .workflows
        .iter()
        .map(|workflow| {
            let mut found = BTreeSet::new();
            called(package, &workflow.body, &mut found, 0);
            (workflow.name.as_str(), workflow.policy.as_str(), found)
        })
        .collect();
    let mut wanted: BTreeSet<&str> = package
        .capabilities
        .iter()
        .filter(|one| one.package == package.name)
        .map(|one| one.id.as_str())
        .chain(calls.iter().flat_map(|(.., ids)| ids.iter().copied()))
        .chain(package.policies.iter().flat_map(|policy| named(package, policy)))
        .collect();
    let undone: Vec<(&str, &str)> = package
        .capabilities
        .iter()
        .flat_map(|one| {
            one.compensation.rows.iter().filter_map(move |row| match &row.value {
                Compensation::Automatic(call) => Some((one.id.as_str(), call.capability.as_str())),
                _ => None,
            })
        })
        .collect();
    wanted.extend(undone.iter().filter(|(of, _)| wanted.contains(of)).map(|(_, by)| *by).collect::<Vec<_>>());
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut policies: BTreeMap<&str, usize> = BTreeMap::new();
    let workflows: Vec<usize> = calls
        .iter()
        .map(|(name, ..)| picture.add(Look::Terminal, vec!["workflow".to_owned(), (*name).to_owned()]))
        .collect();
    for policy in &package.policies {
        let place = picture.add(Look::Plain, vec!["policy".to_owned(), policy.name.clone()]);
        policies.insert(&policy.name, place);
    }
    for capability in package.capabilities.iter().filter(|one| wanted.contains(one.id.as_str())) {
        let risk = capability.risk.rows.iter().map(|row| row.value).max();
        let mut lines = wrapped(&capability.id, WIDTH, 2);
        lines.push(match risk {
            Some(risk) => format!("{}, {risk} risk", capability.kind.as_str()),
            None => capability.kind.as_str().to_owned(),
        });
        places.insert(&capability.id, picture.add(Look::Call(risk), lines));
    }
    for ((_, policy, _), workflow) in calls.iter().zip(&workflows) {
        if let Some(policy) = policies.get(policy) {
            picture.arrow(*workflow, *policy, "under", Line::Flow);
        }
    }
    for policy in &package.policies {
        let Some(from) = policies.get(policy.name.as_str()) else { continue };
        for (id, place) in &places {
            let mut words: Vec<&str> = Vec::new();
            let rules = policy.rules.iter().filter(|rule| rule.targets.iter().any(|target| target.matches(id)));
            for rule in rules {
                let word = match rule.action {
                    Action::Allow => "allow",
                    Action::Deny => "deny",
                    Action::Approval(_) => "approval",
                };
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            // What no rule is about, the default decides: that is one line, and not one for each.
            if !words.is_empty() {
                let only_denied = words == ["deny"];
                picture.arrow(*from, *place, words.join(", "), if only_denied { Line::Refused } else { Line::Flow });
            }
        }
    }
    for (of, by) in undone {
        if let (Some(of), Some(by)) = (places.get(of), places.get(by)) {
            picture.arrow(*of, *by, "undo", Line::Undo);
        }
    }
    picture
}

/// The capabilities that a workflow calls, with those of the workflows that it runs.
fn called<'p>(package: &'p Package, body: &'p [Node], found: &mut BTreeSet<&'p str>, depth: u32) {
    // Workflows do not run themselves; a plan that says otherwise is refused when it is loaded.
    if depth > 32 {
        return;
    }
    for node in body {
        match &node.kind {
            NodeKind::Step(step) => {
                match &step.target {
                    Target::Call(call) => {
                        found.insert(call.capability.as_str());
                    }
                    Target::Run { workflow, .. } => {
                        if let Some(inner) = package.workflow(workflow) {
                            called(package, &inner.body, found, depth + 1);
                        }
                    }
                }
                found.extend(step.fallbacks.iter().map(|call| call.capability.as_str()));
            }
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| called(package, body, found, depth));
                called(package, otherwise, found, depth);
            }
            NodeKind::Parallel { branches } => called(package, branches, found, depth),
            NodeKind::For { body, .. } => called(package, body, found, depth),
            _ => {}
        }
    }
}

/// The capabilities that a rule names, and not by `any` or a pattern.
fn named<'p>(package: &'p Package, policy: &'p Policy) -> Vec<&'p str> {
    use gov_plan::pattern::CapabilityPattern;
    let targets = policy.rules.iter().flat_map(|rule| &rule.targets);
    let exact = targets.filter_map(|target| match target {
        CapabilityPattern::Exact(id) => Some(id.as_str()),
        _ => None,
    });
    exact.filter(|id| package.capability(id).is_some()).collect()
}
