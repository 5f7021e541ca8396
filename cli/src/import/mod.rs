//! Specifications that others wrote, as Gov: what can be said, and a line for each thing that cannot.

mod ai_first;
mod document;
mod mcp;
mod openapi;
mod schema;
#[cfg(test)]
mod tests;
mod words;

use serde_json::Value as Json;

use document::Document;

/// What is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// AI-First Runtime's policies, capabilities and workflows
    AiFirst,
    /// What an MCP server answers to `tools/list`
    Mcp,
    /// OpenAPI 3
    Openapi,
}

/// A file that was read.
#[derive(Debug)]
pub struct Source {
    /// Its name, as messages have it.
    pub name: String,
    /// What it says.
    pub value: Json,
}

/// What an import gave.
#[derive(Debug)]
pub struct Imported {
    /// The file, laid out.
    pub text: String,
    /// What is not in it, a line each.
    pub notes: Vec<String>,
    /// What was there, in words.
    pub summary: String,
}

/// How much was there.
struct Summary(String);

impl Summary {
    fn new(text: String) -> Summary {
        Summary(text)
    }
}

/// The name of a package that is as near to a text as one can be.
pub fn package_name(text: &str) -> String {
    let name = words::name(text).unwrap_or_else(|| "imported".to_owned());
    if gov_compiler::manifest::is_package_name(&name) { name } else { format!("imported_{name}") }
}

/// Reads a text as JSON or YAML, whichever it is. The error says where it is neither.
pub fn read(text: &str) -> Result<Json, String> {
    let begins_as_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    if begins_as_json && let Ok(value) = gov_plan::value::parse_json(text.trim_start_matches('\u{feff}')) {
        return Ok(value);
    }
    let value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
    plain(value).ok_or_else(|| "a key in it is no text".to_owned())
}

/// YAML as JSON, where it is.
fn plain(value: serde_yaml_ng::Value) -> Option<Json> {
    use serde_yaml_ng::Value as Yaml;
    Some(match value {
        Yaml::Null => Json::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => number.into(),
            (_, Some(number), _) => number.into(),
            // Infinity and what is no number are no JSON: their text is kept.
            (_, _, Some(real)) => {
                serde_json::Number::from_f64(real).map_or_else(|| real.to_string().into(), Json::Number)
            }
            _ => number.to_string().into(),
        },
        Yaml::String(text) => text.into(),
        Yaml::Sequence(elements) => Json::Array(elements.into_iter().map(plain).collect::<Option<_>>()?),
        Yaml::Mapping(fields) => {
            let mut object = serde_json::Map::new();
            for (key, value) in fields {
                let key = match plain(key)? {
                    Json::String(text) => text,
                    other @ (Json::Bool(_) | Json::Number(_) | Json::Null) => other.to_string(),
                    _ => return None,
                };
                object.insert(key, plain(value)?);
            }
            Json::Object(object)
        }
        Yaml::Tagged(tagged) => plain(tagged.value)?,
    })
}

/// Translates; `server` is the name of an MCP server, if it is not that of the package. What is given always reads as Gov; if it did not, that would be a mistake of ours, and is an error.
///
/// # Errors
///
/// If the result cannot be laid out, or does not read.
pub fn import(kind: Kind, package: &str, server: Option<&str>, sources: &[Source]) -> Result<Imported, String> {
    let mut document = Document::default();
    let group = package.rsplit('.').next().unwrap_or(package);
    let summary = match kind {
        Kind::AiFirst => ai_first::import(&mut document, sources),
        Kind::Mcp => mcp::import(&mut document, (group, server.unwrap_or(group)), sources),
        Kind::Openapi => openapi::import(&mut document, group, sources),
    };
    let from = sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>();
    let from = match from.as_slice() {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    let (text, notes) = document.finish(package, &from);
    let text = gov_compiler::format::format(&text).map_err(|refused| refused.to_string())?;
    if let Some(error) = gov_grammar::parse(text.as_str()).errors.first() {
        return Err(format!("what was made does not read at byte {}", error.span.start));
    }
    Ok(Imported { text, notes, summary: summary.0 })
}
