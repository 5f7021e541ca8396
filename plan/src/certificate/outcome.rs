//! How conditions turn out for a whole class of requests.
//!
//! An [`Outcome`] says what is possible, never less: where a part of a condition is not understood, everything is. It is
//! written from [`crate::eval`] and shares nothing with what the compiler proves with.

use super::atom::{Atom, Change, Sink, Test};
use super::cell::{Cell, Domain, Values};
use crate::expr::{BinaryOp, Expr, ExprKind};
use crate::model::{Action, Capability, Effect, Package, Policy, Rule, Table};
use crate::pattern::{PrincipalPattern, TextPattern};
use crate::types::{Fields, Type};

/// What a condition may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    /// It may hold.
    pub yes: bool,
    /// It may not hold.
    pub no: bool,
    /// It may not be possible to evaluate it.
    pub fails: bool,
}

impl Outcome {
    pub const YES: Outcome = Outcome { yes: true, no: false, fails: false };
    pub const NO: Outcome = Outcome { yes: false, no: true, fails: false };
    const EITHER: Outcome = Outcome { yes: true, no: true, fails: false };
    const UNSET: Outcome = Outcome { yes: false, no: false, fails: false };

    fn not(self) -> Outcome {
        Outcome { yes: self.no, no: self.yes, fails: self.fails }
    }

    fn or_maybe(self, other: Outcome) -> Outcome {
        Outcome { yes: self.yes || other.yes, no: self.no || other.no, fails: self.fails || other.fails }
    }

    fn of(holds: Option<bool>) -> Outcome {
        match holds {
            Some(true) => Outcome::YES,
            Some(false) => Outcome::NO,
            None => Outcome::EITHER,
        }
    }
}

/// What the names of a condition stand for.
#[derive(Debug, Clone, Copy)]
enum Names<'a> {
    /// A policy's: `input.amount`, `risk`.
    Policy,
    /// A capability's clauses: `amount`.
    Clauses,
    /// A refinement's: of the value at this path, which is the field of this name, beside others below this path.
    Refinement { path: &'a str, own: &'a str, around: &'a str },
}

/// The requests for a capability by anybody, with what declarations say of them.
pub(super) fn requests(package: &Package, capability: &Capability) -> Cell {
    let mut cell = Cell::default();
    let anything = || Values::Text { prefix: String::new(), not: Vec::new() };
    for (path, absent) in
        [("principal.id", false), ("principal.tenant", true), ("resource.tenant", true), ("workflow", true)]
    {
        cell.set(path, Domain { absent, present: true, values: anything() });
    }
    cell.set("kind", Domain::text(capability.kind.as_str()));
    cell.add("input", &capability.input, false);
    cell.add("context", &package.context, false);
    narrow(&mut cell, capability, "input", &capability.input);
    narrow(&mut cell, capability, "context", &package.context);
    cell
}

/// Takes away what refinements forbid, where that is plain. An absent value satisfies them.
fn narrow(cell: &mut Cell, capability: &Capability, around: &str, fields: &Fields) {
    for field in fields.iter() {
        let path = format!("{around}.{}", field.name);
        for refinement in &field.schema.refinements {
            let names = Names::Refinement { path: &path, own: &field.name, around };
            hold(cell, capability, names, &path, refinement);
        }
        if let Type::Record(inner) = &field.schema.ty {
            narrow(cell, capability, &path, inner);
        }
    }
}

fn hold(cell: &mut Cell, capability: &Capability, names: Names<'_>, path: &str, refinement: &Expr) {
    if let ExprKind::Binary(BinaryOp::And, left, right) = &refinement.kind {
        hold(cell, capability, names, path, left);
        hold(cell, capability, names, path, right);
        return;
    }
    let reader = Reader { cell, capability, names };
    if let Some((tested, test, holds)) = test(refinement)
        && reader.reads(tested, path)
        && let Some(domain) = cell.get(path)
    {
        let domain = Domain { values: test.restrict(&domain.values, holds), ..domain.clone() };
        cell.set(path, domain);
    }
}

