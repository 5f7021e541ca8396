//! Circuit breakers: a capability whose calls keep failing is left alone for a while.
//!
//! After [`TRIPS`] failures in a row that say nothing about the request itself, calls are refused for [`COOL_DOWN`]; then one
//! is let through, and its outcome decides (M. Nygard, "Release It!", 2007).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The failures in a row after which calls are refused.
pub const TRIPS: u32 = 5;

/// How long they are refused.
pub const COOL_DOWN: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Breakers(Mutex<BTreeMap<String, Breaker>>);

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    /// When the next call may be tried.
    closed_until: Option<Instant>,
}

impl Breakers {
    /// Whether a call may be made now. Where the time of a refusal is over, one call is let through, and the others have to
    /// wait for what it comes to.
    pub(super) fn admits(&self, capability: &str, now: Instant) -> bool {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(breaker) = breakers.get_mut(capability) else { return true };
        match breaker.closed_until {
            Some(until) if now < until => false,
            Some(_) => {
                breaker.closed_until = Some(now + COOL_DOWN);
                true
            }
            None => true,
        }
    }

    /// Takes note of what a call came to: whether the capability works.
    pub(super) fn note(&self, capability: &str, works: bool, now: Instant) {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if works {
            breakers.remove(capability);
            return;
        }
        let breaker = breakers.entry(capability.to_owned()).or_default();
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= TRIPS {
            breaker.closed_until = Some(now + COOL_DOWN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_lets_one_through_and_closes() {
        let breakers = Breakers::default();
        let start = Instant::now();
        for _ in 0..TRIPS {
            assert!(breakers.admits("a", start));
            breakers.note("a", false, start);
        }
        assert!(!breakers.admits("a", start));
        assert!(breakers.admits("b", start));
        let later = start + COOL_DOWN;
        assert!(breakers.admits("a", later));
        assert!(!breakers.admits("a", later), "only one is let through");
        breakers.note("a", false, later);
        assert!(!breakers.admits("a", later));
        let latest = later + COOL_DOWN;
        assert!(breakers.admits("a", latest));
        breakers.note("a", true, latest);
        assert!(breakers.admits("a", latest));
        assert!(breakers.admits("a", latest));
    }
}
