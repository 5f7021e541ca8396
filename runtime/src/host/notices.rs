//! Tells others of what waits for a human, beside the runs.
//!
//! That somebody is to be told is written down with the question itself, and crossed out once they were: whatever crashes, they
//! are told at least once. Whoever tells them takes the notice first, for a while and for itself: processes that use one store
//! do not tell them of the same. The runs know nothing of it, and wait for none of it.

use super::Error;
use super::embedded::Inner;
use super::store::Untold;
use crate::core::digest;
use crate::gate::Notice;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The most notices that are under way at one time.
const AT_ONCE: usize = 16;

/// How long no other process takes up a notice that is under way, in milliseconds: longer than one may take.
const LEASE: i64 = 30_000;

/// The shortest and the longest pause before somebody is told again, in milliseconds.
const PAUSES: (i64, i64) = (1_000, 5 * 60_000);

/// How often a process looks for notices that another one left, in milliseconds.
const LOOK: i64 = 60_000;

/// Tells until the host is gone. `asked` is told when there is something to tell.
pub(super) async fn serve(inner: Weak<Inner>, asked: Arc<Notify>) {
    let mut telling: JoinSet<(Untold, Result<(), String>)> = JoinSet::new();
    let mut look_at = i64::MIN;
    loop {
        let Some(host) = inner.upgrade() else { return };
        let now = host.clock.now();
        // What a process left that is gone waits neither for its attempt nor for its pause.
        if now >= look_at && host.store.inherit_untold(now).await.is_ok() {
            look_at = now.saturating_add(LOOK);
        }
        let next = match begin(&host, &mut telling, now).await {
            Ok(next) => next.unwrap_or(i64::MAX).min(look_at.max(now.saturating_add(PAUSES.0))),
            Err(_) => now.saturating_add(PAUSES.0),
        };
        drop(host);
        let pause = Duration::from_millis(u64::try_from(next.saturating_sub(now)).unwrap_or(0));
        let is_full = telling.len() >= AT_ONCE;
        tokio::select! {
            Some(Ok((untold, told))) = telling.join_next() => {
                let Some(host) = inner.upgrade() else { return };
                end(&host, &untold, told).await;
            }
            () = asked.notified() => {}
            () = tokio::time::sleep(pause), if !is_full => {}
        }
    }
}

/// Begins to tell what is due, and nobody else is telling. When the next is.
async fn begin(
    host: &Arc<Inner>,
    telling: &mut JoinSet<(Untold, Result<(), String>)>,
    now: i64,
) -> Result<Option<i64>, Error> {
    let next = host.store.next_untold().await?;
    let room = u32::try_from(AT_ONCE.saturating_sub(telling.len())).unwrap_or(0);
    if room == 0 || next.is_none_or(|next| next > now) {
        return Ok(next);
    }
    for untold in host.store.take_untold(now, now.saturating_add(LEASE), room).await? {
        let gate = host.gate_of(untold.place.clone());
        telling.spawn(async move {
            let notice = Notice {
                run: untold.run.clone(),
                workflow: untold.workflow.clone(),
                plan: untold.plan.clone(),
                question: untold.question.clone(),
            };
            let told = match gate {
                Ok(gate) => gate.notify(&notice).await.map_err(|error| error.message().to_owned()),
                Err(error) => Err(error.to_string()),
            };
            (untold, told)
        });
    }
    host.store.next_untold().await
}

/// Crosses out what was told, and puts off what was not.
async fn end(host: &Inner, untold: &Untold, told: Result<(), String>) {
    let gate = &untold.question.gate;
    let again = told.is_err().then(|| {
        let pause = digest::pause(PAUSES.0, PAUSES.1, untold.times, 0, &untold.run);
        host.clock.now().saturating_add(pause)
    });
    // Where that cannot be written, they are told again.
    let _ = host.store.told(&untold.run, gate, again).await;
    if let Err(why) = told {
        host.tell_unnotified(&untold.run, &why);
    }
}
