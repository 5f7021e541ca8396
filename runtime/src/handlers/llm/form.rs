//! How a service wants to be asked, and how it answers.

use serde_json::{Map, Value as Json, json};

/// The form of a service's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
}

/// What a model said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// `end`, `length` or `other`.
    pub(super) stop: &'static str,
    pub(super) input_tokens: i64,
    pub(super) output_tokens: i64,
}

impl Form {
    pub(super) fn parse(text: &str) -> Option<Form> {
        match text {
            "openai" => Some(Form::OpenAi),
            "anthropic" => Some(Form::Anthropic),
            _ => None,
        }
    }

    /// The part of the address after that of the interface.
    pub(super) fn path(self) -> &'static str {
        match self {
            Form::OpenAi => "chat/completions",
            Form::Anthropic => "messages",
        }
    }

    pub(super) fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Form::OpenAi => &[],
            Form::Anthropic => &[("anthropic-version", "2023-06-01")],
        }
    }

    /// The header that the secret goes in, where it is one of its own.
    pub(super) fn way(self) -> Option<&'static str> {
        match self {
            Form::OpenAi => None,
            Form::Anthropic => Some("x-api-key"),
        }
    }

    /// The body of a request.
    pub(super) fn write(self, model: &str, input: &Json) -> Json {
        let field = |name: &str| input.get(name).cloned().unwrap_or_default();
        let user = json!({ "role": "user", "content": field("prompt") });
        let mut body =
            Map::from_iter([("model".to_owned(), json!(model)), ("max_tokens".to_owned(), field("max_tokens"))]);
        let messages = match (self, input.get("system")) {
            (Form::OpenAi, Some(system)) => json!([{ "role": "system", "content": system }, user]),
            (Form::Anthropic, Some(system)) => {
                body.insert("system".to_owned(), system.clone());
                json!([user])
            }
            (_, None) => json!([user]),
        };
        body.insert("messages".to_owned(), messages);
        // A decimal is a text in Gov's JSON, and a number in theirs.
        let temperature = input.get("temperature").and_then(Json::as_str).and_then(|text| text.parse::<f64>().ok());
        if let Some(temperature) = temperature {
            body.insert("temperature".to_owned(), json!(temperature));
        }
        Json::Object(body)
    }

    /// What an answer says; nothing where it has not the form.
    pub(super) fn read(self, answer: &Json) -> Option<Said> {
        let count =
            |name: &str| answer.pointer(&format!("/usage/{name}")).and_then(Json::as_i64).filter(|count| *count >= 0);
        match self {
            Form::OpenAi => {
                let choice = answer.pointer("/choices/0")?;
                Some(Said {
                    text: choice.pointer("/message/content")?.as_str()?.to_owned(),
                    stop: match choice.get("finish_reason").and_then(Json::as_str) {
                        Some("stop") => "end",
                        Some("length") => "length",
                        _ => "other",
                    },
                    input_tokens: count("prompt_tokens")?,
                    output_tokens: count("completion_tokens")?,
                })
            }
            Form::Anthropic => {
                let blocks = answer.get("content")?.as_array()?;
                let texts = blocks.iter().filter_map(|block| block.get("text")?.as_str());
                Some(Said {
                    text: texts.collect::<Vec<_>>().concat(),
                    stop: match answer.get("stop_reason").and_then(Json::as_str) {
                        Some("end_turn" | "stop_sequence") => "end",
                        Some("max_tokens") => "length",
                        _ => "other",
                    },
                    input_tokens: count("input_tokens")?,
                    output_tokens: count("output_tokens")?,
                })
            }
        }
    }
}
