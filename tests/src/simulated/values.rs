//! Values that fit what is declared.

use crate::random::Random;
use gov_plan::types::{Fields, Schema, Type};
use gov_plan::value;
use serde_json::{Map, Value as Json, json};

/// How often values are drawn before it is given up that refinements admit any.
const TRIES: usize = 400;

/// A record that fits; nothing, if none was found.
pub fn record(fields: &Fields, random: &mut Random) -> Option<Json> {
    (0..TRIES).map(|_| draw(fields, random)).find(|drawn| value::read_fields(fields, drawn, &|_, _| false).is_ok())
}

fn draw(fields: &Fields, random: &mut Random) -> Json {
    let mut object = Map::new();
    for field in fields.iter() {
        if !(field.schema.optional && random.chance(30)) {
            object.insert(field.name.clone(), one(&field.schema, random));
        }
    }
    Json::Object(object)
}

fn one(schema: &Schema, random: &mut Random) -> Json {
    let most = if random.chance(80) { 5 } else { 100 };
    let number = random.below(most);
    match &schema.ty {
        Type::Bool => json!(random.chance(50)),
        Type::Int => json!(number),
        Type::Decimal => json!(number.to_string()),
        Type::String => json!(format!("text-{number}")),
        Type::Duration => json!(format!("{number}s")),
        Type::Time => json!("2026-01-01T00:00:00Z"),
        Type::Money(currency) => json!(format!("{number} {currency}")),
        Type::Json => json!({ "some": number }),
        Type::Risk => json!("low"),
        Type::Union(of) => json!(random.pick(of)),
        Type::List(element) => {
            let length = random.below(4);
            (0..length).map(|_| one(element, random)).collect()
        }
        Type::Record(fields) => draw(fields, random),
    }
}
