//! Requests on one line: `agent:support to stripe.refund {"amount":"20.00 USD"} with {"hour":0} as finance in refund_order`.
//!
//! Input and context are JSON; what is empty is left out. Tenants stand at the end: `tenants {"principal":"a"}`.

use crate::decide::{Request, RequestBody};
use crate::model::Package;
use crate::value::{Record, Shape, Value};
use foldhash::fast::FixedState;
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

/// What requests look like.
pub(super) struct Shapes<'p> {
    input: HashMap<&'p str, Shape<'p>, FixedState>,
    context: Shape<'p>,
}

impl<'p> Shapes<'p> {
    pub fn of(package: &'p Package) -> Shapes<'p> {
        let input = package.capabilities.iter().map(|own| (own.id.as_str(), Shape::of(&own.input)));
        Shapes { input: input.collect(), context: Shape::of(&package.context) }
    }
}

/// A request that stands on a line.
#[derive(Debug)]
pub(super) struct Read<'c> {
    principal: &'c str,
    capability: &'c str,
    input: Record,
    context: Record,
    roles: Vec<String>,
    workflow: Option<&'c str>,
    principal_tenant: Option<String>,
    resource_tenant: Option<String>,
}

impl Read<'_> {
    pub fn request(&self) -> Request<'_> {
        Request {
            principal: self.principal,
            capability: self.capability,
            input: &self.input,
            context: &self.context,
            roles: &self.roles,
            workflow: self.workflow,
            principal_tenant: self.principal_tenant.as_deref(),
            resource_tenant: self.resource_tenant.as_deref(),
        }
    }
}

/// Reads requests, one after the other.
pub(super) struct Reader<'s, 'p, 'c> {
    shapes: &'s Shapes<'p>,
    /// The last context, as it was written: most are like the one before.
    context: Option<(&'c str, Record)>,
}

impl<'s, 'p, 'c> Reader<'s, 'p, 'c> {
    pub fn new(shapes: &'s Shapes<'p>) -> Self {
        Reader { shapes, context: None }
    }

    /// Reads what [`write`] wrote; nothing where it is no request. Refinements are left to whoever decides it.
    pub fn read(&mut self, text: &'c str) -> Option<Read<'c>> {
        let (principal, rest) = word(text)?;
        let (capability, rest) = word(rest.strip_prefix("to ")?)?;
        let shape = self.shapes.input.get(capability)?;
        let (mut rest, mut input, mut context) = (rest, "{}", "{}");
        if rest.starts_with('{') {
            (input, rest) = object(rest)?;
        }
        if let Some(after) = rest.strip_prefix("with ") {
            (context, rest) = self.same_context(after).or_else(|| object(after))?;
        }
        let (input, context) = (shape.read(input)?, self.context(context)?);
        let (roles, workflow) = (Vec::new(), None);
        let (principal_tenant, resource_tenant) = (None, None);
        let mut read =
            Read { principal, capability, input, context, roles, workflow, principal_tenant, resource_tenant };
        if let Some(after) = rest.strip_prefix("as ") {
            let (own, after) = word(after)?;
            read.roles = own.split(',').map(str::to_owned).collect();
            rest = after;
        }
        if let Some(after) = rest.strip_prefix("in ") {
            let (own, after) = word(after)?;
            read.workflow = Some(own);
            rest = after;
        }
        if let Some(after) = rest.strip_prefix("tenants ") {
            let tenants;
            (tenants, rest) = object(after)?;
            let tenants: Json = serde_json::from_str(tenants).ok()?;
            let tenant = |name: &str| tenants.get(name).and_then(Json::as_str).map(str::to_owned);
            (read.principal_tenant, read.resource_tenant) = (tenant("principal"), tenant("resource"));
        }
        rest.is_empty().then_some(read)
    }

    /// The context that was read last, where a text begins with it, and what follows.
    fn same_context(&self, text: &'c str) -> Option<(&'c str, &'c str)> {
        let (known, _) = self.context.as_ref()?;
        let rest = text.strip_prefix(known)?;
        Some((known, behind_space(rest)?))
    }

    fn context(&mut self, text: &'c str) -> Option<Record> {
        if let Some((known, context)) = &self.context
            && *known == text
        {
            return Some(context.clone());
        }
        let context = self.shapes.context.read(text)?;
        self.context = Some((text, context.clone()));
        Some(context)
    }
}

/// What stands before the first space of a text, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    Some((word, behind_space(rest)?))
}

/// What follows after a space, where anything does. There is one way to write a request: no other space stands anywhere.
fn behind_space(rest: &str) -> Option<&str> {
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(' ').filter(|rest| !rest.is_empty())
}

/// The object at the beginning of a text, and what follows after a space.
fn object(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_u32;
    let mut bytes = text.bytes().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let (object, rest) = text.split_at_checked(place + 1)?;
                    return Some((object, behind_space(rest)?));
                }
            }
            _ => {}
        }
    }
    None
}

/// Goes on behind the string that has begun.
fn skip_string(bytes: &mut impl Iterator<Item = (usize, u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
}
