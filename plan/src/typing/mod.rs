//! From what is written to expressions and types whose names are settled.
//!
//! One definition for the compiler, which reads source, and for whoever loads a plan, which holds expressions as text. The
//! checker gives only expressions that [`crate::expr`] describes; what is wrong is collected as [`TypeError`] values, one for
//! one mistake: a part that was reported, or that refers to something that was (see [`Lookup::Poisoned`]), is passed over.

mod error;
mod facts;
mod infer;
mod operators;
mod schema;
mod uses;

pub use error::{TypeError, TypeErrorKind};
pub use facts::facts;
pub use schema::is_reserved;
pub use uses::{CURSOR, Use, UseKind};

use crate::expr::Expr;
use crate::origin::Origin;
use crate::pattern::TextPattern;
use crate::types::{Schema, Type};
use gov_grammar::{Span, ast};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<T> {
    /// This.
    Known(T),
    /// Something that was reported already.
    Poisoned,
    /// Nothing.
    Unknown,
}

/// The names of one scope.
pub trait Names {
    /// The type of a variable, and whether it may be absent.
    fn variable(&self, name: &str) -> Lookup<(Type, bool)>;

    /// All variables, for suggestions.
    fn variables(&self) -> Vec<String>;

    /// Where a variable is declared, for tools that go there.
    fn declared(&self, _variable: &str) -> Option<Origin> {
        None
    }

    /// A field of a variable, where the scope knows better than the variable's type.
    fn member(&self, _variable: &str, _field: &str) -> Option<Lookup<(Type, bool)>> {
        None
    }

    /// The patterns of a `set`.
    fn set(&self, name: &str) -> Lookup<Vec<TextPattern>>;

    /// All sets, for suggestions.
    fn set_names(&self) -> Vec<String>;

    /// A type of the package.
    fn named_type(&self, name: &str) -> Lookup<Schema>;

    /// All types of the package, for suggestions.
    fn type_names(&self) -> Vec<String>;
}

/// Checks expressions and types in one scope and collects what is wrong with them.
pub struct Checker<'n> {
    names: &'n dyn Names,
    file: u32,
    /// Paths that were shown to be present.
    present: Vec<String>,
    /// Whether what may be absent was looked at before: then it is not asked again.
    trusts: bool,
    /// What is wrong, in the order in which it was found.
    pub errors: Vec<TypeError>,
    /// What names stand for, if that is noted.
    pub uses: Vec<Use>,
    notes: bool,
}

impl<'n> Checker<'n> {
    /// A checker for a scope; `file` is the number that origins get.
    pub fn new(names: &'n dyn Names, file: u32) -> Checker<'n> {
        Checker { names, file, present: Vec::new(), trusts: false, errors: Vec::new(), uses: Vec::new(), notes: false }
    }

    /// Adds paths that were shown to be present before (see [`facts`]).
    pub fn assume_present(mut self, paths: &[String]) -> Checker<'n> {
        self.present.extend_from_slice(paths);
        self
    }

    /// Takes it as given that values are present where they are needed: what was compiled was checked with what was known
    /// at each point, and a plan holds only the text.
    pub fn trusting(mut self) -> Checker<'n> {
        self.trusts = true;
        self
    }

    /// An expression of any type.
    pub fn any(&mut self, expr: &ast::Expr) -> Option<Expr> {
        self.infer(expr, None)
    }

    /// A condition.
    pub fn condition(&mut self, expr: &ast::Expr) -> Option<Expr> {
        self.of_type(expr, &Type::Bool)
    }

    /// An expression of this type that is always present.
    pub fn of_type(&mut self, expr: &ast::Expr, ty: &Type) -> Option<Expr> {
        self.of_schema(expr, &Schema::plain(ty.clone()))
    }

    /// An expression that may stand where the schema is wanted. Refinements are not looked at: whether they hold is proved.
    pub fn of_schema(&mut self, expr: &ast::Expr, schema: &Schema) -> Option<Expr> {
        let typed = self.infer(expr, Some(&schema.ty))?;
        self.coerce(typed, expr.span, &schema.ty, schema.optional)
    }

    /// A string, with interpolations.
    pub fn string(&mut self, literal: &ast::StringLiteral) -> Option<Expr> {
        self.string_literal(literal)
    }

    /// The entries of a record that is passed where these fields are wanted: no unknown ones, none missing, none twice.
    ///
    /// `what` names the receiver in messages: "`stripe.refund`".
    pub fn arguments(
        &mut self,
        record: &ast::Record,
        fields: &crate::types::Fields,
        what: &str,
    ) -> Option<Vec<(String, Expr)>> {
        self.entries(record, fields, what, true)
    }

    /// As [`Checker::arguments`], but fields may be missing: what a test says of a result.
    pub fn some_fields(
        &mut self,
        record: &ast::Record,
        fields: &crate::types::Fields,
        what: &str,
    ) -> Option<Vec<(String, Expr)>> {
        self.entries(record, fields, what, false)
    }

    fn error<T>(&mut self, at: Span, kind: TypeErrorKind) -> Option<T> {
        self.errors.push(TypeError { at, kind });
        None
    }

    fn origin(&self, span: Span) -> Origin {
        Origin { file: self.file, start: span.start, end: span.end }
    }
}
