//! The interpreter: a pure function from a state and an event to the next state and what has to be done.
//!
//! There is no clock, no randomness, no input or output here, and no collection without an order. What happens to a run is
//! decided here and nowhere else: retries, deadlines, the order of compensation, approvals, budgets, cancellation. Every
//! host shares it, and folding a journal again gives the same states and the same commands.
//!
//! A state holds facts, not a position: which statements have begun, what was answered, what was undone. At every event the
//! workflow is walked from its beginning over those facts (`walk`) until what is not yet known; there, what has to begin is
//! begun. So a branch, a loop or a nested workflow needs no program counter that could be wrong.

mod approvals;
mod budget;
mod calls;
mod command;
pub mod digest;
mod event;
mod failure;
mod ids;
mod machine;
mod ruling;
mod scope;
mod state;
mod status;
mod undo;
mod walk;

#[cfg(test)]
pub(crate) mod tests;

pub use approvals::{Lost, may_decide};
pub use command::{Became, Command, Effect, Finish, GateEnd, Mark, Question, Ruling, Spending};
pub use event::{Decided, Event, EventKind, Finding, Outcome, Refusal, Resolved, Start, Verdict};
pub use failure::{Failure, Kind};
pub use ids::{CallId, GateId, Place, Timer};
pub use machine::{Branch, admit, step, step_along};
pub use ruling::decision_name;
pub use scope::{Clauses, Roles};
pub use state::{Answer, Call, End, Gate, Instance, Phase, Spent, Stage, State, Statement, Step, Undo, Undoing, Work};
pub use status::Status;
