//! An OpenAPI 3 file as capabilities, one for each operation.
//!
//! What an operation does to the world is not said in such a file; it is assumed from the method, as HTTP defines it (RFC 9110):
//! `GET`, `HEAD` and `OPTIONS` read, `DELETE` deletes, the others may do anything; `PUT` and `DELETE` are idempotent.

use std::fmt::Write;

use serde_json::Value as Json;

use super::document::Document;
use super::schema::{Fields, Reader, shown};
use super::{Source, Summary, words};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Translates every operation of the sources.
pub fn import(document: &mut Document, group: &str, sources: &[Source]) -> Summary {
    let mut count = 0;
    for source in sources {
        let file = &source.value;
        let version = file.get("openapi").and_then(Json::as_str).unwrap_or_default();
        if !version.starts_with("3.") {
            document.note_apart(&source.name, "everything: it is no OpenAPI 3 file");
            continue;
        }
        for (key, value) in file.as_object().into_iter().flatten() {
            let read = ["openapi", "info", "servers", "paths", "components", "tags", "security", "jsonSchemaDialect"];
            if !read.contains(&key.as_str()) {
                document.note_apart(&source.name, &format!("`{key}: {}`", shown(value)));
            }
        }
        let reader = Reader::new(file, "Decimal");
        for (path, item) in file.get("paths").and_then(Json::as_object).into_iter().flatten() {
            let item = reader.resolve(item);
            for (key, value) in item.as_object().into_iter().flatten() {
                if METHODS.contains(&key.as_str()) {
                    count += 1;
                    let api = Api { source, reader: &reader, group, path, item };
                    api.operation(document, key, value);
                } else if !["summary", "description", "parameters", "servers", "$ref"].contains(&key.as_str()) {
                    document.note_apart(path, &format!("`{key}: {}`", shown(value)));
                }
            }
        }
    }
    Summary::new(format!("{count} operations"))
}

/// Where an operation stands.
struct Api<'s> {
    source: &'s Source,
    reader: &'s Reader<'s>,
    group: &'s str,
    path: &'s str,
    item: &'s Json,
}

/// A parameter, as far as it matters here.
struct Parameter<'s> {
    name: &'s str,
    place: &'s str,
    required: bool,
    schema: &'s Json,
    docs: &'s str,
}

