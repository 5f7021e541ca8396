#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by panicking"
)]
//! What is found in workflows, from their source.

mod bounds;
mod calls;
mod claims;
mod coverage;
pub(in crate::verify) mod generate;
mod parallel;
mod random;
mod reach;
mod undo;

use crate::diagnostic::Diagnostic;
use crate::package::{File, Input};
use crate::source::Sources;
use crate::verify::Options;

/// Capabilities and a policy that the workflows of these tests use.
const PRELUDE: &str = include_str!("tests/prelude.gov");

/// Checks and proves a text after the prelude.
fn checked(text: &str) -> (Sources, Vec<Diagnostic>) {
    whole(&format!("{PRELUDE}\n{text}"))
}

/// Checks and proves a whole file.
fn whole(text: &str) -> (Sources, Vec<Diagnostic>) {
    let input = Input { files: vec![File { path: "t.gov".into(), text: text.into() }], ..Input::default() };
    let mut checked = crate::check(&input);
    let errors: Vec<_> = checked.diagnostics.iter().filter(|found| found.is_error()).collect();
    assert!(errors.is_empty(), "the text itself has errors: {errors:#?}");
    crate::prove(&mut checked, &Options::default()).expect("nobody cancels");
    (checked.sources, checked.diagnostics)
}

/// What is found in workflows, and not in policies and capabilities.
fn about_workflows(text: &str) -> Vec<Diagnostic> {
    let about = |found: &Diagnostic| !matches!(found.code.id().get(..3), Some("G10" | "G12"));
    checked(text).1.into_iter().filter(about).collect()
}

/// Whether a claim in it does not hold.
fn is_refuted(text: &str) -> bool {
    let codes = codes(text);
    assert!(!codes.contains(&"G1402"), "{codes:?}");
    codes.contains(&"G1401")
}

/// The codes and messages of what is found.
fn found(text: &str) -> Vec<String> {
    about_workflows(text).iter().map(|found| format!("{} {}", found.code, found.message)).collect()
}

/// The codes of what is found.
fn codes(text: &str) -> Vec<&'static str> {
    about_workflows(text).iter().map(|found| found.code.id()).collect()
}

/// A finding in full, as text.
fn told(text: &str) -> String {
    let (sources, findings) = checked(text);
    let place = |span: crate::source::Span| {
        let file = sources.get(span.file);
        file.map_or(String::new(), |file| file.text()[span.range()].lines().next().unwrap_or_default().to_owned())
    };
    let mut out = String::new();
    for found in findings {
        out.push_str(&format!("{} {:?}: {}\n", found.code, found.severity, found.message));
        for label in std::iter::once(&found.primary).chain(&found.secondary) {
            out.push_str(&format!("  at `{}`: {}\n", place(label.span), label.message));
        }
        for note in &found.notes {
            out.push_str(&format!("  note: {}\n", note.replace('\n', "\n        ")));
        }
        out.push_str(&format!("  help: {}\n", found.help.unwrap_or_default()));
        if let Some(witness) = found.witness {
            let json = |map: Option<serde_json::Map<String, serde_json::Value>>| {
                serde_json::Value::Object(map.unwrap_or_default()).to_string()
            };
            out.push_str(&format!("  input: {}\n  context: {}\n", json(witness.input), json(witness.context)));
            for line in witness.path.unwrap_or_default() {
                out.push_str(&format!("    {line}\n"));
            }
        }
    }
    out
}

#[test]
fn the_whole_file_has_no_finding() {
    let (_, findings) = whole(include_str!("../../../../tests/corpus/whole_file.gov"));
    assert_eq!(findings, []);
}
