//! What is known of every call of a capability: which inputs there are, and what its tables say of them.

use super::cell::{Cell, Region, intersect};
use super::condition::{Compiler, Parts};
use super::scope::{Facts, Place, Scope};
use gov_plan::model::{Capability, Row, Table};
use gov_plan::types::{Fields, Schema, Type};

impl Compiler<'_> {
    /// Where the tables of a capability say what.
    pub fn facts(&mut self, capability: &Capability) -> Facts {
        let scope = Scope::of_clauses(&capability.input);
        let effect = self.table(&capability.effect, &scope);
        let risk = self.table(&capability.risk, &scope);
        let approval = self.table(&capability.approval, &scope);
        let mut facts = Facts {
            unevaluable: [effect.unevaluable, effect.left, risk.unevaluable, risk.left, approval.unevaluable].concat(),
            effect: effect.rows.into_iter().map(|(region, index, _)| (region, index)).collect(),
            risk: risk.rows.into_iter().map(|(region, _, row)| (region, row.value)).collect(),
            required: Region::new(),
            free: approval.left,
            approvals: approval.rows.iter().map(|(region, ..)| region.clone()).collect(),
        };
        for (region, _, row) in approval.rows {
            if row.value.is_some() { facts.required.extend(region) } else { facts.free.extend(region) }
        }
        facts
    }

    /// Which row of a table applies where: the first whose condition holds.
    pub fn table<'t, V>(&mut self, table: &'t Table<V>, scope: &Scope<'_>) -> Rows<'t, V> {
        let mut found = Rows { rows: Vec::new(), left: vec![Cell::whole()], unevaluable: Region::new() };
        for (index, row) in table.rows.iter().enumerate() {
            let parts = match &row.when {
                Some(condition) => self.condition(condition, scope),
                None => Parts::always(),
            };
            found.rows.push((intersect(&found.left, &parts.holds), index, row));
            found.unevaluable.extend(intersect(&found.left, &parts.unevaluable));
            found.left = intersect(&found.left, &parts.fails_to_hold);
        }
        found
    }

    /// What no record of these fields is: out of a refinement, or absent where it must not be.
    pub fn impossible(&mut self, name: &str, fields: &Fields) -> Region {
        let whole = Place { name: name.to_owned(), ty: Type::Record(fields.clone()), optional: Vec::new() };
        let mut found = Region::new();
        self.impossible_fields(&whole, fields, &Scope::empty(), &mut found);
        found
    }

    fn impossible_fields(&mut self, record: &Place, fields: &Fields, scope: &Scope<'_>, found: &mut Region) {
        let mut scope = scope.clone();
        for field in fields.iter() {
            let Some(place) = record.field(&field.name) else { continue };
            self.impossible_value(&place, &field.schema, &scope, found);
            scope.set(&field.name, place);
        }
    }

    fn impossible_value(&mut self, place: &Place, schema: &Schema, scope: &Scope<'_>, found: &mut Region) {
        let inner = scope.of_refinement(place);
        // An absent value satisfies its refinements, and so does one in a record that is absent.
        let present = self.where_present(place);
        if let Type::Record(fields) = &schema.ty {
            self.impossible_fields(place, fields, &inner, found);
        }
        for refinement in &schema.refinements {
            let parts = self.condition(refinement, &inner);
            found.extend(intersect(&present, &parts.fails_to_hold));
            found.extend(intersect(&present, &parts.unevaluable));
        }
    }
}

/// Which row of a table applies where.
pub(crate) struct Rows<'t, V> {
    /// Each row's region and place, from 0.
    pub rows: Vec<(Region, usize, &'t Row<V>)>,
    /// Where none applies.
    pub left: Region,
    /// Where a condition cannot be evaluated.
    pub unevaluable: Region,
}
