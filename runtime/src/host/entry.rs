//! Entries of the journal, and the chain of their hashes.

use crate::core::digest;
use crate::core::{Command, Event, EventKind, Start};
use serde::{Deserialize, Serialize};

/// What one event did to a run: a link of the run's audit chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the run's journal, from 1.
    pub sequence: u64,
    /// What happened.
    pub event: Event,
    /// What it made necessary.
    pub commands: Vec<Command>,
}

/// What an event is about, beside the run: what whoever audits it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct About {
    /// The step, by its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The capability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
}

/// The text of an entry, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The trace that the run belongs to.
    pub trace: String,
    /// The run.
    pub run: String,
    /// What it is about.
    #[serde(flatten)]
    pub about: About,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
}

/// A body that is being written.
#[derive(Serialize)]
struct Written<'w> {
    trace: &'w str,
    run: &'w str,
    #[serde(flatten)]
    about: &'w About,
    #[serde(flatten)]
    entry: &'w Entry,
}

/// An entry as it is kept: its text, and the hash that binds it to all before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its place in the run's journal, from 1.
    pub sequence: u64,
    /// The text of the entry.
    pub body: String,
    /// SHA-256 of the hash before, a line end and the text, in hexadecimal.
    pub hash: String,
}

impl Link {
    /// An entry, to be kept after the one with the hash `previous`.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON, which no entry that the machine gives is.
    pub fn new(start: &Start, about: &About, entry: &Entry, previous: &str) -> Result<Link, serde_json::Error> {
        let sequence = entry.sequence;
        let body = serde_json::to_string(&Written { trace: &start.trace, run: &start.run, about, entry })?;
        let hash = hash(previous, &body);
        Ok(Link { sequence, body, hash })
    }

    /// Reads the text.
    ///
    /// # Errors
    ///
    /// If it is not one that this version writes.
    pub fn read(&self) -> Result<Body, serde_json::Error> {
        serde_json::from_str(&self.body)
    }
}

/// The hash that stands before the first entry of a run.
pub fn genesis(run: &str) -> String {
    digest::sha256(format!("gov journal\n{run}").as_bytes())
}

/// The hash of an entry's text after another entry.
pub fn hash(previous: &str, body: &str) -> String {
    digest::sha256_of([previous.as_bytes(), b"\n", body.as_bytes()])
}

/// The number of the first link whose hash is not that of its text after the one before it, or whose number does not follow;
/// nothing where the chain holds.
pub fn first_broken(run: &str, links: &[Link]) -> Option<u64> {
    let mut previous = genesis(run);
    for (expected, link) in (1..).zip(links) {
        if link.sequence != expected || link.hash != hash(&previous, &link.body) {
            return Some(expected);
        }
        previous.clone_from(&link.hash);
    }
    None
}

/// The attempt that an event is about, if it is about one.
pub fn attempt_of(event: &EventKind) -> Option<u32> {
    match event {
        EventKind::Outcome { attempt, .. }
        | EventKind::Refused { attempt, .. }
        | EventKind::Interrupted { attempt, .. } => Some(*attempt),
        _ => None,
    }
}
