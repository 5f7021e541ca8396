//! `mail.send`: by the relay of the deployment (SMTP, RFC 5321).

mod relay;

pub(crate) use relay::Relay;

use super::blocking::deadline;
use super::net::Settings;
use crate::core::digest;
use crate::gate::{Call, Error, Handler, Later};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The most people that one mail goes to.
const MOST: usize = 100;

/// The handler.
pub(super) struct Mail {
    pub(super) relay: Option<Relay>,
    pub(super) net: Arc<Settings>,
}

impl Handler for Mail {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let relay = self.relay.as_ref().ok_or_else(|| {
                let help = "`[handlers.mail]` with a `server` and a `from` does";
                Error::Permanent(format!("this deployment does not say how mail is sent; {help}"))
            })?;
            let id = format!("<{}@gov>", digest::sha256(call.key().as_bytes()).get(..32).unwrap_or_default());
            let message = message(call, relay, &id)?;
            relay.send(&self.net, &message, deadline(call)).await?;
            Ok(json!({ "id": id }))
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

/// The mail of a call. Every attempt has the same id.
fn message(call: &Call, relay: &Relay, id: &str) -> Result<Message, Error> {
    let mut message = Message::builder().message_id(Some(id.to_owned())).from(relay.from.clone());
    let mut people = 0;
    for (field, add) in [
        ("to", lettre::message::MessageBuilder::to as fn(_, _) -> _),
        ("cc", lettre::message::MessageBuilder::cc as fn(_, _) -> _),
    ] {
        for text in call.input().get(field).and_then(Json::as_array).into_iter().flatten() {
            let text = text.as_str().unwrap_or_default();
            let mailbox = mailbox(text)?;
            relay.admit(&mailbox.email)?;
            message = add(message, mailbox);
            people += 1;
        }
    }
    match people {
        0 => return Err(Error::Permanent("a mail goes to somebody".to_owned())),
        people if people > MOST => return Err(Error::Permanent(format!("a mail goes to at most {MOST} people"))),
        _ => {}
    }
    if let Some(text) = call.input().get("reply_to").and_then(Json::as_str) {
        message = message.reply_to(mailbox(text)?);
    }
    message = message.subject(call.text("subject")?);
    let text = call.text("text")?.to_owned();
    let built = match call.input().get("html").and_then(Json::as_str) {
        Some(html) => message.multipart(MultiPart::alternative_plain_html(text, html.to_owned())),
        None => message.singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text)),
    };
    built.map_err(|error| Error::Permanent(format!("the mail cannot be written: {error}")))
}

fn mailbox(text: &str) -> Result<Mailbox, Error> {
    let parsed =
        text.parse::<Mailbox>().or_else(|_| text.parse::<Address>().map(|address| Mailbox::new(None, address)));
    parsed.map_err(|_| Error::Permanent(format!("`{text}` is no address of a mail")))
}
