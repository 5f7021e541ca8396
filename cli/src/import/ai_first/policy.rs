//! Policy files: rules that are read from the top, as Gov reads them.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value as Json;

use super::{standard, texts, unread};
use crate::import::document::Document;
use crate::import::schema::shown;
use crate::import::{Source, words};

/// Translates a file; the policy's name.
pub fn import(document: &mut Document, source: &Source) -> String {
    let stem = Path::new(&source.name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = document.fresh("policy", &words::name(stem).unwrap_or_else(|| "policies".to_owned()));
    let place = format!("{}, policy", source.name);
    let mut text = unread(document, &place, &source.value, &["default", "rules"]);
    let _ = writeln!(text, "policy {name} {{");
    match source.value.get("default").map(action) {
        Some(Some(action)) => {
            let _ = writeln!(text, "default {}", action.default());
        }
        Some(None) => {
            let what = format!("`default: {}`", shown(source.value.get("default").unwrap_or(&Json::Null)));
            text.push_str(&document.note(&place, &what));
            text.push_str("default deny\n");
        }
        None => text.push_str("default deny\n"),
    }
    text.push_str("escalate risk >= high\n");
    let rules = source.value.get("rules").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    if let Some(other) = source.value.get("rules").filter(|rules| !rules.is_array()) {
        text.push_str(&document.note(&place, &format!("`rules: {}`", shown(other))));
    }
    for (at, rule) in rules.iter().enumerate() {
        let place = format!("{}, rule {}", source.name, at + 1);
        text.push_str(&translated(document, &place, rule));
    }
    text.push('}');
    document.item(text);
    name
}

/// What a rule decides.
#[derive(Clone, Copy)]
enum Action {
    Allow,
    Deny,
    Approval,
}

impl Action {
    fn default(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Deny => "deny",
            Action::Approval => "require approval",
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Deny => "deny",
            Action::Approval => "require approval for",
        }
    }
}

fn action(value: &Json) -> Option<Action> {
    match value.as_str()?.to_ascii_uppercase().as_str() {
        "ALLOW" => Some(Action::Allow),
        "DENY" => Some(Action::Deny),
        "REQUIRE_APPROVAL" => Some(Action::Approval),
        _ => None,
    }
}

fn translated(document: &mut Document, place: &str, rule: &Json) -> String {
    let whole = |document: &mut Document, why: &str| document.note(place, &format!("the rule {}: {why}", shown(rule)));
    let Some(action) = rule.get("action").and_then(action) else {
        return whole(document, "its action is none that is known");
    };
    let mut text = unread(document, place, rule, &["principal", "capabilities", "action", "description", "reason"]);
    let said = texts(rule.get("principal"));
    let subjects: Vec<String> = said.iter().filter_map(|principal| words::principal(principal)).collect();
    if subjects.is_empty() || subjects.len() < said.len() {
        return text + &whole(document, "its principal cannot be written");
    }
    for role in subjects.iter().filter_map(|subject| subject.strip_prefix("role:")) {
        document.role(role);
    }
    let said = texts(rule.get("capabilities"));
    let mut targets = Vec::new();
    for capability in &said {
        match words::pattern(capability) {
            Some(pattern) => {
                standard::uses(document, &pattern);
                targets.push(pattern);
            }
            None => {
                text.push_str(&document.note(place, &format!("the capability `{capability}`, which is no pattern")))
            }
        }
    }
    let listed = rule.get("capabilities").and_then(Json::as_array).map_or(said.len(), Vec::len);
    if targets.is_empty() || listed > said.len() {
        return text + &whole(document, "its capabilities cannot be written");
    }
    // `any` alone says what others beside it would.
    let targets = if targets.iter().any(|target| target == "any") { vec!["any".to_owned()] } else { targets };
    let subjects = if subjects.iter().any(|subject| subject == "any") { vec!["any".to_owned()] } else { subjects };
    let because = ["reason", "description"].iter().find_map(|key| rule.get(*key).and_then(Json::as_str));
    let because = because.map(|because| format!(" because {}", words::quoted(because))).unwrap_or_default();
    let _ = writeln!(text, "{} {} to {}{because}", action.rule(), subjects.join(", "), targets.join(", "));
    text
}
