//! Conditions taken apart: tests that an index can answer, and the rest.

use super::code::{Code, Frame, Names, Operand, constant};
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::types::{Fields, Type};
use crate::value::Value;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// The most slots that one rule is indexed by.
pub(super) const MAX_EQUALITIES: usize = 4;

/// The most combinations of values that one rule is entered under.
const MAX_COMBINATIONS: usize = 32;

/// The number of a value that no condition names.
pub(super) const OTHER: u32 = 0;

/// What conditions compare with literals: `context.amount`.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// By path, for each type that it has.
    by_path: HashMap<String, Vec<(Type, u32)>, foldhash::fast::FixedState>,
    /// A path that is looked for.
    path: String,
}

/// One of them.
#[derive(Debug)]
struct Slot {
    code: Code,
    /// The literals that it is compared with for equality, each with a number from 1.
    texts: Texts,
    numbers: HashMap<i128, u32, foldhash::fast::FixedState>,
}

/// Texts with their numbers. A few are compared one by one: mostly they differ in length, which is seen before anything is
/// hashed.
#[derive(Debug, Default)]
struct Texts {
    all: Vec<(Arc<str>, u32)>,
    /// The same, as soon as there are many.
    hashed: HashMap<Arc<str>, u32, foldhash::fast::FixedState>,
}

/// So many texts are a few.
const FEW: usize = 6;

impl Texts {
    fn get(&self, text: &str) -> Option<u32> {
        match self.all.len() <= FEW {
            true => self.all.iter().find(|(own, _)| **own == *text).map(|(_, number)| *number),
            false => self.hashed.get(text).copied(),
        }
    }

    fn add(&mut self, text: &str, number: u32) -> u32 {
        let text: Arc<str> = text.into();
        self.all.push((Arc::clone(&text), number));
        self.hashed.insert(text, number);
        number
    }
}

/// The values of slots in one request, each looked up once.
pub(super) struct Values<'v> {
    slots: &'v Slots,
    frame: &'v Frame<'v>,
    numbers: [Option<u32>; REMEMBERED],
    positions: [Option<Option<i128>>; REMEMBERED],
}

/// How many slots are remembered; the values of others are looked up again.
const REMEMBERED: usize = 4;

impl<'v> Values<'v> {
    pub(super) fn new(slots: &'v Slots, frame: &'v Frame<'v>) -> Values<'v> {
        Values { slots, frame, numbers: [None; REMEMBERED], positions: [None; REMEMBERED] }
    }

    /// The number of a slot's value, [`OTHER`] where no condition names it.
    pub(super) fn number(&mut self, slot: u32) -> u32 {
        match self.numbers.get_mut(slot as usize) {
            Some(known) => *known.get_or_insert_with(|| self.slots.number(slot, self.frame)),
            None => self.slots.number(slot, self.frame),
        }
    }

    /// A slot's value as a number; `None` where it is absent.
    pub(super) fn position(&mut self, slot: u32) -> Option<i128> {
        match self.positions.get_mut(slot as usize) {
            Some(known) => *known.get_or_insert_with(|| self.slots.position(slot, self.frame)),
            None => self.slots.position(slot, self.frame),
        }
    }

    /// What the conditions are evaluated in.
    pub(super) fn frame(&self) -> &Frame<'v> {
        self.frame
    }
}

/// A condition as a conjunction: all equalities, the range, and the rest hold.
#[derive(Debug, Default, Clone)]
pub(super) struct Tests {
    /// Slots in order, each with the numbers of the values it may have.
    pub(super) equalities: SmallVec<[(u32, Numbers); 1]>,
    /// A slot, and the least and the greatest value it may have.
    pub(super) range: Option<(u32, i128, i128)>,
    /// Whether something is left that has to be evaluated.
    pub(super) has_rest: bool,
    /// Whether no request can satisfy it.
    pub(super) never: bool,
}

/// Numbers of values.
pub(super) type Numbers = SmallVec<[u32; 2]>;

enum Test {
    Equal(u32, Numbers),
    Range(u32, i128, i128),
    Present(u32),
}

