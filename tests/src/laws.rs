//! What holds for every text, as functions that panic where it does not: the bodies of the fuzz targets and of the property
//! tests alike.

use gov_compiler::format::format;
use gov_grammar::ast::{File, ForgetSpans, HeaderClause, ItemKind};
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
        match &mut item.kind {
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
