//! A question in the solver's own terms: booleans and integers alone, every part once.
//!
//! Texts become integers. The literals and prefixes of one question tell apart finitely many classes of texts: each literal
//! alone, and for each prefix the texts that start so and are no literal and start with no longer prefix. Such a class is
//! infinite, and a question with `n` unknown texts can tell at most `n` members of it apart, so that `n` numbers stand for
//! it. Numbers are given in the order of the texts, so that all texts of a prefix are one range.
//!
//! The prefixes themselves, and the empty text, are literals too: what is left of a class then has texts of every greater
//! length, and as many of each as any question needs. Lengths are integers of their own, tied to the classes.

use super::term::{Node, Sort, Term};
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// The place of a part in a [`Script`].
pub(crate) type Id = usize;

/// A part. Operands come before what they are part of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Bool(bool),
    Int(i128),
    Var(Id, Sort),
    Not(Id),
    And(Vec<Id>),
    Or(Vec<Id>),
    If(Id, Id, Id),
    Equal(Id, Id),
    Less(Id, Id),
    Sum(Vec<Id>),
    Scaled(i128, Id),
    Quotient(Id, i128),
    Remainder(Id, i128),
}

/// A question: variables, parts, and what is asserted of them.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// The variables' names and sorts; a text is an integer here.
    pub variables: Vec<(String, Sort)>,
    /// Every part once.
    pub parts: Vec<Part>,
    /// The parts that have to hold.
    pub assertions: Vec<Id>,
    /// How texts were numbered.
    pub texts: Texts,
    known: HashMap<Part, Id>,
    names: HashMap<String, Id>,
    seen: HashMap<usize, Id>,
}

impl Script {
    /// The question whether all of these can hold at once.
    pub fn new(assertions: &[Term]) -> Script {
        let mut script = Script { texts: Texts::of(assertions), ..Script::default() };
        for assertion in assertions {
            let id = script.add(assertion);
            script.assertions.push(id);
        }
        script.bound_texts();
        script
    }

    /// The question as SMT-LIB 2.7, with what the answer should be.
    pub fn smt2(&self, status: &str) -> String {
        let mut uses = vec![0_usize; self.parts.len()];
        for part in &self.parts {
            part.operands(|operand| uses.get_mut(operand).into_iter().for_each(|uses| *uses += 1));
        }
        let mut out = format!("(set-info :smt-lib-version 2.6)\n(set-info :status {status})\n(set-logic QF_LIA)\n");
        for (id, (name, sort)) in self.variables.iter().enumerate() {
            let sort = if *sort == Sort::Bool { "Bool" } else { "Int" };
            let _ = writeln!(out, "(declare-const {} {sort})", symbol(id, name));
        }
        // What is used more than once gets a name, so that the text is as large as the question and not as its tree. Names that
        // begin with `.` or `@` are the solvers' own.
        let mut written: Vec<String> = Vec::with_capacity(self.parts.len());
        for (id, part) in self.parts.iter().enumerate() {
            let text = self.written(part, &written);
            let shared = uses.get(id).is_some_and(|uses| *uses > 1);
            if shared && !matches!(part, Part::Bool(_) | Part::Int(_) | Part::Var(..)) {
                let sort = if part.is_bool(&self.parts) { "Bool" } else { "Int" };
                let _ = writeln!(out, "(define-fun ${id} () {sort} {text})");
                written.push(format!("${id}"));
            } else {
                written.push(text);
            }
        }
        for assertion in &self.assertions {
            let text = written.get(*assertion).map_or("false", String::as_str);
            let _ = writeln!(out, "(assert {text})");
        }
        out.push_str("(check-sat)\n");
        out
    }

