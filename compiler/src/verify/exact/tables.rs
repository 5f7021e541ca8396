//! Questions about the tables of a capability, answered exactly.

use super::alphabet::Alphabet;
use super::cell::{Cell, Effort, Region, intersect, uncovered};
use super::condition::Compiler;
use super::materialize::Builder;
use super::scope::Scope;
use super::space::Space;
use crate::verify::capability::{self, Clause, Part};
use crate::verify::question::Answer;
use crate::verify::replay;
use gov_plan::model::{Capability, Package, Table};
use gov_plan::value::Record;
use std::collections::BTreeMap;

/// The most cells and splits that one question may take.
const EFFORT: u32 = 50_000;

/// The tables of one capability, as regions.
pub(crate) struct Tables<'p> {
    package: &'p Package,
    capability: &'p Capability,
    alphabet: &'p Alphabet,
    space: Space,
    impossible: Region,
    clauses: BTreeMap<Clause, Regions>,
}

/// Where which row of a table applies.
struct Regions {
    rows: Vec<Region>,
    left: Region,
    unevaluable: Region,
}

impl<'p> Tables<'p> {
    /// The tables of a capability.
    pub fn new(package: &'p Package, capability: &'p Capability, alphabet: &'p Alphabet) -> Tables<'p> {
        let mut space = Space::default();
        let mut compiler = Compiler { package, alphabet, space: &mut space, mark: "" };
        let impossible = compiler.impossible("input", &capability.input);
        let scope = Scope::of_clauses(&capability.input);
        let clauses = BTreeMap::from([
            (Clause::Effect, regions(&mut compiler, &capability.effect, &scope)),
            (Clause::Risk, regions(&mut compiler, &capability.risk, &scope)),
            (Clause::Approval, regions(&mut compiler, &capability.approval, &scope)),
            (Clause::Compensation, regions(&mut compiler, &capability.compensation, &scope)),
            (Clause::Cost, regions(&mut compiler, &capability.cost, &scope)),
        ]);
        Tables { package, capability, alphabet, space, impossible, clauses }
    }

    fn region(&self, part: Part) -> Region {
        let of = |clause: Clause| self.clauses.get(&clause);
        match part {
            Part::Row(clause, index) => of(clause).and_then(|regions| regions.rows.get(index)).cloned(),
            Part::NoRow(clause) => of(clause).map(|regions| regions.left.clone()),
            Part::Unevaluable(clause) => of(clause).map(|regions| regions.unevaluable.clone()),
        }
        .unwrap_or_default()
    }
}

impl capability::Tables for Tables<'_> {
    fn find(&mut self, parts: &[Part]) -> Answer<Record> {
        let region = parts.iter().fold(vec![Cell::whole()], |region, part| intersect(&region, &self.region(*part)));
        let covers: Vec<&Cell> = self.impossible.iter().collect();
        let mut effort = Effort(EFFORT);
        let mut unknown = None;
        for cell in &region {
            match uncovered(cell, &covers, &|slot| self.space.domain(slot), &mut effort) {
                Ok(None) => {}
                Ok(Some(cell)) => {
                    let builder = Builder { space: &self.space, alphabet: self.alphabet };
                    let input = builder.record(&cell, "input", &self.capability.input);
                    match input.filter(|input| replay::has_parts(self.package, self.capability, parts, input)) {
                        Some(input) => return Answer::Yes(input),
                        None => unknown = Some("conditions that are beyond the exact procedure".to_owned()),
                    }
                }
                Err(_) => return Answer::Unknown("too many cases for the exact procedure".to_owned()),
            }
        }
        unknown.map_or(Answer::No(Vec::new()), Answer::Unknown)
    }
}

fn regions<V>(compiler: &mut Compiler<'_>, table: &Table<V>, scope: &Scope<'_>) -> Regions {
    let rows = compiler.table(table, scope);
    Regions {
        rows: rows.rows.into_iter().map(|(region, _, _)| region).collect(),
        left: rows.left,
        unevaluable: rows.unevaluable,
    }
}
