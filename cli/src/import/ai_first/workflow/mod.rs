//! Workflow files: steps in an order that their dependencies allow.

mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value as Json};

use super::capability::level;
use super::standard::{self, Standard};
use super::types::Type;
use super::used::Used;
use super::{texts, unread};
use crate::import::document::Document;
use crate::import::schema::shown;
use crate::import::{Source, words};

/// Words that a workflow cannot bind, or that mean something else in one.
const TAKEN: [&str; 22] = [
    "step",
    "check",
    "fail",
    "let",
    "if",
    "else",
    "parallel",
    "for",
    "approval",
    "wait",
    "return",
    "context",
    "principal",
    "policy",
    "budget",
    "tenant",
    "run",
    "retry",
    "timeout",
    "compensate",
    "on",
    "after",
];

/// Translates a file.
pub fn import(document: &mut Document, used: &mut Used, source: &Source) {
    let value = &source.value;
    let said = value.get("name").or_else(|| value.get("workflow_id")).and_then(Json::as_str).unwrap_or_default();
    let name = document.fresh("workflow", &words::name(said).unwrap_or_else(|| "workflow".to_owned()));
    let place = format!("workflow `{name}`");
    let mut docs = value.get("description").and_then(Json::as_str).map(words::docs).unwrap_or_default();
    if let Some(version) = value.get("version").and_then(Json::as_str) {
        docs.push_str(if docs.is_empty() { "" } else { "///\n" });
        docs.push_str(&words::docs(&format!("Version {version}.")));
    }
    if let Some(state) =
        value.get("initial_state").filter(|state| state.as_object().is_some_and(|state| !state.is_empty()))
    {
        docs.push_str(if docs.is_empty() { "" } else { "///\n" });
        docs.push_str(&words::docs(&format!("The file begins with: {}", shown(state))));
    }
    let mut text = String::new();
    let read = [
        "name",
        "workflow_id",
        "description",
        "version",
        "metadata",
        "initial_state",
        "steps",
        "policy",
        "global_compensation_steps",
        "max_execution_time_seconds",
        "enable_auto_rollback",
    ];
    text.push_str(&unread(document, &place, value, &read));
    if let Some(other) = value.get("workflow_id").and_then(Json::as_str).filter(|id| *id != said) {
        text.push_str(&document.note(&place, &format!("`workflow_id: {other}`")));
    }
    text.push_str(&unread(document, &format!("{place}, metadata"), value.get("metadata").unwrap_or(&Json::Null), &[]));
    for step in value.get("global_compensation_steps").and_then(Json::as_array).into_iter().flatten() {
        text.push_str(&document.note(&place, &format!("the global compensation {}", shown(step))));
    }
    if value.get("enable_auto_rollback") == Some(&Json::Bool(false)) {
        text.push_str(&document.note(&place, "that nothing is undone when it fails"));
    }
    let mut translation = Translation {
        document,
        used,
        place,
        names: BTreeSet::new(),
        bound: BTreeMap::new(),
        undoes: Vec::new(),
        calls: Vec::new(),
        limits: BTreeMap::new(),
    };
    let parameters = translation.parameters(&mut text, value.get("initial_state").unwrap_or(&Json::Null));
    let rules = value.get("policy").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    translation.limits(rules);
    let steps = value.get("steps").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    if let Some(other) = value.get("policy").filter(|policy| !policy.is_array() && !policy.is_null()) {
        text.push_str(&translation.document.note(&translation.place, &format!("`policy: {}`", shown(other))));
    }
    if !value.get("steps").is_some_and(Json::is_array) {
        text.push_str(&translation.document.note(&translation.place, "`steps`, which is no list"));
    }
    let ordered = translation.order(&mut text, steps);
    let agents: Vec<Option<String>> = ordered.iter().map(|step| agent(step)).collect();
    let principal = agents.iter().flatten().next().cloned().unwrap_or_else(|| "agent:unknown".to_owned());
    let mut body = String::new();
    for (step, agent) in ordered.iter().zip(&agents) {
        let other = agent.as_ref().filter(|agent| **agent != principal);
        body.push_str(&translation.step(step, other.map(String::as_str), agent.as_deref().unwrap_or(&principal)));
    }
    let policy = translation.policy(&name, rules);
    let _ = write!(text, "{docs}workflow {name}({parameters}) {{\nprincipal {principal}\npolicy {policy}\n");
    if let Some(limit) = value.get("max_execution_time_seconds") {
        match limit.as_f64().and_then(words::seconds) {
            Some(limit) => {
                let _ = writeln!(text, "budget {limit}");
            }
            None => text.push_str(
                &translation
                    .document
                    .note(&translation.place, &format!("`max_execution_time_seconds: {}`", shown(limit))),
            ),
        }
    }
    text.push_str(&body);
    text.push('}');
    document.item(text);
}

