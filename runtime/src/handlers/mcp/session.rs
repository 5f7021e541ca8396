//! A server that is spoken with.

use super::bounded::Bounded;
use super::failure;
use crate::gate::Error;
use crate::handlers::exec::{Program, Spawned};
use crate::handlers::net::{Client, Secrets, Way, host_of};
use http::{HeaderName, HeaderValue};
use rmcp::ServiceExt;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use std::collections::HashMap;
use url::Url;

/// The session. A program ends with it.
pub(in crate::handlers) struct Session {
    pub(super) service: RunningService<RoleClient, ()>,
    _program: Option<Spawned>,
}

/// Starts a program, and begins to speak with it; a message of it has at most so many bytes.
pub(super) async fn with_program(
    name: &str,
    program: &Program,
    secret: Option<&str>,
    (secrets, most): (&Secrets, u64),
) -> Result<Session, Error> {
    let mut environment = program.environment(secrets)?;
    if let Some(secret) = secret {
        environment.insert(secret.to_owned(), secrets.value(secret)?);
    }
    let mut spawned = Spawned::start(name, program, &[], &environment).await?;
    let pipes = (spawned.child.stdout.take(), spawned.child.stdin.take());
    let (Some(stdout), Some(stdin)) = pipes else {
        return Err(Error::Transient(format!("the MCP server `{name}` cannot be spoken with")));
    };
    if let Some(mut errors) = spawned.child.stderr.take() {
        // Servers log there, and would stop where nobody reads.
        tokio::spawn(async move { tokio::io::copy(&mut errors, &mut tokio::io::sink()).await });
    }
    let service = ().serve((Bounded::new(stdout, most), stdin)).await.map_err(|error| failure::of_start(name, &error))?;
    Ok(Session { service, _program: Some(spawned) })
}

/// Begins to speak with a server over HTTP.
pub(super) async fn over_http(name: &str, url: &Url, secret: Option<&str>, client: &Client) -> Result<Session, Error> {
    client.look(url)?;
    let most = usize::try_from(client.settings().limits.answer).unwrap_or(usize::MAX);
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .max_json_response_size(most)
        .max_sse_event_size(most);
    if let Some(secret) = secret {
        config = authorized(config, name, url, secret, client)?;
    }
    let transport = StreamableHttpClientTransport::with_client(client.inner()?, config);
    let service = ().serve(transport).await.map_err(|error| failure::of_start(name, &error))?;
    Ok(Session { service, _program: None })
}

fn authorized(
    config: StreamableHttpClientTransportConfig,
    name: &str,
    url: &Url,
    secret: &str,
    client: &Client,
) -> Result<StreamableHttpClientTransportConfig, Error> {
    let host = host_of(url).unwrap_or_default();
    let found = client.secret(secret, url)?;
    match found.way {
        Way::Bearer => Ok(config.auth_header(found.value)),
        Way::Header(header) => {
            let unusable = || Error::Permanent(format!("the secret `{secret}` has characters that HTTP does not send"));
            let header = HeaderName::try_from(header).map_err(|_| unusable())?;
            let mut value = HeaderValue::try_from(found.value).map_err(|_| unusable())?;
            value.set_sensitive(true);
            Ok(config.custom_headers(HashMap::from([(header, value)])))
        }
        Way::Basic(_) | Way::Query(_) => {
            let message = format!(
                "the secret `{secret}` goes to the MCP server `{name}` at `{host}` as `bearer` or as a `header`"
            );
            Err(Error::Permanent(message))
        }
    }
}
