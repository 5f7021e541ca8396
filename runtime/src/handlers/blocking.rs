//! Handlers whose work blocks, on threads for that.

use crate::core::digest;
use crate::gate::{Call, Error, Handler, Later, Probe};
use serde_json::Value as Json;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a handler does: its answer to a call.
pub(super) type Operation<S> = fn(&S, &Call) -> Result<Json, Error>;

/// A handler that does its work on a thread of its own.
pub(super) struct Blocking<S> {
    state: Arc<S>,
    operation: Operation<S>,
    probe: Option<fn(&S, &Call) -> Probe>,
}

impl<S> Blocking<S> {
    pub(super) fn new(state: &Arc<S>, operation: Operation<S>) -> Blocking<S> {
        Blocking { state: Arc::clone(state), operation, probe: None }
    }

    /// One that can tell whether a call happened.
    pub(super) fn probing(state: &Arc<S>, operation: Operation<S>, probe: fn(&S, &Call) -> Probe) -> Blocking<S> {
        Blocking { state: Arc::clone(state), operation, probe: Some(probe) }
    }
}

impl<S: Send + Sync + 'static> Handler for Blocking<S> {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        let (state, operation, call) = (Arc::clone(&self.state), self.operation, call.copy());
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || operation(&state, &call)).await;
            done.unwrap_or_else(|error| Err(Error::Unknown(format!("the handler broke off: {error}"))))
        })
    }

    fn probe<'a>(&'a self, call: &'a Call) -> Later<'a, Probe> {
        let Some(probe) = self.probe else { return Box::pin(std::future::ready(Probe::CannotTell)) };
        let (state, call) = (Arc::clone(&self.state), call.copy());
        Box::pin(
            async move { tokio::task::spawn_blocking(move || probe(&state, &call)).await.unwrap_or(Probe::CannotTell) },
        )
    }
}

/// The token of a call's key: the same for every attempt, and it says nothing about the key.
pub(super) fn token(key: &str) -> String {
    digest::sha256(key.as_bytes()).chars().take(32).collect()
}

/// When a handler gives up by itself: before the gate does, so that it can say what is so.
pub(super) fn deadline(call: &Call) -> Instant {
    Instant::now() + patience(call)
}

/// How long a handler goes on before it gives up by itself.
pub(super) fn patience(call: &Call) -> Duration {
    let whole = Duration::from_millis(u64::try_from(call.timeout()).unwrap_or(0));
    whole.saturating_sub((whole / 10).min(Duration::from_secs(1)))
}

/// Reads until a time. What would be read later is a failure that may be gone the next time ([`io::ErrorKind::TimedOut`]).
pub(super) struct Until<R> {
    read: R,
    until: Instant,
}

impl<R> Until<R> {
    pub(super) fn new(read: R, until: Instant) -> Until<R> {
        Until { read, until }
    }
}

impl<R: Read> Read for Until<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        in_time(self.until)?;
        self.read.read(buffer)
    }
}

impl<R: Seek> Seek for Until<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.read.seek(to)
    }
}

/// Fails once a time is over.
pub(super) fn in_time(until: Instant) -> io::Result<()> {
    match Instant::now() > until {
        true => Err(io::Error::new(io::ErrorKind::TimedOut, "it is not done in time")),
        false => Ok(()),
    }
}
