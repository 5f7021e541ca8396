//! SARIF 2.1.0, the format that code scanning services read.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeSet;

use gov_compiler::codes::{Code, Severity};
use gov_compiler::diagnostic::{Diagnostic, Edit, Fix, Label};
use gov_compiler::source::{FileId, Sources, Span};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Report, message};
use crate::pages;

/// What a path keeps as it is in a URI reference.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn render(report: &Report<'_>) -> String {
    let codes: Vec<Code> =
        report.findings().map(|(_, found)| found.code).collect::<BTreeSet<_>>().into_iter().collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "gov",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": report.findings().map(|(sources, found)| result(&codes, sources, found)).collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    let mut rule = json!({
        "id": code.id(),
        "name": code.name(),
        "shortDescription": { "text": code.summary() },
        "defaultConfiguration": { "level": level(code.severity()) },
    });
    if let (Some(page), Some(rule)) = (pages::page(code), rule.as_object_mut()) {
        rule.insert("help".to_owned(), json!({ "text": page, "markdown": page }));
    }
    rule
}

fn result(codes: &[Code], sources: &Sources, found: &Diagnostic) -> Value {
    let mut result = json!({
        "ruleId": found.code.id(),
        "ruleIndex": codes.binary_search(&found.code).unwrap_or_default(),
        "level": level(found.severity),
        "message": { "text": message(found) },
        "locations": [location(sources, &found.primary, None)],
    });
    let Some(object) = result.as_object_mut() else {
        return result;
    };
    if !found.secondary.is_empty() {
        let related = found.secondary.iter().enumerate().map(|(index, label)| location(sources, label, Some(index)));
        object.insert("relatedLocations".to_owned(), related.collect());
    }
    if !found.fixes.is_empty() {
        object.insert("fixes".to_owned(), found.fixes.iter().map(|fix| self::fix(sources, fix)).collect());
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn location(sources: &Sources, label: &Label, id: Option<usize>) -> Value {
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": artifact(sources, label.span.file),
        "region": region(sources, label.span),
    } });
    if let Some(object) = location.as_object_mut() {
        object.extend(id.map(|id| ("id".to_owned(), json!(id))));
        if !label.message.is_empty() {
            object.insert("message".to_owned(), json!({ "text": label.message }));
        }
    }
    location
}

fn artifact(sources: &Sources, file: FileId) -> Value {
    let path = sources.path(file);
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    json!({ "uri": format!("{scheme}{}", utf8_percent_encode(path, IN_PATH)) })
}

fn region(sources: &Sources, span: Span) -> Value {
    let (start, end) = (sources.position(span), sources.end_position(span));
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

fn fix(sources: &Sources, fix: &Fix) -> Value {
    let files: BTreeSet<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
    let replacement = |edit: &Edit| {
        json!({
            "deletedRegion": region(sources, edit.span),
            "insertedContent": { "text": edit.text },
        })
    };
    let change = |file: FileId| {
        let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
        json!({ "artifactLocation": artifact(sources, file), "replacements": edits.map(replacement).collect::<Vec<_>>() })
    };
    json!({ "description": { "text": fix.title }, "artifactChanges": files.into_iter().map(change).collect::<Vec<_>>() })
}
