//! `text.regex`: regular expressions in linear time.

use super::worker::{Task, Worker};
use crate::gate::{Call, Error, Handler, Handlers, Later};
use regex::RegexBuilder;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// The most memory that a compiled pattern may take, in bytes.
const MOST_BYTES: usize = 4 << 20;

/// Registers the handler of `text.regex`. Patterns are looked for by `worker`.
pub fn register(handlers: &mut Handlers, worker: Worker) {
    handlers.builtin("text.regex.match", Arc::new(Match(worker)));
}

struct Match(Worker);

impl Handler for Match {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let task = Task::Match(call.text("pattern")?.to_owned(), call.text("text")?.to_owned());
            let found = self.0.ask(call, task).await?.pop();
            found.ok_or_else(|| Error::Transient("the process that runs the pattern gives no answer".to_owned()))
        })
    }
}

/// The first place where a text matches, with its groups. The error says what is wrong with the pattern.
pub(super) fn find(pattern: &str, text: &str) -> Result<Json, String> {
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
        let found = find(r"(?P<user>\w+)@(\w+)(x)?", "mail ann@example now").unwrap();
        let expected = json!({
            "matched": true, "groups": ["ann@example", "ann", "example", ""], "named": { "user": "ann" }
        });
        assert_eq!(found, expected);
        assert_eq!(find("b", "a").unwrap()["matched"], false);
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        assert_eq!(find("(a", "a").unwrap_err(), "`(a` is no pattern: unclosed group");
        assert!(find(r"(?=a)", "a").unwrap_err().contains("look-around"));
        assert!(find(r"(a{1000}){1000}", "a").unwrap_err().contains("more than"));
    }

    #[test]
    fn a_pattern_that_would_backtrack_for_ever_does_not() {
        let text = "a".repeat(1 << 20);
        assert_eq!(find("^(a+)+$b", &text).unwrap()["matched"], false);
    }
}
