//! `llm.invoke`: language models, in the form of OpenAI's interface, which many services share, or of Anthropic's.
//!
//! A call costs at most what its capability says: where prompt and answer together could cost more, it is not made.

mod form;
mod price;

use super::net::{Client, Request, Way};
use crate::deployment::Section;
use crate::gate::{Call, Error, Handler, Later};
use form::Form;
use http::Method;
use price::Prices;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// A model of a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    form: Form,
    /// The address of the interface: `https://api.openai.com/v1`.
    url: String,
    /// As the service calls it.
    model: String,
    secret: Option<String>,
    prices: Prices,
    /// The most tokens that an answer may have.
    most: i64,
}

/// The models of a deployment.
pub(super) struct Models {
    pub(super) models: BTreeMap<String, Model>,
    pub(super) client: Arc<Client>,
}

impl Model {
    pub(crate) fn read(section: &Section<'_>) -> Option<Model> {
        section.only(&["form", "url", "model", "secret", "input_price", "output_price", "max_tokens"]);
        let needed = [
            ("form", "`openai` or `anthropic`"),
            ("url", "the address of the interface, such as `https://api.openai.com/v1`"),
            ("model", "the name that the service has for it"),
            (
                "input_price",
                "what a million tokens of a prompt cost, such as `2.50 USD`; `0 USD` where they cost nothing",
            ),
            ("output_price", "what a million tokens of an answer cost"),
        ];
        for (key, help) in needed {
            if !section.has(key) {
                section.missing(key, help);
            }
        }
        let form = section.parsed("form", "`openai` or `anthropic`", Form::parse);
        let address = |text: &str| Url::parse(text).ok().map(|_| text.trim_end_matches('/').to_owned());
        let url = section.parsed("url", "an address", address);
        let prices = Prices::read(section);
        let most = section.count("max_tokens").and_then(|most| i64::try_from(most).ok()).unwrap_or(i64::MAX);
        Some(Model {
            form: form?,
            url: url?,
            model: section.text("model")?,
            secret: section.text("secret"),
            prices: prices?,
            most,
        })
    }
}

impl Handler for Models {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let name = call.text("model")?;
            let model = self.models.get(name).ok_or_else(|| {
                let help = format!("`[handlers.llm.{name}]` says where it is and what it costs");
                Error::Permanent(format!("this deployment has no model `{name}`; {help}"))
            })?;
            let request = model.request(name, call)?;
            let answer = self.client.send(request).await?.done()?;
            let said = model.form.read(&answer.json()?).ok_or_else(|| {
                Error::Misfit(format!("the model `{name}` gave no text, or does not say how many tokens it took"))
            })?;
            let cost = model.prices.of(said.input_tokens, said.output_tokens);
            let cost = cost.ok_or_else(|| Error::Misfit(format!("what the model `{name}` cost cannot be written")))?;
            Ok(json!({
                "text": said.text,
                "stop": said.stop,
                "input_tokens": said.input_tokens,
                "output_tokens": said.output_tokens,
                "cost": cost,
            }))
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

impl Model {
    fn request(&self, name: &str, call: &Call) -> Result<Request, Error> {
        let most = call.input().get("max_tokens").and_then(Json::as_i64).unwrap_or(0);
        if most > self.most {
            return Err(Error::Permanent(format!("the model `{name}` gives at most {} tokens here", self.most)));
        }
        let length = |field: &str| call.input().get(field).and_then(Json::as_str).map_or(0, str::len);
        let prompt = length("prompt") + length("system");
        self.prices.admit(name, prompt, most, call.cost())?;
        let url = format!("{}/{}", self.url, self.form.path());
        let url = Url::parse(&url).map_err(|error| Error::Permanent(format!("`{url}` is no address: {error}")))?;
        let request = Request::new(Method::POST, url).within(call);
        let mut request = request.json(&self.form.write(&self.model, call.input()));
        for (name, value) in self.form.headers() {
            request = request.header(name, value)?;
        }
        request.secret.clone_from(&self.secret);
        request.way = self.form.way().map(|header| Way::Header(header.to_owned()));
        // An answer that was lost is made again: it leaves nothing behind.
        request.repeatable = true;
        Ok(request)
    }
}