/// Reads conditions about one capability in a cell.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    cell: &'a Cell,
    capability: &'a Capability,
    names: Names<'a>,
}

impl<'a> Reader<'a> {
    /// Reads a policy's conditions.
    pub fn new(cell: &'a Cell, capability: &'a Capability) -> Reader<'a> {
        Reader { cell, capability, names: Names::Policy }
    }

    fn clauses(self) -> Reader<'a> {
        Reader { names: Names::Clauses, ..self }
    }

    /// Whether a rule fits, its target aside. What is open is added to the atoms.
    pub fn rule(&self, package: &Package, rule: &Rule, atoms: &mut impl Sink) -> Outcome {
        self.fits(package, &rule.subjects, rule.condition.as_ref(), atoms)
    }

    /// Whether one of these asks, when a condition holds.
    pub fn fits(
        &self,
        package: &Package,
        subjects: &[PrincipalPattern],
        condition: Option<&Expr>,
        atoms: &mut impl Sink,
    ) -> Outcome {
        let subject = self.subject(package, subjects, atoms);
        if !subject.yes {
            return subject;
        }
        let condition = condition.map_or(Outcome::YES, |condition| self.condition(condition, atoms));
        Outcome { yes: condition.yes, no: condition.no || subject.no, fails: condition.fails }
    }

    fn subject<S: Sink>(&self, package: &Package, patterns: &[PrincipalPattern], atoms: &mut S) -> Outcome {
        const ID: &str = "principal.id";
        let Some(Domain { values, .. }) = self.cell.get(ID) else { return Outcome::EITHER };
        let mut result = Outcome::NO;
        let mut open = S::default();
        for pattern in patterns {
            let fits = match pattern {
                PrincipalPattern::Any => Some(true),
                PrincipalPattern::Exact(exact) => values.is(exact),
                PrincipalPattern::Prefix(prefix) => values.fit(&TextPattern::Prefix(prefix.clone())),
                PrincipalPattern::Role(role) => self.has_role(package, role, values, &mut open),
            };
            match fits {
                Some(true) => return Outcome::YES,
                Some(false) => {}
                None => {
                    result = Outcome::EITHER;
                    let test = match pattern {
                        PrincipalPattern::Exact(exact) => TextPattern::Exact(exact.clone()),
                        PrincipalPattern::Prefix(prefix) => TextPattern::Prefix(prefix.clone()),
                        _ => continue,
                    };
                    open.add(|| who(test));
                }
            }
        }
        atoms.append(open);
        result
    }

    fn has_role(&self, package: &Package, role: &str, values: &Values, open: &mut impl Sink) -> Option<bool> {
        let asserted = self.cell.asserted(role);
        let members = package.role(role).map(|role| role.members.as_slice()).unwrap_or_default();
        let mut outcome = asserted;
        for member in members {
            let pattern = match member {
                PrincipalPattern::Exact(exact) => TextPattern::Exact(exact.clone()),
                PrincipalPattern::Prefix(prefix) => TextPattern::Prefix(prefix.clone()),
                PrincipalPattern::Any => TextPattern::Prefix(String::new()),
                PrincipalPattern::Role(_) => continue,
            };
            match values.fit(&pattern) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => {
                    open.add(|| who(pattern));
                    outcome = outcome.filter(|asserted| *asserted);
                }
            }
        }
        if asserted.is_none() {
            open.add(|| Atom { text: format!("role:{role}"), change: Change::Whole });
        }
        outcome
    }

    /// What a condition may come to. What is open is added to the atoms.
    pub fn condition(&self, expr: &Expr, atoms: &mut impl Sink) -> Outcome {
        match &expr.kind {
            ExprKind::Bool(value) => Outcome::of(Some(*value)),
            ExprKind::Not(inner) => self.condition(inner, atoms).not(),
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
                let decisive = |outcome: Outcome| if *op == BinaryOp::Or { outcome } else { outcome.not() };
                // As `or`; `and` is the same of the opposites.
                let left = decisive(self.condition(left, atoms));
                if !left.no {
                    return decisive(left);
                }
                let right = decisive(self.condition(right, atoms));
                let both = Outcome { yes: left.yes || right.yes, no: right.no, fails: left.fails || right.fails };
                decisive(both)
            }
            _ => self.leaf(expr, atoms),
        }
    }

    fn leaf(&self, expr: &Expr, atoms: &mut impl Sink) -> Outcome {
        if let Some(outcome) = self.by_tags(expr) {
            return outcome;
        }
        let Some((read, test, holds)) = test(expr) else { return self.whole(expr, atoms) };
        if let Some(outcome) = self.by_tables(read, &test, atoms) {
            return if holds { outcome } else { outcome.not() };
        }
        let Some(domain) = self.domain(read) else { return self.whole(expr, atoms) };
        let outcome = match &test {
            Test::Present => Outcome { yes: domain.present, no: domain.absent, fails: false },
            test => {
                let of = if domain.present { Outcome::of(test.of(&domain.values)) } else { Outcome::UNSET };
                let absent = Outcome { yes: false, no: domain.absent, fails: domain.absent };
                of.or_maybe(absent)
            }
        };
        if domain.absent && domain.present {
            atoms.add(|| {
                let path = self.path(read);
                Atom { text: format!("has {path}"), change: Change::Value(path, Test::Present) }
            });
        }
        if outcome.yes && outcome.no && test != Test::Present {
            atoms.add(|| {
                let text = if holds { expr.to_string() } else { format!("not ({expr})") };
                Atom { text, change: Change::Value(self.path(read), test) }
            });
        }
        if holds { outcome } else { outcome.not() }
    }

    /// A part that is not taken apart.
    fn whole(&self, expr: &Expr, atoms: &mut impl Sink) -> Outcome {
        let text = match self.names {
            Names::Clauses => format!("{expr} of {}", self.capability.id),
            _ => expr.to_string(),
        };
        let known = self.cell.turned_out.get(&text).copied();
        let outcome = Outcome { fails: self.can_fail(expr), ..Outcome::of(known) };
        if known.is_none() {
            atoms.add(|| Atom { text, change: Change::Whole });
        }
        outcome
    }

    fn can_fail(&self, expr: &Expr) -> bool {
        let mut can = false;
        expr.walk(&mut |part| {
            can |= match &part.kind {
                ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, ..)
                | ExprKind::Negate(_)
                | ExprKind::As(..)
                | ExprKind::Interpolate(_) => true,
                ExprKind::Var(_) | ExprKind::Field(..) => {
                    part.optional || self.domain(part).is_some_and(|domain| domain.absent)
                }
                _ => false,
            };
        });
        can
    }

    /// What is known of what an expression reads, where that is a path.
    fn domain(&self, expr: &Expr) -> Option<&'a Domain> {
        if is_path(expr) { self.cell.find(|path| self.reads(expr, path)) } else { None }
    }

    /// Whether this is the path of what an expression reads. Nothing is put together for it: it is asked for every part of
    /// every condition.
    fn reads(&self, expr: &Expr, path: &str) -> bool {
        match &expr.kind {
            ExprKind::Field(inner, name) => {
                let around = path.strip_suffix(name.as_str()).and_then(|rest| rest.strip_suffix('.'));
                around.is_some_and(|around| self.reads(inner, around))
            }
            ExprKind::Var(name) => match self.names {
                Names::Policy => path == name,
                Names::Clauses => path.strip_prefix("input.") == Some(name),
                Names::Refinement { path: whole, own, .. } if name == "self" || name == own => path == whole,
                Names::Refinement { around, .. } => {
                    path.strip_suffix(name.as_str()).and_then(|rest| rest.strip_suffix('.')) == Some(around)
                }
            },
            _ => false,
        }
    }

    /// The path of what an expression reads, which is one.
    fn path(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Var(name) => match self.names {
                Names::Policy => name.clone(),
                Names::Clauses => format!("input.{name}"),
                Names::Refinement { path, own, .. } if name == "self" || name == own => path.to_owned(),
                Names::Refinement { around, .. } => format!("{around}.{name}"),
            },
            ExprKind::Field(inner, name) => format!("{}.{name}", self.path(inner)),
            _ => String::new(),
        }
    }

    /// Whether the capability has a tag, where that is asked.
    fn by_tags(&self, expr: &Expr) -> Option<Outcome> {
        if let (Names::Policy, ExprKind::Binary(BinaryOp::In, value, list)) = (self.names, &expr.kind)
            && let (ExprKind::String(tag), ExprKind::Var(name)) = (&value.kind, &list.kind)
            && name == "tags"
        {
            return Some(Outcome::of(Some(self.capability.tags.contains(tag))));
        }
        None
    }

    /// What a test of the risk or the effect comes to: the tables of the capability tell.
    fn by_tables(&self, read: &Expr, test: &Test, atoms: &mut impl Sink) -> Option<Outcome> {
        let (Names::Policy, ExprKind::Var(name)) = (self.names, &read.kind) else { return None };
        let on = |domain: Option<Values>| match (test, domain) {
            (Test::Present, domain) => Outcome::of(Some(domain.is_some())),
            (test, Some(values)) => Outcome::of(test.of(&values)),
            (_, None) => Outcome { yes: false, no: true, fails: true },
        };
        Some(match name.as_str() {
            "risk" => {
                self.rows(&self.capability.risk, atoms, |risk| on(Some(Values::Number(*risk as i128, *risk as i128))))
            }
            "reversible" => self.rows(&self.capability.effect, atoms, |effect| {
                on(Some(Values::Truth(!effect.is_irreversible(), effect.is_irreversible())))
            }),
            "scope" => self.rows(&self.capability.effect, atoms, |effect| match effect {
                Effect::None => on(None),
                Effect::Some { scope, .. } => on(Some(Values::OneOf(vec![scope.as_str().to_owned()]))),
            }),
            _ => return None,
        })
    }

    fn rows<V, S: Sink>(&self, table: &Table<V>, atoms: &mut S, of: impl Fn(&V) -> Outcome) -> Outcome {
        let mut open = S::default();
        let (rows, none) = self.possible(table, &mut open);
        let outcome = rows.into_iter().fold(Outcome::UNSET, |all, row| all.or_maybe(of(row)));
        if outcome.yes && outcome.no {
            atoms.append(open);
        }
        Outcome { fails: outcome.fails || none, ..outcome }
    }

    /// The rows of a table that may apply, and whether there may be none, or a condition that cannot be evaluated.
    pub fn possible<'t, V>(&self, table: &'t Table<V>, atoms: &mut impl Sink) -> (Vec<&'t V>, bool) {
        let reader = self.clauses();
        let mut rows = Vec::new();
        let mut fails = false;
        for row in &table.rows {
            let outcome = match &row.when {
                Some(condition) => reader.condition(condition, atoms),
                None => Outcome::YES,
            };
            fails |= outcome.fails;
            if outcome.yes {
                rows.push(&row.value);
            }
            if !outcome.no {
                return (rows, fails);
            }
        }
        (rows, true)
    }

    /// Whether a condition of a table that is come to may not be possible to evaluate.
    pub fn fails<V>(&self, table: &Table<V>, atoms: &mut impl Sink) -> bool {
        let reader = self.clauses();
        for row in &table.rows {
            let outcome = row.when.as_ref().map_or(Outcome::YES, |condition| reader.condition(condition, atoms));
            if outcome.fails {
                return true;
            }
            if !outcome.no {
                return false;
            }
        }
        false
    }

    /// The actions that may decide, in order, each with its rule's place from 0; none for the default. A rule whose condition
    /// may fail denies, and is named with [`Action::Deny`].
    pub fn deciding<'p>(
        &self,
        package: &Package,
        policy: &'p Policy,
        candidates: impl Iterator<Item = usize>,
        atoms: &mut impl Sink,
    ) -> Vec<(Option<usize>, &'p Action)> {
        const DENY: &Action = &Action::Deny;
        let mut found = Vec::new();
        for index in candidates {
            let Some(rule) = policy.rules.get(index) else { continue };
            let outcome = self.rule(package, rule, atoms);
            if outcome.fails {
                found.push((Some(index), DENY));
            }
            if outcome.yes {
                found.push((Some(index), &rule.action));
            }
            if !outcome.no {
                return found;
            }
        }
        found.push((None, &policy.default));
        found
    }
}

