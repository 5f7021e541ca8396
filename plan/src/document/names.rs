//! What a plan names, it names once: nobody has to guess which of two is meant.

use std::collections::HashSet;

use super::shape::{Document, Field, Node};
use super::{Invalid, invalid};

/// Checks that no name stands twice where one is looked up by it.
///
/// # Errors
///
/// The first that does, with its place in the document.
pub(super) fn check(document: &Document) -> Result<(), Invalid> {
    fields("context", &document.context, &[])?;
    once("roles", document.roles.iter().map(|role| &role.name))?;
    for role in &document.roles {
        once(&format!("roles.{}.members", role.name), &role.members)?;
    }
    once("capabilities", document.capabilities.iter().map(|capability| &capability.id))?;
    for one in &document.capabilities {
        let place = format!("capabilities.{}", one.id);
        fields(&format!("{place}.input"), &one.input, &[])?;
        fields(&format!("{place}.output"), &one.output, &[])?;
        once(&format!("{place}.tags"), &one.tags)?;
        for row in &one.approval {
            let from = row.value.approval.iter().flat_map(|approval| &approval.from);
            once(&format!("{place}.approval"), from)?;
        }
    }
    once("policies", document.policies.iter().map(|policy| &policy.name))?;
    for policy in &document.policies {
        let place = format!("policies.{}", policy.name);
        once(&format!("{place}.rules"), policy.rules.iter().filter_map(|rule| rule.name.as_ref()))?;
        once(&format!("{place}.default"), policy.default.approval.iter().flat_map(|approval| &approval.from))?;
        once(&format!("{place}.escalate"), policy.escalate.approval.iter().flat_map(|approval| &approval.from))?;
        for (index, rule) in (1..).zip(&policy.rules) {
            let place = format!("{place}.rules.{index}");
            once(&format!("{place}.subjects"), &rule.subjects)?;
            once(&format!("{place}.targets"), &rule.targets)?;
            once(&format!("{place}.approval"), rule.approval.iter().flat_map(|approval| &approval.from))?;
        }
    }
    once("workflows", document.workflows.iter().map(|workflow| &workflow.name))?;
    for workflow in &document.workflows {
        let place = format!("workflows.{}", workflow.name);
        let mut bound = Vec::new();
        bindings(&workflow.body, &place, &mut bound)?;
        fields(&place, &workflow.params, &bound)?;
    }
    once("claims", document.claims.iter().map(|claim| &claim.name))?;
    for claim in &document.claims {
        once(&format!("claims.{}.subjects", claim.name), &claim.subjects)?;
        once(&format!("claims.{}.targets", claim.name), &claim.targets)?;
    }
    let accepted: Vec<String> = document.accepted.iter().map(|one| format!("{} on {}", one.code, one.on)).collect();
    once("accepted", &accepted)?;
    for settled in &document.certificate {
        for solved in &settled.solver {
            once(&format!("certificate.{}.solver.{}", settled.on, solved.code), &solved.questions)?;
        }
    }
    Ok(())
}

/// Fields, and other names of the same scope.
fn fields(place: &str, fields: &[Field], others: &[&String]) -> Result<(), Invalid> {
    once(place, fields.iter().map(|field| &field.name).chain(others.iter().copied()))
}

/// The names that statements bind: each means one thing in the whole workflow.
fn bindings<'d>(body: &'d [Node], place: &str, bound: &mut Vec<&'d String>) -> Result<(), Invalid> {
    for node in body {
        match node {
            Node::Step(step) => {
                bound.push(&step.name);
                once(&format!("{place}.{}.after", step.name), &step.after)?;
            }
            Node::Let { name, .. } => bound.push(name),
            Node::Approval { name, approval, .. } => {
                bound.push(name);
                once(&format!("{place}.{name}.approval"), &approval.from)?;
            }
            Node::If { arms, otherwise, .. } => {
                for arm in arms {
                    bindings(&arm.then, place, bound)?;
                }
                bindings(otherwise, place, bound)?;
            }
            Node::Parallel { branches, .. } => bindings(branches, place, bound)?,
            Node::For { name, body, .. } => {
                bound.push(name);
                bindings(body, place, bound)?;
            }
            Node::Check { .. } | Node::Fail { .. } | Node::Wait { .. } | Node::Return { .. } => {}
        }
    }
    Ok(())
}

fn once<'d>(place: &str, names: impl IntoIterator<Item = &'d String>) -> Result<(), Invalid> {
    let mut seen = HashSet::new();
    match names.into_iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(invalid(place, format!("`{twice}` stands here twice"))),
        None => Ok(()),
    }
}
