//! The TextMate grammar: what can be read has no scope `invalid`, what no token begins with has one, and the colours are those of
//! the tree-sitter grammar.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use gov_compiler::format::format;
use serde_json::Value;
use tree_sitter::Query;

use crate::colours::{Class, highlighted};
use crate::corpus::{self, Text};
use crate::program;

/// What the grammar makes of a text.
struct Tokenised {
    /// A character's scopes for each byte, outermost first, joined by spaces.
    scopes: Vec<String>,
    /// How many scopes are open at the end.
    open: u64,
}

impl Tokenised {
    fn scope_of(&self, text: &str, part: &str) -> &str {
        let at = text.find(part).unwrap_or_else(|| panic!("{part:?} is not in {text:?}"));
        let scopes = &self.scopes[at..at + part.len()];
        assert!(scopes.iter().all(|scope| *scope == scopes[0]), "{part:?} in {text:?} has several scopes: {scopes:?}");
        scopes[0].split(' ').rfind(|scope| !scope.is_empty()).unwrap_or_default()
    }

    fn invalid(&self) -> Option<usize> {
        self.scopes.iter().position(|scopes| scopes.contains("invalid."))
    }
}

/// Puts texts to the grammar, in the library that VS Code reads it with. Nothing where Node.js is missing.
fn tokenise(texts: &[String]) -> Option<Vec<Tokenised>> {
    let mut command = program::node()?;
    command
        .arg(corpus::root().join("lsp/editors/vscode/test/tokenise.js"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = serde_json::to_vec(texts).unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let tokenised: Vec<Tokenised> = lines.lines().zip(texts).map(|(line, text)| read(line, text)).collect();
    assert_eq!(tokenised.len(), texts.len());
    Some(tokenised)
}

fn read(line: &str, text: &str) -> Tokenised {
    let line: Value = serde_json::from_str(line).unwrap();
    // The bytes of each UTF-16 unit; a character's second unit has none of its own.
    let mut bytes = Vec::new();
    for (at, c) in text.char_indices() {
        bytes.push(at);
        bytes.extend(std::iter::repeat_n(at + c.len_utf8(), c.len_utf16() - 1));
    }
    bytes.push(text.len());
    let mut scopes = vec![String::new(); text.len()];
    for token in line["tokens"].as_array().unwrap() {
        let [start, end, names @ ..] = token.as_array().unwrap().as_slice() else { panic!("{token}") };
        let place = |offset: &Value| bytes[offset.as_u64().unwrap() as usize];
        let names: Vec<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
        scopes[place(start)..place(end)].fill(names.join(" "));
    }
    Tokenised { scopes, open: line["open"].as_u64().unwrap() }
}

#[test]
fn what_can_be_read_has_no_invalid_scope_and_leaves_none_open() {
    let texts = corpus::written()
        .into_iter()
        .chain(corpus::generated())
        .chain(corpus::changed().take(corpus::cases() as usize));
    let texts: Vec<Text> = texts.filter(|text| corpus::refused(&text.text).is_none()).collect();
    let bodies: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
    let Some(tokenised) = tokenise(&bodies) else { return };
    let (mut wrong, mut count) = (String::new(), 0);
    for (Text { from, text }, tokenised) in texts.iter().zip(&tokenised) {
        if let Some(at) = tokenised.invalid() {
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let _ = writeln!(wrong, "{from}: {} at {:?}", tokenised.scopes[at], text[line..].lines().next());
            count += 1;
        }
        if count > 5 {
            break;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Where a block ends is told by lines here, so that what follows an open one keeps its colours: in the formatter's layout
    // nothing is left open.
    let formatted: Vec<String> = bodies.iter().map(|text| format(text).unwrap()).collect();
    for (text, tokenised) in formatted.iter().zip(tokenise(&formatted).unwrap()) {
        assert_eq!(tokenised.open, 0, "a scope is open at the end of\n{text}");
    }
}

#[test]
fn what_begins_no_token_has_an_invalid_scope() {
    let in_workflow = |text: &str| format!("workflow w() {{\n    let a = {text}\n    return a\n}}\n");
    let mut texts: Vec<String> = [
        "\"open",
        "\"",
        "\"a {b}",
        "\"\\n",
        "\"a\\q\"",
        "\"\\u{1234567}\"",
        "\"\\u{}\"",
        "9x",
        "1_000q",
        "fooBar",
        "_a",
        "a_B",
        "A_b",
        "%",
        "a ! b",
        "a & b",
        "#",
        "a ~ b",
        "'a'",
        "`a`",
        "a / b",
        "a; b",
        "a \\ b",
        "a ^ b",
        "$a",
        "é",
        "a\u{a0}+ b",
        "\u{200b}",
        "\u{202e}a",
    ]
    .map(in_workflow)
    .into();
    texts.extend(
        ["// \u{202e}\n", "/// \u{ad}\n", "package a\u{b}\n", "role é\n", "policy p { % }\n"].map(str::to_owned),
    );
    // The same in any place of any text.
    for (index, Text { text, .. }) in corpus::written().into_iter().enumerate() {
        let is_whole = corpus::refused(&text).is_none() && !text.contains("//");
        let lines: Vec<&str> = text.lines().collect();
        let line = index * 7 % lines.len().max(1);
        if is_whole && !text.is_empty() && !lines[line].contains('"') {
            let wrong = ["%", ";", "é", "\u{202e}", "9x", "fooBar", "$"][index % 7];
            let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
            lines[line] = format!("{} {wrong} ", lines[line]);
            texts.push(lines.join("\n"));
        }
    }
    let Some(tokenised) = tokenise(&texts) else { return };
    for (text, tokenised) in texts.iter().zip(&tokenised) {
        assert!(corpus::refused(text).is_some(), "the reference takes\n{text}");
        assert!(tokenised.invalid().is_some(), "nothing is invalid in\n{text}");
    }
}

#[test]
fn tokens_have_the_scopes_that_themes_know() {
    let text = "package acme.support
/// What it does.
capability stripe.refund: network { // aside
    version \"1.2.0\"
    input { amount: Money<USD>, note: String? where len(note) > 2 }
    risk critical when amount > 1_000.50 EUR and true, high otherwise because \"moves {amount + 3} \\u{e9}uros\"
    retry 4 times backoff 200ms..5s
    handler none
}
policy desk {
    locked: require approval from role:finance within 24h for agent:sup-port to stripe.* when input.rate == 0.25
}
";
    let Some(tokenised) = tokenise(&[text.to_owned()]) else { return };
    for (part, scope) in [
        ("acme.support", "entity.name.namespace.gov"),
        ("/// What it does.", "comment.line.documentation.gov"),
        ("// aside", "comment.line.double-slash.gov"),
        ("capability", "keyword.control.gov"),
        ("stripe.refund", "entity.name.function.capability.gov"),
        ("network", "support.type.kind.gov"),
        ("\"1.2.0\"", "string.quoted.double.gov"),
        ("input", "keyword.control.gov"),
        ("amount", "variable.other.property.gov"),
        ("USD", "constant.other.currency.gov"),
        ("String", "support.type.gov"),
        ("where", "keyword.control.gov"),
        ("len", "keyword.operator.word.gov"),
        ("critical", "constant.language.level.gov"),
        ("1_000.50 ", "constant.numeric.money.gov"),
        ("EUR", "constant.other.currency.gov"),
        ("true", "constant.language.boolean.gov"),
        ("moves ", "string.quoted.double.gov"),
        ("amount + 3", "variable.other.gov"),
        ("\\u{e9}", "constant.character.escape.gov"),
        ("uros\"", "string.quoted.double.gov"),
        ("4", "constant.numeric.integer.gov"),
        ("200", "constant.numeric.duration.gov"),
        ("ms", "keyword.other.unit.gov"),
        ("desk", "entity.name.gov"),
        ("locked", "variable.other.property.gov"),
        ("require", "keyword.control.gov"),
        ("finance", "entity.name.tag.principal.gov"),
        ("24", "constant.numeric.duration.gov"),
        ("sup-port", "entity.name.tag.principal.gov"),
        ("0.25", "constant.numeric.decimal.gov"),
    ] {
        let whole = if part == "amount + 3" { "amount +" } else { part };
        let first = whole.strip_suffix(" +").unwrap_or(part);
        let from = text.find(whole).unwrap();
        let found = Tokenised { scopes: tokenised[0].scopes[from..].to_vec(), open: 0 };
        assert_eq!(found.scope_of(&text[from..], first), scope, "{part:?}");
    }
}

fn uncommented(text: &str) -> String {
    let mut text = text.to_owned();
    let tree = gov_grammar::parse(text.as_str()).tree;
    let comments = tree.nodes().filter(|node| node.kind() == gov_grammar::Kind::COMMENT);
    for range in comments.map(|node| node.span().range()).collect::<Vec<_>>().into_iter().rev() {
        text.replace_range(range, "");
    }
    text
}

#[test]
fn its_colours_are_those_of_the_tree_sitter_grammar() {
    let query = Query::new(&tree_sitter_gov::LANGUAGE.into(), tree_sitter_gov::HIGHLIGHTS).unwrap();
    // A rule of a TextMate grammar sees a line at a time. That is enough where keywords stand as authors and the formatter put
    // them, and not where a comment comes between a keyword and what makes it one.
    let made_up = corpus::generated().map(|made| Text { text: format(&uncommented(&made.text)).unwrap(), ..made });
    let texts: Vec<Text> = corpus::written().into_iter().chain(made_up).collect();
    let texts: Vec<Text> = texts.into_iter().filter(|text| corpus::refused(&text.text).is_none()).collect();
    let bodies: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
    let Some(tokenised) = tokenise(&bodies) else { return };
    let (mut wrong, mut differ, mut compared) = (String::new(), 0, 0);
    for (Text { from, text }, tokenised) in texts.iter().zip(&tokenised) {
        let expected = highlighted(text, &query);
        let mut last = false;
        for (at, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            compared += 1;
            let found = Class::of_scopes(&tokenised.scopes[at]);
            if found != expected[at] && !last {
                differ += 1;
                let line = text[..at].matches('\n').count();
                let shown = text.lines().nth(line).unwrap_or_default();
                if differ <= 30 {
                    let _ = writeln!(
                        wrong,
                        "{from}: line {}: {c:?} is {found:?} ({}) and not {:?} in\n{shown}",
                        line + 1,
                        tokenised.scopes[at],
                        expected[at]
                    );
                }
            }
            last = found != expected[at];
        }
    }
    assert!(compared > 10_000, "only {compared} characters were compared");
    assert!(wrong.is_empty(), "{wrong}{differ} places differ");
}
