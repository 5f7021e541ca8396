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
    // Most of a file is healthy, which is seen in less time than it takes to walk it.
    let bad: Vec<u32> = tree
        .nodes()
        .filter(|node| node.kind() == Kind::missing_close || node.is_unread())
        .map(|node| node.places().start)
        .collect();
    find_below(tree.root(), &bad, errors);
}

/// Finds what is wrong below a node; `bad` are the places of all nodes that stand for mistakes.
fn find_below(node: Node<'_>, bad: &[u32], errors: &mut Vec<Error>) {
    let places = node.places();
    let from = bad.partition_point(|place| *place <= places.start);
    let until = bad.partition_point(|place| *place < places.end);
    let Some(bad) = bad.get(from..until).filter(|bad| !bad.is_empty()) else { return };
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
                    let error = explain_node(child, before, &strict);
                    let found_at = error.span.start;
                    errors.push(at_the_line_end(child, error));
                    further_mistakes(child, strict.place, found_at, errors);
                    find_below(child, bad, errors);
                    before = None;
                }
                None => {
                    before = Some(child);
                    find_below(child, bad, errors);
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
    let Span { start, end } = node.span();
    let alone = fails_at(text, Span { start, end }, strict.alone);
    let whole = before
        .and_then(|before| fails_at(text, Span { start: before.span().start, end }, strict.whole))
        .filter(says_something);
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

/// What is missing at the end of a line is missing there, and not where the next line starts.
fn at_the_line_end(node: Node<'_>, error: Error) -> Error {
    let ErrorKind::Expected { expected, found: Found::Token(_) | Found::String, meant: None } = &error.kind else {
        return error;
    };
    let end = node.tree().token_end_before(error.span.start);
    let between = node.file_text().get(end as usize..error.span.start as usize).unwrap_or_default();
    if end == 0 || !between.contains('\n') {
        return error;
    }
    let kind = ErrorKind::Expected { expected: expected.clone(), found: Found::LineEnd, meant: None };
    Error::new(Span { start: end, end }, kind)
}

/// Lines in a stretch that cannot be read whose first word is nearly a keyword: each is a mistake of its own.
fn further_mistakes(node: Node<'_>, place: Place, found_at: u32, errors: &mut Vec<Error>) {
    let mut depth = 0_i32;
    let mut start = node.span().start;
    for line in node.text().split_inclusive('\n') {
        let word_at = start + (line.len() - line.trim_start().len()) as u32;
        let word = line.trim_start();
        let word = word.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
        if depth == 0
            && word_at > found_at
            && let Some(meant) = closest(word, keywords(place).iter().copied())
        {
            let span = Span { start: word_at, end: word_at + word.len() as u32 };
            let found = Found::Token(word.to_owned());
            errors.push(Error::new(span, ErrorKind::Unknown { found, place, meant: Some(meant) }));
        }
        start += line.len() as u32;
        depth += brackets(line);
    }
}

/// How many more brackets a line opens than it closes.
fn brackets(line: &str) -> i32 {
    let mut depth = 0;
    let mut in_string = false;
    let mut bytes = line.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => drop(bytes.next()),
            b'"' => in_string = !in_string,
            b'/' if !in_string && bytes.peek() == Some(&b'/') => break,
            b'{' | b'(' | b'[' if !in_string => depth += 1,
            b'}' | b')' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    depth
}

/// How many bytes after a stretch that cannot be read are looked at, to see what it should have been.
const BEYOND: usize = 256;

/// Why the strict rule does not take a stretch and what follows it. What is looked at is bounded, so that the errors of a
/// file together cost no more than its length.
/// Whether an error knows what was expected.
fn says_something(error: &Error) -> bool {
    !matches!(&error.kind, ErrorKind::Expected { expected, .. } if expected.is_empty())
}

fn fails_at(text: &str, span: Span, kind: Kind) -> Option<Error> {
    let end = (span.end as usize).saturating_add(BEYOND).min(text.len());
    let end = (end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let rest = text.get(span.start as usize..end)?;
    let error = GovParser::parse(kind, rest).err()?;
    let explained = explain(text, span.start, &error);
    let missing = || missing_at_the_end(text, span, kind);
    Some(if says_something(&explained) { explained } else { missing().unwrap_or(explained) })
}

/// What a rule misses at the end of a stretch, where what follows it fits but must not be taken (`let x = step y = …`: the
/// expression is missing).
fn missing_at_the_end(text: &str, span: Span, kind: Kind) -> Option<Error> {
    let kept = text.get(..span.end as usize)?;
    let error = GovParser::parse(kind, kept.get(span.start as usize..)?).err()?;
    match explain(kept, span.start, &error).kind {
        ErrorKind::Expected { expected, found: Found::End, .. } if !expected.is_empty() => {
            let mut rest = text.get(span.end as usize..)?.trim_start();
            while rest.starts_with("//") {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
            }
            let at = text.len() - rest.len();
            let (length, found) = found_at(text, at);
            let span = Span { start: at as u32, end: (at + length) as u32 };
            Some(Error::new(span, ErrorKind::Expected { expected, found, meant: None }))
        }
        _ => None,
    }
}

/// One pest error in the words of an author. The parser started at `offset` in `text`.
pub(crate) fn explain(text: &str, offset: u32, error: &pest::error::Error<Kind>) -> Error {
    let start = offset + location(error);
    let at = start as usize;
    let (length, found) = found_at(text, at);
    let span = Span { start, end: start + length as u32 };
    let positives: &[Kind] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    if positives.contains(&Kind::chunk) || positives.contains(&Kind::escape) {
        if text.get(at..).is_some_and(|rest| rest.starts_with('\\')) {
            return Error::new(Span { start, end: start + 2 }, ErrorKind::BadEscape);
        }
        let quote = text.get(offset as usize..at).and_then(|read| read.rfind('"'));
        let start = quote.map_or(start, |quote| offset + quote as u32);
        return Error::new(Span { start, end: span.start.max(start + 1) }, ErrorKind::OpenString);
    }
    let expected = in_words(positives);
    let meant = match &found {
        Found::Token(word) => {
            closest(word, positives.iter().flat_map(|kind| phrase(*kind)).filter_map(|word| unquoted(word)))
        }
        _ => None,
    };
    Error::new(span, ErrorKind::Expected { expected, found, meant })
}

/// Where the parser gave up, from where it started.
pub(crate) fn location(error: &pest::error::Error<Kind>) -> u32 {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at as u32,
    }
}

/// Whether the parser gave up because its stack would not suffice.
pub(crate) fn is_too_deep(error: &pest::error::Error<Kind>) -> bool {
    matches!(error.variant, ErrorVariant::CustomError { .. })
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

fn unquoted(word: &'static str) -> Option<&'static str> {
    word.strip_prefix('`')?.strip_suffix('`').filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

mod words;
use words::phrase;
