//! `handler http { … }`: any call over HTTP that a plan describes.

mod address;
mod builtin;

pub(super) use builtin::{Builtin, CALLS};

use super::net::{Client, Request};
use crate::core::digest;
use crate::gate::{Call, Error, Handler, Later};
use http::Method;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use url::Url;

/// The longest key that services take, in bytes.
const LONGEST_KEY: usize = 255;

/// The handler.
pub(super) struct Http {
    pub(super) client: Arc<Client>,
}

impl Handler for Http {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let request = request(call)?;
            let method = request.method.clone();
            let answer = self.client.send(request).await?.done()?;
            answer.output(call, &method, call.setting_text("result"))
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

/// The request that a call is.
fn request(call: &Call) -> Result<Request, Error> {
    let needed = |name: &str| Error::Permanent(format!("the handler of `{}` has no `{name}`", call.capability()));
    let method = call.setting_text("method").ok_or_else(|| needed("method"))?;
    let method = Method::try_from(method).map_err(|_| Error::Permanent(format!("`{method}` is no method of HTTP")))?;
    let mut url = address::of(&call.pieces("url"))?;
    let has_body = !matches!(method, Method::GET | Method::HEAD | Method::DELETE);
    let body = call.setting("body").or_else(|| has_body.then(|| call.rest()));
    if let Some(Json::Object(query)) = call.setting("query") {
        add_query(&mut url, query);
    }
    if body.is_none()
        && let Json::Object(rest) = call.rest()
    {
        add_query(&mut url, rest);
    }
    let mut request = Request::new(method, url).within(call);
    request.repeatable = call.is_repeatable();
    request.secret = call.setting_text("secret").map(str::to_owned);
    if !matches!(request.method, Method::GET | Method::HEAD) {
        request = request.header("idempotency-key", &key(call.key()))?;
    }
    request = request.header("accept", "application/json, text/*;q=0.5, */*;q=0.1")?;
    for (name, value) in call.setting("headers").and_then(Json::as_object).into_iter().flatten() {
        // Names of fields have no hyphens, and names of headers no underscores.
        request = request.header(&name.replace('_', "-"), &text(value))?;
    }
    Ok(match body {
        Some(body) => request.json(body),
        None => request,
    })
}

fn add_query(url: &mut Url, fields: &Map<String, Json>) {
    let mut pairs = url.query_pairs_mut();
    for (name, value) in fields {
        match value {
            Json::Null => {}
            Json::Array(elements) => {
                for element in elements {
                    pairs.append_pair(name, &text(element));
                }
            }
            value => {
                pairs.append_pair(name, &text(value));
            }
        }
    }
    drop(pairs);
    if url.query() == Some("") {
        url.set_query(None);
    }
}

/// The key of a call as a header can hold it: itself where it can, and otherwise its hash.
fn key(key: &str) -> String {
    let holds = !key.is_empty() && key.len() <= LONGEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
    if holds { key.to_owned() } else { digest::sha256(key.as_bytes()) }
}

/// A value as an address or a header has it.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
