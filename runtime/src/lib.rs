//! What runs a plan, and brings it to an end that the proofs allow whatever happens.
//!
//! - [`core`] decides everything, and touches nothing: a pure function over events and commands.
//! - [`simulate`] runs it in a simulated world.

pub mod core;
pub mod simulate;
