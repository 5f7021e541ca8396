//! AI-First Runtime's YAML: policies, capabilities and workflows.

mod capability;
mod policy;
mod standard;
mod template;
mod types;
mod used;
mod workflow;

use serde_json::Value as Json;

use super::document::Document;
use super::schema::shown;
use super::{Source, Summary};
use used::Used;

/// What a file is about.
enum Kind {
    Policy,
    Capability,
    Workflow,
}

/// Translates every file. Capabilities that workflows use and no file declares are declared from how they are used.
pub fn import(document: &mut Document, sources: &[Source]) -> Summary {
    let mut count = (0, 0, 0);
    let mut used = Used::default();
    // Capabilities first, so that a workflow finds what its steps call.
    for source in sources.iter().filter(|source| matches!(kind(&source.value), Some(Kind::Capability))) {
        capability::import(document, source);
        count.0 += 1;
    }
    let mut policies = Vec::new();
    for source in sources.iter().filter(|source| matches!(kind(&source.value), Some(Kind::Policy))) {
        policies.push(policy::import(document, source));
        count.1 += 1;
    }
    for source in sources.iter().filter(|source| matches!(kind(&source.value), Some(Kind::Workflow))) {
        workflow::import(document, &mut used, source);
        count.2 += 1;
    }
    for source in sources.iter().filter(|source| kind(&source.value).is_none()) {
        document.note_apart(
            &source.name,
            &format!("everything: it is neither policy nor capability nor workflow: {}", shown(&source.value)),
        );
    }
    let assumed = used.declare(document);
    Summary::new(format!(
        "{} capabilities, {} policies, {} workflows; {assumed} capabilities are declared from how they are used",
        count.0, count.1, count.2
    ))
}

fn kind(value: &Json) -> Option<Kind> {
    let has = |key: &str| value.get(key).is_some();
    if has("steps") {
        Some(Kind::Workflow)
    } else if has("rules") {
        Some(Kind::Policy)
    } else if has("operation_type") || has("adapter") || (has("id") && (has("parameters") || has("risk"))) {
        Some(Kind::Capability)
    } else {
        None
    }
}

/// Says of every key of an object that is not among those that are read that it is not translated.
fn unread(document: &mut Document, place: &str, object: &Json, read: &[&str]) -> String {
    let mut comments = String::new();
    for (key, value) in object.as_object().into_iter().flatten() {
        let empty = match value {
            Json::Null => true,
            Json::Array(elements) => elements.is_empty(),
            Json::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if !read.contains(&key.as_str()) && !empty {
            comments.push_str(&document.note(place, &format!("`{key}: {}`", shown(value))));
        }
    }
    comments
}

/// Texts, where there is one or a list of them.
fn texts(value: Option<&Json>) -> Vec<&str> {
    match value {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(elements)) => elements.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}
