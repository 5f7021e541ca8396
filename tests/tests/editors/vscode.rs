//! The VS Code extension: its own tests, run by Node.js, and its snippets.

use std::fs;

use serde_json::Value;

use crate::corpus::{refused, root};
use crate::program;

#[test]
fn its_own_tests_pass() {
    let Some(mut node) = program::node() else { return };
    let folder = root().join("lsp/editors/vscode/test");
    let mut tests: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tests.retain(|path| path.to_str().is_some_and(|path| path.ends_with(".test.js")));
    tests.sort();
    assert!(tests.len() > 2);
    node.arg("--test").args(tests).env("CARGO_TARGET_DIR", program::target()).env("GOV", gov_tests::gov().unwrap());
    let ran = node.output().unwrap();
    assert!(ran.status.success(), "{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
}

/// A snippet's body as it stands when nobody has typed anything: each placeholder is its default, each choice its first.
fn expanded(body: &str) -> String {
    let mut defaults: Vec<(String, String)> = Vec::new();
    let mut text = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let braced = after.strip_prefix('{');
        let inner = braced.unwrap_or(after);
        let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = inner.split_at(digits);
        let (default, tail) = match (braced, tail.chars().next()) {
            (Some(_), Some(':')) => tail[1..].split_once('}').map(|(default, tail)| (Some(default), tail)).unwrap(),
            (Some(_), Some('|')) => {
                let (choices, tail) = tail[1..].split_once("|}").unwrap();
                (choices.split(',').next(), tail)
            }
            (Some(_), _) => (None, tail.strip_prefix('}').unwrap()),
            (None, _) => (None, tail),
        };
        if let Some(default) = default {
            defaults.push((number.to_owned(), default.to_owned()));
        }
        let known = defaults.iter().find(|(known, _)| known == number).map_or("", |(_, default)| default);
        text.push_str(known);
        rest = tail;
    }
    text + rest
}

#[test]
fn its_snippets_can_be_read_as_they_are() {
    let snippets = fs::read_to_string(root().join("lsp/editors/vscode/snippets/gov.json")).unwrap();
    let snippets: Value = serde_json::from_str(&snippets).unwrap();
    let snippets = snippets.as_object().unwrap();
    assert!(snippets.len() > 10);
    for (name, snippet) in snippets {
        let lines = snippet["body"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        let body = lines.collect::<Vec<_>>().join("\n");
        // The name of the folder, which VS Code fills in.
        let text = expanded(&body.replace("${1:${WORKSPACE_NAME/[^A-Za-z0-9]+/_/g}}", "demo"));
        let text = if name.starts_with("Rule") { format!("policy p {{\n{text}\n}}") } else { text };
        assert_eq!(refused(&text), None, "{name}:\n{text}");
        assert!(
            !snippet["prefix"].as_str().unwrap().is_empty() && !snippet["description"].as_str().unwrap().is_empty()
        );
    }
}
