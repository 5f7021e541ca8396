//! The fields of two versions of a capability, or of two contexts, as fields of one request.
//!
//! A field that only one version has is seen by that one alone. What both have under one name is one value, unless its types
//! have nothing in common: then no request that has it fits both.

use gov_plan::Origin;
use gov_plan::expr::{BinaryOp, Expr, ExprKind};
use gov_plan::types::{Field, Fields, Schema, Type};

/// Fields of two versions, side by side.
#[derive(Clone, Debug, Default)]
pub(super) struct Aligned {
    /// Each version's own, with the types that they share written alike.
    pub sides: [Fields; 2],
    /// All of them; what may be absent in one may be absent, and what has no common type always is.
    pub merged: Fields,
    /// The paths at which both have something, of types that have nothing in common.
    pub incompatible: Vec<String>,
    /// For each version, the paths that it needs and the other one can do without.
    pub needed: [Vec<String>; 2],
}

/// Aligns the fields under a root: `input` or `context`.
pub(super) fn align(root: &str, old: &Fields, new: &Fields) -> Aligned {
    let mut aligned = Aligned::default();
    let (old, new, merged) = aligned.fields(root, old, new);
    Aligned { sides: [old, new], merged, ..aligned }
}

impl Aligned {
    fn fields(&mut self, path: &str, old: &Fields, new: &Fields) -> (Fields, Fields, Fields) {
        let (mut left, mut right, mut merged) = (Fields::default(), Fields::default(), Fields::default());
        for field in old.iter() {
            let Some(other) = new.get(&field.name) else {
                left.push(field.clone());
                merged.push(field.clone());
                continue;
            };
            let path = format!("{path}.{}", field.name);
            let (a, b, both) = self.schemas(&path, &field.schema, &other.schema);
            left.push(Field { schema: a, ..field.clone() });
            right.push(Field { schema: b, ..other.clone() });
            merged.push(Field { schema: both, ..field.clone() });
        }
        // In their own order again: a refinement may name the fields before it.
        let of_new = |field: &Field| right.get(&field.name).cloned().unwrap_or_else(|| field.clone());
        let right = Fields::from_iter(new.iter().map(of_new));
        new.iter().filter(|field| old.get(&field.name).is_none()).for_each(|field| merged.push(field.clone()));
        (left, right, merged)
    }

    fn schemas(&mut self, path: &str, old: &Schema, new: &Schema) -> (Schema, Schema, Schema) {
        let (mut left, mut right) = (old.clone(), new.clone());
        match (old.optional, new.optional) {
            (true, false) => self.needs(1, path),
            (false, true) => self.needs(0, path),
            _ => {}
        }
        let mut merged = Schema { optional: old.optional || new.optional, ..Schema::plain(old.ty.clone()) };
        match (&old.ty, &new.ty) {
            (Type::Record(a), Type::Record(b)) => {
                let (a, b, both) = self.fields(path, a, b);
                (left.ty, right.ty, merged.ty) = (Type::Record(a), Type::Record(b), Type::Record(both));
            }
            (Type::Union(_) | Type::String, Type::Union(_) | Type::String) if !old.ty.same(&new.ty) => {
                (left, right, merged.ty) = (as_text(left), as_text(right), Type::String);
            }
            // Members in another order are the same ones.
            (Type::Union(_), Type::Union(_)) => right.ty = old.ty.clone(),
            (Type::List(a), Type::List(b)) if !alike(a, b) => self.apart(path, &mut merged),
            (a, b) if !a.same(b) => self.apart(path, &mut merged),
            _ => {}
        }
        (left, right, merged)
    }

    fn needs(&mut self, side: usize, path: &str) {
        if let Some(needed) = self.needed.get_mut(side) {
            needed.push(path.to_owned());
        }
    }

    fn apart(&mut self, path: &str, merged: &mut Schema) {
        self.incompatible.push(path.to_owned());
        merged.optional = true;
    }
}

/// Whether two lists have the same elements.
fn alike(a: &Schema, b: &Schema) -> bool {
    a.ty == b.ty && a.optional == b.optional && a.refinements == b.refinements
}

/// A union as the texts that are one of its members.
fn as_text(schema: Schema) -> Schema {
    let Type::Union(members) = &schema.ty else { return schema };
    let expr = |kind: ExprKind, ty: Type| Expr { kind, ty, optional: false, at: Origin::default() };
    let member = |member: &String| expr(ExprKind::String(member.clone()), Type::String);
    let list =
        expr(ExprKind::List(members.iter().map(member).collect()), Type::List(Box::new(Schema::plain(Type::String))));
    let value = expr(ExprKind::Var("self".to_owned()), Type::String);
    let is_one = expr(ExprKind::Binary(BinaryOp::In, Box::new(value), Box::new(list)), Type::Bool);
    let refinements = std::iter::once(is_one).chain(schema.refinements).collect();
    Schema { ty: Type::String, refinements, ..schema }
}