impl Slots {
    /// Takes a condition apart. What is left of it is the code that is given, with all that comes before it decided.
    ///
    /// A test may be asked out of order because it cannot fail: only what comes before the first part that can fail is taken
    /// out, so that a failure that the reference meets is met here too.
    pub(super) fn take_apart(&mut self, condition: &Expr, context: &Fields) -> (Tests, Option<Code>) {
        let mut conjuncts = Conjuncts::new();
        flatten(condition, &mut conjuncts);
        let mut tests = Tests::default();
        let mut ranges: SmallVec<[(u32, i128, i128); 2]> = SmallVec::new();
        let mut ranged: SmallVec<[(usize, &Expr); 4]> = SmallVec::new();
        let mut present: SmallVec<[(u32, usize, &Expr); 2]> = SmallVec::new();
        let mut rest: SmallVec<[(usize, &Expr); 4]> = SmallVec::new();
        let mut can_fail = false;
        for (place, conjunct) in conjuncts.into_iter().enumerate() {
            can_fail |= may_fail(conjunct);
            match if can_fail { None } else { self.test(conjunct, context) } {
                Some(Test::Equal(slot, values)) => {
                    let room = tests.equalities.len() < MAX_EQUALITIES
                        && combinations(&tests.equalities) * values.len() <= MAX_COMBINATIONS;
                    match tests.equalities.iter_mut().find(|(own, _)| *own == slot) {
                        Some((_, own)) => own.retain(|value| values.contains(value)),
                        None if room => tests.equalities.push((slot, values)),
                        None => rest.push((place, conjunct)),
                    }
                }
                Some(Test::Present(slot)) => present.push((slot, place, conjunct)),
                Some(Test::Range(slot, least, greatest)) => {
                    ranged.push((place, conjunct));
                    match ranges.iter_mut().find(|(own, ..)| *own == slot) {
                        Some((_, own_least, own_greatest)) => {
                            *own_least = least.max(*own_least);
                            *own_greatest = greatest.min(*own_greatest);
                        }
                        None => ranges.push((slot, least, greatest)),
                    }
                }
                None => rest.push((place, conjunct)),
            }
        }
        tests.never = tests.equalities.iter().any(|(_, values)| values.is_empty())
            || ranges.iter().any(|(_, least, greatest)| least > greatest);
        tests.equalities.sort();
        // What has a certain value is there.
        present.retain(|(slot, ..)| tests.equalities.iter().all(|(own, _)| own != slot));
        // A range is indexed where it is the only one and nothing else is to be asked; otherwise it is asked in its place, after
        // what shows that its value is there.
        match (ranges.as_slice(), rest.as_slice()) {
            ([range], []) if present.iter().all(|(slot, ..)| *slot == range.0) => tests.range = Some(*range),
            _ => {
                rest.extend(ranged);
                rest.extend(present.into_iter().map(|(_, place, conjunct)| (place, conjunct)));
            }
        }
        rest.sort_by_key(|(place, _)| *place);
        let code = rest.into_iter().map(|(_, part)| Code::new(part, Names::Policy(context)));
        let code = code.reduce(|left, right| Code::And(Box::new(left), Box::new(right)));
        tests.has_rest = code.is_some();
        (tests, code)
    }

    /// The number of a slot's value, [`OTHER`] where no condition names it.
    fn number(&self, slot: u32, frame: &Frame<'_>) -> u32 {
        let Some(slot) = self.slots.get(slot as usize) else {
            return OTHER;
        };
        let Ok(operand) = slot.code.run(frame) else {
            return OTHER;
        };
        let number = match operand.as_text() {
            Some(text) => slot.texts.get(text),
            None => operand.as_value().and_then(number).and_then(|number| slot.numbers.get(&number).copied()),
        };
        number.unwrap_or(OTHER)
    }

    /// A slot's value as a number; `None` where it is absent.
    fn position(&self, slot: u32, frame: &Frame<'_>) -> Option<i128> {
        let operand: Operand<'_> = self.slots.get(slot as usize)?.code.run(frame).ok()?;
        operand.as_value().and_then(number)
    }

    /// What a conjunct that cannot fail asks of a slot, if it is that simple.
    fn test(&mut self, conjunct: &Expr, context: &Fields) -> Option<Test> {
        if let Some((path, value)) = flag(conjunct) {
            return self.equal(path, &[Value::Bool(value)], context);
        }
        if let ExprKind::Has(path) = &conjunct.kind {
            return Some(Test::Present(self.slot(path, context)?));
        }
        let (op, path, value) = comparison(conjunct)?;
        let values = match (op, value) {
            (BinaryOp::In, Value::List(values)) => return self.equal(path, &values, context),
            (BinaryOp::Eq, value) => return self.equal(path, &[value], context),
            (_, value) => number(&value)?,
        };
        let (least, greatest) = match op {
            BinaryOp::Lt => (i128::MIN, values - 1),
            BinaryOp::Le => (i128::MIN, values),
            BinaryOp::Gt => (values + 1, i128::MAX),
            BinaryOp::Ge => (values, i128::MAX),
            _ => return None,
        };
        Some(Test::Range(self.slot(path, context)?, least, greatest))
    }

