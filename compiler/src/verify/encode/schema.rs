//! Values of a type: what is made up for a field, a parameter or a result, and what holds of it.

use super::symbol::{List, Shape, Symbol};
use super::{Encoder, Scope, Sort, Term};
use gov_plan::Decimal;
use gov_plan::types::{Fields, Risk, Schema, Type};
use gov_plan::value::{TIME_MAX, TIME_MIN};

impl Encoder<'_> {
    /// A value of this schema that is not known, and what holds of every such value: its range and its refinements.
    ///
    /// `name` tells it apart from all others of the question. The scope holds what refinements may name beside `self`.
    pub fn declare(&mut self, name: &str, schema: &Schema, scope: &Scope) -> (Symbol, Term) {
        let shape = self.shape(name, &schema.ty);
        let present =
            if schema.optional { Term::var(&format!("{name} present"), Sort::Bool) } else { Term::bool(true) };
        let symbol = Symbol { present, shape };
        let admitted = self.admits(schema, &symbol, scope);
        (symbol, admitted)
    }

    /// A record of these fields that is not known, and what holds of it. Refinements see the fields before them.
    pub fn declare_fields(&mut self, name: &str, fields: &Fields, scope: &Scope) -> (Symbol, Term) {
        let record = Symbol::present(self.record(name, fields));
        let admitted = self.admits_fields(fields, &record, scope);
        (record, admitted)
    }

    /// Whether a schema lets a value through, as [`gov_plan::value::admit`] decides: it is present or optional, within its
    /// type's range, and every refinement holds and can be evaluated.
    pub fn admits(&mut self, schema: &Schema, value: &Symbol, scope: &Scope) -> Term {
        let inner = scope.with("self", Symbol { present: Term::bool(true), shape: value.shape.clone() });
        let mut holds = vec![self.in_range(&schema.ty, &value.shape, &inner)];
        for refinement in &schema.refinements {
            holds.push(self.holds(refinement, &inner));
        }
        let holds = Term::all(holds);
        if schema.optional { value.present.implies(&holds) } else { value.present.and(&holds) }
    }

    /// Whether the fields of a record are all let through.
    pub fn admits_fields(&mut self, fields: &Fields, record: &Symbol, scope: &Scope) -> Term {
        let mut scope = scope.clone();
        let mut holds = Vec::new();
        for field in fields.iter() {
            let value = record.field(&field.name);
            holds.push(self.admits(&field.schema, &value, &scope));
            scope.names.insert(field.name.clone(), value);
        }
        Term::all(holds)
    }

    fn shape(&mut self, name: &str, ty: &Type) -> Shape {
        match ty {
            Type::Bool => Shape::Bool(Term::var(name, Sort::Bool)),
            Type::Int | Type::Decimal | Type::Duration | Type::Time | Type::Money(_) | Type::Risk => {
                Shape::Number(Term::var(name, Sort::Int))
            }
            Type::String | Type::Union(_) => Shape::Text(Term::var(name, Sort::Text)),
            Type::Json => Shape::Json(name.to_owned()),
            Type::List(element) => {
                let elements = (0..self.list_elements).map(|place| {
                    let name = format!("{name}[{place}]");
                    let shape = self.shape(&name, &element.ty);
                    let present = match element.optional {
                        true => Term::var(&format!("{name} present"), Sort::Bool),
                        false => Term::bool(true),
                    };
                    Symbol { present, shape }
                });
                Shape::List(List {
                    elements: elements.collect(),
                    length: Term::var(&format!("{name} elements"), Sort::Int),
                    beyond: Some(name.to_owned()),
                })
            }
            Type::Record(fields) => self.record(name, fields),
        }
    }

    fn record(&mut self, name: &str, fields: &Fields) -> Shape {
        let field = |field: &gov_plan::types::Field| {
            let name = format!("{name}.{}", field.name);
            let shape = self.shape(&name, &field.schema.ty);
            let present = match field.schema.optional {
                true => Term::var(&format!("{name} present"), Sort::Bool),
                false => Term::bool(true),
            };
            (field.name.clone(), Symbol { present, shape })
        };
        Shape::Record(fields.iter().map(field).collect())
    }

    /// What holds of every value of a type, with the refinements of what it consists of.
    fn in_range(&mut self, ty: &Type, shape: &Shape, scope: &Scope) -> Term {
        match (ty, shape) {
            (Type::Union(members), Shape::Text(text)) => {
                Term::any(members.iter().map(|member| text.equals(&Term::text(member))))
            }
            (_, Shape::Number(number)) => match range(ty) {
                Some((least, most)) => number.within(least, most),
                None => Term::bool(true),
            },
            (Type::List(element), Shape::List(list)) => {
                let mut holds = vec![Term::int(0).at_most(&list.length)];
                for (place, value) in (0_i128..).zip(&list.elements) {
                    let counts = Term::int(place).less(&list.length);
                    holds.push(counts.implies(&self.admits(element, value, scope)));
                }
                Term::all(holds)
            }
            (Type::Record(fields), Shape::Record(_)) => {
                let record = Symbol::present(shape.clone());
                self.admits_fields(fields, &record, scope)
            }
            _ => Term::bool(true),
        }
    }
}

/// The least and the greatest value of a type that is a number, as [`Shape::Number`] has it.
pub(super) fn range(ty: &Type) -> Option<(i128, i128)> {
    match ty {
        Type::Int | Type::Duration => Some((i128::from(i64::MIN), i128::from(i64::MAX))),
        Type::Time => Some((i128::from(TIME_MIN), i128::from(TIME_MAX))),
        Type::Decimal | Type::Money(_) => Some((-Decimal::MAX.units(), Decimal::MAX.units())),
        Type::Risk => Some((0, Risk::Critical as i128)),
        _ => None,
    }
}
