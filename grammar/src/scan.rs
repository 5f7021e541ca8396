//! What is looked at before parsing: forbidden characters, depth and size.
//!
//! The parser is recursive, so the depth of a text is bounded here, where a stack is not needed to see it.

use crate::{Error, ErrorKind, Span};

/// The deepest nesting of brackets, blocks and interpolations that is read.
pub const MAX_DEPTH: u32 = 64;

/// The largest file that is read, in bytes.
pub const MAX_SIZE: usize = 16 << 20;

/// Looks through a text once.
///
/// Gives the forbidden characters as errors, each stretch of them once; a text that is too large or too deep gives that
/// one error, and `false`: it must not be parsed.
pub(crate) fn scan(text: &str) -> (Vec<Error>, bool) {
    if text.len() > MAX_SIZE {
        let start = floor_char_boundary(text, MAX_SIZE) as u32;
        return (vec![Error::new(Span { start, end: start }, ErrorKind::TooLarge { bytes: text.len() })], false);
    }
    let mut scanner = Scanner { text, errors: Vec::new(), contexts: Vec::new(), deepest: None };
    scanner.run();
    match scanner.deepest {
        Some(at) => {
            scanner.errors.clear();
            let span = Span { start: at, end: at + 1 };
            (vec![Error::new(span, ErrorKind::TooDeep { limit: MAX_DEPTH })], false)
        }
        None => (scanner.errors, true),
    }
}

/// Whether a character may stand nowhere outside strings: controls, invisible and bidirectional marks, odd spaces.
pub fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\u{00}'..='\u{08}' | '\u{0B}'..='\u{0C}' | '\u{0E}'..='\u{1F}' | '\u{7F}'..='\u{A0}' | '\u{AD}' | '\u{61C}'
        | '\u{180E}' | '\u{2000}'..='\u{200F}' | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{206F}' | '\u{3000}' | '\u{FEFF}')
}

struct Scanner<'t> {
    text: &'t str,
    errors: Vec<Error>,
    /// What is open: a bracket, or a string, in which brackets mean nothing but `{`.
    contexts: Vec<Context>,
    deepest: Option<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Context {
    Bracket,
    /// `List<`: the one place where `<` nests.
    Angle,
    Text,
}

impl Scanner<'_> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        // Some editors mark a file as UTF-8 like this.
        let mut at = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        while let Some(&byte) = bytes.get(at) {
            if is_plain(byte) {
                at += 1;
                continue;
            }
            let in_string = self.contexts.last() == Some(&Context::Text);
            let width = match byte {
                b'\\' if in_string => 2,
                b'\n' if in_string => {
                    self.contexts.pop();
                    1
                }
                b'"' if in_string => {
                    self.contexts.pop();
                    1
                }
                b'"' => {
                    self.open(Context::Text, at);
                    1
                }
                b'{' => {
                    self.open(Context::Bracket, at);
                    1
                }
                b'(' | b'[' if !in_string => {
                    self.open(Context::Bracket, at);
                    1
                }
                b'<' if !in_string && bytes.get(..at).is_some_and(after_list) => {
                    self.open(Context::Angle, at);
                    1
                }
                b'>' if self.contexts.last() == Some(&Context::Angle) => {
                    self.contexts.pop();
                    1
                }
                b'}' | b')' | b']' if !in_string => {
                    self.close();
                    1
                }
                b'/' if !in_string && bytes.get(at + 1) == Some(&b'/') => self.comment(at),
                b' '..=b'~' | b'\n' | b'\t' | b'\r' => 1,
                _ => self.character(at, in_string),
            };
            at += width;
        }
    }

    fn open(&mut self, context: Context, at: usize) {
        self.contexts.push(context);
        let depth = self.contexts.len() as u32;
        if depth > MAX_DEPTH && self.deepest.is_none() {
            self.deepest = Some(at as u32);
        }
    }

    /// An unclosed `List<` must not keep what is around it open.
    fn close(&mut self) {
        while self.contexts.last() == Some(&Context::Angle) {
            self.contexts.pop();
        }
        if self.contexts.last() == Some(&Context::Bracket) {
            self.contexts.pop();
        }
    }

    fn comment(&mut self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let line = rest.find('\n').map_or(rest, |end| rest.get(..end).unwrap_or(rest));
        for (offset, c) in line.char_indices() {
            if is_forbidden(c) {
                self.forbidden(at + offset, c, false);
            }
        }
        line.len()
    }

    fn character(&mut self, at: usize, in_string: bool) -> usize {
        let Some(c) = self.text.get(at..).and_then(|rest| rest.chars().next()) else {
            return 1;
        };
        if is_forbidden(c) {
            self.forbidden(at, c, in_string);
        }
        c.len_utf8()
    }

    fn forbidden(&mut self, at: usize, c: char, in_string: bool) {
        let span = Span { start: at as u32, end: (at + c.len_utf8()) as u32 };
        if let Some(Error { span: last, kind: ErrorKind::Forbidden { in_string: was, .. }, .. }) =
            self.errors.last_mut()
            && last.end == span.start
            && *was == in_string
        {
            last.end = span.end;
            return;
        }
        self.errors.push(Error::new(span, ErrorKind::Forbidden { character: c, in_string }));
    }
}

/// Whether a byte means nothing here, wherever it stands: it opens and closes nothing, and is allowed.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'_' | b'.' | b':' | b',' | b'=' | b'-')
}

fn after_list(before: &[u8]) -> bool {
    before.trim_ascii_end().ends_with(b"List")
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
