//! The lossless tree: every token of a file, in order, with what the grammar makes of it.

use crate::reparse::{common_end, common_start};
use crate::{MAX_DEPTH, Span, is_forbidden};
use pest::Token;
use std::ops::Range;
use std::sync::Arc;

pub use crate::parser::Rule as Kind;

/// The most nodes above a node. What walks a tree is recursive. The nesting that [`MAX_DEPTH`] allows needs fewer; texts with
/// mismatched brackets may nest deeper than they seem to.
const MAX_HEIGHT: usize = 8 * MAX_DEPTH as usize;

/// A file's text and the tree over it.
///
/// Nodes are kept in one array in the order of the text. What lies between two tokens is white space; comments are nodes.
/// Text that fits nothing is under a node of a `bad_…` kind, so that the tree covers the file whatever it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    text: Arc<str>,
    nodes: Vec<Raw>,
}

/// Something that a file is made of.
#[derive(Debug)]
pub(crate) struct Part {
    /// The index of its node.
    pub index: usize,
    /// The index after the last node below it.
    pub next: usize,
    pub kind: Kind,
    pub span: Span,
    /// Whether a brace ends it: then nothing after it has a part in it.
    pub is_closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Raw {
    kind: Kind,
    start: u32,
    end: u32,
    /// The index after the last node below this one.
    next: u32,
}

impl Raw {
    /// The same so many bytes and so many nodes further on.
    fn moved(self, bytes: i64, nodes: i64) -> Raw {
        let by = |offset: u32, by: i64| (i64::from(offset) + by) as u32;
        Raw { start: by(self.start, bytes), end: by(self.end, bytes), next: by(self.next, nodes), ..self }
    }
}

impl Tree {
    /// The tree of what the parser read; if it is higher than [`MAX_HEIGHT`], the offset where it is.
    pub(crate) fn from_tokens<'t>(text: Arc<str>, tokens: impl Iterator<Item = Token<'t, Kind>>) -> Result<Tree, u32> {
        let mut nodes: Vec<Raw> = Vec::with_capacity(text.len() / 4);
        let mut open = Vec::new();
        for token in tokens {
            match token {
                Token::Start { rule: kind, pos } => {
                    let at = pos.pos() as u32;
                    if open.len() >= MAX_HEIGHT {
                        return Err(at);
                    }
                    open.push(nodes.len());
                    nodes.push(Raw { kind, start: at, end: at, next: 0 });
                }
                Token::End { pos, .. } => {
                    if let Some(index) = open.pop() {
                        close(&text, &mut nodes, index, pos.pos());
                    }
                }
            }
        }
        Ok(Tree { text, nodes })
    }

    /// A tree that says nothing about its text: one `bad_item` over all of it.
    pub(crate) fn unread(text: Arc<str>) -> Tree {
        let end = text.len() as u32;
        let nodes = vec![
            Raw { kind: Kind::file, start: 0, end, next: 2 },
            Raw { kind: Kind::bad_item, start: 0, end, next: 2 },
        ];
        Tree { text, nodes }
    }

    /// Whether nothing of the text was read, because it is too large or too deep.
    pub fn is_unread(&self) -> bool {
        matches!(self.nodes.as_slice(), [_, only] if only.kind == Kind::bad_item && only.end as usize == self.text.len())
    }