    fn written(&self, part: &Part, written: &[String]) -> String {
        let of = |id: &Id| written.get(*id).map_or("", String::as_str);
        let list = |operator: &str, ids: &[Id]| {
            let operands: Vec<&str> = ids.iter().map(of).collect();
            format!("({operator} {})", operands.join(" "))
        };
        match part {
            Part::Bool(value) => value.to_string(),
            Part::Int(value) => integer(*value),
            Part::Var(variable, _) => {
                self.variables.get(*variable).map_or(String::new(), |(name, _)| symbol(*variable, name))
            }
            Part::Not(inner) => list("not", &[*inner]),
            Part::And(operands) => list("and", operands),
            Part::Or(operands) => list("or", operands),
            Part::If(condition, then, otherwise) => list("ite", &[*condition, *then, *otherwise]),
            Part::Equal(a, b) => list("=", &[*a, *b]),
            Part::Less(a, b) => list("<", &[*a, *b]),
            Part::Sum(operands) => list("+", operands),
            Part::Scaled(factor, inner) => format!("(* {} {})", integer(*factor), of(inner)),
            Part::Quotient(inner, divisor) => format!("(div {} {divisor})", of(inner)),
            Part::Remainder(inner, divisor) => format!("(mod {} {divisor})", of(inner)),
        }
    }

    fn add(&mut self, term: &Term) -> Id {
        if let Some(id) = self.seen.get(&term.address()) {
            return *id;
        }
        let part = match term.node() {
            Node::Bool(value) => Part::Bool(*value),
            Node::Int(value) => Part::Int(*value),
            Node::Text(text) => Part::Int(self.texts.number(text)),
            Node::Var(name, sort) => self.variable(name, *sort),
            Node::Not(inner) => Part::Not(self.add(inner)),
            Node::And(operands) => Part::And(operands.iter().map(|operand| self.add(operand)).collect()),
            Node::Or(operands) => Part::Or(operands.iter().map(|operand| self.add(operand)).collect()),
            Node::If(condition, then, otherwise) => Part::If(self.add(condition), self.add(then), self.add(otherwise)),
            Node::Equal(a, b) => Part::Equal(self.add(a), self.add(b)),
            Node::Less(a, b) => Part::Less(self.add(a), self.add(b)),
            Node::Sum(operands) => Part::Sum(operands.iter().map(|operand| self.add(operand)).collect()),
            Node::Scaled(factor, inner) => Part::Scaled(*factor, self.add(inner)),
            Node::Quotient(inner, divisor) => Part::Quotient(self.add(inner), *divisor),
            Node::Remainder(inner, divisor) => Part::Remainder(self.add(inner), *divisor),
            Node::HasPrefix(text, prefix) => {
                let (first, last) = self.texts.range(prefix);
                let text = self.add(text);
                self.within(text, first, last)
            }
            Node::Length(text) => self.length(text),
        };
        let id = self.part(part);
        self.seen.insert(term.address(), id);
        id
    }

    fn part(&mut self, part: Part) -> Id {
        if let Some(id) = self.known.get(&part) {
            return *id;
        }
        let id = self.parts.len();
        self.parts.push(part.clone());
        self.known.insert(part, id);
        id
    }

    fn variable(&mut self, name: &str, sort: Sort) -> Part {
        if let Some(id) = self.names.get(name) {
            return Part::Var(*id, sort);
        }
        let id = self.variables.len();
        self.variables.push((name.to_owned(), sort));
        self.names.insert(name.to_owned(), id);
        Part::Var(id, sort)
    }

    fn within(&mut self, of: Id, least: i128, most: i128) -> Part {
        let (least, most) = (self.part(Part::Int(least)), self.part(Part::Int(most)));
        let (below, above) = (self.part(Part::Less(of, least)), self.part(Part::Less(most, of)));
        let (not_below, not_above) = (self.part(Part::Not(below)), self.part(Part::Not(above)));
        Part::And(vec![not_below, not_above])
    }

