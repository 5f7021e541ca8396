//! The texts under check, and places in them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// A file of a [`Sources`], by its place in it. Files are ordered as they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A piece of a file: byte offsets, half open. Bytes, not characters, so that tools can cut the text with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The file that the offsets count in.
    pub file: FileId,
    /// The offset of the first byte.
    pub start: u32,
    /// The offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `start..end` in `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The span from a range of byte offsets. Texts are at most 16 MiB, so that an offset beyond 32 bits is clamped.
    pub fn of(file: FileId, range: Range<usize>) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// Whether the other one lies in this one, in the same file.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that holds this one and `other`, which is in the same file; of another file, this one alone.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span where this one starts.
    #[must_use]
    pub fn at_start(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The empty span where this one ends.
    #[must_use]
    pub fn at_end(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// The offsets as a range that cuts a string.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as a person counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters (Unicode scalar values) of the line, as editors count.
    pub column: u32,
}

/// One text with the path that its reader knows it by.
#[derive(Debug)]
pub struct SourceFile {
    path: String,
    text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// The path as the user sees it: relative where it can be, with forward slashes.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The byte offset at which each line starts. A line ends with `\n`; a `\r` before it belongs to the line.
    pub fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX))).collect()
        })
    }

    /// Where a byte offset stands. An offset past the end is the end; one inside a character is that character.
    pub fn position(&self, offset: u32) -> Position {
        let starts = self.line_starts();
        let offset = offset.min(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        let line = starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| starts.get(index)).copied().unwrap_or(0);
        let within = (offset - start) as usize;
        let rest = self.text.get(start as usize..).unwrap_or("");
        let before = rest.char_indices().take_while(|(at, c)| at + c.len_utf8() <= within).count();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: count(line), column: count(before).saturating_add(1) }
    }
}

/// An ordered set of files: everything that spans of one check point into.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file in and names it. Diagnostics are shown in the order in which their files were added.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { path: path.into(), text: text.into(), line_starts: OnceLock::new() });
        id
    }

    /// The file of that name, if it is one of these.
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }

    /// Every file, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// The path of a file as the user sees it; empty for a file that is none of these.
    pub fn path(&self, file: FileId) -> &str {
        self.get(file).map_or("", SourceFile::path)
    }

    /// The text of a file; empty for a file that is none of these.
    pub fn text(&self, file: FileId) -> &str {
        self.get(file).map_or("", |file| &file.text)
    }

    /// The text that a span covers; empty where the span does not fit the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.range()).unwrap_or("")
    }

    /// Line and column of a span's start.
    pub fn position(&self, span: Span) -> Position {
        self.get(span.file).map_or(Position { line: 1, column: 1 }, |file| file.position(span.start))
    }

    /// Line and column of a span's end.
    pub fn end_position(&self, span: Span) -> Position {
        self.position(span.at_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(text: &str, offsets: &[u32]) -> Vec<(u32, u32)> {
        let mut sources = Sources::new();
        let file = sources.add("a.gov", text);
        let at = |offset: &u32| sources.position(Span::new(file, *offset, *offset));
        offsets.iter().map(at).map(|position| (position.line, position.column)).collect()
    }

    #[test]
    fn columns_count_characters_and_offsets_count_bytes() {
        let text = "é = 1\r\nab\n";
        assert_eq!(positions(text, &[0, 2, 8, 9, 11]), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]);
    }

    #[test]
    fn any_offset_has_a_position() {
        assert_eq!(positions("é", &[1, 2, 700]), [(1, 1), (1, 2), (1, 2)]);
        assert_eq!(positions("", &[0, 5]), [(1, 1), (1, 1)]);
    }

    #[test]
    fn spans_join_within_a_file() {
        let (a, b) = (FileId(0), FileId(1));
        assert_eq!(Span::new(a, 5, 7).to(Span::new(a, 1, 6)), Span::new(a, 1, 7));
        assert_eq!(Span::new(a, 5, 7).to(Span::new(b, 1, 6)), Span::new(a, 5, 7));
    }
}