    fn equal(&mut self, path: &Expr, values: &[Value], context: &Fields) -> Option<Test> {
        let index = self.slot(path, context)?;
        let slot = self.slots.get_mut(index as usize)?;
        let mut numbers = Numbers::new();
        for value in values {
            let next = (slot.texts.all.len() + slot.numbers.len() + 1) as u32;
            let own = match (value.as_str(), number(value)) {
                (Some(text), _) => match slot.texts.get(text) {
                    Some(known) => known,
                    None => slot.texts.add(text, next),
                },
                (None, Some(number)) => *slot.numbers.entry(number).or_insert(next),
                (None, None) => return None,
            };
            if !numbers.contains(&own) {
                numbers.push(own);
            }
        }
        Some(Test::Equal(index, numbers))
    }

    /// The slot of a path to a scalar. The same path may have another type for another capability.
    fn slot(&mut self, path: &Expr, context: &Fields) -> Option<u32> {
        if !is_path(path) || matches!(path.ty, Type::Json | Type::List(_) | Type::Record(_)) {
            return None;
        }
        self.path.clear();
        write_path(path, &mut self.path);
        let known = self.by_path.get(&self.path).and_then(|known| known.iter().find(|(ty, _)| *ty == path.ty));
        if let Some((_, index)) = known {
            return Some(*index);
        }
        let next = self.slots.len() as u32;
        self.by_path.entry(self.path.clone()).or_default().push((path.ty.clone(), next));
        let code = Code::new(path, Names::Policy(context));
        self.slots.push(Slot { code, texts: Texts::default(), numbers: HashMap::default() });
        Some(next)
    }
}

/// How many entries the values of equalities make together.
pub(super) fn combinations(equalities: &[(u32, Numbers)]) -> usize {
    equalities.iter().map(|(_, values)| values.len().max(1)).product()
}

/// The parts of a condition that all have to hold.
type Conjuncts<'e> = SmallVec<[&'e Expr; 8]>;

fn flatten<'e>(condition: &'e Expr, into: &mut Conjuncts<'e>) {
    match &condition.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => {
            flatten(left, into);
            flatten(right, into);
        }
        _ => into.push(condition),
    }
}

/// Whether evaluating it can be a failure: on overflow, or where JSON does not fit.
fn may_fail(expr: &Expr) -> bool {
    let mut may = false;
    expr.walk(&mut |part| {
        may |= match &part.kind {
            ExprKind::As(..) | ExprKind::Interpolate(_) => true,
            ExprKind::Negate(_) | ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, ..) => {
                constant(part).is_none()
            }
            _ => false,
        }
    });
    may
}

/// `x` and `not x` of a boolean path.
fn flag(conjunct: &Expr) -> Option<(&Expr, bool)> {
    match &conjunct.kind {
        ExprKind::Not(inner) => flag(inner).map(|(path, value)| (path, !value)),
        _ if conjunct.ty == Type::Bool && is_path(conjunct) => Some((conjunct, true)),
        _ => None,
    }
}

/// `path OP literal`, whichever way round it is written.
fn comparison(conjunct: &Expr) -> Option<(BinaryOp, &Expr, Value)> {
    let (op, left, right) = match &conjunct.kind {
        ExprKind::Binary(op, left, right) => (*op, left, right),
        ExprKind::Not(inner) => {
            let (op, path, value) = comparison(inner)?;
            let opposite = match op {
                BinaryOp::Lt => BinaryOp::Ge,
                BinaryOp::Le => BinaryOp::Gt,
                BinaryOp::Gt => BinaryOp::Le,
                BinaryOp::Ge => BinaryOp::Lt,
                BinaryOp::Ne => BinaryOp::Eq,
                _ => return None,
            };
            return Some((opposite, path, value));
        }
        _ => return None,
    };
    if let Some(value) = constant(right) {
        return Some((op, left, value));
    }
    let mirrored = match op {
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Ge => BinaryOp::Le,
        BinaryOp::Eq | BinaryOp::Ne => op,
        _ => return None,
    };
    Some((mirrored, right, constant(left)?))
}

/// A path as it is written.
fn write_path(path: &Expr, into: &mut String) {
    match &path.kind {
        ExprKind::Var(name) => into.push_str(name),
        ExprKind::Field(inner, name) => {
            write_path(inner, into);
            into.push('.');
            into.push_str(name);
        }
        _ => {}
    }
}

/// `x.f.g`, of records alone.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Var(_) => true,
        ExprKind::Field(inner, _) => inner.ty != Type::Json && is_path(inner),
        _ => false,
    }
}

/// A value of an ordered or finite type as a whole number, so that its type's order is the numbers'. The smallest steps of
/// all these types are whole numbers.
fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(bool) => Some(i128::from(*bool)),
        Value::Int(number) | Value::Duration(number) | Value::Time(number) => Some(i128::from(*number)),
        Value::Decimal(decimal) | Value::Money(decimal, _) => Some(decimal.units()),
        Value::Risk(risk) => Some(*risk as i128),
        _ => None,
    }
}
