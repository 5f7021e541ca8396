//! The check of certificates: that classes are never smaller than what they stand for.

mod classes;

use crate::decide::tests::generate::{self, Random};

/// How many packages are made.
fn cases() -> u64 {
    std::env::var("GOV_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150)
}

fn random(seed: u64) -> Random {
    Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}