impl Api<'_> {
    fn operation(&self, document: &mut Document, method: &str, operation: &Json) {
        let upper = method.to_ascii_uppercase();
        let place = format!("`{upper} {}`", self.path);
        let wanted = operation.get("operationId").and_then(Json::as_str);
        let own = wanted.and_then(words::name).or_else(|| words::name(&format!("{method} {}", self.path)));
        let Some(id) = own.and_then(|own| words::id(self.group, &own)) else {
            document.note_apart(&place, "everything: no name can be made of it");
            return;
        };
        if !document.claim(&id) {
            document.note_apart(&place, &format!("everything: there is a `{id}` already"));
            return;
        }
        let mut text = String::new();
        let said = |key: &str| operation.get(key).or(self.item.get(key)).and_then(Json::as_str);
        for part in [said("summary"), said("description")].into_iter().flatten() {
            if !text.is_empty() {
                text.push_str("///\n");
            }
            text.push_str(&words::docs(part));
        }
        if !text.is_empty() {
            text.push_str("///\n");
        }
        text.push_str(&words::docs(assumption(method)));
        for (key, value) in operation.as_object().into_iter().flatten() {
            let read = [
                "operationId",
                "summary",
                "description",
                "parameters",
                "requestBody",
                "responses",
                "tags",
                "deprecated",
                "security",
                "servers",
            ];
            if !read.contains(&key.as_str()) {
                text.push_str(&document.note(&place, &format!("`{key}: {}`", shown(value))));
            }
        }
        let mut body = String::new();
        if operation.get("deprecated") == Some(&Json::Bool(true)) {
            body.push_str("deprecated \"the file says so, and not what to use instead\"\n");
        }
        let tags = operation.get("tags").and_then(Json::as_array).into_iter().flatten();
        let mut tags: Vec<String> = tags.filter_map(Json::as_str).filter_map(words::name).collect();
        tags.sort();
        tags.dedup();
        if !tags.is_empty() {
            let _ = writeln!(body, "tags [{}]", tags.join(", "));
        }
        let (input, handler) = self.request(document, &place, &upper, operation);
        if !input.text.is_empty() {
            let _ = write!(body, "input {{\n{}}}\n", input.text);
        }
        body.push_str(&self.output(document, &place, operation));
        body.push_str(clauses(method));
        body.push_str(&handler);
        let _ = write!(text, "capability {id}: {} {{\n{body}}}", kind(method));
        document.item(text);
    }

    /// What an operation takes, and the handler that sends it.
    fn request(&self, document: &mut Document, place: &str, method: &str, operation: &Json) -> (Fields, String) {
        let mut fields = Fields::default();
        let mut comments = String::new();
        // Parameters by their names in the address, with their names here.
        let mut in_path: Vec<(String, String)> = Vec::new();
        let (mut in_query, mut settings): (Vec<(String, String)>, Vec<String>) = (Vec::new(), Vec::new());
        let has_body = !matches!(method, "GET" | "HEAD" | "DELETE");
        for parameter in self.parameters(document, place, operation, &mut comments) {
            if !matches!(parameter.place, "path" | "query") {
                let what = format!("the parameter `{}`, which goes in the {}", parameter.name, parameter.place);
                comments.push_str(&document.note(place, &what));
                continue;
            }
            let before = fields.names.len();
            let required = parameter.required || parameter.place == "path";
            self.reader.renames.set(true);
            let added = (parameter.name, parameter.schema, required, parameter.docs);
            self.reader.add(document, place, added, &mut fields);
            self.reader.renames.set(false);
            let Some((name, own)) = fields.names.get(before).cloned() else { continue };
            if parameter.place == "path" {
                in_path.push((name, own));
            } else if !has_body && name == own {
                // It goes in the query by itself, where there is no body.
            } else if !required {
                let instead = if has_body { "is sent in the body" } else { "is sent by its name here" };
                let what = format!("that `{name}` goes in the query: an argument that may be absent {instead}");
                comments.push_str(&document.note(place, &what));
            } else if name == own {
                settings.push(format!("{name}: \"{{{own}}}\""));
            } else {
                in_query.push((name, own));
            }
        }
        let body = operation.get("requestBody").map(|body| self.reader.resolve(body));
        let mut whole = String::new();
        if let Some(body) = body {
            match json_content(body) {
                Some(schema) if has_body => {
                    let inner = format!("{place}, body");
                    match self.reader.object(document, &inner, schema) {
                        Some(object)
                            if object
                                .names
                                .iter()
                                .all(|(_, own)| !fields.names.iter().any(|(_, name)| name == own)) =>
                        {
                            fields.text.push_str(&object.text);
                            fields.names.extend(object.names);
                        }
                        _ => {
                            let required = body.get("required") == Some(&Json::Bool(true));
                            let before = fields.names.len();
                            self.reader.add(document, place, ("body", schema, required, ""), &mut fields);
                            if let Some((_, own)) = fields.names.get(before) {
                                let _ = write!(whole, ", body: {own}");
                            }
                        }
                    }
                }
                _ => comments.push_str(&document.note(place, &format!("the body `{}`", shown(body)))),
            }
        }
        if let Some(content) = body.and_then(|body| body.get("content")).and_then(Json::as_object) {
            for kind in
                content.keys().filter(|kind| !is_json(kind)).filter(|_| content.keys().any(|kind| is_json(kind)))
            {
                comments.push_str(&document.note(place, &format!("that the body may be `{kind}`")));
            }
        }
        let secret = self.secret(document, place, operation, &mut comments);
        let Some(base) = self.base(operation) else {
            comments.push_str(&document.note(place, "the handler: the file gives no whole address of a server"));
            return (fields, format!("{comments}handler none\n"));
        };
        let url = url(&base, self.path, &in_path, &in_query);
        let query = match settings.is_empty() {
            true => String::new(),
            false => format!(", query: {{ {} }}", settings.join(", ")),
        };
        let secret = secret.map(|name| format!(", secret: {}", words::quoted(&name))).unwrap_or_default();
        let handler = format!("{comments}handler http {{ method: \"{method}\", url: {url}{query}{whole}{secret} }}\n");
        (fields, handler)
    }

    /// The parameters of an operation: those of its path that it does not say otherwise, and its own.
    fn parameters<'o>(
        &'o self,
        document: &mut Document,
        place: &str,
        operation: &'o Json,
        comments: &mut String,
    ) -> Vec<Parameter<'o>> {
        let mut parameters: Vec<Parameter<'o>> = Vec::new();
        let listed = [self.item.get("parameters"), operation.get("parameters")];
        for parameter in listed.into_iter().flatten().filter_map(Json::as_array).flatten() {
            let read = self.reader.resolve(parameter);
            let said = |key: &str| read.get(key).and_then(Json::as_str);
            let (Some(name), Some(at)) = (said("name"), said("in")) else {
                comments.push_str(&document.note(place, &format!("the parameter `{}`", shown(parameter))));
                continue;
            };
            parameters.retain(|own| (own.name, own.place) != (name, at));
            parameters.push(Parameter {
                name,
                place: at,
                required: read.get("required") == Some(&Json::Bool(true)),
                schema: read.get("schema").unwrap_or(&Json::Bool(true)),
                docs: said("description").unwrap_or_default(),
            });
        }
        parameters
    }

    fn secret(&self, document: &mut Document, place: &str, operation: &Json, comments: &mut String) -> Option<String> {
        let wanted = operation.get("security").or_else(|| self.source.value.get("security"))?.as_array()?;
        let first = wanted.iter().find_map(Json::as_object)?;
        let mut secret = None;
        for name in first.keys() {
            let scheme = self.reader.root.pointer(&format!("/components/securitySchemes/{}", name.replace('/', "~1")));
            let scheme = scheme.map(|scheme| self.reader.resolve(scheme));
            let said = |key: &str| scheme.and_then(|scheme| scheme.get(key)).and_then(Json::as_str).unwrap_or_default();
            match (said("type"), said("scheme")) {
                ("http", scheme) if scheme.eq_ignore_ascii_case("bearer") && secret.is_none() => {
                    secret = words::name(name).map(|name| name.to_ascii_uppercase());
                }
                ("oauth2" | "openIdConnect", _) if secret.is_none() => {
                    secret = words::name(name).map(|name| name.to_ascii_uppercase());
                }
                _ => comments.push_str(&document.note(place, &format!("the security scheme `{name}`"))),
            }
        }
        if wanted.len() > 1 {
            comments.push_str(&document.note(place, "the other ways to identify oneself"));
        }
        secret
    }

    /// The address that paths start from.
    fn base(&self, operation: &Json) -> Option<String> {
        let servers = [operation.get("servers"), self.item.get("servers"), self.source.value.get("servers")];
        let server = servers.into_iter().flatten().filter_map(Json::as_array).find_map(|servers| servers.first())?;
        let mut url = server.get("url").and_then(Json::as_str)?.to_owned();
        for (name, variable) in server.get("variables").and_then(Json::as_object).into_iter().flatten() {
            let value = variable.get("default").and_then(Json::as_str).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), value);
        }
        let whole = (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(['{', '}', ' ']);
        whole.then(|| url.trim_end_matches('/').to_owned())
    }

    fn output(&self, document: &mut Document, place: &str, operation: &Json) -> String {
        let responses = operation.get("responses").and_then(Json::as_object);
        let mut good: Vec<(&String, &Json)> =
            responses.into_iter().flatten().filter(|(status, _)| status.starts_with('2')).collect();
        good.sort_by_key(|(status, _)| status.as_str());
        let default = responses.and_then(|responses| responses.get_key_value("default"));
        let mut answers = good.into_iter().chain(default.filter(|_| responses.is_some_and(|all| all.len() == 1)));
        let Some((_, response)) = answers.next() else { return String::new() };
        let mut text = String::new();
        for (status, _) in answers {
            text.push_str(&document.note(place, &format!("the other answer, `{status}`")));
        }
        let response = self.reader.resolve(response);
        let Some(schema) = json_content(response) else {
            if let Some(content) =
                response.get("content").and_then(Json::as_object).filter(|content| !content.is_empty())
            {
                let kinds: Vec<&str> = content.keys().map(String::as_str).collect();
                text.push_str(&document.note(place, &format!("the answer, which is `{}`", kinds.join("`, `"))));
            }
            return text;
        };
        let inner = format!("{place}, answer");
        let fields = self.reader.object(document, &inner, schema).unwrap_or_else(|| {
            let mut fields = Fields::default();
            self.reader.add(document, &inner, ("body", schema, true, ""), &mut fields);
            fields
        });
        let _ = write!(text, "output {{\n{}}}\n", fields.text);
        text
    }
}

