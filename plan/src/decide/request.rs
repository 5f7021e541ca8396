//! Requests.

use super::Unevaluable;
use crate::model::Package;
use crate::types::{Field, Fields, Schema, Type};
use crate::value::{self, Record};

/// A request for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'r> {
    /// Who asks: `agent:support`.
    pub principal: &'r str,
    /// For which capability.
    pub capability: &'r str,
    /// With which input.
    pub input: &'r Record,
    /// The context.
    pub context: &'r Record,
    /// The roles that are asserted of the principal, beside those it is a declared member of.
    pub roles: &'r [String],
    /// The workflow that calls, if one does.
    pub workflow: Option<&'r str>,
    /// The tenant that the principal belongs to.
    pub principal_tenant: Option<&'r str>,
    /// The tenant that what is called belongs to.
    pub resource_tenant: Option<&'r str>,
}

/// A request as it is sent: what [`Request`] refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described at Request")]
pub struct RequestBody {
    pub principal: String,
    pub capability: String,
    pub input: Record,
    pub context: Record,
    pub roles: Vec<String>,
    pub workflow: Option<String>,
    pub principal_tenant: Option<String>,
    pub resource_tenant: Option<String>,
}

impl RequestBody {
    /// Reads a request: `{ "principal": …, "capability": …, "input": {…}, "context": {…}, "roles": […], "workflow": …,
    /// "principal_tenant": …, "resource_tenant": … }`; only the first two are needed.
    pub fn from_json(package: &Package, json: &serde_json::Value) -> Result<RequestBody, Unevaluable> {
        let object = serde_json::Value::Object(serde_json::Map::new());
        let record = value::read_fields(&envelope(), json, &|_, _| false).map_err(Unevaluable::Request)?;
        let text = |name: &str| record.get(name).and_then(value::Value::as_str).map(str::to_owned);
        let mut body = RequestBody {
            principal: text("principal").unwrap_or_default(),
            capability: text("capability").unwrap_or_default(),
            input: Record::empty(),
            context: Record::empty(),
            roles: match record.get("roles") {
                Some(value::Value::List(roles)) => roles.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            workflow: text("workflow"),
            principal_tenant: text("principal_tenant"),
            resource_tenant: text("resource_tenant"),
        };
        let part = |name: &str| json.get(name).filter(|part| !part.is_null()).unwrap_or(&object);
        let request = body.request();
        let capability = super::facts::known(package, &request)?;
        let has_role = |principal: &str, role: &str| super::facts::has_role(package, &request, principal, role);
        let input = value::read_fields(&capability.input, part("input"), &has_role).map_err(Unevaluable::Input)?;
        let context = value::read_fields(&package.context, part("context"), &has_role).map_err(Unevaluable::Context)?;
        (body.input, body.context) = (input, context);
        Ok(body)
    }

    /// The request.
    pub fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            capability: &self.capability,
            input: &self.input,
            context: &self.context,
            roles: &self.roles,
            workflow: self.workflow.as_deref(),
            principal_tenant: self.principal_tenant.as_deref(),
            resource_tenant: self.resource_tenant.as_deref(),
        }
    }
}

/// Whether a text is a principal: `agent`, `user`, `service` or `system`, a colon, and a name of 1 to 256 visible ASCII
/// characters without `*`, so that no principal reads like a pattern or like another one.
pub fn is_principal(text: &str) -> bool {
    let kinds = ["agent:", "user:", "service:", "system:"];
    let visible = |byte: &u8| byte.is_ascii_graphic() && *byte != b'*';
    let name = kinds.iter().find_map(|kind| text.as_bytes().strip_prefix(kind.as_bytes()));
    name.is_some_and(|name| (1..=256).contains(&name.len()) && name.iter().all(visible))
}

/// What a request looks like, before its input and context are known.
fn envelope() -> Fields {
    let field = |name: &str, ty: Type, optional: bool| Field {
        name: name.to_owned(),
        docs: String::new(),
        schema: Schema { optional, ..Schema::plain(ty) },
        at: Default::default(),
    };
    let roles = Type::List(Box::new(Schema::plain(Type::String)));
    Fields::from_iter([
        field("principal", Type::String, false),
        field("capability", Type::String, false),
        field("input", Type::Json, true),
        field("context", Type::Json, true),
        field("roles", roles, true),
        field("workflow", Type::String, true),
        field("principal_tenant", Type::String, true),
        field("resource_tenant", Type::String, true),
    ])
}
