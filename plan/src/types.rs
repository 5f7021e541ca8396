//! Types, and the values that a type lets through.

use crate::expr::Expr;
use crate::origin::Origin;
use std::fmt;
use std::sync::Arc;

/// An ISO 4217 code of three letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// A code, if it is three capital letters.
    pub fn new(code: &str) -> Option<Currency> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Currency(bytes))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The risk of a call, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

impl Risk {
    /// All of them, in order.
    pub const ALL: [Risk; 4] = [Risk::Low, Risk::Medium, Risk::High, Risk::Critical];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::Critical => "critical",
        }
    }

    /// The one that is written so.
    pub fn parse(text: &str) -> Option<Risk> {
        Risk::ALL.into_iter().find(|risk| risk.as_str() == text)
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A type without what constrains its values.
///
/// Two types are the same when their values are; refinements inside lists and records are not part of that, so equality
/// of types is [`Type::same`] and not `==`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `true` and `false`.
    Bool,
    /// 64 bit.
    Int,
    /// See [`crate::Decimal`].
    Decimal,
    /// Unicode text.
    String,
    /// Milliseconds, 64 bit.
    Duration,
    /// Milliseconds since 1970-01-01T00:00:00Z, 64 bit.
    Time,
    /// An amount in one currency.
    Money(Currency),
    /// Any JSON.
    Json,
    /// Low to critical: the type of `risk` in a policy.
    Risk,
    /// One of these strings, in the order of the source.
    Union(Arc<[String]>),
    /// Any number of these.
    List(Box<Schema>),
    /// These fields.
    Record(Fields),
}

/// A type with all that constrains its values: how a field, a parameter or an element is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The type.
    pub ty: Type,
    /// Whether the value may be absent.
    pub optional: bool,
    /// What holds for every value: conditions over `self` and over the fields before this one, by name. All of them hold;
    /// the ones of named types come first. An absent value satisfies them.
    pub refinements: Vec<Expr>,
    /// The named types it was declared with, outermost first: for people.
    pub names: Vec<String>,
}

/// Fields in the order of the source. They are shared: a copy costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(Arc<Vec<Field>>);

/// A field, or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// What it holds.
    pub schema: Schema,
    /// Where it is declared.
    pub at: Origin,
}

impl Schema {
    /// A type that constrains nothing more.
    pub fn plain(ty: Type) -> Schema {
        Schema { ty, optional: false, refinements: Vec::new(), names: Vec::new() }
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Fields {
        Fields(Arc::new(fields.into_iter().collect()))
    }
}

impl Fields {
    /// Adds a field at the end.
    pub fn push(&mut self, field: Field) {
        Arc::make_mut(&mut self.0).push(field);
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Field] {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.name == name)
    }

    /// The fields that the other ones have too, with one type; optional where either is. What one promises of its values the
    /// other may not, so that refinements are left out.
    pub fn shared_with(&self, other: &Fields) -> Fields {
        let shared = self.iter().filter_map(|field| {
            let same = other.get(&field.name).filter(|same| same.schema.ty.same(&field.schema.ty))?;
            let mut shared = field.clone();
            shared.schema.optional |= same.schema.optional;
            shared.schema.refinements.clear();
            Some(shared)
        });
        shared.collect()
    }

    /// The fields that all of these have, as [`Fields::shared_with`] says; none of nothing.
    pub fn shared_by<'f>(mut all: impl Iterator<Item = &'f Fields>) -> Fields {
        let first = all.next().cloned().unwrap_or_default();
        all.fold(first, |shared, other| shared.shared_with(other))
    }

    /// The fields in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Field> + ExactSizeIterator {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Type {
    /// Whether both types have the same values, refinements aside.
    pub fn same(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Union(a), Type::Union(b)) => a.len() == b.len() && a.iter().all(|member| b.contains(member)),
            (Type::List(a), Type::List(b)) => a.optional == b.optional && a.ty.same(&b.ty),
            (Type::Record(a), Type::Record(b)) => {
                a.0.len() == b.0.len()
                    && a.iter().all(|field| {
                        b.get(&field.name).is_some_and(|other| {
                            field.schema.optional == other.schema.optional && field.schema.ty.same(&other.schema.ty)
                        })
                    })
            }
            _ => self == other,
        }
    }

    /// Whether values of this type can be given where JSON is wanted: of every type that can be declared.
    pub fn has_json_form(&self) -> bool {
        match self {
            Type::Risk => false,
            Type::List(element) => element.ty.has_json_form(),
            Type::Record(fields) => fields.iter().all(|field| field.schema.ty.has_json_form()),
            _ => true,
        }
    }

    /// Whether every value of this type is one of the other, refinements aside: a union fits a wider one and `String`, a
    /// record one that asks for the same fields or treats the missing ones as optional.
    pub fn fits(&self, target: &Type) -> bool {
        match (self, target) {
            (Type::Union(_), Type::String) => true,
            (Type::Union(a), Type::Union(b)) => a.iter().all(|member| b.contains(member)),
            (Type::List(a), Type::List(b)) => (!a.optional || b.optional) && a.ty.fits(&b.ty),
            (Type::Record(a), Type::Record(b)) => {
                let known = a.iter().all(|field| b.get(&field.name).is_some());
                known
                    && b.iter().all(|field| match a.get(&field.name) {
                        Some(own) => {
                            (!own.schema.optional || field.schema.optional) && own.schema.ty.fits(&field.schema.ty)
                        }
                        None => field.schema.optional,
                    })
            }
            _ => self == target,
        }
    }
}

impl fmt::Display for Type {
    /// As it is written in source; refinements are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("Bool"),
            Type::Int => f.write_str("Int"),
            Type::Decimal => f.write_str("Decimal"),
            Type::String => f.write_str("String"),
            Type::Duration => f.write_str("Duration"),
            Type::Time => f.write_str("Time"),
            Type::Money(currency) => write!(f, "Money<{currency}>"),
            Type::Json => f.write_str("Json"),
            Type::Risk => f.write_str("Risk"),
            Type::Union(members) => {
                for (index, member) in members.iter().enumerate() {
                    let separator = if index == 0 { "" } else { " | " };
                    write!(f, "{separator}{}", crate::text::quoted(member))?;
                }
                Ok(())
            }
            Type::List(element) => write!(f, "List<{}{}>", element.ty, if element.optional { "?" } else { "" }),
            Type::Record(fields) if fields.is_empty() => f.write_str("{}"),
            Type::Record(fields) => {
                f.write_str("{ ")?;
                for (index, field) in fields.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    let optional = if field.schema.optional { "?" } else { "" };
                    write!(f, "{separator}{}: {}{optional}", field.name, field.schema.ty)?;
                }
                f.write_str(" }")
            }
        }
    }
}
