//! Requests on one line: `agent:support to stripe.refund {"amount":"20.00 USD"} with {"hour":0} as finance in refund_order`.
//!
//! Input and context are JSON; what is empty is left out. Tenants stand at the end: `tenants {"principal":"a"}`.

use crate::decide::RequestBody;
use crate::model::Package;
use crate::value::{self, Record, Value};
use serde_json::{Map, Value as Json};
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

/// Reads what [`write`] wrote; nothing where it is no request. Refinements are left to whoever decides it.
pub(super) fn read(package: &Package, text: &str) -> Option<RequestBody> {
    let (principal, rest) = text.split_once(" to ")?;
    let (capability, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let declared = package.capability(capability)?;
    let mut roles = Vec::new();
    let mut workflow = None;
    let (mut principal_tenant, mut resource_tenant) = (None, None);
    let (mut rest, mut input, mut context) = (rest, "{}", "{}");
    if rest.starts_with('{') {
        (input, rest) = object(rest)?;
    }
    if let Some(after) = rest.strip_prefix("with ") {
        (context, rest) = object(after)?;
    }
    if let Some(after) = rest.strip_prefix("as ") {
        let (own, after) = after.split_once(' ').unwrap_or((after, ""));
        roles = own.split(',').map(str::to_owned).collect();
        rest = after;
    }
    if let Some(after) = rest.strip_prefix("in ") {
        let (own, after) = after.split_once(' ').unwrap_or((after, ""));
        workflow = Some(own.to_owned());
        rest = after;
    }
    if let Some(after) = rest.strip_prefix("tenants ") {
        let tenants;
        (tenants, rest) = object(after)?;
        let tenants: Json = serde_json::from_str(tenants).ok()?;
        let tenant = |name: &str| tenants.get(name).and_then(Json::as_str).map(str::to_owned);
        (principal_tenant, resource_tenant) = (tenant("principal"), tenant("resource"));
    }
    if !rest.is_empty() {
        return None;
    }
    Some(RequestBody {
        principal: principal.to_owned(),
        capability: capability.to_owned(),
        input: value::record_of_text(&declared.input, input)?,
        context: value::record_of_text(&package.context, context)?,
        roles,
        workflow,
        principal_tenant,
        resource_tenant,
    })
}

/// The object at the beginning of a text, and what follows after a space.
fn object(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let (object, rest) = text.split_at_checked(place + 1)?;
                    return Some((object, rest.strip_prefix(' ').unwrap_or(rest)));
                }
            }
            _ => {}
        }
    }
    None
}
