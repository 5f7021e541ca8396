//! Requests on one line: `agent:support to stripe.refund {"amount":"20.00 USD"} with {"hour":0} as finance in refund_order`.
//!
//! Input and context are JSON; what is empty is left out. Tenants stand at the end: `tenants {"principal":"a"}`.

use crate::decide::RequestBody;
use crate::model::Package;
use crate::value::{self, Record, Value};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::fmt::Write;

/// Writes a request.
pub(super) fn write(body: &RequestBody) -> String {
    let mut text = format!("{} to {}", body.principal, body.capability);
    let json = |record: &Record| Value::Record(record.clone()).to_json().to_string();
    if !body.input.is_empty() {
        let _ = write!(text, " {}", json(&body.input));
    }
    if !body.context.is_empty() {
        let _ = write!(text, " with {}", json(&body.context));
    }
    if !body.roles.is_empty() {
        let _ = write!(text, " as {}", body.roles.join(","));
    }
    if let Some(workflow) = &body.workflow {
        let _ = write!(text, " in {workflow}");
    }
    if body.principal_tenant.is_some() || body.resource_tenant.is_some() {
        let mut tenants = Map::new();
        for (name, tenant) in [("principal", &body.principal_tenant), ("resource", &body.resource_tenant)] {
            if let Some(tenant) = tenant {
                tenants.insert(name.to_owned(), Json::from(tenant.as_str()));
            }
        }
        let _ = write!(text, " tenants {}", Json::Object(tenants));
    }
    text
}

/// Reads requests. Many have the same context, which is read once.
#[derive(Debug, Default)]
pub(super) struct Reading {
    contexts: HashMap<String, Record>,
}

impl Reading {
    /// Reads what [`write`] wrote; nothing where it is no request.
    pub fn read(&mut self, package: &Package, text: &str) -> Option<RequestBody> {
        let (principal, rest) = text.split_once(" to ")?;
        let (capability, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let declared = package.capability(capability)?;
        let mut body = RequestBody {
            principal: principal.to_owned(),
            capability: capability.to_owned(),
            input: Record::empty(),
            context: Record::empty(),
            roles: Vec::new(),
            workflow: None,
            principal_tenant: None,
            resource_tenant: None,
        };
        let mut rest = rest;
        let mut input = Json::Object(Map::new());
        let mut context = None;
        if rest.starts_with('{') {
            (input, rest) = json(rest)?;
        }
        if let Some(after) = rest.strip_prefix("with ") {
            let (value, after_it) = json(after)?;
            context = Some((after.get(..after.len() - after_it.len())?, value));
            rest = after_it;
        }
        if let Some(after) = rest.strip_prefix("as ") {
            let (roles, after) = after.split_once(' ').unwrap_or((after, ""));
            body.roles = roles.split(',').map(str::to_owned).collect();
            rest = after;
        }
        if let Some(after) = rest.strip_prefix("in ") {
            let (workflow, after) = after.split_once(' ').unwrap_or((after, ""));
            body.workflow = Some(workflow.to_owned());
            rest = after;
        }
        if let Some(after) = rest.strip_prefix("tenants ") {
            let tenants;
            (tenants, rest) = json(after)?;
            let tenant = |name: &str| tenants.get(name).and_then(Json::as_str).map(str::to_owned);
            (body.principal_tenant, body.resource_tenant) = (tenant("principal"), tenant("resource"));
        }
        if !rest.is_empty() {
            return None;
        }
        let has_role = |who: &str, role: &str| {
            who == principal && body.roles.iter().any(|own| own == role) || package.has_member(role, who)
        };
        let input = value::read_fields(&declared.input, &input, &has_role).ok()?;
        let (written, context) = context.unwrap_or(("", Json::Object(Map::new())));
        let context = match self.contexts.get(written).filter(|_| body.roles.is_empty()) {
            Some(known) => known.clone(),
            None => {
                let context = value::read_fields(&package.context, &context, &has_role).ok()?;
                if body.roles.is_empty() {
                    self.contexts.insert(written.to_owned(), context.clone());
                }
                context
            }
        };
        (body.input, body.context) = (input, context);
        Some(body)
    }
}

/// The JSON at the beginning of a text, and what follows after a space.
fn json(text: &str) -> Option<(Json, &str)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Json>();
    let value = stream.next()?.ok()?;
    let rest = text.get(stream.byte_offset()..)?;
    Some((value, rest.strip_prefix(' ').unwrap_or(rest)))
}
