//! Values for the parameters of statements: as the server reads them from text, so that every type can be given.

use bytes::BytesMut;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::error::Error;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};

/// A value, as text; none for null.
#[derive(Debug)]
pub(super) struct Parameter<'j>(Option<Cow<'j, str>>);

impl<'j> Parameter<'j> {
    /// A value for a parameter of a type; the error says what is wrong with it, after its name.
    pub(super) fn new(json: &'j Json, ty: &Type) -> Result<Parameter<'j>, String> {
        if *ty == Type::JSON || *ty == Type::JSONB {
            return Ok(Parameter((!json.is_null()).then(|| json.to_string().into())));
        }
        let text = match json {
            Json::Null => None,
            Json::Bool(value) => Some(value.to_string().into()),
            Json::Number(number) => Some(number.to_string().into()),
            Json::String(text) => Some(text.as_str().into()),
            Json::Array(elements) => match ty.kind() {
                Kind::Array(element) => Some(array(elements, element)?.into()),
                _ => return Err(format!("is a list, and the statement wants `{}`", ty.name())),
            },
            Json::Object(_) => return Err(format!("is an object, and the statement wants `{}`", ty.name())),
        };
        Ok(Parameter(text))
    }
}

/// A list as the server reads it: `{"a","b",NULL}`.
fn array(elements: &[Json], element: &Type) -> Result<String, String> {
    let mut text = String::from("{");
    for (at, json) in elements.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        match json {
            Json::Array(inner) => text.push_str(&array(inner, element)?),
            json => match Parameter::new(json, element)?.0 {
                None => text.push_str("NULL"),
                Some(value) => {
                    text.push('"');
                    for character in value.chars() {
                        if matches!(character, '"' | '\\') {
                            text.push('\\');
                        }
                        text.push(character);
                    }
                    text.push('"');
                }
            },
        }
    }
    text.push('}');
    Ok(text)
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(json: Json, ty: &Type) -> Result<Option<String>, String> {
        Parameter::new(&json, ty).map(|parameter| parameter.0.map(Cow::into_owned))
    }

    #[test]
    fn values_are_written_as_the_server_reads_them() {
        assert_eq!(text(json!(1.5), &Type::NUMERIC).unwrap().unwrap(), "1.5");
        assert_eq!(text(json!("a"), &Type::JSONB).unwrap().unwrap(), "\"a\"");
        assert_eq!(text(json!({ "a": 1 }), &Type::JSON).unwrap().unwrap(), "{\"a\":1}");
        assert_eq!(text(json!(null), &Type::TEXT).unwrap(), None);
        let list = json!(["a\"b\\", null, "{c},"]);
        assert_eq!(text(list, &Type::TEXT_ARRAY).unwrap().unwrap(), r#"{"a\"b\\",NULL,"{c},"}"#);
        assert_eq!(text(json!([[1, 2], [3, 4]]), &Type::INT4_ARRAY).unwrap().unwrap(), r#"{{"1","2"},{"3","4"}}"#);
        assert_eq!(text(json!([1]), &Type::INT4).unwrap_err(), "is a list, and the statement wants `int4`");
    }
}
