//! What the difference says of policies, against every single request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests say what they expect by panicking"
)]

mod brute;
mod examples;
mod mutate;
