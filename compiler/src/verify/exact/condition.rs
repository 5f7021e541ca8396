//! Conditions as regions of the space: where each holds, where it does not, and where it cannot be evaluated.
//!
//! Written from the definition in [`gov_plan::eval`]; the solver's encoding is another reading of the same page.

use super::alphabet::Alphabet;
use super::cell::{Cell, Region, Slot, intersect};
use super::scope::{Place, Scope};
use super::set::Set;
use super::space::{BOOL, Dimension, Space, domain};
use gov_plan::expr::{BinaryOp, Expr, ExprKind};
use gov_plan::model::Package;
use gov_plan::pattern::{PrincipalPattern, TextPattern};
use gov_plan::types::Type;

/// Where a condition holds, where it does not, where it cannot be evaluated. Every point is in one of them, and in one alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parts {
    pub holds: Region,
    pub fails_to_hold: Region,
    pub unevaluable: Region,
}

/// The condition is beyond what this way can say exactly.
#[derive(Debug)]
pub(super) struct Cannot;

/// The most cells that a region may have; beyond that, a condition is not looked into.
const MOST_CELLS: usize = 256;

impl Parts {
    pub fn always() -> Parts {
        Parts { holds: vec![Cell::whole()], ..Parts::default() }
    }

    pub fn never() -> Parts {
        Parts { fails_to_hold: vec![Cell::whole()], ..Parts::default() }
    }

    pub fn not(self) -> Parts {
        Parts { holds: self.fails_to_hold, fails_to_hold: self.holds, unevaluable: self.unevaluable }
    }

    /// `a and b`, where `b` is evaluated only where `a` holds.
    pub fn and(self, other: Parts) -> Parts {
        let holds = intersect(&self.holds, &other.holds);
        // Where nothing fails on the left, what fails on the right alone needs no second look at the left.
        let right = match self.unevaluable.is_empty() {
            true => other.fails_to_hold,
            false => intersect(&self.holds, &other.fails_to_hold),
        };
        let unevaluable = joined(self.unevaluable, intersect(&self.holds, &other.unevaluable));
        Parts { holds, fails_to_hold: joined(self.fails_to_hold, right), unevaluable }
    }

    /// `a or b`, where `b` is evaluated only where `a` does not hold.
    pub fn or(self, other: Parts) -> Parts {
        self.not().and(other.not()).not()
    }

    fn size(&self) -> usize {
        self.holds.len() + self.fails_to_hold.len() + self.unevaluable.len()
    }
}

fn joined(mut a: Region, b: Region) -> Region {
    for cell in b {
        if !a.iter().any(|other| other.contains_all(&cell)) {
            a.push(cell);
        }
    }
    a
}

/// An expression's possible values, each where it has it; where it is absent, and where it cannot be evaluated.
#[derive(Clone, Debug)]
struct Cases<T> {
    values: Vec<(Region, T)>,
    absent: Region,
    unevaluable: Region,
}

impl<T> Cases<T> {
    fn sure(value: T) -> Cases<T> {
        Cases { values: vec![(vec![Cell::whole()], value)], absent: Region::new(), unevaluable: Region::new() }
    }
}

/// A number: `factor` times a slot's value plus `offset`, or `offset` alone.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number {
    slot: Option<(Slot, i128)>,
    offset: i128,
}

/// A text: a slot's, or a literal.
#[derive(Clone, Debug, PartialEq)]
enum Text {
    Slot(Slot),
    Literal(String),
}

/// Turns conditions of one package into regions.
pub(crate) struct Compiler<'c> {
    pub package: &'c Package,
    pub alphabet: &'c Alphabet,
    pub space: &'c mut Space,
    /// What tells conditions that are not looked into apart from the same words of another package; mostly nothing.
    pub mark: &'static str,
}

