//! Z3: one session for each unit of work, limits in its own resource units, and answers that are never guessed.
//!
//! A session belongs to the thread that it was made on, which has a Z3 context of its own: units of work run on threads of
//! their own (see [`super::units`]), so that nothing that one asked changes what another is told.

use super::Options;
use super::encode::script::{Id, Part, Script, length_name};
use super::encode::term::{Node, Sort, Term};
use foldhash::HashMap;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use z3::ast::{Bool, Int};
use z3::{Params, SatResult, Solver};

/// What the solver says to a question.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The assertions cannot hold at once. The SHA-256 of the question's SMT-LIB text, in hexadecimal.
    Never(String),
    /// They hold for these values.
    Found(Model),
    /// It was not settled, and why: never taken for either of the others.
    Unknown(String),
}

/// The questions of one unit of work.
pub(crate) struct Session<'o> {
    options: &'o Options<'o>,
    unit: String,
    solver: Option<Solver>,
    asked: usize,
    /// The questions with their names, for `--smt2`; kept only if somebody wants them.
    pub questions: Vec<(String, String)>,
}

impl<'o> Session<'o> {
    /// A session for a unit of work, whose name its questions get. Z3 is started with the first question.
    pub fn new(unit: &str, options: &'o Options<'o>) -> Session<'o> {
        Session { options, unit: unit.to_owned(), solver: None, asked: 0, questions: Vec::new() }
    }

    /// Whether somebody wants the check to end.
    pub fn is_cancelled(&self) -> bool {
        self.options.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }

    /// Whether all of these can hold at once. `what` names the question.
    pub fn ask(&mut self, what: &str, assertions: &[Term]) -> Answer {
        if self.is_cancelled() {
            return Answer::Unknown("the check was cancelled".to_owned());
        }
        self.asked += 1;
        let script = Script::new(assertions);
        let options = self.options;
        let Some(solver) = self.solver() else {
            return Answer::Unknown("the solver could not be started".to_owned());
        };
        solver.push();
        let built = Built::of(&script);
        let answer = match &built {
            None => Answer::Unknown("the question could not be put to the solver".to_owned()),
            Some(built) => {
                built.assertions.iter().for_each(|assertion| solver.assert(assertion));
                match check(solver, options.cancel) {
                    SatResult::Unsat => Answer::Never(String::new()),
                    SatResult::Sat => match built.model(solver, &script) {
                        Some(model) => Answer::Found(model),
                        None => Answer::Unknown("the solver gave no values".to_owned()),
                    },
                    SatResult::Unknown => {
                        let reason = solver.get_reason_unknown().unwrap_or_default();
                        Answer::Unknown(format!("the solver gave up ({reason})"))
                    }
                }
            }
        };
        solver.pop(1);
        self.note(what, &script, answer)
    }

    /// The digest of the question, and the question itself where it is wanted.
    fn note(&mut self, what: &str, script: &Script, answer: Answer) -> Answer {
        let wanted = self.options.smt2.is_some();
        let status = match &answer {
            Answer::Never(_) => "unsat",
            Answer::Found(_) => "sat",
            Answer::Unknown(_) => "unknown",
        };
        if !wanted && !matches!(answer, Answer::Never(_)) {
            return answer;
        }
        let text = script.smt2(status);
        let digest = Sha256::digest(&text).iter().fold(String::new(), |mut digest, byte| {
            let _ = write!(digest, "{byte:02x}");
            digest
        });
        if wanted {
            let name = format!("{}-{:03}-{what}", self.unit, self.asked);
            let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
            self.questions.push((name.chars().map(safe).collect(), text));
        }
        match answer {
            Answer::Never(_) => Answer::Never(digest),
            other => other,
        }
    }

    fn solver(&mut self) -> Option<&Solver> {
        if self.solver.is_none() {
            let solver = Solver::new_for_logic("QF_LIA")?;
            let mut params = Params::new();
            params.set_u32("rlimit", self.options.rlimit);
            params.set_u32("random_seed", 0);
            solver.set_params(&params);
            self.solver = Some(solver);
        }
        self.solver.as_ref()
    }
}

/// Asks, and interrupts when the check is cancelled.
fn check(solver: &Solver, cancel: Option<&AtomicBool>) -> SatResult {
    let Some(cancel) = cancel else { return solver.check() };
    let context = solver.get_context();
    let handle = context.handle();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                if cancel.load(Ordering::Relaxed) {
                    // An interrupt that comes before the solver has started is lost, hence again and again.
                    handle.interrupt();
                }
                std::thread::park_timeout(Duration::from_millis(20));
            }
        });
        let result = solver.check();
        done.store(true, Ordering::Release);
        watch.thread().unpark();
        result
    })
}

/// A script as Z3's own terms.
struct Built {
    variables: Vec<Handle>,
    assertions: Vec<Bool>,
}

