//! Whether an input or a context fits what is declared: [`crate::value::admit_fields`], compiled.

use super::code::{Around, Code, Frame, Names};
use crate::decide::Request;
use crate::model::Package;
use crate::types::{Currency, Fields, Schema, Type};
use crate::value::{Record, Value};

/// What a record has to look like.
#[derive(Debug)]
pub(super) struct FieldChecks {
    checks: Box<[(Box<str>, Check)]>,
    /// What the refinements are typed in, for the parts of them that are evaluated by name.
    fields: Fields,
}

/// What a value has to look like.
#[derive(Debug)]
struct Check {
    shape: Shape,
    optional: bool,
    refinements: Box<[Code]>,
}

#[derive(Debug)]
enum Shape {
    Bool,
    Int,
    Decimal,
    String,
    Duration,
    Time,
    Money(Currency),
    Json,
    Risk,
    /// In order.
    Union(Box<[Box<str>]>),
    List(Box<Check>),
    Record(FieldChecks),
}

impl FieldChecks {
    pub(super) fn new(fields: &Fields) -> FieldChecks {
        let check = |schema: &Schema| Check::new(schema, Some(fields));
        let checks = fields.iter().map(|field| (field.name.as_str().into(), check(&field.schema))).collect();
        FieldChecks { checks, fields: fields.clone() }
    }

    /// Whether a record fits. Where it does not, or that cannot be evaluated, the reference says why.
    pub(super) fn fit(&self, package: &Package, request: &Request<'_>, record: &Record) -> bool {
        let mut found = 0;
        for (index, (name, check)) in self.checks.iter().enumerate() {
            let fits = match record.get_near(index, name) {
                Some(value) => {
                    found += 1;
                    check.fits(package, request, value, Some((&self.fields, record)))
                }
                None => check.optional,
            };
            if !fits {
                return false;
            }
        }
        found == record.len()
    }
}

impl Check {
    fn new(schema: &Schema, siblings: Option<&Fields>) -> Check {
        let shape = match &schema.ty {
            Type::Bool => Shape::Bool,
            Type::Int => Shape::Int,
            Type::Decimal => Shape::Decimal,
            Type::String => Shape::String,
            Type::Duration => Shape::Duration,
            Type::Time => Shape::Time,
            Type::Money(currency) => Shape::Money(*currency),
            Type::Json => Shape::Json,
            Type::Risk => Shape::Risk,
            Type::Union(members) => {
                let mut members: Box<[Box<str>]> = members.iter().map(|member| member.as_str().into()).collect();
                members.sort_unstable();
                Shape::Union(members)
            }
            Type::List(element) => Shape::List(Box::new(Check::new(element, siblings))),
            Type::Record(fields) => Shape::Record(FieldChecks::new(fields)),
        };
        let refinements =
            schema.refinements.iter().map(|refinement| Code::new(refinement, Names::Refinement(siblings)));
        Check { shape, optional: schema.optional, refinements: refinements.collect() }
    }

    fn fits(
        &self,
        package: &Package,
        request: &Request<'_>,
        value: &Value,
        siblings: Option<(&Fields, &Record)>,
    ) -> bool {
        let fits = match (&self.shape, value) {
            (_, Value::Absent) => return self.optional,
            (Shape::Bool, Value::Bool(_))
            | (Shape::Int, Value::Int(_))
            | (Shape::Decimal, Value::Decimal(_))
            | (Shape::String, Value::String(_))
            | (Shape::Duration, Value::Duration(_))
            | (Shape::Time, Value::Time(_))
            | (Shape::Risk, Value::Risk(_)) => true,
            (Shape::Json, Value::Json(_)) => value.is_readable(),
            (Shape::Money(currency), Value::Money(_, found)) => currency == found,
            // Few members mostly differ in length, which is compared first.
            (Shape::Union(members), Value::String(text)) if members.len() <= 8 => {
                members.iter().any(|member| **member == **text)
            }
            (Shape::Union(members), Value::String(text)) => {
                members.binary_search_by(|member| (**member).cmp(text)).is_ok()
            }
            (Shape::List(element), Value::List(elements)) => {
                elements.iter().all(|value| element.fits(package, request, value, siblings))
            }
            (Shape::Record(fields), Value::Record(record)) => fields.fit(package, request, record),
            _ => false,
        };
        let frame = Frame { package, request, around: Around::Refinement { itself: value, siblings } };
        fits && self.refinements.iter().all(|refinement| refinement.holds(&frame) == Ok(true))
    }
}