impl Compiler<'_> {
    /// The regions of a condition. What cannot be said exactly becomes a slot of its own, see [`Dimension::Opaque`].
    pub fn condition(&mut self, expr: &Expr, scope: &Scope) -> Parts {
        match self.parts(expr, scope) {
            Ok(parts) if parts.size() <= MOST_CELLS => parts,
            _ => self.opaque(expr, scope),
        }
    }

    fn parts(&mut self, expr: &Expr, scope: &Scope) -> Result<Parts, Cannot> {
        Ok(match &expr.kind {
            ExprKind::Bool(true) => Parts::always(),
            ExprKind::Bool(false) => Parts::never(),
            ExprKind::Not(inner) => self.condition(inner, scope).not(),
            ExprKind::Has(inner) => self.has(inner, scope)?,
            ExprKind::Matches(inner, patterns) => self.matches(inner, patterns, scope)?,
            ExprKind::Binary(BinaryOp::And, left, right) => {
                self.condition(left, scope).and(self.condition(right, scope))
            }
            ExprKind::Binary(BinaryOp::Or, left, right) => self.condition(left, scope).or(self.condition(right, scope)),
            ExprKind::Binary(BinaryOp::Eq, left, right) => self.equal(left, right, scope)?,
            ExprKind::Binary(BinaryOp::Ne, left, right) => self.equal(left, right, scope)?.not(),
            ExprKind::Binary(op @ (BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge), left, right) => {
                let (left, right) = (self.number(left, scope)?, self.number(right, scope)?);
                self.compare(*op, &left, &right)?
            }
            ExprKind::Binary(BinaryOp::In, left, right) => self.is_in(left, right, scope)?,
            ExprKind::Var(_) | ExprKind::Field(..) | ExprKind::Binary(BinaryOp::Default, ..) => {
                self.truth(expr, scope)?.0
            }
            _ => return Err(Cannot),
        })
    }

    /// A truth value that is read, and where it is absent.
    fn truth(&mut self, expr: &Expr, scope: &Scope) -> Result<(Parts, Region), Cannot> {
        if let ExprKind::Binary(BinaryOp::Default, left, right) = &expr.kind {
            let (first, absent) = self.truth(left, scope)?;
            let (second, gone) = match self.truth(right, scope) {
                Ok(found) => found,
                Err(Cannot) => (self.condition(right, scope), Region::new()),
            };
            let within = |region: &Region| intersect(&absent, region);
            let parts = Parts {
                holds: joined(first.holds, within(&second.holds)),
                fails_to_hold: joined(first.fails_to_hold, within(&second.fails_to_hold)),
                unevaluable: joined(first.unevaluable, within(&second.unevaluable)),
            };
            return Ok((parts, within(&gone)));
        }
        if let Some(parts) = scope.truth(expr) {
            return Ok((parts.clone(), Region::new()));
        }
        let place = scope.place(expr).ok_or(Cannot)?;
        if place.ty != Type::Bool {
            return Err(Cannot);
        }
        let (present, absent) = self.presence(&place);
        let slot = self.space.slot(Dimension::Value(place.name), BOOL);
        let where_it_is = |value| intersect(&present, &region(slot, Set::point(value)));
        Ok((Parts { holds: where_it_is(1), fails_to_hold: where_it_is(0), unevaluable: Region::new() }, absent))
    }

    fn has(&mut self, inner: &Expr, scope: &Scope) -> Result<Parts, Cannot> {
        if let Some((present, absent)) = scope.presence(inner) {
            return Ok(Parts { holds: present, fails_to_hold: absent, unevaluable: Region::new() });
        }
        let place = scope.place(inner).filter(|place| place.ty != Type::Json).ok_or(Cannot)?;
        let (present, absent) = self.presence(&place);
        Ok(Parts { holds: present, fails_to_hold: absent, unevaluable: Region::new() })
    }

    fn matches(&mut self, inner: &Expr, patterns: &[TextPattern], scope: &Scope) -> Result<Parts, Cannot> {
        let text = self.text(inner, scope)?;
        let is_requester = scope.place(inner).is_some_and(|place| place.name == scope.requester());
        let mut set = Set::empty();
        let mut asserted = Region::new();
        for pattern in patterns {
            match pattern {
                TextPattern::Exact(exact) => set = set.union(&self.alphabet.literal(exact)),
                TextPattern::Prefix(prefix) => set = set.union(&self.alphabet.prefix(prefix)),
                // Whether another text than the requester is the requester is no question about one slot.
                TextPattern::Role(role) if is_requester => {
                    set = set.union(&self.members(role));
                    let slot = self.space.slot(Dimension::Asserts(role.clone()), BOOL);
                    asserted.extend(Cell::of(slot, Set::point(1)));
                }
                TextPattern::Role(_) => return Err(Cannot),
            }
        }
        let mut parts = self.is_member(&text, &set);
        for cell in asserted {
            let outside: Region = cell.slots().filter_map(|(slot, _)| Cell::of(slot, Set::point(0))).collect();
            parts = parts.or(Parts { holds: vec![cell.clone()], fails_to_hold: outside, unevaluable: Region::new() });
        }
        Ok(parts)
    }

    /// The classes of a role's declared members.
    pub fn members(&self, role: &str) -> Set {
        let members = self.package.role(role).map(|role| role.members.as_slice()).unwrap_or_default();
        members.iter().fold(Set::empty(), |set, member| match member {
            PrincipalPattern::Exact(exact) => set.union(&self.alphabet.literal(exact)),
            PrincipalPattern::Prefix(prefix) => set.union(&self.alphabet.prefix(prefix)),
            PrincipalPattern::Any => self.alphabet.all(),
            PrincipalPattern::Role(_) => set,
        })
    }

    fn is_member(&self, text: &Cases<Text>, set: &Set) -> Parts {
        let mut parts = Parts { unevaluable: text.unevaluable.clone(), ..Parts::default() };
        for (guard, text) in &text.values {
            match text {
                Text::Slot(slot) => {
                    let domain = self.space.domain(*slot);
                    parts.holds.extend(intersect(guard, &region(*slot, domain.intersect(set))));
                    parts.fails_to_hold.extend(intersect(guard, &region(*slot, domain.minus(set))));
                }
                Text::Literal(literal) => {
                    let inside = set.contains_all(&self.alphabet.literal(literal));
                    let part = if inside { &mut parts.holds } else { &mut parts.fails_to_hold };
                    part.extend(guard.iter().cloned());
                }
            }
        }
        parts
    }

    fn equal(&mut self, left: &Expr, right: &Expr, scope: &Scope) -> Result<Parts, Cannot> {
        match &left.ty {
            Type::Bool => {
                let (a, b) = (self.condition(left, scope), self.condition(right, scope));
                let both = |x: &Region, y: &Region| intersect(x, y);
                Ok(Parts {
                    holds: joined(both(&a.holds, &b.holds), both(&a.fails_to_hold, &b.fails_to_hold)),
                    fails_to_hold: joined(both(&a.holds, &b.fails_to_hold), both(&a.fails_to_hold, &b.holds)),
                    unevaluable: {
                        let evaluable = joined(a.holds, a.fails_to_hold);
                        joined(a.unevaluable, both(&evaluable, &b.unevaluable))
                    },
                })
            }
            Type::String | Type::Union(_) => {
                let (a, b) = (self.text(left, scope)?, self.text(right, scope)?);
                self.same_text(&a, &b)
            }
            _ => {
                let (a, b) = (self.number(left, scope)?, self.number(right, scope)?);
                self.compare(BinaryOp::Eq, &a, &b)
            }
        }
    }

    fn same_text(&self, a: &Cases<Text>, b: &Cases<Text>) -> Result<Parts, Cannot> {
        let mut parts = Parts { unevaluable: failures(a, b), ..Parts::default() };
        for (x_guard, x) in &a.values {
            for (y_guard, y) in &b.values {
                let guard = intersect(x_guard, y_guard);
                let one = match (x, y) {
                    _ if guard.is_empty() => continue,
                    (Text::Slot(x), Text::Slot(y)) if x == y => Parts::always(),
                    (Text::Slot(_), Text::Slot(_)) => return Err(Cannot),
                    (Text::Literal(x), Text::Literal(y)) if x == y => Parts::always(),
                    (Text::Literal(_), Text::Literal(_)) => Parts::never(),
                    (Text::Slot(slot), Text::Literal(literal)) | (Text::Literal(literal), Text::Slot(slot)) => {
                        self.is_member(&Cases::sure(Text::Slot(*slot)), &self.alphabet.literal(literal))
                    }
                };
                parts.add(&guard, &one);
            }
        }
        Ok(parts)
    }

    fn is_in(&mut self, left: &Expr, right: &Expr, scope: &Scope) -> Result<Parts, Cannot> {
        let elements = match &right.kind {
            ExprKind::List(elements) => elements.clone(),
            _ => scope.known_list(right).ok_or(Cannot)?,
        };
        // Every element is evaluated; only where none can fail is a look at one after the other the same.
        if elements.iter().any(can_fail) {
            return Err(Cannot);
        }
        let mut parts = Parts::never();
        for element in &elements {
            parts = parts.or(self.equal(left, element, scope)?);
        }
        if elements.is_empty() && can_fail(left) {
            return Err(Cannot);
        }
        Ok(parts)
    }

    fn compare(&self, op: BinaryOp, a: &Cases<Number>, b: &Cases<Number>) -> Result<Parts, Cannot> {
        let mut parts = Parts { unevaluable: failures(a, b), ..Parts::default() };
        for (x_guard, x) in &a.values {
            for (y_guard, y) in &b.values {
                let guard = intersect(x_guard, y_guard);
                if guard.is_empty() {
                    continue;
                }
                let one = self.compare_numbers(op, *x, *y)?;
                parts.add(&guard, &one);
            }
        }
        Ok(parts)
    }

    /// `x op y`, both linear in one slot at most, and in the same one.
    fn compare_numbers(&self, op: BinaryOp, x: Number, y: Number) -> Result<Parts, Cannot> {
        let difference = x.minus(y)?;
        let Some((slot, factor)) = difference.slot else {
            let zero = difference.offset.cmp(&0);
            let holds = match op {
                BinaryOp::Lt => zero.is_lt(),
                BinaryOp::Le => zero.is_le(),
                BinaryOp::Gt => zero.is_gt(),
                BinaryOp::Ge => zero.is_ge(),
                _ => zero.is_eq(),
            };
            return Ok(if holds { Parts::always() } else { Parts::never() });
        };
        let domain = self.space.domain(slot);
        let holds = match op {
            BinaryOp::Lt => at_most(factor, difference.offset, -1)?,
            BinaryOp::Le => at_most(factor, difference.offset, 0)?,
            BinaryOp::Gt => domain.minus(&at_most(factor, difference.offset, 0)?),
            BinaryOp::Ge => domain.minus(&at_most(factor, difference.offset, -1)?),
            _ => at_most(factor, difference.offset, 0)?.minus(&at_most(factor, difference.offset, -1)?),
        };
        let holds = domain.intersect(&holds);
        Ok(Parts {
            fails_to_hold: region(slot, domain.minus(&holds)),
            holds: region(slot, holds),
            unevaluable: Region::new(),
        })
    }

    fn number(&mut self, expr: &Expr, scope: &Scope) -> Result<Cases<Number>, Cannot> {
        let constant = |offset: i128| Cases::sure(Number { slot: None, offset });
        match &expr.kind {
            ExprKind::Int(value) | ExprKind::Duration(value) => Ok(constant(i128::from(*value))),
            ExprKind::Decimal(value) | ExprKind::Money(value, _) => Ok(constant(value.units())),
            ExprKind::Risk(risk) => Ok(constant(*risk as i128)),
            ExprKind::Len(inner) => self.length(inner, scope),
            ExprKind::Negate(inner) => {
                let inner = self.number(inner, scope)?;
                let zero = Cases::sure(Number { slot: None, offset: 0 });
                self.arithmetic(&zero, &inner, &expr.ty, |_, number| number.times(-1))
            }
            ExprKind::Binary(BinaryOp::Add, left, right) => {
                let (left, right) = (self.number(left, scope)?, self.number(right, scope)?);
                self.arithmetic(&left, &right, &expr.ty, |a, b| a.plus(b))
            }
            ExprKind::Binary(BinaryOp::Sub, left, right) => {
                let (left, right) = (self.number(left, scope)?, self.number(right, scope)?);
                self.arithmetic(&left, &right, &expr.ty, |a, b| a.minus(b))
            }
            ExprKind::Binary(BinaryOp::Mul, left, right) => {
                let fixed_point = |expr: &Expr| matches!(expr.ty, Type::Decimal | Type::Money(_));
                let scaled = fixed_point(left) && fixed_point(right);
                let (left, right) = (self.number(left, scope)?, self.number(right, scope)?);
                self.arithmetic(&left, &right, &expr.ty, |a, b| a.product(b, scaled))
            }
            ExprKind::Binary(BinaryOp::Default, left, right) => {
                let (first, second) = (self.number(left, scope)?, self.number(right, scope)?);
                Ok(or_else(first, second))
            }
            _ => {
                if let Some(cases) = scope.levels(expr) {
                    let values = cases
                        .iter()
                        .map(|(region, level)| (region.clone(), Number { slot: None, offset: *level as i128 }));
                    return Ok(Cases { values: values.collect(), absent: Region::new(), unevaluable: Region::new() });
                }
                let place = scope.place(expr).ok_or(Cannot)?;
                if matches!(place.ty, Type::Bool | Type::String | Type::Union(_)) {
                    return Err(Cannot);
                }
                let domain = domain(&place.ty, self.alphabet).ok_or(Cannot)?;
                let (present, absent) = self.presence(&place);
                let slot = self.space.slot(Dimension::Value(place.name), domain);
                let number = Number { slot: Some((slot, 1)), offset: 0 };
                Ok(Cases { values: vec![(present, number)], absent, unevaluable: Region::new() })
            }
        }
    }

    fn length(&mut self, inner: &Expr, scope: &Scope) -> Result<Cases<Number>, Cannot> {
        if let Some(list) = scope.known_list(inner) {
            let offset = i128::try_from(list.len()).unwrap_or(i128::MAX);
            return Ok(Cases::sure(Number { slot: None, offset }));
        }
        let place = scope.place(inner).ok_or(Cannot)?;
        if !matches!(place.ty, Type::String | Type::Union(_) | Type::List(_)) {
            return Err(Cannot);
        }
        let (present, absent) = self.presence(&place);
        let domain = Set::interval(0, i128::from(i64::MAX));
        let slot = self.space.slot(Dimension::Length(place.name), domain);
        let number = Number { slot: Some((slot, 1)), offset: 0 };
        Ok(Cases { values: vec![(present, number)], absent, unevaluable: Region::new() })
    }

    /// An operation on two numbers; where the result leaves its type's range, it cannot be evaluated.
    fn arithmetic(
        &self,
        a: &Cases<Number>,
        b: &Cases<Number>,
        ty: &Type,
        operation: impl Fn(Number, Number) -> Result<Number, Cannot>,
    ) -> Result<Cases<Number>, Cannot> {
        let range = domain(ty, self.alphabet).ok_or(Cannot)?;
        let mut found = Cases { values: Vec::new(), absent: Region::new(), unevaluable: failures(a, b) };
        for (x_guard, x) in &a.values {
            for (y_guard, y) in &b.values {
                let guard = intersect(x_guard, y_guard);
                if guard.is_empty() {
                    continue;
                }
                let result = operation(*x, *y)?;
                let Some((slot, factor)) = result.slot else {
                    if range.contains(result.offset) {
                        found.values.push((guard, result));
                    } else {
                        found.unevaluable.extend(guard);
                    }
                    continue;
                };
                let (least, most) = match range {
                    Set::One(least, most) => (least, most),
                    Set::Many(_) => return Err(Cannot),
                };
                let domain = self.space.domain(slot);
                let below = at_most(factor, result.offset, least - 1)?;
                let fits = domain.intersect(&at_most(factor, result.offset, most)?).minus(&below);
                found.unevaluable.extend(intersect(&guard, &region(slot, domain.minus(&fits))));
                let inside = intersect(&guard, &region(slot, fits));
                if !inside.is_empty() {
                    found.values.push((inside, result));
                }
            }
        }
        Ok(found)
    }

    fn text(&mut self, expr: &Expr, scope: &Scope) -> Result<Cases<Text>, Cannot> {
        match &expr.kind {
            ExprKind::String(text) => Ok(Cases::sure(Text::Literal(text.clone()))),
            ExprKind::Binary(BinaryOp::Default, left, right) => {
                Ok(or_else(self.text(left, scope)?, self.text(right, scope)?))
            }
            _ => {
                if let Some((cases, absent)) = scope.words(expr) {
                    let values = cases.iter().map(|(region, word)| (region.clone(), Text::Literal((*word).to_owned())));
                    return Ok(Cases { values: values.collect(), absent, unevaluable: Region::new() });
                }
                let place = scope.place(expr).ok_or(Cannot)?;
                if !matches!(place.ty, Type::String | Type::Union(_)) {
                    return Err(Cannot);
                }
                let domain = domain(&place.ty, self.alphabet).ok_or(Cannot)?;
                let (present, absent) = self.presence(&place);
                let slot = self.space.slot(Dimension::Value(place.name), domain);
                Ok(Cases { values: vec![(present, Text::Slot(slot))], absent, unevaluable: Region::new() })
            }
        }
    }

    /// Where there is a value at a place.
    pub fn where_present(&mut self, place: &Place) -> Region {
        self.presence(place).0
    }

    /// Where there is a value at a place, and where there is none.
    fn presence(&mut self, place: &Place) -> (Region, Region) {
        let mut present = Cell::whole();
        let mut absent = Region::new();
        for name in &place.optional {
            let slot = self.space.slot(Dimension::Present(name.clone()), BOOL);
            // Only what is around it is present can it be absent by itself, so that the parts do not overlap.
            absent.extend(Cell::of(slot, Set::point(0)).and_then(|cell| cell.intersect(&present)));
            if let Some(both) = Cell::of(slot, Set::point(1)).and_then(|cell| cell.intersect(&present)) {
                present = both;
            }
        }
        (vec![present], absent)
    }

    fn opaque(&mut self, expr: &Expr, scope: &Scope) -> Parts {
        let values = if can_fail(expr) { Set::interval(0, 2) } else { BOOL };
        let slot = self.space.slot(Dimension::Opaque(format!("{}{} {expr}", self.mark, scope.tag())), values.clone());
        Parts {
            holds: region(slot, Set::point(1)),
            fails_to_hold: region(slot, Set::point(0)),
            unevaluable: region(slot, values.intersect(&Set::point(2))),
        }
    }
}

