//! What the names of a condition stand for in the space.

use super::cell::{Cell, Region};
use super::condition::Parts;
use gov_plan::expr::{Expr, ExprKind};
use gov_plan::model::{Capability, Effect, Package};
use gov_plan::types::{Field, Fields, Risk, Schema, Type};

/// A value that a request holds.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Its path: `input.amount`.
    pub name: String,
    pub ty: Type,
    /// The paths on the way to it, itself included, at which there may be nothing.
    pub optional: Vec<String>,
}

/// What a capability declares of a call, by input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Where the call has which risk.
    pub risk: Vec<(Region, Risk)>,
    /// Where it does what: the row of the table, from 0.
    pub effect: Vec<(Region, usize)>,
    /// Where the capability itself wants an approval, and where it does not.
    pub required: Region,
    pub free: Region,
    /// Where which row of `approval` applies.
    pub approvals: Vec<Region>,
    /// Where a table has no row that applies, or one that cannot be evaluated.
    pub unevaluable: Region,
}

/// The names of one scope.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'c> {
    places: Vec<(String, Place)>,
    facts: Option<(&'c Capability, &'c Facts)>,
    tag: String,
}

impl<'c> Scope<'c> {
    /// The scope of a policy's conditions, for calls of one capability.
    pub fn of_policy(package: &Package, capability: &'c Capability, facts: &'c Facts) -> Scope<'c> {
        let optional = |name: &str| Field {
            name: name.to_owned(),
            docs: String::new(),
            schema: Schema { optional: true, ..Schema::plain(Type::String) },
            at: capability.at,
        };
        let id = Field { schema: Schema::plain(Type::String), ..optional("id") };
        let roots = [
            ("input", Type::Record(capability.input.clone())),
            ("context", Type::Record(package.context.clone())),
            ("principal", Type::Record(Fields::from_iter([id, optional("tenant")]))),
            ("resource", Type::Record(Fields::from_iter([optional("tenant")]))),
        ];
        let mut places: Vec<(String, Place)> = roots
            .into_iter()
            .map(|(name, ty)| (name.to_owned(), Place { name: name.to_owned(), ty, optional: Vec::new() }))
            .collect();
        let workflow = "workflow".to_owned();
        let place = Place { name: workflow.clone(), ty: Type::String, optional: vec![workflow.clone()] };
        places.push((workflow, place));
        Scope { places, facts: Some((capability, facts)), tag: String::new() }
    }

    /// The scope of a capability's clauses: its input by bare names.
    pub fn of_clauses(input: &Fields) -> Scope<'static> {
        let whole = Place { name: "input".to_owned(), ty: Type::Record(input.clone()), optional: Vec::new() };
        let places = input.iter().filter_map(|field| Some((field.name.clone(), whole.field(&field.name)?)));
        Scope { places: places.collect(), facts: None, tag: "clause".to_owned() }
    }

    /// The scope of the refinements of what is at a place, which may name the fields around it.
    pub fn of_refinement(&self, place: &Place) -> Scope<'c> {
        let mut scope = self.clone();
        // Where a refinement is looked at, the value is there.
        let own = Place { optional: Vec::new(), ..place.clone() };
        scope.tag = format!("refinement of {}", place.name);
        scope.set("self", own);
        scope
    }

    /// An empty scope, for the refinements of a record that stands alone.
    pub fn empty() -> Scope<'static> {
        Scope { places: Vec::new(), facts: None, tag: String::new() }
    }

    /// The scope with a name more.
    pub fn set(&mut self, name: &str, place: Place) {
        self.places.retain(|(own, _)| own != name);
        self.places.push((name.to_owned(), place));
    }

    /// What tells conditions of this scope apart from the same words in another.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The path of the principal that asks.
    pub fn requester(&self) -> &'static str {
        "principal.id"
    }

    /// The value that an expression reads; `None` for what is no path.
    pub fn place(&self, expr: &Expr) -> Option<Place> {
        match &expr.kind {
            ExprKind::Var(name) => self.places.iter().find(|(own, _)| own == name).map(|(_, place)| place.clone()),
            ExprKind::Field(inner, name) => self.place(inner)?.field(name),
            _ => None,
        }
    }

    /// The truth value of a fact about the call: `reversible`.
    pub fn truth(&self, expr: &Expr) -> Option<Parts> {
        let (capability, facts) = self.fact(expr, "reversible")?;
        let mut parts = Parts::default();
        for (region, row) in &facts.effect {
            let irreversible = capability.effect.rows.get(*row).is_some_and(|row| row.value.is_irreversible());
            let part = if irreversible { &mut parts.fails_to_hold } else { &mut parts.holds };
            part.extend(region.iter().cloned());
        }
        Some(parts)
    }

    /// Where the call has which risk: `risk`.
    pub fn levels(&self, expr: &Expr) -> Option<&'c [(Region, Risk)]> {
        self.fact(expr, "risk").map(|(_, facts)| facts.risk.as_slice())
    }

    /// What `kind` and `scope` say where, and where they are absent.
    pub fn words(&self, expr: &Expr) -> Option<(Vec<(Region, &'static str)>, Region)> {
        if let Some((capability, _)) = self.fact(expr, "kind") {
            return Some((vec![(vec![Cell::whole()], capability.kind.as_str())], Region::new()));
        }
        let (capability, facts) = self.fact(expr, "scope")?;
        let (mut words, mut absent) = (Vec::new(), Region::new());
        for (region, row) in &facts.effect {
            match capability.effect.rows.get(*row).map(|row| &row.value) {
                Some(Effect::Some { scope, .. }) => words.push((region.clone(), scope.as_str())),
                _ => absent.extend(region.iter().cloned()),
            }
        }
        Some((words, absent))
    }

    /// Where `scope` is present and where it is absent.
    pub fn presence(&self, expr: &Expr) -> Option<(Region, Region)> {
        self.fact(expr, "scope")?;
        let (words, absent) = self.words(expr)?;
        Some((words.into_iter().flat_map(|(region, _)| region).collect(), absent))
    }

    /// The elements of `tags`, as literals.
    pub fn known_list(&self, expr: &Expr) -> Option<Vec<Expr>> {
        let (capability, _) = self.fact(expr, "tags")?;
        let literal =
            |tag: &String| Expr { kind: ExprKind::String(tag.clone()), ty: Type::String, optional: false, at: expr.at };
        Some(capability.tags.iter().map(literal).collect())
    }

    fn fact(&self, expr: &Expr, name: &str) -> Option<(&'c Capability, &'c Facts)> {
        match &expr.kind {
            ExprKind::Var(own) if own == name => self.facts,
            _ => None,
        }
    }
}

impl Place {
    /// A field of the record at this place.
    pub fn field(&self, name: &str) -> Option<Place> {
        let Type::Record(fields) = &self.ty else { return None };
        let field = fields.get(name)?;
        let name = format!("{}.{name}", self.name);
        let mut optional = self.optional.clone();
        if field.schema.optional {
            optional.push(name.clone());
        }
        Some(Place { name, ty: field.schema.ty.clone(), optional })
    }
}
