//! G00xx: the text itself and its syntax.

use gov_grammar::{Error, ErrorKind, Found, Place};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::source::{FileId, Span};

/// What the grammar says is wrong with the text of a file.
pub fn of_grammar(file: FileId, text: &str, error: &Error) -> Diagnostic {
    let place = |span: gov_grammar::Span| Span::new(file, span.start, span.end);
    let span = place(error.span);
    match &error.kind {
        ErrorKind::Forbidden { in_string, .. } => {
            let characters = text.get(span.range()).unwrap_or_default();
            if *in_string { hidden_character(span, characters) } else { forbidden_character(span, characters) }
        }
        ErrorKind::TooDeep { limit } => too_deep(span, *limit),
        ErrorKind::TooLarge { bytes } => too_large(span, *bytes as u64, gov_grammar::MAX_SIZE as u64),
        ErrorKind::Expected { expected, found, meant } => syntax_error(span, expected, found, *meant),
        ErrorKind::Unknown { found, place, meant } => unknown_start(span, found, *place, *meant),
        ErrorKind::OpenString => open_string(span),
        ErrorKind::BadEscape => bad_escape(span, text.get(span.range()).unwrap_or_default()),
        ErrorKind::Unclosed { expected_at } => unclosed(span, place(*expected_at)),
    }
}

/// The text at `span` is not what the grammar wants there. `expected` is what could stand there, in the author's words
/// (`a name`, `` `to` ``); `found` is what does; `meant` is the keyword that was probably meant.
pub fn syntax_error(span: Span, expected: &[&str], found: &Found, meant: Option<&str>) -> Diagnostic {
    let found = quoted(found);
    let (message, label) = match one_of(expected) {
        Some(expected) => (format!("expected {expected}, found {found}"), format!("expected {expected}")),
        None => (format!("unexpected {found}"), "not expected here".to_owned()),
    };
    suggest(Diagnostic::new(Code::SyntaxError, span, message).label(label), meant)
}

/// A word that starts nothing that may stand in this place: an unknown clause in a capability, a syntax error elsewhere.
pub fn unknown_start(span: Span, found: &Found, place: Place, meant: Option<&str>) -> Diagnostic {
    let found = quoted(found);
    let (code, what) = match place {
        Place::File => (Code::SyntaxError, "an item"),
        Place::Capability => (Code::UnknownClause, "a clause of a capability"),
        Place::Policy => (Code::SyntaxError, "a rule or a clause of a policy"),
        Place::Workflow | Place::Block => (Code::SyntaxError, "a statement"),
        Place::Test => (Code::SyntaxError, "a statement of a test"),
    };
    let known: Vec<_> = gov_grammar::keywords(place).iter().map(|word| format!("`{word}`")).collect();
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    let found = Diagnostic::new(code, span, format!("{found} does not start {what}")).label(format!("not {what}"));
    match (meant, one_of(&known)) {
        (None, Some(known)) => {
            found.help(format!("{} starts with {known}", what.trim_start_matches("an ").trim_start_matches("a ")))
        }
        _ => suggest(found, meant),
    }
}

/// A string that does not end on its line; `span` is its start.
pub fn open_string(span: Span) -> Diagnostic {
    Diagnostic::new(Code::SyntaxError, span, "the string does not end on its line")
        .label("starts here")
        .help("end it with `\"`; a line end in a string is written `\\n`")
}

/// A backslash in a string before something that is no escape.
pub fn bad_escape(span: Span, escape: &str) -> Diagnostic {
    let escape: String = escape.chars().flat_map(visible).collect();
    Diagnostic::new(Code::SyntaxError, span, format!("`{escape}` is no escape"))
        .label("means nothing")
        .help("the escapes are `\\n`, `\\t`, `\\\"`, `\\\\`, `\\{` and `\\u{…}`; a backslash itself is written `\\\\`")
}

/// A `{` at `span` without its `}`, which had to stand at `expected_at` at the latest.
pub fn unclosed(span: Span, expected_at: Span) -> Diagnostic {
    Diagnostic::new(Code::SyntaxError, span, "`{` is never closed")
        .label("opened here")
        .secondary(expected_at, "`}` expected here at the latest")
}

/// Characters outside strings that hide or reorder what a reader sees.
pub fn forbidden_character(span: Span, characters: &str) -> Diagnostic {
    let name = character_name(characters);
    Diagnostic::new(Code::ForbiddenCharacter, span, format!("{name} may not stand here"))
        .label("not visible, and what is read differs from what is seen")
        .help("take it out; in a string, write it as an escape")
        .fix(Fix::safe(format!("remove {name}"), vec![Edit::delete(span)]))
}

/// Characters in a string that hide or reorder what a reader sees.
pub fn hidden_character(span: Span, characters: &str) -> Diagnostic {
    let name = character_name(characters);
    let escape: String = characters.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect();
    Diagnostic::new(Code::HiddenCharacter, span, format!("{name} stands in a string"))
        .label("not visible, and what is read differs from what is seen")
        .help(format!("write it as `{escape}`, which says the same and can be seen"))
        .fix(Fix::safe(format!("write it as `{escape}`"), vec![Edit::replace(span, escape)]))
}

