//! What is finite, or a matter of intervals, decided exactly and without a solver.
//!
//! Shares no code with [`super::encode`]: both read the definition of the language for themselves, and are compared in tests.
//! `docs/adr/` says why the procedure is exact.

pub(crate) mod alphabet;
pub(crate) mod cell;
pub(crate) mod condition;
mod facts;
pub(crate) mod materialize;
mod requests;
pub(crate) mod scope;
pub(crate) mod set;
pub(crate) mod space;
mod state;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod workflow;

pub(crate) use alphabet::Alphabet;
pub(crate) use requests::{Point, Requests, signature};
pub(crate) use tables::Tables;
