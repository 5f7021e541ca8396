//! Capability files: the form of the runtime, and the form of a proposal.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::{standard, texts, unread};
use crate::import::document::Document;
use crate::import::schema::{Fields, Reader, shown};
use crate::import::{Source, words};

/// Translates a file.
pub fn import(document: &mut Document, source: &Source) {
    let value = &source.value;
    let said = value.get("id").or_else(|| value.pointer("/meta/id")).and_then(Json::as_str);
    let Some(id) = said.and_then(|said| words::id("imported", said)) else {
        document.note_apart(&source.name, &format!("everything: the capability has no id: {}", shown(value)));
        return;
    };
    if standard::find(&id).is_some() {
        standard::uses(document, &id);
        document.note_apart(&source.name, &format!("everything: `{id}` is in a standard module"));
        return;
    }
    if !document.claim(&id) {
        document.note_apart(&source.name, &format!("everything: another file declares `{id}`"));
        return;
    }
    let text = match value.get("adapter") {
        Some(adapter) => proposal(document, &source.name, &id, value, adapter),
        None => capability(document, &source.name, &id, value),
    };
    document.item(text);
}

fn capability(document: &mut Document, place: &str, id: &str, value: &Json) -> String {
    let said = |pointer: &str| value.pointer(pointer).and_then(Json::as_str);
    let mut text = said("/name").map(words::docs).unwrap_or_default();
    if let Some(description) = said("/description") {
        text.push_str(if text.is_empty() { "" } else { "///\n" });
        text.push_str(&words::docs(description));
    }
    let read = [
        "id",
        "name",
        "description",
        "operation_type",
        "risk",
        "side_effects",
        "compensation",
        "parameters",
        "returns",
        "metadata",
    ];
    text.push_str(&unread(document, place, value, &read));
    let kind = said("/operation_type").unwrap_or_default().to_ascii_lowercase();
    let kind = match kind.as_str() {
        "read" | "write" | "delete" | "execute" | "network" => kind.as_str(),
        other => {
            text.push_str(&document.note(place, &format!("the operation type `{other}`: taken as `execute`")));
            "execute"
        }
    };
    let mut body = metadata(document, place, value.get("metadata").unwrap_or(&Json::Null));
    body.push_str(&fields(document, place, value));
    body.push_str(&effect(document, place, value.get("side_effects").unwrap_or(&Json::Null), kind));
    if let Some(risk) = value.get("risk") {
        body.push_str(&unread(document, place, risk, &["level", "justification", "requires_approval"]));
        match level(risk.get("level")) {
            Some(level) => {
                let because = risk.get("justification").and_then(Json::as_str);
                let because = because.map(|because| format!(" because {}", words::quoted(because))).unwrap_or_default();
                let _ = writeln!(body, "risk {level}{because}");
            }
            None => body.push_str(&document.note(place, &format!("the risk {}", shown(risk)))),
        }
        match risk.get("requires_approval") {
            Some(Json::Bool(true)) => body.push_str("approval required\n"),
            Some(Json::Bool(false)) | None => {}
            Some(other) => body.push_str(&document.note(place, &format!("`requires_approval: {}`", shown(other)))),
        }
    }
    body.push_str(&compensation(document, place, value.get("compensation").unwrap_or(&Json::Null), kind));
    let _ = write!(text, "capability {id}: {kind} {{\n{body}handler none\n}}");
    text
}

fn metadata(document: &mut Document, place: &str, metadata: &Json) -> String {
    let mut text = String::new();
    let version = metadata.get("version").and_then(Json::as_str).unwrap_or_default();
    let numbers: Vec<&str> = version.split('.').collect();
    let well = numbers.len() == 3
        && numbers.iter().all(|number| number.parse::<u32>().is_ok_and(|parsed| parsed.to_string() == **number));
    if well {
        let _ = writeln!(text, "version \"{version}\"");
    }
    let mut tags: Vec<String> = texts(metadata.get("tags")).into_iter().filter_map(words::name).collect();
    tags.sort();
    tags.dedup();
    if !tags.is_empty() {
        let _ = writeln!(text, "tags [{}]", tags.join(", "));
    }
    if metadata.get("deprecated") == Some(&Json::Bool(true)) {
        text.push_str("deprecated \"the file says so, and not what to use instead\"\n");
    }
    let read = if well { &["version", "tags", "deprecated"][..] } else { &["tags", "deprecated"] };
    text.push_str(&unread(document, place, metadata, read));
    text
}

