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
        "principal",
        "policy",
        "budget",
        "tenant",
        "step",
        "check",
        "fail",
        "let",
        "if",
        "parallel",
        "for",
        "approval",
        "wait",
        "return",
        "@accept",
    ];
    match place {
        Place::File => &[
            "package",
            "use",
            "type",
            "context",
            "role",
            "set",
            "capability",
            "policy",
            "workflow",
            "prove",
            "test",
            "@accept",
        ],
        Place::Capability => &[
            "version",
            "tags",
            "deprecated",
            "input",
            "output",
            "effect",
            "risk",
            "approval",
            "compensate",
            "retry",
            "timeout",
            "idempotent",
            "cost",
            "handler",
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
    let mut before = None;
    for child in node.children() {
        match child.kind() {
            Kind::l_brace => open = Some(child.span()),
            Kind::missing_close => {
                let span = open.unwrap_or(child.span());
                errors.push(Error::new(span, ErrorKind::Unclosed { expected_at: child.span() }));
            }
            Kind::COMMENT => {}
            _ => match Strict::of(child.kind(), node.kind()) {
                Some(strict) => {
                    errors.push(explain_node(child, before, &strict));
                    before = None;
                }
                None => {
                    before = Some(child);
                    find_below(child, errors);
                }
            },
        }
    }
}

/// What should have stood where an error node stands.
struct Strict {
    place: Place,
    /// The rule for one such thing.
    alone: Kind,
    /// The rule for one such thing and the start of the next.
    whole: Kind,
}

impl Strict {
    fn of(bad: Kind, parent: Kind) -> Option<Strict> {
        let (place, alone, whole) = match bad {
            Kind::bad_item => (Place::File, Kind::strict_item, Kind::whole_item),
            Kind::bad_clause => (Place::Capability, Kind::strict_clause, Kind::whole_clause),
            Kind::bad_rule => (Place::Policy, Kind::strict_rule, Kind::whole_rule),
            Kind::bad_statement if parent == Kind::workflow => {
                (Place::Workflow, Kind::strict_header, Kind::whole_header)
            }
            Kind::bad_statement => (Place::Block, Kind::strict_statement, Kind::whole_statement),
            Kind::bad_test_statement => (Place::Test, Kind::strict_test, Kind::whole_test),
            _ => return None,
        };
        Some(Strict { place, alone, whole })
    }
}

/// Asks the strict rule how far it gets, and says what it missed there.
///
/// What cannot be read may start in the middle of what its author wrote: `risk high becuse "…"` is a healthy `risk high` and
/// then nothing that could be read. So the thing before it is asked too, and whichever gets farther knows better.
fn explain_node(node: Node<'_>, before: Option<Node<'_>>, strict: &Strict) -> Error {
    let text = node.file_text();
    let start = node.span().start;
    let alone = fails_at(text, start, strict.alone);
    let whole = before.and_then(|before| fails_at(text, before.span().start, strict.whole));
    let place = strict.place;
    let only_colon = |expected: &[&str]| place == Place::Policy && expected == ["`:`"];
    let goes_on = whole.as_ref().map_or_else(Vec::new, |error| match &error.kind {
        ErrorKind::Expected { expected, .. } if error.span.start == start => expected.clone(),
        _ => Vec::new(),
    });
    let unknown = || {
        let (length, found) = found_at(text, start as usize);
        let span = Span { start, end: start + length as u32 };
        let words = goes_on.iter().filter_map(|word| unquoted(word));
        let meant = match &found {
            Found::Token(word) => {
                let rest: &[&str] = if place == Place::Policy { &["when", "because"] } else { &[] };
                closest(word, keywords(place).iter().chain(rest).copied().chain(words))
            }
            _ => None,
        };
        Error::new(span, ErrorKind::Unknown { found, place, meant })
    };
    match (alone, whole) {
        (_, Some(error)) if error.span.start > start || !matches!(error.kind, ErrorKind::Expected { .. }) => error,
        // Nothing that may stand here starts like this; a lone word in a policy could only have been a rule's name.
        (Some(Error { span, kind: ErrorKind::Expected { expected, .. } }), _)
            if span.start == start || only_colon(&expected) =>
        {
            unknown()
        }
        (Some(error), _) => error,
        // The strict rule read something after all, and what follows it is the trouble.
        (None, _) => unknown(),
    }
}

fn fails_at(text: &str, start: u32, kind: Kind) -> Option<Error> {
    let rest = text.get(start as usize..)?;
    GovParser::parse(kind, rest).err().map(|error| {
        let explained = explain(rest, start, &error);
        let nothing_expected = matches!(&explained.kind, ErrorKind::Expected { expected, .. } if expected.is_empty());
        let at = (explained.span.start - start) as usize;
        if nothing_expected { before_what_must_not_be(rest, at, start, kind).unwrap_or(explained) } else { explained }
    })
}

/// Where a rule failed because of something that must not stand there (`let x = step y = …`: the expression is missing),
/// the text is cut before it, a token at a time, until the rule says what it misses.
fn before_what_must_not_be(rest: &str, at: usize, offset: u32, kind: Kind) -> Option<Error> {
    let mut cut = at;
    for _ in 0..4 {
        cut = last_token(rest.get(..cut)?)?;
        let kept = rest.get(..cut)?;
        let Err(error) = GovParser::parse(kind, kept) else {
            continue;
        };
        let explained = explain(kept, offset, &error);
        if let ErrorKind::Expected { expected, found: Found::End, .. } = explained.kind
            && !expected.is_empty()
        {
            let (length, found) = found_at(rest, cut);
            let start = offset + cut as u32;
            let span = Span { start, end: start + length as u32 };
            return Some(Error::new(span, ErrorKind::Expected { expected, found, meant: None }));
        }
    }
    None
}

/// Where the last word or mark of a text starts.
fn last_token(text: &str) -> Option<usize> {
    let text = text.trim_end();
    let last = text.chars().next_back()?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if !is_word(last) {
        return Some(text.len() - last.len_utf8());
    }
    Some(
        text.rfind(|c: char| !is_word(c))
            .map_or(0, |at| at + text.get(at..).map_or(1, |t| t.chars().next().map_or(1, char::len_utf8))),
    )
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
        let start =
            if escape { span.start } else { offset + text.get(..at).and_then(|t| t.rfind('"')).unwrap_or(at) as u32 };
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
    let Some(first) = rest.chars().next() else {
        return (0, Found::End);
    };
    if first == '"' {
        let line = rest.lines().next().unwrap_or_default();
        let length = line.get(1..).and_then(|inner| inner.find('"')).map_or(line.len(), |end| end + 2);
        return (length, Found::String);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let number = first.is_ascii_digit();
    let length = if !is_word(first) {
        first.len_utf8()
    } else {
        let end = |c: char| !(is_word(c) || number && c == '.');
        let length = rest.find(end).unwrap_or(rest.len());
        rest.get(..length).map_or(length, |word| word.trim_end_matches('.').len())
    };
    let token = rest.get(..length).unwrap_or_default();
    let shown = if token.chars().count() > 40 {
        token.chars().take(40).chain("…".chars()).collect()
    } else {
        token.to_owned()
    };
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
    if words.contains(&EXPRESSION) {
        words.retain(|word| !STARTS_OF_EXPRESSIONS.contains(word));
    }
    words
}

const EXPRESSION: &str = "an expression";

/// What `an expression` already says.
const STARTS_OF_EXPRESSIONS: &[&str] = &[
    "`has`",
    "`len`",
    "`{`",
    "`(`",
    "`[`",
    "a whole number",
    "a number",
    "a duration such as `10s`",
    "an amount such as `12.50 USD`",
    "a string",
];

fn keyword(kind: Kind) -> Option<&'static str> {
    match phrase(kind) {
        [one] => unquoted(one),
        _ => None,
    }
}

fn unquoted(word: &'static str) -> Option<&'static str> {
    word.strip_prefix('`')?.strip_suffix('`').filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

mod words;
use words::phrase;
