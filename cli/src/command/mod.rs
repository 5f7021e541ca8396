//! The commands: one file each, with its arguments and what it does.

pub mod approve;
pub mod audit;
pub mod cancel;
pub mod check;
pub mod compile;
pub mod completions;
pub mod decide;
pub mod diff;
pub mod explain;
pub mod fmt;
pub mod graph;
pub mod import;
pub mod lsp;
pub mod new;
pub mod replay;
pub mod resolve;
pub mod resume;
pub mod run;
pub mod runs;
pub mod show;
pub mod test;
pub mod worker;
