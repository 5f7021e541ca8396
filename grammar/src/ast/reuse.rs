//! The typed view of a text of which most was viewed before: an item that an edit leaves alone is taken from there.

use super::item::Known;
use super::{File, Spans as _};
use crate::tree::Tree;
use crate::{Error, Span};
use std::sync::Arc;

/// With more errors than this, a file is viewed anew.
const FEW: usize = 64;

impl File {
    /// As [`File::from_tree`], in less time where there is an earlier text with its tree, its view and all that was wrong with
    /// it, and both have much in common.
    pub fn from_tree_after(tree: &Tree, before: (&Tree, &File, &[Error])) -> (File, Vec<Error>) {
        reuse(tree, before, true)
    }

    /// As [`File::from_tree_after`], for a question about the edited item alone: what is inside the items behind it keeps the
    /// places that it had, which takes less time again.
    pub fn from_tree_around(tree: &Tree, before: (&Tree, &File, &[Error])) -> (File, Vec<Error>) {
        reuse(tree, before, false)
    }
}

fn reuse(tree: &Tree, before: (&Tree, &File, &[Error]), moves: bool) -> (File, Vec<Error>) {
    let (old_tree, old, errors) = before;
    if errors.len() > FEW || tree.is_unread() || old_tree.is_unread() {
        return File::from_tree(tree);
    }
    let mut shared = tree.shared_items(old_tree).into_iter().peekable();
    let mut items = old.items.iter().peekable();
    File::from_nodes(tree, |span| {
        while shared.next_if(|(new, _)| new.start < span.start).is_some() {}
        let (_, was) = shared.next_if(|(new, _)| *new == span)?;
        while items.next_if(|item| item.span.start < was.start).is_some() {}
        let item = items.next_if(|item| item.span == was)?;
        let touches = |error: &Error| error.span.start <= was.end && was.start <= error.span.end;
        if errors.iter().any(touches) {
            return None;
        }
        if was == span || !moves {
            return Some(Known::Same(Arc::clone(item)));
        }
        let mut kind = item.kind.clone();
        let moved = |offset: u32| offset.wrapping_add(span.start).wrapping_sub(was.start);
        kind.for_each_span(&mut |place: &mut Span| {
            // What is nowhere stays there.
            if place.end > 0 {
                *place = Span { start: moved(place.start), end: moved(place.end) };
            }
        });
        Some(Known::Moved(kind))
    })
}
