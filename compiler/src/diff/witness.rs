//! Requests that show a difference: each is put to both plans before it is shown.

use super::outcome::Outcome;
use super::side::By;
use gov_plan::decide::{self, RequestBody, decide};
use gov_plan::model::{Decision, Package, Policy};
use gov_plan::types::{Fields, Type};
use serde_json::{Map, Value};

/// A request that both plans are asked, as in a batch of `gov decide`. A plan is asked without what it does not know: fields
/// and roles that the other one alone has.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Who asks.
    pub principal: String,
    /// For what.
    pub capability: String,
    /// The input, as JSON.
    pub input: Map<String, Value>,
    /// The context, as JSON.
    pub context: Map<String, Value>,
    /// The roles that are asserted.
    pub roles: Vec<String>,
    /// The workflow that calls.
    pub workflow: Option<String>,
    /// The tenant of who asks.
    pub principal_tenant: Option<String>,
    /// The tenant of what is asked for.
    pub resource_tenant: Option<String>,
}

/// What a plan decides of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decided<'p> {
    pub outcome: Outcome<'p>,
    pub by: By,
}

impl Asked {
    /// The request as a plan reads it.
    pub fn body(&self, package: &Package) -> Result<RequestBody, decide::Unevaluable> {
        RequestBody::from_json(package, &self.json(package))
    }

    /// The request as JSON, less what a plan does not know.
    pub fn json(&self, package: &Package) -> Value {
        let capability = package.capability(&self.capability);
        let input = match capability {
            Some(capability) => known(&self.input, &capability.input),
            None => self.input.clone(),
        };
        let roles = self.roles.iter().filter(|role| package.role(role).is_some());
        let mut request = Map::new();
        request.insert("principal".to_owned(), self.principal.as_str().into());
        request.insert("capability".to_owned(), self.capability.as_str().into());
        request.insert("input".to_owned(), Value::Object(input));
        request.insert("context".to_owned(), Value::Object(known(&self.context, &package.context)));
        request.insert("roles".to_owned(), roles.map(|role| Value::from(role.as_str())).collect());
        let texts = [
            ("workflow", &self.workflow),
            ("principal_tenant", &self.principal_tenant),
            ("resource_tenant", &self.resource_tenant),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                request.insert(name.to_owned(), text.as_str().into());
            }
        }
        Value::Object(request)
    }

    /// What a plan decides of it; a plan without the policy denies.
    pub(super) fn decided<'p>(&self, package: &'p Package, policy: Option<&'p Policy>) -> Decided<'p> {
        let denied = |by| Decided { outcome: Outcome::Deny, by };
        let Some(policy) = policy else { return denied(By::Missing) };
        let body = match self.body(package) {
            Ok(body) => body,
            Err(decide::Unevaluable::Capability { .. }) => return denied(By::Missing),
            Err(_) => return denied(By::Misfit),
        };
        let decided = decide(package, policy, &body.request());
        let index = |index: u32| (index as usize).saturating_sub(1);
        let by = match &decided.by {
            decide::By::Rule(rule) => By::Rule(index(*rule)),
            decide::By::Default => By::Default,
            decide::By::Unevaluable(why) => match why.as_ref() {
                decide::Unevaluable::Rule { index: rule, .. } => By::Unevaluable(index(*rule)),
                decide::Unevaluable::Table { .. } | decide::Unevaluable::NoRow { .. } => By::Tables,
                decide::Unevaluable::Capability { .. } => By::Missing,
                _ => By::Misfit,
            },
        };
        let outcome = match decided.decision {
            Decision::Deny => Outcome::Deny,
            Decision::Allow => Outcome::Allow,
            Decision::Approval => Outcome::Approval(decided.approvals().collect()),
        };
        Decided { outcome, by }
    }
}

/// What of a JSON object a record of these fields has.
fn known(object: &Map<String, Value>, fields: &Fields) -> Map<String, Value> {
    let mut found = Map::new();
    for (name, value) in object {
        let Some(field) = fields.get(name) else { continue };
        let value = match (&field.schema.ty, value) {
            (Type::Record(fields), Value::Object(inner)) => Value::Object(known(inner, fields)),
            _ => value.clone(),
        };
        found.insert(name.clone(), value);
    }
    found
}

/// A record as a JSON object.
pub(super) fn object(record: &gov_plan::value::Record) -> Map<String, Value> {
    match gov_plan::value::Value::Record(record.clone()).to_json() {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
