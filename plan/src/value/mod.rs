//! Values: what an expression is evaluated to, and what a request, a context or an output holds.
//!
//! - [`read`] takes JSON as a [`Schema`](crate::types::Schema) wants it, refinements included; every failure is a located
//!   [`Misfit`].
//! - [`Value::to_json`] gives the JSON that [`read`] takes.
//! - A value can be shown in a string ([`Value`] is `Display`): how interpolation renders it.

mod json;
mod read;
mod stream;

pub(crate) use json::Unambiguous;
pub use json::{JsonError, parse_json};
pub use read::{MAX_DEPTH, Misfit, Problem, Roles, admit, admit_fields, read, read_fields};
pub(crate) use stream::Shape;

use crate::decimal::Decimal;
use crate::text;
use crate::types::{Currency, Risk};
use std::fmt;
use std::sync::Arc;

/// The first moment that a `Time` can be: 0000-01-01T00:00:00Z, in milliseconds since 1970.
///
/// RFC 3339 has years of four digits. Bounding the type by it means that every time that can be computed can be written and
/// read again; arithmetic beyond it is an overflow.
pub const TIME_MIN: i64 = -62_167_219_200_000;

/// The last moment that a `Time` can be: 9999-12-31T23:59:59.999Z, in milliseconds since 1970.
pub const TIME_MAX: i64 = 253_402_300_799_999;

/// A value. A clone costs a count at most.
#[derive(Debug, Clone)]
pub enum Value {
    /// No value: what an optional that is not there evaluates to.
    Absent,
    /// `true` or `false`.
    Bool(bool),
    /// 64 bit.
    Int(i64),
    /// Exact, see [`Decimal`].
    Decimal(Decimal),
    /// An amount in a currency.
    Money(Decimal, Currency),
    /// Milliseconds.
    Duration(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z, from [`TIME_MIN`] to [`TIME_MAX`].
    Time(i64),
    /// Text, and the members of string unions.
    String(Arc<str>),
    /// A risk.
    Risk(Risk),
    /// Elements in order.
    List(Arc<[Value]>),
    /// Fields by name.
    Record(Record),
    /// JSON of any shape.
    Json(Arc<serde_json::Value>),
}

/// A record: fields by name, in the order in which they were given. A field without a value is not in it.
#[derive(Debug, Clone)]
pub struct Record(Arc<[(Arc<str>, Value)]>);

impl Record {
    /// A record of these fields; the ones that are absent are left out.
    pub fn new(fields: impl IntoIterator<Item = (Arc<str>, Value)>) -> Record {
        Record(fields.into_iter().filter(|(_, value)| !matches!(value, Value::Absent)).collect())
    }

    /// A record of these fields, none of which is absent.
    pub(crate) fn of_present(fields: impl Iterator<Item = (Arc<str>, Value)>) -> Record {
        Record(fields.collect())
    }

    /// A record without fields.
    pub fn empty() -> Record {
        Record::new([])
    }

    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| &**own == name).map(|(_, value)| value)
    }

    /// The field of this name, found at once if it stands at this place.
    pub(crate) fn get_near(&self, place: usize, name: &str) -> Option<&Value> {
        match self.0.get(place) {
            Some((own, value)) if &**own == name => Some(value),
            _ => self.get(name),
        }
    }

    /// How many fields have a value.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no field has a value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// Equality as `==` has it: by value, records by name whatever the order. A JSON `null` is absent.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Decimal(a), Value::Decimal(b)) => a == b,
            (Value::Money(a, currency), Value::Money(b, other)) => a == b && currency == other,
            (Value::Duration(a), Value::Duration(b)) | (Value::Time(a), Value::Time(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Risk(a), Value::Risk(b)) => a == b,
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Record(a), Value::Record(b)) => a == b,
            (Value::Json(a), Value::Json(b)) => a == b,
            (a, b) => a.is_absent() && b.is_absent(),
        }
    }
}

impl Eq for Value {}

impl PartialEq for Record {
    fn eq(&self, other: &Record) -> bool {
        let within = |one: &Record, other: &Record| {
            one.iter().all(|(name, value)| other.get(name).unwrap_or(&Value::Absent) == value)
        };
        // A field that holds JSON `null` is in the one and not in the other.
        within(self, other) && within(other, self)
    }
}

impl Eq for Record {}

impl Value {
    /// A string.
    pub fn string(text: &str) -> Value {
        Value::String(text.into())
    }

    /// A list.
    pub fn list(elements: impl IntoIterator<Item = Value>) -> Value {
        Value::List(elements.into_iter().collect())
    }

    /// A record; fields that are absent are left out.
    pub fn record<'n>(fields: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
        Value::Record(Record::new(fields.into_iter().map(|(name, value)| (name.into(), value))))
    }

    /// A time; `None` outside the years 0 to 9999.
    pub fn time(milliseconds: i64) -> Option<Value> {
        (TIME_MIN..=TIME_MAX).contains(&milliseconds).then_some(Value::Time(milliseconds))
    }

    /// Whether there is nothing: what `has` denies. A JSON `null` counts as nothing.
    pub fn is_absent(&self) -> bool {
        match self {
            Value::Absent => true,
            Value::Json(json) => json.is_null(),
            _ => false,
        }
    }

    /// A field of a record or of JSON. Absent where there is none: also below what is itself absent, and below JSON that is
    /// no object. `None` where the value is neither record nor JSON nor absent.
    pub fn field(&self, name: &str) -> Option<Value> {
        match self {
            Value::Absent => Some(Value::Absent),
            Value::Record(record) => Some(record.get(name).cloned().unwrap_or(Value::Absent)),
            Value::Json(json) => Some(match json.get(name) {
                None | Some(serde_json::Value::Null) => Value::Absent,
                Some(found) => Value::Json(Arc::new(found.clone())),
            }),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(bool) => Some(*bool),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    /// How interpolation renders a value: `12`, `0.25`, `12.50 USD`, `24h`, `2026-01-31T09:00:00Z`, the text of a string,
    /// `true`, `high`. Lists, records and JSON are rendered as their JSON; an absent value as nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Absent => Ok(()),
            Value::Bool(bool) => write!(f, "{bool}"),
            Value::Int(int) => write!(f, "{int}"),
            Value::Decimal(decimal) => write!(f, "{decimal}"),
            Value::Money(amount, currency) => f.write_str(&text::money(*amount, *currency)),
            Value::Duration(milliseconds) => f.write_str(&text::duration(*milliseconds)),
            Value::Time(milliseconds) => f.write_str(&text::time(*milliseconds)),
            Value::String(text) => f.write_str(text),
            Value::Risk(risk) => f.write_str(risk.as_str()),
            Value::List(_) | Value::Record(_) | Value::Json(_) => write!(f, "{}", self.to_json()),
        }
    }
}

#[cfg(test)]
mod tests;
