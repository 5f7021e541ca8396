//! What every handler shares that leaves the machine: which hosts and addresses may be called, secrets, and the HTTP client.

mod address;
mod answer;
mod client;
mod hosts;
mod secret;
mod tls;

pub(crate) use address::{Addresses, Refused};
pub(crate) use client::{Client, Request};
pub(crate) use hosts::{Hosts, host_of};
pub(crate) use secret::{Secrets, Way};
pub(crate) use tls::{authorities, distrust};

use crate::deployment::Section;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// What a deployment says about the network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The hosts that may be called.
    pub(crate) hosts: Hosts,
    /// The addresses that may be connected to.
    pub(crate) addresses: Addresses,
    /// Files with certificates of authorities that are trusted beside the system's.
    pub(crate) certificates: Vec<PathBuf>,
    /// Where secrets come from.
    pub(crate) secrets: Secrets,
    /// Addresses of plans, and what is called here in their place: `https://crm.example` and `http://localhost:8080`.
    pub(crate) endpoints: Vec<(Url, Url)>,
    pub(crate) limits: Limits,
}

/// How much is taken from the network, and how long it may take to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest answer, in bytes.
    pub(crate) answer: u64,
    /// The most redirects of one call.
    pub(crate) redirects: u64,
    /// The longest time to connect.
    pub(crate) connect: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { answer: 16 << 20, redirects: 5, connect: Duration::from_secs(10) }
    }
}

impl Settings {
    /// Reads `[hosts]`, `[secrets]`, `[limits]` and `[handlers.http]`.
    pub(crate) fn read(file: &Section<'_>, folder: &Path) -> Settings {
        let mut settings = Settings { secrets: Secrets::read(file, folder), ..Settings::default() };
        if let Some(hosts) = file.section("hosts") {
            hosts.only(&["allow", "private", "certificates"]);
            settings.hosts = Hosts::read(&hosts);
            settings.addresses = Addresses::read(&hosts);
            let certificates = hosts.texts("certificates").unwrap_or_default();
            settings.certificates = certificates.iter().map(|file| folder.join(file)).collect();
        }
        if let Some(limits) = file.section("limits") {
            limits.only(&["answer", "redirects", "connect"]);
            let own = &mut settings.limits;
            own.answer = limits.bytes("answer").unwrap_or(own.answer);
            own.redirects = limits.count("redirects").unwrap_or(own.redirects);
            own.connect = limits.duration("connect").and_then(milliseconds).unwrap_or(own.connect);
        }
        if let Some(http) = file.section("handlers").and_then(|handlers| handlers.section("http")) {
            for (from, to) in http.texts_by_key() {
                match (origin(&from), origin(&to)) {
                    (Some(written), Some(called)) => settings.endpoints.push((written, called)),
                    _ => http.wrong(&from, "an address such as `https://crm.example`, and the one that is called here"),
                }
            }
        }
        settings
    }

    /// The address that is called in place of one that a plan writes.
    pub(crate) fn here(&self, url: Url) -> Url {
        let found = self.endpoints.iter().find(|(written, _)| written.origin() == url.origin());
        let Some((_, called)) = found else { return url };
        let mut here = called.clone();
        here.set_path(url.path());
        here.set_query(url.query());
        here
    }
}

/// An address without path, query and name of a user.
fn origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (plain && url.has_host() && matches!(url.scheme(), "http" | "https")).then_some(url)
}

/// Milliseconds as the duration that they are.
pub(crate) fn milliseconds(milliseconds: i64) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}
