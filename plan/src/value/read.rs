//! JSON as a schema wants it, and values as a schema admits them.

use super::{Record, Value};
use crate::eval::{Env, EvalErrorKind, eval};
use crate::text;
use crate::types::{Fields, Risk, Schema, Type};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// The deepest nesting of lists and objects that is read.
pub const MAX_DEPTH: u32 = 64;

/// Whether a principal has a role, for refinements that ask (`self in set` with a role in the set).
pub type Roles<'r> = dyn Fn(&str, &str) -> bool + 'r;

/// Why something is not what a schema wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where: `lines[2].amount`; empty for the whole value.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is something else.
    Shape {
        /// What was expected, in words.
        expected: String,
        /// What was found, in words.
        found: String,
    },
    /// A field that must be there is not.
    Missing {
        /// What was expected, in words.
        expected: String,
    },
    /// A field that nobody declared.
    Unknown {
        /// The declared field that was probably meant.
        meant: Option<String>,
    },
    /// A refinement does not hold.
    Refinement {
        /// The refinement, as it is written.
        condition: String,
        /// The value, as JSON.
        found: String,
    },
    /// A refinement could not be evaluated.
    Unevaluable {
        /// The refinement, as it is written.
        condition: String,
        /// Why.
        why: Box<EvalErrorKind>,
    },
    /// It nests deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// Reads JSON as a schema wants it, and checks its refinements.
pub fn read(schema: &Schema, json: &Json, roles: &Roles) -> Result<Value, Misfit> {
    let value = convert(schema, json, 0)?;
    admit(schema, &value, roles)?;
    Ok(value)
}

/// Reads a JSON object as a record of these fields, and checks their refinements.
pub fn read_fields(fields: &Fields, json: &Json, roles: &Roles) -> Result<Record, Misfit> {
    let record = convert_fields(fields, json, 0)?;
    admit_fields(fields, &record, roles)?;
    Ok(record)
}

/// Checks that a schema lets a value through: its type, and its refinements.
pub fn admit(schema: &Schema, value: &Value, roles: &Roles) -> Result<(), Misfit> {
    check(schema, value, None, roles)
}

/// Checks that a record has these fields, each as it is declared, and no others.
pub fn admit_fields(fields: &Fields, record: &Record, roles: &Roles) -> Result<(), Misfit> {
    if let Some((unknown, _)) = record.iter().find(|(name, _)| fields.get(name).is_none()) {
        return Err(Misfit::unknown(fields, unknown));
    }
    for field in fields.iter() {
        let value = record.get(&field.name).unwrap_or(&Value::Absent);
        check(&field.schema, value, Some((fields, record)), roles).map_err(|misfit| misfit.under(&field.name))?;
    }
    Ok(())
}

pub(super) fn convert(schema: &Schema, json: &Json, depth: u32) -> Result<Value, Misfit> {
    if json.is_null() && schema.optional {
        return Ok(Value::Absent);
    }
    if depth > MAX_DEPTH {
        return Err(Misfit::here(Problem::TooDeep));
    }
    let text = json.as_str();
    let converted = match &schema.ty {
        Type::Bool => json.as_bool().map(Value::Bool),
        Type::Int => json.as_i64().map(Value::Int),
        Type::Decimal => text.and_then(|text| text.parse().ok()).map(Value::Decimal),
        Type::String => text.map(Value::string),
        Type::Duration => text.and_then(text::parse_duration).map(Value::Duration),
        Type::Time => text.and_then(text::parse_time).map(Value::Time),
        Type::Money(currency) => {
            let money = text.and_then(text::parse_money).filter(|(_, found)| found == currency);
            money.map(|(amount, currency)| Value::Money(amount, currency))
        }
        Type::Risk => text.and_then(Risk::parse).map(Value::Risk),
        Type::Union(members) => text.filter(|text| members.iter().any(|member| member == text)).map(Value::string),
        Type::Json => {
            return match nests_within(json, MAX_DEPTH - depth) {
                true => Ok(Value::Json(Arc::new(json.clone()))),
                false => Err(Misfit::here(Problem::TooDeep)),
            };
        }
        Type::List(element) => match json {
            Json::Array(elements) => {
                let elements = elements
                    .iter()
                    .enumerate()
                    .map(|(index, json)| convert(element, json, depth + 1).map_err(|misfit| misfit.under_index(index)));
                Some(Value::List(elements.collect::<Result<_, _>>()?))
            }
            _ => None,
        },
        Type::Record(fields) => return Ok(Value::Record(convert_fields(fields, json, depth)?)),
    };
    converted.ok_or_else(|| Misfit::shape(&schema.ty, describe(json)))
}

