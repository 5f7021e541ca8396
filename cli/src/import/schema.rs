//! JSON Schema as types.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value as Json};

use super::document::Document;
use super::words;

/// The deepest nesting of records and lists that is written out; what lies deeper is `Json`.
const MAX_DEPTH: u32 = 6;

/// The longest chain of references that is followed.
const MAX_REFERENCES: u32 = 16;

/// The most characters of JSON that are shown.
const LONGEST: usize = 10_000;

/// What reads schemas of one file.
pub struct Reader<'j> {
    /// The whole file, in which references lead.
    pub root: &'j Json,
    /// What `number` is: `Int` where whole numbers are meant by it, `Decimal` elsewhere.
    pub number: &'static str,
    /// Whether names that are changed are put right elsewhere, and are no loss.
    pub renames: Cell<bool>,
    /// The names of a tool by those here, where the handler puts them right: at every depth, so that a name stands for one.
    told: Option<RefCell<BTreeMap<String, String>>>,
    /// References that are being followed: a type that has itself in it is cut there.
    open: RefCell<Vec<String>>,
}

/// Fields of a record as they are written.
#[derive(Debug, Default)]
pub struct Fields {
    /// Each with its documentation, a comma after it.
    pub text: String,
    /// Their names: as the file has them, and here.
    pub names: Vec<(String, String)>,
    /// Those that have to be given, by their names here.
    pub required: BTreeSet<String>,
}

/// A type as it is written.
struct Typed {
    text: String,
    optional: bool,
    /// Conditions on `self`.
    refinement: Vec<String>,
    docs: Vec<String>,
    /// Comments on what is not in it.
    comments: String,
}

impl Typed {
    fn of(text: impl Into<String>) -> Typed {
        Typed { text: text.into(), optional: false, refinement: Vec::new(), docs: Vec::new(), comments: String::new() }
    }
}

