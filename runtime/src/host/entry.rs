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

/// What most texts of entries have room in, in bytes.
const USUAL: usize = 1_536;

/// A body that is being written: the fields of [`Body`] in their order, without the detour that flattening takes.
#[derive(Serialize)]
struct Written<'w> {
    trace: &'w str,
    run: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: &'w Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability: &'w Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: &'w Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: &'w Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: &'w Option<String>,
    sequence: u64,
    event: &'w Event,
    commands: &'w [Command],
}

impl<'w> Written<'w> {
    fn new(start: &'w Start, about: &'w About, entry: &'w Entry) -> Written<'w> {
        let About { step, attempt, capability, version, tenant, principal } = about;
        let Entry { sequence, event, commands } = entry;
        let (trace, run, attempt, sequence) = (&start.trace, &start.run, *attempt, *sequence);
        Written { trace, run, step, attempt, capability, version, tenant, principal, sequence, event, commands }
    }
}

/// A text that is being written. Most of the hundreds of pieces of an entry are single signs, which are not worth a copy.
struct Text(Vec<u8>);

impl std::io::Write for Text {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match bytes {
            [sign] => self.0.push(*sign),
            bytes => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
        let mut text = Text(Vec::with_capacity(USUAL));
        serde_json::to_writer(&mut text, &Written::new(start, about, entry))?;
        let body = String::from_utf8(text.0).map_err(serde::ser::Error::custom)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is written field by field, and read as [`Body`]: both mean the same fields, in the same order.
    #[test]
    fn what_is_written_is_what_a_body_says() {
        let some = |text: &str| Some(text.to_owned());
        let full = About {
            step: some("pay"),
            attempt: Some(2),
            capability: some("shop.pay"),
            version: some("1.0.0"),
            tenant: some("acme"),
            principal: some("agent:clerk"),
        };
        let start = Start {
            run: "r".to_owned(),
            trace: "t".to_owned(),
            plan: "sha256:0".to_owned(),
            workflow: "w".to_owned(),
            input: serde_json::json!({}),
            context: serde_json::json!({}),
            roles: Vec::new(),
            tenant: None,
            caller: None,
            seed: 7,
        };
        for about in [full, About::default()] {
            let event = Event { at: 1, kind: EventKind::Started(Box::new(start.clone())) };
            let entry = Entry { sequence: 1, event, commands: Vec::new() };
            let link = Link::new(&start, &about, &entry, &genesis("r")).unwrap();
            let body = Body { trace: start.trace.clone(), run: start.run.clone(), about, entry };
            assert_eq!(link.body, serde_json::to_string(&body).unwrap());
            assert_eq!(link.read().unwrap(), body);
        }
    }
}
