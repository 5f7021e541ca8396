//! The texts that every grammar is put to.

use std::fs;
use std::path::{Path, PathBuf};

use gov_grammar::{Error, ErrorKind, parse};
use gov_tests::blocks::blocks;
use gov_tests::generate::{Choices, broken_file, bytes, file};

/// A text, and where it comes from.
#[derive(Clone, Debug)]
pub struct Text {
    /// The file and line, or the seed.
    pub from: String,
    /// The text itself.
    pub text: String,
}

/// How many texts of each kind are made up.
pub fn cases() -> u64 {
    std::env::var("GOV_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every `.gov` file of the repository, and every `gov` block of its Markdown files.
pub fn written() -> Vec<Text> {
    let mut texts = Vec::new();
    collect(&root(), &mut texts);
    assert!(texts.len() > 100, "only {} texts were found", texts.len());
    texts
}

fn collect(folder: &Path, texts: &mut Vec<Text>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            collect(&path, texts);
        } else if name.ends_with(".gov") {
            let text = fs::read_to_string(&path).unwrap();
            texts.push(Text { from: path.display().to_string(), text });
        } else if name.ends_with(".md") {
            let markdown = fs::read_to_string(&path).unwrap();
            let found = blocks(&markdown).into_iter().filter(|block| block.language() == "gov");
            texts.extend(
                found.map(|block| Text { from: format!("{}:{}", path.display(), block.line), text: block.text }),
            );
        }
    }
}

/// Texts that read without an error, with white space and comments wherever they may stand.
pub fn generated() -> impl Iterator<Item = Text> {
    made("generated", |seed| file(&mut Choices::new(&bytes(seed, 2000))))
}

/// Texts that are nearly a file.
pub fn broken() -> impl Iterator<Item = Text> {
    made("broken", |seed| broken_file(&mut Choices::new(&bytes(seed, 2000))))
}

fn made(kind: &'static str, text: impl Fn(u64) -> String) -> impl Iterator<Item = Text> {
    (0..cases()).map(move |seed| Text { from: format!("{kind} from seed {seed}"), text: text(seed) })
}

/// The texts that are written down and some that are made up, with a few of their tokens changed: gone, doubled, swapped, or
/// a word that means something elsewhere.
pub fn changed() -> impl Iterator<Item = Text> {
    let mut seeds: Vec<Text> = written();
    seeds.extend(generated().take(50));
    (0..cases() * 10).map(move |seed| {
        let bytes = bytes(seed, 64);
        let mut choices = Choices::new(&bytes);
        let from = &seeds[(choices.below(256) * 256 + choices.below(256)) % seeds.len()];
        let mut tokens: Vec<&str> = tokens(&from.text);
        for _ in 0..1 + choices.below(3) {
            change(&mut choices, &mut tokens);
        }
        Text { from: format!("{}, changed with seed {seed}", from.from), text: tokens.concat() }
    })
}

fn change(choices: &mut Choices<'_>, tokens: &mut Vec<&str>) {
    if tokens.is_empty() {
        return;
    }
    let words: Vec<usize> = (0..tokens.len()).filter(|&at| !tokens[at].trim().is_empty()).collect();
    let place = choices.below(256) * 256 + choices.below(256);
    let Some(&at) = words.get(place % words.len().max(1)) else {
        return;
    };
    let other = words[choices.below(words.len().min(256))];
    match choices.below(8) {
        0 => drop(tokens.remove(at)),
        1 => tokens.splice(at..at, [tokens[at], " "]).for_each(drop),
        2 => tokens.swap(at, other),
        3 => tokens.splice(at..at, [choices.pick(MARKS), " "]).for_each(drop),
        4 => tokens[at] = choices.pick(MARKS),
        5 => tokens.splice(at..at, [choices.pick(WORDS), " "]).for_each(drop),
        _ => tokens[at] = choices.pick(WORDS),
    }
}

const MARKS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ",",
    ":",
    ".",
    "..",
    "=",
    "==",
    ">=",
    "-",
    "->",
    "?",
    "??",
    "|",
    "*",
    "@",
    "\"",
    "\"{",
    "\\",
    "%",
    "é",
    "\u{a0}",
    "3",
    "1.5",
    "2 USD",
    "3 usd",
    "5s",
    "9x",
    "a.b",
    "user:a-b.*",
    "a: deny",
];

/// Words that can be a name and something else, all the keywords among them.
const WORDS: &[&str] = &[
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
    "accept",
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
    "default",
    "escalate",
    "never",
    "allow",
    "deny",
    "require",
    "required",
    "from",
    "quorum",
    "within",
    "for",
    "to",
    "when",
    "otherwise",
    "because",
    "none",
    "reversible",
    "irreversible",
    "with",
    "manually",
    "times",
    "until",
    "success",
    "backoff",
    "on",
    "transient",
    "by",
    "builtin",
    "http",
    "principal",
    "budget",
    "tenant",
    "calls",
    "step",
    "as",
    "run",
    "or",
    "failure",
    "continue",
    "after",
    "check",
    "else",
    "fail",
    "let",
    "if",
    "parallel",
    "in",
    "up",
    "wait",
    "return",
    "always",
    "sometimes",
    "undoes",
    "spends",
    "at",
    "most",
    "before",
    "without",
    "expect",
    "given",
    "returns",
    "fails",
    "out",
    "approve",
    "reject",
    "completed",
    "failed",
    "asserting",
    "where",
    "not",
    "has",
    "len",
    "true",
    "and",
    "matches",
    "high",
    "external",
    "List",
    "Money",
    "Int",
    "usd",
    "USD",
    "x",
    "fooBar",
];

/// Words, marks and stretches of blanks.
pub fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let before = text[..at].chars().next_back().map(class);
        if at > start && (before != Some(class(c)) || class(c) == 2) {
            tokens.push(&text[start..at]);
            start = at;
        }
    }
    tokens.push(&text[start..]);
    tokens
}

/// What the reference grammar says against a text. A character that may stand in no text but a string is nothing against it
/// there: the compiler warns of it.
pub fn refused(text: &str) -> Option<Error> {
    let hard = |error: &Error| !matches!(error.kind, ErrorKind::Forbidden { in_string: true, .. });
    parse(text).errors.into_iter().find(hard)
}
