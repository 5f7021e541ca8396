//! The proofs against what they speak of: the two ways against each other, against a brute-force reading of every request,
//! and the encoding against the evaluator.
//!
//! How many cases are tried is 500 by default and what `GOV_CASES` says otherwise; the counts are printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests say what they expect by panicking"
)]

mod brute;
pub(super) mod certificates;
mod culprits;
mod cvc5;
mod expressions;
mod meaning;

pub(crate) mod packages;
pub(crate) mod random;
pub(crate) mod spread;
mod ways;

/// How many cases a comparison tries.
pub(crate) fn cases() -> u64 {
    std::env::var("GOV_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500)
}
