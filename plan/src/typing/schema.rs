//! Types as they are written, to types as they are meant.

use super::{Checker, Lookup, Names, TypeErrorKind, UseKind};
use crate::expr::Expr;
use crate::origin::Origin;
use crate::pattern::TextPattern;
use crate::types::{Currency, Field, Fields, Schema, Type};
use gov_grammar::{Span, ast, closest};

/// The types that need no declaration.
pub(crate) const BUILT_IN: [(&str, Type); 7] = [
    ("Bool", Type::Bool),
    ("Int", Type::Int),
    ("Decimal", Type::Decimal),
    ("String", Type::String),
    ("Duration", Type::Duration),
    ("Time", Type::Time),
    ("Json", Type::Json),
];

impl Checker<'_> {
    /// A type with its refinement. `field` is the name that the refinement may call the value by, beside `self`; `before` are
    /// the fields before it, which it may name too.
    pub fn schema(
        &mut self,
        ty: &ast::Type,
        refinement: Option<&ast::Expr>,
        field: Option<&str>,
        before: &Fields,
    ) -> Option<Schema> {
        self.schema_after(ty, refinement, field, ty.span, before, &[])
    }

    /// As [`Checker::schema`], where the field's own name stands at a place and some of the fields before it were wrong.
    fn schema_after(
        &mut self,
        ty: &ast::Type,
        refinement: Option<&ast::Expr>,
        field: Option<&str>,
        at: Span,
        before: &Fields,
        wrong: &[&str],
    ) -> Option<Schema> {
        let mut schema = self.type_alone(ty)?;
        schema.optional |= ty.optional;
        if let Some(refinement) = refinement {
            let names =
                RefinementNames { outer: self.names, ty: &schema.ty, field, at: self.origin(at), before, wrong };
            let mut inner = Checker::new(&names, self.file).noting(self.notes);
            let typed = inner.condition(refinement);
            self.uses.append(&mut inner.uses);
            self.errors.append(&mut inner.errors);
            schema.refinements.push(own_name_is_self(typed?, field));
        }
        Some(schema)
    }

    /// Fields in order; each refinement sees those before it. A field that is wrong is left out, and gives `None` beside the
    /// rest.
    pub fn fields(&mut self, fields: &[ast::Field]) -> (Fields, bool) {
        let mut built = Fields::default();
        let mut wrong = Vec::new();
        for field in fields {
            if is_reserved(&field.name.text) {
                let name = field.name.text.clone();
                self.errors.push(super::TypeError { at: field.name.span, kind: TypeErrorKind::ReservedName { name } });
            }
            if let Some(first) = fields
                .iter()
                .take_while(|other| other.span != field.span)
                .find(|other| other.name.text == field.name.text)
            {
                let (field, first) = (field.name.text.clone(), first.name.span);
                self.errors.push(super::TypeError {
                    at: fields.iter().rfind(|other| other.name.text == field).map_or(first, |other| other.name.span),
                    kind: TypeErrorKind::DuplicateField { field, first },
                });
                continue;
            }
            match self.schema_after(
                &field.ty,
                field.refinement.as_ref(),
                Some(&field.name.text),
                field.name.span,
                &built,
                &wrong,
            ) {
                Some(schema) => built.push(Field {
                    name: field.name.text.clone(),
                    docs: field.docs.clone(),
                    schema,
                    at: self.origin(field.span),
                }),
                None => wrong.push(field.name.as_str()),
            }
        }
        let whole = wrong.is_empty();
        (built, whole)
    }

    /// The currency of a code, if ISO 4217 has it.
    pub fn currency(&mut self, code: &str, at: Span) -> Option<Currency> {
        if crate::currency::CODES.binary_search(&code).is_ok() {
            return Currency::new(code);
        }
        let upper = code.to_ascii_uppercase();
        let meant = if crate::currency::CODES.binary_search(&upper.as_str()).is_ok() {
            Some(upper)
        } else {
            closest(code, crate::currency::CODES.iter().copied()).map(str::to_owned)
        };
        self.error(at, TypeErrorKind::UnknownCurrency { code: code.to_owned(), meant })
    }

    fn type_alone(&mut self, ty: &ast::Type) -> Option<Schema> {
        Some(match &ty.kind {
            ast::TypeKind::Named(name) => return self.named(name),
            ast::TypeKind::Money(code) => Schema::plain(Type::Money(self.currency(&code.text, code.span)?)),
            ast::TypeKind::List(element, refinement) => {
                let element = self.schema(element, refinement.as_deref(), None, &Fields::default())?;
                Schema::plain(Type::List(Box::new(element)))
            }
            ast::TypeKind::Union(literals) => {
                let mut members: Vec<String> = Vec::new();
                for literal in literals {
                    match literal.plain() {
                        Some(member) if !members.contains(&member) => members.push(member),
                        _ => return self.error(literal.span, TypeErrorKind::BadUnion),
                    }
                }
                Schema::plain(Type::Union(members.into()))
            }
            ast::TypeKind::Record(fields) => {
                let (fields, whole) = self.fields(fields);
                if !whole {
                    return None;
                }
                Schema::plain(Type::Record(fields))
            }
        })
    }

    fn named(&mut self, name: &ast::Name) -> Option<Schema> {
        if let Some((_, ty)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name.text) {
            return Some(Schema::plain(ty.clone()));
        }
        match self.names.named_type(&name.text) {
            Lookup::Known(mut schema) => {
                self.note(name.span, || UseKind::Type(name.text.clone()));
                schema.names.insert(0, name.text.clone());
                Some(schema)
            }
            Lookup::Poisoned => None,
            Lookup::Unknown => {
                let mut known = self.names.type_names();
                known.extend(BUILT_IN.iter().map(|(name, _)| (*name).to_owned()));
                known.extend(["List".to_owned(), "Money".to_owned()]);
                let meant = closest(&name.text, known.iter().map(String::as_str)).map(str::to_owned);
                self.error(name.span, TypeErrorKind::UnknownType { name: name.text.clone(), meant })
            }
        }
    }
}

