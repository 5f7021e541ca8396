//! G12xx: rules that are never reached, change nothing or say nothing, and approvals that nobody can give.

use gov_plan::Origin;
use gov_plan::model::{Action, Approval, Policy};

use crate::codes::{Code, Severity};
use crate::diagnostic::{Diagnostic, Edit, Fix, Subject, Witness};
use crate::lower::span_of;
use crate::source::Span;

/// A rule, by its place from 0, that no request reaches, because earlier ones catch them all and one of them, `otherwise`,
/// decides some of them otherwise. `witness` is a request that the rule is about and that the other one decides.
pub fn shadowed(
    policy: &Policy,
    rule: usize,
    culprits: &[usize],
    otherwise: usize,
    witness: Option<Witness>,
) -> Diagnostic {
    let verb = policy.rules.get(otherwise).map_or("decides", |rule| decides(&rule.action));
    let label = match culprits {
        [_] => format!("{} comes first and {verb} what this is about", name(policy, otherwise)),
        _ => format!("earlier rules catch all of it, and {} {verb} some of it", name(policy, otherwise)),
    };
    let found = Diagnostic::new(Code::ShadowedRule, place(policy, rule), unreached_message(policy, rule))
        .label(label)
        .help("move the rule up if it is the exception, narrow the earlier one, or take the rule out")
        .subject(subject(policy, rule));
    let mut found = with_culprits(found, policy, culprits);
    found.witness = witness.map(Box::new);
    found
}

/// A rule that no request reaches, where the earlier ones that catch them all decide the same.
pub fn unreached(policy: &Policy, rule: usize, culprits: &[usize]) -> Diagnostic {
    let label = match culprits {
        [one] => format!("{} decides the same for all of it", name(policy, *one)),
        _ => "earlier rules decide the same for all of it".to_owned(),
    };
    let found = Diagnostic::new(Code::RedundantRule, place(policy, rule), unreached_message(policy, rule))
        .label(label)
        .help("take the rule out: nothing changes")
        .subject(subject(policy, rule))
        .fix(removal(policy, rule));
    with_culprits(found, policy, culprits)
}

/// A rule that is reached, and without which every decision would be the same.
pub fn changes_nothing(policy: &Policy, rule: usize) -> Diagnostic {
    let message = format!("{} changes no decision", name(policy, rule));
    Diagnostic::new(Code::RedundantRule, place(policy, rule), message)
        .label("without it, later rules or the default decide the same")
        .help("take the rule out, or put what it was meant to except before or after it")
        .subject(subject(policy, rule))
        .fix(removal(policy, rule))
}

/// A rule whose condition holds for no request that the rule is about.
pub fn never_holds(policy: &Policy, rule: usize, condition: Origin) -> Diagnostic {
    let message = format!("the condition of {} never holds", name(policy, rule));
    Diagnostic::new(Code::VacuousCondition, span_of(condition), message)
        .label("no request that the types let through satisfies this")
        .help("compare it with the declared types, refinements and risks: one of the two says what was not meant")
        .subject(subject(policy, rule))
}

/// A rule whose condition holds for every request that the rule is about.
pub fn always_holds(policy: &Policy, rule: usize, condition: Origin) -> Diagnostic {
    let message = format!("the condition of {} always holds", name(policy, rule));
    Diagnostic::new(Code::VacuousCondition, span_of(condition), message)
        .severity(Severity::Warning)
        .label("every request that the types let through satisfies this")
        .help("take the condition out, or mend it if it was meant to tell requests apart")
        .subject(subject(policy, rule))
}

/// A rule that allows, and every request that it allows is escalated.
pub fn always_escalated(policy: &Policy, rule: usize, witness: Option<Witness>) -> Diagnostic {
    let message = format!("every request that {} allows is escalated", name(policy, rule));
    let mut found = Diagnostic::new(Code::AlwaysEscalated, place(policy, rule), message)
        .label("allows nothing without an approval")
        .help("write `require approval for` instead, so that the rule says what happens")
        .subject(subject(policy, rule));
    if let gov_plan::model::Escalation::AtLeast { approval, stated: true, .. } = &policy.escalation {
        found = found.secondary(span_of(approval.at), "this turns it into an approval");
    }
    found.witness = witness.map(Box::new);
    found
}

/// An approval that wants more approvers than there are.
pub fn too_few_approvers(subject: &Subject, approval: &Approval, names: usize) -> Diagnostic {
    let message = match names {
        0 => "nobody can give this approval".to_owned(),
        _ => format!("this approval needs {} approvers, and names {names}", approval.quorum),
    };
    Diagnostic::new(Code::NobodyCanApprove, span_of(approval.at), message)
        .label("requests that need it wait in vain")
        .help("name more principals, a role, or lower the quorum")
        .subject(subject.clone())
}

