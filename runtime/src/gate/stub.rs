//! What stands for an answer where a deployment has calls to the outside stubbed.

use super::declared;
use crate::core::Outcome;
use gov_plan::model::Capability;
use gov_plan::types::{Fields, Type};
use gov_plan::value;
use serde_json::{Map, Value as Json, json};

/// What a stubbed call comes to: what the deployment says, or the plainest values of the declared types. Where those break
/// a condition that the capability declares, there is nothing to go on with.
pub(super) fn outcome(capability: &Capability, said: Option<&Json>) -> Outcome {
    let output = said.map_or_else(|| plainest(&capability.output), |said| declared(&capability.output, said.clone()));
    match value::read_fields(&capability.output, &output, &|_, _| false) {
        Ok(_) => Outcome::Stubbed { output },
        Err(misfit) => {
            let id = &capability.id;
            let message = format!("`{id}` cannot be stubbed: {misfit}; say what it gives in `[handlers.stubs]`");
            Outcome::Err { transient: false, message, after: None }
        }
    }
}

fn plainest(fields: &Fields) -> Json {
    let needed = fields.iter().filter(|field| !field.schema.optional);
    Json::Object(needed.map(|field| (field.name.clone(), plainest_of(&field.schema.ty))).collect::<Map<_, _>>())
}

fn plainest_of(ty: &Type) -> Json {
    match ty {
        Type::Bool => json!(false),
        Type::Int => json!(0),
        Type::Decimal => json!("0"),
        Type::String => json!("stubbed"),
        Type::Duration => json!("0ms"),
        Type::Time => json!("1970-01-01T00:00:00Z"),
        Type::Money(currency) => json!(format!("0 {currency}")),
        Type::Json => json!({}),
        Type::Risk => json!("low"),
        Type::Union(members) => json!(members.first()),
        Type::List(_) => json!([]),
        Type::Record(fields) => plainest(fields),
    }
}
