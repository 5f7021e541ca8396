//! JSON as text and as values.

use super::Value;
use crate::text;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Why a text is not JSON that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.message, self.line, self.column)
    }
}

impl std::error::Error for JsonError {}

/// Reads JSON. An object that has a key twice is refused: which of the two a reader takes differs from one to another, and
/// what was decided on has to be what is done. Depth is bounded at 128.
pub fn parse_json(text: &str) -> Result<serde_json::Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let parsed = Unambiguous.deserialize(&mut reader).and_then(|json| reader.end().map(|()| json));
    parsed.map_err(|error| {
        let message = error.to_string();
        // The place is given apart.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
        JsonError { message, line: error.line(), column: error.column() }
    })
}

/// Builds [`serde_json::Value`], and refuses duplicate keys.
pub(crate) struct Unambiguous;

impl<'de> DeserializeSeed<'de> for Unambiguous {
    type Value = serde_json::Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<serde_json::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = serde_json::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<serde_json::Value, E> {
        Ok(serde_json::Value::Null)
    }

    // An empty document, or a tilde, in YAML.
    fn visit_none<E>(self) -> Result<serde_json::Value, E> {
        Ok(serde_json::Value::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<serde_json::Value, E> {
        Ok(bool.into())
    }

    fn visit_i64<E>(self, int: i64) -> Result<serde_json::Value, E> {
        Ok(int.into())
    }

    fn visit_u64<E>(self, int: u64) -> Result<serde_json::Value, E> {
        Ok(int.into())
    }

    fn visit_f64<E>(self, float: f64) -> Result<serde_json::Value, E> {
        Ok(float.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<serde_json::Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<serde_json::Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<serde_json::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Unambiguous)? {
            list.push(element);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<serde_json::Value, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Unambiguous)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

impl Value {
    /// The value as JSON: money, decimals, durations and times as strings, everything else plainly. An absent value is
    /// `null`; an absent field is left out.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Absent => serde_json::Value::Null,
            Value::Bool(bool) => (*bool).into(),
            Value::Int(int) => (*int).into(),
            Value::Decimal(decimal) => decimal.to_string().into(),
            Value::Money(amount, currency) => text::money(*amount, *currency).into(),
            Value::Duration(milliseconds) => text::duration(*milliseconds).into(),
            Value::Time(milliseconds) => text::time(*milliseconds).into(),
            Value::String(text) => (**text).into(),
            Value::Risk(risk) => risk.as_str().into(),
            Value::List(elements) => elements.iter().map(Value::to_json).collect(),
            Value::Record(record) => {
                let fields = record.iter().map(|(name, value)| (name.to_owned(), value.to_json()));
                serde_json::Value::Object(fields.collect())
            }
            Value::Json(json) => (**json).clone(),
        }
    }
}
