//! The type of an expression.

use super::facts::path_of;
use super::{Checker, Lookup, TypeErrorKind, UseKind, facts};
use crate::decimal::Decimal;
use crate::expr::{Expr, ExprKind};
use crate::origin::Origin;
use crate::text;
use crate::types::{Fields, Risk, Schema, Type};
use gov_grammar::ast::{self, BinaryOp};
use gov_grammar::{Span, closest};

impl Checker<'_> {
    /// The expression with its type. A hint lets literals take the type that is wanted; it does not force one.
    pub(super) fn infer(&mut self, expr: &ast::Expr, hint: Option<&Type>) -> Option<Expr> {
        let at = expr.span;
        let (kind, ty) = match &expr.kind {
            ast::ExprKind::Broken => return None,
            ast::ExprKind::Bool(value) => (ExprKind::Bool(*value), Type::Bool),
            ast::ExprKind::Int(digits) => return self.int(digits, at, hint),
            ast::ExprKind::Decimal(digits) => (ExprKind::Decimal(self.decimal(digits, at)?), Type::Decimal),
            ast::ExprKind::Duration(written) => match text::parse_duration(written) {
                Some(milliseconds) => (ExprKind::Duration(milliseconds), Type::Duration),
                None => return self.error(at, TypeErrorKind::DurationTooLong),
            },
            ast::ExprKind::Money(digits, code) => {
                let currency = self.currency(code, at)?;
                (ExprKind::Money(self.decimal(digits, at)?, currency), Type::Money(currency))
            }
            ast::ExprKind::String(literal) => return self.string_literal(literal),
            ast::ExprKind::List(elements) => return self.list(elements, at, hint),
            ast::ExprKind::Record(record) => return self.record(record, hint),
            ast::ExprKind::Name(name) => return self.variable(name, at, hint),
            ast::ExprKind::Field(inner, field) => return self.field(expr, inner, field, Absent::Refused),
            ast::ExprKind::As(inner, target) => {
                let typed = self.infer_json(inner)?;
                let schema = self.schema(target, None, None, &Fields::default())?;
                let (ty, optional) = (schema.ty.clone(), schema.optional);
                let kind = ExprKind::As(Box::new(typed), Box::new(schema));
                return Some(Expr { kind, ty, optional, at: self.origin(at) });
            }
            ast::ExprKind::Has(path) => (self.has(path)?, Type::Bool),
            ast::ExprKind::Len(inner) => {
                let typed = self.infer(inner, None)?;
                let typed = self.present(typed, inner)?;
                match typed.ty {
                    Type::List(_) | Type::String | Type::Union(_) => (ExprKind::Len(Box::new(typed)), Type::Int),
                    Type::Json => return self.error(inner.span, TypeErrorKind::JsonNeedsAs),
                    ty => return self.error(inner.span, TypeErrorKind::Operand { op: "len", ty: ty.to_string() }),
                }
            }
            ast::ExprKind::Not(inner) => (ExprKind::Not(Box::new(self.of_type(inner, &Type::Bool)?)), Type::Bool),
            ast::ExprKind::Negate(inner) => {
                let typed = self.infer(inner, hint)?;
                let typed = self.present(typed, inner)?;
                match typed.ty.clone() {
                    ty @ (Type::Int | Type::Decimal | Type::Duration | Type::Money(_)) => {
                        (ExprKind::Negate(Box::new(typed)), ty)
                    }
                    Type::Json => return self.error(inner.span, TypeErrorKind::JsonNeedsAs),
                    ty => return self.error(inner.span, TypeErrorKind::Operand { op: "-", ty: ty.to_string() }),
                }
            }
            ast::ExprKind::Binary(op, op_at, left, right) => return self.binary(*op, *op_at, left, right, at, hint),
        };
        Some(Expr { kind, ty, optional: false, at: self.origin(at) })
    }

    /// A value where this type is wanted: fits as it is, or is refused.
    pub(super) fn coerce(&mut self, typed: Expr, at: Span, target: &Type, optional: bool) -> Option<Expr> {
        if typed.optional && !optional && !self.trusts {
            return self.error(at, TypeErrorKind::MayBeAbsent { path: path_of_typed(&typed) });
        }
        if let (ExprKind::String(value), Type::Union(members)) = (&typed.kind, target) {
            return if members.contains(value) { Some(typed) } else { self.not_a_member(value, members, at) };
        }
        if typed.ty.fits(target) || literal_fits(&typed, target) {
            return Some(typed);
        }
        if *target == Type::Json && typed.ty.has_json_form() {
            return Some(to_json(typed));
        }
        match (&typed.ty, target) {
            (Type::Json, _) => self.error(at, TypeErrorKind::JsonNeedsAs),
            (Type::Money(found), Type::Money(expected)) => {
                let (left, right) = (expected.to_string(), found.to_string());
                self.error(at, TypeErrorKind::Currencies { left, right })
            }
            (found, expected) => {
                let (expected, found) = (expected.to_string(), found.to_string());
                self.error(at, TypeErrorKind::Mismatch { expected, found })
            }
        }
    }

    /// The expression, if it is never absent.
    pub(super) fn present(&mut self, typed: Expr, source: &ast::Expr) -> Option<Expr> {
        if typed.optional && !self.trusts {
            return self.error(source.span, TypeErrorKind::MayBeAbsent { path: path_of(source) });
        }
        Some(typed)
    }

    pub(super) fn not_a_member<T>(&mut self, value: &str, members: &[String], at: Span) -> Option<T> {
        let meant = closest(value, members.iter().map(String::as_str)).map(str::to_owned);
        let (value, members) = (value.to_owned(), members.to_vec());
        self.error(at, TypeErrorKind::NotAMember { value, members, meant })
    }

    fn int(&mut self, digits: &str, at: Span, hint: Option<&Type>) -> Option<Expr> {
        let origin = self.origin(at);
        if hint == Some(&Type::Decimal) {
            let kind = ExprKind::Decimal(self.decimal(digits, at)?);
            return Some(Expr { kind, ty: Type::Decimal, optional: false, at: origin });
        }
        match digits.replace('_', "").parse() {
            Ok(value) => Some(Expr { kind: ExprKind::Int(value), ty: Type::Int, optional: false, at: origin }),
            Err(_) => self.error(at, TypeErrorKind::IntTooLarge),
        }
    }

    pub(super) fn decimal(&mut self, digits: &str, at: Span) -> Option<Decimal> {
        match digits.parse() {
            Ok(decimal) => Some(decimal),
            Err(error) => self.error(at, TypeErrorKind::BadDecimal(error)),
        }
    }

    pub(super) fn string_literal(&mut self, literal: &ast::StringLiteral) -> Option<Expr> {
        let at = self.origin(literal.span);
        if let Some(plain) = literal.plain() {
            return Some(Expr { kind: ExprKind::String(plain), ty: Type::String, optional: false, at });
        }
        let mut parts = Vec::new();
        let mut whole = true;
        for part in &literal.parts {
            match part {
                ast::StringPart::Text(text) => {
                    parts.push(Expr { kind: ExprKind::String(text.clone()), ty: Type::String, optional: false, at });
                }
                ast::StringPart::Interpolation(expr) => match self.shown(expr) {
                    Some(typed) => parts.push(typed),
                    None => whole = false,
                },
            }
        }
        whole.then_some(Expr { kind: ExprKind::Interpolate(parts), ty: Type::String, optional: false, at })
    }

    fn shown(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let typed = self.infer(expr, None)?;
        let typed = self.present(typed, expr)?;
        match &typed.ty {
            Type::List(_) | Type::Record(_) => {
                let ty = typed.ty.to_string();
                self.error(expr.span, TypeErrorKind::NotShowable { ty })
            }
            Type::Json => self.error(expr.span, TypeErrorKind::JsonNeedsAs),
            _ => Some(typed),
        }
    }

    fn list(&mut self, elements: &[ast::Expr], at: Span, hint: Option<&Type>) -> Option<Expr> {
        let wanted = match hint {
            Some(Type::List(element)) => Some((**element).clone()),
            // Elements of JSON may be of different types.
            Some(Type::Json) => Some(Schema::plain(Type::Json)),
            _ => None,
        };
        let mut typed = Vec::new();
        let mut schema = wanted.clone();
        let mut whole = true;
        for element in elements {
            let built = match &schema {
                Some(schema) => self.of_schema(element, schema),
                None => self.infer(element, None).and_then(|built| self.present(built, element)),
            };
            match built {
                Some(built) => {
                    schema.get_or_insert_with(|| Schema::plain(built.ty.clone()));
                    typed.push(built);
                }
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        // Without elements and without a hint any type will do: nothing is ever taken out of the list.
        let element = schema.unwrap_or_else(|| Schema::plain(Type::Bool));
        let (kind, ty) = (ExprKind::List(typed), Type::List(Box::new(Schema::plain(element.ty))));
        let ty = wanted.map_or(ty, |wanted| Type::List(Box::new(wanted)));
        Some(Expr { kind, ty, optional: false, at: self.origin(at) })
    }

    fn record(&mut self, record: &ast::Record, hint: Option<&Type>) -> Option<Expr> {
        let at = self.origin(record.span);
        if let Some(ty @ Type::Record(fields)) = hint {
            let entries = self.entries(record, fields, &format!("`{ty}`"), true)?;
            return Some(Expr { kind: ExprKind::Record(entries), ty: ty.clone(), optional: false, at });
        }
        let inside = hint.filter(|hint| **hint == Type::Json);
        let mut entries: Vec<(String, Expr)> = Vec::new();
        let mut fields = Fields::default();
        let mut whole = true;
        for (index, (name, value)) in record.entries.iter().enumerate() {
            if self.given_before(record, index, name) {
                whole = false;
                continue;
            }
            match self.infer(value, inside) {
                Some(typed) => {
                    let schema = Schema { optional: typed.optional, ..Schema::plain(typed.ty.clone()) };
                    let (at, name) = (self.origin(name.span), name.text.clone());
                    fields.push(crate::types::Field { name: name.clone(), docs: String::new(), schema, at });
                    entries.push((name, typed));
                }
                None => whole = false,
            }
        }
        let kind = ExprKind::Record(entries);
        whole.then_some(Expr { kind, ty: Type::Record(fields), optional: false, at })
    }

    pub(super) fn entries(
        &mut self,
        record: &ast::Record,
        fields: &Fields,
        of: &str,
        all: bool,
    ) -> Option<Vec<(String, Expr)>> {
        let mut entries = Vec::new();
        let mut whole = true;
        for (index, (name, value)) in record.entries.iter().enumerate() {
            if self.given_before(record, index, name) {
                whole = false;
                continue;
            }
            if self.is_cursor(&name.text) {
                self.note_entries(name.span, fields, record);
            }
            let Some(field) = fields.get(&name.text) else {
                // The value is looked at all the same: its mistakes are its own.
                self.infer(value, None);
                let known: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
                let meant = closest(&name.text, known.iter().map(String::as_str)).map(str::to_owned);
                let (field, of) = (name.text.clone(), of.to_owned());
                self.errors.push(super::TypeError {
                    at: name.span,
                    kind: TypeErrorKind::UnknownField { field, of, meant, known },
                });
                whole = false;
                continue;
            };
            let known = &field.schema;
            self.note(name.span, || UseKind::Field(field.at, known.ty.clone(), known.optional));
            match self.of_schema(value, &field.schema) {
                Some(typed) => entries.push((name.text.clone(), typed)),
                None => whole = false,
            }
        }
        let given = |name: &str| record.entries.iter().any(|(given, _)| given.text == name);
        let misspelt = record.entries.iter().any(|(given, _)| fields.get(&given.text).is_none());
        for field in fields.iter().filter(|field| all && !field.schema.optional && !given(&field.name)) {
            whole = false;
            // A misspelt field is most often the missing one: one mistake, one message.
            if !misspelt {
                let (field, ty) = (field.name.clone(), field.schema.ty.to_string());
                self.errors.push(super::TypeError {
                    at: record.span,
                    kind: TypeErrorKind::MissingField { field, ty, of: of.to_owned() },
                });
            }
        }
        whole.then_some(entries)
    }

    fn given_before(&mut self, record: &ast::Record, index: usize, name: &ast::Name) -> bool {
        let Some((first, _)) = record.entries.iter().take(index).find(|(earlier, _)| earlier.text == name.text) else {
            return false;
        };
        let (field, first) = (name.text.clone(), first.span);
        self.errors.push(super::TypeError { at: name.span, kind: TypeErrorKind::DuplicateField { field, first } });
        true
    }

    fn variable(&mut self, name: &str, at: Span, hint: Option<&Type>) -> Option<Expr> {
        let origin = self.origin(at);
        if self.is_cursor(name) {
            self.note_variables(at, hint);
        }
        match self.names.variable(name) {
            Lookup::Known((ty, optional)) => {
                let optional = optional && !self.present.iter().any(|path| path == name);
                let names = self.names;
                self.note(at, || UseKind::Variable(names.declared(name), ty.clone(), optional));
                Some(Expr { kind: ExprKind::Var(name.to_owned()), ty, optional, at: origin })
            }
            Lookup::Poisoned => None,
            Lookup::Unknown => {
                if let Some(risk) = Risk::parse(name).filter(|_| hint.is_none_or(|hint| *hint == Type::Risk)) {
                    return Some(Expr { kind: ExprKind::Risk(risk), ty: Type::Risk, optional: false, at: origin });
                }
                if self.names.set(name) != Lookup::Unknown {
                    return self.error(at, TypeErrorKind::SetAsValue { name: name.to_owned() });
                }
                let known = self.names.variables();
                let levels = (hint == Some(&Type::Risk)).then_some(Risk::ALL.map(Risk::as_str));
                let candidates = known.iter().map(String::as_str).chain(levels.into_iter().flatten());
                let meant = closest(name, candidates).map(str::to_owned);
                self.error(at, TypeErrorKind::UnknownName { name: name.to_owned(), meant })
            }
        }
    }

    fn field(&mut self, whole: &ast::Expr, inner: &ast::Expr, field: &ast::Name, absent: Absent) -> Option<Expr> {
        if let ast::ExprKind::Name(variable) = &inner.kind
            && let Some(known) = self.names.member(variable, &field.text)
        {
            return match known {
                Lookup::Known((ty, optional)) => {
                    let variable = self.infer(inner, None)?;
                    self.note(field.span, || UseKind::Field(Origin::default(), ty.clone(), optional));
                    Some(self.read(whole, variable, field, ty, optional))
                }
                _ => None,
            };
        }
        let typed = match &inner.kind {
            ast::ExprKind::Field(next, name) if absent == Absent::Allowed => self.field(inner, next, name, absent)?,
            _ => self.infer(inner, None)?,
        };
        if self.is_cursor(&field.text)
            && let Type::Record(fields) = &typed.ty
        {
            self.note(field.span, || UseKind::Fields(fields.clone()));
        }
        let typed = if absent == Absent::Allowed { typed } else { self.present(typed, inner)? };
        match typed.ty.clone() {
            Type::Json => Some(self.read(whole, typed, field, Type::Json, false)),
            Type::Record(fields) => match fields.get(&field.text) {
                Some(found) => {
                    let optional = found.schema.optional || typed.optional;
                    self.note(field.span, || UseKind::Field(found.at, found.schema.ty.clone(), optional));
                    Some(self.read(whole, typed, field, found.schema.ty.clone(), optional))
                }
                None => {
                    let known: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
                    let meant = closest(&field.text, known.iter().map(String::as_str)).map(str::to_owned);
                    let of = path_of(inner).map_or_else(|| format!("`{}`", typed.ty), |path| format!("`{path}`"));
                    let field_text = field.text.clone();
                    self.error(field.span, TypeErrorKind::UnknownField { field: field_text, of, meant, known })
                }
            },
            ty => self.error(inner.span, TypeErrorKind::NotARecord { ty: ty.to_string() }),
        }
    }

    fn read(&self, whole: &ast::Expr, inner: Expr, field: &ast::Name, ty: Type, optional: bool) -> Expr {
        let shown = optional && path_of(whole).is_some_and(|path| self.present.contains(&path));
        let kind = ExprKind::Field(Box::new(inner), field.text.clone());
        Expr { kind, ty, optional: optional && !shown, at: self.origin(whole.span) }
    }

    /// JSON in front of `as`.
    fn infer_json(&mut self, inner: &ast::Expr) -> Option<Expr> {
        let typed = self.infer(inner, None)?;
        let typed = self.present(typed, inner)?;
        match &typed.ty {
            Type::Json => Some(typed),
            ty => {
                let ty = ty.to_string();
                self.error(inner.span, TypeErrorKind::AsOnTyped { ty })
            }
        }
    }

    fn has(&mut self, path: &ast::Expr) -> Option<ExprKind> {
        // What an earlier condition showed is not held against asking again.
        let shown = std::mem::take(&mut self.present);
        let typed = match &path.kind {
            ast::ExprKind::Field(inner, field) => self.field(path, inner, field, Absent::Allowed),
            _ => self.infer(path, None),
        };
        self.present = shown;
        let typed = typed?;
        let of_json = matches!(&typed.kind, ExprKind::Field(inner, _) if inner.ty == Type::Json);
        if !typed.optional && !of_json && !self.trusts {
            return self.error(path.span, TypeErrorKind::AlwaysPresent);
        }
        Some(ExprKind::Has(Box::new(typed)))
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        op_at: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        at: Span,
        hint: Option<&Type>,
    ) -> Option<Expr> {
        let (kind, ty, optional) = match op {
            BinaryOp::And | BinaryOp::Or => {
                let typed_left = self.of_type(left, &Type::Bool);
                let before = self.present.len();
                self.present.extend(facts(left, op == BinaryOp::And));
                let typed_right = self.of_type(right, &Type::Bool);
                self.present.truncate(before);
                (ExprKind::Binary(op, Box::new(typed_left?), Box::new(typed_right?)), Type::Bool, false)
            }
            BinaryOp::Default => {
                let typed_left = self.infer(left, hint);
                let typed_left = typed_left?;
                if !typed_left.optional && !self.trusts {
                    return self.error(left.span, TypeErrorKind::AlwaysPresent);
                }
                let ty = typed_left.ty.clone();
                let typed_right = self.of_schema(right, &Schema { optional: true, ..Schema::plain(ty.clone()) })?;
                let optional = typed_right.optional;
                (ExprKind::Binary(op, Box::new(typed_left), Box::new(typed_right)), ty, optional)
            }
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                (self.comparison(op, op_at, left, right)?, Type::Bool, false)
            }
            BinaryOp::In => (self.membership(left, right)?, Type::Bool, false),
            BinaryOp::Matches => (self.matches(left, right)?, Type::Bool, false),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                let (kind, ty) = self.arithmetic(op, op_at, left, right, hint)?;
                (kind, ty, false)
            }
        };
        Some(Expr { kind, ty, optional, at: self.origin(at) })
    }
}

/// Whether a field of something that may be absent may be asked for: inside `has` alone.
#[derive(Clone, Copy, PartialEq)]
enum Absent {
    Allowed,
    Refused,
}

/// The path that an expression is, if it is one.
fn path_of_typed(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Var(name) => Some(name.clone()),
        ExprKind::Field(inner, field) => Some(format!("{}.{field}", path_of_typed(inner)?)),
        _ => None,
    }
}

/// A value as JSON.
fn to_json(typed: Expr) -> Expr {
    let (optional, at) = (typed.optional, typed.at);
    Expr { kind: ExprKind::ToJson(Box::new(typed)), ty: Type::Json, optional, at }
}

/// A list or a record of literals fits a union element by element.
fn literal_fits(typed: &Expr, target: &Type) -> bool {
    match (&typed.kind, target) {
        (ExprKind::List(elements), Type::List(schema)) => {
            elements.iter().all(|element| element.ty.fits(&schema.ty) || is_member(element, &schema.ty))
        }
        _ => false,
    }
}

fn is_member(element: &Expr, target: &Type) -> bool {
    matches!((&element.kind, target), (ExprKind::String(value), Type::Union(members)) if members.contains(value))
}
