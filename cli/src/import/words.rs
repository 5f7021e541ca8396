//! Names, texts and comments as Gov writes them, from whatever others wrote.

pub use gov_grammar::quoted;
use std::fmt::Write;

/// Words that cannot be the name of a field.
const RESERVED: [&str; 10] = ["or", "and", "not", "in", "has", "matches", "as", "true", "false", "self"];

/// The longest name that is made, in bytes.
const LONGEST: usize = 100;

/// A name as near to a text as one can be: `perPage` is `per_page`. Nothing, where the text has no letter or digit.
pub fn name(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut before = ' ';
    for character in text.chars() {
        if name.len() >= LONGEST {
            break;
        }
        if character.is_ascii_alphanumeric() {
            if character.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
                name.push('_');
            }
            name.push(character.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        before = character;
    }
    let name = name.trim_matches('_');
    match name.chars().next() {
        None => None,
        Some(first) if first.is_ascii_digit() => Some(format!("n{name}")),
        Some(_) => Some(name.to_owned()),
    }
}

/// Whether a text is a name already.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A name that a field can have. A text that is one stays as it is.
pub fn field(text: &str) -> Option<String> {
    let name = if is_name(text) { text.to_owned() } else { name(text)? };
    Some(if RESERVED.contains(&name.as_str()) { format!("{name}_") } else { name })
}

/// The id of a capability: names with dots between, at least two, the first a group where there is only one.
pub fn id(group: &str, text: &str) -> Option<String> {
    let parts: Vec<String> = text
        .split(['.', '/', ':'])
        .filter_map(|part| if is_name(part) { Some(part.to_owned()) } else { name(part) })
        .collect();
    match parts.as_slice() {
        [] => None,
        [only] => Some(format!("{group}.{only}")),
        parts => Some(parts.join(".")),
    }
}

/// A pattern of capabilities, if a text is one: `*`, an id, or the beginning of one with `*` at its end.
pub fn pattern(text: &str) -> Option<String> {
    let text = text.trim();
    if text == "*" {
        return Some("any".to_owned());
    }
    let (stem, star) = text.strip_suffix('*').map_or((text, ""), |stem| (stem, "*"));
    let names = stem.strip_suffix('.').filter(|_| !star.is_empty()).unwrap_or(stem);
    let well = names.split('.').all(is_name) && (!star.is_empty() || names.contains('.'));
    well.then(|| format!("{stem}{star}"))
}

/// A principal or a pattern of principals, if a text is one: `agent:desk`, `agent:test_*`, `*`.
pub fn principal(text: &str) -> Option<String> {
    let text = text.trim();
    if text == "*" {
        return Some("any".to_owned());
    }
    let (kind, name) = text.split_once(':')?;
    let stem = name.strip_suffix('*').unwrap_or(name);
    let middle = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let joined = |byte: u8| matches!(byte, b'-' | b'.' | b'@');
    let starred = stem.len() < name.len();
    let ends = |byte: u8| middle(byte) || (starred && joined(byte));
    let bytes = stem.as_bytes();
    let well = match bytes {
        [] => starred,
        [first, ..] => {
            middle(*first)
                && bytes.last().is_some_and(|last| ends(*last))
                && bytes.iter().all(|byte| middle(*byte) || joined(*byte))
                && !bytes.windows(2).any(|pair| pair.iter().all(|byte| joined(*byte)))
        }
    };
    let well = well && (kind != "role" || (is_name(name) && !starred));
    (well && matches!(kind, "agent" | "user" | "service" | "system" | "role")).then(|| text.to_owned())
}

/// A principal of a kind with this name, or one as near to it as can be.
pub fn principal_of(kind: &str, text: &str) -> Option<String> {
    let whole = format!("{kind}:{}", text.trim());
    principal(&whole).filter(|whole| !whole.ends_with('*')).or_else(|| Some(format!("{kind}:{}", name(text)?)))
}

/// What stands between the quotes of a string.
pub fn escaped(text: &str) -> String {
    let quoted = gov_grammar::quoted(text);
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// A text as a part of a comment: on one line, without what may not stand in one.
pub fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut plain = String::new();
    for character in words.join(" ").chars() {
        if gov_grammar::is_forbidden(character) {
            let _ = write!(plain, "\\u{{{:x}}}", u32::from(character));
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Documentation: a `///` line for each line of a text.
pub fn docs(text: &str) -> String {
    let lines = text.trim().lines().map(plain);
    let mut docs = String::new();
    for line in lines {
        docs.push_str(if line.is_empty() { "///" } else { "/// " });
        docs.push_str(&line);
        docs.push('\n');
    }
    docs
}

/// A number of seconds as a duration.
pub fn seconds(seconds: f64) -> Option<String> {
    let milliseconds = (seconds * 1_000.0).round();
    if !(1.0..=1e14).contains(&milliseconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is within the bounds above")]
    Some(gov_plan::text::duration(milliseconds as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_near_as_can_be() {
        for (text, expected) in [
            ("perPage", Some("per_page")),
            ("Get Repo-Info", Some("get_repo_info")),
            ("2fa", Some("n2fa")),
            ("__x__", Some("x")),
            ("创建", None),
            ("", None),
        ] {
            assert_eq!(name(text).as_deref(), expected, "{text}");
        }
        assert_eq!(field("in").as_deref(), Some("in_"));
        assert_eq!(field("_meta").as_deref(), Some("meta"));
        assert_eq!(id("tools", "createIssue").as_deref(), Some("tools.create_issue"));
        assert_eq!(id("tools", "net.github.get_repo").as_deref(), Some("net.github.get_repo"));
    }

    #[test]
    fn patterns_and_principals_are_those_of_gov() {
        for good in ["io.fs.read_file", "io.fs.*", "io.fs.read_*", "i*"] {
            assert_eq!(pattern(good).as_deref(), Some(good));
        }
        assert_eq!(pattern("*").as_deref(), Some("any"));
        for bad in ["io", "io.*.read", "io..a", ".a", "", "a-b.c", "io.fs.**"] {
            assert_eq!(pattern(bad), None, "{bad}");
        }
        for good in ["agent:a", "user:*", "agent:test_*", "user:a.b@c-d", "role:boss"] {
            assert_eq!(principal(good).as_deref(), Some(good));
        }
        for bad in ["agent:", "agent", "robot:a", "user:a b", "user:-a", "user:a..b", "role:*", "user:a-"] {
            assert_eq!(principal(bad), None, "{bad}");
        }
    }

    #[test]
    fn texts_cannot_leave_their_place() {
        assert_eq!(escaped("a \"b\" {c}\n\u{202e}"), r#"a \"b\" \{c}\n\u{202e}"#);
        assert_eq!(plain("a\nb\u{200b}c"), "a b\\u{200b}c");
        assert_eq!(docs("one\n\n  two"), "/// one\n///\n/// two\n");
    }
}
