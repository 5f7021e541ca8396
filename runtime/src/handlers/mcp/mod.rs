//! `handler mcp { server, tool }`: tools of MCP servers, which are programs or are called over HTTP.

mod answer;
mod failure;
mod session;

use super::exec::Program;
use super::net::{Client, Secrets};
use crate::deployment::Section;
use crate::gate::{Call, Error, Handler, Later};
use rmcp::model::CallToolRequestParams;
use serde_json::Value as Json;
use session::Session;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Mutex;
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
type Sessions = BTreeMap<(String, Option<String>), Arc<Session>>;

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
            let session = self.session(name, secret.clone()).await?;
            let arguments = call.input().as_object().cloned().unwrap_or_default();
            let request = CallToolRequestParams::new(tool.clone()).with_arguments(arguments);
            let called = session.service.call_tool(request).await;
            if session.service.is_closed() {
                self.sessions.lock().await.remove(&(name.to_owned(), secret));
            }
            match called {
                Ok(result) => answer::of(name, &tool, call, result, &self.secrets),
                Err(error) => Err(failure::of_call(name, &tool, error, call.is_repeatable())),
            }
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

impl Mcp {
    pub(super) fn new(servers: &BTreeMap<String, Server>, client: &Arc<Client>, secrets: &Secrets) -> Mcp {
        Mcp {
            servers: servers.clone(),
            client: Arc::clone(client),
            secrets: secrets.clone(),
            sessions: Mutex::default(),
        }
    }

    /// The session with a server: the one that there is, or a new one.
    async fn session(&self, name: &str, secret: Option<String>) -> Result<Arc<Session>, Error> {
        let server = self.servers.get(name).ok_or_else(|| {
            let help = format!("`[handlers.mcp.{name}]` with a `path` or a `url` says where it is");
            Error::Permanent(format!("this deployment has no MCP server `{name}`; {help}"))
        })?;
        let key = (name.to_owned(), secret.clone());
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(&key).filter(|session| !session.service.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let started = match server {
            Server::Program(program) => session::with_program(name, program, secret.as_deref(), &self.secrets).await,
            Server::Address { url, secret: own } => {
                session::over_http(name, url, secret.as_deref().or(own.as_deref()), &self.client).await
            }
        };
        let session = Arc::new(started?);
        sessions.insert(key, Arc::clone(&session));
        Ok(session)
    }
}
