//! The values of arguments, as expressions, and what they say about what is called.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value as Json;

use super::{Bound, Translation};
use crate::import::ai_first::standard;
use crate::import::ai_first::template::{Piece, pieces};
use crate::import::ai_first::types::Type;
use crate::import::schema::shown;
use crate::import::words;

impl Translation<'_> {
    /// The arguments of a call, and what they say about the capability.
    pub(super) fn arguments(&mut self, text: &mut String, said: &str, id: &str, inputs: &Json) -> String {
        let Some(fields) = inputs.as_object() else {
            text.push_str(&self.note(said, &format!("the inputs `{}`", shown(inputs))));
            return String::new();
        };
        let known = standard::find(id);
        let mut arguments: Vec<String> = Vec::new();
        let mut types = BTreeMap::new();
        for (name, value) in fields {
            let here = match known {
                Some(standard) => standard.input(id, name).map(str::to_owned),
                None => words::field(name).filter(|own| !types.contains_key(own)),
            };
            let (Some(here), false) = (here, value.is_null()) else {
                text.push_str(
                    &self.note(said, &format!("the input `{name}: {}`, which `{id}` does not take here", shown(value))),
                );
                continue;
            };
            if known.is_none() && here != *name {
                text.push_str(&self.note(said, &format!("the name `{name}`: it is `{here}` here")));
            }
            arguments.push(format!("{here}: {}", self.value(text, said, value)));
            types.insert(here, self.type_of(value));
        }
        self.used.of(id).call(types);
        arguments.join(", ")
    }

    /// The type of an argument: that of a parameter that it is, as a whole.
    fn type_of(&self, value: &Json) -> Type {
        if let Some(text) = value.as_str()
            && let [Piece::Path(path)] = pieces(text).as_slice()
            && let [only] = path.as_slice()
            && let Some((_, Bound::Parameter(ty))) = self.bound.get(*only)
        {
            return ty.clone();
        }
        Type::of(value)
    }

    /// An expression for a value.
    fn value(&mut self, text: &mut String, said: &str, value: &Json) -> String {
        match value {
            Json::Null => "\"\"".to_owned(),
            Json::Bool(value) => value.to_string(),
            Json::Number(number) => match decimal(number) {
                Some(number) => number,
                None => {
                    text.push_str(&self.note(said, &format!("the number `{number}`")));
                    "0".to_owned()
                }
            },
            Json::String(value) => self.text(text, said, value),
            Json::Array(elements) => {
                let elements: Vec<String> = elements.iter().map(|element| self.value(text, said, element)).collect();
                format!("[{}]", elements.join(", "))
            }
            Json::Object(fields) => {
                let mut entries: BTreeMap<String, String> = BTreeMap::new();
                for (name, value) in fields {
                    match words::field(name).filter(|own| !entries.contains_key(own) && !value.is_null()) {
                        Some(own) => {
                            if own != *name {
                                text.push_str(&self.note(said, &format!("the name `{name}`: it is `{own}` here")));
                            }
                            let value = self.value(text, said, value);
                            entries.insert(own, value);
                        }
                        None => text.push_str(&self.note(said, &format!("`{name}: {}`", shown(value)))),
                    }
                }
                let entries: Vec<String> =
                    entries.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }

    /// An expression for a text with names in it: a name alone, or a string.
    pub(super) fn text(&mut self, text: &mut String, said: &str, value: &str) -> String {
        let pieces = pieces(value);
        if let [Piece::Path(path)] = pieces.as_slice()
            && let Some(expression) = self.path(text, said, path)
        {
            return expression;
        }
        let mut string = String::from("\"");
        for piece in &pieces {
            match piece {
                Piece::Text(part) => string.push_str(&words::escaped(part)),
                Piece::Path(path) => match self.path(text, said, path) {
                    Some(expression) => {
                        let _ = write!(string, "{{{expression}}}");
                    }
                    None => string.push_str(&words::escaped(&format!("{{{{{}}}}}", path.join(".")))),
                },
                Piece::Other(inner) => {
                    text.push_str(&self.note(said, &format!("the template `{inner}`")));
                    string.push_str(&words::escaped(&format!("{{{{{inner}}}}}")));
                }
            }
        }
        string.push('"');
        string
    }

    /// An expression for a name. One that nothing binds is written as it is: the check says so.
    fn path(&mut self, text: &mut String, said: &str, path: &[&str]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let (own, id) = match self.bound.get(*first) {
            Some((own, Bound::Step(id))) => (own.clone(), Some(id.clone())),
            Some((own, _)) => (own.clone(), None),
            None => {
                text.push_str(
                    &self.note(said, &format!("where `{first}` comes from: nothing before is declared to give it")),
                );
                (words::field(first)?, None)
            }
        };
        let mut expression = own;
        for (at, part) in rest.iter().enumerate() {
            let here = match &id {
                Some(id) if at == 0 => standard::output(id, part),
                _ => part,
            };
            let here = words::field(here)?;
            if let Some(id) = id.as_ref().filter(|_| at == 0) {
                self.used.of(id).outputs.insert(here.clone());
            }
            let _ = write!(expression, ".{here}");
        }
        // A step as a whole is no text.
        if rest.is_empty() && matches!(self.bound.get(*first), Some((_, Bound::Step(_) | Bound::Approval))) {
            text.push_str(&self.note(said, &format!("`{first}` as a whole: which field of it is meant is not said")));
        }
        Some(expression)
    }
}

/// A number as Gov writes it, if it can.
fn decimal(number: &serde_json::Number) -> Option<String> {
    let text = number.to_string();
    let plain = !text.contains(['e', 'E']);
    let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
    let fits = number.is_i64() || (whole.trim_start_matches('-').len() <= 15 && !number.is_u64());
    (plain && fits && places.len() <= 9).then_some(text)
}
