//! What it means that a tool gave nothing.

use crate::gate::Error;
use crate::handlers::net::{Refused, distrust};
use rmcp::model::ErrorCode;
use rmcp::service::{ClientInitializeError, ServiceError};
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, HttpStatusError, InsufficientScopeError, StreamableHttpError,
};
use std::error::Error as StdError;

/// What a failure before the call means: it did not happen.
pub(super) fn of_start(server: &str, error: &ClientInitializeError) -> Error {
    let (found, words) = match error {
        ClientInitializeError::TransportError { error, .. } => (known(&*error.error), plain(&*error.error)),
        error => (Known::default(), plain(error)),
    };
    let message = format!("the MCP server `{server}` does not answer: {}", found.words.unwrap_or(words));
    if found.is_final { Error::Permanent(message) } else { Error::Transient(message) }
}

/// What a failure of the call means.
pub(super) fn of_call(server: &str, tool: &str, error: ServiceError, repeatable: bool) -> Error {
    let perhaps = |message| if repeatable { Error::Transient(message) } else { Error::Unknown(message) };
    let at = format!("`{tool}` of `{server}`");
    match error {
        ServiceError::McpError(error) => {
            let message = format!("{at} was refused: {}", error.message);
            if error.code == ErrorCode::INTERNAL_ERROR { perhaps(message) } else { Error::Permanent(message) }
        }
        ServiceError::TransportSend(sent) => {
            let found = known(&*sent.error);
            let message = format!("{at} could not be called: {}", found.words.unwrap_or_else(|| plain(&*sent.error)));
            match (found.is_final, found.is_unsent) {
                (true, _) => Error::Permanent(message),
                (false, true) => Error::Transient(message),
                (false, false) => perhaps(message),
            }
        }
        error => perhaps(format!("{at} gave no answer: {}", plain(&error))),
    }
}

#[derive(Default)]
struct Known {
    /// Whether it will be so the next time.
    is_final: bool,
    /// Whether nothing can have happened.
    is_unsent: bool,
    words: Option<String>,
}

/// What is known of a failure by what caused it.
fn known(error: &(dyn StdError + 'static)) -> Known {
    let mut known = Known::default();
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return Known { is_final: true, is_unsent: true, words: Some(refused.to_string()) };
        }
        let auth = cause.is::<AuthRequiredError>() || cause.is::<InsufficientScopeError>();
        if auth {
            return Known {
                is_final: true,
                is_unsent: true,
                words: Some("it does not let this deployment in".to_owned()),
            };
        }
        if let Some(status) = cause.downcast_ref::<HttpStatusError>() {
            known.is_unsent |= matches!(status.status, 429 | 503);
        }
        if let Some(failed) = cause.downcast_ref::<reqwest::Error>() {
            if let Some(why) = distrust(failed) {
                return Known { is_final: true, is_unsent: true, words: Some(format!("it is not trusted: {why}")) };
            }
            known.is_unsent |= failed.is_connect();
        }
        next = match cause.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
            // It is not told as the source.
            Some(StreamableHttpError::Client(failed)) => Some(failed),
            _ => cause.source(),
        };
    }
    known
}

/// An error in words, with what caused it at its end.
fn plain(error: &dyn StdError) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    let (own, cause) = (error.to_string(), last.to_string());
    let text = if own.contains(&cause) { own } else { format!("{own}: {cause}") };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
