//! Formatting: the whole document, the items in a range, and the item that a brace ends.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::format::format;

use super::{Answer, Refusal};
use crate::edit;
use crate::world::{View, World};

/// The edits that put a document into the canonical layout.
pub fn whole(world: &Arc<World>, params: lsp::DocumentFormattingParams) -> Answer<Option<Vec<lsp::TextEdit>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    edits(&view).map(Some)
}

/// The same, for the items that a range touches.
pub fn range(world: &Arc<World>, params: lsp::DocumentRangeFormattingParams) -> Answer<Option<Vec<lsp::TextEdit>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let items = items(&view, view.offset(params.range.start), view.offset(params.range.end));
    within(&view, items).map(Some)
}

/// The same, for the item in which a brace or a line end was typed, if all of it can be read: the rest of a line that is
/// being written is left alone.
pub fn on_type(world: &Arc<World>, params: lsp::DocumentOnTypeFormattingParams) -> Answer<Option<Vec<lsp::TextEdit>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let offset = view.offset(params.position);
    let parsed = view.source.parsed();
    if params.ch == "\n" {
        return Ok(indent(&view, offset).map(|edit| vec![edit]));
    }
    let item = parsed.tree.root().children().find(|node| {
        node.kind() != gov_grammar::Kind::COMMENT && node.span().start < offset && offset <= node.span().end
    });
    let Some(item) = item.filter(|item| item.span().end == offset) else { return Ok(None) };
    let span = item.span();
    if parsed.errors.iter().any(|error| span.start <= error.span.start && error.span.start <= span.end) {
        return Ok(None);
    }
    within(&view, vec![(span.start, span.end)]).map(Some)
}

fn edits(view: &View) -> Answer<Vec<lsp::TextEdit>> {
    let formatted = format(view.source.text()).map_err(|refused| Refusal::new(refused.to_string()))?;
    Ok(edit::difference(&view.source.lines, &formatted, view.world.encoding))
}

/// The items that a stretch of the text touches.
fn items(view: &View, start: u32, end: u32) -> Vec<(u32, u32)> {
    let items = view.source.parsed().tree.root().children();
    let spans = items.map(|node| node.span()).filter(|span| span.start <= end && start <= span.end);
    spans.map(|span| (span.start, span.end)).collect()
}

/// The edits of the whole document that lie within the lines of these stretches.
fn within(view: &View, stretches: Vec<(u32, u32)>) -> Answer<Vec<lsp::TextEdit>> {
    let lines: Vec<(u32, u32)> = stretches
        .into_iter()
        .map(|(start, end)| {
            let range = view.range_here(gov_grammar::Span { start, end });
            (range.start.line, range.end.line)
        })
        .collect();
    let mut edits = edits(view)?;
    edits.retain(|edit| {
        let last =
            if edit.range.end.character == 0 { edit.range.end.line.saturating_sub(1) } else { edit.range.end.line };
        lines.iter().any(|(first, end)| *first <= edit.range.start.line && last.max(edit.range.start.line) <= *end)
    });
    Ok(edits)
}

/// The spaces that the new line begins with: as deep as the braces before it are open.
fn indent(view: &View, offset: u32) -> Option<lsp::TextEdit> {
    const WIDTH: usize = 4;
    let lines = &view.source.lines;
    let line = lines.position(offset, view.world.encoding).line;
    let start = lines.start(line);
    let text = lines.line(line);
    let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
    let before = view.source.text().get(..start as usize)?;
    let mut depth = braces(before);
    if text.trim_start().starts_with('}') {
        depth = depth.saturating_sub(1);
    }
    let wanted = " ".repeat(depth * WIDTH);
    let found = text.get(..blank)?;
    let range = lines.range(start, start + blank as u32, view.world.encoding);
    (found != wanted).then_some(lsp::TextEdit { range, new_text: wanted })
}

/// How many braces are open at the end of a text, those in strings and comments not counted.
fn braces(text: &str) -> usize {
    let mut depth: usize = 0;
    for line in text.lines() {
        let mut in_string = false;
        let mut characters = line.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '\\' if in_string => {
                    characters.next();
                }
                '"' => in_string = !in_string,
                '/' if !in_string && characters.peek() == Some(&'/') => break,
                '{' if !in_string => depth += 1,
                '}' if !in_string => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    depth
}
