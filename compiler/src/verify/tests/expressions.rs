//! Random expressions over every type and operator, with values at the edges.

use super::random::Random;
use gov_plan::expr::{BinaryOp, Expr, ExprKind};
use gov_plan::pattern::TextPattern;
use gov_plan::types::{Currency, Field, Fields, Risk, Schema, Type};
use gov_plan::value::{TIME_MAX, TIME_MIN, Value};
use gov_plan::{Decimal, Origin};
use std::sync::Arc;

pub(super) fn usd() -> Currency {
    Currency::new("USD").unwrap()
}

fn union() -> Type {
    Type::Union(["open", "shut", "user:bo"].map(str::to_owned).into())
}

fn fields() -> Fields {
    let field =
        |name: &str, schema: Schema| Field { name: name.into(), docs: String::new(), schema, at: Origin::default() };
    let optional = |ty| Schema { optional: true, ..Schema::plain(ty) };
    Fields::from_iter([
        field("x", Schema::plain(Type::Int)),
        field("y", optional(Type::String)),
        field("z", optional(Type::Record(Fields::from_iter([field("w", optional(Type::Int))])))),
    ])
}

/// The variables of the scope.
pub(super) fn variables() -> Vec<(&'static str, Schema)> {
    let optional = |ty| Schema { optional: true, ..Schema::plain(ty) };
    let list = |ty| Schema::plain(Type::List(Box::new(Schema::plain(ty))));
    vec![
        ("b", Schema::plain(Type::Bool)),
        ("i", Schema::plain(Type::Int)),
        ("j", Schema::plain(Type::Int)),
        ("d", Schema::plain(Type::Decimal)),
        ("m", Schema::plain(Type::Money(usd()))),
        ("n", Schema::plain(Type::Money(usd()))),
        ("u", Schema::plain(Type::Duration)),
        ("t", Schema::plain(Type::Time)),
        ("s", Schema::plain(Type::String)),
        ("v", Schema::plain(Type::String)),
        ("e", Schema::plain(union())),
        ("k", Schema::plain(Type::Risk)),
        ("ob", optional(Type::Bool)),
        ("oi", optional(Type::Int)),
        ("om", optional(Type::Money(usd()))),
        ("os", optional(Type::String)),
        ("li", list(Type::Int)),
        ("ls", list(Type::String)),
        ("r", Schema::plain(Type::Record(fields()))),
        ("or", optional(Type::Record(fields()))),
    ]
}

pub(super) fn value(random: &mut Random, schema: &Schema) -> Value {
    if schema.optional && random.once_in(2) {
        return Value::Absent;
    }
    let int = |random: &mut Random| {
        *random.pick(&[0, 1, -1, 2, 3, 7, 10, i64::MAX, i64::MIN, i64::MAX - 1, 4_611_686_018_427_387_904])
    };
    let decimal = |random: &mut Random| {
        let units = *random.pick(&[
            0,
            1,
            -1,
            5,
            10_000_000_000,
            -10_000_000_000,
            25_000_000_000,
            100_000_000,
            Decimal::MAX.units(),
            -Decimal::MAX.units(),
            Decimal::MAX.units() / 2 + 1,
        ]);
        Decimal::from_units(units).unwrap()
    };
    match &schema.ty {
        Type::Bool => Value::Bool(random.once_in(2)),
        Type::Int => Value::Int(int(random)),
        Type::Duration => Value::Duration(int(random)),
        Type::Decimal => Value::Decimal(decimal(random)),
        Type::Money(currency) => Value::Money(decimal(random), *currency),
        Type::Time => Value::Time(*random.pick(&[0, 1, TIME_MIN, TIME_MAX, TIME_MAX - 1, 1_000_000])),
        Type::Risk => Value::Risk(*random.pick(&Risk::ALL)),
        Type::String => Value::string(random.pick::<&str>(&TEXTS)),
        Type::Union(members) => Value::string(random.pick::<String>(members).as_str()),
        Type::List(element) => {
            let length = random.below(3);
            Value::list((0..length).map(|_| value(random, element)).collect::<Vec<_>>())
        }
        Type::Record(fields) => {
            let values: Vec<_> =
                fields.iter().map(|field| (field.name.as_str(), value(random, &field.schema))).collect();
            Value::record(values)
        }
        Type::Json => Value::Json(Arc::new(serde_json::Value::Null)),
    }
}

