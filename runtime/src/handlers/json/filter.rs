//! The process that runs a filter: seen from inside.

use jaq_core::load::{Arena, Error, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data};
use jaq_json::{Val, read};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::Value as Json;
use std::io::{self, Read, Write};

/// The most that a filter may give, in bytes.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// The most memory that the process may take, in bytes.
const MOST_MEMORY: u64 = 512 << 20;

/// The most time on a processor, in seconds. The one that asks has less patience, but may be gone.
const MOST_SECONDS: u64 = 60;

/// Reads `[filter, value]`, runs the filter, and writes `{"values": […]}` or `{"error": "…"}`. The process limits itself
/// first, for good: it is meant to end when this returns.
///
/// # Errors
///
/// If it cannot be limited, or if what is read is no request.
pub fn serve(input: impl Read, mut output: impl Write) -> io::Result<()> {
    limit(Resource::As, MOST_MEMORY)?;
    limit(Resource::Cpu, MOST_SECONDS)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    let (filter, value): (String, Json) = serde_json::from_reader(input)?;
    match run(&filter, &value) {
        // What is no JSON, such as a number that is none, is told by the one that reads it.
        Ok(values) => write!(output, "{{\"values\":[{}]}}", values.join(","))?,
        Err(error) => write!(output, "{}", serde_json::json!({ "error": error }))?,
    }
    output.flush()
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// What a filter gives, each as JSON.
fn run(filter: &str, value: &Json) -> Result<Vec<String>, String> {
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
    let (mut values, mut size) = (Vec::new(), 0);
    for value in compiled.id.run((context, value)) {
        let value = value.map_err(|ended| match ended.get_err() {
            Ok(error) => format!("the filter fails: {error}"),
            Err(_) => "the filter halts".to_owned(),
        })?;
        let text = value.to_string();
        size += text.len() + 1;
        if size > MOST_BYTES {
            return Err(format!("the filter gives more than {MOST_BYTES} bytes"));
        }
        values.push(text);
    }
    Ok(values)
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
    use super::run;
    use serde_json::json;

    #[test]
    fn a_filter_gives_what_jq_gives() {
        let value = json!({ "orders": [{ "id": 1, "total": 2.5 }, { "id": 2, "total": 4 }] });
        assert_eq!(run(".orders | map(.total) | add", &value).unwrap(), ["6.5"]);
        assert_eq!(run(".orders[] | {id}", &value).unwrap(), ["{\"id\":1}", "{\"id\":2}"]);
        assert_eq!(run("empty", &value).unwrap(), [""; 0]);
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
