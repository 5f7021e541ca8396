//! The picture of a policy: its rules in order, whom they are about, and for what.

use gov_compiler::diff::approval_words;
use gov_plan::model::{Action, Escalation, Package, Policy};

use super::picture::{Line, Look, Picture, wrapped};

/// The most characters of a line.
const WIDTH: usize = 40;

/// The picture of a policy.
pub fn picture(package: &Package, policy: &Policy) -> Picture {
    let mut picture = Picture { title: format!("policy {}", policy.name), ..Picture::default() };
    let mut lines = vec![format!("policy {}", policy.name)];
    match &policy.escalation {
        Escalation::Never { .. } => lines.push("nothing is escalated".to_owned()),
        Escalation::AtLeast { level, approval, .. } => {
            let words = format!("an allow of {level} risk or more asks {}", approval_words(approval));
            lines.extend(wrapped(&words, WIDTH, 3));
        }
    }
    let mut last = picture.add(Look::Terminal, lines);
    for (place, rule) in (1..).zip(&policy.rules) {
        let name = match &rule.name {
            Some(name) => format!("{place}  {name}"),
            None => format!("{place}"),
        };
        let mut lines = vec![format!("{name}: {}", word(&rule.action))];
        let patterns = |patterns: Vec<String>| patterns.join(", ");
        lines.extend(wrapped(&patterns(rule.subjects.iter().map(ToString::to_string).collect()), WIDTH, 3));
        lines.extend(wrapped(
            &format!("to {}", patterns(rule.targets.iter().map(ToString::to_string).collect())),
            WIDTH,
            4,
        ));
        if let Some(condition) = &rule.condition {
            lines.extend(wrapped(&format!("when {condition}"), WIDTH, 4));
        }
        let one = picture.add(look(&rule.action), lines);
        if let Action::Approval(approval) = &rule.action {
            picture.note(one, Look::Human, "by", wrapped(&approval_words(approval), WIDTH - 8, 3));
        }
        let matched = package
            .capabilities
            .iter()
            .filter(|capability| rule.targets.iter().any(|target| target.matches(&capability.id)));
        let risk = matched.clone().flat_map(|capability| capability.risk.rows.iter().map(|row| row.value)).max();
        let words = match (matched.count(), risk) {
            (1, Some(risk)) => format!("1 capability, {risk} risk"),
            (count, Some(risk)) => format!("{count} capabilities, up to {risk} risk"),
            (count, None) => format!("{count} capabilities"),
        };
        picture.note(one, Look::Call(risk), "about", wrapped(&words, WIDTH - 8, 2));
        picture.arrow(last, one, if place == 1 { "" } else { "else" }, Line::Flow);
        last = one;
    }
    let default = picture.add(look(&policy.default), vec![format!("default: {}", word(&policy.default))]);
    if let Action::Approval(approval) = &policy.default {
        picture.note(default, Look::Human, "by", wrapped(&approval_words(approval), WIDTH - 8, 3));
    }
    picture.arrow(last, default, if policy.rules.is_empty() { "" } else { "else" }, Line::Flow);
    picture
}

fn word(action: &Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Deny => "deny",
        Action::Approval(_) => "approval",
    }
}

fn look(action: &Action) -> Look {
    match action {
        Action::Allow => Look::Allowed,
        Action::Deny => Look::Refused,
        Action::Approval(_) => Look::Human,
    }
}
