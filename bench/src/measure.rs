//! Taking times, and what is said about them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How long something took, over several times, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// The least.
    pub least: f64,
    /// The one in the middle.
    pub median: f64,
    /// The one that 99 of 100 are below.
    pub p99: f64,
}

impl Times {
    /// From single times, of which there is at least one.
    pub fn of(mut nanoseconds: Vec<f64>) -> Times {
        nanoseconds.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = nanoseconds.len().saturating_sub(1);
            nanoseconds.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
        };
        Times { least: at(0.0), median: at(0.5), p99: at(0.99) }
    }
}

/// Runs something `times` times and takes the time of each.
pub fn repeat<T>(times: usize, mut run: impl FnMut() -> T) -> Times {
    Times::of((0..times.max(1)).map(|_| once(&mut run).0).collect())
}

/// Runs something once: how many nanoseconds it took, and what it gave.
pub fn once<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let given = black_box(run());
    (start.elapsed().as_nanos() as f64, given)
}

/// What taking a time takes itself, in nanoseconds: the median of many empty ones.
pub fn clock() -> f64 {
    repeat(10_000, || ()).median
}

/// The memory of this process in bytes that is in use now, and the most that ever was; zero where the system does not say.
pub fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| kilobytes(&status, name).saturating_mul(1024);
    (field("VmRSS:"), field("VmHWM:"))
}

/// The memory of this process's own that is in use, in bytes, without the pages of its program.
pub fn own_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    kilobytes(&status, "RssAnon:").saturating_mul(1024)
}

/// A figure of what the system says of a process; zero where it does not say.
pub fn kilobytes(status: &str, name: &str) -> u64 {
    field(status, name).and_then(|figure| figure.parse().ok()).unwrap_or(0)
}

/// The first word behind a name in what the system says of a process.
pub fn field<'s>(status: &'s str, name: &str) -> Option<&'s str> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()
}

/// The exponent of growth: the slope of the least-squares line through the logarithms of sizes and times. One is linear.
///
/// Nothing where there are fewer than two sizes.
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = points.iter().map(|(size, time)| (size.ln(), time.ln())).collect();
    let count = logs.len() as f64;
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let above: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let below: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    (logs.len() > 1 && below > 0.0).then(|| above / below)
}

/// How many times a second the disk below `folder` makes 4 KiB durable: the rate that bounds whatever keeps a journal.
pub fn fdatasync_rate(folder: &std::path::Path) -> std::io::Result<f64> {
    use std::io::{Seek, Write};
    let path = folder.join("fdatasync.tmp");
    let mut file = std::fs::File::create(&path)?;
    let (block, start, mut count) = ([7_u8; 4096], Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(1) {
        file.seek(std::io::SeekFrom::Start(u64::from(count % 256) * 4096))?;
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    std::fs::remove_file(&path)?;
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_found_again() {
        let square: Vec<_> = [10.0, 100.0, 1000.0].map(|size: f64| (size, 3.0 * size * size)).to_vec();
        assert!((exponent(&square).unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(exponent(&square[..1]), None);
    }

    #[test]
    fn the_middle_and_the_tail_are_told_apart() {
        let times = Times::of((0..=100).rev().map(f64::from).collect());
        assert_eq!((times.least, times.median, times.p99), (0.0, 50.0, 99.0));
    }
}
