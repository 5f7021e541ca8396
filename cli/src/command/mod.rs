//! The commands: one file each, with its arguments and what it does.

pub mod check;
pub mod compile;
pub mod completions;
pub mod decide;
pub mod explain;
pub mod fmt;
pub mod new;
pub mod run;
pub mod show;