impl<'j> Reader<'j> {
    /// For a file, with what `number` is in it.
    pub fn new(root: &'j Json, number: &'static str) -> Reader<'j> {
        Reader { root, number, renames: Cell::new(false), told: None, open: RefCell::default() }
    }

    /// The same, for names that a handler puts right: those that were told already are kept to.
    pub fn telling(self, told: BTreeMap<String, String>) -> Reader<'j> {
        Reader { told: Some(RefCell::new(told)), ..self }
    }

    /// The names there by those here, where they are told.
    pub fn told(self) -> BTreeMap<String, String> {
        self.told.unwrap_or_default().into_inner()
    }

    /// The fields of an object with properties; nothing where a schema is something else.
    pub fn object(&self, document: &mut Document, place: &str, schema: &Json) -> Option<Fields> {
        let target = reference(schema).map(str::to_owned);
        let schema = self.resolve(schema);
        let properties = schema.get("properties")?.as_object()?;
        self.open.borrow_mut().extend(target.clone());
        let mut fields = Fields::default();
        let comments =
            self.unread(document, place, schema, &["type", "properties", "required", "description", "title"]);
        fields.text.push_str(&comments);
        self.properties(document, place, properties, schema.get("required"), 0, &mut fields);
        if target.is_some() {
            self.open.borrow_mut().pop();
        }
        Some(fields)
    }

    /// Adds a field of its own to others.
    pub fn add(
        &self,
        document: &mut Document,
        place: &str,
        (name, schema, required, docs): (&str, &Json, bool, &str),
        fields: &mut Fields,
    ) {
        self.field(document, place, (name, schema, required, docs), 0, fields);
    }

    fn properties(
        &self,
        document: &mut Document,
        place: &str,
        properties: &Map<String, Json>,
        required: Option<&Json>,
        depth: u32,
        fields: &mut Fields,
    ) {
        let required: Vec<&str> =
            required.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
        for (name, schema) in properties {
            self.field(document, place, (name, schema, required.contains(&name.as_str()), ""), depth, fields);
        }
        for name in required.iter().filter(|name| !properties.contains_key(**name)) {
            let comment = document.note(place, &format!("`{name}` is required and not described"));
            fields.text.push_str(&comment);
        }
    }

    fn field(
        &self,
        document: &mut Document,
        place: &str,
        (name, schema, required, docs): (&str, &Json, bool, &str),
        depth: u32,
        fields: &mut Fields,
    ) {
        let Some(wanted) = words::field(name) else {
            let comment = document.note(place, &format!("the field `{name}`, whose name has no letter or digit"));
            fields.text.push_str(&comment);
            return;
        };
        let elsewhere = |wanted: &str| {
            let told = self.told.as_ref().map(RefCell::borrow);
            told.is_some_and(|told| told.get(wanted).is_some_and(|other| other != name))
        };
        let taken = |wanted: &str| elsewhere(wanted) || fields.names.iter().any(|(_, own)| own == wanted);
        let own = match taken(&wanted) {
            false => wanted,
            true => (2..).map(|number| format!("{wanted}_{number}")).find(|name| !taken(name)).unwrap_or(wanted),
        };
        if let Some(told) = &self.told {
            told.borrow_mut().insert(own.clone(), name.to_owned());
        }
        let inner = format!("{place}.{name}");
        let typed = self.ty(document, &inner, schema, depth);
        let text = &mut fields.text;
        text.push_str(&typed.comments);
        if own != name && !self.renames.get() && self.told.is_none() {
            text.push_str(&document.note(&inner, &format!("the name `{name}`: it is `{own}` here")));
        }
        text.push_str(&words::docs(docs));
        text.push_str(&words::docs(&typed.docs.join("\n")));
        let optional = !required || typed.optional;
        let _ = write!(text, "{own}: {}{}", typed.text, if optional { "?" } else { "" });
        if !typed.refinement.is_empty() {
            let _ = write!(text, " where {}", typed.refinement.join(" and "));
        }
        text.push_str(",\n");
        fields.names.push((name.to_owned(), own.clone()));
        if !optional {
            fields.required.insert(own);
        }
    }

    fn ty(&self, document: &mut Document, place: &str, schema: &Json, depth: u32) -> Typed {
        if depth > 2 * MAX_DEPTH || !document.count_field() {
            let mut typed = Typed::of("Json");
            typed.comments = document.note(place, "the type, which is nested too deep or too large");
            return typed;
        }
        let Some(target) = reference(schema).map(str::to_owned) else {
            return self.resolved_type(document, place, schema, depth);
        };
        if self.open.borrow().contains(&target) {
            let mut typed = Typed::of("Json");
            typed.comments = document.note(place, &format!("the type, which has itself in it: `{target}`"));
            return typed;
        }
        self.open.borrow_mut().push(target);
        let typed = self.resolved_type(document, place, schema, depth);
        self.open.borrow_mut().pop();
        typed
    }

    fn resolved_type(&self, document: &mut Document, place: &str, schema: &Json, depth: u32) -> Typed {
        let resolved = self.resolve(schema);
        let Some(object) = resolved.as_object() else {
            let mut typed = Typed::of("Json");
            if *resolved != Json::Bool(true) {
                typed.comments = document.note(place, &format!("the type `{}`", shown(resolved)));
            }
            return typed;
        };
        let (alternatives, null) = alternatives(object);
        if let Some(alternatives) = alternatives {
            return match alternatives.as_slice() {
                [only] => {
                    let mut typed = self.ty(document, place, only, depth + 1);
                    typed.optional |= null;
                    typed.docs.splice(0..0, description(object));
                    typed.comments.push_str(&self.unread(
                        document,
                        place,
                        resolved,
                        &["anyOf", "oneOf", "description", "title"],
                    ));
                    typed
                }
                several => {
                    let mut typed = Typed::of("Json");
                    typed.optional = null;
                    typed.docs = description(object);
                    typed.comments = document.note(place, &format!("that it is one of {} types", several.len()));
                    typed.comments.push_str(&self.unread(
                        document,
                        place,
                        resolved,
                        &["anyOf", "oneOf", "description", "title"],
                    ));
                    typed
                }
            };
        }
        let mut typed = self.plain_type(document, place, object, depth);
        typed.optional |= null || object.get("nullable") == Some(&Json::Bool(true));
        typed.docs.splice(0..0, description(object));
        typed
    }

    /// The type of a schema that is no choice.
    fn plain_type(&self, document: &mut Document, place: &str, schema: &Map<String, Json>, depth: u32) -> Typed {
        let kinds = kinds(schema);
        let value = Json::Object(schema.clone());
        if let Some(values) = schema.get("enum").and_then(Json::as_array) {
            let mut typed = self.one_of(document, place, values);
            typed.comments.push_str(&self.unread(
                document,
                place,
                &value,
                &["enum", "type", "nullable", "description", "title", "default"],
            ));
            typed.docs.extend(default(schema));
            return typed;
        }
        let mut read = vec!["type", "nullable", "description", "title", "default", "format"];
        let mut typed = match kinds.as_slice() {
            ["string"] => {
                read.extend(["minLength", "maxLength"]);
                let mut typed = Typed::of("String");
                typed.refinement.extend(bounds(
                    schema,
                    "len(self)",
                    [("minLength", ">="), ("maxLength", "<=")],
                    true,
                    &mut read,
                ));
                typed
            }
            [kind @ ("integer" | "number")] => {
                let whole = *kind == "integer" || (self.number == "Int" && !has_fraction(schema));
                let mut typed = Typed::of(if whole { "Int" } else { "Decimal" });
                if whole && *kind == "number" {
                    typed.docs.push("Assumed: a whole number.".to_owned());
                }
                let marks =
                    [("minimum", ">="), ("maximum", "<="), ("exclusiveMinimum", ">"), ("exclusiveMaximum", "<")];
                typed.refinement.extend(bounds(schema, "self", marks, whole, &mut read));
                typed
            }
            ["boolean"] => Typed::of("Bool"),
            ["array"] if depth < MAX_DEPTH => {
                read.extend(["items", "minItems", "maxItems"]);
                let element = self.ty(
                    document,
                    &format!("{place}[]"),
                    schema.get("items").unwrap_or(&Json::Bool(true)),
                    depth + 1,
                );
                let mut text = format!("List<{}", element.text);
                text.push_str(if element.optional { "?" } else { "" });
                if !element.refinement.is_empty() {
                    let _ = write!(text, " where {}", element.refinement.join(" and "));
                }
                text.push('>');
                let mut typed = Typed::of(text);
                typed.comments = element.comments;
                typed.docs.extend(element.docs.iter().map(|docs| format!("Each: {docs}")));
                typed.refinement.extend(bounds(
                    schema,
                    "len(self)",
                    [("minItems", ">="), ("maxItems", "<=")],
                    true,
                    &mut read,
                ));
                typed
            }
            ["object"] if depth < MAX_DEPTH => match schema.get("properties").and_then(Json::as_object) {
                Some(properties) if !properties.is_empty() => {
                    read.extend(["properties", "required"]);
                    let mut fields = Fields::default();
                    self.properties(document, place, properties, schema.get("required"), depth + 1, &mut fields);
                    Typed::of(format!("{{\n{}}}", fields.text))
                }
                _ => Typed::of("Json"),
            },
            [] => Typed::of("Json"),
            several => {
                let mut typed = Typed::of("Json");
                if several == ["array"] || several == ["object"] {
                    read.extend(["properties", "required", "items", "minItems", "maxItems"]);
                    typed.comments = document.note(place, "what is nested deeper than six levels");
                } else {
                    read.retain(|key| *key != "type");
                }
                typed
            }
        };
        typed.comments.push_str(&self.unread(document, place, &value, &read));
        typed.docs.extend(schema.get("format").and_then(Json::as_str).map(|format| format!("Format: {format}.")));
        typed.docs.extend(default(schema));
        typed
    }

    fn one_of(&self, document: &mut Document, place: &str, values: &[Json]) -> Typed {
        let given: Vec<&Json> = values.iter().filter(|value| !value.is_null()).collect();
        let texts: Vec<&str> = given.iter().filter_map(|value| value.as_str()).collect();
        let numbers: Vec<String> =
            given.iter().filter_map(|value| value.as_i64()).map(|value| value.to_string()).collect();
        let mut typed = if !texts.is_empty() && texts.len() == given.len() {
            let mut seen = BTreeSet::new();
            let unique = texts.iter().filter(|text| seen.insert(**text));
            Typed::of(unique.map(|text| words::quoted(text)).collect::<Vec<_>>().join(" | "))
        } else if !numbers.is_empty() && numbers.len() == given.len() {
            let mut typed = Typed::of("Int");
            typed.refinement.push(format!("self in [{}]", numbers.join(", ")));
            typed
        } else {
            let mut typed = Typed::of("Json");
            typed.comments =
                document.note(place, &format!("that it is one of {}", shown(&Json::Array(values.to_vec()))));
            typed
        };
        typed.optional = given.len() < values.len();
        typed
    }

    /// A schema that a reference leads to, or itself.
    pub fn resolve<'s>(&'s self, schema: &'s Json) -> &'s Json {
        let mut schema = schema;
        for _ in 0..MAX_REFERENCES {
            let target = schema.get("$ref").and_then(Json::as_str).and_then(|target| target.strip_prefix('#'));
            match target.and_then(|target| self.root.pointer(target)) {
                Some(found) => schema = found,
                None => break,
            }
        }
        schema
    }

    /// A comment for each key of a schema that nothing was made of.
    fn unread(&self, document: &mut Document, place: &str, schema: &Json, read: &[&str]) -> String {
        let mut comments = String::new();
        for (key, value) in schema.as_object().into_iter().flatten() {
            let means_nothing = match key.as_str() {
                "additionalProperties" => value.is_boolean(),
                "$schema" | "$id" | "$comment" | "$defs" | "definitions" => true,
                _ => false,
            };
            if !read.contains(&key.as_str()) && !means_nothing {
                comments.push_str(&document.note(place, &format!("`{key}: {}`", shown(value))));
            }
        }
        comments
    }
}

