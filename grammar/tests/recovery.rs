//! Mistakes: each is found where it is, once, and hides nothing else.

use gov_grammar::ast::{File, Item, ItemKind, Spans};
use gov_grammar::{Error, ErrorKind, Kind, Place, parse};

const WHOLE_FILE: &str = include_str!("../../tests/corpus/whole_file.gov");

/// An error as a line: `line:column text: what is wrong`.
fn say(text: &str, error: &Error) -> String {
    let start = error.span.start as usize;
    let line = text[..start].matches('\n').count() + 1;
    let column = text[..start].chars().rev().take_while(|c| *c != '\n').count() + 1;
    let hint = |meant: &Option<&str>| meant.map_or(String::new(), |meant| format!(" (meant: {meant})"));
    let what = match &error.kind {
        ErrorKind::Expected { expected, found, meant } => {
            format!("expected {}, found {found}{}", expected.join(", "), hint(meant))
        }
        ErrorKind::Unknown { found, place, meant } => format!("{found} starts nothing in {place:?}{}", hint(meant)),
        kind => format!("{kind:?}"),
    };
    format!("{line}:{column} {what}")
}

fn errors(text: &str) -> Vec<String> {
    parse(text).errors.iter().map(|error| say(text, error)).collect()
}

#[test]
fn eight_mistakes_are_eight_errors() {
    let text = include_str!("recovery/eight.gov");
    insta::assert_snapshot!(errors(text).join("\n"));
    assert_eq!(errors(text).len(), 8, "{:#?}", errors(text));
    // Each stands on a line that says so, and what is healthy is all there.
    let marked: Vec<usize> =
        text.lines().enumerate().filter(|(_, line)| line.contains("// wrong")).map(|(at, _)| at + 1).collect();
    let found: Vec<usize> =
        errors(text).iter().map(|error| error.split(':').next().unwrap().parse().unwrap()).collect();
    assert_eq!(found, marked);
    let (file, _) = File::from_tree(&parse(text).tree);
    assert_eq!(file.items.iter().map(|item| name(item)).collect::<Vec<_>>(), text_of_healthy_items());
}

fn text_of_healthy_items() -> Vec<&'static str> {
    vec!["package a.b", "role finance", "capability a.read", "capability a.write", "policy p", "workflow w", "test"]
}

/// An item by its kind and its name.
fn name(item: &Item) -> String {
    match &item.kind {
        ItemKind::Package(name) => format!("package {}", name.text),
        ItemKind::Use(name) => format!("use {}", name.text),
        ItemKind::Type(ty) => format!("type {}", ty.name.text),
        ItemKind::Context(_) => "context".to_owned(),
        ItemKind::Role(role) => format!("role {}", role.name.text),
        ItemKind::Set(set) => format!("set {}", set.name.text),
        ItemKind::Capability(capability) => format!("capability {}", capability.id.text),
        ItemKind::Policy(policy) => format!("policy {}", policy.name.text),
        ItemKind::Workflow(workflow) => format!("workflow {}", workflow.name.text),
        ItemKind::Prove(prove) => format!("prove {}", prove.name.text),
        ItemKind::Test(_) => "test".to_owned(),
        ItemKind::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn what_is_said_about_broken_texts() {
    let cases = include_str!("recovery/broken.txt").split("\n----\n");
    let said: Vec<String> =
        cases.map(|text| format!("{}\n=> {}\n", text.trim_end(), errors(text).join("\n=> "))).collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// The tokens of a text with their places.
fn tokens(text: &str) -> Vec<std::ops::Range<usize>> {
    let tree = parse(text).tree;
    let mut end = 0;
    let mut tokens = Vec::new();
    for node in tree.nodes().filter(|node| node.is_token() || node.kind() == Kind::string) {
        let range = node.span().range();
        if range.start >= end && !range.is_empty() && node.kind() != Kind::COMMENT {
            end = range.end;
            tokens.push(range);
        }
    }
    tokens
}

/// What one token becomes, if that is a change.
fn mistakes(text: &str, at: &std::ops::Range<usize>) -> Vec<String> {
    let token = &text[at.clone()];
    let with = |new: &str| format!("{}{new}{}", &text[..at.start], &text[at.end..]);
    vec![with(""), with(";"), with("zzz"), with("{"), with("}"), with(&format!("{token} {token}"))]
}

/// Whatever is done to one token, the errors stand in its item or at the start of the next one, and every other item is as it
/// was: unless a brace was changed, then at least what stands before is.
#[test]
fn a_mistake_hides_no_other_item() {
    let (healthy, _) = File::from_tree(&parse(WHOLE_FILE).tree);
    let names: Vec<String> = healthy.items.iter().map(|item| name(item)).collect();
    let bare = |item: &Item| {
        let mut item = item.clone().without_spans();
        // What documents an item that is gone documents nothing.
        item.docs.clear();
        item
    };
    let was: Vec<Item> = healthy.items.iter().map(|item| bare(item)).collect();
    for token in tokens(WHOLE_FILE) {
        let index = healthy.items.iter().rposition(|item| item.span.start as usize <= token.start).unwrap();
        let (start, next) = (
            healthy.items[index].span.start as usize,
            healthy.items.get(index + 1).map_or(WHOLE_FILE.len(), |item| item.span.start as usize),
        );
        for text in mistakes(WHOLE_FILE, &token) {
            let changed = &text[token.start..token.start + text.len().saturating_sub(WHOLE_FILE.len()) + token.len()];
            let context = || format!("{:?} at {token:?} became {changed:?}", &WHOLE_FILE[token.clone()]);
            let parsed = parse(text.as_str());
            let grown = text.len() as i64 - WHOLE_FILE.len() as i64;
            let last = (next as i64 + grown) as usize + 40;
            for error in &parsed.errors {
                let at = error.span.range();
                assert!(start <= at.start && at.start <= last, "{}: {}", context(), say(&text, error));
            }
            let most = if changed.contains(['{', '}']) { 6 } else { 3 };
            assert!(parsed.errors.len() <= most, "{}: {:#?}", context(), errors(&text));
            let (file, _) = File::from_tree(&parsed.tree);
            let found: Vec<Item> = file.items.iter().map(|item| bare(item)).collect();
            for (at, was) in was.iter().enumerate().filter(|(at, _)| *at != index) {
                assert!(found.contains(was), "{}, and {} is gone or not what it was", context(), names[at]);
            }
        }
    }
}

#[test]
fn keywords_of_places_are_those_of_the_grammar() {
    let wrap = |place, word: &str| match place {
        Place::File => format!("{word} %"),
        Place::Capability => format!("capability a.b: read {{ {word} % }}"),
        Place::Policy => format!("policy p {{ {word} % }}"),
        Place::Workflow => format!("workflow w() {{ {word} % }}"),
        Place::Block => format!("workflow w() {{ if a {{ {word} % }} }}"),
        Place::Test => format!("test \"\" {{ {word} % }}"),
    };
    for place in [Place::File, Place::Capability, Place::Policy, Place::Workflow, Place::Block, Place::Test] {
        for word in gov_grammar::keywords(place) {
            let errors = parse(wrap(place, word)).errors;
            let unknown = errors.iter().any(|error| {
                matches!(&error.kind, ErrorKind::Unknown { found, .. } if found.to_string() == format!("`{word}`"))
            });
            assert!(!unknown, "{word} in {place:?}: {errors:?}");
        }
    }
}
