//! Fields that a tool calls by names that Gov cannot write: `perPage` is `per_page` here, and goes as `perPage`.

use crate::gate::Call;
use gov_plan::types::{Fields, Type};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The names of the tool, by those of the capability.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// What the plan says: `names: { per_page: "perPage" }`.
    pub(super) fn of(call: &Call) -> Names {
        let said = call.setting("names").and_then(Json::as_object).into_iter().flatten();
        Names(said.filter_map(|(own, name)| Some((own.clone(), name.as_str()?.to_owned()))).collect())
    }

    /// The arguments as the tool calls them. What is declared as JSON is not looked into.
    pub(super) fn there(&self, call: &Call) -> Map<String, Json> {
        let renamed = self.fields(call.declared(), call.input().clone(), &|own| (own.to_owned(), self.of_tool(own)));
        match renamed {
            Json::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    /// What the tool gave, as the capability declares it.
    pub(super) fn here(&self, fields: &Fields, given: Json) -> Json {
        self.fields(fields, given, &|own| (self.of_tool(own), own.to_owned()))
    }

    fn of_tool(&self, own: &str) -> String {
        self.0.get(own).map_or(own, String::as_str).to_owned()
    }

    /// An object with other names: `change` gives, for a declared field, the name that is looked for and the new one.
    fn fields(&self, fields: &Fields, json: Json, change: &dyn Fn(&str) -> (String, String)) -> Json {
        let Json::Object(object) = json else { return json };
        let renamed =
            object.into_iter().map(|(name, value)| match fields.iter().find(|field| change(&field.name).0 == name) {
                Some(field) => (change(&field.name).1, self.inside(&field.schema.ty, value, change)),
                None => (name, value),
            });
        Json::Object(renamed.collect())
    }

    fn inside(&self, ty: &Type, json: Json, change: &dyn Fn(&str) -> (String, String)) -> Json {
        match (ty, json) {
            (Type::Record(fields), json) => self.fields(fields, json, change),
            (Type::List(element), Json::Array(elements)) => {
                elements.into_iter().map(|json| self.inside(&element.ty, json, change)).collect()
            }
            (_, json) => json,
        }
    }
}
