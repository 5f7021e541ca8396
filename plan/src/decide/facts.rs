//! What is known of a request before the policy is asked.

use super::{Request, Unevaluable, is_principal};
use crate::eval::{Env, EvalError, eval};
use crate::model::{Approval, Capability, Effect, Package, Row, Table};
use crate::types::{Fields, Risk};
use crate::value::{Record, Value, admit_fields};

/// What a capability declares of a call with this input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'p> {
    /// The capability.
    pub capability: &'p Capability,
    /// What the call does to the world.
    pub effect: &'p Effect,
    /// Its risk.
    pub risk: Risk,
    /// What the capability itself wants approved.
    pub approval: Option<&'p Approval>,
}

/// Checks a request, and finds the rows of its capability's tables that apply to it.
pub fn facts<'p>(package: &'p Package, request: &Request<'_>) -> Result<Facts<'p>, Unevaluable> {
    let capability = known(package, request)?;
    let roles = |principal: &str, role: &str| has_role(package, request, principal, role);
    admit_fields(&capability.input, request.input, &roles).map_err(Unevaluable::Input)?;
    admit_fields(&package.context, request.context, &roles).map_err(Unevaluable::Context)?;
    let env = InputScope { package, request, fields: &capability.input, input: request.input };
    Ok(Facts {
        capability,
        effect: &needed(&capability.effect, "effect", &env)?.value,
        risk: needed(&capability.risk, "risk", &env)?.value,
        approval: row(&capability.approval, "approval", &env)?.and_then(|row| row.value.as_ref()),
    })
}

/// The capability of a request that names nothing unknown.
pub(super) fn known<'p>(package: &'p Package, request: &Request<'_>) -> Result<&'p Capability, Unevaluable> {
    if !is_principal(request.principal) {
        return Err(Unevaluable::Principal(request.principal.chars().take(100).collect()));
    }
    let Some(capability) = package.capability(request.capability) else {
        let ids = package.capabilities.iter().map(|capability| capability.id.as_str());
        let meant = gov_grammar::closest(request.capability, ids).map(str::to_owned);
        return Err(Unevaluable::Capability { id: request.capability.chars().take(100).collect(), meant });
    };
    if let Some(role) = request.roles.iter().find(|role| package.role(role).is_none()) {
        let names = package.roles.iter().map(|role| role.name.as_str());
        let meant = gov_grammar::closest(role, names).map(str::to_owned);
        return Err(Unevaluable::Role { name: role.chars().take(100).collect(), meant });
    }
    Ok(capability)
}

/// Whether a principal has a role: as a declared member, or because it is who asks and the request asserts it.
pub(super) fn has_role(package: &Package, request: &Request<'_>, principal: &str, role: &str) -> bool {
    let asserted = principal == request.principal && request.roles.iter().any(|own| own == role);
    asserted || package.has_member(role, principal)
}

impl Package {
    /// Whether a role names a principal as a member.
    pub fn has_member(&self, role: &str, principal: &str) -> bool {
        let members = self.role(role).map(|role| role.members.as_slice()).unwrap_or_default();
        members.iter().any(|member| member.matches(principal, |_| false))
    }
}

/// The scope of a capability's clauses: its input fields by bare name.
struct InputScope<'a> {
    package: &'a Package,
    request: &'a Request<'a>,
    fields: &'a Fields,
    input: &'a Record,
}

impl Env for InputScope<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        self.fields.get(name).map(|_| self.input.get(name).cloned().unwrap_or(Value::Absent))
    }

    fn has_role(&self, principal: &str, role: &str) -> bool {
        has_role(self.package, self.request, principal, role)
    }
}

fn needed<'p, V>(table: &'p Table<V>, clause: &'static str, env: &dyn Env) -> Result<&'p Row<V>, Unevaluable> {
    row(table, clause, env)?.ok_or(Unevaluable::NoRow { clause })
}

fn row<'p, V>(table: &'p Table<V>, clause: &'static str, env: &dyn Env) -> Result<Option<&'p Row<V>>, Unevaluable> {
    table.row(env).map_err(|error| Unevaluable::Table { clause, why: error.kind })
}

impl<V> Table<V> {
    /// The first row whose condition holds.
    ///
    /// # Errors
    ///
    /// If the condition of a row cannot be evaluated before one is found that holds.
    pub fn row(&self, env: &dyn Env) -> Result<Option<&Row<V>>, EvalError> {
        for row in &self.rows {
            let holds = match &row.when {
                Some(condition) => eval(condition, env)? == Value::Bool(true),
                None => true,
            };
            if holds {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}