/// Whether a name is a word that an expression could not read as a name.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "or" | "and" | "not" | "in" | "has" | "len" | "matches" | "as" | "true" | "false" | "self")
}

/// In a field's refinement its own name means the value, like `self`.
fn own_name_is_self(mut expr: Expr, field: Option<&str>) -> Expr {
    fn rename(expr: &mut Expr, field: &str) {
        use crate::expr::ExprKind::*;
        match &mut expr.kind {
            Var(name) if name == field => *name = "self".to_owned(),
            Interpolate(parts) | List(parts) => parts.iter_mut().for_each(|part| rename(part, field)),
            Record(entries) => entries.iter_mut().for_each(|(_, value)| rename(value, field)),
            Field(inner, _)
            | As(inner, _)
            | Has(inner)
            | Len(inner)
            | Not(inner)
            | Negate(inner)
            | Matches(inner, _) => {
                rename(inner, field);
            }
            Binary(_, left, right) => {
                rename(left, field);
                rename(right, field);
            }
            _ => {}
        }
    }
    if let Some(field) = field {
        rename(&mut expr, field);
    }
    expr
}

/// The scope of a refinement: the value, and the fields before it.
struct RefinementNames<'n> {
    outer: &'n dyn Names,
    ty: &'n Type,
    field: Option<&'n str>,
    /// Where the field's own name stands.
    at: Origin,
    before: &'n Fields,
    /// Fields before it that were reported.
    wrong: &'n [&'n str],
}

impl Names for RefinementNames<'_> {
    fn variable(&self, name: &str) -> Lookup<(Type, bool)> {
        if name == "self" || Some(name) == self.field {
            return Lookup::Known((self.ty.clone(), false));
        }
        match self.before.get(name) {
            Some(field) => Lookup::Known((field.schema.ty.clone(), field.schema.optional)),
            None if self.wrong.contains(&name) => Lookup::Poisoned,
            None => Lookup::Unknown,
        }
    }

    fn declared(&self, name: &str) -> Option<Origin> {
        if Some(name) == self.field {
            return Some(self.at);
        }
        self.before.get(name).map(|field| field.at)
    }

    fn variables(&self) -> Vec<String> {
        let own = [Some("self"), self.field];
        let before = self.before.iter().map(|field| field.name.clone());
        own.into_iter().flatten().map(str::to_owned).chain(before).collect()
    }

    fn set(&self, name: &str) -> Lookup<Vec<TextPattern>> {
        self.outer.set(name)
    }

    fn set_names(&self) -> Vec<String> {
        self.outer.set_names()
    }

    fn named_type(&self, name: &str) -> Lookup<Schema> {
        self.outer.named_type(name)
    }

    fn type_names(&self) -> Vec<String> {
        self.outer.type_names()
    }
}
