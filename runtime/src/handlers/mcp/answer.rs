//! What a tool gives, as the output that a capability declares.

use super::names::Names;
use crate::gate::{Call, Error};
use crate::handlers::net::Secrets;
use gov_plan::types::Type;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value as Json, json};

/// The most characters of a tool's words that a message shows.
const SHOWN: usize = 500;

/// The output: what the tool gives as structured, or its text, read as JSON; an answer that is no object stands for the only
/// field that is declared.
pub(super) fn of(
    server: &str,
    tool: &str,
    call: &Call,
    result: CallToolResult,
    (names, secrets): (&Names, &Secrets),
) -> Result<Json, Error> {
    let texts = result.content.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    if result.is_error == Some(true) {
        // Before it is cut short: what is cut off in a secret would not be known as one.
        let text = secrets.scrub(&text);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let said: String = line.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        return Err(Error::Permanent(format!("`{tool}` of `{server}` failed: {said}")));
    }
    let only = match call.output().as_slice() {
        [] => return Ok(json!({})),
        [only] => Some(only),
        _ => None,
    };
    let given = match result.structured_content {
        Some(structured) => Some(structured),
        None => gov_plan::value::parse_json(&text).ok(),
    };
    let given = given.map(|given| names.here(call.output(), given));
    match (given, only) {
        (Some(Json::Object(fields)), Some(only)) if !fields.contains_key(&only.name) => match only.schema.ty {
            Type::String => Ok(json!({ &only.name: text })),
            _ => Ok(json!({ &only.name: fields })),
        },
        (Some(given @ Json::Object(_)), _) => Ok(given),
        (_, Some(only)) if matches!(only.schema.ty, Type::String) => Ok(json!({ &only.name: text })),
        (Some(given), Some(only)) => Ok(json!({ &only.name: given })),
        (_, _) => Err(Error::Misfit(format!("`{tool}` of `{server}` gave no JSON with the fields that are declared"))),
    }
}
