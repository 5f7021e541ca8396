//! What the text of two plans says differently, item by item.

use super::Presence;
use gov_plan::document::shape::{
    Accepted, Action, Approval, Capability, Claim, Compensation, Document, Effect, Escalation, Field, Node,
    OwnApproval, Policy, Retry, Role, Row, Rule, Step, Workflow,
};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;

/// An item of a plan that is not in both, or not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `capability`, `policy`, `workflow`, `role`, `claim`, `context`, `type`, `accepted`.
    pub kind: &'static str,
    /// Its name; nothing for the context.
    pub name: String,
    /// Whether both plans have it.
    pub presence: Presence,
    /// What it says, where it is new or gone; what of it changed, where it is in both.
    pub fields: Vec<FieldChange>,
}

/// A part of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which: `risk`, `rule `big``, `input.amount`.
    pub name: String,
    /// What the old plan says; nothing where it says nothing.
    pub before: Option<String>,
    /// What the new plan says.
    pub after: Option<String>,
}

/// All items that differ, in the order of a plan.
pub(super) fn items(old: &Document, new: &Document) -> Vec<Item> {
    let mut found = Vec::new();
    let context = |document: &Document| vec![(String::new(), input_fields("", &document.context))];
    compare("context", context(old), context(new), &mut found);
    let types = |document: &Document| -> Vec<(String, Parts)> {
        document.types.iter().map(|(name, ty)| (name.clone(), vec![("type".to_owned(), ty.clone())])).collect()
    };
    compare("type", types(old), types(new), &mut found);
    let roles = |document: &Document| -> Vec<(String, Parts)> {
        let role = |role: &Role| {
            let mut parts = vec![("members".to_owned(), role.members.join(", "))];
            push(&mut parts, "docs", &role.docs);
            (role.name.clone(), parts)
        };
        document.roles.iter().map(role).collect()
    };
    compare("role", roles(old), roles(new), &mut found);
    let capabilities = |document: &Document| -> Vec<(String, Parts)> {
        document.capabilities.iter().map(|one| (one.id.clone(), capability(one))).collect()
    };
    compare("capability", capabilities(old), capabilities(new), &mut found);
    let policies = |document: &Document| -> Vec<(String, Lines)> {
        document.policies.iter().map(|one| (one.name.clone(), policy(one))).collect()
    };
    compare_lines("policy", policies(old), policies(new), &mut found);
    let workflows = |document: &Document| -> Vec<(String, Lines)> {
        document.workflows.iter().map(|one| (one.name.clone(), workflow(one))).collect()
    };
    compare_lines("workflow", workflows(old), workflows(new), &mut found);
    let claims = |document: &Document| -> Vec<(String, Parts)> {
        let claim = |claim: &Claim| {
            let mut words = format!("in {}: {}", claim.about, claim.claim);
            if !claim.targets.is_empty() {
                words.push_str(&format!(" {} to {}", claim.subjects.join(", "), claim.targets.join(", ")));
            }
            if let Some(when) = &claim.when {
                words.push_str(&format!(" when {when}"));
            }
            let mut parts = vec![("claim".to_owned(), words)];
            push(&mut parts, "docs", &claim.docs);
            (claim.name.clone(), parts)
        };
        document.claims.iter().map(claim).collect()
    };
    compare("claim", claims(old), claims(new), &mut found);
    let accepted = |document: &Document| -> Vec<(String, Parts)> {
        let accepted =
            |one: &Accepted| (format!("{} on {}", one.code, one.on), vec![("reason".to_owned(), one.reason.clone())]);
        document.accepted.iter().map(accepted).collect()
    };
    compare("accepted", accepted(old), accepted(new), &mut found);
    found
}

/// The parts of an item, each once.
type Parts = Vec<(String, String)>;

/// The parts of an item, and lines whose order counts, each with the name that it is known by.
type Lines = (Parts, Vec<(String, String)>);

fn compare(kind: &'static str, old: Vec<(String, Parts)>, new: Vec<(String, Parts)>, found: &mut Vec<Item>) {
    let lines = |items: Vec<(String, Parts)>| items.into_iter().map(|(name, parts)| (name, (parts, Vec::new())));
    compare_lines(kind, lines(old).collect(), lines(new).collect(), found);
}

