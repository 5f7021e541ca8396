//! Records straight from JSON text: what [`parse_json`](super::parse_json) and [`read_fields`](super::read_fields) do together,
//! except that refinements are not looked at, and that nothing is said of what does not fit.

use super::read::convert;
use super::{Record, Unambiguous, Value};
use crate::text;
use crate::types::{Field, Fields, Risk, Schema, Type};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::sync::Arc;

/// Fields, with their names as the records have them that are read.
#[derive(Debug)]
pub(crate) struct Shape<'f> {
    fields: &'f Fields,
    names: Box<[Arc<str>]>,
}

impl<'f> Shape<'f> {
    /// The shape of records of these fields.
    pub fn of(fields: &'f Fields) -> Shape<'f> {
        Shape { fields, names: fields.iter().map(|field| field.name.as_str().into()).collect() }
    }

    /// Reads a record; nothing where the text is anything else. Refinements are not checked.
    pub fn read(&self, text: &str) -> Option<Record> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let record = RecordOf(self).deserialize(&mut reader).ok()?;
        reader.end().ok().map(|()| record)
    }
}

struct RecordOf<'s, 'f>(&'s Shape<'f>);

struct ValueOf<'s>(&'s Schema);

impl<'de> DeserializeSeed<'de> for RecordOf<'_, '_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordOf<'_, '_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Record, A::Error> {
        let Shape { fields, names } = self.0;
        let mut values: Vec<(usize, Value)> = Vec::with_capacity(names.len());
        while let Some(place) = entries.next_key_seed(FieldOf(fields))? {
            let Some(field) = fields.as_slice().get(place) else { continue };
            values.push((place, entries.next_value_seed(ValueOf(&field.schema))?));
        }
        let places = |(place, _): &(usize, Value)| *place;
        if !values.is_sorted_by_key(places) {
            values.sort_by_key(places);
        }
        if values.windows(2).any(|two| two.first().map(places) == two.last().map(places)) {
            return Err(A::Error::custom("a key stands twice"));
        }
        let mut found = values.iter().map(places).peekable();
        let is_missing = |(place, field): (usize, &Field)| found.next_if_eq(&place).is_none() && !field.schema.optional;
        if fields.iter().enumerate().any(is_missing) {
            return Err(A::Error::custom("a field is missing"));
        }
        values.retain(|(_, value)| !matches!(value, Value::Absent));
        let named = |(place, value): (usize, Value)| (names.get(place).cloned().unwrap_or_default(), value);
        Ok(Record::of_present(values.into_iter().map(named)))
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
        let place = self.0.iter().position(|field| field.name == name);
        place.ok_or_else(|| E::custom("there is no such field"))
    }
}

impl<'de> DeserializeSeed<'de> for ValueOf<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match &self.0.ty {
            // What can hold JSON is rare, and is read in the one way there is.
            Type::Json | Type::List(_) | Type::Record(_) => {
                let json = Unambiguous.deserialize(deserializer)?;
                convert(self.0, &json, 1).map_err(D::Error::custom)
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
        write!(f, "{}", self.0.ty)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Self::known(self.0.optional.then_some(Value::Absent))
    }

    fn visit_bool<E: Error>(self, bool: bool) -> Result<Value, E> {
        Self::known((self.0.ty == Type::Bool).then_some(Value::Bool(bool)))
    }

    fn visit_i64<E: Error>(self, int: i64) -> Result<Value, E> {
        Self::known((self.0.ty == Type::Int).then_some(Value::Int(int)))
    }

    fn visit_u64<E: Error>(self, int: u64) -> Result<Value, E> {
        let int = i64::try_from(int).ok().filter(|_| self.0.ty == Type::Int);
        Self::known(int.map(Value::Int))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Self::known(match &self.0.ty {
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