    /// The text the tree was made from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The node of the whole file.
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, index: 0 }
    }

    /// What the file is made of, comments and its end left out, in order.
    pub(crate) fn items(&self) -> Vec<Part> {
        let part = |node: Node<'_>| {
            let (Raw { kind, next, .. }, span) = (node.raw(), node.span());
            let last = next.checked_sub(1).and_then(|last| self.nodes.get(last as usize));
            let is_closed = last.is_some_and(|last| last.kind == Kind::r_brace && last.end == span.end);
            Part { index: node.index as usize, next: next as usize, kind, span, is_closed }
        };
        self.root().children().filter(|node| !matches!(node.kind(), Kind::COMMENT | Kind::EOI)).map(part).collect()
    }

    /// The tree of another text: so many nodes of this one, then what was `read` from an offset on, and from the item `rest`
    /// on, if there is one, this tree again, in other places.
    pub(crate) fn spliced(
        &self,
        text: &Arc<str>,
        kept: usize,
        (from, read): (u32, &Tree),
        rest: Option<&Part>,
    ) -> Tree {
        let mut nodes = Vec::with_capacity(self.nodes.len() + read.nodes.len());
        nodes.extend_from_slice(self.nodes.get(..kept).unwrap_or_default());
        let mut add = |new: &[Raw], before: usize, bytes: i64| {
            let by = nodes.len() as i64 - before as i64;
            nodes.extend(new.iter().map(|raw| raw.moved(bytes, by)));
        };
        // The root of what was read is not among its nodes here, nor is its end where more follows.
        let own = read.nodes.get(1..).unwrap_or_default();
        match rest {
            Some(item) => {
                let until = own.len() - usize::from(own.last().is_some_and(|last| last.kind == Kind::EOI));
                add(own.get(..until).unwrap_or_default(), 1, i64::from(from));
                let bytes = text.len() as i64 - self.text.len() as i64;
                add(self.nodes.get(item.index..).unwrap_or_default(), item.index, bytes);
            }
            None => add(own, 1, i64::from(from)),
        }
        if let Some(root) = nodes.first_mut() {
            *root = Raw { kind: Kind::file, start: 0, end: 0, next: 0 };
        }
        close(text, &mut nodes, 0, text.len());
        Tree { text: Arc::clone(text), nodes }
    }

    /// The items, with where they stand in another tree, that are the same in both: those before the first difference and those
    /// behind the last, in order. The one that stands before a difference may have been read with an eye on it, and is none.
    pub(crate) fn shared_items(&self, other: &Tree) -> Vec<(Span, Span)> {
        let (own, others) = (self.items(), other.items());
        let start = common_start(self.text.as_bytes(), other.text.as_bytes()) as u32;
        let most = self.text.len().min(other.text.len()) - start as usize;
        let end = common_end(self.text.as_bytes(), other.text.as_bytes(), most) as u32;
        let is_same = |(one, other_one): &(&Part, &Part)| {
            let bytes = i64::from(one.span.start) - i64::from(other_one.span.start);
            let places = one.index as i64 - other_one.index as i64;
            let one = self.nodes.get(one.index..one.next).unwrap_or_default();
            let two = other.nodes.get(other_one.index..other_one.next).unwrap_or_default();
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| *one == two.moved(bytes, places))
        };
        let pair = |(one, other): (&Part, &Part)| (one.span, other.span);
        let before = own.iter().zip(&others).take_while(|(one, other)| one.span.end.max(other.span.end) < start);
        let mut shared: Vec<_> = before.take_while(is_same).map(pair).collect();
        shared.pop();
        let (from, others_from) = (self.text.len() as u32 - end, other.text.len() as u32 - end);
        let behind = own.iter().rev().zip(others.iter().rev());
        let behind = behind.take_while(|(one, other)| one.span.start > from && other.span.start > others_from);
        let behind: Vec<_> = behind.take_while(is_same).map(pair).collect();
        shared.extend(behind.into_iter().rev());
        shared
    }

    /// Where the last token that ends before an offset ends; comments are passed over.
    pub(crate) fn token_end_before(&self, offset: u32) -> u32 {
        let mut end = offset;
        loop {
            let before = self.text.get(..end as usize).unwrap_or_default();
            end = before.trim_end_matches(is_white).len() as u32;
            let node = self.nodes.partition_point(|node| node.start < end).checked_sub(1);
            match node.and_then(|index| self.nodes.get(index)) {
                Some(node) if node.kind == Kind::COMMENT && node.end == end => end = node.start,
                _ => return end,
            }
        }
    }

    /// All nodes in the order of the text, each before those below it.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.nodes.len() as u32).map(|index| Node { tree: self, index })
    }
}