fn compare_lines(kind: &'static str, old: Vec<(String, Lines)>, new: Vec<(String, Lines)>, found: &mut Vec<Item>) {
    let (old, new): (BTreeMap<String, Lines>, BTreeMap<String, Lines>) =
        (old.into_iter().collect(), new.into_iter().collect());
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let nothing = (Vec::new(), Vec::new());
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        let presence = match (before, after) {
            (Some(_), Some(_)) => Presence::Kept,
            (Some(_), None) => Presence::Removed,
            _ => Presence::Added,
        };
        let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
        let mut fields = changed_parts(&before.0, &after.0);
        fields.extend(changed_lines(&before.1, &after.1));
        if !fields.is_empty() || presence != Presence::Kept {
            found.push(Item { kind, name: name.clone(), presence, fields });
        }
    }
}

fn changed_parts(before: &Parts, after: &Parts) -> Vec<FieldChange> {
    let value = |parts: &Parts, name: &str| parts.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
    let added = after.iter().filter(|(name, _)| value(before, name).is_none());
    let changed = before.iter().chain(added).map(|(name, _)| FieldChange {
        name: name.clone(),
        before: value(before, name),
        after: value(after, name),
    });
    changed.filter(|change| change.before != change.after).collect()
}

/// What changed in a list whose order counts. What goes and comes under one name has changed, or moved.
fn changed_lines(before: &[(String, String)], after: &[(String, String)]) -> Vec<FieldChange> {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for op in capture_diff_slices(Algorithm::Patience, before, after) {
        if let DiffOp::Equal { .. } = op {
            continue;
        }
        gone.extend(before.get(op.old_range()).unwrap_or_default());
        come.extend(after.get(op.new_range()).unwrap_or_default());
    }
    let mut found = Vec::new();
    for (name, text) in gone {
        // Under the same name it is the same thing, changed; with the same words it was moved, or renamed.
        let same_name = come.iter().position(|(other, _)| is_named(name) && other == name);
        let same = same_name.or_else(|| come.iter().position(|(_, other)| other == text));
        let change = match same.map(|at| come.remove(at)) {
            Some((_, other)) if other == text && same_name.is_some() => {
                FieldChange { name: format!("{name} moved"), before: Some(text.clone()), after: Some(other.clone()) }
            }
            Some((other_name, other)) if same_name.is_none() && other_name != name => FieldChange {
                name: format!("{name} is now {other_name}"),
                before: Some(text.clone()),
                after: Some(other.clone()),
            },
            Some((_, other)) => {
                FieldChange { name: name.clone(), before: Some(text.clone()), after: Some(other.clone()) }
            }
            None => FieldChange { name: name.clone(), before: Some(text.clone()), after: None },
        };
        found.push(change);
    }
    found.extend(come.into_iter().map(|(name, text)| FieldChange {
        name: name.clone(),
        before: None,
        after: Some(text.clone()),
    }));
    found
}

/// Whether a line is known by a name of its own, and not by its kind.
fn is_named(name: &str) -> bool {
    name.contains('`')
}

fn push(parts: &mut Parts, name: &str, value: &str) {
    if !value.is_empty() {
        parts.push((name.to_owned(), value.to_owned()));
    }
}

fn input_fields(prefix: &str, fields: &[Field]) -> Parts {
    let mut parts = Vec::new();
    for field in fields {
        let name = if prefix.is_empty() { field.name.clone() } else { format!("{prefix}.{}", field.name) };
        push(&mut parts, &format!("{name} docs"), &field.docs);
        parts.push((name, field.ty.clone()));
    }
    parts
}

