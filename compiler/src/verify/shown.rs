//! A counterexample as a test that shows it: the statements, and the whole `test` block.
//!
//! A test says what happens now, so that it passes until what it shows is mended. There is none where a test has no words for
//! what happens: roles that only some identity provider asserts for a run, a deadline that comes, instants as values.

use crate::diagnostic::Diagnostic;
use crate::format;
use gov_plan::decide::{By, Decided, RequestBody, decide};
use gov_plan::model::{Package, Policy};
use gov_plan::text;
use gov_plan::value::{Record, Value};

/// The test that shows a finding's counterexample, laid out; nothing where there is none that could.
pub fn test_of(found: &Diagnostic) -> Option<String> {
    let statements = found.witness.as_ref()?.test.as_ref()?;
    let title = text::quoted(&found.message.replace('`', ""));
    let body: String = statements.iter().map(|statement| format!("    {statement}\n")).collect();
    format::format(&format!("test {title} {{\n{body}}}\n")).ok()
}

/// What a policy decides for a request.
pub(super) fn request(package: &Package, policy: &Policy, body: &RequestBody) -> Option<Vec<String>> {
    // A test asks for nobody in particular.
    if body.workflow.is_some() || body.principal_tenant.is_some() || body.resource_tenant.is_some() {
        return None;
    }
    let decided = decide(package, policy, &body.request());
    let by = by(package, policy, &decided, body)?;
    let decision = super::policy::decision_name(decided.decision);
    let roles: Vec<String> =
        body.roles.iter().map(|role| format!("role:{}", role.trim_start_matches("role:"))).collect();
    let asserting = if roles.is_empty() { String::new() } else { format!(" asserting {}", roles.join(", ")) };
    let (principal, capability, input) = (&body.principal, &body.capability, record(&body.input)?);
    let with = with(package, &body.context)?;
    Some(vec![format!("expect {decision}{by} for {principal}{asserting} to {capability} {input}{with}")])
}

/// By what a decision is made, as far as a test has to say it: it speaks of all policies, unless it names a rule of one.
fn by(package: &Package, policy: &Policy, decided: &Decided<'_>, body: &RequestBody) -> Option<String> {
    let settled = |decided: &Decided<'_>| !matches!(decided.by, By::Unevaluable(_));
    let agrees = |other: &Policy| {
        let other = decide(package, other, &body.request());
        settled(&other) && other.decision == decided.decision
    };
    if package.policies.iter().all(agrees) {
        return Some(String::new());
    }
    let By::Rule(index) = decided.by else { return None };
    let name = policy.rules.get(usize::try_from(index).ok()?.checked_sub(1)?)?.name.as_deref()?;
    let of = package.policies.iter().find(|own| own.rules.iter().any(|rule| rule.name.as_deref() == Some(name)))?;
    (of.name == policy.name).then(|| format!(" by {name}"))
}

/// The context, where the package has one.
pub(super) fn with(package: &Package, context: &Record) -> Option<String> {
    if package.context.is_empty() { Some(String::new()) } else { Some(format!(" with {}", record(context)?)) }
}

/// A record of literals.
pub(super) fn record(record: &Record) -> Option<String> {
    let field = |(name, value): (&str, &Value)| Some(format!("{name}: {}", literal(value)?));
    Some(braced(&record.iter().map(field).collect::<Option<Vec<_>>>()?))
}

/// A value as it is written; nothing for one that has no literal.
fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Money(amount, currency) => text::money(*amount, *currency),
        Value::Duration(time) => text::duration(*time),
        Value::String(value) => text::quoted(value),
        Value::Risk(risk) => risk.as_str().to_owned(),
        Value::List(values) => format!("[{}]", values.iter().map(literal).collect::<Option<Vec<_>>>()?.join(", ")),
        Value::Record(fields) => record(fields)?,
        Value::Json(value) => json(value)?,
        Value::Time(_) | Value::Absent => return None,
    })
}

/// JSON as it is written: numbers with digits behind the point are read as decimals, and names of fields have to be names.
fn json(value: &serde_json::Value) -> Option<String> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(value) => value.to_string(),
        serde_json::Value::Number(value) => value.to_string(),
        serde_json::Value::String(value) => text::quoted(value),
        serde_json::Value::Array(values) => {
            format!("[{}]", values.iter().map(json).collect::<Option<Vec<_>>>()?.join(", "))
        }
        serde_json::Value::Object(fields) => {
            let field = |(name, value): (&String, &serde_json::Value)| {
                is_name(name).then(|| Some(format!("{name}: {}", json(value)?))).flatten()
            };
            braced(&fields.iter().map(field).collect::<Option<Vec<_>>>()?)
        }
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn braced(fields: &[String]) -> String {
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}
