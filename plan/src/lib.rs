//! What Gov executes: the model of a package, its expressions, its decisions, its certificate, and the differences of plans.
//!
//! No solver, no input or output, and no thread that outlives the call that needs it: a runtime can hold all of it.

pub mod certificate;
mod currency;
pub mod decide;
mod decimal;
pub mod document;
pub mod eval;
pub mod expr;
pub mod model;
mod origin;
mod parallel;
pub mod pattern;
pub mod print;
pub mod text;
pub mod types;
pub mod typing;
pub mod value;

pub use decimal::{Decimal, ParseError, SCALE};
pub use origin::Origin;
