//! What does what capabilities say: the handlers of this deployment.
//!
//! Each gives typed errors: transient where it did not happen and may later, permanent where it did not happen and will not,
//! unknown where it may have happened, and misfit where it happened and gave something else than the capability declares.

mod blocking;
pub(crate) mod calendar;
mod database;
pub(crate) mod exec;
pub mod files;
mod http;
pub(crate) mod human;
mod info;
pub mod json;
pub mod kv;
pub(crate) mod llm;
pub(crate) mod mail;
pub mod mcp;
pub(crate) mod net;
mod postgres;
pub mod regex;
mod shape;
pub mod sqlite;
pub mod template;
pub(crate) mod webhook;
pub mod worker;

use crate::deployment::Deployment;
use crate::gate::{Call, Error, Handler, Handlers, Later, Probe};
use net::{Client, Secrets};
use serde_json::Value as Json;
use std::sync::Arc;

/// Registers what a deployment allows: the handlers that leave the machine or start programs, and what may be known of it.
pub fn register(handlers: &mut Handlers, deployment: &Deployment) {
    handlers.set_external(deployment.external);
    for (capability, output) in &deployment.stubs {
        handlers.set_stub(capability, output.clone());
    }
    let secrets = &deployment.net.secrets;
    let net = Arc::new(deployment.net.clone());
    let client = Arc::new(Client::new(Arc::clone(&net)));
    let programs = exec::Programs { programs: deployment.programs.clone(), secrets: secrets.clone() };
    let programs = Arc::new(programs);
    let webhooks =
        webhook::Webhooks { hooks: deployment.webhooks.clone(), client: Arc::clone(&client), secrets: secrets.clone() };
    let webhooks = Arc::new(webhooks);

    handlers.external("http", outside(secrets, http::Http { client: Arc::clone(&client) }));
    handlers.external("exec", outside(secrets, exec::Exec(Arc::clone(&programs))));
    handlers.external("mcp", outside(secrets, mcp::Mcp::new(&deployment.servers, &client, secrets)));

    for (id, method) in http::CALLS {
        handlers.builtin(id, outside(secrets, http::Builtin { client: Arc::clone(&client), method }));
    }
    handlers.builtin("sys.exec.run", outside(secrets, exec::Run(Arc::clone(&programs))));
    let models = llm::Models { models: deployment.models.clone(), client: Arc::clone(&client) };
    handlers.builtin("llm.invoke", outside(secrets, models));
    handlers.builtin("mail.send", outside(secrets, mail::Mail { relay: deployment.mail.clone(), net }));
    let calendars = Arc::new(deployment.calendars.clone());
    for (id, action) in calendar::CALLS {
        let (calendars, client) = (Arc::clone(&calendars), Arc::clone(&client));
        handlers.builtin(id, outside(secrets, calendar::Calendars { calendars, client, action }));
    }
    if let Some(hook) = &deployment.approvals {
        let approvals = webhook::Approvals { webhooks: Arc::clone(&webhooks), hook: hook.clone() };
        handlers.set_notifier(Arc::new(approvals));
    }
    handlers.builtin("webhook.send", outside(secrets, webhook::Sender(Arc::clone(&webhooks))));
    let databases = Arc::new(postgres::Databases::of_secrets(deployment.databases.clone(), secrets.clone()));
    for (id, operation) in postgres::OPERATIONS {
        let databases = Arc::clone(&databases);
        handlers.builtin(id, outside(secrets, postgres::Postgres { databases, operation }));
    }
    info::register(handlers, &deployment.variables, secrets);
    let people = human::People { ways: deployment.people.clone(), webhooks, programs };
    handlers.builtin("human.notify", outside(secrets, people));
}

fn outside(secrets: &Secrets, handler: impl Handler + 'static) -> Arc<dyn Handler> {
    Arc::new(Outside { secrets: secrets.clone(), handler })
}

/// A handler that leaves the machine or starts programs. No secret stands in its answers and errors, though a service may
/// repeat one that it was sent.
struct Outside<H> {
    secrets: Secrets,
    handler: H,
}

impl<H: Handler> Handler for Outside<H> {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let called = self.handler.call(call).await;
            let said = |error: Error| error.said(|message| self.secrets.scrub(&message));
            called.map(|output| shape::decimals(call.output(), self.secrets.scrub_json(output))).map_err(said)
        })
    }

    fn is_external(&self) -> bool {
        self.handler.is_external()
    }

    fn probe<'a>(&'a self, call: &'a Call) -> Later<'a, Probe> {
        Box::pin(async move {
            match self.handler.probe(call).await {
                Probe::Happened(output) => Probe::Happened(self.secrets.scrub_json(output)),
                told => told,
            }
        })
    }
}
