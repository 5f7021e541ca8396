//! The pages of `docs/errors/`: the example of each gives its code and no other, and the same one mended gives nothing.

use std::collections::BTreeMap;

use gov_compiler::codes::Code;
use gov_tests::Sandbox;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::Value;

/// What cannot be shown as a text on a page: tests of `gov check` show the files instead, and what is beyond the solver
/// changes with it.
const WITHOUT_EXAMPLE: &[Code] = &[
    Code::TooLarge,
    Code::NotUtf8,
    Code::UnreadableFile,
    Code::Unproved,
    Code::PartlyShadowed,
    Code::UnreachableDefault,
];

fn page(code: Code) -> Option<String> {
    std::fs::read_to_string(format!("{}/../docs/errors/{code}.md", env!("CARGO_MANIFEST_DIR"))).ok()
}

/// The files that a section of a page shows, by path. A block names its path after its language, as in
/// `` ```toml path=gov.toml ``; one that names none is `main.gov`.
fn files(page: &str, section: &str) -> BTreeMap<String, String> {
    let (mut heading, mut in_heading, mut open) = (String::new(), false, None);
    let mut files = BTreeMap::new();
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                heading.clear();
                in_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(text) if in_heading => heading.push_str(&text),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if heading == section => {
                let path = info.split_whitespace().find_map(|word| word.strip_prefix("path="));
                open = Some(path.unwrap_or("main.gov").to_owned());
            }
            Event::Text(text) if open.is_some() => {
                files.entry(open.clone().unwrap_or_default()).or_insert_with(String::new).push_str(&text);
            }
            Event::End(TagEnd::CodeBlock) => open = None,
            _ => {}
        }
    }
    files
}

/// The codes that `gov check` finds in files, and the whole report.
fn check(files: &BTreeMap<String, String>) -> (Vec<String>, Value) {
    let sandbox = Sandbox::with(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))).unwrap();
    let ran = sandbox.gov(["check", "--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    let found = report["diagnostics"].as_array().unwrap().iter();
    (found.map(|found| found["code"].as_str().unwrap().to_owned()).collect(), report)
}

#[test]
fn examples_give_their_code_and_mended_they_give_nothing() {
    let mut wrong = Vec::new();
    for code in Code::ALL.iter().filter(|code| !WITHOUT_EXAMPLE.contains(code)) {
        let Some(page) = page(*code) else { continue };
        let (example, mended) = (files(&page, "Example"), files(&page, "Mended"));
        if example.is_empty() || mended.is_empty() {
            wrong.push(format!("{code}: the page has no example, or none that is mended"));
            continue;
        }
        let (found, report) = check(&example);
        if found.is_empty() || found.iter().any(|found| found != code.id()) {
            wrong.push(format!("{code}: the example gives {found:?}\n{report:#}"));
        }
        let (found, report) = check(&mended);
        if !found.is_empty() {
            wrong.push(format!("{code}: the mended example gives {found:?}\n{report:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The codes that some constructor gives, as the files of `compiler/src/errors/` name them.
fn given() -> Vec<Code> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../compiler/src/errors");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: String = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let named = |code: &&Code| {
        let name = format!("Code::{code:?}");
        let mut after = texts.match_indices(&name).filter_map(|(at, _)| texts[at + name.len()..].chars().next());
        after.any(|next| !next.is_alphanumeric())
    };
    Code::ALL.iter().filter(named).copied().collect()
}

#[test]
fn every_code_that_is_given_has_a_page() {
    let given = given();
    assert!(given.contains(&Code::SyntaxError));
    let missing: Vec<_> = given.into_iter().filter(|code| page(*code).is_none()).map(Code::id).collect();
    assert_eq!(missing, [""; 0], "write docs/errors/CODE.md");
}

#[test]
fn a_page_begins_with_its_code_and_says_why() {
    for code in Code::ALL {
        let Some(page) = page(*code) else { continue };
        assert!(page.starts_with(&format!("# {code}: {}\n", code.name())), "{code}");
        assert!(page.contains("\n## Why it matters\n"), "{code}");
        let example = page.contains("\n## Example\n") && page.contains("\n## Mended\n");
        assert!(example != WITHOUT_EXAMPLE.contains(code), "{code}");
    }
}

#[test]
fn json_of_every_example_fits_the_schema() {
    let schema =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/check.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for code in Code::ALL {
        let example = page(*code).map(|page| files(&page, "Example")).unwrap_or_default();
        if !example.is_empty() {
            let (_, report) = check(&example);
            let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{code}: {errors:?}");
        }
    }
}