    /// The length of a text: pushed down to the variables and literals that the text may be.
    fn length(&mut self, text: &Term) -> Part {
        match text.node() {
            Node::Text(text) => Part::Int(i128::try_from(text.chars().count()).unwrap_or(i128::MAX)),
            Node::If(condition, then, otherwise) => {
                let condition = self.add(condition);
                let then = self.length(then);
                let then = self.part(then);
                let otherwise = self.length(otherwise);
                let otherwise = self.part(otherwise);
                Part::If(condition, then, otherwise)
            }
            Node::Var(name, _) => self.variable(&length_name(name), Sort::Int),
            // No other form is a text.
            _ => Part::Int(0),
        }
    }

    /// What holds of every text: it has a number, and its length is one that a text of its class has.
    fn bound_texts(&mut self) {
        let unknown: Vec<String> = self.texts.unknown.iter().cloned().collect();
        let measured: Vec<bool> = unknown.iter().map(|name| self.names.contains_key(&length_name(name))).collect();
        for (name, measured) in unknown.iter().zip(&measured) {
            let text = self.variable(name, Sort::Text);
            let text = self.part(text);
            let whole = self.within(text, 0, self.texts.count - 1);
            let whole = self.part(whole);
            self.assertions.push(whole);
            if *measured {
                self.tie_length(name, text);
            }
        }
        // Equal texts are equally long.
        let measured: Vec<&String> =
            unknown.iter().zip(&measured).filter(|(_, measured)| **measured).map(|(n, _)| n).collect();
        for (index, first) in measured.iter().enumerate() {
            for second in measured.iter().skip(index + 1) {
                let mut part = |name: &str, sort| {
                    let variable = self.variable(name, sort);
                    self.part(variable)
                };
                let (a, b) = (part(first, Sort::Text), part(second, Sort::Text));
                let (m, n) = (part(&length_name(first), Sort::Int), part(&length_name(second), Sort::Int));
                let (same, equal) = (self.part(Part::Equal(a, b)), self.part(Part::Equal(m, n)));
                let differ = self.part(Part::Not(same));
                let tied = self.part(Part::Or(vec![differ, equal]));
                self.assertions.push(tied);
            }
        }
    }

    fn tie_length(&mut self, name: &str, text: Id) {
        let length = self.variable(&length_name(name), Sort::Int);
        let length = self.part(length);
        let classes: Vec<Class> = self.texts.classes.clone();
        for class in classes {
            let characters = i128::try_from(class.text.chars().count()).unwrap_or(i128::MAX);
            let (inside, fits) = if class.is_literal {
                let number = self.part(Part::Int(class.first));
                let characters = self.part(Part::Int(characters));
                (Part::Equal(text, number), Part::Equal(length, characters))
            } else {
                let inside = self.within(text, class.first, class.last);
                let characters = self.part(Part::Int(characters));
                (inside, Part::Less(characters, length))
            };
            let (inside, fits) = (self.part(inside), self.part(fits));
            let outside = self.part(Part::Not(inside));
            let tied = self.part(Part::Or(vec![outside, fits]));
            self.assertions.push(tied);
        }
    }
}

impl Part {
    /// Calls `visit` with each operand.
    fn operands(&self, mut visit: impl FnMut(Id)) {
        match self {
            Part::Bool(_) | Part::Int(_) | Part::Var(..) => {}
            Part::Not(a) | Part::Scaled(_, a) | Part::Quotient(a, _) | Part::Remainder(a, _) => visit(*a),
            Part::And(all) | Part::Or(all) | Part::Sum(all) => all.iter().copied().for_each(visit),
            Part::If(a, b, c) => [*a, *b, *c].into_iter().for_each(visit),
            Part::Equal(a, b) | Part::Less(a, b) => [*a, *b].into_iter().for_each(visit),
        }
    }

    /// Whether the part is a truth value and not an integer.
    pub fn is_bool(&self, parts: &[Part]) -> bool {
        match self {
            Part::Bool(_) | Part::Not(_) | Part::And(_) | Part::Or(_) | Part::Equal(..) | Part::Less(..) => true,
            Part::Var(_, sort) => *sort == Sort::Bool,
            Part::If(_, then, _) => parts.get(*then).is_some_and(|then| then.is_bool(parts)),
            Part::Int(_) | Part::Sum(_) | Part::Scaled(..) | Part::Quotient(..) | Part::Remainder(..) => false,
        }
    }
}

