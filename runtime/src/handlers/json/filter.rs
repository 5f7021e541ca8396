//! Filters in the language of jq.

use jaq_core::load::{Arena, Error, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data};
use jaq_json::{Val, read};
use serde_json::Value as Json;

/// Runs a filter, and hands over what it gives, each as JSON, for as long as more is wanted. The error says what is wrong with
/// the filter.
pub(in crate::handlers) fn run(filter: &str, value: &Json, take: &mut dyn FnMut(String) -> bool) -> Result<(), String> {
    let value = read::parse_single(value.to_string().as_bytes());
    let value = value.map_err(|error| format!("the value cannot be read: {error}"))?;
    let loader = Loader::new(jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()));
    let arena = Arena::default();
    let modules = loader.load(&arena, File { code: filter, path: () }).map_err(|errors| {
        let reasons = errors.iter().flat_map(|(_, error)| unreadable(error));
        format!("the filter cannot be read: {}", reasons.collect::<Vec<_>>().join("; "))
    })?;
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let compiled = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let names = errors.iter().flat_map(|(_, errors)| errors);
        let names = names.map(|(name, kind)| format!("there is no {} `{name}`", kind.as_str()));
        format!("the filter cannot be used: {}", names.collect::<Vec<_>>().join("; "))
    })?;
    let context = Ctx::<data::JustLut<Val>>::new(&compiled.lut, Vars::new([]));
    for value in compiled.id.run((context, value)) {
        let value = value.map_err(|ended| match ended.get_err() {
            Ok(error) => format!("the filter fails: {error}"),
            Err(_) => "the filter halts".to_owned(),
        })?;
        if !take(value.to_string()) {
            break;
        }
    }
    Ok(())
}

fn unreadable(error: &Error<&str>) -> Vec<String> {
    let expected = |what: &str, found: &str| match found.chars().take(20).collect::<String>() {
        found if found.is_empty() => format!("expected {what} at its end"),
        found => format!("expected {what} at `{found}`"),
    };
    match error {
        Error::Io(errors) => errors.iter().map(|(path, _)| format!("a filter cannot include `{path}`")).collect(),
        Error::Lex(errors) => errors.iter().map(|(what, found)| expected(what.as_str(), found)).collect(),
        Error::Parse(errors) => errors.iter().map(|(what, found)| expected(what.as_str(), found)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    fn run(filter: &str, value: &Json) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        let done = super::run(filter, value, &mut |value| {
            values.push(value);
            values.len() < 3
        });
        done.map(|()| values)
    }

    #[test]
    fn a_filter_gives_what_jq_gives() {
        let value = json!({ "orders": [{ "id": 1, "total": 2.5 }, { "id": 2, "total": 4 }] });
        assert_eq!(run(".orders | map(.total) | add", &value).unwrap(), ["6.5"]);
        assert_eq!(run(".orders[] | {id}", &value).unwrap(), ["{\"id\":1}", "{\"id\":2}"]);
        assert_eq!(run("empty", &value).unwrap(), [""; 0]);
        // No more than is wanted.
        assert_eq!(run("repeat(1)", &value).unwrap(), ["1"; 3]);
    }

    #[test]
    fn what_is_wrong_with_a_filter_is_said() {
        let error = |filter: &str| run(filter, &json!({ "a": 1 })).unwrap_err();
        assert!(error(".a | (").starts_with("the filter cannot be read: expected"), "{}", error(".a | ("));
        assert_eq!(error("nothing"), "the filter cannot be used: there is no filter `nothing`");
        assert!(error(".a | .b").starts_with("the filter fails: "));
        assert_eq!(error("halt"), "the filter halts");
        assert!(error("import \"x\" as x; .").contains("include") || error("import \"x\" as x; .").contains("read"));
    }
}