/// Where a schema refers to.
fn reference(schema: &Json) -> Option<&str> {
    schema.get("$ref").and_then(Json::as_str)
}

/// The types that a schema names, without null.
fn kinds(schema: &Map<String, Json>) -> Vec<&str> {
    let named = match schema.get("type") {
        Some(Json::String(kind)) => vec![kind.as_str()],
        Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
        _ if schema.contains_key("properties") => vec!["object"],
        _ if schema.contains_key("items") => vec!["array"],
        _ => Vec::new(),
    };
    named.into_iter().filter(|kind| *kind != "null").collect()
}

/// The schemas of which one holds, without null, if it is a choice; and whether null may be.
fn alternatives(schema: &Map<String, Json>) -> (Option<Vec<Json>>, bool) {
    let is_null = |schema: &Json| schema.get("type").and_then(Json::as_str) == Some("null");
    let listed = schema.get("type").and_then(Json::as_array);
    let null = listed.is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    match schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array) {
        Some(choices) => {
            let given: Vec<Json> = choices.iter().filter(|choice| !is_null(choice)).cloned().collect();
            let null = null || given.len() < choices.len();
            (Some(given), null)
        }
        None => (None, null),
    }
}

fn description(schema: &Map<String, Json>) -> Vec<String> {
    let text = ["description", "title"].iter().find_map(|key| schema.get(*key).and_then(Json::as_str));
    text.map(str::to_owned).into_iter().collect()
}

