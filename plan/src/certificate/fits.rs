//! Whether arguments fit what they are passed to, where that can be seen at once: a literal, or a value that is declared to be
//! the same.

use crate::eval::{Env, eval};
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::print;
use crate::types::{Fields, Schema, Type};
use crate::value::{self, Value};

/// What is known of the names in scope.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(pub Vec<(String, Schema)>);

impl Known {
    /// The names of fields.
    pub fn of(fields: &Fields) -> Known {
        Known(fields.iter().map(|field| (field.name.clone(), field.schema.clone())).collect())
    }

    /// Adds a record by its name.
    pub fn add(&mut self, name: &str, fields: &Fields) {
        self.0.push((name.to_owned(), Schema::plain(Type::Record(fields.clone()))));
    }

    /// The declaration of what a path reads, optional where something on the way is.
    fn declared(&self, expr: &Expr) -> Option<Schema> {
        match &expr.kind {
            ExprKind::Var(name) => self.0.iter().rev().find(|(own, _)| own == name).map(|(_, schema)| schema.clone()),
            ExprKind::Field(inner, name) => {
                let around = self.declared(inner)?;
                let Type::Record(fields) = &around.ty else { return None };
                let field = &fields.get(name)?.schema;
                Some(Schema { optional: field.optional || around.optional, ..field.clone() })
            }
            _ => None,
        }
    }

    /// Whether everything that an expression reads is known to be there.
    fn is_there(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Var(_) | ExprKind::Field(..) => self.declared(expr).is_some_and(|schema| !schema.optional),
            _ => expr.children().into_iter().all(|child| self.is_there(child)),
        }
    }

    /// Whether arguments always meet what is asked of them; `evaluable` asks too that they can always be evaluated.
    pub fn meets(&self, arguments: &[(String, Expr)], fields: &Fields, evaluable: bool) -> bool {
        fields.iter().all(|field| match arguments.iter().find(|(name, _)| *name == field.name) {
            None => field.schema.optional,
            Some((_, argument)) => {
                let there = field.schema.optional || self.is_there(argument);
                there && (!evaluable || cannot_fail(argument)) && self.keeps(argument, &field.schema)
            }
        })
    }

    fn keeps(&self, argument: &Expr, wanted: &Schema) -> bool {
        if is_plain(wanted) {
            return true;
        }
        let mut reads = false;
        argument.walk(&mut |part| reads |= matches!(part.kind, ExprKind::Var(_)));
        if !reads {
            let value = eval(argument, &Nothing);
            return value.is_ok_and(|value| value::admit(wanted, &value, &|_: &str, _: &str| false).is_ok());
        }
        // The same type with the same refinements of its own.
        self.declared(argument).is_some_and(|own| {
            let same = Schema { optional: wanted.optional, ..own.clone() };
            let speaks_of_itself = own.refinements.iter().all(only_of_itself);
            speaks_of_itself && print::schema(&same) == print::schema(wanted)
        })
    }
}

fn only_of_itself(refinement: &Expr) -> bool {
    let mut only = true;
    refinement.walk(&mut |part| only &= !matches!(&part.kind, ExprKind::Var(name) if name != "self"));
    only
}

/// Whether a type lets through everything that is of its form.
fn is_plain(schema: &Schema) -> bool {
    let inside = match &schema.ty {
        Type::List(element) => is_plain(element),
        Type::Record(fields) => fields.iter().all(|field| is_plain(&field.schema)),
        _ => true,
    };
    inside && schema.refinements.is_empty()
}

/// Whether an expression can always be evaluated, where what it reads is there.
pub(super) fn cannot_fail(expr: &Expr) -> bool {
    let mut safe = true;
    expr.walk(&mut |part| {
        safe &= !matches!(
            part.kind,
            ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, ..)
                | ExprKind::Negate(_)
                | ExprKind::As(..)
                | ExprKind::Interpolate(_)
        );
    });
    safe
}

/// The scope of literals.
struct Nothing;

impl Env for Nothing {
    fn get(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_role(&self, _: &str, _: &str) -> bool {
        false
    }
}
