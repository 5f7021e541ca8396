//! The HTTP client: every address is looked at before it is called, that of every redirect too.

use super::address::Refused;
use super::answer::Answer;
use super::secret::{Secret, Way, basic};
use super::{Addresses, Settings, host_of, tls};
use crate::gate::{Call, Error};
use crate::handlers::blocking::patience;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use url::Url;

/// What a call asks for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    /// The name of a secret that goes with it.
    pub(crate) secret: Option<String>,
    /// How the secret goes with it, where the call knows better than the deployment.
    pub(crate) way: Option<Way>,
    /// Whether doing it again is harmless.
    pub(crate) repeatable: bool,
    /// How long it may take to be connected, where that is less than the deployment's limit.
    patience: Option<Duration>,
}

/// Makes calls over HTTP as a deployment allows them.
pub(crate) struct Client {
    settings: Arc<Settings>,
    /// Made when it is first needed: it reads the system's certificates.
    tls: OnceLock<Result<rustls::ClientConfig, Error>>,
    /// By the longest time to connect.
    clients: Mutex<BTreeMap<Duration, reqwest::Client>>,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Request {
        let headers = HeaderMap::new();
        Request { method, url, headers, body: None, secret: None, way: None, repeatable: false, patience: None }
    }

    /// For a call: where there is no connection when its time is over, it did not happen, and is not in doubt.
    pub(crate) fn within(mut self, call: &Call) -> Request {
        self.patience = Some(patience(call));
        self
    }

    /// With a JSON body.
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Request {
        self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        self.body = Some(body.to_string().into_bytes());
        self
    }

    /// With a header.
    ///
    /// # Errors
    ///
    /// Permanent, if HTTP has no such header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Request, Error> {
        let refused = || Error::Permanent(format!("`{name}` and its value are no header of HTTP"));
        let name = HeaderName::try_from(name).map_err(|_| refused())?;
        self.headers.insert(name, HeaderValue::try_from(value).map_err(|_| refused())?);
        Ok(self)
    }
}

impl Client {
    pub(crate) fn new(settings: Arc<Settings>) -> Client {
        Client { settings, tls: OnceLock::new(), clients: Mutex::default() }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The client below, for libraries that speak HTTP themselves. It connects to no address that may not be connected to and
    /// follows no redirects; the addresses that it is handed have to be [looked at](Client::look) first.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(crate) fn inner(&self) -> Result<reqwest::Client, Error> {
        self.connecting_within(None)
    }

