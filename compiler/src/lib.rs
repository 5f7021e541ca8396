//! The Gov compiler: a function from texts to diagnostics and a plan. It knows neither files nor terminals.

mod check;
pub mod codes;
mod compile;
pub mod diagnostic;
pub mod diff;
pub mod errors;
pub mod fix;
pub mod format;
mod header;
pub mod index;
pub mod lower;
pub mod manifest;
pub mod package;
pub mod source;
pub mod verify;

pub use check::{accept, at_cursor, check, check_indexed, prove, settle};
pub use compile::compile;
