//! Types and fields.

use super::build::{Lead, Problems, expr};
use super::{Expr, Name, StringLiteral};
use crate::Span;
use crate::tree::{Kind, Node};

/// A type as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Whether a `?` follows.
    pub optional: bool,
    /// Where it stands, the `?` included.
    pub span: Span,
}

/// The forms of types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeKind {
    /// `Int`, or a type of the package.
    Named(Name),
    /// `Money<USD>`.
    Money(Name),
    /// `List<T where …>`.
    List(Box<Type>, Option<Box<Expr>>),
    /// `"a" | "b"`.
    Union(Vec<StringLiteral>),
    /// `{ f: T, … }`.
    Record(Vec<Field>),
}

/// `name: Type where …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The documentation before it, lines joined by line feeds.
    pub docs: String,
    /// The field's name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Its refinement.
    pub refinement: Option<Expr>,
    /// All of it.
    pub span: Span,
}

impl Type {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Type {
        let optional = node.has(Kind::opt);
        let kind = node.parts().next().map(|part| match part.kind() {
            Kind::money_type => TypeKind::Money(part.name(Kind::currency).unwrap_or_else(|| Name::from_node(part))),
            Kind::list_type => {
                let inner = part.child(Kind::type_expr).map(|inner| Type::from_node(inner, problems));
                let inner = inner.unwrap_or_else(|| Type::named(part));
                TypeKind::List(Box::new(inner), refinement(part, problems).map(Box::new))
            }
            Kind::string_union => {
                let strings = part.children().filter(|child| child.kind() == Kind::string);
                TypeKind::Union(strings.map(|string| StringLiteral::from_node(string, problems)).collect())
            }
            Kind::fields => TypeKind::Record(fields(part, problems)),
            _ => TypeKind::Named(Name::from_node(part)),
        });
        let kind = kind.unwrap_or_else(|| TypeKind::Named(Name::from_node(node)));
        Type { kind, optional, span: node.span() }
    }

    fn named(node: Node<'_>) -> Type {
        Type { kind: TypeKind::Named(Name::from_node(node)), optional: false, span: node.span() }
    }
}

/// The fields below a node of kind `fields` or `params`.
pub(crate) fn fields(node: Node<'_>, problems: &mut Problems) -> Vec<Field> {
    let mut lead = Lead::default();
    let mut found = Vec::new();
    for child in node.children() {
        if lead.take(child, problems) || child.kind() != Kind::field {
            continue;
        }
        let (Some(name), Some(ty)) = (child.name(Kind::name), child.child(Kind::type_expr)) else {
            continue;
        };
        let ty = Type::from_node(ty, problems);
        let refinement = refinement(child, problems);
        found.push(Field { docs: lead.finish().0, name, ty, refinement, span: child.span() });
    }
    found
}

/// The `where …` directly below a node.
pub(crate) fn refinement(node: Node<'_>, problems: &mut Problems) -> Option<Expr> {
    let refinement = node.child(Kind::refinement)?.child(Kind::expr)?;
    Some(expr(refinement, problems))
}
