//! How a call that was made is undone, or why it is not.

use super::Walk;
use super::gate::{Clauses, Opening, row};
use super::state::{Event, Path, Ready, State, What};
use gov_plan::eval::eval;
use gov_plan::model::{Call, Capability, Compensation, Decision, Effect, Node, ROLLBACK, Step, Table, Workflow};
use gov_plan::value::{Record, Value};

/// A call that has succeeded and is not undone.
#[derive(Debug, Clone)]
pub(crate) struct Done<'m> {
    pub path: Path,
    pub node: &'m Node,
    pub workflow: &'m Workflow,
    pub undo: Undo<'m>,
}

/// How a call is undone. Nothing that this depends on changes after the call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Undo<'m> {
    /// There is nothing to undo.
    Nothing,
    /// By a call.
    Call { capability: &'m Capability, input: Record },
    /// It is not.
    Left { capability: String, why: NotUndone },
}

/// Why a call is not undone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NotUndone {
    /// Nothing is declared that undoes it without a human.
    NotAutomatic,
    /// The arguments of the compensation cannot be evaluated, or break a refinement.
    Arguments(String),
    /// The policy does not allow the compensation.
    Refused,
    /// The policy has a human decide about it.
    Asked,
}

impl<'m> Walk<'m> {
    /// How a call is undone that has just succeeded. The step's name is bound.
    pub(super) fn undo_of_call(
        &self,
        state: &State<'m>,
        ready: &Ready<'m>,
        step: &'m Step,
        opening: &Opening<'m>,
        output: &Record,
    ) -> Undo<'m> {
        let clauses = Clauses { walk: self, input: &opening.input, output: Some(output) };
        let capability = opening.capability;
        let compensation = match &step.compensation {
            Some(table) => self.stated(state, ready, table),
            None => row(&capability.compensation, |condition| eval(condition, &clauses)),
        };
        match compensation {
            _ if !self.has_effect(opening) => Undo::Nothing,
            Some(Compensation::Automatic(call)) if step.compensation.is_some() => {
                self.compensation(state, ready, call, |expr| self.evaluate(state, &ready.scope, expr))
            }
            Some(Compensation::Automatic(call)) => self.compensation(state, ready, call, |expr| eval(expr, &clauses)),
            _ => Undo::Left { capability: capability.id.clone(), why: NotUndone::NotAutomatic },
        }
    }

    /// Whether a call does anything to the world; where its table has no row, it is taken to.
    pub(super) fn has_effect(&self, opening: &Opening<'m>) -> bool {
        let clauses = Clauses { walk: self, input: &opening.input, output: None };
        row(&opening.capability.effect, |condition| eval(condition, &clauses)) != Some(&Effect::None)
    }

    /// Undoes what was done at and below a path, the last first.
    pub(super) fn roll_back(&self, state: &mut State<'m>, frame: &Path) {
        let (mut undone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.done).into_iter().partition(|done| done.path.starts_with(frame));
        state.done = kept;
        undone.reverse();
        for done in undone {
            let what = match done.undo {
                Undo::Nothing => continue,
                Undo::Call { capability, input } => {
                    let (risk, needs_approval, approval_time) = (gov_plan::types::Risk::Low, false, 0);
                    let opening = Opening { capability, input, risk, needs_approval, approval_time };
                    let spent = self.spent(&opening, &capability.retry, capability.timeout);
                    What::Undone { capability: capability.id.clone(), spent }
                }
                Undo::Left { capability, why } => What::LeftDone { capability, why },
            };
            state.trace.push(Event { path: done.path, node: done.node, workflow: done.workflow, what });
        }
    }

    /// The row of a step's own compensation that applies.
    fn stated(&self, state: &State<'m>, ready: &Ready<'m>, table: &'m Table<Compensation>) -> Option<&'m Compensation> {
        row(table, |condition| self.evaluate(state, &ready.scope, condition))
    }

    fn compensation(
        &self,
        state: &State<'m>,
        ready: &Ready<'m>,
        call: &'m Call,
        evaluate: impl Fn(&gov_plan::expr::Expr) -> Result<Value, gov_plan::eval::EvalError>,
    ) -> Undo<'m> {
        let left = |why| Undo::Left { capability: call.capability.clone(), why };
        let Some(capability) = self.package.capability(&call.capability) else {
            return left(NotUndone::Refused);
        };
        match self.admitted(&call.arguments, &capability.input, evaluate) {
            Err(why) => left(NotUndone::Arguments(format!("{why:?}"))),
            Ok(input) => match self.decided(state, ready, ROLLBACK, capability, &input) {
                Some(Decision::Allow) => Undo::Call { capability, input },
                Some(Decision::Approval) => left(NotUndone::Asked),
                Some(Decision::Deny) | None => left(NotUndone::Refused),
            },
        }
    }
}
