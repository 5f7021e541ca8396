//! From error nodes to errors: what was expected, in the words of an author.

use crate::parser::GovParser;
use crate::tree::{Kind, Node, Tree};
use crate::{Error, ErrorKind, Found, Span, closest};
use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};

/// The places in a file that hold a sequence of things, each of which starts with a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The file itself.
    File,
    /// A capability's body.
    Capability,
    /// A policy's body.
    Policy,
    /// A workflow's body.
    Workflow,
    /// A block inside a workflow.
    Block,
    /// A test's body.
    Test,
}

/// The keywords that start something in a place, in the order in which the language's reference gives them.
pub fn keywords(place: Place) -> &'static [&'static str] {
    const STATEMENTS: &[&str] =
        &["step", "check", "fail", "let", "if", "parallel", "for", "approval", "wait", "return", "@accept"];
    const WORKFLOW: &[&str] = &[
        "principal", "policy", "budget", "tenant", "step", "check", "fail", "let", "if", "parallel", "for", "approval", "wait",
        "return", "@accept",
    ];
    match place {
        Place::File => &[
            "package", "use", "type", "context", "role", "set", "capability", "policy", "workflow", "prove", "test", "@accept",
        ],
        Place::Capability => &[
            "version", "tags", "deprecated", "input", "output", "effect", "risk", "approval", "compensate", "retry", "timeout",
            "idempotent", "cost", "handler",
        ],
        Place::Policy => &["default", "escalate", "allow", "deny", "require approval", "@accept"],
        Place::Workflow => WORKFLOW,
        Place::Block => STATEMENTS,
        Place::Test => &["expect", "given", "approve", "reject", "run"],
    }
}

pub(crate) fn find_errors(tree: &Tree, errors: &mut Vec<Error>) {
    find_below(tree.root(), errors);
}

fn find_below(node: Node<'_>, errors: &mut Vec<Error>) {
    let mut open = None;
    for child in node.children() {
        match child.kind() {
            Kind::l_brace => open = Some(child.span()),
            Kind::missing_close => {
                let span = open.unwrap_or(child.span());
                errors.push(Error::new(span, ErrorKind::Unclosed { expected_at: child.span() }));
            }
            Kind::bad_item => errors.push(explain_node(child, Kind::item, Place::File)),
            Kind::bad_clause => errors.push(explain_node(child, Kind::strict_clause, Place::Capability)),
            Kind::bad_rule => errors.push(explain_node(child, Kind::strict_policy_clause, Place::Policy)),
            Kind::bad_statement if node.kind() == Kind::workflow => {
                errors.push(explain_node(child, Kind::strict_header, Place::Workflow));
            }
            Kind::bad_statement => errors.push(explain_node(child, Kind::statement, Place::Block)),
            Kind::bad_test_statement => errors.push(explain_node(child, Kind::test_statement, Place::Test)),
            _ => find_below(child, errors),
        }
    }
}

/// Asks the strict rule how far it gets, and says what it missed there.
fn explain_node(node: Node<'_>, kind: Kind, place: Place) -> Error {
    let text = node.file_text();
    let start = node.span().start;
    let rest = text.get(start as usize..).unwrap_or_default();
    let error = match GovParser::parse(kind, rest) {
        Err(error) => explain(rest, start, &error),
        // The strict rule read something after all, and what follows it is the trouble.
        Ok(_) => Error::new(node.span(), ErrorKind::Unknown { found: found_at(rest, 0).1, place, meant: None }),
    };
    let only_colon = |expected: &[&str]| place == Place::Policy && expected == ["`:`"];
    match &error.kind {
        // Nothing that may stand here starts like this; a lone word in a policy could only have been a rule's name.
        ErrorKind::Expected { expected, .. } if error.span.start == start || only_colon(expected) => {
            let (length, found) = found_at(rest, 0);
            let span = Span { start, end: start + length as u32 };
            let meant = match &found {
                Found::Token(word) => closest(word, keywords(place).iter().chain(continuations(place)).copied()),
                _ => None,
            };
            Error::new(span, ErrorKind::Unknown { found, place, meant })
        }
        _ => error,
    }
}

/// The words that go on with what stands before: misspelt, they look like the start of something unknown.
fn continuations(place: Place) -> &'static [&'static str] {
    match place {
        Place::Capability => &["when", "otherwise", "because", "backoff", "on transient"],
        Place::Policy => &["when", "because"],
        Place::Workflow | Place::Block => &["else", "retry", "timeout", "compensate", "or", "on failure continue", "after"],
        Place::File | Place::Test => &[],
    }
}

/// One pest error in the words of an author. `offset` is where `text` starts in its file.
pub(crate) fn explain(text: &str, offset: u32, error: &pest::error::Error<Kind>) -> Error {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let (length, found) = found_at(text, at);
    let span = Span { start: offset + at as u32, end: offset + (at + length) as u32 };
    let positives: &[Kind] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    if positives.contains(&Kind::chunk) || positives.contains(&Kind::escape) {
        let escape = text.get(at..).is_some_and(|rest| rest.starts_with('\\'));
        let kind = if escape { ErrorKind::BadEscape } else { ErrorKind::OpenString };
        let start = if escape { span.start } else { offset + text.get(..at).and_then(|t| t.rfind('"')).unwrap_or(at) as u32 };
        return Error::new(Span { start, end: if escape { span.start + 2 } else { span.start.max(start + 1) } }, kind);
    }
    let expected = in_words(positives);
    let meant = match &found {
        Found::Token(word) => closest(word, positives.iter().filter_map(|kind| keyword(*kind))),
        _ => None,
    };
    Error::new(span, ErrorKind::Expected { expected, found, meant })
}

/// An expression or a type that is not there at all.
pub(crate) fn nothing(text: &str) -> Error {
    let end = text.len() as u32;
    let expected = vec!["an expression"];
    Error::new(Span { start: end, end }, ErrorKind::Expected { expected, found: Found::End, meant: None })
}

/// The token that starts at an offset: its length in bytes and what it is.
fn found_at(text: &str, at: usize) -> (usize, Found) {
    let rest = text.get(at..).unwrap_or_default();
    let Some(first) = rest.chars().next() else { return (0, Found::End) };
    if first == '"' {
        let line = rest.lines().next().unwrap_or_default();
        let length = line.get(1..).and_then(|inner| inner.find('"')).map_or(line.len(), |end| end + 2);
        return (length, Found::String);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = if is_word(first) {
        rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())
    } else {
        first.len_utf8()
    };
    let token = rest.get(..length).unwrap_or_default();
    let shown = if token.chars().count() > 40 { token.chars().take(40).chain("…".chars()).collect() } else { token.to_owned() };
    (length, Found::Token(shown))
}

/// What was expected, each thing once, keywords and marks after the larger things.
fn in_words(kinds: &[Kind]) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = Vec::new();
    for kind in kinds {
        for word in phrase(*kind) {
            if !words.contains(word) {
                words.push(word);
            }
        }
    }
    words
}

fn keyword(kind: Kind) -> Option<&'static str> {
    match phrase(kind) {
        [one] => one.strip_prefix('`').and_then(|one| one.strip_suffix('`')),
        _ => None,
    }
}

mod words;
use words::phrase;