    fn connecting_within(&self, patience: Option<Duration>) -> Result<reqwest::Client, Error> {
        let limit = self.settings.limits.connect;
        let limit = patience.map_or(limit, |patience| patience.min(limit));
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&limit) {
            return Ok(client.clone());
        }
        let tls = self.tls.get_or_init(|| tls::config(&self.settings.certificates));
        let client = make(&self.settings, tls.clone()?, limit)?;
        clients.insert(limit, client.clone());
        Ok(client)
    }

    /// Makes a call, follows redirects, and gives the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Permanent, if an address is refused or a secret is missing; transient, if the other side cannot be reached; unknown,
    /// if it was reached, did not answer, and doing it again is not harmless.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Error> {
        let mut request = Request { url: self.settings.here(request.url.clone()), ..request };
        for _ in 0..=self.settings.limits.redirects {
            let answer = self.send_once(&request).await?;
            match self.redirect(&request, &answer)? {
                Some(next) => request = next,
                None => return self.take(answer, request.repeatable).await,
            }
        }
        Err(Error::Permanent(format!("more than {} redirects", self.settings.limits.redirects)))
    }

    /// Whether an address may be called, as far as it tells without being resolved.
    ///
    /// # Errors
    ///
    /// Permanent, if it may not.
    pub(crate) fn look(&self, url: &Url) -> Result<(), Error> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Permanent(format!("`{}:` is called by no handler", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Permanent(
                "an address with a name of a user or a password in it is not called".to_owned(),
            ));
        }
        let host =
            host_of(url).ok_or_else(|| Error::Permanent("an address without a host is not called".to_owned()))?;
        self.settings.hosts.admit(&host, url.port_or_known_default())?;
        // Numbers are not resolved, so that this is the only look at them.
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => {
                let admitted = self.settings.addresses.admit(&host, address);
                admitted.map_err(|refused| Error::Permanent(refused.to_string()))
            }
            Err(_) => Ok(()),
        }
    }

    async fn send_once(&self, request: &Request) -> Result<reqwest::Response, Error> {
        self.look(&request.url)?;
        let (mut url, mut headers) = (request.url.clone(), request.headers.clone());
        if let Some(name) = &request.secret {
            self.add_secret(name, request.way.as_ref(), &mut url, &mut headers)?;
        }
        let mut built = self.connecting_within(request.patience)?.request(request.method.clone(), url).headers(headers);
        if let Some(body) = &request.body {
            built = built.body(body.clone());
        }
        built.send().await.map_err(|error| failure(&error, &request.url, request.repeatable))
    }

    /// A secret for an address that it may be sent to.
    ///
    /// # Errors
    ///
    /// Permanent, if it is missing, or may not be sent there.
    pub(crate) fn secret(&self, name: &str, url: &Url) -> Result<Secret, Error> {
        let host = host_of(url).unwrap_or_default();
        let secret = self.settings.secrets.for_host(name, &host, url.port_or_known_default())?;
        let is_local =
            host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if url.scheme() != "https" && !secret.plain && !is_local {
            return Err(Error::Permanent(format!(
                "the secret `{name}` is not sent to `{host}` without encryption; `plain = true` among its settings allows it"
            )));
        }
        Ok(secret)
    }

    fn add_secret(&self, name: &str, way: Option<&Way>, url: &mut Url, headers: &mut HeaderMap) -> Result<(), Error> {
        let secret = self.secret(name, url)?;
        let (header, value) = match way.unwrap_or(&secret.way) {
            Way::Bearer => (AUTHORIZATION, format!("Bearer {}", secret.value)),
            Way::Basic(user) => {
                let encoded = basic(user, &secret.value);
                self.settings.secrets.note(name, &encoded);
                (AUTHORIZATION, format!("Basic {encoded}"))
            }
            Way::Header(name) => match HeaderName::try_from(name) {
                Ok(header) => (header, secret.value),
                Err(_) => return Err(Error::Permanent(format!("`{name}` is no header of HTTP"))),
            },
            Way::Query(parameter) => {
                url.query_pairs_mut().append_pair(parameter, &secret.value);
                return Ok(());
            }
        };
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| Error::Permanent(format!("the secret `{name}` has characters that HTTP does not send")))?;
        value.set_sensitive(true);
        headers.insert(header, value);
        Ok(())
    }

    /// The request that a redirect leads to, if the answer is one.
    fn redirect(&self, request: &Request, answer: &reqwest::Response) -> Result<Option<Request>, Error> {
        let status = answer.status();
        let follows = matches!(
            status,
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let Some(location) = answer.headers().get(LOCATION).filter(|_| follows) else { return Ok(None) };
        let unusable = || Error::Permanent(format!("`{}` redirects to no address", shown(&request.url)));
        let url = location.to_str().ok().and_then(|location| request.url.join(location).ok()).ok_or_else(unusable)?;
        let is_safe = matches!(request.method, Method::GET | Method::HEAD);
        if matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND) && !is_safe {
            // Clients disagree on whether such a call goes on as it is or as a GET.
            let (from, to) = (shown(&request.url), shown(&url));
            let message =
                format!("`{from}` has moved to `{to}`, and a {} does not follow: write that address", request.method);
            return Err(Error::Permanent(message));
        }
        if request.url.scheme() == "https" && url.scheme() != "https" {
            let message = format!("`{}` redirects to an address without encryption", shown(&request.url));
            return Err(Error::Permanent(message));
        }
        let mut next = Request { url, ..request.clone() };
        if status == StatusCode::SEE_OTHER && !is_safe {
            next.method = Method::GET;
            next.body = None;
            next.headers.remove(CONTENT_TYPE);
        }
        if next.url.origin() != request.url.origin() {
            next.secret = None;
            next.headers.remove(AUTHORIZATION);
            next.headers.remove(COOKIE);
        }
        Ok(Some(next))
    }

    async fn take(&self, mut answer: reqwest::Response, repeatable: bool) -> Result<Answer, Error> {
        let most = self.settings.limits.answer;
        let url = answer.url().clone();
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    body.extend_from_slice(&chunk);
                    if body.len() as u64 > most {
                        return Err(Error::Misfit(format!(
                            "the answer of `{}` is larger than {most} bytes",
                            shown(&url)
                        )));
                    }
                }
                Ok(None) => break,
                Err(error) => return Err(failure(&error, &url, repeatable)),
            }
        }
        if !answer.status().is_success() {
            // A message shows the beginning: what is cut off in a secret would not be known as one.
            body = self.settings.secrets.scrub(&String::from_utf8_lossy(&body)).into_bytes();
        }
        Ok(Answer { status: answer.status(), headers: answer.headers().clone(), body, repeatable, from: shown(&url) })
    }
}

/// An address for people: without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    plain.to_string()
}

fn make(settings: &Settings, tls: rustls::ClientConfig, connect: Duration) -> Result<reqwest::Client, Error> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(Resolver(settings.addresses.clone())))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .no_proxy()
        .referer(false)
        .user_agent(concat!("gov/", env!("CARGO_PKG_VERSION")));
    client.build().map_err(|error| Error::Permanent(format!("HTTP cannot be set up: {error}")))
}

/// Resolves names to addresses that may be connected to, and to no others.
struct Resolver(Addresses);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let admitted = addresses.admitted(&host, found)?;
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

/// What it means that there is no answer.
fn failure(error: &reqwest::Error, url: &Url, repeatable: bool) -> Error {
    let at = shown(url);
    let causes = causes(error);
    if let Some(refused) = causes.iter().find_map(|cause| cause.downcast_ref::<Refused>()) {
        return Error::Permanent(refused.to_string());
    }
    if let Some(why) = tls::distrust(error) {
        return Error::Permanent(format!("`{at}` is not trusted: {why}"));
    }
    let why = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    match error.is_connect() {
        true if error.is_timeout() => Error::Transient(format!("`{at}` cannot be reached: it does not answer in time")),
        true => Error::Transient(format!("`{at}` cannot be reached: {}", plain(&why))),
        // It was reached, so that it may have done what it was asked to do.
        false if repeatable => Error::Transient(format!("`{at}` gave no whole answer: {}", plain(&why))),
        false => Error::Unknown(format!("`{at}` gave no whole answer: {}", plain(&why))),
    }
}

fn causes(error: &dyn StdError) -> Vec<&(dyn StdError + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    causes
}

/// A failure in words, without the number of the system's error.
fn plain(text: &str) -> String {
    let text = text.rsplit_once(" (os error ").map_or(text, |(text, _)| text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
