//! Questions about the tables of a capability, put to the solver.

use super::requests::rows;
use super::symbol::Symbol;
use super::{Encoder, Scope, Sort, Term};
use crate::verify::capability::{self, Clause, Part};
use crate::verify::question::Answer;
use crate::verify::replay;
use crate::verify::solver::{self, Session};
use gov_plan::model::{Capability, Package, Table};
use gov_plan::value::{Record, Value};
use std::collections::BTreeMap;

/// The tables of one capability, as terms.
pub(crate) struct Tables<'s, 'o, 'p> {
    session: &'s mut Session<'o>,
    package: &'p Package,
    capability: &'p Capability,
    terms: Option<Terms<'p>>,
}

struct Terms<'p> {
    encoder: Encoder<'p>,
    input: Symbol,
    given: Term,
    clauses: BTreeMap<Clause, Applies>,
}

/// Where which row of a table applies.
struct Applies {
    rows: Vec<Term>,
    fails: Term,
}

impl<'s, 'o, 'p> Tables<'s, 'o, 'p> {
    /// The tables of a capability, with the session that is asked about them.
    pub fn new(session: &'s mut Session<'o>, package: &'p Package, capability: &'p Capability) -> Tables<'s, 'o, 'p> {
        Tables { session, package, capability, terms: None }
    }
}

impl<'p> Terms<'p> {
    fn of(package: &'p Package, capability: &'p Capability) -> Terms<'p> {
        let mut encoder = Encoder::new(package);
        let requester = Scope { names: BTreeMap::new(), requester: Some(Term::var("principal", Sort::Text)) };
        let (input, given) = encoder.declare_fields("input", &capability.input, &requester);
        let mut scope = requester;
        for field in capability.input.iter() {
            scope.names.insert(field.name.clone(), input.field(&field.name));
        }
        let clauses = BTreeMap::from([
            (Clause::Effect, applies(&mut encoder, &capability.effect, &scope)),
            (Clause::Risk, applies(&mut encoder, &capability.risk, &scope)),
            (Clause::Approval, applies(&mut encoder, &capability.approval, &scope)),
            (Clause::Compensation, applies(&mut encoder, &capability.compensation, &scope)),
            (Clause::Cost, applies(&mut encoder, &capability.cost, &scope)),
        ]);
        Terms { encoder, input, given, clauses }
    }

    fn part(&self, part: Part) -> Term {
        let (Part::Row(clause, _) | Part::NoRow(clause) | Part::Unevaluable(clause)) = part;
        let Some(applies) = self.clauses.get(&clause) else { return Term::bool(false) };
        match part {
            Part::Row(_, index) => applies.rows.get(index).cloned().unwrap_or_else(|| Term::bool(false)),
            Part::NoRow(_) => Term::any(applies.rows.iter().cloned()).or(&applies.fails).not(),
            Part::Unevaluable(_) => applies.fails.clone(),
        }
    }
}

impl capability::Tables for Tables<'_, '_, '_> {
    fn find(&mut self, parts: &[Part]) -> Answer<Record> {
        let (package, capability) = (self.package, self.capability);
        let terms = self.terms.get_or_insert_with(|| Terms::of(package, capability));
        let mut assertions: Vec<Term> = parts.iter().map(|part| terms.part(*part)).collect();
        if assertions.iter().any(|term| term.as_bool() == Some(false)) {
            return Answer::No(Vec::new());
        }
        assertions.extend([terms.given.clone(), terms.encoder.facts()]);
        match self.session.ask("tables", &assertions) {
            solver::Answer::Never(digest) => Answer::No(vec![digest]),
            solver::Answer::Unknown(why) => Answer::Unknown(why),
            solver::Answer::Found(model) => {
                let found = match terms.encoder.decode_fields(&terms.input, &capability.input, &model) {
                    Some(Value::Record(record)) => Some(record),
                    _ => None,
                };
                match found.filter(|input| replay::has_parts(package, capability, parts, input)) {
                    Some(input) => Answer::Yes(input),
                    None => Answer::Unknown(
                        "the solver found a case that could not be replayed: it may be one that does not exist"
                            .to_owned(),
                    ),
                }
            }
        }
    }
}

fn applies<V>(encoder: &mut Encoder<'_>, table: &Table<V>, scope: &Scope) -> Applies {
    let rows = rows(encoder, table, scope);
    Applies { rows: rows.rows.into_iter().map(|(_, applies)| applies).collect(), fails: rows.fails }
}
