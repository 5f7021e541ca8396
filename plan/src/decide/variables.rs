//! What the conditions of a policy can read, and of which type.

use crate::model::{Capability, CapabilityKind, Scope};
use crate::origin::Origin;
use crate::types::{Field, Fields, Schema, Type};

/// The variables of a policy's conditions beside `input`: name, type, and whether they may be absent.
pub fn variables(context: &Fields) -> Vec<(String, Type, bool)> {
    let strings = |all: &[&str]| Type::Union(all.iter().map(|one| (*one).to_owned()).collect());
    let record = |fields: &[(&str, bool)]| {
        let field = |(name, optional): &(&str, bool)| Field {
            name: (*name).to_owned(),
            docs: String::new(),
            schema: Schema { optional: *optional, ..Schema::plain(Type::String) },
            at: Origin::default(),
        };
        Type::Record(fields.iter().map(field).collect())
    };
    let all: [(&str, Type, bool); 9] = [
        ("context", Type::Record(context.clone()), false),
        ("principal", record(&[("id", false), ("tenant", true)]), false),
        ("resource", record(&[("tenant", true)]), false),
        ("risk", Type::Risk, false),
        ("kind", strings(&CapabilityKind::ALL.map(CapabilityKind::as_str)), false),
        ("reversible", Type::Bool, false),
        ("scope", strings(&Scope::ALL.map(Scope::as_str)), true),
        ("tags", Type::List(Box::new(Schema::plain(Type::String))), false),
        ("workflow", Type::String, true),
    ];
    all.into_iter().map(|(name, ty, optional)| (name.to_owned(), ty, optional)).collect()
}

/// The input fields that all of these capabilities have, with one type; optional where one of them makes them so.
pub fn shared_input<'c>(mut capabilities: impl Iterator<Item = &'c Capability>) -> Fields {
    let first = capabilities.next().map(|first| first.input.clone()).unwrap_or_default();
    capabilities.fold(first, |shared, other| shared.shared_with(&other.input))
}