fn convert_fields(fields: &Fields, json: &Json, depth: u32) -> Result<Record, Misfit> {
    let Json::Object(object) = json else {
        return Err(Misfit::shape(&Type::Record(fields.clone()), describe(json)));
    };
    if let Some(unknown) = object.keys().find(|key| fields.get(key).is_none()) {
        return Err(Misfit::unknown(fields, unknown));
    }
    let mut values = Vec::with_capacity(object.len());
    for field in fields.iter() {
        let value = match object.get(&field.name) {
            Some(json) => convert(&field.schema, json, depth + 1).map_err(|misfit| misfit.under(&field.name))?,
            None if field.schema.optional => Value::Absent,
            None => return Err(Misfit::missing(&field.schema.ty).under(&field.name)),
        };
        values.push((Arc::from(field.name.as_str()), value));
    }
    Ok(Record::new(values))
}

impl Value {
    /// Whether JSON in it nests no deeper than what is read: what a run puts together step by step could.
    pub fn is_readable(&self) -> bool {
        match self {
            Value::Json(json) => nests_within(json, MAX_DEPTH),
            Value::List(elements) => elements.iter().all(Value::is_readable),
            Value::Record(record) => record.iter().all(|(_, value)| value.is_readable()),
            _ => true,
        }
    }
}

fn nests_within(json: &Json, depth: u32) -> bool {
    match json {
        Json::Array(elements) => depth > 0 && elements.iter().all(|element| nests_within(element, depth - 1)),
        Json::Object(object) => depth > 0 && object.values().all(|value| nests_within(value, depth - 1)),
        _ => true,
    }
}

/// What a refinement can name: the value as `self`, and the fields beside it.
struct Scope<'s> {
    itself: &'s Value,
    siblings: Option<(&'s Fields, &'s Record)>,
    roles: &'s Roles<'s>,
}

impl Env for Scope<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        if name == "self" {
            return Some(self.itself.clone());
        }
        let (fields, record) = self.siblings?;
        fields.get(name).map(|_| record.get(name).cloned().unwrap_or(Value::Absent))
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        (self.roles)(principal, role)
    }
}

