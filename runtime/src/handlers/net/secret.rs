//! Secrets: from the environment or a file, by names that the deployment gives them. They go into requests and nowhere
//! else: whatever a handler gives is looked through for the secrets that were read.

use super::hosts::Hosts;
use crate::deployment::Section;
use crate::gate::Error;
use base64::Engine;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// The shortest secret that is looked for in what handlers give: shorter ones would be found everywhere.
const SHORTEST: usize = 4;

/// Where secrets come from, and those that were read.
#[derive(Clone)]
pub(crate) struct Secrets {
    sources: BTreeMap<String, Source>,
    /// Texts that have to be taken out, with the names of their secrets.
    read: Arc<Mutex<BTreeMap<String, String>>>,
    /// Whether all that can be read were read: a program may tell one that it was not given.
    all: Arc<Once>,
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

impl Default for Secrets {
    fn default() -> Secrets {
        Secrets { sources: BTreeMap::new(), read: Arc::default(), all: Arc::new(Once::new()) }
    }
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
        Secrets { sources: sources.collect(), ..Secrets::default() }
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

    /// Takes the secrets out of a text, longer ones first: one may be the beginning of another.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.all.call_once(|| self.sources.keys().for_each(|name| drop(self.value(name))));
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = read.iter().filter(|(value, _)| text.contains(value.as_str())).collect();
        found.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        found.into_iter().fold(text.to_owned(), |text, (value, name)| text.replace(value, &format!("[secret {name}]")))
    }

    /// The same for what was cut off at some length, perhaps in the middle of a secret.
    pub(crate) fn scrub_cut(&self, text: &str) -> String {
        let mut text = self.scrub(text);
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = |value: &String| {
            let parts = value.char_indices().map(|(at, _)| at).filter(|at| *at >= SHORTEST).rev();
            parts.filter_map(|at| value.get(..at)).find(|part| text.ends_with(part)).map(str::len)
        };
        let longest = read.iter().filter_map(|(value, name)| Some((begins(value)?, name))).max();
        if let Some((length, name)) = longest {
            text.truncate(text.len() - length);
            text.push_str(&format!("[secret {name}]"));
        }
        text
    }

    /// Takes the secrets out of every text and number in a JSON value.
    pub(crate) fn scrub_json(&self, json: Json) -> Json {
        match json {
            Json::String(text) => Json::String(self.scrub(&text)),
            Json::Number(number) => {
                let text = number.to_string();
                let scrubbed = self.scrub(&text);
                if scrubbed == text { Json::Number(number) } else { Json::String(scrubbed) }
            }
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

    /// Takes note of a text that has to be taken out as the secret of this name: as it is, and as a service or a program would
    /// repeat it inside an address, a JSON text or Base64. Of an address of a database, the password too.
    pub(super) fn note(&self, name: &str, value: &str) {
        let password = url::Url::parse(value).ok().and_then(|url| url.password().map(str::to_owned));
        let decoded = password.as_ref().map(|password| percent_decode_str(password).decode_utf8_lossy().into_owned());
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for text in
            [Some(value.to_owned()), password, decoded].into_iter().flatten().filter(|text| text.len() >= SHORTEST)
        {
            let quoted = Json::from(text.as_str()).to_string();
            let forms = [
                utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string(),
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
                quoted.trim_start_matches('"').trim_end_matches('"').to_owned(),
                base64::engine::general_purpose::STANDARD.encode(&text),
            ];
            read.extend(forms.into_iter().chain([text]).map(|form| (form, name.to_owned())));
        }
    }

    /// The secret that a variable of the environment holds, by its name.
    pub(crate) fn of_variable(&self, variable: &str) -> Option<&str> {
        let holds = |source: &Source| matches!(&source.place, Place::Variable(own) if own == variable);
        self.sources.iter().find(|(_, source)| holds(source)).map(|(name, _)| name.as_str())
    }

    /// The files that hold secrets.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let file = |source: &Source| match &source.place {
            Place::File(file) => Some(file.clone()),
            Place::Variable(_) => None,
        };
        self.sources.values().filter_map(file).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(secrets: &[(&str, &str)]) -> Secrets {
        let read = Secrets::default();
        secrets.iter().for_each(|(name, value)| read.note(name, value));
        read
    }

    #[test]
    fn a_secret_that_begins_another_leaves_nothing_of_it() {
        let secrets = read(&[("A", "abcd"), ("B", "abcdefgh")]);
        assert_eq!(secrets.scrub("x abcdefgh abcd"), "x [secret B] [secret A]");
    }

    #[test]
    fn a_secret_is_known_in_other_forms() {
        let secrets = read(&[("A", "a\"b/c d")]);
        for form in ["a\"b/c d", "a%22b%2Fc%20d", "a%22b%2Fc+d", "a\\\"b/c d", "YSJiL2MgZA=="] {
            assert_eq!(secrets.scrub(&format!("<{form}>")), "<[secret A]>", "{form}");
        }
    }

    #[test]
    fn the_password_of_an_address_is_a_secret_too() {
        let secrets = read(&[("DB", "postgres://me:p%40ssword@db.example/x")]);
        assert_eq!(secrets.scrub("me: p@ssword, p%40ssword"), "me: [secret DB], [secret DB]");
    }

    #[test]
    fn what_is_cut_off_in_a_secret_leaves_no_beginning_of_it() {
        let secrets = read(&[("A", "sk_1234567")]);
        assert_eq!(secrets.scrub_cut("key sk_123"), "key [secret A]");
        assert_eq!(secrets.scrub_cut("key sk_1234567"), "key [secret A]");
        assert_eq!(secrets.scrub_cut("key sk_"), "key sk_");
    }

    #[test]
    fn numbers_are_looked_through() {
        let secrets = read(&[("PIN", "83749201")]);
        let scrubbed = secrets.scrub_json(json!({ "pin": 83_749_201, "other": [1, 2.5] }));
        assert_eq!(scrubbed, json!({ "pin": "[secret PIN]", "other": [1, 2.5] }));
    }
}