/// How the texts of one question are numbered.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// The classes in the order of their numbers.
    classes: Vec<Class>,
    /// How many numbers there are.
    count: i128,
    /// The variables that are texts.
    unknown: BTreeSet<String>,
}

/// A class of texts: one literal, or what is left of a prefix.
#[derive(Debug, Clone)]
struct Class {
    text: Arc<str>,
    is_literal: bool,
    first: i128,
    last: i128,
}

impl Texts {
    fn of(assertions: &[Term]) -> Texts {
        let mut found = Found::default();
        for assertion in assertions {
            found.visit(assertion);
        }
        let Found { mut literals, mut prefixes, unknown, .. } = found;
        prefixes.insert("".into());
        literals.extend(prefixes.iter().cloned());
        let width = i128::try_from(unknown.len()).unwrap_or(i128::MAX).max(1);
        let mut texts = Texts { classes: Vec::new(), count: 0, unknown };
        // A prefix that is open until the literals that start with it have passed.
        let mut open: Vec<Arc<str>> = Vec::new();
        for literal in &literals {
            while let Some(prefix) = open.pop_if(|prefix| !literal.starts_with(&**prefix)) {
                texts.push(prefix, false, width);
            }
            texts.push(Arc::clone(literal), true, 1);
            if prefixes.contains(literal) {
                open.push(Arc::clone(literal));
            }
        }
        while let Some(prefix) = open.pop() {
            texts.push(prefix, false, width);
        }
        texts
    }

    fn push(&mut self, text: Arc<str>, is_literal: bool, width: i128) {
        let first = self.count;
        self.count += width;
        self.classes.push(Class { text, is_literal, first, last: self.count - 1 });
    }

    /// The number of a literal.
    fn number(&self, text: &str) -> i128 {
        self.class(text, true).map_or(-1, |class| class.first)
    }

    /// The numbers of all texts that start so, both ends included.
    fn range(&self, prefix: &str) -> (i128, i128) {
        let first = self.class(prefix, true).map_or(0, |class| class.first);
        let last = self.class(prefix, false).map_or(-1, |class| class.last);
        (first, last)
    }

    fn class(&self, text: &str, is_literal: bool) -> Option<&Class> {
        self.classes.iter().find(|class| class.is_literal == is_literal && &*class.text == text)
    }

    /// A text for a number: different ones for different numbers, of the length that is wanted, if one is. `None` for a
    /// number or a length that no text has, and for a length beyond what is worth showing.
    pub fn text(&self, number: i128, length: Option<i128>) -> Option<String> {
        const LONGEST: usize = 4096;
        let class = self.classes.iter().find(|class| class.first <= number && number <= class.last)?;
        if class.is_literal {
            return Some(class.text.to_string());
        }
        let known = class.text.chars().count();
        let room = match length {
            Some(length) => usize::try_from(length).ok()?.checked_sub(known)?,
            None => 0,
        };
        if room > LONGEST {
            return None;
        }
        // Candidates are tried in order: those that fall into another class, or that an earlier number has, are passed over.
        let mut skip = number - class.first;
        let taken = |suffix: &str| {
            let text = format!("{}{suffix}", class.text);
            let longer = |other: &Class| other.text.len() > class.text.len() && text.starts_with(&*other.text);
            let other = |other: &Class| if other.is_literal { *other.text == *text } else { longer(other) };
            (!self.classes.iter().any(other)).then_some(text)
        };
        for index in 0..1_000_000_usize {
            let suffix = match length {
                None => named(index),
                Some(_) => padded(index, room)?,
            };
            let Some(text) = taken(&suffix) else { continue };
            if skip == 0 {
                return Some(text);
            }
            skip -= 1;
        }
        None
    }
}

