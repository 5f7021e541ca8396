//! From a model back to the values of the language.

use super::json::OBJECT;
use super::symbol::{List, Shape, Symbol};
use super::{Encoder, Sort, Term};
use crate::verify::solver::Model;
use gov_plan::Decimal;
use gov_plan::types::{Fields, Risk, Type};
use gov_plan::value::Value;
use serde_json::Value as Json;
use std::sync::Arc;

impl Encoder<'_> {
    /// The value that a symbol of a type has in a model; `None` where it has none that can be shown, as for a list of a
    /// million elements.
    pub fn decode(&self, symbol: &Symbol, ty: &Type, model: &Model) -> Option<Value> {
        if !model.bool(&symbol.present)? {
            return Some(Value::Absent);
        }
        let narrow = |number: i128| i64::try_from(number).ok();
        Some(match (&symbol.shape, ty) {
            (Shape::Bool(term), _) => Value::Bool(model.bool(term)?),
            (Shape::Text(term), _) => Value::string(&model.text(term)?),
            (Shape::Number(term), ty) => {
                let number = model.int(term)?;
                match ty {
                    Type::Int => Value::Int(narrow(number)?),
                    Type::Duration => Value::Duration(narrow(number)?),
                    Type::Time => Value::time(narrow(number)?)?,
                    Type::Decimal => Value::Decimal(Decimal::from_units(number)?),
                    Type::Money(currency) => Value::Money(Decimal::from_units(number)?, *currency),
                    Type::Risk => Value::Risk(Risk::ALL.get(usize::try_from(number).ok()?).copied()?),
                    _ => return None,
                }
            }
            (Shape::List(list), Type::List(element)) => self.decode_list(list, &element.ty, model)?,
            (Shape::Record(_), Type::Record(fields)) => self.decode_fields(symbol, fields, model)?,
            (Shape::Made(shape, ty), _) => {
                let inner = Symbol { present: symbol.present.clone(), shape: (**shape).clone() };
                Value::Json(Arc::new(self.decode(&inner, ty, model)?.to_json()))
            }
            (Shape::Json(path), _) => match self.decode_json(path, model)? {
                Json::Null => Value::Absent,
                json => Value::Json(Arc::new(json)),
            },
            _ => return None,
        })
    }

    /// The record of these fields that a symbol is in a model.
    pub fn decode_fields(&self, symbol: &Symbol, fields: &Fields, model: &Model) -> Option<Value> {
        let mut values = Vec::new();
        for field in fields.iter() {
            let value = self.decode(&symbol.field(&field.name), &field.schema.ty, model)?;
            values.push((field.name.as_str(), value));
        }
        Some(Value::record(values))
    }

    fn decode_list(&self, list: &List, element: &Type, model: &Model) -> Option<Value> {
        const LONGEST: usize = 1000;
        let length = usize::try_from(model.int(&list.length)?).ok()?;
        if length > LONGEST {
            return None;
        }
        let mut values = Vec::with_capacity(length);
        for place in 0..length {
            // What is beyond is like the last that is told apart.
            let symbol = list.elements.get(place).or(list.elements.last())?;
            values.push(self.decode(symbol, element, model)?);
        }
        Some(Value::list(values))
    }

    /// JSON that has at each path what was read there.
    fn decode_json(&self, path: &str, model: &Model) -> Option<Json> {
        if !model.bool(&Term::var(&format!("{path} present"), Sort::Bool))? {
            return Some(Json::Null);
        }
        let mut object = serde_json::Map::new();
        for key in self.json.keys.get(path).into_iter().flatten() {
            match self.decode_json(&format!("{path}.{key}"), model)? {
                Json::Null => {}
                json => drop(object.insert(key.clone(), json)),
            }
        }
        if !object.is_empty() || model.int(&Term::var(&format!("{path} kind"), Sort::Int))? == OBJECT {
            return Some(Json::Object(object));
        }
        let reads = self.json.by_path.get(path);
        for read in reads.into_iter().flatten() {
            if !model.bool(&read.misfit)? {
                let value = self.decode(&read.value, &read.schema.ty, model)?;
                return Some(value.to_json());
            }
        }
        // Read as nothing that it is: an empty list where no list was wanted, and a number otherwise.
        let list_wanted = reads.into_iter().flatten().any(|read| matches!(read.schema.ty, Type::List(_)));
        Some(if list_wanted { Json::from(0.5) } else { Json::Array(Vec::new()) })
    }
}