/// Ends a node after the last thing that is its own.
///
/// The parser has passed white space and comments by the time it knows that nothing more of a node comes. They are not the
/// node's: in an array in the order of the text it is enough to end the node before them, and they are its next siblings.
fn close(text: &str, nodes: &mut [Raw], index: usize, end: usize) {
    let (before, below) = nodes.split_at_mut((index + 1).min(nodes.len()));
    let Some(node) = before.last_mut() else { return };
    let is_token = below.is_empty() && node.kind != Kind::COMMENT && !is_unread(node.kind);
    let mut own = below.len();
    let mut end = end;
    if !is_token {
        let start = node.start as usize;
        loop {
            end = start + text.get(start..end).map_or(0, |text| text.trim_end_matches(is_white).len());
            match own.checked_sub(1).and_then(|last| below.get(last)) {
                Some(last) if last.kind == Kind::COMMENT && last.end as usize == end => {
                    end = last.start as usize;
                    own -= 1;
                }
                _ => break,
            }
        }
    }
    node.end = end as u32;
    node.next = (index + 1 + own) as u32;
}

/// What the grammar's `WHITESPACE` takes.
fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\t' | '\r') || is_forbidden(c)
}

fn is_unread(kind: Kind) -> bool {
    matches!(kind, Kind::bad_item | Kind::bad_clause | Kind::bad_rule | Kind::bad_statement | Kind::bad_test_statement)
}

/// One node of a [`Tree`].
#[derive(Debug, Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    index: u32,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.index == other.index
    }
}

impl<'t> Node<'t> {
    fn raw(self) -> Raw {
        let end = self.tree.text.len() as u32;
        let nothing = Raw { kind: Kind::EOI, start: end, end, next: self.index + 1 };
        self.tree.nodes.get(self.index as usize).copied().unwrap_or(nothing)
    }

    /// Which rule of the grammar the node is.
    pub fn kind(self) -> Kind {
        self.raw().kind
    }

    /// Where the node's first token starts and its last one ends.
    pub fn span(self) -> Span {
        let raw = self.raw();
        Span { start: raw.start, end: raw.end }
    }

    /// The text of the node, comments and white space between its tokens included.
    pub fn text(self) -> &'t str {
        let raw = self.raw();
        self.tree.text.get(raw.start as usize..raw.end as usize).unwrap_or_default()
    }

    /// The places of the node and of all nodes below it in the order of the tree.
    pub(crate) fn places(self) -> Range<u32> {
        self.index..self.raw().next
    }

    /// The nodes directly below, comments included, in order.
    pub fn children(self) -> Children<'t> {
        Children { tree: self.tree, at: self.index + 1, end: self.raw().next }
    }

    /// The first node of this kind directly below.
    pub fn child(self, kind: Kind) -> Option<Node<'t>> {
        self.children().find(|node| node.kind() == kind)
    }

    /// All nodes below, at any depth, in order.
    pub fn descendants(self) -> impl Iterator<Item = Node<'t>> {
        (self.index + 1..self.raw().next).map(move |index| Node { tree: self.tree, index })
    }

    /// Whether this is a stretch of text that fits nothing.
    pub fn is_unread(self) -> bool {
        is_unread(self.kind())
    }

    /// Whether nothing is below: the node is a token.
    pub fn is_token(self) -> bool {
        self.raw().next == self.index + 1
    }

    /// The node after the last one below this one, comments passed over.
    pub(crate) fn next_node(self) -> Option<Node<'t>> {
        let mut after = (self.raw().next..self.tree.nodes.len() as u32).map(|index| Node { tree: self.tree, index });
        after.find(|node| node.kind() != Kind::COMMENT)
    }

    pub(crate) fn tree(self) -> &'t Tree {
        self.tree
    }

    /// The text of the whole file.
    pub fn file_text(self) -> &'t str {
        &self.tree.text
    }
}

/// The nodes directly below one node.
#[derive(Debug, Clone)]
pub struct Children<'t> {
    tree: &'t Tree,
    at: u32,
    end: u32,
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        if self.at >= self.end {
            return None;
        }
        let node = Node { tree: self.tree, index: self.at };
        self.at = node.raw().next.max(self.at + 1);
        Some(node)
    }
}