/// `x`, `y`, `z`, `a`, …, `9`, `xx`, `yx`, …: the first letter changes with every index, since a longer prefix may take all
/// texts that start with one letter.
fn named(mut index: usize) -> String {
    const LETTERS: &[u8; 36] = b"xyzabcdefghijklmnopqrstuvw0123456789";
    let mut name = String::new();
    loop {
        name.push(char::from(LETTERS.get(index % LETTERS.len()).copied().unwrap_or(b'x')));
        match (index / LETTERS.len()).checked_sub(1) {
            Some(rest) => index = rest,
            None => return name,
        }
    }
}

/// The index in letters, to exactly so many of them; `None` once they do not suffice.
fn padded(mut index: usize, room: usize) -> Option<String> {
    let mut letters = vec!['x'; room];
    for letter in letters.iter_mut().rev() {
        // Starts at `x`, so that the common case reads as above.
        let digit = u8::try_from((index % 26 + 23) % 26).unwrap_or_default();
        *letter = char::from(b'a' + digit);
        index /= 26;
    }
    (index == 0).then(|| letters.into_iter().collect())
}

/// The name of the length of a text variable.
pub(crate) fn length_name(text: &str) -> String {
    format!("{text} length")
}

/// What the texts of some terms are compared with.
#[derive(Default)]
struct Found {
    literals: BTreeSet<Arc<str>>,
    prefixes: BTreeSet<Arc<str>>,
    unknown: BTreeSet<String>,
    seen: BTreeMap<usize, ()>,
}

impl Found {
    fn visit(&mut self, term: &Term) {
        if self.seen.insert(term.address(), ()).is_some() {
            return;
        }
        match term.node() {
            Node::Bool(_) | Node::Int(_) => {}
            Node::Text(text) => {
                self.literals.insert(Arc::clone(text));
            }
            Node::Var(name, Sort::Text) => {
                self.unknown.insert(name.to_string());
            }
            Node::Var(..) => {}
            Node::HasPrefix(text, prefix) => {
                self.prefixes.insert(Arc::clone(prefix));
                self.visit(text);
            }
            Node::Not(a) | Node::Length(a) | Node::Scaled(_, a) | Node::Quotient(a, _) | Node::Remainder(a, _) => {
                self.visit(a);
            }
            Node::And(all) | Node::Or(all) | Node::Sum(all) => all.iter().for_each(|term| self.visit(term)),
            Node::If(a, b, c) => [a, b, c].into_iter().for_each(|term| self.visit(term)),
            Node::Equal(a, b) | Node::Less(a, b) => [a, b].into_iter().for_each(|term| self.visit(term)),
        }
    }
}

fn integer(value: i128) -> String {
    if value < 0 { format!("(- {})", value.unsigned_abs()) } else { value.to_string() }
}

/// A variable's name as a quoted symbol. Some characters cannot be quoted; the number keeps names apart that differ in them.
fn symbol(id: Id, name: &str) -> String {
    let cannot = |c: char| c == '|' || c == '\\' || c.is_control();
    match name.contains(cannot) {
        true => format!("|{} #{id}|", name.replace(cannot, "_")),
        false => format!("|{name}|"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A longer prefix that takes the first candidates away leaves enough others.
    #[test]
    fn every_number_of_a_class_has_a_text_of_its_own() {
        let mut texts = Texts::default();
        texts.push("agent:x".into(), true, 1);
        texts.push("agent:x".into(), false, 3);
        texts.push("agent:".into(), false, 40);
        let found: Vec<_> = (0..texts.count).map(|number| texts.text(number, None)).collect();
        assert!(found.iter().all(Option::is_some), "{found:?}");
        let different: std::collections::BTreeSet<_> = found.iter().flatten().collect();
        assert_eq!(different.len(), found.len());
        assert!(found.iter().skip(4).flatten().all(|text| !text.starts_with("agent:x")), "{found:?}");
    }
}