fn who(pattern: TextPattern) -> Atom {
    Atom { text: format!("by {pattern}"), change: Change::Value("principal.id".to_owned(), Test::Fits(vec![pattern])) }
}

/// A comparison as a test of what an expression reads, and how the test has to come out for it to hold.
pub(super) fn test(expr: &Expr) -> Option<(&Expr, Test, bool)> {
    match &expr.kind {
        ExprKind::Var(_) | ExprKind::Field(..) if expr.ty == Type::Bool => {
            is_path(expr).then_some((expr, Test::True, true))
        }
        ExprKind::Has(inner) => is_path(inner).then_some((&**inner, Test::Present, true)),
        ExprKind::Matches(inner, patterns) => {
            let known = patterns.iter().all(|pattern| !matches!(pattern, TextPattern::Role(_)));
            (known && is_path(inner)).then(|| (&**inner, Test::Fits(patterns.clone()), true))
        }
        ExprKind::Binary(BinaryOp::In, value, list) => {
            let ExprKind::List(elements) = &list.kind else { return None };
            let text = |element: &Expr| match &element.kind {
                ExprKind::String(text) => Some(TextPattern::Exact(text.clone())),
                _ => None,
            };
            let texts = elements.iter().map(text).collect::<Option<Vec<_>>>()?;
            is_path(value).then_some((&**value, Test::Fits(texts), true))
        }
        ExprKind::Binary(op, left, right) if is_path(left) => comparison(left, *op, right),
        ExprKind::Binary(op, left, right) if is_path(right) => comparison(right, mirrored(*op), left),
        _ => None,
    }
}

