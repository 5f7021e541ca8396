//! What an answer means.

use crate::gate::{Call, Error};
use gov_plan::types::Type;
use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use std::time::SystemTime;

/// The most characters of an answer that a message shows.
const SHOWN: usize = 300;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether doing it again is harmless.
    pub(super) repeatable: bool,
    /// The address, for messages.
    pub(super) from: String,
}

impl Answer {
    /// The answer, if its status says that it was done.
    ///
    /// 408, 425, 429 and 5xx may be gone the next time, any other status will not. A 500, 502 or 504 may come after the work
    /// was done, so that nobody knows, where doing it again is not harmless.
    ///
    /// # Errors
    ///
    /// What the status says.
    pub(crate) fn done(self) -> Result<Answer, Error> {
        let status = self.status;
        if status.is_success() {
            return Ok(self);
        }
        let message = self.failure();
        let in_doubt =
            matches!(status, StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
        Err(match status {
            _ if in_doubt && !self.repeatable => Error::Unknown(message),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => self.later(message),
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => Error::Permanent(message),
            status if status.is_server_error() => self.later(message),
            _ => Error::Permanent(message),
        })
    }

    /// The answer's text.
    ///
    /// # Errors
    ///
    /// If it is not UTF-8.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.body)
            .map_err(|_| Error::Misfit(format!("the answer of `{}` is not UTF-8", self.from)))
    }

    /// The answer's JSON. Nothing at all is an object without fields.
    ///
    /// # Errors
    ///
    /// If it is no JSON, or has a key twice.
    pub(crate) fn json(&self) -> Result<Json, Error> {
        let text = self.text()?;
        if text.trim().is_empty() {
            return Ok(json!({}));
        }
        gov_plan::value::parse_json(text)
            .map_err(|error| Error::Misfit(format!("the answer of `{}` is no JSON: {error}", self.from)))
    }

    /// The answer as the output that a capability declares: an object of its fields, or what stands for its only field. With
    /// `result`, a JSON pointer (RFC 6901), it is what that points to.
    ///
    /// # Errors
    ///
    /// If it is not of such a shape.
    pub(crate) fn output(&self, call: &Call, method: &Method, result: Option<&str>) -> Result<Json, Error> {
        let only = match call.output().as_slice() {
            [] => return Ok(json!({})),
            [only] => Some(only),
            _ => None,
        };
        if *method == Method::HEAD {
            return Ok(json!({}));
        }
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if let Some(only) = only
            && matches!(only.schema.ty, Type::String)
            && kind.starts_with("text/")
        {
            return Ok(json!({ &only.name: self.text()? }));
        }
        let mut json = self.json()?;
        if let Some(pointer) = result {
            let found = json.pointer_mut(pointer).map(Json::take);
            json = found.ok_or_else(|| Error::Misfit(format!("the answer of `{}` has no `{pointer}`", self.from)))?;
        }
        Ok(match (json, only) {
            (Json::Object(fields), Some(only)) if !fields.contains_key(&only.name) && takes_object(&only.schema.ty) => {
                json!({ &only.name: fields })
            }
            (json @ Json::Object(_), _) | (json, None) => json,
            (json, Some(only)) => json!({ &only.name: json }),
        })
    }

    /// A status that is no success, in words.
    fn failure(&self) -> String {
        let status = self.status;
        let name = status.canonical_reason().map(|name| format!(" ({name})")).unwrap_or_default();
        let text = String::from_utf8_lossy(&self.body);
        let words: Vec<&str> = text.split_whitespace().collect();
        let said: String = words.join(" ").chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        let said = if said.is_empty() { said } else { format!(": {said}") };
        format!("`{}` answered {}{name}{said}", self.from, status.as_u16())
    }

    /// A failure that may be gone later, and when, if the other side says.
    fn later(&self, message: String) -> Error {
        let said = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        match said.and_then(|said| retry_after(said, SystemTime::now())) {
            Some(after) => Error::Busy { message, after },
            None => Error::Transient(message),
        }
    }
}

fn takes_object(ty: &Type) -> bool {
    matches!(ty, Type::Json | Type::Record(_))
}

/// What `Retry-After` says, in milliseconds from now: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(said: &str, now: SystemTime) -> Option<i64> {
    if let Ok(seconds) = said.trim().parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let at = httpdate::parse_http_date(said.trim()).ok()?;
    i64::try_from(at.duration_since(now).unwrap_or_default().as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after("120", now), Some(120_000));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(7_000));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(0));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}
