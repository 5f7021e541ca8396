//! What the builders of all node kinds share.

use super::{Accept, Expr, Name, StringLiteral};
use crate::Error;
use crate::tree::{Children, Kind, Node};
use std::iter::Peekable;

/// Collects what the tree lets through and the language does not, while the typed view is built.
pub(crate) type Problems = Vec<Error>;

impl Name {
    pub(crate) fn from_node(node: Node<'_>) -> Name {
        Name { text: node.text().to_owned(), span: node.span() }
    }
}

impl<'t> Node<'t> {
    pub(crate) fn name(self, kind: Kind) -> Option<Name> {
        self.child(kind).map(Name::from_node)
    }

    pub(crate) fn names(self, kind: Kind) -> Vec<Name> {
        self.children().filter(|child| child.kind() == kind).map(Name::from_node).collect()
    }

    pub(crate) fn has(self, kind: Kind) -> bool {
        self.child(kind).is_some()
    }

    pub(crate) fn expr(self, problems: &mut Problems) -> Option<Expr> {
        self.child(Kind::expr).map(|node| expr(node, problems))
    }

    pub(crate) fn string(self, problems: &mut Problems) -> Option<StringLiteral> {
        self.child(Kind::string).map(|node| StringLiteral::from_node(node, problems))
    }

    /// The children without comments.
    pub(crate) fn parts(self) -> Parts<'t> {
        Parts(self.children().peekable())
    }
}

/// An expression; a broken one becomes [`super::ExprKind::Broken`] and a problem.
pub(crate) fn expr(node: Node<'_>, problems: &mut Problems) -> Expr {
    if is_cut(node) {
        return Expr::broken(node.span());
    }
    Expr::from_node(node).unwrap_or_else(|error| {
        problems.push(error);
        Expr::broken(node.span())
    })
}

/// Whether an operator follows an expression, of this language or of another, in what could not be read and was reported:
/// what was read is only the beginning of what its author wrote.
fn is_cut(node: Node<'_>) -> bool {
    const MARKS: [char; 16] = ['=', '!', '<', '>', '?', '+', '-', '*', '/', '%', '.', '&', '|', '^', '(', '['];
    const WORDS: [&str; 5] = ["or", "and", "in", "matches", "as"];
    let Some(next) = node.next_node().filter(|next| next.is_unread()) else {
        return false;
    };
    let text = next.text();
    let word = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.starts_with(MARKS) || WORDS.contains(&text.get(..word).unwrap_or_default())
}

/// The children of a node in order, comments passed over.
pub(crate) struct Parts<'t>(Peekable<Children<'t>>);

impl<'t> Iterator for Parts<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        self.peek()?;
        self.0.next()
    }
}

impl<'t> Parts<'t> {
    pub(crate) fn peek(&mut self) -> Option<Node<'t>> {
        while self.0.next_if(|node| node.kind() == Kind::COMMENT).is_some() {}
        self.0.peek().copied()
    }

    /// The next part, if it is of this kind.
    pub(crate) fn take_kind(&mut self, kind: Kind) -> Option<Node<'t>> {
        self.peek().filter(|node| node.kind() == kind)?;
        self.0.next()
    }
}

/// What stands before an item, a rule, a field or a step: its documentation and its accepted findings.
#[derive(Default)]
pub(crate) struct Lead {
    docs: String,
    accepts: Vec<Accept>,
}

impl Lead {
    /// Takes the node if it is a documentation comment or an `@accept`.
    pub(crate) fn take(&mut self, node: Node<'_>, problems: &mut Problems) -> bool {
        match node.kind() {
            Kind::COMMENT => {
                match node.text().strip_prefix("///").filter(|text| !text.starts_with('/')) {
                    Some(line) => {
                        if !self.docs.is_empty() {
                            self.docs.push('\n');
                        }
                        let line = line.strip_suffix('\r').unwrap_or(line);
                        self.docs.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
                    }
                    None => self.docs.clear(),
                }
                true
            }
            Kind::accept => {
                self.accepts.extend(Accept::from_node(node, problems));
                true
            }
            _ => false,
        }
    }

    /// Whether this is what was gathered since the last time.
    pub(crate) fn is(&self, docs: &str, accepts: &[Accept]) -> bool {
        self.docs == docs && self.accepts == accepts
    }

    /// What was gathered since the last time.
    pub(crate) fn finish(&mut self) -> (String, Vec<Accept>) {
        (std::mem::take(&mut self.docs), std::mem::take(&mut self.accepts))
    }

    /// Forgets the documentation, which belongs to something that has none.
    pub(crate) fn pass(&mut self) {
        self.docs.clear();
    }

    /// The accepted findings after which nothing came that they could belong to.
    pub(crate) fn left_over(self) -> Vec<Accept> {
        self.accepts
    }
}