impl Parts {
    /// Adds the parts of another condition where the guard holds.
    fn add(&mut self, guard: &Region, other: &Parts) {
        self.holds.extend(intersect(guard, &other.holds));
        self.fails_to_hold.extend(intersect(guard, &other.fails_to_hold));
        self.unevaluable.extend(intersect(guard, &other.unevaluable));
    }
}

impl Number {
    fn plus(self, other: Number) -> Result<Number, Cannot> {
        let slot = match (self.slot, other.slot) {
            (None, slot) | (slot, None) => slot,
            (Some((a, x)), Some((b, y))) if a == b => {
                let factor = x.checked_add(y).ok_or(Cannot)?;
                (factor != 0).then_some((a, factor))
            }
            _ => return Err(Cannot),
        };
        Ok(Number { slot, offset: self.offset.checked_add(other.offset).ok_or(Cannot)? })
    }

    fn minus(self, other: Number) -> Result<Number, Cannot> {
        self.plus(other.times(-1)?)
    }

    fn times(self, factor: i128) -> Result<Number, Cannot> {
        let slot = match self.slot {
            Some((slot, own)) => Some((slot, own.checked_mul(factor).ok_or(Cannot)?)),
            None => None,
        };
        let slot = slot.filter(|(_, factor)| *factor != 0);
        Ok(Number { slot, offset: self.offset.checked_mul(factor).ok_or(Cannot)? })
    }

