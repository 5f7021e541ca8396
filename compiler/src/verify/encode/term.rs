//! Terms: what is asked of a solver, as plain data.
//!
//! Booleans, unbounded integers and texts. The fragment is linear integer arithmetic without quantifiers; texts are compared
//! with each other, with literals, and with prefixes, and are turned into integers when a question is asked (see
//! [`super::script`]). The constructors fold constants, and nothing else.

use std::sync::Arc;

/// A term. A clone costs a count; equal parts may be shared.
#[derive(Clone, Debug)]
pub(crate) struct Term(Arc<Node>);

/// What a term is made of. Operands have the sorts that the operator takes.
#[derive(Debug)]
pub(crate) enum Node {
    Bool(bool),
    Int(i128),
    Text(Arc<str>),
    /// A free variable. Within one question a name has one sort.
    Var(Arc<str>, Sort),
    Not(Term),
    And(Vec<Term>),
    Or(Vec<Term>),
    If(Term, Term, Term),
    Equal(Term, Term),
    /// The first integer is less than the second.
    Less(Term, Term),
    Sum(Vec<Term>),
    /// An integer times a constant.
    Scaled(i128, Term),
    /// An integer divided by a positive constant, rounded down.
    Quotient(Term, i128),
    /// What such a division leaves: from zero to below the constant.
    Remainder(Term, i128),
    /// Whether a text starts so.
    HasPrefix(Term, Arc<str>),
    /// The number of characters of a text.
    Length(Term),
}

/// The sorts of terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Sort {
    Bool,
    Int,
    Text,
}

impl Term {
    pub fn bool(value: bool) -> Term {
        Term::of(Node::Bool(value))
    }

    pub fn int(value: impl Into<i128>) -> Term {
        Term::of(Node::Int(value.into()))
    }

    pub fn text(value: &str) -> Term {
        Term::of(Node::Text(value.into()))
    }

    pub fn var(name: &str, sort: Sort) -> Term {
        Term::of(Node::Var(name.into(), sort))
    }

    pub fn not(&self) -> Term {
        match self.node() {
            Node::Bool(value) => Term::bool(!value),
            Node::Not(inner) => inner.clone(),
            _ => Term::of(Node::Not(self.clone())),
        }
    }

    /// All of them.
    pub fn all(terms: impl IntoIterator<Item = Term>) -> Term {
        Term::junction(terms, true)
    }

    /// Some of them.
    pub fn any(terms: impl IntoIterator<Item = Term>) -> Term {
        Term::junction(terms, false)
    }

    pub fn and(&self, other: &Term) -> Term {
        Term::all([self.clone(), other.clone()])
    }

    pub fn or(&self, other: &Term) -> Term {
        Term::any([self.clone(), other.clone()])
    }

    /// Whether the other one holds wherever this one does.
    pub fn implies(&self, other: &Term) -> Term {
        self.not().or(other)
    }

    /// `then` where this holds, else `otherwise`; both of one sort.
    pub fn choose(&self, then: &Term, otherwise: &Term) -> Term {
        match (self.as_bool(), then.as_bool(), otherwise.as_bool()) {
            (Some(true), _, _) => then.clone(),
            (Some(false), _, _) => otherwise.clone(),
            (None, Some(true), _) => self.or(otherwise),
            (None, Some(false), _) => self.not().and(otherwise),
            (None, _, Some(true)) => self.not().or(then),
            (None, _, Some(false)) => self.and(then),
            _ if then.is_same(otherwise) => then.clone(),
            _ => Term::of(Node::If(self.clone(), then.clone(), otherwise.clone())),
        }
    }

    /// Equality of two terms of one sort.
    pub fn equals(&self, other: &Term) -> Term {
        match (self.node(), other.node()) {
            (Node::Bool(value), _) => other.iff(*value),
            (_, Node::Bool(value)) => self.iff(*value),
            (Node::Int(a), Node::Int(b)) => Term::bool(a == b),
            (Node::Text(a), Node::Text(b)) => Term::bool(a == b),
            _ if self.is_same(other) => Term::bool(true),
            _ => Term::of(Node::Equal(self.clone(), other.clone())),
        }
    }

