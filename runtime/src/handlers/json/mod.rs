//! `data.json`: JSON read, written, looked into, changed.

mod filter;

pub(super) use filter::run;

use super::blocking::Blocking;
use super::worker::{Task, Worker};
use crate::gate::{Call, Error, Handler, Handlers, Later};
use gov_plan::value::parse_json;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Registers the handlers of `data.json`. Filters are run by `worker`.
pub fn register(handlers: &mut Handlers, worker: Worker) {
    let stateless = Arc::new(());
    handlers.builtin("data.json.parse", Arc::new(Blocking::new(&stateless, parse)));
    handlers.builtin("data.json.stringify", Arc::new(Blocking::new(&stateless, stringify)));
    handlers.builtin("data.json.get", Arc::new(Blocking::new(&stateless, get)));
    handlers.builtin("data.json.transform", Arc::new(Transform(worker)));
}

struct Transform(Worker);

impl Handler for Transform {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let task = Task::Filter(call.text("filter")?.to_owned(), value(call).clone());
            Ok(json!({ "values": self.0.ask(call, task).await? }))
        })
    }
}

fn parse((): &(), call: &Call) -> Result<Json, Error> {
    let value = parse_json(call.text("text")?);
    let value = value.map_err(|error| Error::Permanent(format!("`text` is no JSON: {error}")))?;
    Ok(json!({ "value": value }))
}

fn stringify((): &(), call: &Call) -> Result<Json, Error> {
    let pretty = call.input().get("pretty").and_then(Json::as_bool).unwrap_or(false);
    let value = value(call);
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    let text = text.map_err(|error| Error::Permanent(format!("`value` cannot be written: {error}")))?;
    Ok(json!({ "text": text }))
}

fn get((): &(), call: &Call) -> Result<Json, Error> {
    let found = at(value(call), call.text("path")?);
    Ok(json!({ "found": found.is_some(), "value": found }))
}

/// The argument `value`; null can be said and left out.
fn value(call: &Call) -> &Json {
    call.input().get("value").unwrap_or(&Json::Null)
}

/// What is at a path: a JSON pointer (RFC 6901) if it begins with `/`, and otherwise keys and numbers with dots between.
fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    if path.is_empty() || path.starts_with('/') {
        return json.pointer(path);
    }
    path.split('.').try_fold(json, |json, part| match json {
        Json::Object(object) => object.get(part),
        Json::Array(elements) => elements.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_what_is_there() {
        let json = json!({ "orders": [{ "id": 7, "unit.price": 2 }], "none": null });
        assert_eq!(at(&json, "orders.0.id"), Some(&json!(7)));
        assert_eq!(at(&json, "/orders/0/unit.price"), Some(&json!(2)));
        assert_eq!(at(&json, ""), Some(&json));
        assert_eq!(at(&json, "none"), Some(&Json::Null));
        for nowhere in ["orders.1", "orders.-1", "orders.id", "none.a", "/orders/x", "."] {
            assert_eq!(at(&json, nowhere), None, "{nowhere}");
        }
    }
}
