//! Records straight from JSON text: what [`parse_json`](super::parse_json) and [`read_fields`](super::read_fields) do together,
//! except that refinements are not looked at, and that nothing is said of what does not fit.

use super::read::convert;
use super::{Record, Unambiguous, Value};
use crate::text;
use crate::types::{Fields, Risk, Schema, Type};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::sync::Arc;

/// Reads a record of these fields; nothing where the text is anything else. Refinements are not checked.
pub(crate) fn record_of_text(fields: &Fields, text: &str) -> Option<Record> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let record = RecordOf { fields, depth: 0 }.deserialize(&mut reader).ok()?;
    reader.end().ok().map(|()| record)
}

struct RecordOf<'f> {
    fields: &'f Fields,
    depth: u32,
}

struct ValueOf<'s> {
    schema: &'s Schema,
    depth: u32,
}

impl<'de> DeserializeSeed<'de> for RecordOf<'_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordOf<'_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Record, A::Error> {
        let fields = &self.fields.0;
        let mut values: Vec<Option<Value>> = vec![None; fields.len()];
        while let Some(place) = entries.next_key_seed(FieldOf(self.fields))? {
            let (Some(field), Some(value)) = (fields.get(place), values.get_mut(place)) else { continue };
            if value.is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
            *value = Some(entries.next_value_seed(ValueOf { schema: &field.schema, depth: self.depth + 1 })?);
        }
        let mut found = Vec::with_capacity(fields.len());
        for (field, value) in fields.iter().zip(values) {
            match value {
                Some(value) => found.push((Arc::from(field.name.as_str()), value)),
                None if field.schema.optional => {}
                None => return Err(A::Error::custom("a field is missing")),
            }
        }
        Ok(Record::new(found))
    }
}

/// The place of the field that a key names.
struct FieldOf<'f>(&'f Fields);

impl<'de> DeserializeSeed<'de> for FieldOf<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldOf<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let place = self.0.0.iter().position(|field| field.name == name);
        place.ok_or_else(|| E::custom("there is no such field"))
    }
}

impl<'de> DeserializeSeed<'de> for ValueOf<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match &self.schema.ty {
            // What can hold JSON is rare, and is read in the one way there is.
            Type::Json | Type::List(_) | Type::Record(_) => {
                let json = Unambiguous.deserialize(deserializer)?;
                convert(self.schema, &json, self.depth).map_err(D::Error::custom)
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl ValueOf<'_> {
    fn known<E: Error>(value: Option<Value>) -> Result<Value, E> {
        value.ok_or_else(|| E::custom("it is something else"))
    }
}

impl<'de> Visitor<'de> for ValueOf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.schema.ty)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Self::known(self.schema.optional.then_some(Value::Absent))
    }

    fn visit_bool<E: Error>(self, bool: bool) -> Result<Value, E> {
        Self::known((self.schema.ty == Type::Bool).then_some(Value::Bool(bool)))
    }

    fn visit_i64<E: Error>(self, int: i64) -> Result<Value, E> {
        Self::known((self.schema.ty == Type::Int).then_some(Value::Int(int)))
    }

    fn visit_u64<E: Error>(self, int: u64) -> Result<Value, E> {
        let int = i64::try_from(int).ok().filter(|_| self.schema.ty == Type::Int);
        Self::known(int.map(Value::Int))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Self::known(match &self.schema.ty {
            Type::String => Some(Value::string(text)),
            Type::Union(members) => members.iter().any(|member| member == text).then(|| Value::string(text)),
            Type::Decimal => text.parse().ok().map(Value::Decimal),
            Type::Duration => text::parse_duration(text).map(Value::Duration),
            Type::Time => text::parse_time(text).map(Value::Time),
            Type::Money(currency) => {
                let money = text::parse_money(text).filter(|(_, found)| found == currency);
                money.map(|(amount, currency)| Value::Money(amount, currency))
            }
            Type::Risk => Risk::parse(text).map(Value::Risk),
            _ => None,
        })
    }
}