fn capability(one: &Capability) -> Parts {
    let mut parts = vec![("kind".to_owned(), one.kind.clone()), ("version".to_owned(), one.version.clone())];
    push(&mut parts, "package", &one.package);
    push(&mut parts, "docs", &one.docs);
    push(&mut parts, "tags", &one.tags.join(", "));
    push(&mut parts, "deprecated", one.deprecated.as_deref().unwrap_or_default());
    parts.extend(input_fields("input", &one.input));
    parts.extend(input_fields("output", &one.output));
    let effect = |row: &Effect| match row.text.as_str() {
        "" => row.effect.clone(),
        text => format!("{} \"{text}\"", row.effect),
    };
    push(&mut parts, "effect", &table(&one.effect, effect));
    push(&mut parts, "risk", &table(&one.risk, |row| row.level.clone()));
    let own = |row: &OwnApproval| match &row.approval {
        Some(own) => format!("required {}", approval(own)),
        None => "not required".to_owned(),
    };
    push(&mut parts, "approval", &table(&one.approval, own));
    push(&mut parts, "compensate", &table(&one.compensate, compensation));
    push(&mut parts, "retry", &retry(&one.retry));
    push(&mut parts, "timeout", &one.timeout);
    push(&mut parts, "idempotent", &one.idempotent);
    push(&mut parts, "cost", &table(&one.cost, |row| row.amount.clone()));
    if let Some(handler) = &one.handler {
        let settings: Vec<String> = handler.settings.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        push(&mut parts, "handler", format!("{} {}", handler.kind, settings.join(", ")).trim());
    }
    parts
}

/// How something is undone, in the words of the language.
pub(super) fn compensation(one: &Compensation) -> String {
    match (&one.with, &one.manually, &one.none) {
        (Some(call), ..) => format!("with {call}"),
        (_, Some(why), _) => format!("manually because \"{why}\""),
        (.., Some(why)) => format!("none because \"{why}\""),
        _ => "not needed".to_owned(),
    }
}

fn retry(one: &Retry) -> String {
    let mut words = match one.attempts {
        Some(times) => format!("{times} times"),
        None => "until success".to_owned(),
    };
    if let Some((least, most)) = &one.backoff {
        words.push_str(&format!(" backoff {least}..{most}"));
    }
    if one.on_transient {
        words.push_str(" on transient");
    }
    words
}

