//! Places in a text as the protocol counts them: lines, and within a line bytes or UTF-16 units.

use std::sync::Arc;

use gen_lsp_types::{Position, Range};

/// What the characters of a position count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// Units of UTF-16: what every client understands.
    #[default]
    Utf16,
}

/// A text and where its lines start.
#[derive(Clone, Debug)]
pub struct Lines {
    text: Arc<str>,
    starts: Vec<u32>,
}

impl Lines {
    /// The lines of a text. One ends with `\n`, `\r\n` or a lone `\r`.
    pub fn new(text: Arc<str>) -> Lines {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes.get(at) == Some(&b'\n') || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
            }
        }
        Lines { text, starts }
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where a position is, in bytes. One behind the end of its line is the end of the line, and one inside a character is
    /// the start of the character.
    pub fn offset(&self, position: Position, encoding: Encoding) -> u32 {
        let end = self.text.len() as u32;
        let Some(start) = self.starts.get(position.line as usize).copied() else { return end };
        let line = self.line(position.line);
        let wanted = position.character as usize;
        let mut units = 0;
        for (at, c) in line.char_indices() {
            let width = width(c, encoding);
            if units + width > wanted {
                return start + at as u32;
            }
            units += width;
        }
        start + line.len() as u32
    }

    /// The position of an offset in bytes. One past the end is the end; one inside a character is that character's start.
    pub fn position(&self, offset: u32, encoding: Encoding) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start as usize <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0) as usize;
        let before = self.text.get(start..offset).unwrap_or_default();
        let character: usize = before.chars().map(|c| width(c, encoding)).sum();
        Position { line: line as u32, character: character as u32 }
    }

    /// The range from one offset to another.
    pub fn range(&self, start: u32, end: u32, encoding: Encoding) -> Range {
        Range { start: self.position(start, encoding), end: self.position(end, encoding) }
    }

    /// How many lines there are: one more than there are line ends.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Where a line starts.
    pub fn start(&self, line: u32) -> u32 {
        self.starts.get(line as usize).copied().unwrap_or(self.text.len() as u32)
    }

    /// A line without what ends it.
    pub fn line(&self, line: u32) -> &str {
        let (start, end) = (self.start(line) as usize, self.start(line.saturating_add(1)) as usize);
        self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

fn width(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => c.len_utf8(),
        Encoding::Utf16 => c.len_utf16(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts that hold what counts differently: characters of one to four bytes, combining marks and all line ends.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("a"),
            Just("é"),
            Just("e\u{301}"),
            Just("漢"),
            Just("😀"),
            Just("👩‍🚀"),
            Just("\n"),
            Just("\r\n"),
            Just("\r"),
            Just(" "),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    /// Counts as the protocol's words say, one character after the other.
    fn slowly(text: &str, offset: usize, encoding: Encoding) -> Position {
        let (mut line, mut character) = (0, 0);
        let mut rest = text.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            if at >= offset {
                break;
            }
            let ends = c == '\n' || c == '\r' && rest.peek().is_none_or(|(_, next)| *next != '\n');
            if ends {
                (line, character) = (line + 1, 0);
            } else {
                character += width(c, encoding) as u32;
            }
        }
        Position { line, character }
    }

    proptest! {
        #[test]
        fn positions_are_what_counting_says(text in text()) {
            let lines = Lines::new(text.as_str().into());
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                for encoding in [Encoding::Utf8, Encoding::Utf16] {
                    let position = lines.position(offset as u32, encoding);
                    prop_assert_eq!(position, slowly(&text, offset, encoding));
                    // Between `\r` and `\n` there is no place of its own.
                    if !text.get(..offset).unwrap().ends_with('\r') || !text.get(offset..).unwrap().starts_with('\n') {
                        prop_assert_eq!(lines.offset(position, encoding) as usize, offset);
                    }
                }
            }
        }

        #[test]
        fn any_position_has_an_offset(text in text(), line in 0u32..50, character in 0u32..50) {
            let lines = Lines::new(text.as_str().into());
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                let offset = lines.offset(Position { line, character }, encoding) as usize;
                prop_assert!(text.is_char_boundary(offset));
            }
        }
    }
}
