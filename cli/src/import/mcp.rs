//! An MCP server's tools, as `tools/list` gives them, as capabilities.
//!
//! A tool's annotations are hints: the server says them, and nobody checks them. So what is made of them is marked as assumed.
//! Where they are silent, the protocol's defaults hold: a tool writes, destroys, is not idempotent, and meets an open world.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value as Json};

use super::document::Document;
use super::schema::{Fields, Reader, shown};
use super::{Source, Summary, words};

/// How many tools say what of themselves.
#[derive(Debug, Default)]
struct Count {
    read_only: usize,
    destructive: usize,
    additive: usize,
    silent: usize,
}

/// Translates every tool of the sources. `group` is the beginning of the ids, `server` the server's name in the handlers.
pub fn import(document: &mut Document, (group, server): (&str, &str), sources: &[Source]) -> Summary {
    let mut count = Count::default();
    let mut total = 0;
    for source in sources {
        for tool in tools(document, source) {
            total += 1;
            capability(document, (group, server), source, tool, &mut count);
        }
    }
    Summary::new(format!(
        "{total} tools: {} only read, {} are destructive, {} are not, {} are silent and taken as destructive",
        count.read_only, count.destructive, count.additive, count.silent
    ))
}

/// The tools in a source: a single one, a list, or an answer to `tools/list`.
fn tools<'s>(document: &mut Document, source: &'s Source) -> Vec<&'s Json> {
    let value = &source.value;
    let answer = value.get("result").unwrap_or(value);
    let listed = answer.get("tools").or(Some(answer)).and_then(Json::as_array);
    match listed {
        Some(tools) => {
            if let Some(cursor) = answer.get("nextCursor").filter(|cursor| !cursor.is_null()) {
                document.note_apart(&source.name, &format!("the tools after the page `{}`", shown(cursor)));
            }
            tools.iter().collect()
        }
        None if value.get("name").is_some() => vec![value],
        None => {
            document.note_apart(&source.name, "everything: there is no tool in it");
            Vec::new()
        }
    }
}

