//! Parts of conditions that a class does not settle: tests of single values, by which it is split.

use super::cell::{Cell, Values};
use crate::expr::BinaryOp;
use crate::pattern::TextPattern;

/// A part of a condition that a cell does not settle, and by which it can be split.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Atom {
    /// As it is shown.
    pub text: String,
    pub change: Change,
}

/// Where parts of conditions go that are open.
pub(super) trait Sink: Default {
    /// Takes one.
    fn add(&mut self, atom: impl FnOnce() -> Atom);

    /// Takes all of another one.
    fn append(&mut self, other: Self);
}

impl Sink for Vec<Atom> {
    fn add(&mut self, atom: impl FnOnce() -> Atom) {
        self.push(atom());
    }

    fn append(&mut self, other: Self) {
        self.extend(other);
    }
}

/// Nobody splits by them: they are not even put into words.
#[derive(Debug, Default)]
pub(super) struct Unsplit;

impl Sink for Unsplit {
    fn add(&mut self, _: impl FnOnce() -> Atom) {}

    fn append(&mut self, _: Self) {}
}

/// How it changes what is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// A test of the value at a path.
    Value(String, Test),
    /// A part that is not taken apart: it turns out one way or the other.
    Whole,
}

/// A test of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Present,
    True,
    Compare(BinaryOp, i128),
    Fits(Vec<TextPattern>),
}

impl Atom {
    /// The part of a cell in which the atom holds, or does not; nothing where it is empty.
    pub fn split(&self, cell: &Cell, holds: bool) -> Option<Cell> {
        let (path, test) = match &self.change {
            Change::Whole => return Some(cell.turning_out(&self.text, holds)),
            Change::Value(path, test) => (path, test),
        };
        let known = cell.get(path)?;
        let mut domain = known.clone();
        match test {
            Test::Present if holds => domain.absent = false,
            Test::Present => domain.present = false,
            _ if holds => (domain.absent, domain.values) = (false, test.restrict(&known.values, true)),
            _ => domain.values = test.restrict(&known.values, false),
        }
        if domain.is_empty() {
            return None;
        }
        let mut cell = cell.clone();
        cell.set(path, domain);
        Some(cell)
    }
}

impl Test {
    /// How the test of these values comes out, where it is the same for all.
    pub fn of(&self, values: &Values) -> Option<bool> {
        match (self, values) {
            (Test::True, Values::Truth(yes, no)) => (yes != no).then_some(*yes),
            (Test::Compare(op, number), Values::Number(least, most)) => compare(*op, *least, *most, *number),
            (Test::Fits(patterns), values) => {
                let mut all_refuse = true;
                for pattern in patterns {
                    match values.fit(pattern) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => all_refuse = false,
                    }
                }
                if all_refuse {
                    return Some(false);
                }
                let Values::OneOf(texts) = values else { return None };
                let fits = |text: &String| patterns.iter().any(|pattern| pattern.matches(text, |_| false));
                (!texts.is_empty() && texts.iter().all(fits)).then_some(true)
            }
            _ => None,
        }
    }

    /// Never fewer values than those for which the test comes out so.
    pub fn restrict(&self, values: &Values, holds: bool) -> Values {
        match (self, values) {
            (Test::True, Values::Truth(..)) => Values::Truth(holds, !holds),
            (Test::Compare(op, number), Values::Number(least, most)) => {
                let op = if holds { *op } else { opposite(*op) };
                let (least, most) = bounds(op, *least, *most, *number);
                Values::Number(least, most)
            }
            (Test::Fits(patterns), Values::OneOf(texts)) => {
                let fits = |text: &&String| patterns.iter().any(|pattern| pattern.matches(text, |_| false)) == holds;
                Values::OneOf(texts.iter().filter(fits).cloned().collect())
            }
            (Test::Fits(patterns), values) if !holds => {
                patterns.iter().fold(values.clone(), |values, pattern| values.restrict(pattern, false))
            }
            (Test::Fits(patterns), values) => {
                let exact = |pattern: &TextPattern| match pattern {
                    TextPattern::Exact(text) => Some(text.clone()),
                    _ => None,
                };
                match patterns.as_slice() {
                    [one] => values.restrict(one, true),
                    many => match many.iter().map(exact).collect::<Option<Vec<String>>>() {
                        Some(texts) => {
                            let possible = |text: &String| values.fit(&TextPattern::Exact(text.clone())) != Some(false);
                            Values::OneOf(texts.into_iter().filter(possible).collect())
                        }
                        None => values.clone(),
                    },
                }
            }
            _ => values.clone(),
        }
    }
}

fn compare(op: BinaryOp, least: i128, most: i128, number: i128) -> Option<bool> {
    let (all, some) = match op {
        BinaryOp::Lt => (most < number, least < number),
        BinaryOp::Le => (most <= number, least <= number),
        BinaryOp::Gt => (least > number, most > number),
        BinaryOp::Ge => (least >= number, most >= number),
        BinaryOp::Eq => (least == number && most == number, least <= number && number <= most),
        BinaryOp::Ne => (number < least || most < number, least != number || most != number),
        _ => return None,
    };
    if all { Some(true) } else { (!some).then_some(false) }
}

fn opposite(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Lt => BinaryOp::Ge,
        BinaryOp::Le => BinaryOp::Gt,
        BinaryOp::Gt => BinaryOp::Le,
        BinaryOp::Ge => BinaryOp::Lt,
        BinaryOp::Eq => BinaryOp::Ne,
        BinaryOp::Ne => BinaryOp::Eq,
        other => other,
    }
}

fn bounds(op: BinaryOp, least: i128, most: i128, number: i128) -> (i128, i128) {
    match op {
        BinaryOp::Lt => (least, most.min(number.saturating_sub(1))),
        BinaryOp::Le => (least, most.min(number)),
        BinaryOp::Gt => (least.max(number.saturating_add(1)), most),
        BinaryOp::Ge => (least.max(number), most),
        BinaryOp::Eq => (least.max(number), most.min(number)),
        // A number in the middle cannot be taken out of an interval.
        BinaryOp::Ne if least == number => (least.saturating_add(1), most),
        BinaryOp::Ne if most == number => (least, most.saturating_sub(1)),
        _ => (least, most),
    }
}
