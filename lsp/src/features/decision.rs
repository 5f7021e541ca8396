//! How calls of a capability by a principal may be decided, whatever their input: an overview, no proof.

use std::collections::BTreeSet;

use gov_plan::model::{Action, Capability, Escalation, Package, Policy, ROLLBACK};
use gov_plan::pattern::PrincipalPattern;

/// The decisions that are possible, in words: `allow`, `allow or approval from role:finance`. Conditions may or may not
/// hold, and roles that a request could assert may be asserted or not.
pub fn of(model: &Package, policy: &Policy, principal: &str, capability: &str) -> Option<String> {
    let called = model.capability(capability)?;
    let mut possible = BTreeSet::new();
    let about = policy.rules.iter().filter(|rule| rule.targets.iter().any(|target| target.matches(capability)));
    let mut is_settled = false;
    for rule in about {
        let fits = rule.subjects.iter().map(|subject| fits(model, subject, principal)).max().unwrap_or(Fits::No);
        if fits == Fits::No {
            continue;
        }
        add(&mut possible, policy, called, principal, &rule.action);
        if fits == Fits::Yes && rule.condition.is_none() {
            is_settled = true;
            break;
        }
    }
    if !is_settled {
        add(&mut possible, policy, called, principal, &policy.default);
    }
    Some(possible.into_iter().collect::<Vec<_>>().join(" or "))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fits {
    No,
    Perhaps,
    Yes,
}

fn fits(model: &Package, pattern: &PrincipalPattern, principal: &str) -> Fits {
    let text = |fits: bool| if fits { Fits::Yes } else { Fits::No };
    match pattern {
        PrincipalPattern::Any => Fits::Yes,
        PrincipalPattern::Exact(text_) => text(text_ == principal),
        PrincipalPattern::Prefix(prefix) => text(principal.starts_with(prefix.as_str())),
        PrincipalPattern::Role(role) => {
            let members = model.role(role).map(|role| role.members.as_slice()).unwrap_or_default();
            let is_member = members.iter().any(|member| fits(model, member, principal) == Fits::Yes);
            if is_member { Fits::Yes } else { Fits::Perhaps }
        }
    }
}

fn add(possible: &mut BTreeSet<String>, policy: &Policy, called: &Capability, principal: &str, action: &Action) {
    let from = |patterns: &[PrincipalPattern]| {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        format!("approval from {}", patterns.join(", "))
    };
    let required: Vec<_> = called.approval.rows.iter().filter_map(|row| row.value.as_ref()).collect();
    match action {
        Action::Deny => {
            possible.insert("deny".to_owned());
        }
        Action::Approval(approval) => {
            possible.insert(from(&approval.from));
        }
        Action::Allow => {
            let mut always = false;
            if let Escalation::AtLeast { level, approval, .. } = &policy.escalation
                && principal != ROLLBACK
            {
                let high = |risk: &gov_plan::types::Risk| risk >= level;
                always |= called.risk.rows.iter().all(|row| high(&row.value));
                if called.risk.rows.iter().any(|row| high(&row.value)) {
                    possible.insert(from(&approval.from));
                }
            }
            for approval in required {
                possible.insert(from(&approval.from));
            }
            always |= called.approval.rows.first().is_some_and(|row| row.value.is_some() && row.when.is_none());
            if !always {
                possible.insert("allow".to_owned());
            }
        }
    }
}
