//! Colours: what the grammars say that a piece of text is.

use std::cmp::Reverse;

use tree_sitter::{Node, Query, QueryCursor, StreamingIterator as _};

use crate::tree_sitter::parser;

/// What every grammar colours apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A comment, documentation or not.
    Comment,
    /// The text of a string.
    String,
    /// An escape in a string.
    Escape,
    /// A number, with its unit or currency.
    Number,
    /// A word of the language.
    Keyword,
    /// A value that the language names.
    Constant,
    /// A type.
    Type,
    /// Names and marks.
    Plain,
}

impl Class {
    /// The class of what has these TextMate scopes, outermost first.
    pub fn of_scopes(scopes: &str) -> Class {
        if scopes.contains("constant.numeric") {
            return Class::Number;
        }
        // The innermost scope that says something; within an interpolation the string around it says nothing.
        let inner = scopes.rsplit(' ').take_while(|scope| *scope != "source.gov" && !scope.starts_with("meta."));
        let classes = inner.filter_map(|scope| {
            Some(match scope {
                _ if scope.starts_with("comment.") => Class::Comment,
                _ if scope.starts_with("constant.character.escape") => Class::Escape,
                _ if scope.starts_with("string.") => Class::String,
                _ if scope.starts_with("keyword.operator.word") => Class::Keyword,
                _ if scope.starts_with("keyword.operator") => Class::Plain,
                _ if scope.starts_with("keyword.") => Class::Keyword,
                _ if scope.starts_with("constant.") => Class::Constant,
                _ if scope.starts_with("support.type") || scope.starts_with("entity.name.type") => Class::Type,
                _ if scope.starts_with("punctuation.") || scope.starts_with("variable.") => Class::Plain,
                _ if scope.starts_with("entity.") => Class::Plain,
                _ => return None,
            })
        });
        classes.into_iter().next().unwrap_or(Class::Plain)
    }

    /// The class of what a query captures under a name: those of Neovim, of Helix and of Zed are told apart.
    pub fn of_capture(capture: &str) -> Class {
        match capture {
            "string.escape" | "constant.character.escape" => return Class::Escape,
            "constant.numeric" => return Class::Number,
            _ => {}
        }
        match capture.split('.').next().unwrap_or_default() {
            "comment" => Class::Comment,
            "string" => Class::String,
            "number" => Class::Number,
            "keyword" => Class::Keyword,
            "constant" | "boolean" => Class::Constant,
            "type" => Class::Type,
            _ => Class::Plain,
        }
    }
}

/// The class of each byte, as the highlights of the tree-sitter grammar have it: the innermost node's, by the last pattern.
pub fn highlighted(text: &str, query: &Query) -> Vec<Class> {
    let tree = parser().parse(text, None).unwrap();
    let mut captured: Vec<(Node<'_>, usize, u32)> = Vec::new();
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(query, tree.root_node(), text.as_bytes());
    while let Some(found) = matches.next() {
        captured.extend(found.captures.iter().map(|capture| (capture.node, found.pattern_index, capture.index)));
    }
    captured.sort_by_key(|(node, pattern, _)| (node.start_byte(), Reverse(node.end_byte()), *pattern));
    let mut classes = vec![Class::Plain; text.len()];
    for (node, _, capture) in captured {
        classes[node.byte_range()].fill(Class::of_capture(query.capture_names()[capture as usize]));
    }
    classes
}