    /// The product with a constant. `scaled`: both are in units of 10⁻¹⁰, and the factor has to be whole for that not to
    /// matter.
    fn product(self, other: Number, scaled: bool) -> Result<Number, Cannot> {
        const ONE: i128 = 10_i128.pow(gov_plan::SCALE);
        let (factor, number) = match (self.slot, other.slot) {
            (_, None) => (other.offset, self),
            (None, _) => (self.offset, other),
            _ => return Err(Cannot),
        };
        match scaled {
            true if factor % ONE != 0 => Err(Cannot),
            true => number.times(factor / ONE),
            false => number.times(factor),
        }
    }
}

/// The values of a slot for which `factor * value + offset <= bound`.
fn at_most(factor: i128, offset: i128, bound: i128) -> Result<Set, Cannot> {
    // Far beyond every domain, and far from overflowing.
    const FAR: i128 = i128::MAX / 4;
    let room = bound.checked_sub(offset).ok_or(Cannot)?;
    Ok(if factor > 0 {
        Set::interval(-FAR, room.div_euclid(factor))
    } else {
        // Divided by a negative factor the order turns: value >= room / factor, rounded up.
        let positive = factor.checked_neg().ok_or(Cannot)?;
        let negated = room.checked_neg().ok_or(Cannot)?;
        let least = negated.div_euclid(positive) + i128::from(negated.rem_euclid(positive) != 0);
        Set::interval(least, FAR)
    })
}

