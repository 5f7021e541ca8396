//! The server that mail is given to.

use crate::deployment::Section;
use crate::gate::Error;
use crate::handlers::net::{Settings, authorities, distrust};
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use std::net::SocketAddr;
use std::time::Instant;

/// The server, and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Relay {
    host: String,
    port: u16,
    encryption: Encryption,
    user: Option<String>,
    secret: Option<String>,
    pub(super) from: Mailbox,
    /// Who may be written to: everybody, where nothing is said.
    recipients: Option<Vec<Recipients>>,
}

/// People who may be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Recipients {
    /// One.
    One(String),
    /// All whose address ends so: `@acme.example`.
    At(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// From the beginning.
    Tls,
    /// From the first command on.
    StartTls,
    None,
}

impl Relay {
    pub(crate) fn read(section: &Section<'_>) -> Option<Relay> {
        section.only(&["server", "encryption", "user", "secret", "from", "recipients"]);
        for (key, help) in [("server", "such as `smtp.example:587`"), ("from", "whom mail comes from")] {
            if !section.has(key) {
                section.missing(key, help);
            }
        }
        if section.has("user") != section.has("secret") {
            section.missing("secret", "`user` and `secret` go together");
        }
        let encryption = section.parsed("encryption", "`tls`, `starttls` or `none`", |text| match text {
            "tls" => Some(Encryption::Tls),
            "starttls" => Some(Encryption::StartTls),
            "none" => Some(Encryption::None),
            _ => None,
        });
        let encryption = encryption.unwrap_or(Encryption::StartTls);
        let place = |text: &str| {
            let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
            let usual = if encryption == Encryption::Tls { 465 } else { 587 };
            let port = if port.is_empty() { usual } else { port.parse().ok()? };
            (!host.is_empty()).then(|| (host.to_owned(), port))
        };
        let server = section.parsed("server", "a host, and a port after a colon", place);
        let from = section.parsed("from", "an address of a mail", |text| text.parse().ok());
        let recipients = section.list("recipients", "addresses, such as `\"*@acme.example\"`", Recipients::parse);
        let (host, port) = server?;
        Some(Relay {
            host,
            port,
            encryption,
            user: section.text("user"),
            secret: section.text("secret"),
            from: from?,
            recipients,
        })
    }

    /// Whether somebody may be written to.
    pub(super) fn admit(&self, to: &Address) -> Result<(), Error> {
        let to = to.to_string().to_lowercase();
        match &self.recipients {
            Some(allowed) if !allowed.iter().any(|people| people.have(&to)) => {
                Err(Error::Permanent(format!("this deployment does not write to `{to}`; `recipients` says to whom")))
            }
            _ => Ok(()),
        }
    }

    /// Gives the server a mail. Only from when it is given, nobody knows; until then there is time up to `until`.
    pub(super) async fn send(&self, net: &Settings, message: &Message, until: Instant) -> Result<(), Error> {
        net.hosts.admit(&self.host, Some(self.port))?;
        let credentials = self.credentials(net)?;
        let met = tokio::time::timeout_at(until.into(), self.meet(net, credentials)).await;
        let late = || Err(Error::Transient(format!("the mail server `{}` does not answer in time", self.host)));
        let mut connection = met.unwrap_or_else(|_| late())?;
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        sent.map_err(|error| self.after(&error))?;
        // The mail is the server's by now, whatever becomes of the farewell.
        let _ = connection.quit().await;
        Ok(())
    }

    /// A connection with the server, by which it takes mail.
    async fn meet(&self, net: &Settings, credentials: Option<Credentials>) -> Result<AsyncSmtpConnection, Error> {
        let addresses = net.addresses.resolve(&self.host, self.port).await?;
        let mut connection = self.connect(net, &addresses).await?;
        if let Some(credentials) = credentials {
            let accepted = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            accepted.map_err(|error| self.before(&error))?;
        }
        Ok(connection)
    }

    fn credentials(&self, net: &Settings) -> Result<Option<Credentials>, Error> {
        let (Some(user), Some(secret)) = (&self.user, &self.secret) else { return Ok(None) };
        if self.encryption == Encryption::None {
            let message = format!("the secret `{secret}` is not sent to `{}` without encryption", self.host);
            return Err(Error::Permanent(message));
        }
        Ok(Some(Credentials::new(user.clone(), net.secrets.value(secret)?)))
    }

    async fn connect(&self, net: &Settings, addresses: &[SocketAddr]) -> Result<AsyncSmtpConnection, Error> {
        let tls = match self.encryption {
            Encryption::None => None,
            Encryption::Tls | Encryption::StartTls => Some(self.tls(net)?),
        };
        let at_once = tls.clone().filter(|_| self.encryption == Encryption::Tls);
        let name = ClientId::default();
        let connected =
            AsyncSmtpConnection::connect_tokio1(addresses, Some(net.limits.connect), &name, at_once, None).await;
        let mut connection = connected.map_err(|error| self.before(&error))?;
        if let (Encryption::StartTls, Some(tls)) = (self.encryption, tls) {
            if !connection.can_starttls() {
                return Err(Error::Permanent(format!("the mail server `{}` has no encryption", self.host)));
            }
            connection.starttls(tls, &name).await.map_err(|error| self.before(&error))?;
        }
        Ok(connection)
    }

    fn tls(&self, net: &Settings) -> Result<TlsParameters, Error> {
        let unusable = |why: String| Error::Permanent(format!("TLS cannot be set up: {why}"));
        let mut tls = TlsParameters::builder(self.host.clone());
        for certificate in authorities(&net.certificates)? {
            let certificate = Certificate::from_der(certificate.to_vec());
            tls = tls.add_root_certificate(certificate.map_err(|error| unusable(error.to_string()))?);
        }
        tls.build_rustls().map_err(|error| unusable(error.to_string()))
    }

    /// What a failure means before the mail was given.
    fn before(&self, error: &SmtpError) -> Error {
        if let Some(why) = distrust(error) {
            return Error::Permanent(format!("the mail server `{}` is not trusted: {why}", self.host));
        }
        let message = format!("the mail server `{}` {}", self.host, words(error));
        if error.is_permanent() || error.is_client() || error.is_tls() {
            Error::Permanent(message)
        } else {
            Error::Transient(message)
        }
    }

    /// What a failure means once the mail was given: only an answer tells.
    fn after(&self, error: &SmtpError) -> Error {
        let message = format!("the mail server `{}` {}", self.host, words(error));
        match error {
            error if error.is_permanent() || error.is_client() => Error::Permanent(message),
            error if error.is_transient() => Error::Transient(message),
            _ => Error::Unknown(message),
        }
    }
}

impl Recipients {
    fn parse(text: &str) -> Option<Recipients> {
        let text = text.to_lowercase();
        match text.strip_prefix('*') {
            Some(ending) => ending.starts_with('@').then(|| Recipients::At(ending.to_owned())),
            None => text.parse::<Address>().ok().map(|_| Recipients::One(text)),
        }
    }

    fn have(&self, address: &str) -> bool {
        match self {
            Recipients::One(one) => one == address,
            Recipients::At(ending) => address.ends_with(ending),
        }
    }
}

fn words(error: &SmtpError) -> String {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let line = cause.split_whitespace().collect::<Vec<_>>().join(" ");
    match error.status() {
        Some(status) => format!("answered {status}: {line}"),
        None => format!("cannot be spoken with: {line}"),
    }
}
