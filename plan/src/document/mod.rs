//! Plans as documents: YAML for people, canonical JSON (RFC 8785) underneath, and the SHA-256 of that as the plan's name.
//!
//! `model → document → YAML → document → model` loses nothing that is executed: [`compile`] holds itself to that for every
//! plan it makes. Origins are left out: they say where the source was, which a plan does not depend on.

mod claims;
mod flow;
mod read;
mod scope;
mod shape;
mod walk;
mod write;

pub use read::read;
pub use shape::{Document, FORMAT, Obligation};
pub use walk::each_expression;

use crate::model::Package;
use sha2::{Digest, Sha256};
use std::fmt;

/// A plan that was read and holds together.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it says.
    pub document: Document,
    /// What it means.
    pub package: Package,
    /// Its name: the SHA-256 of its canonical JSON, as `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

/// Why a plan cannot be read, or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The entry, as a path into the document.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() { f.write_str(&self.reason) } else { write!(f, "{}: {}", self.place, self.reason) }
    }
}

impl std::error::Error for Invalid {}

pub(crate) fn invalid(place: impl Into<String>, reason: impl Into<String>) -> Invalid {
    Invalid { place: place.into(), reason: reason.into() }
}

/// Makes the plan of a package, with the obligations that were settled for it.
///
/// # Errors
///
/// If the plan does not read back to what was written: a fault of Gov, and never of the package.
pub fn compile(package: &Package, obligations: Vec<Obligation>) -> Result<Plan, Invalid> {
    let document = Document { obligations, ..write::write(package) };
    let text = yaml(&document, &digest(&document)?)?;
    let plan = parse(&text)?;
    if plan.document != document {
        return Err(invalid("", "the plan does not read back to what was written; this is a fault of Gov"));
    }
    Ok(plan)
}

/// A plan as YAML, with its digest on top.
///
/// # Errors
///
/// If it cannot be written as YAML.
pub fn to_yaml(plan: &Plan) -> Result<String, Invalid> {
    yaml(&plan.document, &plan.digest)
}

/// A plan as JSON, with its digest.
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn to_json(plan: &Plan) -> Result<String, Invalid> {
    let failed = |error: serde_json::Error| invalid("", error.to_string());
    let mut value = serde_json::to_value(&plan.document).map_err(failed)?;
    if let serde_json::Value::Object(entries) = &mut value {
        entries.insert("digest".to_owned(), serde_json::Value::from(plan.digest.as_str()));
    }
    serde_json::to_string_pretty(&value).map(|text| text + "\n").map_err(failed)
}

fn yaml(document: &Document, digest: &str) -> Result<String, Invalid> {
    let failed = |error: serde_yaml_ng::Error| invalid("", error.to_string());
    let mut serializer = serde_yaml_ng::Serializer::new(Vec::new());
    // Statements as maps of one key, as in JSON, and not as YAML tags.
    serde_yaml_ng::with::singleton_map_recursive::serialize(document, &mut serializer).map_err(failed)?;
    let body = String::from_utf8(serializer.into_inner().map_err(failed)?).unwrap_or_default();
    Ok(format!(
        "# A plan: made by `gov compile`, run by `gov run`. Change the source, not this file.\ndigest: {digest}\n{body}"
    ))
}

/// Reads a plan from YAML or JSON. Its digest, everything it refers to, and what follows from the rest of it are checked.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Plan, Invalid> {
    let mut value: serde_json::Value =
        serde_yaml_ng::from_str(text).map_err(|error| invalid("", format!("this is no plan: {error}")))?;
    let stated = match &mut value {
        serde_json::Value::Object(entries) => entries.remove("digest"),
        _ => None,
    };
    if let Some(format) = value.get("gov").filter(|format| format.as_u64() != Some(u64::from(FORMAT))) {
        let reason = format!("this plan has format {format}, and format {FORMAT} is read: compile the package again");
        return Err(invalid("gov", reason));
    }
    let document: Document =
        serde_json::from_value(value.clone()).map_err(|error| invalid("", format!("this is no plan: {error}")))?;
    let again = serde_json::to_value(&document).map_err(|error| invalid("", error.to_string()))?;
    if let Some(place) = difference(&value, &again, String::new()) {
        return Err(invalid(place, "this says something that is not read, or says what is left out by rule"));
    }
    let digest = digest(&document)?;
    match stated {
        Some(stated) if stated.as_str() == Some(&digest) => {}
        Some(_) => {
            let reason = format!("the plan was changed after it was made: its contents have the digest {digest}");
            return Err(invalid("digest", reason));
        }
        None => return Err(invalid("digest", "the plan has no digest: make it with `gov compile`")),
    }
    let package = read(&document)?;
    let follows = Document { obligations: document.obligations.clone(), ..write::write(&package) };
    if follows != document {
        let place = serde_json::to_value(&follows).ok().and_then(|follows| difference(&value, &follows, String::new()));
        return Err(invalid(place.unwrap_or_default(), "this does not follow from the rest of the plan"));
    }
    Ok(Plan { document, package, digest })
}

/// The SHA-256 of a document's canonical JSON (RFC 8785).
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn digest(document: &Document) -> Result<String, Invalid> {
    let canonical = serde_json_canonicalizer::to_vec(document).map_err(|error| invalid("", error.to_string()))?;
    let hash = Sha256::digest(&canonical);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}

/// The first place at which two values differ.
fn difference(one: &serde_json::Value, other: &serde_json::Value, place: String) -> Option<String> {
    use serde_json::Value::{Array, Object};
    match (one, other) {
        (Object(one), Object(other)) => {
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            keys.filter_map(|key| {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) => difference(one, other, place),
                    _ => Some(place),
                }
            })
            .next()
        }
        (Array(one), Array(other)) if one.len() == other.len() => {
            let pairs = (1..).zip(one.iter().zip(other));
            pairs.filter_map(|(index, (one, other))| difference(one, other, format!("{place}.{index}"))).next()
        }
        _ => (one != other).then_some(place),
    }
}
