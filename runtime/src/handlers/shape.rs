//! What services and programs give, where it stands for a value that Gov writes in another way.

use gov_plan::types::{Fields, Schema, Type};
use serde_json::{Map, Value as Json};

/// Numbers as the texts that decimals are, where decimals are declared.
pub(super) fn decimals(fields: &Fields, json: Json) -> Json {
    let Json::Object(object) = json else { return json };
    let given = object.into_iter().map(|(name, value)| match fields.get(&name) {
        Some(field) => (name, decimals_of(&field.schema, value)),
        None => (name, value),
    });
    Json::Object(given.collect::<Map<_, _>>())
}

fn decimals_of(schema: &Schema, json: Json) -> Json {
    match (&schema.ty, json) {
        (Type::Decimal, Json::Number(number)) => Json::String(number.to_string()),
        (Type::Record(fields), json) => decimals(fields, json),
        (Type::List(element), Json::Array(elements)) => {
            elements.into_iter().map(|json| decimals_of(element, json)).collect()
        }
        (_, json) => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gov_plan::Origin;
    use gov_plan::types::Field;
    use serde_json::json;

    fn field(name: &str, ty: Type) -> Field {
        Field { name: name.to_owned(), docs: String::new(), schema: Schema::plain(ty), at: Origin::default() }
    }

    #[test]
    fn numbers_are_texts_where_decimals_are_declared_and_nowhere_else() {
        let line = Fields::from_iter([field("price", Type::Decimal), field("count", Type::Int)]);
        let fields = Fields::from_iter([
            field("total", Type::Decimal),
            field("lines", Type::List(Box::new(Schema::plain(Type::Record(line))))),
            field("any", Type::Json),
        ]);
        let given = json!({ "total": 0.25, "lines": [{ "price": 3, "count": 3 }], "any": 1.5, "else": 2 });
        let taken = json!({ "total": "0.25", "lines": [{ "price": "3", "count": 3 }], "any": 1.5, "else": 2 });
        assert_eq!(decimals(&fields, given), taken);
    }
}
