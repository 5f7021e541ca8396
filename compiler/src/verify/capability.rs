//! The obligations of capabilities: what they do to the world, and the risk that they state for it (G1001 to G1005).

use super::encode::tables::Tables as Encoded;
use super::exact::{Alphabet, Tables as Exact};
use super::policy::{names, proof};
use super::question::Answer;
use super::report::{Evidence, Outcome, Proof};
use super::units::{Found, Unit};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject, Witness};
use crate::errors::risk as errors;
use gov_plan::Origin;
use gov_plan::model::{Capability, CapabilityKind, Compensation, Effect, Package, Row, Table};
use gov_plan::types::Risk;
use gov_plan::value::{Record, Value};
use std::sync::Arc;

/// One unit of work for each capability that the package declares itself.
pub(super) fn units<'p>(package: &'p Package, alphabet: &Arc<Alphabet>) -> Vec<Unit<'p>> {
    let own = package.capabilities.iter().filter(|capability| capability.package == package.name);
    let unit = |capability: &'p Capability| -> Unit<'p> {
        let alphabet = Arc::clone(alphabet);
        Unit {
            name: format!("capability-{}", capability.id),
            subject: Subject::Capability { capability: capability.id.clone() },
            at: capability.at,
            work: Box::new(move |session, found| {
                let mut way = Both {
                    exact: Exact::new(package, capability, &alphabet),
                    solver: Encoded::new(session, package, capability),
                };
                judge(capability, &mut way, found);
            }),
        }
    };
    own.map(unit).collect()
}

/// The tables of a capability, by their clauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Clause {
    Effect,
    Risk,
    Approval,
    Compensation,
    Cost,
}

impl Clause {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Clause::Effect => "effect",
            Clause::Risk => "risk",
            Clause::Approval => "approval",
            Clause::Compensation => "compensate",
            Clause::Cost => "cost",
        }
    }
}

/// What is asked of the tables of a capability: is there an input for which all of these apply?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The row at this place, from 0, is the one that applies.
    Row(Clause, usize),
    /// No row applies, and every condition could be evaluated.
    NoRow(Clause),
    /// A condition that is reached cannot be evaluated.
    Unevaluable(Clause),
}

/// A way of proof about the tables of one capability.
pub(super) trait Tables {
    /// An input of which all parts are true.
    fn find(&mut self, parts: &[Part]) -> Answer<Record>;
}

/// Exactly where that is possible, and by the solver otherwise.
struct Both<A, B> {
    exact: A,
    solver: B,
}

impl<A: Tables, B: Tables> Tables for Both<A, B> {
    fn find(&mut self, parts: &[Part]) -> Answer<Record> {
        match self.exact.find(parts) {
            Answer::Unknown(_) => self.solver.find(parts),
            settled => settled,
        }
    }
}

/// Settles all obligations of a capability in one way of proof.
pub(super) fn judge(capability: &Capability, way: &mut dyn Tables, found: &mut Found) {
    let mut judge = Judge { capability, way, found };
    judge.risks();
    judge.total(Clause::Effect, &capability.effect, true);
    judge.total(Clause::Risk, &capability.risk, true);
    judge.total(Clause::Approval, &capability.approval, false);
    judge.total(Clause::Compensation, &capability.compensation, true);
    judge.total(Clause::Cost, &capability.cost, false);
    judge.approvers();
}

struct Judge<'a> {
    capability: &'a Capability,
    way: &'a mut dyn Tables,
    found: &'a mut Found,
}

