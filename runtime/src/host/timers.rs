//! The timers of the runs that this process may drive.
//!
//! Those that are due soon are held here; the rest stays in the store, so that a hundred thousand waiting runs cost nothing.

use super::Error;
use super::embedded::Inner;
use super::store::Due;
use crate::core::Timer;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// How far ahead timers are held, in milliseconds.
const HORIZON: i64 = 10 * 60 * 1_000;

/// Timers, by when they are due.
#[derive(Default)]
pub(super) struct Timers {
    due: Mutex<BTreeSet<Due>>,
    /// Up to when those of the store are held too.
    read_until: Mutex<i64>,
    changed: Notify,
}

impl Timers {
    /// Holds a timer that is durable.
    pub(super) fn arm(&self, at: i64, run: &str, timer: &Timer) {
        if at < *self.read_until.lock().unwrap_or_else(PoisonError::into_inner) {
            self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(Due {
                at,
                run: run.to_owned(),
                timer: timer.clone(),
            });
            self.changed.notify_one();
        }
    }

    /// Lets whoever waits for a timer look again.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    fn take_due(&self, now: i64) -> Vec<Due> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        while due.first().is_some_and(|due| due.at <= now) {
            taken.extend(due.pop_first());
        }
        taken
    }

    fn next(&self) -> Option<i64> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).first().map(|due| due.at)
    }

    /// Takes the timers of the next while from the store.
    async fn read(&self, inner: &Inner, now: i64) -> Result<(), Error> {
        let until = now.saturating_add(HORIZON);
        // Set first: what is armed from now on is held, and what is in the store by then is read.
        *self.read_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        let read = inner.store.timers(until).await?;
        self.due.lock().unwrap_or_else(PoisonError::into_inner).extend(read);
        Ok(())
    }
}

/// Fires timers until the host is gone.
pub(super) async fn serve(inner: Weak<Inner>) {
    let mut read_at = i64::MIN;
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let now = inner.clock.now();
        if now >= read_at {
            // What cannot be read now is read the next time; timers that were armed here fire all the same.
            let read = inner.timers.read(&inner, now).await;
            read_at = now.saturating_add(if read.is_ok() { HORIZON / 2 } else { 1_000 });
        }
        for due in inner.timers.take_due(now) {
            inner.fire(due);
        }
        let until = inner.timers.next().unwrap_or(i64::MAX).min(read_at);
        let pause = Duration::from_millis(u64::try_from(until.saturating_sub(now)).unwrap_or(0));
        let timers = Arc::clone(&inner.timers);
        drop(inner);
        let _ = tokio::time::timeout(pause, timers.changed.notified()).await;
    }
}
