//! `text.template`: templates in the language of Jinja.

use super::blocking::Blocking;
use crate::gate::{Call, Error, Handlers};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// What rendering may use up: a unit is about an instruction, or 64 bytes.
const FUEL: u64 = 1_000_000;

/// The deepest nesting of calls in a template.
const MAX_DEPTH: usize = 64;

/// Registers the handler of `text.template`.
pub fn register(handlers: &mut Handlers) {
    handlers.builtin("text.template.render", Arc::new(Blocking::new(&Arc::new(()), render)));
}

fn render((): &(), call: &Call) -> Result<Json, Error> {
    let text = rendered(call.text("template")?, &names(call.input())?).map_err(Error::Permanent)?;
    Ok(json!({ "text": text }))
}

/// What names stand for: those of `data`, and those of `values`, which win.
fn names(input: &Json) -> Result<Json, Error> {
    let mut names = match input.get("data") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(data)) => data.clone(),
        Some(_) => return Err(Error::Permanent("`data` is no object, whose keys would be the names".to_owned())),
    };
    for value in input.get("values").and_then(Json::as_array).into_iter().flatten() {
        let said = |key: &str| value.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        names.insert(said("name"), said("value").into());
    }
    Ok(Json::Object(names))
}

fn rendered(template: &str, values: &Json) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_DEPTH);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    let values = minijinja::Value::from(minijinja::value::Serde(values));
    environment.render_str(template, values).map_err(|error| {
        let line = error.line().map_or_else(String::new, |line| format!(" in line {line}"));
        let detail = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
        match error.kind() {
            ErrorKind::OutOfFuel => "the template takes more time or memory than a template may".to_owned(),
            kind => format!("the template cannot be filled in{line}: {kind}{detail}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_as_it_stands() {
        let values = json!({ "name": "Ann <a>", "items": [{ "id": 1 }, { "id": 2 }] });
        let template = "Dear {{ name }}:{% for item in items %} {{ item.id }}{% endfor %}\n";
        assert_eq!(rendered(template, &values).unwrap(), "Dear Ann <a>: 1 2\n");
    }

    #[test]
    fn names_come_from_both_and_the_nearer_win() {
        let input = json!({ "data": { "a": 1, "b": 2 }, "values": [{ "name": "b", "value": "own" }] });
        assert_eq!(names(&input).unwrap(), json!({ "a": 1, "b": "own" }));
        assert_eq!(names(&json!({})).unwrap(), json!({}));
    }

    #[test]
    fn what_cannot_be_filled_in_is_said() {
        let error = |template: &str| rendered(template, &json!({})).unwrap_err();
        assert!(error("a\n{{ name }}").contains("in line 2"), "{}", error("a\n{{ name }}"));
        assert!(error("{% include 'x' %}").contains("cannot be filled in"));
        assert!(error("{{").contains("in line 1"));
        assert!(matches!(names(&json!({ "data": [] })), Err(Error::Permanent(why)) if why.contains("no object")));
    }

    #[test]
    fn a_template_that_does_not_end_or_grows_is_stopped() {
        let long = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(rendered(long, &json!({})).unwrap_err().contains("more time or memory"));
        let deep = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";
        assert!(rendered(deep, &json!({})).is_err());
        let wide = "{% set ns = namespace(s='x') %}{% for a in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";
        assert!(rendered(wide, &json!({})).unwrap_err().contains("more time or memory"));
    }
}