/// A comparison of what an expression reads with a literal, as [`test`] has it.
fn comparison<'e>(read: &'e Expr, op: BinaryOp, literal: &Expr) -> Option<(&'e Expr, Test, bool)> {
    let equal = matches!(op, BinaryOp::Eq | BinaryOp::Ne);
    match &literal.kind {
        ExprKind::String(text) if equal => {
            Some((read, Test::Fits(vec![TextPattern::Exact(text.clone())]), op == BinaryOp::Eq))
        }
        ExprKind::Bool(value) if equal => Some((read, Test::True, *value == (op == BinaryOp::Eq))),
        _ if op == BinaryOp::Ne => Some((read, Test::Compare(BinaryOp::Eq, number(literal)?), false)),
        _ => Some((read, Test::Compare(op, number(literal)?), true)),
    }
}

/// Whether an expression reads a value where it stands.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Var(_) => true,
        ExprKind::Field(inner, _) => matches!(inner.ty, Type::Record(_)) && is_path(inner),
        _ => false,
    }
}

/// The comparison with its sides changed.
fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Ge => BinaryOp::Le,
        other => other,
    }
}

/// The number that a literal is, in its units.
fn number(literal: &Expr) -> Option<i128> {
    match &literal.kind {
        ExprKind::Int(int) | ExprKind::Duration(int) => Some(i128::from(*int)),
        ExprKind::Decimal(amount) | ExprKind::Money(amount, _) => Some(amount.units()),
        ExprKind::Risk(risk) => Some(*risk as i128),
        _ => None,
    }
}
