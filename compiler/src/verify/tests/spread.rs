//! Cases put to a comparison on every core.

use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many cases lie between two words on how far it is.
const WORD_EVERY: u64 = 1000;

/// The cases of a comparison: as many as said, or as `GOV_CASES` says, from 0, or from where `GOV_SEED` says.
pub(crate) fn numbered(or: u64) -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let start: u64 = number("GOV_SEED").unwrap_or(0);
    start..start + number("GOV_CASES").unwrap_or(or)
}

/// Says how much was compared: where the test runs, and in the file that `GOV_COUNTS` names, out of which `make test` tells it.
pub(crate) fn tell(count: &str) {
    println!("{count}");
    if let Some(file) = std::env::var_os("GOV_COUNTS") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        writeln!(file, "{count}").unwrap();
    }
}

/// Puts cases to a comparison, and gives what came of each, in order. A case that panics ends it.
pub(crate) fn spread<T: Send>(what: &str, cases: Range<u64>, compare: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(cases.start);
    let work = || {
        let mut seen = Vec::new();
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= cases.end {
                return seen;
            }
            if case > cases.start && case.is_multiple_of(WORD_EVERY) {
                println!("{what}: at case {case} of {} to {}", cases.start, cases.end);
            }
            match catch_unwind(AssertUnwindSafe(|| compare(case))) {
                Ok(came) => seen.push((case, came)),
                Err(panic) => {
                    eprintln!("{what}: case {case} fails");
                    next.store(cases.end, Ordering::Relaxed);
                    resume_unwind(panic);
                }
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut seen: Vec<(u64, T)> = std::thread::scope(|scope| {
        let large = || std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).unwrap();
        let workers: Vec<_> = (0..workers).map(|_| large()).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    seen.sort_by_key(|(case, _)| *case);
    seen.into_iter().map(|(_, came)| came).collect()
}

#[test]
fn each_case_is_put_once_and_in_order() {
    assert_eq!(spread("squares", 3..40, |case| case * case), (3..40).map(|case| case * case).collect::<Vec<_>>());
}
