//! Secrets: from the environment or a file, by names that the deployment gives them. They go into requests and nowhere
//! else: whatever a handler gives is looked through for the secrets that were read.

use super::hosts::Hosts;
use crate::deployment::Section;
use crate::gate::Error;
use base64::Engine;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The shortest secret that is looked for in what handlers give: shorter ones would be found everywhere.
const SHORTEST: usize = 4;

/// Where secrets come from, and those that were read.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    sources: BTreeMap<String, Source>,
    /// Texts that have to be taken out, with the names of their secrets.
    read: Arc<Mutex<BTreeMap<String, String>>>,
}

#[derive(Debug, Clone)]
struct Source {
    place: Place,
    /// The hosts that it may be sent to; all that may be called, where nothing is said.
    hosts: Option<Hosts>,
    way: Way,
    /// Whether it may be sent without encryption.
    plain: bool,
}

#[derive(Debug, Clone)]
enum Place {
    Variable(String),
    File(PathBuf),
}

/// How a secret is sent with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// `Authorization: Bearer …`
    Bearer,
    /// `Authorization: Basic …`; the secret is the password of this user.
    Basic(String),
    /// A header of its own.
    Header(String),
    /// A parameter of the address.
    Query(String),
}

/// A secret that was read for one host.
pub(crate) struct Secret {
    pub(crate) value: String,
    pub(crate) way: Way,
    pub(crate) plain: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Reads `[secrets]`.
    pub(super) fn read(file: &Section<'_>, folder: &Path) -> Secrets {
        let sections = file.sections("secrets");
        let sources = sections.into_iter().filter_map(|(name, section)| Some((name, Source::read(&section, folder)?)));
        Secrets { sources: sources.collect(), read: Arc::default() }
    }

    /// The value of a secret.
    pub(crate) fn value(&self, name: &str) -> Result<String, Error> {
        self.source(name)?.value(name).inspect(|value| self.note(name, value))
    }

    /// A secret for a host that it may be sent to.
    pub(crate) fn for_host(&self, name: &str, host: &str, port: Option<u16>) -> Result<Secret, Error> {
        let source = self.source(name)?;
        if source.hosts.as_ref().is_some_and(|hosts| !hosts.has(host, port)) {
            return Err(Error::Permanent(format!("this deployment does not send the secret `{name}` to `{host}`")));
        }
        Ok(Secret { value: self.value(name)?, way: source.way.clone(), plain: source.plain })
    }

    /// Whether a secret may be sent to some hosts only.
    pub(crate) fn is_bound(&self, name: &str) -> bool {
        self.sources.get(name).is_some_and(|source| source.hosts.is_some())
    }

    /// Takes the secrets that were read out of a text.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.iter().fold(text.to_owned(), |text, (value, name)| match text.contains(value) {
            true => text.replace(value, &format!("[secret {name}]")),
            false => text,
        })
    }

    /// Takes the secrets that were read out of every text in a JSON value.
    pub(crate) fn scrub_json(&self, json: Json) -> Json {
        match json {
            Json::String(text) => Json::String(self.scrub(&text)),
            Json::Array(elements) => elements.into_iter().map(|element| self.scrub_json(element)).collect(),
            Json::Object(fields) => {
                fields.into_iter().map(|(name, value)| (self.scrub(&name), self.scrub_json(value))).collect()
            }
            other => other,
        }
    }

    fn source(&self, name: &str) -> Result<&Source, Error> {
        let help = format!("say where it comes from: `[secrets] {name} = {{ env = \"{name}\" }}`");
        let missing = || Error::Permanent(format!("this deployment has no secret `{name}`; {help}"));
        self.sources.get(name).ok_or_else(missing)
    }

    /// Takes note of a text that has to be taken out as the secret of this name.
    pub(super) fn note(&self, name: &str, value: &str) {
        if value.len() >= SHORTEST {
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(value.to_owned(), name.to_owned());
        }
    }
}

impl Source {
    fn read(section: &Section<'_>, folder: &Path) -> Option<Source> {
        section.only(&["env", "file", "hosts", "send", "user", "plain"]);
        let place = match (section.text("env"), section.text("file")) {
            (Some(variable), None) => Place::Variable(variable),
            (None, Some(file)) => Place::File(folder.join(file)),
            (Some(_), Some(_)) => {
                section.wrong("file", "a secret comes from `env` or from a `file`, not from both");
                return None;
            }
            (None, None) => {
                if !section.has("env") && !section.has("file") {
                    section.missing("env", "the variable of the environment that it comes from, or the `file`");
                }
                return None;
            }
        };
        let user = section.text("user");
        let expected = "`bearer`, `basic`, `header:NAME` or `query:NAME`";
        let parse = |text: &str| match text.split_once(':') {
            None if text == "bearer" => Some(Way::Bearer),
            None if text == "basic" => Some(Way::Basic(user.clone().unwrap_or_default())),
            Some(("header", name)) => http::HeaderName::try_from(name).ok().map(|name| Way::Header(name.to_string())),
            Some(("query", name)) if !name.is_empty() => Some(Way::Query(name.to_owned())),
            _ => None,
        };
        let way = section.parsed("send", expected, parse);
        let way = if way.is_none() && section.has("send") { return None } else { way.unwrap_or(Way::Bearer) };
        if user.is_some() && !matches!(way, Way::Basic(_)) {
            section.wrong("user", "it goes with `send = \"basic\"`");
        }
        let hosts = Hosts::listed(section, "hosts");
        Some(Source { place, hosts, way, plain: section.bool("plain").unwrap_or(false) })
    }

    fn value(&self, name: &str) -> Result<String, Error> {
        let (value, from) = match &self.place {
            Place::Variable(variable) => (std::env::var(variable).ok(), format!("the variable `{variable}`")),
            Place::File(file) => (std::fs::read_to_string(file).ok(), format!("the file `{}`", file.display())),
        };
        // Editors end a file with a line end, which belongs to no secret.
        let value =
            value.map(|value| value.trim_end_matches(['\r', '\n']).to_owned()).filter(|value| !value.is_empty());
        value.ok_or_else(|| Error::Permanent(format!("the secret `{name}` is missing: {from} has no text")))
    }
}

/// A user and a password as HTTP's basic authentication has them.
pub(crate) fn basic(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}
