//! Work that is shared among the processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The threads that so much work is worth, of which `share` is worth one.
pub(crate) fn threads(work: usize, share: usize) -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(work.div_ceil(share))
}

/// Does jobs, which are taken in the order that is given, by so many threads. Each thread has a state of its own.
///
/// # Errors
///
/// That of the failing job with the least number, whatever the order and the threads. A failing job ends no other.
pub(crate) fn each<S, E: Send>(
    order: &[usize],
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let first: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let thread = || {
        let mut state = state();
        while let Some(job) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = work(&mut state, *job) {
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                if first.as_ref().is_none_or(|(known, _)| job < known) {
                    *first = Some((*job, error));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(order.len()) {
            scope.spawn(thread);
        }
        thread();
    });
    match first.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::each;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_job_is_done_once_and_the_least_failing_one_is_told() {
        for threads in [1, 2, 7] {
            for failing in [vec![], vec![90], vec![40, 3, 77]] {
                let done: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
                let order: Vec<usize> = (0..100).map(|job| (job * 37) % 100).collect();
                let told = each(
                    &order,
                    threads,
                    || 0,
                    |own: &mut usize, job| {
                        *own += 1;
                        done[job].fetch_add(1, Ordering::Relaxed);
                        if failing.contains(&job) { Err(job) } else { Ok(()) }
                    },
                );
                assert_eq!(told.err(), failing.iter().copied().min());
                assert!(done.iter().all(|times| times.load(Ordering::Relaxed) == 1));
            }
        }
    }
}