/// The first where it is present, else the second.
fn or_else<T>(first: Cases<T>, second: Cases<T>) -> Cases<T> {
    let mut values = first.values;
    for (guard, value) in second.values {
        values.push((intersect(&first.absent, &guard), value));
    }
    values.retain(|(guard, _)| !guard.is_empty());
    Cases {
        values,
        absent: intersect(&first.absent, &second.absent),
        unevaluable: joined(first.unevaluable, intersect(&first.absent, &second.unevaluable)),
    }
}

/// Where one of two operands cannot be evaluated: the right one is looked at only where the left one has a value.
fn failures<A, B>(a: &Cases<A>, b: &Cases<B>) -> Region {
    let evaluable: Region = a.values.iter().flat_map(|(guard, _)| guard.iter().cloned()).collect();
    let right = if a.unevaluable.is_empty() { b.unevaluable.clone() } else { intersect(&evaluable, &b.unevaluable) };
    joined(a.unevaluable.clone(), right)
}

fn region(slot: Slot, set: Set) -> Region {
    Cell::of(slot, set).into_iter().collect()
}

/// Whether an expression has a part whose evaluation can fail.
fn can_fail(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |part| {
        found |= matches!(
            part.kind,
            ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, ..)
                | ExprKind::Negate(_)
                | ExprKind::As(..)
                | ExprKind::Interpolate(_)
        );
    });
    found
}