/// An approval that a principal would have to give for a request of its own.
pub fn only_the_requester(subject: &Subject, approval: &Approval, name: &str, witness: Option<Witness>) -> Diagnostic {
    let message = format!("nobody can approve what `{name}` asks for");
    let mut found = Diagnostic::new(Code::NobodyCanApprove, span_of(approval.at), message)
        .label(format!("`{name}` would have to approve a request of its own"))
        .note("nobody approves a request of their own")
        .help("name another approver, or a role")
        .subject(subject.clone());
    found.witness = witness.map(Box::new);
    found
}

/// A rule of whose requests earlier rules take some away and decide them otherwise.
pub fn partly_shadowed(policy: &Policy, rule: usize, others: &[usize], witness: Option<Witness>) -> Diagnostic {
    let message = match others {
        [one] => format!("{} decides part of what {} is about", name(policy, *one), name(policy, rule)),
        _ => format!("earlier rules decide part of what {} is about", name(policy, rule)),
    };
    let found = Diagnostic::new(Code::PartlyShadowed, place(policy, rule), message)
        .label("does not decide all that it reads as deciding")
        .help("that may be what is meant: the exception comes first, the general rule after it")
        .subject(subject(policy, rule));
    let mut found = with_culprits(found, policy, others);
    found.witness = witness.map(Box::new);
    found
}

/// A default that no request reaches.
pub fn unreachable_default(policy: &Policy) -> Diagnostic {
    let message = format!("no request reaches the default of `{}`", policy.name);
    Diagnostic::new(Code::UnreachableDefault, span_of(policy.default_at), message)
        .label("the rules decide everything")
        .help("that may be what is meant; a rule for `any` hides what a later rule or the default would say")
        .subject(Subject::Policy { policy: policy.name.clone() })
}

/// A rule as messages call it, by its place from 0: by name, or by its place from 1.
pub fn name(policy: &Policy, rule: usize) -> String {
    match policy.rules.get(rule).and_then(|rule| rule.name.as_ref()) {
        Some(name) => format!("rule `{name}`"),
        None => format!("rule {}", rule + 1),
    }
}

fn unreached_message(policy: &Policy, rule: usize) -> String {
    format!("no request reaches {}", name(policy, rule))
}

fn with_culprits(mut found: Diagnostic, policy: &Policy, culprits: &[usize]) -> Diagnostic {
    for culprit in culprits {
        let Some(rule) = policy.rules.get(*culprit) else { continue };
        let words = format!("{} {}", name(policy, *culprit), decides(&rule.action));
        found = found.secondary(span_of(rule.at), words).related(subject(policy, *culprit), span_of(rule.at));
    }
    found
}

fn decides(action: &Action) -> &'static str {
    match action {
        Action::Allow => "allows",
        Action::Deny => "denies",
        Action::Approval(_) => "asks for an approval of",
    }
}

/// A rule more, which decides before the rule of this place from 0, or before the default.
pub fn addition(policy: &Policy, before: Option<usize>, rule: &str) -> Fix {
    let next = before.unwrap_or(policy.rules.len());
    let default = span_of(policy.default_at);
    // Behind what stands before it: what accepts a finding in the next rule stays with that.
    let edit = match next.checked_sub(1) {
        Some(previous) => Edit::insert(place(policy, previous).at_end(), format!("\n    {rule}")),
        None if before.is_some() && place(policy, next).range().start < default.range().start => {
            Edit::insert(place(policy, next).at_start(), format!("{rule}\n    "))
        }
        None => Edit::insert(default.at_end(), format!("\n    {rule}")),
    };
    // It widens what is allowed, which a person has to want.
    Fix::unsafe_(format!("add the rule `{rule}`"), vec![edit])
}

fn removal(policy: &Policy, rule: usize) -> Fix {
    // A guess: perhaps an earlier rule was meant to be narrower.
    Fix::unsafe_(format!("remove {}", name(policy, rule)), vec![Edit::delete(place(policy, rule))])
}

fn place(policy: &Policy, rule: usize) -> Span {
    span_of(policy.rules.get(rule).map_or(policy.at, |rule| rule.at))
}

fn subject(policy: &Policy, index: usize) -> Subject {
    let rule = policy.rules.get(index).and_then(|rule| rule.name.clone());
    let index = u32::try_from(index + 1).unwrap_or(u32::MAX);
    Subject::Rule { policy: policy.name.clone(), rule, index }
}
