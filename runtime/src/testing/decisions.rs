//! `expect allow for …`: decisions, as the policies make them.

use super::{Coverage, values};
use gov_plan::decide::{By, Decided, Request, decide};
use gov_plan::model::{ExpectedRule, Package, Policy, TestStatementKind};

/// Decides, and says what is not as it was expected.
pub fn expect(package: &Package, statement: &TestStatementKind, coverage: &mut Coverage) -> Option<String> {
    let TestStatementKind::ExpectDecision { policies, decision, by, principal, roles, call, context } = statement
    else {
        return None;
    };
    let (input, context) = (values(&call.arguments), values(context));
    let request = Request {
        principal,
        capability: &call.capability,
        input: &input,
        context: &context,
        roles,
        workflow: None,
        principal_tenant: None,
        resource_tenant: None,
    };
    for name in policies {
        let policy = package.policy(name)?;
        let decided = decide(package, policy, &request);
        coverage.note_decision(policy, &decided.by);
        if let By::Unevaluable(why) = &decided.by {
            return Some(format!("the request cannot be evaluated: {why}"));
        }
        let right = decided.decision == *decision
            && match (by, &decided.by) {
                (None, _) | (Some(ExpectedRule::Default), By::Default) => true,
                (Some(ExpectedRule::Index(wanted)), By::Rule(found)) => wanted == found,
                _ => false,
            };
        if !right {
            let by = match by {
                None => String::new(),
                Some(ExpectedRule::Default) => format!(" by the default of `{name}`"),
                Some(ExpectedRule::Index(index)) => format!(" by {}", rule(policy, *index)),
            };
            let wanted = crate::core::decision_name(*decision);
            return Some(format!("expected `{wanted}`{by}, and it is {}", found(policy, &decided)));
        }
    }
    None
}

fn found(policy: &Policy, decided: &Decided<'_>) -> String {
    let by = match &decided.by {
        By::Rule(index) => rule(policy, *index),
        By::Default | By::Unevaluable(_) => format!("the default of `{}`", policy.name),
    };
    let escalated = if decided.escalated { ", escalated by its risk" } else { "" };
    format!("`{}` by {by}{escalated}", crate::core::decision_name(decided.decision))
}

fn rule(policy: &Policy, index: u32) -> String {
    let rule = usize::try_from(index).ok().and_then(|index| policy.rules.get(index.checked_sub(1)?));
    match rule.and_then(|rule| rule.name.as_ref()) {
        Some(rule) => format!("rule `{rule}` of `{}`", policy.name),
        None => format!("rule {index} of `{}`", policy.name),
    }
}
