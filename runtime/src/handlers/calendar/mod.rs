//! `calendar`: events of a CalDAV collection (RFC 4791).

mod event;

use super::net::{Client, Request, Way};
use crate::core::digest;
use crate::deployment::Section;
use crate::gate::{Call, Error, Handler, Later};
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// A collection of events.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    /// Its address; it ends with `/`.
    url: Url,
    user: Option<String>,
    secret: Option<String>,
}

/// What is done with events.
#[derive(Clone, Copy)]
pub(super) enum Action {
    Create,
    Delete,
}

/// The actions, by the ids of their capabilities.
pub(super) const CALLS: [(&str, Action); 2] =
    [("calendar.create_event", Action::Create), ("calendar.delete_event", Action::Delete)];

/// A capability of `calendar`.
pub(super) struct Calendars {
    pub(super) calendars: Arc<BTreeMap<String, Calendar>>,
    pub(super) client: Arc<Client>,
    pub(super) action: Action,
}

impl Calendar {
    pub(crate) fn read(section: &Section<'_>) -> Option<Calendar> {
        section.only(&["url", "user", "secret"]);
        if !section.has("url") {
            section.missing("url", "the address of the collection");
        }
        let collection = |text: &str| Url::parse(text).ok().filter(|url| url.path().ends_with('/'));
        let url = section.parsed("url", "the address of a collection, with a `/` at its end", collection)?;
        Some(Calendar { url, user: section.text("user"), secret: section.text("secret") })
    }
}

impl Handler for Calendars {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let name = call.text("calendar")?;
            let calendar = self.calendars.get(name).ok_or_else(|| {
                let help = format!("`[handlers.calendar.{name}]` with its `url` says where it is");
                Error::Permanent(format!("this deployment has no calendar `{name}`; {help}"))
            })?;
            match self.action {
                Action::Create => self.create(call, calendar).await,
                Action::Delete => self.delete(call, calendar).await,
            }
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

impl Calendars {
    /// The event is named by the key of the call, so that every attempt is about the same one.
    async fn create(&self, call: &Call, calendar: &Calendar) -> Result<Json, Error> {
        let id = digest::sha256(call.key().as_bytes()).get(..32).unwrap_or_default().to_owned();
        let text = event::text(&id, call)?;
        let mut request = calendar
            .request(call, Method::PUT, &id)?
            .header("content-type", "text/calendar; charset=utf-8")?
            .header("if-none-match", "*")?;
        request.body = Some(text.into_bytes());
        let answer = self.client.send(request).await?;
        // An attempt before this one made it.
        if answer.status != StatusCode::PRECONDITION_FAILED {
            answer.done()?;
        }
        Ok(json!({ "event": id }))
    }

    async fn delete(&self, call: &Call, calendar: &Calendar) -> Result<Json, Error> {
        let request = calendar.request(call, Method::DELETE, call.text("event")?)?;
        let answer = self.client.send(request).await?;
        // What is not there needs no deletion, and an attempt before this one may have deleted it.
        if !matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            answer.done()?;
        }
        Ok(json!({}))
    }
}

impl Calendar {
    fn request(&self, call: &Call, method: Method, event: &str) -> Result<Request, Error> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@');
        if event.is_empty() || !event.chars().all(|c| is_name(c) || c == '.') || event.starts_with('.') {
            return Err(Error::Permanent(format!("`{event}` is no event of a calendar")));
        }
        let url = self.url.join(&format!("{event}.ics"));
        let url = url.map_err(|error| Error::Permanent(format!("`{event}` has no address: {error}")))?;
        let mut request = Request::new(method, url).within(call);
        request.secret.clone_from(&self.secret);
        request.way = self.user.clone().map(Way::Basic);
        // Making and deleting the same event again changes nothing.
        request.repeatable = true;
        Ok(request)
    }
}
