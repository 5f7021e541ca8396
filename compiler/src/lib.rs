//! The Gov compiler: a function from texts to diagnostics and a plan. It knows neither files nor terminals.

pub mod codes;
pub mod diagnostic;
pub mod errors;
pub mod fix;
pub mod source;