/// A workflow in the making.
struct Translation<'d> {
    document: &'d mut Document,
    used: &'d mut Used,
    place: String,
    /// Every name that is taken.
    names: BTreeSet<String>,
    /// What can be read: as the file calls it, with its name here, and the capability if it is a step.
    bound: BTreeMap<String, (String, Bound)>,
    /// The capabilities that undo something.
    undoes: Vec<String>,
    /// Who calls what.
    calls: Vec<(String, String)>,
    /// How often an agent's calls are tried again, and how long they may take, where a step does not say.
    limits: BTreeMap<String, (Json, Json)>,
}

#[derive(Clone)]
enum Bound {
    Parameter(Type),
    Step(String),
    Approval,
}

impl Translation<'_> {
    fn note(&mut self, step: &str, what: &str) -> String {
        let place = if step.is_empty() { self.place.clone() } else { format!("{}, step `{step}`", self.place) };
        self.document.note(&place, what)
    }

    /// A name that is not taken yet.
    fn bind(&mut self, wanted: &str) -> Option<String> {
        let wanted = words::field(wanted)?;
        let wanted = if TAKEN.contains(&wanted.as_str()) { format!("{wanted}_") } else { wanted };
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        Some(name)
    }

    fn parameters(&mut self, text: &mut String, state: &Json) -> String {
        let Some(fields) = state.as_object() else {
            if !state.is_null() {
                text.push_str(&self.note("", &format!("`initial_state: {}`", shown(state))));
            }
            return String::new();
        };
        let mut parameters = Vec::new();
        for (name, value) in fields {
            let Some(own) = self.bind(name) else {
                text.push_str(&self.note("", &format!("the state `{name}: {}`", shown(value))));
                continue;
            };
            let ty = Type::of(value);
            parameters.push(format!("{own}: {}", ty.text()));
            self.bound.insert(name.clone(), (own, Bound::Parameter(ty)));
        }
        parameters.join(", ")
    }

    /// Takes note of what rules say about the calls of their agents.
    fn limits(&mut self, rules: &[Json]) {
        for rule in rules {
            let said = |key: &str| rule.get(key).cloned().unwrap_or(Json::Null);
            if let Some(agent) = agent(rule) {
                self.limits.entry(agent).or_insert((said("max_retries"), said("timeout_seconds")));
            }
        }
    }

    /// The steps in an order in which each comes after what it depends on; otherwise in that of the file.
    fn order<'s>(&mut self, text: &mut String, steps: &'s [Json]) -> Vec<&'s Json> {
        let name = |step: &'s Json| step.get("name").and_then(Json::as_str).unwrap_or_default();
        let known: BTreeSet<&str> = steps.iter().map(name).collect();
        let mut left: Vec<&Json> = steps.iter().collect();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut ordered = Vec::new();
        for step in steps {
            for other in texts(step.get("depends_on")).into_iter().filter(|other| !known.contains(other)) {
                text.push_str(&self.note(name(step), &format!("that it depends on `{other}`, which is no step")));
            }
        }
        while !left.is_empty() {
            let ready = left.iter().position(|step| {
                let wanted = texts(step.get("depends_on"));
                wanted.into_iter().all(|other| done.contains(other) || !known.contains(other))
            });
            let at = ready.unwrap_or_else(|| {
                let stuck = left.first().map(|step| name(step)).unwrap_or_default();
                text.push_str(&self.note(stuck, "what it depends on, which depends on it"));
                0
            });
            let step = left.remove(at);
            done.insert(name(step));
            ordered.push(step);
        }
        ordered
    }

    fn step(&mut self, step: &Json, other: Option<&str>, agent: &str) -> String {
        let Some(said) = step.get("name").and_then(Json::as_str) else {
            return self.note("", &format!("the step {}, which has no name", shown(step)));
        };
        match step.get("step_type").and_then(Json::as_str).unwrap_or("ACTION").to_ascii_uppercase().as_str() {
            "ACTION" => self.action(said, step, other, agent),
            "HUMAN_APPROVAL" => self.approval(said, step),
            kind => self.note(said, &format!("the step, which is of the type `{kind}`: {}", shown(step))),
        }
    }

    fn action(&mut self, said: &str, step: &Json, other: Option<&str>, agent: &str) -> String {
        let capability = step.get("capability_name").and_then(Json::as_str);
        let id = capability.and_then(|capability| words::id("imported", capability));
        let (Some(id), Some(own)) = (id, self.bind(said)) else {
            return self.note(said, &format!("the step, which names no capability: {}", shown(step)));
        };
        let mut text = step.get("description").and_then(Json::as_str).map(words::docs).unwrap_or_default();
        let read = [
            "name",
            "step_type",
            "agent_name",
            "capability_name",
            "inputs",
            "depends_on",
            "risk_level",
            "compensation",
            "description",
            "max_retries",
            "timeout_seconds",
        ];
        let place = format!("{}, step `{said}`", self.place);
        text.push_str(&unread(self.document, &place, step, &read));
        let empty = Json::Object(Map::new());
        let inputs = step.get("inputs").filter(|inputs| !inputs.is_null()).unwrap_or(&empty);
        let arguments = self.arguments(&mut text, said, &id, inputs);
        text.push_str(&self.risk(said, &id, step));
        let used = self.used.of(&id);
        used.steps.push(said.to_owned());
        self.calls.push((agent.to_owned(), id.clone()));
        // In the runtime that this comes from, nobody is asked whether an undo is allowed.
        self.undoes.extend(standard::find(&id).into_iter().flat_map(Standard::undo).map(str::to_owned));
        self.bound.insert(said.to_owned(), (own.clone(), Bound::Step(id.clone())));
        let as_other = other.map(|other| format!(" as {other}")).unwrap_or_default();
        let mut options = String::new();
        let (retries, timeout) = self.limits.get(agent).cloned().unwrap_or_default();
        let said_or = |key: &str, other: Json| step.get(key).cloned().unwrap_or(other);
        let (retries, timeout) = (said_or("max_retries", retries), said_or("timeout_seconds", timeout));
        if !retries.is_null() {
            match retries.as_u64().filter(|retries| *retries < 1_000) {
                Some(retries) => {
                    let _ = write!(options, " retry {} times", retries + 1);
                }
                None => text.push_str(&self.note(said, &format!("`max_retries: {}`", shown(&retries)))),
            }
        }
        if !timeout.is_null() {
            match timeout.as_f64().and_then(words::seconds) {
                Some(timeout) => {
                    let _ = write!(options, " timeout {timeout}");
                }
                None => text.push_str(&self.note(said, &format!("`timeout_seconds: {}`", shown(&timeout)))),
            }
        }
        if let Some(compensation) = step.get("compensation").filter(|compensation| !compensation.is_null()) {
            options.push_str(&self.compensation(&mut text, said, &id, compensation));
        }
        let _ = writeln!(text, "step {own}{as_other} = {id} {{{arguments}}}{options}");
        text
    }

    fn compensation(&mut self, text: &mut String, said: &str, undone: &str, compensation: &Json) -> String {
        let place = format!("{}, compensation of `{said}`", self.place);
        let read = ["step_name", "capability_name", "inputs", "description"];
        text.push_str(&unread(self.document, &place, compensation, &read));
        if let Some(other) = compensation.get("step_name").and_then(Json::as_str).filter(|name| *name != said) {
            text.push_str(&self.note(said, &format!("that its compensation is of the step `{other}`")));
        }
        let named = compensation.get("capability_name").and_then(Json::as_str);
        let Some(id) = named.and_then(|named| words::id("imported", named)) else {
            text.push_str(
                &self.note(said, &format!("the compensation {}, which names no capability", shown(compensation))),
            );
            return String::new();
        };
        if let Some(description) = compensation.get("description").and_then(Json::as_str) {
            let _ = writeln!(text, "// undone: {}", words::plain(description));
        }
        let empty = Json::Object(Map::new());
        let inputs = compensation.get("inputs").filter(|inputs| !inputs.is_null()).unwrap_or(&empty);
        let arguments = self.arguments(text, said, &id, inputs);
        self.used.of(undone).undone = true;
        let used = self.used.of(&id);
        used.undoes = true;
        used.steps.push(said.to_owned());
        self.undoes.push(id.clone());
        format!(" compensate with {id} {{{arguments}}}")
    }

    /// A label on a step is the capability's risk where nobody declares the capability, and nothing elsewhere.
    fn risk(&mut self, said: &str, id: &str, step: &Json) -> String {
        let Some(label) = step.get("risk_level").filter(|label| !label.is_null()) else { return String::new() };
        let Some(level) = level(Some(label)) else {
            return self.note(said, &format!("`risk_level: {}`", shown(label)));
        };
        if standard::is_theirs(id) || self.document.declares(id) {
            return self.note(said, &format!("`risk_level: {}`: the capability states its risk", shown(label)));
        }
        let rank = |level: &str| ["low", "medium", "high", "critical"].iter().position(|own| *own == level);
        let used = self.used.of(id);
        match &used.risk {
            Some((known, _)) if *known == level => String::new(),
            Some((known, _)) => {
                let lower = if rank(known) < rank(level) { known } else { level };
                let what = format!("`risk_level: {lower}` of `{id}`, which other steps state otherwise");
                if rank(known) < rank(level) {
                    used.risk = Some((level, said.to_owned()));
                }
                self.note(said, &what)
            }
            None => {
                used.risk = Some((level, said.to_owned()));
                String::new()
            }
        }
    }

    fn approval(&mut self, said: &str, step: &Json) -> String {
        let Some(own) = self.bind(said) else {
            return self.note(said, &format!("the approval {}", shown(step)));
        };
        let mut text = step.get("description").and_then(Json::as_str).map(words::docs).unwrap_or_default();
        let place = format!("{}, step `{said}`", self.place);
        let read = ["name", "step_type", "capability_name", "inputs", "depends_on", "description", "timeout_seconds"];
        text.push_str(&unread(self.document, &place, step, &read));
        let inputs = step.get("inputs").unwrap_or(&Json::Null);
        let read = ["approval_message", "message", "approver_role", "approval_timeout"];
        text.push_str(&unread(self.document, &place, inputs, &read));
        let said_of = |key: &str| inputs.get(key).and_then(Json::as_str);
        let message = said_of("approval_message").or_else(|| said_of("message")).unwrap_or(said);
        let role = said_of("approver_role").and_then(words::name);
        if let Some(role) = &role {
            self.document.role(role);
        }
        let from = role.map_or_else(|| "user:*".to_owned(), |role| format!("role:{role}"));
        let limit = inputs.get("approval_timeout").or_else(|| step.get("timeout_seconds"));
        let within = match limit.map(|limit| (limit, limit.as_f64().and_then(words::seconds))) {
            Some((_, Some(limit))) => format!(" within {limit}"),
            Some((limit, None)) => {
                text.push_str(&self.note(said, &format!("the time limit `{}`", shown(limit))));
                String::new()
            }
            None => String::new(),
        };
        let message = self.text(&mut text, said, message);
        self.bound.insert(said.to_owned(), (own.clone(), Bound::Approval));
        let _ = writeln!(text, "approval {own} from {from}{within} {message}");
        text
    }

    /// The policy of the file, or one that allows what the steps do where the file has none. Its name.
    fn policy(&mut self, workflow: &str, rules: &[Json]) -> String {
        let name = self.document.fresh("policy", workflow);
        let mut text = String::new();
        if rules.is_empty() {
            text.push_str("/// Assumed: the file states no policy. What the steps do is allowed, and nothing else.\n");
        }
        let _ = write!(text, "policy {name} {{\ndefault deny\nescalate risk >= high\n");
        self.undoes.sort();
        self.undoes.dedup();
        if !self.undoes.is_empty() {
            let _ = writeln!(text, "undo: allow system:rollback to {}", self.undoes.join(", "));
        }
        for (at, rule) in rules.iter().enumerate() {
            text.push_str(&self.rule(at + 1, rule));
        }
        if rules.is_empty() {
            let mut allowed: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (agent, id) in std::mem::take(&mut self.calls) {
                let ids = allowed.entry(agent).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            for (agent, ids) in allowed {
                let _ = writeln!(text, "allow {agent} to {}", ids.join(", "));
            }
        }
        text.push('}');
        self.document.item(text);
        name
    }

    fn rule(&mut self, number: usize, rule: &Json) -> String {
        let place = format!("{}, policy {number}", self.place);
        let Some(agent) = agent(rule) else {
            return self.document.note(&place, &format!("the rule {}, which names no agent", shown(rule)));
        };
        let mut text = unread(
            self.document,
            &place,
            rule,
            &["agent_name", "allowed_capabilities", "requires_approval_for", "max_retries", "timeout_seconds"],
        );
        for (key, action) in [("requires_approval_for", "require approval for"), ("allowed_capabilities", "allow")] {
            let mut targets = Vec::new();
            for said in texts(rule.get(key)) {
                match words::pattern(said) {
                    Some(pattern) => {
                        standard::uses(self.document, &pattern);
                        targets.push(pattern);
                    }
                    None => text.push_str(&self.document.note(&place, &format!("`{said}` of `{key}`"))),
                }
            }
            if !targets.is_empty() {
                let _ = writeln!(text, "{action} {agent} to {}", targets.join(", "));
            }
        }
        text
    }
}

/// The principal that a step or a rule names.
fn agent(step: &Json) -> Option<String> {
    words::principal_of("agent", step.get("agent_name").and_then(Json::as_str)?)
}
