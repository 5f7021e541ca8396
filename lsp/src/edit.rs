//! Changes of texts: those that a client sends, and those that are sent to it.

use std::sync::Arc;

use gen_lsp_types::{TextDocumentContentChangeEvent, TextEdit};

use crate::position::{Encoding, Lines};

/// The text after a client's changes, one after the other.
pub fn apply(text: &Arc<str>, changes: &[TextDocumentContentChangeEvent], encoding: Encoding) -> Arc<str> {
    let mut text = Arc::clone(text);
    for change in changes {
        text = match change {
            TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => whole.text.as_str().into(),
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                let lines = Lines::new(Arc::clone(&text));
                let start = lines.offset(part.range.start, encoding);
                let end = lines.offset(part.range.end, encoding).max(start);
                let before = text.get(..start as usize).unwrap_or_default();
                let after = text.get(end as usize..).unwrap_or_default();
                [before, &part.text, after].concat().into()
            }
        };
    }
    text
}

/// The edits of whole lines that make one text of another; few, and none where nothing changes.
pub fn difference(lines: &Lines, new: &str, encoding: Encoding) -> Vec<TextEdit> {
    let old = lines.text();
    if **old == *new {
        return Vec::new();
    }
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let mut edits: Vec<TextEdit> = Vec::new();
    let offsets = |lines: &[&str]| -> Vec<usize> {
        let mut at = 0;
        let ends = lines.iter().map(|line| {
            at += line.len();
            at
        });
        std::iter::once(0).chain(ends).collect()
    };
    let (old_at, new_at) = (offsets(&old_lines), offsets(&new_lines));
    for operation in similar::capture_diff_slices(similar::Algorithm::Myers, &old_lines, &new_lines) {
        if operation.tag() == similar::DiffTag::Equal {
            continue;
        }
        let at = |offsets: &[usize], index: usize| offsets.get(index).copied().unwrap_or_default();
        let (from, into) = (operation.old_range(), operation.new_range());
        let (start, end) = (at(&old_at, from.start) as u32, at(&old_at, from.end) as u32);
        let text = new.get(at(&new_at, into.start)..at(&new_at, into.end)).unwrap_or_default();
        edits.push(TextEdit { range: lines.range(start, end, encoding), new_text: text.to_owned() });
    }
    edits
}
