//! Workflows, walked with concrete values: one state, and what may happen next in it.
//!
//! This is the second account of what a workflow means, next to the encoding for the solver, and shares no code with it.
//! Witnesses are replayed here before they are shown, and tests walk every execution of small workflows to compare what is
//! found with what was proved.
//!
//! - [`state`]: how far an execution is, and what is ready in it;
//! - [`act`]: what may become of what is ready;
//! - [`gate`]: one call before it is made: its arguments, their refinements, its risk, the policy's decision;
//! - [`undo`]: how a call that was made is undone, or why it is not;
//! - [`spent`]: what an execution took;
//! - [`replay`]: a walk that follows a witness.

pub(crate) mod act;
pub(crate) mod gate;
pub(crate) mod replay;
pub(crate) mod spent;

pub(crate) mod state;
pub(crate) mod undo;

use gov_plan::model::{Package, Workflow};
use gov_plan::value::Record;
use std::sync::Arc;

/// What an execution is given from outside, and never changes in it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The arguments.
    pub params: Record,
    /// The context.
    pub context: Record,
    /// Roles that requests assert: the principal and the role.
    pub asserted: Vec<(String, String)>,
    /// The tenant of whoever asks, where there is one.
    pub tenant: Option<String>,
}

/// A workflow in a world.
#[derive(Debug, Clone)]
pub(crate) struct Walk<'m> {
    pub package: &'m Package,
    pub workflow: &'m Workflow,
    pub world: Arc<World>,
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by panicking"
)]
pub(crate) mod explore;
