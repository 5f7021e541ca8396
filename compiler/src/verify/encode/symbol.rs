//! Values that are not known.

use super::term::Term;
use gov_plan::types::Type;

/// A value that is not known, and whether there is one.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    /// Whether it is there. Where it is not, the shape means nothing.
    pub present: Term,
    pub shape: Shape,
}

/// What a value is made of.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Bool(Term),
    /// An integer: `Int` as it is, durations and times in milliseconds, decimals and money in units of 10⁻¹⁰, risks from 0.
    Number(Term),
    /// A string, or a member of a union.
    Text(Term),
    List(List),
    /// Fields by name; one that is not listed is absent.
    Record(Vec<(String, Symbol)>),
    /// JSON, by the path under which it is known.
    Json(String),
    /// JSON that a value of a type was made into.
    Made(Box<Shape>, Type),
}

/// A list: its length, and its first elements. An element counts where its place, from 0, is less than the length.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub length: Term,
    pub elements: Vec<Symbol>,
    /// A name that no other list has, if it may be longer than what is listed.
    pub beyond: Option<String>,
}

impl Symbol {
    /// A value that is there.
    pub fn present(shape: Shape) -> Symbol {
        Symbol { present: Term::bool(true), shape }
    }

    pub fn bool(term: Term) -> Symbol {
        Symbol::present(Shape::Bool(term))
    }

    pub fn number(term: Term) -> Symbol {
        Symbol::present(Shape::Number(term))
    }

    pub fn text(term: Term) -> Symbol {
        Symbol::present(Shape::Text(term))
    }

    /// A value that is not there, of no shape that matters.
    pub fn absent() -> Symbol {
        Symbol { present: Term::bool(false), shape: Shape::Record(Vec::new()) }
    }

    /// A field: absent where there is none, or nothing that could have one.
    pub fn field(&self, name: &str) -> Symbol {
        match &self.shape {
            Shape::Record(fields) => match fields.iter().find(|(own, _)| own == name) {
                Some((_, field)) => Symbol { present: self.present.and(&field.present), ..field.clone() },
                None => Symbol::absent(),
            },
            _ => Symbol::absent(),
        }
    }

    /// This value where the condition holds, else the other, which is of the same type or absent throughout.
    pub fn choose(condition: &Term, then: &Symbol, otherwise: &Symbol) -> Symbol {
        let present = condition.choose(&then.present, &otherwise.present);
        let shape = match (then.present.as_bool(), otherwise.present.as_bool()) {
            (Some(false), _) => otherwise.shape.clone(),
            (_, Some(false)) => then.shape.clone(),
            _ => Shape::choose(condition, &then.shape, &otherwise.shape),
        };
        Symbol { present, shape }
    }

    /// The truth value; `None` for what is no boolean.
    pub fn as_bool(&self) -> Option<&Term> {
        match &self.shape {
            Shape::Bool(term) => Some(term),
            _ => None,
        }
    }

    /// The integer; `None` for what is no number.
    pub fn as_number(&self) -> Option<&Term> {
        match &self.shape {
            Shape::Number(term) => Some(term),
            _ => None,
        }
    }

    /// The text; `None` for what is none.
    pub fn as_text(&self) -> Option<&Term> {
        match &self.shape {
            Shape::Text(term) => Some(term),
            _ => None,
        }
    }

    /// Equality of two scalars of one type, both present; `None` for anything else.
    pub fn equals(&self, other: &Symbol) -> Option<Term> {
        match (&self.shape, &other.shape) {
            (Shape::Bool(a), Shape::Bool(b))
            | (Shape::Number(a), Shape::Number(b))
            | (Shape::Text(a), Shape::Text(b)) => Some(a.equals(b)),
            _ => None,
        }
    }
}

impl Shape {
    /// The path under which JSON is known; what was made has its own.
    pub fn path(&self) -> String {
        match self {
            Shape::Json(path) => path.clone(),
            made => format!("{made:?}"),
        }
    }

    fn choose(condition: &Term, then: &Shape, otherwise: &Shape) -> Shape {
        match (then, otherwise) {
            (Shape::Bool(a), Shape::Bool(b)) => Shape::Bool(condition.choose(a, b)),
            (Shape::Number(a), Shape::Number(b)) => Shape::Number(condition.choose(a, b)),
            (Shape::Text(a), Shape::Text(b)) => Shape::Text(condition.choose(a, b)),
            (Shape::List(a), Shape::List(b)) => Shape::List(List::choose(condition, a, b)),
            (Shape::Record(a), Shape::Record(b)) => {
                let absent = Symbol::absent();
                let find = |fields: &[(String, Symbol)], name: &str| {
                    fields.iter().find(|(own, _)| own == name).map(|(_, field)| field.clone())
                };
                let extra = b.iter().filter(|(name, _)| find(a, name).is_none());
                let names = a.iter().chain(extra).map(|(name, _)| name.clone());
                let fields = names.map(|name| {
                    let (a, b) = (find(a, &name), find(b, &name));
                    let (a, b) = (a.as_ref().unwrap_or(&absent), b.as_ref().unwrap_or(&absent));
                    (name, Symbol::choose(condition, a, b))
                });
                Shape::Record(fields.collect())
            }
            (Shape::Json(a), Shape::Json(b)) if a == b => Shape::Json(a.clone()),
            (Shape::Made(a, one), Shape::Made(b, other)) if one == other => {
                Shape::Made(Box::new(Shape::choose(condition, a, b)), one.clone())
            }
            // Any JSON at all: more than what is possible.
            (Shape::Json(_) | Shape::Made(..), Shape::Json(_) | Shape::Made(..)) => {
                Shape::Json(format!("{} or {}", then.path(), otherwise.path()))
            }
            _ => then.clone(),
        }
    }
}

impl List {
    fn choose(condition: &Term, a: &List, b: &List) -> List {
        // What one list may have beyond what is listed of it must not be taken from the other.
        let open = [a, b].into_iter().filter(|list| list.beyond.is_some()).map(|list| list.elements.len()).min();
        let listed = open.unwrap_or(a.elements.len().max(b.elements.len()));
        let absent = Symbol::absent();
        let elements = (0..listed).map(|place| {
            let (a, b) = (a.elements.get(place), b.elements.get(place));
            Symbol::choose(condition, a.unwrap_or(&absent), b.unwrap_or(&absent))
        });
        let beyond = match (&a.beyond, &b.beyond) {
            (None, None) => None,
            (a, b) => Some(format!("{} or {}", a.as_deref().unwrap_or_default(), b.as_deref().unwrap_or_default())),
        };
        List { length: condition.choose(&a.length, &b.length), elements: elements.collect(), beyond }
    }
}
