//! The typed view of a tree: items, clauses, rules and statements with their spans.
//!
//! What could not be read is left out, and what holds it says so (`broken`), so that later passes do not complain about
//! what they cannot see.

mod build;
mod capability;
pub(crate) mod direct;
mod expr;
mod item;
mod policy;
mod proof;
mod reuse;
mod spans;
mod types;
mod workflow;

pub use capability::*;
pub use expr::*;
pub use item::*;
pub use policy::*;
pub use proof::*;
pub use spans::Spans;
pub use types::*;
pub use workflow::*;

pub(crate) use types::refinement;

use crate::Span;

/// A word of the source and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The text, as written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
