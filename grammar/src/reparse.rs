//! Reading a text of which most was read before: what an edit leaves alone keeps its nodes.
//!
//! Items are what a file is made of, and every one of them is read from its first token alone: a body without its brace ends
//! where the next item starts, and a string ends with its line. So it is enough to read what lies between two items that an
//! edit leaves alone, if the second one is found again where it was. [`parse`](crate::parse) says what is right; here it
//! is found in less time.

use crate::parser::GovParser;
use crate::tree::{Kind, Tree};
use pest::Parser as _;
use std::sync::Arc;

/// By how many items the stretch is extended that is read, where what follows an edit is not found again at once.
const EXTENSIONS: [usize; 3] = [0, 2, 16];

/// The tree of a text, with what it shares with another one taken from there; nothing where that does not pay.
pub(crate) fn tree(before: &Tree, text: &Arc<str>) -> Option<Tree> {
    if before.is_unread() {
        return None;
    }
    let old = before.text();
    let start = common_start(old.as_bytes(), text.as_bytes());
    let most = old.len().min(text.len()) - start;
    let end = common_end(old.as_bytes(), text.as_bytes(), most);
    let (same_until, same_from) = (start as u32, (old.len() - end) as u32);
    let items = before.items();
    let alone = items.partition_point(|item| item.span.end < same_until);
    let last_alone = alone.checked_sub(1).and_then(|last| items.get(last));
    let (kept, from) = match last_alone {
        None => (1, 0),
        Some(item) if item.is_closed => (item.next, item.span.end),
        // What ends without a brace may look at what follows: it is read again.
        Some(_) if alone == 1 => (1, 0),
        Some(item) => (item.index, item.span.start),
    };
    let after = items.partition_point(|item| item.span.start <= same_from);
    let moved = |offset: u32| (offset as usize + text.len()).checked_sub(old.len());
    for extension in EXTENSIONS {
        // The first item after the edit is read again as well, and has to come out as it was.
        let Some((last, next)) = items.get(after + extension).zip(items.get(after + extension + 1)) else { break };
        let until = moved(next.span.start)?;
        let read = read(text, from as usize, until)?;
        let again = read.items().last().map(|item| (item.kind, item.span.start as usize, item.span.end as usize));
        let wanted = (last.kind, moved(last.span.start)? - from as usize, moved(last.span.end)? - from as usize);
        if again == Some(wanted) {
            return Some(before.spliced(text, kept, (from, &read), Some(next)));
        }
    }
    let read = read(text, from as usize, text.len())?;
    Some(before.spliced(text, kept, (from, &read), None))
}

/// The tree of a stretch of a text that begins with an item, in places of the stretch.
fn read(text: &str, from: usize, until: usize) -> Option<Tree> {
    let stretch: &str = text.get(from..until)?;
    let pairs = GovParser::parse(Kind::file, stretch).ok()?;
    Tree::from_tokens(stretch.into(), pairs.tokens()).ok()
}

/// How many bytes are compared at once.
const STRIDE: usize = 128;

/// How many bytes two texts have in common at their starts.
pub(crate) fn common_start(one: &[u8], other: &[u8]) -> usize {
    let strides = one.chunks_exact(STRIDE).zip(other.chunks_exact(STRIDE));
    let same = STRIDE * strides.take_while(|(one, other)| one == other).count();
    let rest = one.iter().skip(same).zip(other.iter().skip(same));
    same + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes two texts have in common at their ends, of so many at most.
pub(crate) fn common_end(one: &[u8], other: &[u8], most: usize) -> usize {
    let strides = one.rchunks_exact(STRIDE).zip(other.rchunks_exact(STRIDE)).take(most / STRIDE);
    let same = STRIDE * strides.take_while(|(one, other)| one == other).count();
    let rest = one.iter().rev().skip(same).zip(other.iter().rev().skip(same)).take(most - same);
    same + rest.take_while(|(one, other)| one == other).count()
}
