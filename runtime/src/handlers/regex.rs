//! `text.regex`: regular expressions in linear time.

use super::blocking::Blocking;
use crate::gate::{Call, Error, Handlers};
use regex::RegexBuilder;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// The most memory that a compiled pattern may take, in bytes.
const MOST_BYTES: usize = 4 << 20;

/// Registers the handler of `text.regex`.
pub fn register(handlers: &mut Handlers) {
    handlers.builtin("text.regex.match", Arc::new(Blocking::new(&Arc::new(()), find)));
}

fn find((): &(), call: &Call) -> Result<Json, Error> {
    answer(call.text("pattern")?, call.text("text")?).map_err(Error::Permanent)
}

fn answer(pattern: &str, text: &str) -> Result<Json, String> {
    let built = RegexBuilder::new(pattern).size_limit(MOST_BYTES).dfa_size_limit(MOST_BYTES).build();
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("the pattern takes more than {MOST_BYTES} bytes"),
        error => format!("`{pattern}` is no pattern: {}", last_line(&error.to_string())),
    })?;
    let Some(captures) = regex.captures(text) else {
        return Ok(json!({ "matched": false, "groups": [], "named": {} }));
    };
    let text_of = |group: Option<regex::Match<'_>>| Json::from(group.map_or("", |group| group.as_str()));
    let groups: Vec<Json> = captures.iter().map(text_of).collect();
    let names = regex.capture_names().flatten();
    let named: Map<String, Json> = names.map(|name| (name.to_owned(), text_of(captures.name(name)))).collect();
    Ok(json!({ "matched": true, "groups": groups, "named": named }))
}

/// What the error comes to, without the drawing of the pattern above it.
fn last_line(error: &str) -> &str {
    let line = error.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_given_by_number_and_by_name() {
        let found = answer(r"(?P<user>\w+)@(\w+)(x)?", "mail ann@example now").unwrap();
        let expected = json!({
            "matched": true, "groups": ["ann@example", "ann", "example", ""], "named": { "user": "ann" }
        });
        assert_eq!(found, expected);
        assert_eq!(answer("b", "a").unwrap()["matched"], false);
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        assert_eq!(answer("(a", "a").unwrap_err(), "`(a` is no pattern: unclosed group");
        assert!(answer(r"(?=a)", "a").unwrap_err().contains("look-around"));
        assert!(answer(r"(a{1000}){1000}", "a").unwrap_err().contains("more than"));
    }

    #[test]
    fn a_pattern_that_would_backtrack_for_ever_does_not() {
        let text = "a".repeat(1 << 20);
        assert_eq!(answer("^(a+)+$b", &text).unwrap()["matched"], false);
    }
}
