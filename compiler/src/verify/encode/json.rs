//! JSON: nothing is known of it but where it was read, and as what.
//!
//! Each path that is read, and each type that a path is read as, has variables of its own; reading the same path as the same
//! type twice gives the same value. That one path cannot be a string and a number at once is told too: a path has one kind.

use super::expr::sure;
use super::symbol::{Shape, Symbol};
use super::{Encoded, Encoder, Scope, Sort, Term};
use gov_plan::types::{Schema, Type};
use std::collections::BTreeMap;

/// What was read, by path.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    /// By the path, what it was read as: the type as it is written, the schema, the value, and when that fails.
    pub by_path: BTreeMap<String, Vec<Read>>,
    /// The keys that were asked for, by path.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// One way in which a path was read.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub schema: Schema,
    pub value: Symbol,
    pub misfit: Term,
}

impl Encoder<'_> {
    /// Whether there is anything but `null` at a path.
    pub(super) fn json_present(&mut self, path: &str) -> Term {
        Term::var(&format!("{path} present"), Sort::Bool)
    }

    /// What is under a key.
    pub(super) fn json_field(&mut self, path: &str, present: &Term, key: &str) -> Symbol {
        let below = format!("{path}.{key}");
        let keys = self.json.keys.entry(path.to_owned()).or_default();
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
        let (here, inside) = (self.json_present(path), self.json_present(&below));
        let object = kind(path).equals(&Term::int(OBJECT));
        self.fact(&format!("{below} is below {path}"), inside.implies(&here.and(&object)));
        Symbol { present: present.and(&inside), shape: Shape::Json(below) }
    }

    /// JSON read as a schema wants it.
    pub(super) fn json_as(&mut self, json: &Symbol, schema: &Schema, scope: &Scope) -> Encoded {
        if !matches!(json.shape, Shape::Json(_) | Shape::Made(..)) {
            // Only JSON is read so.
            return sure(Symbol::absent());
        }
        let present = self.is_present(json);
        let bare = Schema { optional: false, ..schema.clone() };
        let absent_fails = if schema.optional { Term::bool(false) } else { present.not() };
        if schema.ty == Type::Json {
            return Encoded { value: Symbol { present, shape: json.shape.clone() }, fails: absent_fails };
        }
        if let Shape::Made(shape, ty) = &json.shape {
            // What was written is read as itself. As any other type it is as good as not known.
            if ty.same(&schema.ty) && !holds_json(ty) {
                let value = Symbol { present: present.clone(), shape: (**shape).clone() };
                let fits = self.admits(&bare, &value, scope);
                return Encoded { value, fails: absent_fails.or(&present.and(&fits.not())) };
            }
            if kind_of(ty) != kind_of(&schema.ty) {
                return Encoded { value: Symbol::absent(), fails: absent_fails.or(&present) };
            }
        }
        let path = &json.shape.path();
        let name = format!("{path} as {}{}", written(&bare), self.mark);
        let known =
            self.json.by_path.get(path).and_then(|reads| reads.iter().find(|read| read.schema == bare)).cloned();
        let read = match known {
            Some(read) => read,
            None => {
                // The kind is settled by the type; that it fits to the last refinement is not.
                let misfit = Term::var(&format!("{name} fails"), Sort::Bool);
                let (value, admitted) = self.declare(&name, &bare, scope);
                let of_kind = kind(path).equals(&Term::int(kind_of(&bare.ty)));
                self.fact(&name, misfit.or(&admitted.and(&of_kind)));
                let read = Read { schema: bare, value, misfit };
                self.json.by_path.entry(path.clone()).or_default().push(read.clone());
                read
            }
        };
        let fails = absent_fails.or(&present.and(&read.misfit));
        Encoded { value: Symbol { present, shape: read.value.shape }, fails }
    }
}

/// A value as the JSON that it is written as.
pub(super) fn made(value: Symbol, ty: &Type) -> Symbol {
    match value.shape {
        Shape::Json(_) | Shape::Made(..) => value,
        shape => Symbol { present: value.present, shape: Shape::Made(Box::new(shape), ty.clone()) },
    }
}

/// What is under a key of JSON that was made of a value.
pub(super) fn made_field(present: &Term, shape: &Shape, ty: &Type, key: &str) -> Symbol {
    let field = match ty {
        Type::Record(fields) => fields.get(key),
        _ => None,
    };
    match field {
        Some(field) => {
            let whole = Symbol { present: present.clone(), shape: shape.clone() };
            made(whole.field(key), &field.schema.ty)
        }
        None => Symbol::absent(),
    }
}

fn holds_json(ty: &Type) -> bool {
    match ty {
        Type::Json => true,
        Type::List(element) => holds_json(&element.ty),
        Type::Record(fields) => fields.iter().any(|field| holds_json(&field.schema.ty)),
        _ => false,
    }
}

pub(super) const OBJECT: i128 = 4;

/// Which kind of JSON there is at a path, as a number.
fn kind(path: &str) -> Term {
    Term::var(&format!("{path} kind"), Sort::Int)
}

/// The kind of JSON that a type is read from.
fn kind_of(ty: &Type) -> i128 {
    match ty {
        Type::Bool => 0,
        Type::Int => 1,
        Type::List(_) => 3,
        Type::Record(_) | Type::Json => OBJECT,
        _ => 2,
    }
}

fn written(schema: &Schema) -> String {
    let refinements: Vec<String> = schema.refinements.iter().map(ToString::to_string).collect();
    format!("{:?} where {}", schema.ty.to_string(), refinements.join(" and "))
}
