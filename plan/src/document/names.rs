//! What a plan names, it names once: nobody has to guess which of two is meant.

use foldhash::fast::FixedState;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::fmt;

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
        once(format_args!("roles.{}.members", role.name), &role.members)?;
    }
    once("capabilities", document.capabilities.iter().map(|capability| &capability.id))?;
    for one in &document.capabilities {
        let place = format!("capabilities.{}", one.id);
        fields(format_args!("{place}.input"), &one.input, &[])?;
        fields(format_args!("{place}.output"), &one.output, &[])?;
        once(format_args!("{place}.tags"), &one.tags)?;
        for row in &one.approval {
            let from = row.value.approval.iter().flat_map(|approval| &approval.from);
            once(format_args!("{place}.approval"), from)?;
        }
    }
    once("policies", document.policies.iter().map(|policy| &policy.name))?;
    for policy in &document.policies {
        let place = format!("policies.{}", policy.name);
        once(format_args!("{place}.rules"), policy.rules.iter().filter_map(|rule| rule.name.as_ref()))?;
        once(format_args!("{place}.default"), policy.default.approval.iter().flat_map(|approval| &approval.from))?;
        once(format_args!("{place}.escalate"), policy.escalate.approval.iter().flat_map(|approval| &approval.from))?;
        for (index, rule) in (1..).zip(&policy.rules) {
            once(format_args!("{place}.rules.{index}.subjects"), &rule.subjects)?;
            once(format_args!("{place}.rules.{index}.targets"), &rule.targets)?;
            once(
                format_args!("{place}.rules.{index}.approval"),
                rule.approval.iter().flat_map(|approval| &approval.from),
            )?;
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
        once(format_args!("claims.{}.subjects", claim.name), &claim.subjects)?;
        once(format_args!("claims.{}.targets", claim.name), &claim.targets)?;
    }
    let mut accepted: HashSet<(&str, &str), FixedState> = HashSet::default();
    if let Some(twice) = document.accepted.iter().find(|one| !accepted.insert((&one.code, &one.on))) {
        return Err(invalid("accepted", format!("`{} on {}` stands here twice", twice.code, twice.on)));
    }
    for settled in &document.certificate {
        for solved in &settled.solver {
            once(format_args!("certificate.{}.solver.{}", settled.on, solved.code), &solved.questions)?;
        }
    }
    Ok(())
}

/// Fields, and other names of the same scope.
fn fields(place: impl fmt::Display, fields: &[Field], others: &[&String]) -> Result<(), Invalid> {
    once(place, fields.iter().map(|field| &field.name).chain(others.iter().copied()))
}

/// The names that statements bind: each means one thing in the whole workflow.
fn bindings<'d>(body: &'d [Node], place: &str, bound: &mut Vec<&'d String>) -> Result<(), Invalid> {
    for node in body {
        match node {
            Node::Step(step) => {
                bound.push(&step.name);
                once(format_args!("{place}.{}.after", step.name), &step.after)?;
            }
            Node::Let { name, .. } => bound.push(name),
            Node::Approval { name, approval, .. } => {
                bound.push(name);
                once(format_args!("{place}.{name}.approval"), &approval.from)?;
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

/// Few names are compared with each other; for many a set is made.
const FEW: usize = 8;

/// Checks that none of these stands here twice. Where they stand is put together only if one does.
fn once<'d>(place: impl fmt::Display, names: impl IntoIterator<Item = &'d String>) -> Result<(), Invalid> {
    let mut few: SmallVec<[&str; FEW]> = SmallVec::new();
    let mut many: HashSet<&str, FixedState> = HashSet::default();
    for name in names {
        let is_new = match few.len() < FEW {
            true => !few.contains(&name.as_str()),
            false => !few.contains(&name.as_str()) && many.insert(name),
        };
        if !is_new {
            return Err(invalid(place.to_string(), format!("`{name}` stands here twice")));
        }
        if few.len() < FEW {
            few.push(name);
        }
    }
    Ok(())
}
