//! Expressions as terms: one arm for each form, after the table in [`gov_plan::eval`].

use super::json::{made, made_field};
use super::schema::range;
use super::symbol::{List, Shape, Symbol};
use super::{Encoded, Encoder, Scope, Sort, Term};
use gov_plan::eval::MAX_TEXT;
use gov_plan::expr::{BinaryOp, Expr, ExprKind};
use gov_plan::pattern::TextPattern;
use gov_plan::types::Type;
use gov_plan::{Decimal, SCALE};

impl Encoder<'_> {
    /// The value of an expression, and when evaluating it fails.
    pub fn expr(&mut self, expr: &Expr, scope: &Scope) -> Encoded {
        match &expr.kind {
            ExprKind::Bool(value) => sure(Symbol::bool(Term::bool(*value))),
            ExprKind::Int(value) | ExprKind::Duration(value) => sure(Symbol::number(Term::int(*value))),
            ExprKind::Decimal(value) | ExprKind::Money(value, _) => sure(Symbol::number(Term::int(value.units()))),
            ExprKind::Risk(risk) => sure(Symbol::number(Term::int(*risk as i128))),
            ExprKind::String(text) => sure(Symbol::text(Term::text(text))),
            ExprKind::Interpolate(parts) => self.interpolation(parts, scope),
            ExprKind::List(elements) => self.list(elements, scope),
            ExprKind::Record(entries) => {
                let mut fails = Vec::new();
                let mut fields = Vec::new();
                for (name, entry) in entries {
                    let entry = self.expr(entry, scope);
                    fails.push(entry.fails);
                    fields.push((name.clone(), entry.value));
                }
                Encoded { value: Symbol::present(Shape::Record(fields)), fails: Term::any(fails) }
            }
            ExprKind::Var(name) => sure(scope.names.get(name).cloned().unwrap_or_else(Symbol::absent)),
            ExprKind::Field(inner, name) => {
                let inner = self.expr(inner, scope);
                let value = match &inner.value.shape {
                    Shape::Json(path) => self.json_field(path, &inner.value.present, name),
                    Shape::Made(shape, ty) => made_field(&inner.value.present, shape, ty, name),
                    _ => inner.value.field(name),
                };
                Encoded { value, fails: inner.fails }
            }
            ExprKind::As(inner, schema) => {
                let inner = self.expr(inner, scope);
                let read = self.json_as(&inner.value, schema, scope);
                Encoded { value: read.value, fails: inner.fails.or(&read.fails) }
            }
            ExprKind::ToJson(inner) => {
                let encoded = self.expr(inner, scope);
                Encoded { value: made(encoded.value, &inner.ty), fails: encoded.fails }
            }
            ExprKind::Has(inner) => {
                let inner = self.expr(inner, scope);
                let present = self.is_present(&inner.value);
                Encoded { value: Symbol::bool(present), fails: inner.fails }
            }
            ExprKind::Len(inner) => {
                let inner = self.expr(inner, scope);
                let length = match &inner.value.shape {
                    Shape::List(list) => list.length.clone(),
                    Shape::Text(text) => text.length(),
                    _ => Term::int(0),
                };
                Encoded { value: Symbol::number(length), fails: inner.fails }
            }
            ExprKind::Not(inner) => {
                let inner = self.condition(inner, scope);
                Encoded { value: Symbol::bool(inner.0.not()), fails: inner.1 }
            }
            ExprKind::Negate(inner) => {
                let (number, fails) = self.number(inner, scope);
                bounded(number.times(-1), &expr.ty, fails)
            }
            ExprKind::Matches(inner, patterns) => {
                let (text, fails) = self.text(inner, scope);
                let requester = scope.requester.as_ref();
                let fits = patterns.iter().map(|pattern| match pattern {
                    TextPattern::Exact(exact) => text.equals(&Term::text(exact)),
                    TextPattern::Prefix(prefix) => text.has_prefix(prefix),
                    TextPattern::Role(role) => self.has_role(&text, role, requester),
                });
                Encoded { value: Symbol::bool(Term::any(fits)), fails }
            }
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, &expr.ty, scope),
        }
    }

    /// A condition: whether it holds, and when evaluating it fails.
    pub fn condition(&mut self, expr: &Expr, scope: &Scope) -> (Term, Term) {
        let encoded = self.expr(expr, scope);
        (encoded.value.as_bool().cloned().unwrap_or_else(|| Term::bool(false)), encoded.fails)
    }

    /// Where a condition can be evaluated and holds.
    pub fn holds(&mut self, expr: &Expr, scope: &Scope) -> Term {
        let (holds, fails) = self.condition(expr, scope);
        holds.and(&fails.not())
    }

    /// Whether there is a value: JSON that is `null` counts as none.
    pub fn is_present(&mut self, value: &Symbol) -> Term {
        match &value.shape {
            Shape::Json(path) => value.present.and(&self.json_present(path)),
            _ => value.present.clone(),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, ty: &Type, scope: &Scope) -> Encoded {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let (a, a_fails) = self.condition(left, scope);
                let (b, b_fails) = self.condition(right, scope);
                let (value, reached) = if op == BinaryOp::And { (a.and(&b), a) } else { (a.or(&b), a.not()) };
                Encoded { value: Symbol::bool(value), fails: a_fails.or(&reached.and(&b_fails)) }
            }
            BinaryOp::Default => {
                let (first, second) = (self.expr(left, scope), self.expr(right, scope));
                let present = self.is_present(&first.value);
                let value = Symbol::choose(&present, &first.value, &second.value);
                Encoded { value, fails: first.fails.or(&present.not().and(&second.fails)) }
            }
            BinaryOp::Eq | BinaryOp::Ne => {
                let (a, b) = (self.expr(left, scope), self.expr(right, scope));
                let equal = a.value.equals(&b.value).unwrap_or_else(|| self.unknown_comparison(left, right));
                let value = if op == BinaryOp::Eq { equal } else { equal.not() };
                Encoded { value: Symbol::bool(value), fails: a.fails.or(&b.fails) }
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                let ((a, a_fails), (b, b_fails)) = (self.number(left, scope), self.number(right, scope));
                let value = match op {
                    BinaryOp::Lt => a.less(&b),
                    BinaryOp::Le => a.at_most(&b),
                    BinaryOp::Gt => b.less(&a),
                    _ => b.at_most(&a),
                };
                Encoded { value: Symbol::bool(value), fails: a_fails.or(&b_fails) }
            }
            BinaryOp::In => {
                let (element, list) = (self.expr(left, scope), self.expr(right, scope));
                let value = match &list.value.shape {
                    Shape::List(list) => self.contains(list, &element.value),
                    _ => Term::bool(false),
                };
                Encoded { value: Symbol::bool(value), fails: element.fails.or(&list.fails) }
            }
            BinaryOp::Add | BinaryOp::Sub => {
                let ((a, a_fails), (b, b_fails)) = (self.number(left, scope), self.number(right, scope));
                let value = if op == BinaryOp::Add { a.plus(&b) } else { a.minus(&b) };
                bounded(value, ty, a_fails.or(&b_fails))
            }
            BinaryOp::Mul => self.product(left, right, ty, scope),
            // `matches` has a form of its own.
            BinaryOp::Matches => sure(Symbol::bool(Term::bool(false))),
        }
    }

    /// A product with a constant. Of two decimals, and of money and a decimal, the product of the units is 10¹⁰ times too
    /// large; what that division leaves over would be rounded, and fails instead.
    fn product(&mut self, left: &Expr, right: &Expr, ty: &Type, scope: &Scope) -> Encoded {
        let is_fixed_point = |expr: &Expr| matches!(expr.ty, Type::Decimal | Type::Money(_));
        let both_fixed_point = is_fixed_point(left) && is_fixed_point(right);
        let ((a, a_fails), (b, b_fails)) = (self.number(left, scope), self.number(right, scope));
        let fails = a_fails.or(&b_fails);
        let (factor, other) = match (constant(&a), constant(&b)) {
            (_, Some(factor)) => (factor, a),
            (Some(factor), None) => (factor, b),
            // The types allow no such product.
            (None, None) => return Encoded { value: Symbol::number(a), fails: Term::bool(true) },
        };
        if !both_fixed_point {
            return bounded(other.times(factor), ty, fails);
        }
        // Zeros at the end of the factor are taken off, so that the numbers stay small: 2 × 10¹⁰ over 10¹⁰ is 2 over 1.
        let (mut factor, mut divisor) = (factor, 10_i128.pow(SCALE));
        while divisor > 1 && factor % 10 == 0 {
            (factor, divisor) = (factor / 10, divisor / 10);
        }
        let product = other.times(factor);
        if divisor == 1 {
            return bounded(product, ty, fails);
        }
        let inexact = product.remainder(divisor).equals(&Term::int(0)).not();
        bounded(product.quotient(divisor), ty, fails.or(&inexact))
    }

    fn list(&mut self, elements: &[Expr], scope: &Scope) -> Encoded {
        let encoded: Vec<Encoded> = elements.iter().map(|element| self.expr(element, scope)).collect();
        let fails = Term::any(encoded.iter().map(|element| element.fails.clone()));
        let list = List {
            length: Term::int(i128::try_from(elements.len()).unwrap_or(i128::MAX)),
            elements: encoded.into_iter().map(|element| element.value).collect(),
            beyond: None,
        };
        Encoded { value: Symbol::present(Shape::List(list)), fails }
    }

    /// Whether a list has an element that equals a scalar.
    fn contains(&mut self, list: &List, element: &Symbol) -> Term {
        let mut found = Vec::new();
        for (place, own) in (0_i128..).zip(&list.elements) {
            let counts = Term::int(place).less(&list.length).and(&own.present);
            found.push(counts.and(&own.equals(element).unwrap_or_else(|| Term::bool(false))));
        }
        if let Some(name) = &list.beyond {
            let listed = Term::int(i128::try_from(list.elements.len()).unwrap_or(i128::MAX));
            let beyond = Term::var(&format!("{name} has beyond {:?}", element.shape), Sort::Bool);
            found.push(listed.less(&list.length).and(&beyond));
        }
        Term::any(found)
    }

    /// A string that is put together. What it says is unknown but for this: it is the same wherever it is put together from
    /// the same parts.
    fn interpolation(&mut self, parts: &[Expr], scope: &Scope) -> Encoded {
        let encoded: Vec<Encoded> = parts.iter().map(|part| self.expr(part, scope)).collect();
        let fails = Term::any(encoded.iter().map(|part| part.fails.clone()));
        let plain: Option<String> = parts
            .iter()
            .map(|part| match &part.kind {
                ExprKind::String(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        if let Some(plain) = plain {
            return Encoded { value: Symbol::text(Term::text(&plain)), fails };
        }
        let shapes: Vec<String> = encoded.iter().map(|part| format!("{:?}", part.value.shape)).collect();
        let name = format!("text of {}", shapes.join(" and "));
        let text = Term::var(&name, Sort::Text);
        if let Some(ExprKind::String(start)) = parts.first().map(|part| &part.kind) {
            self.fact(&format!("start of {name}"), text.has_prefix(start));
        }
        if !self.long_texts {
            return Encoded { value: Symbol::text(text), fails };
        }
        let texts = encoded.iter().filter_map(|part| part.value.as_text());
        let characters = texts.fold(Term::int(0), |sum, text| sum.plus(&text.length()));
        // A character takes one byte to four; whatever is no text is short.
        let bound = i128::try_from(MAX_TEXT).unwrap_or(i128::MAX);
        let rest: i128 = i128::try_from(parts.len()).unwrap_or(i128::MAX).saturating_mul(64);
        let too_long = Term::var(&format!("too long {name}"), Sort::Bool);
        let possible = Term::int(bound - rest).less(&characters.times(4));
        let certain = Term::int(bound).less(&characters);
        self.fact(&format!("bound of {name}"), too_long.implies(&possible).and(&certain.implies(&too_long)));
        Encoded { value: Symbol::text(text), fails: fails.or(&too_long) }
    }

    fn unknown_comparison(&mut self, left: &Expr, right: &Expr) -> Term {
        Term::var(&format!("({left}) equals ({right}) at {}{}", self.made_up.len(), self.mark), Sort::Bool)
    }

    /// Notes what is true of something that was made up, once.
    pub(super) fn fact(&mut self, about: &str, fact: Term) {
        if self.made_up.insert(about.to_owned(), Symbol::absent()).is_none() {
            self.facts.push(fact);
        }
    }

    fn number(&mut self, expr: &Expr, scope: &Scope) -> (Term, Term) {
        let encoded = self.expr(expr, scope);
        (encoded.value.as_number().cloned().unwrap_or_else(|| Term::int(0)), encoded.fails)
    }

    fn text(&mut self, expr: &Expr, scope: &Scope) -> (Term, Term) {
        let encoded = self.expr(expr, scope);
        (encoded.value.as_text().cloned().unwrap_or_else(|| Term::text("")), encoded.fails)
    }
}

/// A value whose evaluation cannot fail.
pub(super) fn sure(value: Symbol) -> Encoded {
    Encoded { value, fails: Term::bool(false) }
}

/// A number that fails where it leaves the range of its type.
fn bounded(number: Term, ty: &Type, fails: Term) -> Encoded {
    let (least, most) = range(ty).unwrap_or((-Decimal::MAX.units(), Decimal::MAX.units()));
    let overflows = number.within(least, most).not();
    Encoded { value: Symbol::number(number), fails: fails.or(&overflows) }
}

fn constant(term: &Term) -> Option<i128> {
    match term.node() {
        super::term::Node::Int(value) => Some(*value),
        _ => None,
    }
}
