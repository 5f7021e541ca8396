//! The server as a client sees it: a real one over an in-memory connection.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what they expect so"
)]

mod actions;
mod broken;
mod client;
mod completion;
mod editing;
mod navigation;
mod offered;
mod proving;
mod reading;

/// A small package in which everything has its place.
pub const SHOP: &str = include_str!("shop.gov");
