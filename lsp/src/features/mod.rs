//! The features: one file each. Each is a function from a world and what the client asks to an answer.

pub mod actions;
pub mod calls;
pub mod completion;
mod context;
pub mod decision;
pub mod describe;
pub mod diagnostics;
pub mod formatting;
pub mod hover;
pub mod inlay;
mod input;
pub mod lens;
pub mod links;
pub mod navigation;
pub mod rename;
pub mod signature;
pub mod structure;
pub mod symbols;
pub mod tokens;
pub mod witness;

use gov_plan::types::Type;
use lsp_server::ErrorCode;

/// An answer, or why there is none.
pub type Answer<T> = Result<T, Refusal>;

/// Why a request is not answered, for a person.
#[derive(Debug)]
pub struct Refusal {
    /// What kind of failure it is.
    pub code: ErrorCode,
    /// Why, in words.
    pub message: String,
}

impl Refusal {
    /// What was asked cannot be done, for this reason.
    pub fn new(message: impl Into<String>) -> Refusal {
        Refusal { code: ErrorCode::RequestFailed, message: message.into() }
    }
}

/// A type as it would be written, with `?` where the value may be absent.
fn shown(ty: &Type, optional: bool) -> String {
    format!("{ty}{}", if optional { "?" } else { "" })
}