/// The schema of what has JSON for content.
fn json_content(body: &Json) -> Option<&Json> {
    let content = body.get("content")?.as_object()?;
    let (_, media) = content.iter().find(|(kind, _)| is_json(kind))?;
    media.get("schema")
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind == "application/json" || kind.ends_with("+json")
}

/// An address with its parameters: a string with a placeholder for each.
fn url(base: &str, path: &str, in_path: &[(String, String)], in_query: &[(String, String)]) -> String {
    let mut text = words::escaped(base);
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(&words::escaped(before));
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            text.push_str("\\{");
            continue;
        };
        match in_path.iter().find(|(own, _)| own == name) {
            Some((_, own)) => {
                let _ = write!(text, "{{{own}}}");
            }
            None => text.push_str(&words::escaped(&format!("{{{name}}}"))),
        }
        rest = after;
    }
    text.push_str(&words::escaped(rest));
    for (at, (name, own)) in in_query.iter().enumerate() {
        let name = words::escaped(name);
        let _ = write!(text, "{}{name}={{{own}}}", if at == 0 { '?' } else { '&' });
    }
    format!("\"{text}\"")
}

fn kind(method: &str) -> &'static str {
    match method {
        "get" | "head" | "options" | "trace" => "read",
        "delete" => "delete",
        _ => "network",
    }
}

fn assumption(method: &str) -> &'static str {
    match method {
        "get" | "head" | "options" | "trace" => "Assumed: it only reads, as its method says.",
        "delete" => "Assumed: it deletes, as its method says, and nothing undoes it.",
        _ => "Assumed: it may change anything, and nothing undoes it. The file does not say.",
    }
}

fn clauses(method: &str) -> &'static str {
    match method {
        "get" | "head" | "options" | "trace" => "",
        "put" | "delete" => {
            "effect irreversible external \"changes what the service has (assumed)\"\n\
             risk critical because \"nothing is known to undo it (assumed)\"\n\
             compensate none because \"no operation is known to undo it\"\nidempotent\n"
        }
        _ => {
            "effect irreversible external \"changes what the service has (assumed)\"\n\
             risk critical because \"nothing is known to undo it (assumed)\"\n\
             compensate none because \"no operation is known to undo it\"\n"
        }
    }
}