/// A table on one line.
pub(super) fn table<V>(rows: &[Row<V>], value: impl Fn(&V) -> String) -> String {
    let row = |row: &Row<V>| {
        let mut words = value(&row.value);
        match &row.when {
            Some(when) => words.push_str(&format!(" when {when}")),
            None if rows.len() > 1 => words.push_str(" otherwise"),
            None => {}
        }
        if let Some(because) = &row.because {
            words.push_str(&format!(" because \"{because}\""));
        }
        words
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

fn approval(one: &Approval) -> String {
    let mut words = format!("from {}", one.from.join(", "));
    if one.quorum != 1 {
        words.push_str(&format!(" quorum {}", one.quorum));
    }
    if let Some(within) = &one.within {
        words.push_str(&format!(" within {within}"));
    }
    words
}

fn action(decision: &str, own: Option<&Approval>) -> String {
    match own {
        Some(own) => format!("require approval {} for", approval(own)),
        None => decision.to_owned(),
    }
}

fn policy(one: &Policy) -> Lines {
    let Action { decision, approval: own } = &one.default;
    let default = action(decision, own.as_ref());
    let mut parts = vec![
        ("default".to_owned(), default.trim_end_matches(" for").to_owned()),
        ("escalate".to_owned(), escalation(&one.escalate)),
    ];
    push(&mut parts, "docs", &one.docs);
    (parts, one.rules.iter().map(rule).collect())
}

fn escalation(one: &Escalation) -> String {
    match (&one.never, &one.risk, &one.approval) {
        (Some(because), ..) => format!("never because \"{because}\""),
        (_, Some(risk), Some(own)) => {
            let said = if one.by_default { " (by default)" } else { "" };
            format!("risk >= {risk} to {}{said}", approval(own).trim_start_matches("from "))
        }
        _ => String::new(),
    }
}

fn rule(one: &Rule) -> (String, String) {
    let mut words = format!(
        "{} {} to {}",
        action(&one.decision, one.approval.as_ref()),
        one.subjects.join(", "),
        one.targets.join(", ")
    );
    if let Some(when) = &one.when {
        words.push_str(&format!(" when {when}"));
    }
    if let Some(because) = &one.because {
        words.push_str(&format!(" because \"{because}\""));
    }
    (one.name.as_ref().map_or_else(|| "rule".to_owned(), |name| format!("rule `{name}`")), words)
}

fn workflow(one: &Workflow) -> Lines {
    let mut parts = Vec::new();
    push(&mut parts, "docs", &one.docs);
    let params: Vec<String> = one.params.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
    push(&mut parts, "parameters", &params.join(", "));
    push(&mut parts, "returns", one.returns.as_deref().unwrap_or_default());
    push(&mut parts, "principal", &one.principal);
    push(&mut parts, "policy", &one.policy);
    let calls = one.budget.calls.map(|calls| format!("{calls} calls"));
    let budget = [one.budget.money.clone(), calls, one.budget.time.clone()];
    push(&mut parts, "budget", &budget.into_iter().flatten().collect::<Vec<_>>().join(", "));
    push(&mut parts, "tenant", one.tenant.as_deref().unwrap_or_default());
    (parts, statements(one))
}

/// The statements of a workflow, a line each, with the name that each is known by.
pub(super) fn statements(one: &Workflow) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    one.body.iter().for_each(|node| statement(node, "", &mut lines));
    lines
}

/// A statement and those in it, a line each; `around` says what it stands in.
fn statement(node: &Node, around: &str, lines: &mut Vec<(String, String)>) {
    let mut line = |name: &str, words: String| lines.push((name.to_owned(), format!("{around}{words}")));
    match node {
        Node::Step(step) => line(&format!("step `{}`", step.name), step_words(step)),
        Node::Check { condition, otherwise, .. } => line("check", format!("check {condition} else {otherwise}")),
        Node::Fail { message, .. } => line("fail", format!("fail {message}")),
        Node::Let { name, value, .. } => line(&format!("let `{name}`"), format!("let {name} = {value}")),
        Node::Approval { name, approval: own, question, .. } => {
            line(&format!("approval `{name}`"), format!("approval {name} {} {question}", approval(own)));
        }
        Node::Wait { duration, .. } => line("wait", format!("wait {duration}")),
        Node::Return { value, .. } => line("return", format!("return {value}")),
        Node::If { arms, otherwise, .. } => {
            for (index, arm) in arms.iter().enumerate() {
                let word = if index == 0 { "if" } else { "else if" };
                let head = format!("{around}{word} {}: ", arm.when);
                lines.push(("branch".to_owned(), head.trim_end_matches(": ").to_owned()));
                arm.then.iter().for_each(|node| statement(node, &head, lines));
            }
            let head = format!("{around}else: ");
            otherwise.iter().for_each(|node| statement(node, &head, lines));
        }
        Node::Parallel { branches, .. } => {
            let head = format!("{around}parallel: ");
            branches.iter().for_each(|node| statement(node, &head, lines));
        }
        Node::For { name, list, up_to, parallel, body, .. } => {
            let word = if *parallel { "parallel for" } else { "for" };
            let head = format!("{around}{word} {name} in {list} up to {up_to}: ");
            lines.push(("loop".to_owned(), head.trim_end_matches(": ").to_owned()));
            body.iter().for_each(|node| statement(node, &head, lines));
        }
    }
}

/// A step in the words of the language.
fn step_words(step: &Step) -> String {
    let mut words = format!("step {} as {} = ", step.name, step.principal);
    if let Some(call) = &step.call {
        words.push_str(call);
    }
    if let Some(run) = &step.run {
        words.push_str(&format!("run {} {}", run.workflow, run.arguments));
    }
    if let Some(own) = &step.retry {
        words.push_str(&format!(" retry {}", retry(own)));
    }
    if let Some(timeout) = &step.timeout {
        words.push_str(&format!(" timeout {timeout}"));
    }
    if let Some(own) = &step.compensate {
        words.push_str(&format!(" compensate {}", table(own, compensation)));
    }
    step.or.iter().for_each(|call| words.push_str(&format!(" or {call}")));
    if step.on_failure_continue {
        words.push_str(" on failure continue");
    }
    if !step.after.is_empty() {
        words.push_str(&format!(" after {}", step.after.join(", ")));
    }
    words
}