#[derive(Clone)]
enum Handle {
    Bool(Bool),
    Int(Int),
}

impl Handle {
    fn bool(&self) -> Option<&Bool> {
        match self {
            Handle::Bool(bool) => Some(bool),
            Handle::Int(_) => None,
        }
    }

    fn int(&self) -> Option<&Int> {
        match self {
            Handle::Int(int) => Some(int),
            Handle::Bool(_) => None,
        }
    }
}

impl Built {
    /// `None` where the script is not well sorted, which would be a fault of ours.
    fn of(script: &Script) -> Option<Built> {
        // A name is its number too, so that no two variables are ever one.
        let variables: Vec<Handle> = (0..)
            .zip(&script.variables)
            .map(|(index, (_, sort)): (u32, _)| match sort {
                Sort::Bool => Handle::Bool(Bool::new_const(index)),
                Sort::Int | Sort::Text => Handle::Int(Int::new_const(index)),
            })
            .collect();
        let mut parts: Vec<Handle> = Vec::with_capacity(script.parts.len());
        for part in &script.parts {
            parts.push(build(part, &variables, &parts)?);
        }
        let assertions = script.assertions.iter().map(|id| parts.get(*id)?.bool().cloned()).collect::<Option<_>>()?;
        Some(Built { variables, assertions })
    }

    fn model(&self, solver: &Solver, script: &Script) -> Option<Model> {
        let found = solver.get_model()?;
        let mut model = Model::default();
        let mut numbers = BTreeMap::new();
        for ((name, sort), variable) in script.variables.iter().zip(&self.variables) {
            match (sort, variable) {
                (Sort::Bool, Handle::Bool(variable)) => {
                    let value = found.eval(variable, true)?.as_bool()?;
                    model.bools.insert(name.clone(), value);
                }
                (Sort::Int, Handle::Int(variable)) => {
                    let value = found.eval(variable, true)?.as_i128()?;
                    model.ints.insert(name.clone(), value);
                }
                (Sort::Text, Handle::Int(variable)) => {
                    numbers.insert(name.clone(), found.eval(variable, true)?.as_i128()?);
                }
                _ => return None,
            }
        }
        // Texts of one number are one text, of the length that any of them was asked for.
        let mut lengths: BTreeMap<i128, i128> = BTreeMap::new();
        for (name, number) in &numbers {
            if let Some(length) = model.ints.get(&length_name(name)) {
                lengths.insert(*number, *length);
            }
        }
        for (name, number) in numbers {
            let text = script.texts.text(number, lengths.get(&number).copied());
            model.texts.insert(name, text);
        }
        Some(model)
    }
}

fn build(part: &Part, variables: &[Handle], parts: &[Handle]) -> Option<Handle> {
    let bool = |id: &Id| parts.get(*id).and_then(Handle::bool);
    let int = |id: &Id| parts.get(*id).and_then(Handle::int);
    let bools = |ids: &[Id]| ids.iter().map(|id| bool(id).cloned()).collect::<Option<Vec<Bool>>>();
    Some(match part {
        Part::Bool(value) => Handle::Bool(Bool::from_bool(*value)),
        Part::Int(value) => Handle::Int(Int::from_i128(*value)),
        Part::Var(index, _) => variables.get(*index)?.clone(),
        Part::Not(inner) => Handle::Bool(bool(inner)?.not()),
        Part::And(operands) => Handle::Bool(Bool::and(&bools(operands)?)),
        Part::Or(operands) => Handle::Bool(Bool::or(&bools(operands)?)),
        Part::If(condition, then, otherwise) => match (parts.get(*then)?, parts.get(*otherwise)?) {
            (Handle::Bool(then), Handle::Bool(otherwise)) => Handle::Bool(bool(condition)?.ite(then, otherwise)),
            (Handle::Int(then), Handle::Int(otherwise)) => Handle::Int(bool(condition)?.ite(then, otherwise)),
            _ => return None,
        },
        Part::Equal(a, b) => Handle::Bool(match (parts.get(*a)?, parts.get(*b)?) {
            (Handle::Bool(a), Handle::Bool(b)) => a.eq(b),
            (Handle::Int(a), Handle::Int(b)) => a.eq(b),
            _ => return None,
        }),
        Part::Less(a, b) => Handle::Bool(int(a)?.lt(int(b)?)),
        Part::Sum(operands) => {
            Handle::Int(Int::add(&operands.iter().map(|id| int(id).cloned()).collect::<Option<Vec<Int>>>()?))
        }
        Part::Scaled(factor, inner) => Handle::Int(Int::mul(&[Int::from_i128(*factor), int(inner)?.clone()])),
        Part::Quotient(inner, divisor) => Handle::Int(int(inner)?.div(Int::from_i128(*divisor))),
        Part::Remainder(inner, divisor) => Handle::Int(int(inner)?.modulo(Int::from_i128(*divisor))),
    })
}

