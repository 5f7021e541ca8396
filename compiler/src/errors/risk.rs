//! G10xx: what a capability does to the world, and the risk that it states for it.

use gov_plan::Origin;
use gov_plan::model::Capability;
use gov_plan::types::Risk;

use crate::codes::{Code, Severity};
use crate::diagnostic::{Diagnostic, Subject, Witness};
use crate::lower::span_of;

/// An irreversible call of less than high risk. `risk` and `effect` are where the two are said.
pub fn irreversible(
    capability: &Capability,
    risk: (Origin, Risk),
    effect: Origin,
    witness: Option<Witness>,
) -> Diagnostic {
    let message = format!("`{}` is irreversible and only of {} risk", capability.id, risk.1);
    let found = Diagnostic::new(Code::IrreversibleRisk, span_of(risk.0), message)
        .label("has to be `high` or `critical`")
        .help("state a risk of `high` or `critical`, or an effect that can be undone");
    finish(found, capability, effect, "the effect cannot be undone", witness)
}

/// A capability of kind `delete` of less than high risk.
pub fn delete(capability: &Capability, risk: (Origin, Risk), witness: Option<Witness>) -> Diagnostic {
    let message = format!("`{}` deletes and is only of {} risk", capability.id, risk.1);
    let found = Diagnostic::new(Code::DeleteRisk, span_of(risk.0), message)
        .label("has to be `high` or `critical`")
        .help("state a risk of `high` or `critical`; what is deleted is gone, whatever brings it back");
    finish(found, capability, capability.at, "of kind `delete`", witness)
}

/// An irreversible call without compensation of less than critical risk.
pub fn uncompensated(
    capability: &Capability,
    risk: (Origin, Risk),
    compensation: Origin,
    witness: Option<Witness>,
) -> Diagnostic {
    let message = format!("`{}` is irreversible, has no compensation, and is only of {} risk", capability.id, risk.1);
    let found = Diagnostic::new(Code::UncompensatedRisk, span_of(risk.0), message)
        .label("has to be `critical`")
        .help("state a risk of `critical`, or say how it is compensated");
    finish(found, capability, compensation, "nothing undoes it", witness)
}

/// A capability of kind `read` with an effect.
pub fn read_with_effect(capability: &Capability, effect: Origin, witness: Option<Witness>) -> Diagnostic {
    let message = format!("`{}` is of kind `read` and has an effect", capability.id);
    let found = Diagnostic::new(Code::ReadWithEffect, span_of(effect), message)
        .label("has to be `effect none`")
        .help("declare it as `write`, `delete`, `execute` or `network`, or take the effect out");
    finish(found, capability, capability.at, "of kind `read`", witness)
}

/// A table, by the name of its clause, that leaves an input without a row, or that cannot be evaluated for one.
pub fn incomplete(
    capability: &Capability,
    clause: &str,
    table: Origin,
    unevaluable: bool,
    witness: Option<Witness>,
) -> Diagnostic {
    let (message, label) = match unevaluable {
        false => (
            format!("the `{clause}` of `{}` does not cover every input", capability.id),
            "no row applies to some inputs",
        ),
        true => (
            format!("the `{clause}` of `{}` cannot be evaluated for every input", capability.id),
            "a condition overflows for some inputs",
        ),
    };
    let mut found = Diagnostic::new(Code::RiskTable, span_of(table), message)
        .label(label)
        .help("end the table with a row `… otherwise`, and bound what is computed with")
        .subject(of(capability));
    found.witness = witness.map(Box::new);
    found
}

/// A row of a table, by the name of its clause and its place from 1, that applies to no input.
pub fn unreachable_row(capability: &Capability, clause: &str, index: usize, row: Origin) -> Diagnostic {
    let message = format!("row {index} of the `{clause}` of `{}` applies to no input", capability.id);
    Diagnostic::new(Code::RiskTable, span_of(row), message)
        .severity(Severity::Warning)
        .label("the rows before it, or the types, leave nothing for it")
        .help("take the row out, or move it up if it is the exception")
        .subject(of(capability))
}

fn finish(
    found: Diagnostic,
    capability: &Capability,
    other: Origin,
    why: &str,
    witness: Option<Witness>,
) -> Diagnostic {
    let mut found = found.secondary(span_of(other), why).subject(of(capability));
    found.witness = witness.map(Box::new);
    found
}

fn of(capability: &Capability) -> Subject {
    Subject::Capability { capability: capability.id.clone() }
}
