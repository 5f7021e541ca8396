//! Answers without a solver, which share no code with the encoding for it.

pub(crate) mod workflow;