/// Values for the variables of a question. A variable that the question does not name has the least value: false, zero, the
/// empty text.
#[derive(Debug, Default)]
pub(crate) struct Model {
    bools: BTreeMap<String, bool>,
    ints: BTreeMap<String, i128>,
    /// `None` for a text too long to be shown.
    texts: BTreeMap<String, Option<String>>,
}

/// The value of a term in a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i128),
    Text(String),
}

impl Model {
    /// The truth value of a term.
    pub fn bool(&self, term: &Term) -> Option<bool> {
        match self.value(term)? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The truth values of terms. What they share is worked out once.
    pub fn bools<'t>(&self, terms: impl IntoIterator<Item = &'t Term>) -> Vec<Option<bool>> {
        let mut known = HashMap::default();
        let values = terms.into_iter().map(|term| match self.evaluate(term, &mut known)? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        });
        values.collect()
    }

    /// The integer that a term is.
    pub fn int(&self, term: &Term) -> Option<i128> {
        match self.value(term)? {
            Scalar::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The text that a term is.
    pub fn text(&self, term: &Term) -> Option<String> {
        match self.value(term)? {
            Scalar::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a term; `None` where it cannot be shown.
    pub fn value(&self, term: &Term) -> Option<Scalar> {
        self.evaluate(term, &mut HashMap::default())
    }

    fn evaluate(&self, term: &Term, known: &mut HashMap<usize, Scalar>) -> Option<Scalar> {
        if let Some(value) = known.get(&term.address()) {
            return Some(value.clone());
        }
        let mut bool = |term: &Term| match self.evaluate(term, known)? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        };
        let value = match term.node() {
            Node::Bool(value) => Scalar::Bool(*value),
            Node::Int(value) => Scalar::Int(*value),
            Node::Text(value) => Scalar::Text(value.to_string()),
            Node::Var(name, Sort::Bool) => Scalar::Bool(self.bools.get(&**name).copied().unwrap_or_default()),
            Node::Var(name, Sort::Int) => Scalar::Int(self.ints.get(&**name).copied().unwrap_or_default()),
            Node::Var(name, Sort::Text) => match self.texts.get(&**name) {
                Some(text) => Scalar::Text(text.clone()?),
                None => Scalar::Text(String::new()),
            },
            Node::Not(inner) => Scalar::Bool(!bool(inner)?),
            Node::And(all) => {
                let all = all.iter().map(bool).collect::<Option<Vec<bool>>>()?;
                Scalar::Bool(all.into_iter().all(|value| value))
            }
            Node::Or(all) => {
                let all = all.iter().map(bool).collect::<Option<Vec<bool>>>()?;
                Scalar::Bool(all.into_iter().any(|value| value))
            }
            Node::If(condition, then, otherwise) => match bool(condition)? {
                true => self.evaluate(then, known)?,
                false => self.evaluate(otherwise, known)?,
            },
            Node::Equal(a, b) => Scalar::Bool(self.evaluate(a, known)? == self.evaluate(b, known)?),
            _ => self.arithmetic(term, known)?,
        };
        known.insert(term.address(), value.clone());
        Some(value)
    }

    fn arithmetic(&self, term: &Term, known: &mut HashMap<usize, Scalar>) -> Option<Scalar> {
        let text = |term: &Term, known: &mut HashMap<usize, Scalar>| match self.evaluate(term, known)? {
            Scalar::Text(value) => Some(value),
            _ => None,
        };
        match term.node() {
            Node::HasPrefix(inner, prefix) => return Some(Scalar::Bool(text(inner, known)?.starts_with(&**prefix))),
            Node::Length(inner) => {
                return Some(Scalar::Int(i128::try_from(text(inner, known)?.chars().count()).ok()?));
            }
            _ => {}
        }
        let mut int = |term: &Term| match self.evaluate(term, known)? {
            Scalar::Int(value) => Some(value),
            _ => None,
        };
        Some(match term.node() {
            Node::Less(a, b) => Scalar::Bool(int(a)? < int(b)?),
            Node::Sum(all) => {
                let mut sum: i128 = 0;
                for term in all {
                    sum = sum.checked_add(int(term)?)?;
                }
                Scalar::Int(sum)
            }
            Node::Scaled(factor, inner) => Scalar::Int(int(inner)?.checked_mul(*factor)?),
            Node::Quotient(inner, divisor) => Scalar::Int(int(inner)?.checked_div_euclid(*divisor)?),
            Node::Remainder(inner, divisor) => Scalar::Int(int(inner)?.checked_rem_euclid(*divisor)?),
            _ => return None,
        })
    }
}
