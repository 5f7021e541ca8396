//! `handler mcp { server, tool }`: tools of MCP servers, which are programs or are called over HTTP.

mod answer;
mod bounded;
mod failure;
mod names;
mod session;

use super::blocking::deadline;
use super::exec::Program;
use super::net::{Client, Secrets};
use crate::deployment::{Deployment, Section};
use crate::gate::{Call, Error, External, Handler, Later};
use names::Names;
use rmcp::model::{CallToolRequestParams, PaginatedRequestParams};
use serde_json::{Value as Json, json};
use session::Session;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// An MCP server of a deployment.
#[derive(Debug, Clone)]
pub(crate) enum Server {
    /// It is a program, and speaks over its standard input and output.
    Program(Box<Program>),
    /// It is called over HTTP.
    Address {
        /// Where.
        url: Url,
        /// The name of a secret that goes with each call.
        secret: Option<String>,
    },
}

/// The servers that are spoken with, by their name and the secret that goes with the calls.
type Sessions = BTreeMap<(String, Option<String>), Arc<Slot>>;

/// The session with a server, once there is one. While it begins, whoever calls that server waits for it, and nobody else does.
type Slot = tokio::sync::Mutex<Option<Arc<Session>>>;

/// The handler.
pub(super) struct Mcp {
    servers: BTreeMap<String, Server>,
    client: Arc<Client>,
    secrets: Secrets,
    sessions: Mutex<Sessions>,
}

impl Server {
    pub(crate) fn read(section: &Section<'_>, folder: &Path) -> Option<Server> {
        if !section.has("url") {
            return Program::read(section, folder).map(Box::new).map(Server::Program);
        }
        section.only(&["url", "secret"]);
        let parse = |text: &str| Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = section.parsed("url", "an address that begins with `https://` or `http://`", parse)?;
        Some(Server::Address { url, secret: section.text("secret") })
    }
}

impl Handler for Mcp {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let name = call.setting_text("server").unwrap_or_default();
            let tool = call.setting_text("tool").unwrap_or_default().to_owned();
            let secret = call.setting_text("secret").map(str::to_owned);
            let slot = self.slot(name, secret.clone());
            // Until it is called, nothing happened.
            let begun = tokio::time::timeout_at(deadline(call).into(), self.session(name, secret, &slot)).await;
            let late = || Err(Error::Transient(format!("the MCP server `{name}` does not answer in time")));
            let session = begun.unwrap_or_else(|_| late())?;
            let names = Names::of(call);
            let request = CallToolRequestParams::new(tool.clone()).with_arguments(names.there(call));
            let called = session.service.call_tool(request).await;
            if session.service.is_closed() {
                // Its program ends, unless another call began a new one.
                slot.lock().await.take_if(|current| current.service.is_closed());
            }
            match called {
                Ok(result) => answer::of(name, &tool, call, result, (&names, &self.secrets)),
                Err(error) => Err(failure::of_call(name, &tool, error, call.is_repeatable())),
            }
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

/// The most tools that a server is asked for, and the most pages of them.
const MOST_TOOLS: usize = 10_000;

/// How long a server is asked for its tools.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an MCP server of a deployment answers to `tools/list`: all pages of it, as one.
///
/// # Errors
///
/// If the deployment has no such server or forbids calls to the outside; if the server cannot be spoken with, takes more than a
/// minute, or has more than 10,000 tools.
pub async fn tools(deployment: &Deployment, server: &str) -> Result<Json, Error> {
    if deployment.external != External::Live {
        return Err(Error::Permanent("this deployment forbids calls to the outside".to_owned()));
    }
    let secrets = &deployment.net.secrets;
    let client = Arc::new(Client::new(Arc::new(deployment.net.clone())));
    let mcp = Mcp::new(&deployment.servers, &client, secrets);
    let asked = tokio::time::timeout(PATIENCE, mcp.tools(server)).await;
    let late = || Err(Error::Transient(format!("the MCP server `{server}` does not answer in time")));
    asked.unwrap_or_else(|_| late()).map_err(|error| error.said(|message| secrets.scrub(&message)))
}

impl Mcp {
    async fn tools(&self, name: &str) -> Result<Json, Error> {
        let session = self.session(name, None, &self.slot(name, None)).await?;
        let (mut tools, mut cursor) = (Vec::new(), None);
        for _ in 0..MOST_TOOLS {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let page = session.service.list_tools(Some(page)).await;
            let page = page.map_err(|error| failure::of_call(name, "tools/list", error, true))?;
            for tool in page.tools {
                let unusable = |error| Error::Permanent(format!("a tool of `{name}` cannot be written down: {error}"));
                tools.push(serde_json::to_value(tool).map_err(unusable)?);
            }
            cursor = page.next_cursor;
            if tools.len() > MOST_TOOLS {
                break;
            }
            if cursor.is_none() {
                return Ok(json!({ "tools": self.secrets.scrub_json(tools.into()) }));
            }
        }
        Err(Error::Permanent(format!("the MCP server `{name}` has more than {MOST_TOOLS} tools")))
    }

    pub(super) fn new(servers: &BTreeMap<String, Server>, client: &Arc<Client>, secrets: &Secrets) -> Mcp {
        Mcp {
            servers: servers.clone(),
            client: Arc::clone(client),
            secrets: secrets.clone(),
            sessions: Mutex::default(),
        }
    }

    fn slot(&self, name: &str, secret: Option<String>) -> Arc<Slot> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sessions.entry((name.to_owned(), secret)).or_default())
    }

    /// The session with a server: the one that there is, or a new one.
    async fn session(&self, name: &str, secret: Option<String>, slot: &Slot) -> Result<Arc<Session>, Error> {
        let server = self.servers.get(name).ok_or_else(|| {
            let help = format!("`[handlers.mcp.{name}]` with a `path` or a `url` says where it is");
            Error::Permanent(format!("this deployment has no MCP server `{name}`; {help}"))
        })?;
        let mut slot = slot.lock().await;
        if let Some(session) = slot.as_ref().filter(|session| !session.service.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let started = match server {
            Server::Program(program) => {
                let most = self.client.settings().limits.answer;
                session::with_program(name, program, secret.as_deref(), (&self.secrets, most)).await
            }
            Server::Address { url, secret: own } => {
                session::over_http(name, url, secret.as_deref().or(own.as_deref()), &self.client).await
            }
        };
        let session = Arc::new(started?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }
}
