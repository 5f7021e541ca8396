//! Types from values: what a field has to be for the values that it is given.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::import::words;

/// The deepest nesting that is written out.
const MAX_DEPTH: u32 = 6;

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    Bool,
    Int,
    Decimal,
    Text,
    Json,
    List(Box<Type>),
    /// Each field with whether it may be absent.
    Record(BTreeMap<String, (Type, bool)>),
}

impl Type {
    /// The type of a value; a text is one, whatever is filled into it.
    pub fn of(value: &Json) -> Type {
        Type::of_at(value, 0)
    }

    fn of_at(value: &Json, depth: u32) -> Type {
        match value {
            _ if depth > MAX_DEPTH => Type::Json,
            Json::Null => Type::Json,
            Json::Bool(_) => Type::Bool,
            Json::Number(number) if number.is_i64() => Type::Int,
            Json::Number(_) => Type::Decimal,
            Json::String(_) => Type::Text,
            Json::Array(elements) => {
                let types = elements.iter().map(|element| Type::of_at(element, depth + 1));
                Type::List(Box::new(types.reduce(Type::merge).unwrap_or(Type::Text)))
            }
            Json::Object(fields) => {
                let typed = fields.iter().filter(|(_, value)| !value.is_null());
                let typed = typed
                    .filter_map(|(name, value)| Some((words::field(name)?, (Type::of_at(value, depth + 1), false))));
                let fields: BTreeMap<_, _> = typed.collect();
                if fields.is_empty() { Type::Json } else { Type::Record(fields) }
            }
        }
    }

    /// A type that values of both have; where there is none, the first.
    pub fn merge(self, other: Type) -> Type {
        match (self, other) {
            (Type::Int, Type::Decimal) | (Type::Decimal, Type::Int) => Type::Decimal,
            (Type::List(one), Type::List(other)) => Type::List(Box::new(one.merge(*other))),
            (Type::Record(one), Type::Record(other)) => {
                let mut merged = BTreeMap::new();
                for (name, (ty, optional)) in &one {
                    let field = match other.get(name) {
                        Some((also, or)) => (ty.clone().merge(also.clone()), *optional || *or),
                        None => (ty.clone(), true),
                    };
                    merged.insert(name.clone(), field);
                }
                for (name, (ty, _)) in other {
                    merged.entry(name).or_insert((ty, true));
                }
                Type::Record(merged)
            }
            (one, _) => one,
        }
    }

    /// As it is written.
    pub fn text(&self) -> String {
        match self {
            Type::Bool => "Bool".to_owned(),
            Type::Int => "Int".to_owned(),
            Type::Decimal => "Decimal".to_owned(),
            Type::Text => "String".to_owned(),
            Type::Json => "Json".to_owned(),
            Type::List(element) => format!("List<{}>", element.text()),
            Type::Record(fields) => format!("{{ {} }}", fields_text(fields)),
        }
    }
}

/// Fields as they are written, with commas between.
pub fn fields_text(fields: &BTreeMap<String, (Type, bool)>) -> String {
    let field = |(name, (ty, optional)): (&String, &(Type, bool))| {
        format!("{name}: {}{}", ty.text(), if *optional { "?" } else { "" })
    };
    fields.iter().map(field).collect::<Vec<_>>().join(", ")
}
