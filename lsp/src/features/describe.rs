//! What there is to say about something that is declared, in Markdown.

use std::fmt::Write as _;

use gov_compiler::index::{Definition, Kind};
use gov_plan::model::{Action, Capability, Compensation, Effect, Package, Policy, Row, Table, Workflow};
use gov_plan::pattern::PrincipalPattern;

use super::{rename, shown};
use crate::world::Unit;

/// Everything about it: what it is, its documentation, and what follows from the rest of the package.
pub fn definition(unit: &Unit, definition: &Definition) -> String {
    let mut said = String::new();
    let head = head(unit, definition);
    let _ = write!(said, "```gov\n{head}\n```");
    if let Some(owner) = definition.owner.as_ref().filter(|_| definition.kind != Kind::Capability) {
        let _ = write!(said, "\n\n{} of `{owner}`", rename::word(definition.kind));
    }
    if !definition.docs.is_empty() {
        let _ = write!(said, "\n\n{}", definition.docs);
    }
    if let Some(model) = unit.model() {
        let more = match definition.kind {
            Kind::Capability => model.capability(&definition.name).map(|one| capability(model, one)),
            Kind::Policy => model.policy(&definition.name).map(policy),
            Kind::Workflow => model.workflow(&definition.name).map(workflow),
            _ => None,
        };
        for line in more.into_iter().flatten() {
            let _ = write!(said, "\n\n{line}");
        }
    }
    said
}

/// How it is declared, on a line or two.
fn head(unit: &Unit, definition: &Definition) -> String {
    let name = &definition.name;
    let text = unit.checked().sources.slice(definition.whole);
    match definition.kind {
        Kind::Capability => {
            let Some(one) = unit.model().and_then(|model| model.capability(name)) else { return first_line(text) };
            let fields = |fields: &gov_plan::types::Fields| {
                let shown = fields
                    .iter()
                    .map(|field| format!("{}: {}", field.name, shown(&field.schema.ty, field.schema.optional)));
                shown.collect::<Vec<_>>().join(", ")
            };
            let mut head = format!("capability {name}: {}", one.kind.as_str());
            if !one.input.is_empty() {
                let _ = write!(head, "\n    input  {{ {} }}", fields(&one.input));
            }
            if !one.output.is_empty() {
                let _ = write!(head, "\n    output {{ {} }}", fields(&one.output));
            }
            head
        }
        Kind::Field | Kind::Parameter | Kind::Value | Kind::Step | Kind::Approval => match &definition.ty {
            Some((ty, optional)) => format!("{name}: {}", shown(ty, *optional)),
            None => first_line(text),
        },
        Kind::Type | Kind::Role | Kind::Set | Kind::Rule | Kind::Claim => text.to_owned(),
        Kind::Context | Kind::Policy | Kind::Workflow | Kind::Test => first_line(text),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches(['{', ' ']).to_owned()
}

fn capability(model: &Package, one: &Capability) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(instead) = &one.deprecated {
        lines.push(format!("**deprecated**: {instead}"));
    }
    lines.push(format!("**risk** {}", table(&one.risk, |risk| risk.to_string())));
    lines.push(format!("**effect** {}", table(&one.effect, effect)));
    lines.push(format!("**undo** {}", table(&one.compensation, undo)));
    let worst = one.cost.rows.iter().map(|row| row.value).max_by_key(|cost| cost.amount);
    if let Some(cost) = worst {
        let amount = gov_plan::text::money(cost.amount, cost.currency);
        lines.push(format!("**cost** at most {amount} a call"));
    }
    for policy in &model.policies {
        let rules: Vec<String> = callers(policy, &one.id);
        if !rules.is_empty() {
            lines.push(format!("**who may call it** in `{}`\n{}", policy.name, rules.join("\n")));
        }
    }
    lines
}

/// The rules that are about a capability, in order, and what is decided where none fits.
fn callers(policy: &Policy, id: &str) -> Vec<String> {
    let about = policy.rules.iter().filter(|rule| rule.targets.iter().any(|target| target.matches(id)));
    let mut lines: Vec<String> = about
        .map(|rule| {
            let who = patterns(&rule.subjects);
            let when = rule.condition.as_ref().map(|when| format!(" when `{when}`")).unwrap_or_default();
            let name = rule.name.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default();
            format!("- {}: {who}{when}{name}", action(&rule.action))
        })
        .collect();
    if !lines.is_empty() {
        lines.push(format!("- {}: everyone else", action(&policy.default)));
    }
    lines
}

fn policy(one: &Policy) -> Vec<String> {
    vec![format!("{} rules, default {}", one.rules.len(), action(&one.default))]
}

fn workflow(one: &Workflow) -> Vec<String> {
    let mut lines = vec![format!("runs as `{}` under `{}`", one.principal, one.policy)];
    let budget = &one.budget;
    let money = budget.money.map(|cost| gov_plan::text::money(cost.amount, cost.currency));
    let calls = budget.calls.map(|calls| format!("{calls} calls"));
    let time = budget.time.map(gov_plan::text::duration);
    let parts: Vec<String> = [money, calls, time].into_iter().flatten().collect();
    if !parts.is_empty() {
        lines.push(format!("**budget** {}", parts.join(", ")));
    }
    lines
}

fn action(action: &Action) -> String {
    match action {
        Action::Allow => "allow".to_owned(),
        Action::Deny => "deny".to_owned(),
        Action::Approval(approval) => format!("approval from {}", patterns(&approval.from)),
    }
}

fn patterns(patterns: &[PrincipalPattern]) -> String {
    patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ")
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::None => "none".to_owned(),
        Effect::Some { reversible, scope, text } => {
            let word = if *reversible { "reversible" } else { "irreversible" };
            let text = if text.is_empty() { String::new() } else { format!(": {text}") };
            format!("{word} {}{text}", scope.as_str())
        }
    }
}

fn undo(compensation: &Compensation) -> String {
    match compensation {
        Compensation::NotNeeded => "not needed".to_owned(),
        Compensation::Automatic(call) => format!("by `{}`", call.capability),
        Compensation::Manual(how) => format!("by a human: {how}"),
        Compensation::None(why) => format!("none: {why}"),
    }
}

fn table<V>(table: &Table<V>, show: impl Fn(&V) -> String) -> String {
    let row = |row: &Row<V>| {
        let when = row.when.as_ref().map(|when| format!(" when `{when}`")).unwrap_or_default();
        format!("{}{when}", show(&row.value))
    };
    let rows: Vec<String> = table.rows.iter().map(row).collect();
    let rows = if rows.is_empty() { "none".to_owned() } else { rows.join(", ") };
    if table.stated { rows } else { format!("{rows} (by kind)") }
}
