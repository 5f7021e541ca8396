//! What runs a plan, and brings it to an end that the proofs allow whatever happens.
//!
//! - [`core`] decides everything, and touches nothing: a pure function over events and commands.
//! - [`gate`] is the one way to what does something.
//! - [`handlers`] are what does something, as a [`deployment`] allows it.
//! - [`host`] keeps the journal, and drives the one through the other.
//! - [`account`] tells what became of a run.
//! - [`replay`] folds a journal again, and finds where it would go another way.
//! - [`simulate`] runs the machine in a simulated world; [`testing`] runs the tests of a package there.

pub mod account;
pub mod core;
pub mod deployment;
pub mod gate;
pub mod handlers;
pub mod host;
mod plan;
pub mod replay;
pub mod simulate;
pub mod testing;

pub use plan::Plan;
