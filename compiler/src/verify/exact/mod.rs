//! What is finite, or a matter of intervals, decided exactly and without a solver.
//!
//! Shares no code with [`super::encode`]: both read the definition of the language for themselves, and are compared in tests.
//! `docs/adr/` says why the procedure is exact.

mod alphabet;
mod cell;
mod condition;
mod facts;
mod materialize;
mod requests;
mod scope;
mod set;
mod space;
mod state;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod workflow;

pub(crate) use alphabet::Alphabet;
pub(crate) use requests::{Point, Requests};
pub(crate) use tables::Tables;
