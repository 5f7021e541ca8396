//! G00xx: the text itself and its syntax.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::source::Span;

/// The text at `span` is not what the grammar wants there. `expected` is what could stand there, in the author's words
/// (`a name`, `` `to` ``); `found` is what does, or nothing at the end of the file.
pub fn syntax_error(span: Span, expected: &[&str], found: Option<&str>) -> Diagnostic {
    let found = found.map_or_else(|| "the end of the file".to_owned(), quoted);
    let message = match one_of(expected) {
        Some(expected) => format!("expected {expected}, found {found}"),
        None => format!("unexpected {found}"),
    };
    let label = one_of(expected).map_or_else(
        || "not expected here".to_owned(),
        |expected| format!("expected {expected}"),
    );
    Diagnostic::new(Code::SyntaxError, span, message).label(label)
}

/// A control character outside strings that hides or reorders what a reader sees.
pub fn forbidden_character(span: Span, character: char) -> Diagnostic {
    let name = character_name(character);
    Diagnostic::new(
        Code::ForbiddenCharacter,
        span,
        format!("{name} may not stand here"),
    )
    .label("not visible, and what is read differs from what is seen")
    .help("take it out; in a string, write it as an escape")
    .fix(Fix::safe(
        format!("remove {name}"),
        vec![Edit::delete(span)],
    ))
}

/// A control character in a string that hides or reorders what a reader sees.
pub fn hidden_character(span: Span, character: char) -> Diagnostic {
    let name = character_name(character);
    let escape = format!("\\u{{{:x}}}", u32::from(character));
    Diagnostic::new(
        Code::HiddenCharacter,
        span,
        format!("{name} stands in a string"),
    )
    .label("not visible, and what is read differs from what is seen")
    .help(format!(
        "write it as `{escape}`, which says the same and can be seen"
    ))
    .fix(Fix::safe(
        format!("write it as `{escape}`"),
        vec![Edit::replace(span, escape)],
    ))
}

/// Nesting past `limit` levels.
pub fn too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::new(
        Code::TooDeep,
        span,
        format!("nested more than {limit} levels deep"),
    )
    .label("the levels from here on are not read")
    .help("take parts out into `let`, a named type or a workflow of their own")
}

/// A file past the size that is read; `span` is empty, at the start of the file. Both sizes are in bytes.
pub fn too_large(span: Span, size: u64, limit: u64) -> Diagnostic {
    Diagnostic::new(
        Code::TooLarge,
        span,
        format!("the file has {size} bytes, and at most {limit} are read"),
    )
    .help("split the package into several files")
}

/// A file that is not UTF-8, with the offset of the first byte that is not; `span` is empty, at the start of the file.
pub fn not_utf8(span: Span, offset: usize) -> Diagnostic {
    Diagnostic::new(
        Code::NotUtf8,
        span,
        format!("the file is not UTF-8: byte {offset} does not belong to a character"),
    )
    .help("save the file as UTF-8")
}

/// A file that cannot be read, with the reason; `span` is empty, at the start of the file.
pub fn unreadable_file(span: Span, reason: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UnreadableFile,
        span,
        format!("the file cannot be read: {reason}"),
    )
}

/// What was found, in backticks; long or many-line text is cut.
fn quoted(found: &str) -> String {
    const SHOWN: usize = 24;
    let line = found.lines().next().unwrap_or("");
    let shown: String = line.chars().take(SHOWN).flat_map(visible).collect();
    let cut = if line.chars().count() > SHOWN {
        "…"
    } else {
        ""
    };
    format!("`{shown}{cut}`")
}

/// A character as it can be printed: control characters as their escapes.
fn visible(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

/// `a`, `a or b`, `a, b or c`; nothing of nothing.
fn one_of(words: &[&str]) -> Option<String> {
    match words {
        [] => None,
        [one] => Some((*one).to_owned()),
        [most @ .., last] => Some(format!("{} or {last}", most.join(", "))),
    }
}

/// The number of a character, with its Unicode name where it is one that the language refuses.
fn character_name(character: char) -> String {
    let name = match character {
        '\0' => "null",
        '\u{061c}' => "arabic letter mark",
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
        _ => "control character",
    };
    format!("U+{:04X} ({name})", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn syntax(expected: &[&str], found: Option<&str>) -> String {
        syntax_error(Span::new(FileId(0), 0, 1), expected, found).message
    }

    #[test]
    fn syntax_errors_say_what_was_expected_and_what_was_found() {
        assert_eq!(syntax(&["a name"], Some("}")), "expected a name, found `}`");
        assert_eq!(
            syntax(&["`to`", "`,`", "`for`"], None),
            "expected `to`, `,` or `for`, found the end of the file"
        );
        assert_eq!(
            syntax(&[], Some("a\u{1b}[2J\nb")),
            "unexpected `a\\u{1b}[2J`"
        );
        assert_eq!(
            syntax(&[], Some(&"x".repeat(100))),
            format!("unexpected `{}…`", "x".repeat(24))
        );
    }

    #[test]
    fn a_hidden_character_is_named_and_its_fix_keeps_the_string() {
        let found = hidden_character(Span::new(FileId(0), 4, 7), '\u{202e}');
        assert_eq!(
            found.message,
            "U+202E (right-to-left override) stands in a string"
        );
        assert_eq!(found.fixes[0].edits[0].text, "\\u{202e}");
    }
}