/// Nesting past `limit` levels.
pub fn too_deep(span: Span, limit: u32) -> Diagnostic {
    Diagnostic::new(Code::TooDeep, span, format!("nested more than {limit} levels deep"))
        .label("the deepest level, and nothing of the file is read")
        .help("take parts out into `let`, a named type or a workflow of their own")
}

/// A file past the size that is read. Both sizes are in bytes.
pub fn too_large(span: Span, size: u64, limit: u64) -> Diagnostic {
    Diagnostic::new(Code::TooLarge, span, format!("the file has {size} bytes, and at most {limit} are read"))
        .help("split the package into several files")
}

/// A file that is not UTF-8, with the offset of the first byte that is not; `span` is empty, at the start of the file.
pub fn not_utf8(span: Span, offset: usize) -> Diagnostic {
    Diagnostic::new(Code::NotUtf8, span, format!("the file is not UTF-8: byte {offset} does not belong to a character"))
        .help("save the file as UTF-8")
}

/// A file that cannot be read, with the reason; `span` is empty, at the start of the file.
pub fn unreadable_file(span: Span, reason: &str) -> Diagnostic {
    Diagnostic::new(Code::UnreadableFile, span, format!("the file cannot be read: {reason}"))
}

fn suggest(found: Diagnostic, meant: Option<&str>) -> Diagnostic {
    // One mark is as near to another as any word of one letter: only words are worth a guess.
    let Some(meant) = meant.filter(|meant| meant.starts_with(char::is_alphabetic)) else { return found };
    let edit = Edit::replace(found.primary.span, meant);
    found.help(format!("did you mean `{meant}`?")).fix(Fix::unsafe_(format!("change to `{meant}`"), vec![edit]))
}

/// What was found, in backticks where it is a text; characters that cannot be seen are shown as escapes.
fn quoted(found: &Found) -> String {
    match found {
        Found::Token(token) => format!("`{}`", token.chars().flat_map(visible).collect::<String>()),
        Found::String | Found::LineEnd | Found::End => found.to_string(),
    }
}

/// A character as it can be printed.
fn visible(character: char) -> Vec<char> {
    let hidden = character.is_control() || gov_grammar::is_forbidden(character);
    if hidden { character.escape_default().collect() } else { vec![character] }
}

/// `a`, `a or b`, `a, b or c`; nothing of nothing.
fn one_of(words: &[&str]) -> Option<String> {
    match words {
        [] => None,
        [one] => Some((*one).to_owned()),
        [most @ .., last] => Some(format!("{} or {last}", most.join(", "))),
    }
}

/// The number of the first of a stretch of characters, with its Unicode name where it is one that is met.
fn character_name(characters: &str) -> String {
    let character = characters.chars().next().unwrap_or_default();
    let name = match character {
        '\0' => "null",
        '\u{1b}' => "escape",
        '\u{a0}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{61c}' => "arabic letter mark",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' => "left-to-right mark",
        '\u{200f}' => "right-to-left mark",
        '\u{202a}' => "left-to-right embedding",
        '\u{202b}' => "right-to-left embedding",
        '\u{202c}' => "pop directional formatting",
        '\u{202d}' => "left-to-right override",
        '\u{202e}' => "right-to-left override",
        '\u{2060}' => "word joiner",
        '\u{2066}' => "left-to-right isolate",
        '\u{2067}' => "right-to-left isolate",
        '\u{2068}' => "first strong isolate",
        '\u{2069}' => "pop directional isolate",
        '\u{feff}' => "byte order mark",
        c if c.is_whitespace() => "a space that is not the usual one",
        _ => "control character",
    };
    format!("U+{:04X} ({name})", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings of the grammar in a text, as `code text they point at: message`.
    fn findings(text: &str) -> String {
        let parsed = gov_grammar::parse(text);
        let found = parsed.errors.iter().map(|error| of_grammar(FileId(0), text, error));
        let say = |found: Diagnostic| {
            let at = text.get(found.primary.span.range()).unwrap_or_default().escape_default().to_string();
            let fixes: String = found.fixes.iter().map(|fix| format!(" [{}]", fix.title)).collect();
            format!("{} {at}: {}{fixes}\n", found.code, found.message)
        };
        found.map(say).collect()
    }

    #[test]
    fn findings_of_the_grammar_are_said_in_the_words_of_an_author() {
        let text = "package a\n\
             role finance { user:alice user:bob }\n\
             polcy p { default deny }\n\
             capability a.b: read {\n    vresion \"1\"\n    risk \u{202e}low\n    deprecated \"x\\q\"\n}\n\
             policy p {\n    default deny\n    allow agent:x a.b\n    escalate never because \"a\u{200b}\u{200b}b\"\n}\n\
             workflow w() { step = a.b {} }\n\
             capability a.c: read {\n";
        insta::assert_snapshot!(findings(text));
    }

    #[test]
    fn what_steers_a_terminal_is_never_in_a_message() {
        let messages = findings("package a\n\u{1b}[2J \u{202e}\nset \u{feff} = {");
        assert!(
            !messages.contains(|c: char| c != '\n' && (c.is_control() || gov_grammar::is_forbidden(c))),
            "{messages}"
        );
    }
}
