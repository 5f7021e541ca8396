//! What the handlers of databases share.

use crate::gate::Error;
use rusqlite::ErrorCode;
use serde_json::Value as Json;

/// The most rows that a query gives.
pub(super) const MOST_ROWS: usize = 100_000;

/// The most that a query gives, in bytes of JSON.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// The table that remembers which calls were made.
pub(super) const CALLS: &str = "gov_calls";

/// The values that a statement is given.
pub(super) fn parameters(input: &Json) -> &[Json] {
    input.get("params").and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// That a query gives more than a handler answers with.
pub(super) fn too_much() -> Error {
    Error::Permanent(format!(
        "the query gives more than {MOST_ROWS} rows or {MOST_BYTES} bytes: ask for less, with `limit` for instance"
    ))
}

/// What a failure of SQLite means: whether it may be gone the next time.
pub(super) fn failed(of: &str, error: &rusqlite::Error) -> Error {
    let message = format!("{of}: {error}");
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed,
        ) => Error::Transient(message),
        Some(ErrorCode::OperationInterrupted) => Error::Transient(format!("{of}: the statement is not done in time")),
        _ => Error::Permanent(message),
    }
}
