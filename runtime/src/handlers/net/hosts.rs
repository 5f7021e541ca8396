//! Which hosts may be called.

use crate::deployment::Section;
use crate::gate::Error;
use url::{Host, Url};

/// The hosts that a deployment allows: none where it says nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts(Vec<Pattern>);

/// A host, and a port where only one is meant: `api.example`, `*.example`, `*`, `localhost:8080`.
#[derive(Debug, Clone)]
struct Pattern {
    host: String,
    port: Option<u16>,
}

impl Hosts {
    /// Reads the key `allow`.
    pub(super) fn read(hosts: &Section<'_>) -> Hosts {
        Hosts::listed(hosts, "allow").unwrap_or_default()
    }

    /// Reads a list of hosts.
    pub(super) fn listed(section: &Section<'_>, key: &str) -> Option<Hosts> {
        let expected = "hosts, such as `\"api.example\"`, `\"*.example\"` and `\"localhost:8080\"`";
        section.list(key, expected, Pattern::parse).map(Hosts)
    }

    /// Whether a host is among them.
    pub(crate) fn has(&self, host: &str, port: Option<u16>) -> bool {
        self.0.iter().any(|pattern| pattern.matches(host, port))
    }

    /// Whether a host may be called; otherwise the refusal that says so.
    pub(crate) fn admit(&self, host: &str, port: Option<u16>) -> Result<(), Error> {
        if self.has(host, port) {
            return Ok(());
        }
        let message =
            format!("this deployment does not allow `{host}` to be called; `[hosts] allow = [\"{host}\"]` does");
        Err(Error::Permanent(message))
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Pattern> {
        let (host, port) = match text.rsplit_once(':') {
            // Colons in brackets are those of an IPv6 address.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let name = host.strip_prefix("*.").unwrap_or(host);
        let host = match name {
            "*" => "*".to_owned(),
            name if name.contains('*') => return None,
            name => {
                let parsed = Host::parse(name).ok()?.to_string();
                if name.len() < host.len() { format!("*.{parsed}") } else { parsed }
            }
        };
        Some(Pattern { host, port })
    }

    fn matches(&self, host: &str, port: Option<u16>) -> bool {
        let named = match self.host.strip_prefix('*') {
            Some(ending) => host.len() > ending.len() && host.ends_with(ending),
            None => self.host == host,
        };
        named && (self.port.is_none() || self.port == port)
    }
}

/// The host of an address, without a dot at its end, which means the same.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(host.strip_suffix('.').unwrap_or(host).to_owned()).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_exact_or_below_another_one() {
        let hosts = |patterns: &[&str]| Hosts(patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect());
        let some = hosts(&["API.example", "*.acme.example", "localhost:8080", "[::1]:99", "[::1]"]);
        for (host, port, has) in [
            ("api.example", 443, true),
            ("xapi.example", 443, false),
            ("api.example.evil", 443, false),
            ("a.acme.example", 443, true),
            ("a.b.acme.example", 80, true),
            ("acme.example", 443, false),
            ("evilacme.example", 443, false),
            ("localhost", 8080, true),
            ("localhost", 8081, false),
            ("[::1]", 1, true),
        ] {
            assert_eq!(some.has(host, Some(port)), has, "{host}:{port}");
        }
        assert!(hosts(&["*"]).has("anything.example", Some(1)));
        assert!(!Hosts::default().has("api.example", Some(443)));
        assert!(["", "a b", "http://a", "a/b", "a:b", "*a.example"].iter().all(|text| Pattern::parse(text).is_none()));
    }

    #[test]
    fn a_dot_at_the_end_changes_nothing() {
        let of = |text| host_of(&Url::parse(text).unwrap());
        assert_eq!(of("https://a.example./x"), of("https://A.example/x"));
        assert_eq!(of("http://2130706433/").as_deref(), Some("127.0.0.1"));
    }
}