fn capability(document: &mut Document, (group, server): (&str, &str), source: &Source, tool: &Json, count: &mut Count) {
    let Some(name) = tool.get("name").and_then(Json::as_str) else {
        document.note_apart(&source.name, &format!("the tool {}, which has no name", shown(tool)));
        return;
    };
    let place = format!("tool `{name}`");
    let Some(id) = words::name(name).and_then(|own| words::id(group, if words::is_name(name) { name } else { &own }))
    else {
        document.note_apart(&place, "everything: its name has no letter or digit");
        return;
    };
    if !document.claim(&id) {
        document.note_apart(&place, &format!("everything: there is a `{id}` already"));
        return;
    }
    let empty = Map::new();
    let annotations = tool.get("annotations").and_then(Json::as_object).unwrap_or(&empty);
    let hint = |name: &str| annotations.get(name).and_then(Json::as_bool);
    let title = annotations.get("title").or(tool.get("title")).and_then(Json::as_str);
    let mut text = title.map(words::docs).unwrap_or_default();
    if let Some(description) = tool.get("description").and_then(Json::as_str) {
        if !text.is_empty() {
            text.push_str("///\n");
        }
        text.push_str(&words::docs(description));
    }
    if !text.is_empty() {
        text.push_str("///\n");
    }
    let class = Class::of(hint("readOnlyHint"), hint("destructiveHint"), count);
    text.push_str(&words::docs(class.assumption()));
    for (key, value) in tool.as_object().unwrap_or(&empty) {
        let read = ["name", "title", "description", "annotations", "inputSchema", "outputSchema"];
        if !read.contains(&key.as_str()) {
            text.push_str(&document.note(&place, &format!("`{key}: {}`", shown(value))));
        }
    }
    for (key, value) in annotations {
        let read = match key.as_str() {
            "title" => value.is_string(),
            "readOnlyHint" | "destructiveHint" | "idempotentHint" | "openWorldHint" => value.is_boolean(),
            _ => false,
        };
        if !read {
            text.push_str(&document.note(&place, &format!("the annotation `{key}: {}`", shown(value))));
        }
    }
    let _ = writeln!(text, "capability {id}: {} {{", class.kind());
    // Each schema is a document of its own, in which references lead.
    let none = Json::Null;
    let input = tool.get("inputSchema").unwrap_or(&none);
    let reader = Reader::new(input, "Int").telling(BTreeMap::new());
    if let Some(schema) = tool.get("inputSchema") {
        match reader.object(document, &place, schema) {
            Some(Fields { text: fields, .. }) => {
                let _ = write!(text, "input {{\n{fields}}}\n");
            }
            None if schema.as_object().is_some_and(|schema| schema.keys().all(|key| key == "type")) => {}
            None => text.push_str(&document.note(&place, &format!("the input `{}`", shown(schema)))),
        }
    }
    let output = tool.get("outputSchema").unwrap_or(&none);
    let reader = Reader::new(output, "Int").telling(reader.told());
    match tool.get("outputSchema").and_then(|schema| reader.object(document, &format!("{place}, output"), schema)) {
        Some(Fields { text: fields, .. }) => {
            let _ = write!(text, "output {{\n{fields}}}\n");
        }
        None => {
            if let Some(schema) = tool.get("outputSchema") {
                text.push_str(&document.note(&place, &format!("the output `{}`", shown(schema))));
            }
            text.push_str("output {\n/// What the tool says.\ntext: String,\n}\n");
        }
    }
    text.push_str(&class.clauses(if hint("openWorldHint") == Some(false) { "network" } else { "external" }));
    if hint("idempotentHint") == Some(true) && class != Class::ReadOnly {
        text.push_str("// assumed: the server says so\nidempotent\n");
    }
    let told = reader.told();
    let changed = told.iter().filter(|(own, name)| own != name);
    let names: Vec<String> = changed.map(|(own, name)| format!("{own}: {}", words::quoted(name))).collect();
    let names = if names.is_empty() { String::new() } else { format!(", names: {{ {} }}", names.join(", ")) };
    let (server, tool) = (words::quoted(server), words::quoted(name));
    let _ = write!(text, "handler mcp {{ server: {server}, tool: {tool}{names} }}\n}}");
    document.item(text);
}

/// What a tool says of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    ReadOnly,
    Destructive,
    Additive,
    Silent,
}

impl Class {
    fn of(read_only: Option<bool>, destructive: Option<bool>, count: &mut Count) -> Class {
        let (class, counter) = match (read_only, destructive) {
            (Some(true), _) => (Class::ReadOnly, &mut count.read_only),
            (_, Some(true)) => (Class::Destructive, &mut count.destructive),
            (_, Some(false)) => (Class::Additive, &mut count.additive),
            (_, None) => (Class::Silent, &mut count.silent),
        };
        *counter += 1;
        class
    }

    fn assumption(self) -> &'static str {
        match self {
            Class::ReadOnly => "Assumed: it only reads. The server says so.",
            Class::Destructive => "Assumed: it may destroy something. The server says so.",
            Class::Additive => "Assumed: it adds, and destroys nothing. The server says so.",
            Class::Silent => {
                "Assumed: it may destroy something. The server does not say, and that is the protocol's default."
            }
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Class::ReadOnly => "read",
            Class::Additive => "write",
            Class::Destructive | Class::Silent => "delete",
        }
    }

    fn clauses(self, scope: &str) -> String {
        match self {
            Class::ReadOnly => String::new(),
            Class::Additive => format!(
                "effect reversible {scope} \"adds something (assumed)\"\n\
                 risk medium because \"adds, and destroys nothing (assumed)\"\n\
                 compensate manually because \"no tool is known to undo it; a person can take away what it added\"\n"
            ),
            Class::Destructive | Class::Silent => format!(
                "effect irreversible {scope} \"may destroy something (assumed)\"\n\
                 risk critical because \"may destroy something, and nothing undoes it (assumed)\"\n\
                 compensate none because \"no tool is known to undo it\"\n"
            ),
        }
    }
}
