//! What holds for every text, as functions that panic where it does not: the bodies of the fuzz targets and of the property
//! tests alike.

use std::sync::Arc;

use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::format::format;
use gov_compiler::package::{self, Checked, Input};
use gov_grammar::ast::{File, HeaderClause, ItemKind, Spans};
use gov_grammar::{Kind, Node, Parsed, Tree, parse};

/// Reading never fails, loses nothing, and says what is wrong in order and where it is.
pub fn reading(text: &str) -> Parsed {
    let parsed = parse(text);
    assert_eq!(parsed.tree.text(), text);
    assert_eq!(rebuilt(&parsed.tree), text);
    let mut last = 0;
    for error in &parsed.errors {
        let range = error.span.range();
        assert!(text.get(range.clone()).is_some(), "{error:?} is not in the text");
        assert!(last <= range.start, "{error:?} is out of order");
        last = range.start;
    }
    let (_, problems) = File::from_tree(&parsed.tree);
    assert!(problems.iter().all(|problem| text.get(problem.span.range()).is_some()), "{problems:?}");
    let unread = parsed.tree.nodes().any(Node::is_unread);
    assert!(!unread || !parsed.errors.is_empty(), "something was not read, and nothing was said");
    parsed
}

/// The text from the tree: its tokens, and white space between them.
fn rebuilt(tree: &Tree) -> String {
    let text = tree.text();
    let mut built = String::new();
    for node in tree.nodes() {
        let span = node.span().range();
        // What was not read is one token, and what is in a string is below one.
        let is_token = node.is_token() || node.is_unread() || node.kind() == Kind::string;
        if !is_token || span.start < built.len() {
            continue;
        }
        let gap = &text[built.len()..span.start];
        let is_white = |c: char| c.is_ascii_whitespace() || gov_grammar::is_forbidden(c);
        assert!(gap.chars().all(is_white), "{gap:?} before {:?} is in no token", node.kind());
        built.push_str(gap);
        built.push_str(node.text());
    }
    built
}

/// Formatting says the same in canonical lines, which formatting leaves alone, and keeps every comment.
pub fn formatting(text: &str) {
    let before = reading(text);
    let formatted = format(text).unwrap_or_else(|refusal| panic!("{refusal}:\n{text}"));
    let after = reading(&formatted);
    assert_eq!(
        before.errors.is_empty(),
        after.errors.is_empty(),
        "{:?}\n{:?}\n{formatted}",
        before.errors,
        after.errors
    );
    if before.tree.is_unread() {
        return;
    }
    assert_eq!(comments(&before.tree), comments(&after.tree), "a comment is lost or made up:\n{formatted}");
    assert_eq!(meaning(&before.tree), meaning(&after.tree), "the meaning is another:\n{formatted}");
    let again = format(&formatted).unwrap_or_else(|refusal| panic!("{refusal}:\n{formatted}"));
    assert_eq!(again, formatted, "formatting again changes something");
    assert!(formatted.is_empty() || formatted.ends_with('\n') && !formatted.ends_with("\n\n"), "{formatted:?}");
}

/// A check never panics, says the same twice, points into the text, and keeps to the style of messages.
pub fn checking(text: &str) {
    let (once, twice) = (check(text), check(text));
    assert_eq!(findings(&once), findings(&twice));
    assert!(once.package == twice.package);
    for found in &once.diagnostics {
        let places = found.secondary.iter().map(|label| label.span).chain([found.primary.span]);
        for place in places.filter(|place| once.sources.path(place.file) == "main.gov") {
            assert!(text.get(place.range()).is_some(), "{found:?} points beside the text");
        }
        let first = found.message.chars().next();
        let small = |c: char| !c.is_uppercase() || c == 'U' || found.message.starts_with("JSON");
        assert!(first.is_some_and(small) && !found.message.ends_with('.'), "{}", found.message);
    }
}

/// Checks one file, `main.gov`, without proofs.
pub fn check(text: &str) -> Checked {
    let files = vec![package::File { path: "main.gov".to_owned(), text: text.into() }];
    gov_compiler::check(&Input { name: None, files, dependencies: Vec::new() })
}

/// The findings of a check as `line:column code message`, a line each.
pub fn findings(checked: &Checked) -> String {
    let say = |found: &Diagnostic| {
        let at = checked.sources.position(found.primary.span);
        format!("{}:{} {} {}\n", at.line, at.column, found.code, found.message)
    };
    checked.diagnostics.iter().map(say).collect()
}

fn comments(tree: &Tree) -> Vec<&str> {
    let nodes = tree.nodes().filter(|node| node.kind() == Kind::COMMENT);
    let mut comments: Vec<&str> = nodes.map(Node::text).collect();
    comments.sort_unstable();
    comments
}

/// What a file says, with the clauses whose order means nothing in the order of their words.
fn meaning(tree: &Tree) -> File {
    let mut file = File::from_tree(tree).0.without_spans();
    for item in &mut file.items {
        match &mut Arc::make_mut(item).kind {
            ItemKind::Capability(capability) => {
                capability.clauses.sort_by(|a, b| a.keyword.text.cmp(&b.keyword.text));
            }
            ItemKind::Workflow(workflow) => {
                workflow.header.iter_mut().for_each(|(_, statements_before, _)| *statements_before = 0);
                workflow.header.sort_by_key(|(clause, ..)| match clause {
                    HeaderClause::Principal(_) => 0,
                    HeaderClause::Policy(_) => 1,
                    HeaderClause::Budget(_) => 2,
                    HeaderClause::Tenant(_) => 3,
                });
            }
            _ => {}
        }
    }
    file
}
