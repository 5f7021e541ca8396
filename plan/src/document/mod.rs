//! Plans as documents: YAML for people, canonical JSON (RFC 8785) underneath, and the SHA-256 of that as the plan's name.
//!
//! `model → document → YAML → document → model` loses nothing that is executed: [`compile`] holds itself to that for every
//! plan it makes. Origins are left out: they say where the source was, which a plan does not depend on.

mod canonical;
mod claims;
mod flow;
mod keys;
mod names;
mod read;
mod scope;
mod settled;
pub mod shape;
mod walk;
mod write;

#[cfg(test)]
mod tests;

pub use keys::{RuleKeys, rule_keys};
pub use read::read;
pub use settled::{Case, Class, Settled, Solved, Undone, Worst};
pub use shape::{Document, FORMAT};
pub use walk::each_expression;

use crate::certificate;
use crate::model::Package;
use crate::value::{Unambiguous, parse_json};
use serde::de::DeserializeSeed;
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

/// Makes the plan of a package, with its certificate: what was found of each obligation, as far as it has to be told.
///
/// # Errors
///
/// If what was found does not hold, or the plan does not read back to what was written: a fault of Gov, and never of the
/// package.
pub fn compile(package: &Package, found: &[certificate::Found]) -> Result<Plan, Invalid> {
    let document = Document { certificate: certificate::make(package, found)?, ..write::write(package) };
    let text = yaml(&document, &digest(&document)?)?;
    let plan = parse(&text)?;
    if plan.document != document || write_again(&plan) != document {
        return Err(invalid("", "the plan does not read back to what was written; this is a fault of Gov"));
    }
    Ok(plan)
}

fn write_again(plan: &Plan) -> Document {
    Document { certificate: plan.document.certificate.clone(), ..write::write(&plan.package) }
}

/// A plan as YAML, with its digest on top.
///
/// # Errors
///
/// If it cannot be written as YAML.
pub fn to_yaml(plan: &Plan) -> Result<String, Invalid> {
    yaml(&plan.document, &plan.digest)
}

/// A plan as JSON in canonical form (RFC 8785) on one line, with its digest: the form that is read fastest.
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn to_json(plan: &Plan) -> Result<String, Invalid> {
    let mut text = with_digest(canonical(&plan.document)?, &plan.digest);
    text.push('\n');
    Ok(text)
}

/// The canonical form of a document as an object with one more entry: `digest`, in its place.
fn with_digest(mut canonical: String, digest: &str) -> String {
    // Of the entries of a document those before `digest` are `accepted`, `capabilities`, `certificate`, `claims` and
    // `context`; the next one is always there.
    let entry = format!("\"digest\":\"{digest}\",");
    match top_level(&canonical, "gov") {
        Some(place) => canonical.insert_str(place, &entry),
        None => canonical.clear(),
    }
    canonical
}

/// Where an entry of an object begins.
fn top_level(object: &str, key: &str) -> Option<usize> {
    let wanted = format!("\"{key}\":");
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (place, byte) in object.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => {
                if !quoted && depth == 1 && object.get(place..).is_some_and(|rest| rest.starts_with(&wanted)) {
                    return Some(place);
                }
                quoted = !quoted;
            }
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
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

/// Reads a plan from YAML or JSON, whichever it is. Its digest, everything it refers to, what follows from the rest of it,
/// and its certificate are checked.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Plan, Invalid> {
    let (document, digest, package) = match canonical_document(text) {
        Some((document, digest, package)) => (document, digest, package?),
        None => {
            let (document, digest) = document(text)?;
            let package = understood(&document)?;
            (document, digest, package)
        }
    };
    certificate::check(&package, &document.certificate)?;
    Ok(Plan { document, package, digest })
}

/// What a document means, if it says nothing but what follows from that.
fn understood(document: &Document) -> Result<Package, Invalid> {
    let package = read(document)?;
    let follows = write::write(&package);
    if !follows.is_but_for_its_certificate(document) {
        let follows = Document { certificate: document.certificate.clone(), ..follows };
        let (said, follows) = (value(document)?, value(&follows)?);
        let place = difference(&said, &follows, String::new()).unwrap_or_default();
        return Err(invalid(place, "this does not follow from the rest of the plan"));
    }
    Ok(package)
}

/// What a plan says, and its digest, which is checked.
fn document(text: &str) -> Result<(Document, String), Invalid> {
    let no_plan = |error: &dyn fmt::Display| invalid("", format!("this is no plan: {error}"));
    let mut said: serde_json::Value = match text.trim_start().starts_with('{') {
        true => parse_json(text).map_err(|error| no_plan(&error))?,
        false => Unambiguous
            .deserialize(serde_yaml_ng::Deserializer::from_str(text))
            .map_err(|error: serde_yaml_ng::Error| no_plan(&error))?,
    };
    if said.is_null() {
        return Err(invalid("", "this is no plan: it is empty; `gov compile` makes one"));
    }
    format_is_known(&said)?;
    let stated = match &mut said {
        serde_json::Value::Object(entries) => entries.remove("digest"),
        _ => None,
    };
    let document: Document = serde_json::from_value(said.clone()).map_err(|error| no_plan(&error))?;
    if let Some(place) = difference(&said, &value(&document)?, String::new()) {
        return Err(invalid(place, "this says something that is not read, or says what is left out by rule"));
    }
    let digest = digest(&document)?;
    match stated {
        Some(stated) if stated.as_str() == Some(&digest) => Ok((document, digest)),
        Some(_) => {
            let reason = format!("the plan was changed after it was made: its contents have the digest {digest}");
            Err(invalid("digest", reason))
        }
        None => Err(invalid("digest", "the plan has no digest: make it with `gov compile`")),
    }
}