fn check(schema: &Schema, value: &Value, siblings: Option<(&Fields, &Record)>, roles: &Roles) -> Result<(), Misfit> {
    let fits = match (&schema.ty, value) {
        (_, Value::Absent) => {
            return match schema.optional {
                true => Ok(()),
                false => Err(Misfit::missing(&schema.ty)),
            };
        }
        (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Decimal, Value::Decimal(_))
        | (Type::String, Value::String(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Time, Value::Time(_))
        | (Type::Risk, Value::Risk(_)) => true,
        (Type::Json, Value::Json(json)) => match nests_within(json, MAX_DEPTH) {
            true => true,
            false => return Err(Misfit::here(Problem::TooDeep)),
        },
        (Type::Money(currency), Value::Money(_, found)) => currency == found,
        (Type::Union(members), Value::String(text)) => members.iter().any(|member| **member == **text),
        (Type::List(element), Value::List(elements)) => {
            for (index, value) in elements.iter().enumerate() {
                check(element, value, siblings, roles).map_err(|misfit| misfit.under_index(index))?;
            }
            true
        }
        (Type::Record(fields), Value::Record(record)) => {
            admit_fields(fields, record, roles)?;
            true
        }
        _ => false,
    };
    if !fits {
        return Err(Misfit::shape(&schema.ty, describe(&value.to_json())));
    }
    let scope = Scope { itself: value, siblings, roles };
    for refinement in &schema.refinements {
        let condition = || refinement.to_string();
        let problem = match eval(refinement, &scope) {
            Ok(Value::Bool(true)) => continue,
            Ok(_) => Problem::Refinement { condition: condition(), found: shortened(&value.to_json().to_string()) },
            Err(error) => Problem::Unevaluable { condition: condition(), why: Box::new(error.kind) },
        };
        return Err(Misfit::here(problem));
    }
    Ok(())
}

impl Misfit {
    fn here(problem: Problem) -> Misfit {
        Misfit { path: String::new(), problem }
    }

    fn shape(ty: &Type, found: String) -> Misfit {
        Misfit::here(Problem::Shape { expected: expectation(ty), found })
    }

    fn missing(ty: &Type) -> Misfit {
        Misfit::here(Problem::Missing { expected: expectation(ty) })
    }

    fn unknown(fields: &Fields, name: &str) -> Misfit {
        let names = fields.iter().map(|field| field.name.as_str());
        let meant = gov_grammar::closest(name, names).map(str::to_owned);
        Misfit::here(Problem::Unknown { meant }).under(&shortened(name))
    }

    /// The same, of a value that is the field of this name.
    pub fn under(self, name: &str) -> Misfit {
        let path = match self.path.as_str() {
            "" => name.to_owned(),
            path if path.starts_with('[') => format!("{name}{path}"),
            path => format!("{name}.{path}"),
        };
        Misfit { path, problem: self.problem }
    }

    fn under_index(self, index: usize) -> Misfit {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Misfit { path: format!("[{index}]{separator}{}", self.path), problem: self.problem }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.path.is_empty();
        if !whole {
            write!(f, "`{}`", self.path)?;
        }
        let colon = if whole { "" } else { ": " };
        match &self.problem {
            Problem::Shape { expected, found } => write!(f, "{colon}expected {expected}, found {found}"),
            Problem::Missing { expected } if whole => write!(f, "expected {expected}, found nothing"),
            Problem::Missing { expected } => write!(f, " is missing: expected {expected}"),
            Problem::Unknown { meant: None } => f.write_str(" is no field here"),
            Problem::Unknown { meant: Some(meant) } => write!(f, " is no field here, did you mean `{meant}`?"),
            Problem::Refinement { condition, found } => write!(f, "{colon}`{found}` does not satisfy `{condition}`"),
            Problem::Unevaluable { condition, why } => write!(f, "{colon}`{condition}` cannot be evaluated: {why}"),
            Problem::TooDeep if whole => write!(f, "nested deeper than {MAX_DEPTH} levels"),
            Problem::TooDeep => write!(f, " nests deeper than {MAX_DEPTH} levels"),
        }
    }
}

impl std::error::Error for Misfit {}

fn expectation(ty: &Type) -> String {
    match ty {
        Type::Bool => "`true` or `false`".to_owned(),
        Type::Int => "a whole number of 64 bits".to_owned(),
        Type::Decimal => "a decimal number as a string, such as `\"0.25\"`".to_owned(),
        Type::String => "a string".to_owned(),
        Type::Duration => "a duration, such as `\"24h\"`".to_owned(),
        Type::Time => "a time, such as `\"2026-01-31T09:00:00Z\"`".to_owned(),
        Type::Money(currency) => format!("an amount of money, such as `\"12.50 {currency}\"`"),
        Type::Json => "JSON".to_owned(),
        Type::Risk => "a risk, one of `\"low\"`, `\"medium\"`, `\"high\"`, `\"critical\"`".to_owned(),
        Type::Union(_) => format!("one of `{}`", shortened(&ty.to_string())),
        Type::List(_) => "a list".to_owned(),
        Type::Record(_) => "an object".to_owned(),
    }
}

fn describe(json: &Json) -> String {
    match json {
        Json::Null => "`null`".to_owned(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        scalar => format!("`{}`", shortened(&scalar.to_string())),
    }
}

/// At most 60 characters of a text that came from outside.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
