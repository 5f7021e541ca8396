//! `net.http`: calls whose address the workflow puts together.

use crate::gate::{Call, Error, Handler, Later};
use crate::handlers::net::{Client, Request};
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use url::Url;

/// The methods, by the ids of their capabilities.
pub(in crate::handlers) const CALLS: [(&str, Method); 4] = [
    ("net.http.get", Method::GET),
    ("net.http.post", Method::POST),
    ("net.http.put", Method::PUT),
    ("net.http.delete", Method::DELETE),
];

/// A capability of `net.http`.
pub(in crate::handlers) struct Builtin {
    pub(in crate::handlers) client: Arc<Client>,
    pub(in crate::handlers) method: Method,
}

impl Handler for Builtin {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let answer = self.client.send(self.request(call)?).await?.done()?;
            let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let mut output = json!({ "status": answer.status.as_u16(), "text": answer.text()?, "kind": kind });
            let is_json = kind.contains("json") && !answer.body.is_empty();
            if let (true, Some(fields)) = (is_json, output.as_object_mut()) {
                fields.insert("json".to_owned(), answer.json()?);
            }
            Ok(output)
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

impl Builtin {
    fn request(&self, call: &Call) -> Result<Request, Error> {
        let text = call.text("url")?;
        let url = Url::parse(text).map_err(|error| Error::Permanent(format!("`{text}` is no address: {error}")))?;
        let mut request = Request::new(self.method.clone(), url).within(call);
        request.repeatable = call.is_repeatable();
        if let Some(secret) = call.input().get("secret").and_then(Json::as_str) {
            // Here whoever writes the address is not who has the secret.
            if !self.client.settings().secrets.is_bound(secret) {
                return Err(Error::Permanent(format!(
                    "the secret `{secret}` goes to no address that is put together: \
                     `hosts = [\"…\"]` among its settings says where it may go"
                )));
            }
            request.secret = Some(secret.to_owned());
        }
        if self.method != Method::GET {
            request = request.header("idempotency-key", &super::key(call.key()))?;
        }
        for header in call.input().get("headers").and_then(Json::as_array).into_iter().flatten() {
            let part = |name: &str| header.get(name).and_then(Json::as_str).unwrap_or_default();
            request = request.header(part("name"), part("value"))?;
        }
        Ok(match call.input().get("body") {
            Some(body) => request.json(body),
            None => request,
        })
    }
}