/// A document so long is worth a second thread.
const LONG: usize = 100_000;

/// A document in canonical form with the right digest, which is read without a detour, and what it means; nothing where it is
/// anything else, about which the long way has more to say.
fn canonical_document(text: &str) -> Option<(Document, String, Result<Package, Invalid>)> {
    let text = text.trim_start().starts_with('{').then_some(text)?;
    let (place, digest, after) = text.match_indices(ENTRY).find_map(|(place, _)| {
        let (digest, after) = text.get(place..)?.strip_prefix(DIGEST)?.split_at_checked(DIGEST_LENGTH)?;
        let after = after.strip_prefix("\",")?;
        // What follows in the order of names is the format. Wherever else this is found, the digest will not be right.
        after.starts_with(&format!("\"gov\":{FORMAT},")).then_some((place, digest, after))
    })?;
    let said = [text.get(..place)?, after.strip_suffix('\n').unwrap_or(after)].concat();
    let document = parallel_document(&said, place)?;
    // Nothing is said but what was read, and in no other way.
    let is_right = || digest_of(&said) == digest && canonical(&document).is_ok_and(|again| again == said);
    let package = if said.len() < LONG {
        is_right().then(|| understood(&document))?
    } else {
        std::thread::scope(|scope| {
            let is_right = scope.spawn(is_right);
            let package = understood(&document);
            is_right.join().unwrap_or_default().then_some(package)
        })?
    };
    Some((document, digest.to_owned(), package))
}

/// How the entry of the digest begins.
const DIGEST: &str = "\"digest\":\"";

/// The same with what the digest begins with.
const ENTRY: &str = "\"digest\":\"sha256:";

/// The length of a digest: `sha256:` and 64 hexadecimal digits.
const DIGEST_LENGTH: usize = 71;

/// A document in canonical form, whose entries before this place are those before `digest`. Of a long one the certificate, which
/// is the most of it, is read beside the rest. That it is the right part is not looked at here: what is read is written again.
fn parallel_document(said: &str, place: usize) -> Option<Document> {
    let split = || {
        let (before, rest) = said.get(..place)?.split_once(",\"certificate\":")?;
        let end = [",\"claims\":[", ",\"context\":["].iter().find_map(|next| rest.rfind(next));
        let (certificate, after) = rest.split_at_checked(end.unwrap_or(rest.len().checked_sub(1)?))?;
        Some((certificate, [before, after, said.get(place..)?].concat()))
    };
    let Some((certificate, others)) = (said.len() >= LONG).then(split).flatten() else {
        return serde_json::from_str(said).ok();
    };
    let read = std::thread::scope(|scope| {
        let certificate = scope.spawn(|| serde_json::from_str::<Vec<Settled>>(certificate).ok());
        let others: Option<Document> = serde_json::from_str(&others).ok();
        Some(Document { certificate: certificate.join().ok()??, ..others? })
    });
    read.or_else(|| serde_json::from_str(said).ok())
}

/// A plan of another format is named as such, rather than as whatever does not fit.
fn format_is_known(said: &serde_json::Value) -> Result<(), Invalid> {
    let Some(format) = said.get("gov") else {
        return Err(invalid("gov", "this is no plan: it does not say which format it has"));
    };
    match format.as_u64() {
        Some(format) if format == u64::from(FORMAT) => Ok(()),
        Some(format) if format < u64::from(FORMAT) => {
            let reason = format!(
                "this plan has format {format}, which is older than {FORMAT}, the one that is read: compile its package again"
            );
            Err(invalid("gov", reason))
        }
        Some(format) => {
            let reason = format!(
                "this plan has format {format}, and this version of Gov reads {FORMAT}: take a newer version of Gov"
            );
            Err(invalid("gov", reason))
        }
        None => Err(invalid("gov", format!("`{format}` is no format"))),
    }
}

fn value(document: &Document) -> Result<serde_json::Value, Invalid> {
    serde_json::to_value(document).map_err(|error| invalid("", error.to_string()))
}

/// The SHA-256 of a document's canonical JSON (RFC 8785).
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn digest(document: &Document) -> Result<String, Invalid> {
    canonical(document).map(|canonical| digest_of(&canonical))
}

fn canonical(document: &Document) -> Result<String, Invalid> {
    canonical::to_string(document).map_err(|error| invalid("", error.to_string()))
}

fn digest_of(canonical: &str) -> String {
    let hash = Sha256::digest(canonical);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
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