fn fields(document: &mut Document, place: &str, value: &Json) -> String {
    let mut text = String::new();
    let reader = Reader::new(value, "Decimal");
    let mut input = Fields::default();
    for parameter in value.get("parameters").and_then(Json::as_array).into_iter().flatten() {
        let Some(name) = parameter.get("name").and_then(Json::as_str) else {
            text.push_str(&document.note(place, &format!("the parameter {}", shown(parameter))));
            continue;
        };
        let mut schema: Map<String, Json> = parameter.as_object().cloned().unwrap_or_default();
        let required = schema.get("required").and_then(Json::as_bool).unwrap_or(true);
        schema.retain(|key, value| !matches!(key.as_str(), "name" | "required") && !value.is_null());
        reader.add(document, place, (name, &Json::Object(schema), required, ""), &mut input);
    }
    if let Some(other) = value.get("parameters").filter(|parameters| !parameters.is_array() && !parameters.is_null()) {
        text.push_str(&document.note(place, &format!("`parameters: {}`", shown(other))));
    }
    if !input.text.is_empty() {
        let _ = write!(text, "input {{\n{}}}\n", input.text);
    }
    if let Some(returns) = value.get("returns").filter(|returns| !returns.is_null()) {
        // What is not said to be required is given, as the runtime that this comes from takes it.
        let mut schema = returns.clone();
        let names = returns.get("properties").and_then(Json::as_object).map(|fields| fields.keys().collect::<Vec<_>>());
        if let (Some(names), Some(object)) = (names, schema.as_object_mut()) {
            object.insert("required".to_owned(), json!(names));
        }
        match reader.object(document, &format!("{place}, returns"), &schema) {
            Some(output) => {
                let _ = write!(text, "output {{\n{}}}\n", output.text);
            }
            None => text.push_str(&document.note(place, &format!("`returns: {}`", shown(returns)))),
        }
    }
    text
}

fn effect(document: &mut Document, place: &str, effect: &Json, kind: &str) -> String {
    let mut text = unread(document, place, effect, &["reversible", "scope", "description"]);
    let Some(reversible) = effect.get("reversible").and_then(Json::as_bool) else {
        if !effect.is_null() && text.is_empty() {
            text.push_str(&document.note(place, &format!("`side_effects: {}`", shown(effect))));
        }
        return text;
    };
    let scope = effect.get("scope").and_then(Json::as_str).unwrap_or_default();
    let described = effect.get("description").and_then(Json::as_str).unwrap_or_default();
    // A kind that only reads has no effect, whatever is said of it.
    if kind == "read" && matches!(scope, "none" | "") {
        return text;
    }
    let scope = match scope {
        "local" | "network" | "external" => scope,
        other => {
            text.push_str(&document.note(place, &format!("the scope `{other}`: taken as `external`")));
            "external"
        }
    };
    let word = if reversible { "reversible" } else { "irreversible" };
    let _ = writeln!(text, "effect {word} {scope} {}", words::quoted(described));
    text
}

