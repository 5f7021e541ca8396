//! The formatter: text in, the same text in its canonical layout out. It has no options.
//!
//! What stands in the source decides, not how: two texts with the same tokens and the same comments in the same places give
//! the same lines, but for empty lines between things, of which one is kept. Comments keep their places, and no line is
//! aligned with its neighbours, so that a change of one line is a change of one line.

mod expr;
mod layout;
mod nodes;
mod order;
mod printer;

use gov_grammar::ast::{File, HeaderClause, ItemKind, Spans};
use gov_grammar::{Kind, Tree};
use std::fmt;
use std::sync::Arc;

/// Formats a file.
///
/// Takes any text, with line ends of any system and with or without a byte order mark; gives it in the canonical layout,
/// with line feeds and a final line end. Items that cannot be read stay as they stand. Formatting the result again changes
/// nothing. The time is linear in the length of the text.
///
/// # Errors
///
/// The result is read again before it is given: if it does not say the same as `text`, or lacks a comment, there is a
/// [`Refusal`], and whoever called must leave the file alone. No text is known to be refused.
pub fn format(text: &str) -> Result<String, Refusal> {
    let text = text.strip_prefix(MARK).unwrap_or(text).replace("\r\n", "\n");
    let text = if text.starts_with(MARK) { format!("\n{text}") } else { text };
    let before = gov_grammar::parse(text).tree;
    if before.is_unread() {
        return Ok(before.text().to_owned());
    }
    let formatted = lay_out(&before);
    let after = gov_grammar::parse(formatted.as_str()).tree;
    if comments(&before) != comments(&after) {
        return Err(Refusal::Comments);
    }
    if meaning(&before) != meaning(&after) {
        return Err(Refusal::Meaning);
    }
    Ok(formatted)
}

/// Why a formatted text was thrown away. It is a mistake of the formatter's, never of the author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The formatted text would say something else.
    Meaning,
    /// The formatted text would lack a comment.
    Comments,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Meaning => "the formatted file would not mean the same, so it is left as it is",
            Refusal::Comments => "the formatted file would lack a comment, so it is left as it is",
        })
    }
}

impl std::error::Error for Refusal {}

/// A byte order mark: nothing at the start of a file, and forbidden everywhere else.
const MARK: char = '\u{feff}';

fn lay_out(tree: &Tree) -> String {
    let mut printer = printer::Printer::new(tree.text());
    printer.file(tree.root());
    let mut lines = layout::render(&printer.ops);
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    // One that was wrong where it stood must not become right by being moved to the start.
    if lines.starts_with(MARK) {
        lines.insert(0, '\n');
    }
    lines
}

/// Every comment, sorted: clauses take theirs along when they move.
fn comments(tree: &Tree) -> Vec<&str> {
    let mut comments: Vec<&str> =
        tree.nodes().filter(|node| node.kind() == Kind::COMMENT).map(|node| node.text()).collect();
    comments.sort_unstable();
    comments
}

/// What a file says, without places and with what has no order in one order.
fn meaning(tree: &Tree) -> File {
    let (mut file, _) = File::from_tree(tree);
    for item in &mut file.items {
        match &mut Arc::make_mut(item).kind {
            ItemKind::Capability(capability) => {
                capability.clauses.sort_by(|a, b| a.keyword.text.cmp(&b.keyword.text));
            }
            ItemKind::Workflow(workflow) => {
                for (_, statements_before, _) in &mut workflow.header {
                    *statements_before = 0;
                }
                workflow.header.sort_by_key(|(clause, _, _)| match clause {
                    HeaderClause::Principal(_) => 0,
                    HeaderClause::Policy(_) => 1,
                    HeaderClause::Budget(_) => 2,
                    HeaderClause::Tenant(_) => 3,
                });
            }
            _ => {}
        }
    }
    file.without_spans()
}