/// Texts with prefixes of one another, and with characters of several bytes.
pub(super) const TEXTS: [&str; 10] = ["", "a", "ab", "abc", "b", "open", "shut", "user:al", "user:bo", "é😀x"];

/// Builds typed expressions. What was shown to be present is not tracked: where a value may be absent it stands in `has`,
/// before `??`, or is left out.
pub(super) struct Builder<'r> {
    pub random: &'r mut Random,
    /// Whether operations that can fail are used.
    pub arithmetic: bool,
}

impl Builder<'_> {
    fn make(kind: ExprKind, ty: Type) -> Expr {
        Expr { kind, ty, optional: false, at: Origin::default() }
    }

    fn variable(name: &str, ty: Type, optional: bool) -> Expr {
        Expr { kind: ExprKind::Var(name.into()), ty, optional, at: Origin::default() }
    }

    fn field(of: Expr, name: &str, ty: Type, optional: bool) -> Expr {
        Expr { kind: ExprKind::Field(Box::new(of), name.into()), ty, optional, at: Origin::default() }
    }

    fn binary(op: BinaryOp, left: Expr, right: Expr, ty: Type) -> Expr {
        Self::make(ExprKind::Binary(op, Box::new(left), Box::new(right)), ty)
    }

    fn record(&mut self) -> Expr {
        Self::variable("r", Type::Record(fields()), false)
    }

    fn maybe_record() -> Expr {
        Self::variable("or", Type::Record(fields()), true)
    }

    /// An expression that may be absent.
    fn optional(&mut self, ty: &Type) -> Option<Expr> {
        Some(match ty {
            Type::Bool => Self::variable("ob", Type::Bool, true),
            Type::Int if self.random.once_in(3) => {
                let inner = Self::field(Self::maybe_record(), "z", fields().get("z").unwrap().schema.ty.clone(), true);
                Self::field(inner, "w", Type::Int, true)
            }
            Type::Int if self.random.once_in(2) => Self::field(Self::maybe_record(), "x", Type::Int, true),
            Type::Int => Self::variable("oi", Type::Int, true),
            Type::String if self.random.once_in(2) => Self::field(self.record(), "y", Type::String, true),
            Type::String => Self::variable("os", Type::String, true),
            Type::Money(_) => Self::variable("om", Type::Money(usd()), true),
            _ => return None,
        })
    }

    /// An expression of a type that is always present.
    pub fn of(&mut self, ty: &Type, depth: u32) -> Expr {
        if depth > 0
            && self.random.once_in(5)
            && let Some(first) = self.optional(ty)
        {
            let second = self.of(ty, depth - 1);
            return Self::binary(BinaryOp::Default, first, second, ty.clone());
        }
        match ty {
            Type::Bool => self.bool(depth),
            Type::String => self.text(depth),
            Type::Risk => match self.random.once_in(2) {
                true => Self::variable("k", Type::Risk, false),
                false => Self::make(ExprKind::Risk(*self.random.pick(&Risk::ALL)), Type::Risk),
            },
            _ => self.number(ty, depth),
        }
    }

    fn number(&mut self, ty: &Type, depth: u32) -> Expr {
        if self.arithmetic && depth > 0 && self.random.once_in(8) {
            return self.through_json(ty, depth - 1);
        }
        let leaf = depth == 0 || !self.arithmetic && !self.random.once_in(6);
        if !leaf && self.arithmetic {
            match self.random.below(6) {
                0 | 1 => {
                    let op = if self.random.once_in(2) { BinaryOp::Add } else { BinaryOp::Sub };
                    let sides: &[(Type, Type)] = &match (ty, op) {
                        (Type::Time, BinaryOp::Add) => {
                            vec![(Type::Time, Type::Duration), (Type::Duration, Type::Time)]
                        }
                        (Type::Time, _) => vec![(Type::Time, Type::Duration)],
                        (Type::Duration, BinaryOp::Sub) => {
                            vec![(Type::Duration, Type::Duration), (Type::Time, Type::Time)]
                        }
                        _ => vec![(ty.clone(), ty.clone())],
                    };
                    let (left, right) = self.random.pick(sides).clone();
                    let (left, right) = (self.of(&left, depth - 1), self.of(&right, depth - 1));
                    return Self::binary(op, left, right, ty.clone());
                }
                2 if *ty != Type::Time => {
                    let factor = match ty {
                        Type::Int | Type::Duration => {
                            let factor = *self.random.pick(&[0, 1, -1, 2, 3, 1_000_000]);
                            Self::make(ExprKind::Int(factor), Type::Int)
                        }
                        _ => {
                            let units = *self.random.pick(&[0, 5_000_000_000, 20_000_000_000, -1, 3, 12_500_000_000]);
                            Self::make(ExprKind::Decimal(Decimal::from_units(units).unwrap()), Type::Decimal)
                        }
                    };
                    let other = self.of(ty, depth - 1);
                    return match self.random.once_in(2) {
                        true => Self::binary(BinaryOp::Mul, other, factor, ty.clone()),
                        false => Self::binary(BinaryOp::Mul, factor, other, ty.clone()),
                    };
                }
                3 if *ty != Type::Time => {
                    let inner = self.of(ty, depth - 1);
                    return Self::make(ExprKind::Negate(Box::new(inner)), ty.clone());
                }
                _ => {}
            }
        }
        if *ty == Type::Int && depth > 0 && self.random.once_in(4) {
            let inner = match self.random.below(3) {
                0 => Self::variable("li", Type::List(Box::new(Schema::plain(Type::Int))), false),
                1 => Self::variable("ls", Type::List(Box::new(Schema::plain(Type::String))), false),
                _ => self.plain_text(),
            };
            return Self::make(ExprKind::Len(Box::new(inner)), Type::Int);
        }
        let names: &[&str] = match ty {
            Type::Int => &["i", "j"],
            Type::Decimal => &["d"],
            Type::Money(_) => &["m", "n"],
            Type::Duration => &["u"],
            _ => &["t"],
        };
        if *ty == Type::Time || self.random.below(3) > 0 {
            if *ty == Type::Int && self.random.once_in(4) {
                return Self::field(self.record(), "x", Type::Int, false);
            }
            return Self::variable(self.random.pick::<&str>(names), ty.clone(), false);
        }
        match value(self.random, &Schema::plain(ty.clone())) {
            Value::Int(int) => Self::make(ExprKind::Int(int), Type::Int),
            Value::Decimal(decimal) => Self::make(ExprKind::Decimal(decimal), Type::Decimal),
            Value::Money(amount, currency) => Self::make(ExprKind::Money(amount, currency), ty.clone()),
            Value::Duration(duration) => Self::make(ExprKind::Duration(duration), Type::Duration),
            other => panic!("no literal of {other:?}"),
        }
    }

    /// A value that is made JSON and read again, here and there as what it is not.
    fn through_json(&mut self, ty: &Type, depth: u32) -> Expr {
        let written = match self.random.once_in(6) {
            true => Type::Bool,
            false => ty.clone(),
        };
        let json = |inner: Expr| Self::make(ExprKind::ToJson(Box::new(inner)), Type::Json);
        let optional = if self.random.once_in(3) { self.optional(&written) } else { None };
        let inner = optional.unwrap_or_else(|| self.of(&written, depth));
        let schema = |inner: &Expr| Schema { optional: inner.optional, ..Schema::plain(inner.ty.clone()) };
        let field = Field { name: "a".into(), docs: String::new(), schema: schema(&inner), at: Origin::default() };
        let source = match (inner.optional, self.random.below(3)) {
            (false, 0) => json(inner),
            (_, 1) => {
                let record = Type::Record(Fields::from_iter([field]));
                let record = Self::make(ExprKind::Record(vec![("a".into(), inner)]), record);
                Self::field(json(record), "a", Type::Json, false)
            }
            _ => {
                let fallback = json(self.of(&Type::Bool, 0));
                let first = Expr { optional: inner.optional, ..json(inner) };
                Self::binary(BinaryOp::Default, first, fallback, Type::Json)
            }
        };
        Self::make(ExprKind::As(Box::new(source), Box::new(Schema::plain(ty.clone()))), ty.clone())
    }

    fn plain_text(&mut self) -> Expr {
        match self.random.below(4) {
            0 => Self::make(ExprKind::String((*self.random.pick(&TEXTS)).to_owned()), Type::String),
            1 => Self::variable("e", union(), false),
            _ => Self::variable(self.random.pick::<&str>(&["s", "v"]), Type::String, false),
        }
    }

    fn text(&mut self, depth: u32) -> Expr {
        if self.arithmetic && depth > 0 && self.random.once_in(6) {
            let parts = (0..1 + self.random.below(3)).map(|_| match self.random.below(3) {
                0 => Self::variable("i", Type::Int, false),
                1 => Self::variable("s", Type::String, false),
                _ => Self::make(ExprKind::String((*self.random.pick(&TEXTS)).to_owned()), Type::String),
            });
            return Self::make(ExprKind::Interpolate(parts.collect()), Type::String);
        }
        self.plain_text()
    }

    fn bool(&mut self, depth: u32) -> Expr {
        if depth == 0 {
            return match self.random.once_in(3) {
                true => Self::make(ExprKind::Bool(self.random.once_in(2)), Type::Bool),
                false => Self::variable("b", Type::Bool, false),
            };
        }
        let below = depth - 1;
        match self.random.below(9) {
            0 | 1 => {
                let op = if self.random.once_in(2) { BinaryOp::And } else { BinaryOp::Or };
                let (left, right) = (self.bool(below), self.bool(below));
                Self::binary(op, left, right, Type::Bool)
            }
            2 => {
                let inner = self.bool(below);
                Self::make(ExprKind::Not(Box::new(inner)), Type::Bool)
            }
            3 => {
                let ty = self.random.pick(&[Type::Bool, Type::Int, Type::String, Type::Money(usd())]).clone();
                let inner = match self.random.once_in(5) {
                    true => Self::maybe_record(),
                    false => self.optional(&ty).unwrap(),
                };
                Self::make(ExprKind::Has(Box::new(inner)), Type::Bool)
            }
            4 => {
                let inner = self.of(&Type::String, below);
                let mut pattern = || match self.random.below(3) {
                    0 => TextPattern::Exact((*self.random.pick(&TEXTS)).to_owned()),
                    1 => TextPattern::Prefix((*self.random.pick(&["", "a", "ab", "user:", "o"])).to_owned()),
                    _ => TextPattern::Role((*self.random.pick(&["staff", "guests"])).to_owned()),
                };
                let patterns = vec![pattern(), pattern()];
                Self::make(ExprKind::Matches(Box::new(inner), patterns), Type::Bool)
            }
            5 => {
                let (ty, name) = self.random.pick(&[(Type::Int, "li"), (Type::String, "ls")]).clone();
                let element = self.of(&ty, below);
                let of = Type::List(Box::new(Schema::plain(ty.clone())));
                let list = match self.random.once_in(2) {
                    true => Self::variable(name, of, false),
                    false => {
                        let elements = (0..self.random.below(4)).map(|_| self.of(&ty, below)).collect();
                        Self::make(ExprKind::List(elements), of)
                    }
                };
                Self::binary(BinaryOp::In, element, list, Type::Bool)
            }
            6 => {
                let ty = self.random.pick(&[Type::Bool, Type::String, Type::Int]).clone();
                let op = if self.random.once_in(2) { BinaryOp::Eq } else { BinaryOp::Ne };
                let (left, right) = (self.of(&ty, below), self.of(&ty, below));
                Self::binary(op, left, right, Type::Bool)
            }
            _ => {
                let types = [Type::Int, Type::Decimal, Type::Money(usd()), Type::Duration, Type::Time, Type::Risk];
                let ty = self.random.pick(&types).clone();
                let op = *self.random.pick(&[
                    BinaryOp::Eq,
                    BinaryOp::Ne,
                    BinaryOp::Lt,
                    BinaryOp::Le,
                    BinaryOp::Gt,
                    BinaryOp::Ge,
                ]);
                let (left, right) = (self.of(&ty, below), self.of(&ty, below));
                Self::binary(op, left, right, Type::Bool)
            }
        }
    }
}
