//! From a cell of the space to a request of it.

use super::alphabet::Alphabet;
use super::cell::{Cell, Slot};
use super::requests::{Point, Requests};
use super::set::Set;
use super::space::{BOOL, Dimension, Space, domain};
use gov_plan::Decimal;
use gov_plan::decide::RequestBody;
use gov_plan::types::{Fields, Risk, Schema, Type};
use gov_plan::value::{Record, Value};
use std::sync::Arc;

/// Builds values from cells.
#[derive(Clone, Copy)]
pub(crate) struct Builder<'b> {
    pub space: &'b Space,
    pub alphabet: &'b Alphabet,
}

impl Requests<'_> {
    /// A request of a cell, as plain as it can be; `None` where a value cannot be shown.
    pub(super) fn materialize(&self, point: &Point) -> Option<RequestBody> {
        let capability = self.classes.get(point.class)?.capability;
        let roles = point.state.asserted.iter().filter_map(|role| self.package.roles.get(*role));
        let builder = Builder { space: &self.space, alphabet: self.alphabet };
        let text = |name: &str| match builder.optional(&point.cell, name)? {
            true => builder.text(&point.cell, name, &Type::String).map(Some),
            false => Some(None),
        };
        Some(RequestBody {
            principal: self.alphabet.sample(point.state.principal, None)?,
            capability: capability.id.clone(),
            input: builder.record(&point.cell, "input", &capability.input)?,
            context: builder.record(&point.cell, "context", &self.package.context)?,
            roles: roles.map(|role| role.name.clone()).collect(),
            workflow: text("workflow")?,
            principal_tenant: text("principal.tenant")?,
            resource_tenant: text("resource.tenant")?,
        })
    }

    /// The value that stands for a slot in a cell.
    pub(super) fn value(&self, cell: &Cell, slot: Slot) -> Option<i128> {
        match cell.get(slot) {
            Some(set) => set.least(),
            None => self.space.domain(slot).least(),
        }
    }
}

impl Builder<'_> {
    /// A record of these fields, as plain as it can be.
    pub fn record(&self, cell: &Cell, name: &str, fields: &Fields) -> Option<Record> {
        let mut values: Vec<(Arc<str>, Value)> = Vec::new();
        for field in fields.iter() {
            let path = format!("{name}.{}", field.name);
            values.push((field.name.as_str().into(), self.schema(cell, &path, &field.schema)?));
        }
        Some(Record::new(values))
    }

    fn schema(&self, cell: &Cell, path: &str, schema: &Schema) -> Option<Value> {
        if schema.optional && !self.optional(cell, path)? {
            return Some(Value::Absent);
        }
        let number = || self.set(cell, path, &schema.ty).and_then(|set| plainest(&set, &schema.ty));
        let narrow = |number: i128| i64::try_from(number).ok();
        Some(match &schema.ty {
            Type::Bool => Value::Bool(self.set(cell, path, &schema.ty)?.least()? == 1),
            Type::Int => Value::Int(narrow(number()?)?),
            Type::Duration => Value::Duration(narrow(number()?)?),
            Type::Time => Value::time(narrow(number()?)?)?,
            Type::Decimal => Value::Decimal(Decimal::from_units(number()?)?),
            Type::Money(currency) => Value::Money(Decimal::from_units(number()?)?, *currency),
            Type::Risk => Value::Risk(Risk::ALL.get(usize::try_from(number()?).ok()?).copied()?),
            Type::String | Type::Union(_) => Value::string(&self.text(cell, path, &schema.ty)?),
            Type::Json => Value::Json(Arc::new(serde_json::Value::Object(serde_json::Map::new()))),
            Type::Record(fields) => Value::Record(self.record(cell, path, fields)?),
            Type::List(element) => {
                let length = self.length(cell, path)?.unwrap_or_default();
                let place = format!("{path}[]");
                let count = usize::try_from(length).ok().filter(|count| *count <= 1000)?;
                let elements: Option<Vec<Value>> = (0..count).map(|_| self.schema(cell, &place, element)).collect();
                Value::list(elements?)
            }
        })
    }

    /// Whether an optional value is there: only if it has to be.
    pub fn optional(&self, cell: &Cell, path: &str) -> Option<bool> {
        let slot = self.space.get(&Dimension::Present(path.to_owned()), &BOOL);
        Some(slot.and_then(|slot| cell.get(slot)).is_some_and(|set| !set.contains(0)))
    }

    fn set(&self, cell: &Cell, path: &str, ty: &Type) -> Option<Set> {
        let all = domain(ty, self.alphabet)?;
        let slot = self.space.get(&Dimension::Value(path.to_owned()), &all);
        Some(slot.and_then(|slot| cell.get(slot)).cloned().unwrap_or(all))
    }

    fn length(&self, cell: &Cell, path: &str) -> Option<Option<i128>> {
        let all = Set::interval(0, i128::from(i64::MAX));
        let slot = self.space.get(&Dimension::Length(path.to_owned()), &all);
        match slot.and_then(|slot| cell.get(slot)) {
            Some(set) => Some(Some(set.least()?)),
            None => Some(None),
        }
    }

    pub fn text(&self, cell: &Cell, path: &str, ty: &Type) -> Option<String> {
        let set = self.set(cell, path, ty)?;
        let length = self.length(cell, path)?;
        let mut classes = Vec::new();
        set.each(|first, last| classes.extend([last, first]));
        // What is left of a prefix comes after its literals, and reads best.
        classes.into_iter().rev().take(8).find_map(|class| self.alphabet.sample(class, length))
    }
}

/// The member of a set that reads best: near zero, and whole where it can be.
fn plainest(set: &Set, ty: &Type) -> Option<i128> {
    let steps: &[i128] = match ty {
        // Whole units, and hundredths.
        Type::Decimal | Type::Money(_) => &[10_000_000_000, 100_000_000, 1],
        // Hours and seconds.
        Type::Duration | Type::Time => &[3_600_000, 1_000, 1],
        _ => &[1],
    };
    for step in steps {
        let mut best: Option<i128> = None;
        set.each(|first, last| {
            let up = first.div_euclid(*step) * step + if first.rem_euclid(*step) == 0 { 0 } else { *step };
            let down = last.div_euclid(*step) * step;
            let near = 0.clamp(up.min(down), down.max(up));
            let near = if near == 0 {
                0
            } else if up > 0 {
                up
            } else {
                down
            };
            if first <= near && near <= last && best.is_none_or(|best| near.unsigned_abs() < best.unsigned_abs()) {
                best = Some(near);
            }
        });
        if best.is_some() {
            return best;
        }
    }
    None
}