fn compensation(document: &mut Document, place: &str, compensation: &Json, kind: &str) -> String {
    let mut text = unread(document, place, compensation, &["supported", "strategy", "capability_id"]);
    let named = compensation.get("capability_id").and_then(Json::as_str).filter(|name| !name.is_empty());
    let strategy = compensation.get("strategy").and_then(Json::as_str).unwrap_or_default();
    match (compensation.get("supported").and_then(Json::as_bool), named) {
        (Some(true), Some(named)) => match words::id("imported", named) {
            Some(id) => {
                standard::uses(document, &id);
                text.push_str(
                    &document.note(place, &format!("what `{id}` is given to undo it, which the file does not say")),
                );
                let _ = writeln!(text, "compensate with {id} {{}}");
            }
            None => text.push_str(&document.note(place, &format!("the compensation {}", shown(compensation)))),
        },
        (Some(true), None) if strategy.eq_ignore_ascii_case("manual") => {
            text.push_str("compensate manually because \"the file says that a person undoes it\"\n");
        }
        // Nothing is written in its place: that it is missing is what has to be found.
        (Some(true), None) => {
            let what = format!("the compensation: it is said to be `{strategy}`, and names no capability");
            text.push_str(&document.note(place, &what));
        }
        (Some(false), _) if kind != "read" => {
            text.push_str("compensate none because \"the file says that it is not supported\"\n");
        }
        (Some(false), _) => {}
        (None, _) if compensation.is_null() => {}
        (None, _) => text.push_str(&document.note(place, &format!("the compensation {}", shown(compensation)))),
    }
    text
}

fn proposal(document: &mut Document, place: &str, id: &str, value: &Json, adapter: &Json) -> String {
    let said = |pointer: &str| value.pointer(pointer).and_then(Json::as_str);
    let mut text = said("/meta/description").map(words::docs).unwrap_or_default();
    text.push_str(if text.is_empty() { "" } else { "///\n" });
    text.push_str("/// Assumed: it may change anything, and nothing undoes it. The file does not say.\n");
    let status = said("/proposal/status").unwrap_or_default();
    if !status.is_empty() {
        text.push_str(&words::docs(&format!("Status: {status}.")));
    }
    if let Some(rationale) = said("/proposal/rationale") {
        text.push_str(&words::docs(rationale));
    }
    text.push_str(&unread(document, place, value, &["meta", "adapter", "proposal"]));
    let proposal = value.get("proposal").unwrap_or(&Json::Null);
    text.push_str(&unread(
        document,
        place,
        proposal,
        &["status", "rationale", "governance_requirements", "integration_rules"],
    ));
    for key in ["governance_requirements", "integration_rules"] {
        for line in texts(proposal.get(key)) {
            text.push_str(&document.note(place, &format!("{}: {line}", key.replace('_', " "))));
        }
    }
    let mut meta = value.get("meta").cloned().unwrap_or(Json::Null);
    if let Some(meta) = meta.as_object_mut() {
        meta.remove("id");
        meta.remove("description");
    }
    let mut body = metadata(document, place, &meta);
    body.push_str(
        "effect irreversible external \"may change anything (assumed)\"\n\
         risk critical because \"nothing is known to undo it (assumed)\"\n\
         compensate none because \"the file names nothing that undoes it\"\n",
    );
    let config = adapter.get("config").unwrap_or(&Json::Null);
    body.push_str(&unread(document, place, adapter, &["type", "config"]));
    let anonymous = config.get("auth_type").and_then(Json::as_str) == Some("none");
    let mut read = vec!["endpoint_url", "method", "timeout"];
    if anonymous {
        read.push("auth_type");
    }
    body.push_str(&unread(document, place, config, &read));
    if let Some(timeout) = config.get("timeout").and_then(Json::as_f64) {
        match words::seconds(timeout) {
            Some(timeout) => {
                let _ = writeln!(body, "timeout {timeout}");
            }
            None => body.push_str(&document.note(place, &format!("`timeout: {timeout}`"))),
        }
    }
    let url = config.get("endpoint_url").and_then(Json::as_str);
    match (adapter.get("type").and_then(Json::as_str), url) {
        (Some("http_api"), Some(url)) => {
            let method = config.get("method").and_then(Json::as_str).unwrap_or("POST");
            let _ = writeln!(body, "handler http {{ method: {}, url: {} }}", words::quoted(method), words::quoted(url));
        }
        _ => {
            body.push_str(&document.note(place, &format!("the adapter {}", shown(adapter))));
            body.push_str("handler none\n");
        }
    }
    let _ = write!(text, "capability {id}: network {{\n{body}}}");
    text
}

/// A level of risk as it is written.
pub(super) fn level(value: Option<&Json>) -> Option<&'static str> {
    let text = value?.as_str()?.to_ascii_lowercase();
    ["low", "medium", "high", "critical"].into_iter().find(|level| *level == text)
}