impl Judge<'_> {
    fn risks(&mut self) {
        let capability = self.capability;
        let of_kind = |kind| capability.kind == kind;
        let irreversible = |effect: &Effect, _: &Compensation| effect.is_irreversible();
        self.at_least(Code::IrreversibleRisk, Risk::High, &irreversible, |risk, effect, _, witness| {
            errors::irreversible(capability, risk, effect, witness)
        });
        if of_kind(CapabilityKind::Delete) {
            self.at_least(Code::DeleteRisk, Risk::High, &|_, _| true, |risk, _, _, witness| {
                errors::delete(capability, risk, witness)
            });
        }
        let uncompensated = |effect: &Effect, compensation: &Compensation| {
            effect.is_irreversible() && matches!(compensation, Compensation::None(_) | Compensation::NotNeeded)
        };
        self.at_least(Code::UncompensatedRisk, Risk::Critical, &uncompensated, |risk, _, compensation, witness| {
            errors::uncompensated(capability, risk, compensation, witness)
        });
        if of_kind(CapabilityKind::Read) {
            self.reads_only();
        }
    }

    /// For every input whose effect and compensation are so, the risk is at least this.
    fn at_least(
        &mut self,
        code: Code,
        level: Risk,
        concerns: &dyn Fn(&Effect, &Compensation) -> bool,
        report: impl Fn((Origin, Risk), Origin, Origin, Option<Witness>) -> Diagnostic,
    ) {
        let capability = self.capability;
        let mut digests = Vec::new();
        let mut outcome = None;
        for (risk_index, risk) in capability.risk.rows.iter().enumerate().filter(|(_, row)| row.value < level) {
            for (effect_index, effect) in capability.effect.rows.iter().enumerate() {
                for (undo_index, undo) in capability.compensation.rows.iter().enumerate() {
                    if !concerns(&effect.value, &undo.value) {
                        continue;
                    }
                    let parts = [
                        Part::Row(Clause::Risk, risk_index),
                        Part::Row(Clause::Effect, effect_index),
                        Part::Row(Clause::Compensation, undo_index),
                    ];
                    match self.way.find(&parts) {
                        Answer::No(more) => digests.extend(more),
                        Answer::Unknown(why) => {
                            return self.found.unproved(code, self.subject(), capability.at, &why);
                        }
                        Answer::Yes(input) if outcome.is_none() => {
                            let witness = self.witness(&input, risk, effect, undo);
                            let at = (place(capability, &capability.risk, risk), risk.value);
                            let effect_at = place(capability, &capability.effect, effect);
                            let undo_at = place(capability, &capability.compensation, undo);
                            let found = report(at, effect_at, undo_at, witness.clone());
                            self.found.diagnostics.push(found);
                            outcome = Some(Outcome::Refuted(evidence(witness)));
                        }
                        Answer::Yes(_) => {}
                    }
                }
            }
        }
        let outcome = outcome.unwrap_or_else(|| Outcome::Proved(proof(digests)));
        self.found.settle(code, self.subject(), outcome);
    }

    /// G1004: no input of a capability that reads has an effect.
    fn reads_only(&mut self) {
        let capability = self.capability;
        let mut digests = Vec::new();
        for (index, row) in capability.effect.rows.iter().enumerate().filter(|(_, row)| row.value != Effect::None) {
            match self.way.find(&[Part::Row(Clause::Effect, index)]) {
                Answer::No(more) => digests.extend(more),
                Answer::Unknown(why) => {
                    return self.found.unproved(Code::ReadWithEffect, self.subject(), capability.at, &why);
                }
                Answer::Yes(input) => {
                    let witness = row.when.as_ref().map(|_| self.input(&input));
                    let at = place(capability, &capability.effect, row);
                    self.found.diagnostics.push(errors::read_with_effect(capability, at, witness.clone()));
                    let outcome = Outcome::Refuted(evidence(witness));
                    return self.found.settle(Code::ReadWithEffect, self.subject(), outcome);
                }
            }
        }
        self.found.settle(Code::ReadWithEffect, self.subject(), Outcome::Proved(proof(digests)));
    }

    /// G1005: some row applies to every input, where one is `needed`, and every row to some input.
    fn total<V>(&mut self, clause: Clause, table: &Table<V>, needed: bool) {
        if table.rows.iter().all(|row| row.when.is_none()) && table.rows.len() < 2 {
            return;
        }
        let capability = self.capability;
        let mut digests = Vec::new();
        let mut refuted = None;
        let gaps: &[Part] = match needed {
            true => &[Part::NoRow(clause), Part::Unevaluable(clause)],
            false => &[Part::Unevaluable(clause)],
        };
        for gap in gaps {
            match self.way.find(&[*gap]) {
                Answer::No(more) => digests.extend(more),
                Answer::Unknown(why) => return self.found.unproved(Code::RiskTable, self.subject(), table.at, &why),
                Answer::Yes(input) => {
                    let unevaluable = matches!(gap, Part::Unevaluable(_));
                    let witness = Some(self.input(&input));
                    let found = errors::incomplete(capability, clause.name(), table.at, unevaluable, witness.clone());
                    self.found.diagnostics.push(found);
                    refuted.get_or_insert(evidence(witness));
                }
            }
        }
        for (index, row) in table.rows.iter().enumerate() {
            match self.way.find(&[Part::Row(clause, index)]) {
                Answer::Yes(_) => {}
                Answer::Unknown(why) => return self.found.unproved(Code::RiskTable, self.subject(), row.at, &why),
                Answer::No(_) => {
                    let found = errors::unreachable_row(capability, clause.name(), index + 1, row.at);
                    self.found.diagnostics.push(found);
                    refuted.get_or_insert(Evidence::None);
                }
            }
        }
        let outcome = match refuted {
            Some(evidence) => Outcome::Refuted(evidence),
            None => Outcome::Proved(proof(digests)),
        };
        self.found.settle(Code::RiskTable, self.subject(), outcome);
    }

    /// G1206: an approval that the capability itself wants can be given by somebody.
    fn approvers(&mut self) {
        for approval in self.capability.approval.rows.iter().filter_map(|row| row.value.as_ref()) {
            let outcome = match names(approval) {
                Some(names) if names.len() < approval.quorum as usize => {
                    let found = crate::errors::policy::too_few_approvers(&self.subject(), approval, names.len());
                    self.found.diagnostics.push(found);
                    Outcome::Refuted(Evidence::None)
                }
                _ => Outcome::Proved(Proof::Exact(Evidence::None)),
            };
            self.found.settle(Code::NobodyCanApprove, self.subject(), outcome);
        }
    }

    fn subject(&self) -> Subject {
        Subject::Capability { capability: self.capability.id.clone() }
    }

    /// An input as a witness, where something depends on it.
    fn witness(
        &self,
        input: &Record,
        risk: &Row<Risk>,
        effect: &Row<Effect>,
        undo: &Row<Compensation>,
    ) -> Option<Witness> {
        let depends = risk.when.is_some() || effect.when.is_some() || undo.when.is_some();
        let capability = self.capability;
        let tables = capability.risk.rows.len() + capability.effect.rows.len() + capability.compensation.rows.len();
        (depends || tables > 3).then(|| self.input(input))
    }

    fn input(&self, input: &Record) -> Witness {
        let object = match Value::Record(input.clone()).to_json() {
            serde_json::Value::Object(object) => object,
            _ => serde_json::Map::new(),
        };
        Witness { capability: Some(self.capability.id.clone()), input: Some(object), ..Witness::default() }
    }
}

fn evidence(witness: Option<Witness>) -> Evidence {
    witness.map_or(Evidence::None, |witness| Evidence::Witness(Box::new(witness)))
}

/// Where a row stands: the capability's head where its table was not written.
fn place<V>(capability: &Capability, table: &Table<V>, row: &Row<V>) -> Origin {
    if table.stated { row.at } else { capability.at }
}
