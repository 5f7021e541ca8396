//! Taking over runs that are unfinished: each is claimed, its journal is folded, and it is driven from there.

use super::actor::{Claimed, Folded};
use super::embedded::Inner;
use super::store::Claim;
use super::{Error, first_broken};
use crate::core::{EventKind, step};
use crate::plan::Plan;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many runs are taken over together. Whoever has something to say to another run waits for so many at most.
pub(super) const TOGETHER: usize = 64;

impl Inner {
    /// Takes a run over, if nobody here drives it.
    pub(super) async fn take_over(self: &Arc<Self>, run: &str) -> Result<(), Error> {
        let _claiming = self.claiming.lock().await;
        if !self.has_actor(run) {
            let claimed = self.claim(run).await?;
            self.spawn(run, claimed, None, None);
        }
        Ok(())
    }

    /// Takes over those of these runs that nobody here drives, and says of each what came of that. They are read at once, so
    /// that the claims of many share a commit.
    pub(super) async fn take_over_all<'r>(self: &Arc<Self>, runs: &[&'r str]) -> Vec<(&'r str, Result<(), Error>)> {
        let _claiming = self.claiming.lock().await;
        let mut claims = JoinSet::new();
        for (place, run) in runs.iter().enumerate().filter(|(_, run)| !self.has_actor(run)) {
            let (inner, run) = (Arc::clone(self), (*run).to_owned());
            claims.spawn(async move { (place, inner.claim(&run).await) });
        }
        let mut claimed = claims.join_all().await;
        // Driven in their own order, whichever was read first.
        claimed.sort_by_key(|(place, _)| *place);
        let taken = claimed.into_iter().filter_map(|(place, claimed)| {
            let run = *runs.get(place)?;
            Some((run, claimed.map(|claimed| self.spawn(run, claimed, None, None))))
        });
        taken.collect()
    }

    pub(super) async fn claim(&self, run: &str) -> Result<Claimed, Error> {
        let epoch = match self.store.claim(run).await? {
            Claim::Mine(epoch) => epoch,
            Claim::Owned => return Err(Error::Owned(run.to_owned())),
            Claim::NoRun => return Err(Error::NoRun(run.to_owned())),
        };
        let found = async {
            let gate = self.gate_of(self.store.place(run).await?)?;
            Ok(Claimed { epoch, folded: self.fold(run).await?, gate })
        };
        match found.await {
            Ok(claimed) => Ok(claimed),
            Err(error) => {
                self.store.release(run, epoch).await?;
                Err(error)
            }
        }
    }

    /// The state at the end of a journal. A broken chain is not gone on with.
    pub(super) async fn fold(&self, run: &str) -> Result<Folded, Error> {
        let links = self.store.journal(run).await?;
        let Some(last) = links.last() else { return Err(Error::NoRun(run.to_owned())) };
        if let Some(sequence) = first_broken(run, &links) {
            return Err(Error::Corrupt(format!("the journal of run `{run}` was changed at entry {sequence}")));
        }
        let (entries, hash) = (last.sequence, last.hash.clone());
        let mut folded: Option<Folded> = None;
        for link in &links {
            let body = link.read().map_err(|error| {
                Error::Corrupt(format!("entry {} of run `{run}` cannot be read: {error}", link.sequence))
            })?;
            let mut so_far = match (folded, &body.entry.event.kind) {
                (Some(folded), _) => folded,
                (None, EventKind::Started(start)) => Folded::empty(self.plan(&start.plan).await?, run),
                (None, _) => return Err(Error::Corrupt(format!("the journal of run `{run}` has no beginning"))),
            };
            so_far.state = step(so_far.plan.package(), so_far.state, &body.entry.event).0;
            folded = Some(so_far);
        }
        let folded = folded.ok_or_else(|| Error::NoRun(run.to_owned()))?;
        Ok(Folded { entries, hash, ..folded })
    }

    pub(super) async fn plan(&self, digest: &str) -> Result<Plan, Error> {
        if let Some(plan) = self.plans().get(digest) {
            return Ok(plan.clone());
        }
        let document = self.store.plan(digest).await?;
        let document = document.ok_or_else(|| Error::Plan(format!("the plan `{digest}` is not kept here")))?;
        let plan = Plan::read(&document).map_err(|error| Error::Plan(format!("the plan `{digest}`: {error}")))?;
        if plan.digest() != digest {
            return Err(Error::Plan(format!(
                "what is kept as the plan `{digest}` is another one: `{}`",
                plan.digest()
            )));
        }
        self.plans().insert(digest.to_owned(), plan.clone());
        Ok(plan)
    }
}
