//! `webhook.send`: signed as Standard Webhooks have it (id, time and body under HMAC-SHA256), so that who gets one can tell
//! who sent it, and that it came before.

mod approvals;

pub(super) use approvals::Approvals;

use super::net::{Client, Request, Secrets};
use crate::core::digest;
use crate::deployment::Section;
use crate::gate::{Call, Error, Handler, Later};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::{Value as Json, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use url::Url;

/// Where webhooks go.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    url: Url,
    /// The name of the secret that signs them.
    secret: String,
}

/// The webhooks of a deployment.
pub(super) struct Webhooks {
    pub(super) hooks: BTreeMap<String, Hook>,
    pub(super) client: Arc<Client>,
    pub(super) secrets: Secrets,
}

impl Hook {
    pub(crate) fn read(section: &Section<'_>) -> Option<Hook> {
        section.only(&["url", "secret"]);
        for (key, help) in
            [("url", "the address that they go to"), ("secret", "the name of the secret that signs them")]
        {
            if !section.has(key) {
                section.missing(key, help);
            }
        }
        let url = section.parsed("url", "an address", |text| Url::parse(text).ok());
        Some(Hook { url: url?, secret: section.text("secret")? })
    }
}

/// `webhook.send`.
pub(super) struct Sender(pub(super) Arc<Webhooks>);

impl Handler for Sender {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let body = call.input().get("body").cloned().unwrap_or_default();
            self.0.send(call.text("hook")?, call.text("event")?, call.key(), &body, Some(call)).await
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

impl Webhooks {
    /// Sends a webhook. Every attempt has the same id, by which who gets it knows it again.
    pub(super) async fn send(
        &self,
        name: &str,
        event: &str,
        key: &str,
        data: &Json,
        call: Option<&Call>,
    ) -> Result<Json, Error> {
        let hook = self.hooks.get(name).ok_or_else(|| {
            let help = format!("`[handlers.webhook.{name}]` with a `url` and a `secret` does");
            Error::Permanent(format!("this deployment does not say where the webhook `{name}` goes; {help}"))
        })?;
        let body = json!({ "type": event, "data": data }).to_string();
        let id = format!("gov_{}", digest::sha256(key.as_bytes()).get(..32).unwrap_or_default());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let secret = self.secrets.value(&hook.secret)?;
        let signature = sign(&secret, &id, now, &body)?;
        let request = Request::new(Method::POST, hook.url.clone());
        let mut request = match call {
            Some(call) => request.within(call),
            None => request,
        };
        request = request
            .header("content-type", "application/json")?
            .header("webhook-id", &id)?
            .header("webhook-timestamp", &now.to_string())?
            .header("webhook-signature", &format!("v1,{signature}"))?;
        request.body = Some(body.into_bytes());
        // Who gets it twice knows it by its id.
        request.repeatable = true;
        let answer = self.client.send(request).await?.done()?;
        Ok(json!({ "id": id, "status": answer.status.as_u16() }))
    }
}

/// The signature, in Base64. A secret that begins with `whsec_` is Base64 itself.
fn sign(secret: &str, id: &str, time: u64, body: &str) -> Result<String, Error> {
    let base64 = base64::engine::general_purpose::STANDARD;
    let bytes = match secret.strip_prefix("whsec_") {
        Some(encoded) => {
            let decoded = base64.decode(encoded);
            decoded.map_err(|_| Error::Permanent("a secret that begins with `whsec_` goes on in Base64".to_owned()))?
        }
        None => secret.as_bytes().to_vec(),
    };
    let mac = Hmac::<Sha256>::new_from_slice(&bytes);
    let mut mac = mac.map_err(|error| Error::Permanent(format!("the webhook cannot be signed: {error}")))?;
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    Ok(base64.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // The example of the reference libraries of Standard Webhooks.
        let signed = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(signed.unwrap(), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(sign("whsec_!", "", 0, "").is_err());
    }
}
