//! The same measures as `bench/src/measure.rs` takes of Gov.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};

/// Runs something once: how many nanoseconds it took, and what it gave.
pub fn once<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let given = black_box(run());
    (start.elapsed().as_nanos() as f64, given)
}

/// Some times as least, median and 99th percentile.
pub fn times(mut nanoseconds: Vec<f64>) -> Value {
    nanoseconds.sort_by(f64::total_cmp);
    let at = |share: f64| nanoseconds[((nanoseconds.len() - 1) as f64 * share).round() as usize];
    json!({ "least": at(0.0), "median": at(0.5), "p99": at(0.99) })
}

/// The memory of this process's own that is in use, in bytes, without the pages of its program.
pub fn memory() -> u64 {
    figure("self", "RssAnon:")
}

/// The memory of a process that is in use, in bytes; zero where the system does not say.
pub fn memory_of(process: &str) -> u64 {
    figure(process, "VmRSS:")
}

fn figure(process: &str, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// How many requests are decided for `size` rules, and in how many passes, where a decision takes time for each rule.
pub fn passes(size: usize) -> usize {
    match size {
        0..=100 => 10,
        101..=1_000 => 3,
        _ => 1,
    }
}