    pub fn less(&self, other: &Term) -> Term {
        match (self.node(), other.node()) {
            (Node::Int(a), Node::Int(b)) => Term::bool(a < b),
            _ => Term::of(Node::Less(self.clone(), other.clone())),
        }
    }

    pub fn at_most(&self, other: &Term) -> Term {
        other.less(self).not()
    }

    /// Whether an integer lies in a range, both ends included.
    pub fn within(&self, least: i128, most: i128) -> Term {
        Term::int(least).at_most(self).and(&self.at_most(&Term::int(most)))
    }

    pub fn plus(&self, other: &Term) -> Term {
        match (self.node(), other.node()) {
            (Node::Int(a), Node::Int(b)) if a.checked_add(*b).is_some() => Term::int(a + b),
            _ => Term::of(Node::Sum(vec![self.clone(), other.clone()])),
        }
    }

    pub fn minus(&self, other: &Term) -> Term {
        self.plus(&other.times(-1))
    }

    pub fn times(&self, factor: i128) -> Term {
        match self.node() {
            Node::Int(value) if value.checked_mul(factor).is_some() => Term::int(value * factor),
            _ if factor == 1 => self.clone(),
            _ => Term::of(Node::Scaled(factor, self.clone())),
        }
    }

    /// The quotient by a positive constant, rounded down.
    pub fn quotient(&self, divisor: i128) -> Term {
        match self.node() {
            Node::Int(value) if divisor > 0 => Term::int(value.div_euclid(divisor)),
            _ => Term::of(Node::Quotient(self.clone(), divisor)),
        }
    }

    /// The remainder of [`Term::quotient`].
    pub fn remainder(&self, divisor: i128) -> Term {
        match self.node() {
            Node::Int(value) if divisor > 0 => Term::int(value.rem_euclid(divisor)),
            _ => Term::of(Node::Remainder(self.clone(), divisor)),
        }
    }

    pub fn has_prefix(&self, prefix: &str) -> Term {
        match self.node() {
            Node::Text(text) => Term::bool(text.starts_with(prefix)),
            _ if prefix.is_empty() => Term::bool(true),
            _ => Term::of(Node::HasPrefix(self.clone(), prefix.into())),
        }
    }

    /// The number of characters of a text.
    pub fn length(&self) -> Term {
        match self.node() {
            Node::Text(text) => Term::int(i128::try_from(text.chars().count()).unwrap_or(i128::MAX)),
            _ => Term::of(Node::Length(self.clone())),
        }
    }

    pub fn node(&self) -> &Node {
        &self.0
    }

    /// The constant that a boolean term is, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.node() {
            Node::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether both are one term in memory; different terms may still be equal.
    pub fn is_same(&self, other: &Term) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where the term is in memory: an identity for as long as it lives.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn of(node: Node) -> Term {
        Term(Arc::new(node))
    }

    fn iff(&self, value: bool) -> Term {
        if value { self.clone() } else { self.not() }
    }

    fn junction(terms: impl IntoIterator<Item = Term>, unit: bool) -> Term {
        let mut operands: Vec<Term> = Vec::new();
        for term in terms {
            match term.node() {
                Node::Bool(value) if *value == unit => {}
                Node::Bool(value) => return Term::bool(*value),
                _ if operands.iter().rev().take(8).any(|other| other.is_same(&term)) => {}
                _ => operands.push(term),
            }
        }
        match operands.len() {
            0 => Term::bool(unit),
            1 => operands.swap_remove(0),
            _ if unit => Term::of(Node::And(operands)),
            _ => Term::of(Node::Or(operands)),
        }
    }
}