fn default(schema: &Map<String, Json>) -> Option<String> {
    schema.get("default").filter(|value| !value.is_null()).map(|value| format!("Default: {}.", shown(value)))
}

/// Conditions for the bounds that a schema sets on something, as far as they can be written.
fn bounds<const N: usize>(
    schema: &Map<String, Json>,
    of: &str,
    marks: [(&'static str, &str); N],
    whole: bool,
    read: &mut Vec<&'static str>,
) -> Vec<String> {
    let mut conditions = Vec::new();
    for (key, mark) in marks {
        let Some(Json::Number(number)) = schema.get(key) else { continue };
        let text = match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.to_string(),
            // 1.0 is whole, as JSON Schema has it.
            (None, Some(real)) if whole && real.fract() == 0.0 && real.abs() < 1e15 => format!("{real:.0}"),
            (None, Some(real)) if !whole && real.abs() < 1e9 && !number.to_string().contains(['e', 'E']) => {
                number.to_string()
            }
            _ => continue,
        };
        if text.split_once('.').is_some_and(|(_, places)| places.len() > 9) {
            continue;
        }
        read.push(key);
        conditions.push(format!("{of} {mark} {text}"));
    }
    conditions
}

/// Whether anything in a schema says that a number need not be whole.
fn has_fraction(schema: &Map<String, Json>) -> bool {
    let fraction = |value: &Json| value.as_f64().is_some_and(|value| value.fract() != 0.0);
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "default", "multipleOf"]
        .iter()
        .any(|key| schema.get(*key).is_some_and(fraction))
        || matches!(schema.get("format").and_then(Json::as_str), Some("double" | "float"))
}

/// JSON on one line, as much of it as is looked at.
pub fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
