//! The tree-sitter grammar takes exactly the texts that the reference grammar takes.

use std::fmt::Write as _;

use gov_grammar::{ErrorKind, MAX_DEPTH};
use sha2::{Digest as _, Sha256};
use tree_sitter::{Node, Parser, Tree};

use crate::corpus::{self, Text};

/// A parser of Gov.
pub fn parser() -> Parser {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_gov::LANGUAGE.into()).unwrap();
    parser
}

fn agree(texts: impl Iterator<Item = Text>) -> (usize, usize) {
    let mut parser = parser();
    let (mut wrong, mut differ, mut taken, mut refused) = (String::new(), 0, 0, 0);
    for Text { from, text } in texts {
        let tree = parser.parse(&text, None).unwrap();
        let error = corpus::refused(&text);
        if error.as_ref().is_some_and(|error| matches!(error.kind, ErrorKind::TooDeep { .. })) {
            continue;
        }
        if error.is_none() {
            taken += 1;
        } else {
            refused += 1;
        }
        if error.is_some() != tree.root_node().has_error() {
            differ += 1;
            if differ <= 10 {
                let _ = match error {
                    Some(error) => writeln!(wrong, "---- {from}: takes what is refused: {error:?}\n{text}"),
                    None => writeln!(wrong, "---- {from}: refuses, {}\n{text}", first_error(&tree)),
                };
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}{differ} of {} differ", taken + refused);
    (taken, refused)
}

fn first_error(tree: &Tree) -> String {
    fn find(node: Node<'_>) -> Option<Node<'_>> {
        if node.is_error() || node.is_missing() {
            return Some(node);
        }
        let mut cursor = node.walk();
        node.children(&mut cursor).find_map(find)
    }
    find(tree.root_node()).map_or_else(String::new, |node| format!("{} at {}", node.kind(), node.start_position()))
}

#[test]
fn it_agrees_with_the_reference_on_every_text_of_the_repository() {
    let (taken, refused) = agree(corpus::written().into_iter());
    assert!(taken > 100 && refused > 10, "{taken} are taken and {refused} refused");
}

#[test]
fn it_agrees_with_the_reference_on_texts_made_up() {
    agree(corpus::generated());
    agree(corpus::broken());
}

#[test]
fn it_agrees_with_the_reference_on_texts_with_changes() {
    let (taken, refused) = agree(corpus::changed());
    assert!(taken > 100 && refused > 100, "{taken} are taken and {refused} refused");
}

/// What takes more than a token to tell, and what a recursive reference cannot say at all.
#[test]
fn it_agrees_with_the_reference_on_what_words_mean() {
    let policy = |clauses: &str| format!("policy p {{ {clauses} }}");
    let workflow = |statements: &str| format!("workflow w() {{ {statements} }}");
    let clauses = |clauses: &str| format!("capability a.b: read {{ {clauses} }}");
    let texts = [
        "use role role x {}".to_owned(),
        "use set set a = {}".to_owned(),
        "package use".to_owned(),
        "role test test \"a\" {}".to_owned(),
        "type List = Int".to_owned(),
        "type A = List".to_owned(),
        "type A = Money<uSD>".to_owned(),
        "type A = B type C = List<Int where self > 1> where len(self) > 2".to_owned(),
        "typeA = Int".to_owned(),
        "type A_B = Int".to_owned(),
        "set a = { when }".to_owned(),
        "set a = { user:a-b.c@d*, x*y.**, role:* }".to_owned(),
        "@accept(a1, \"\") @accept(G1, \"\",) type A = B??".to_owned(),
        "type A = B where x as C?? 3 == 3".to_owned(),
        policy("allow a to b, c: deny d to e"),
        policy("allow a to b, c:deny d to e"),
        policy("allow a to b c: deny d to e"),
        policy("allow a to b when: deny d to e"),
        policy("allow a to b when c or: deny d to e"),
        policy("allow a to b when c or d: deny d to e"),
        policy("allow a to b when x > 1 usd: deny d to e"),
        policy("allow a to b when x > 1 usd deny d to e"),
        policy("allow a to b when x > 1 use deny d to e"),
        policy("allow a to b when x > 1\nUSD: deny d to e"),
        policy("allow a to b because: deny d to e"),
        policy("default require approval from: allow a to b"),
        policy("default require approval from a, b, quorum 2 c: allow a to b"),
        policy("default require approval from a, default allow"),
        policy("escalate risk >= high to a, b within 2h default deny"),
        policy("or: allow to to to"),
        clauses("approval required from a, none when b"),
        clauses("approval required from a,, none, retry 3 times"),
        clauses("approval required from a, when b"),
        clauses("risk high when a, low otherwise, cost 1 USD"),
        clauses("compensate none when x or a.b { }"),
        workflow("step s = a.b {} compensate none when x or a.b {}"),
        workflow("step s = a.b {} compensate none when x or in.b {}"),
        workflow("step s = a.b {} compensate none when x or where.b {} or c.d {}"),
        workflow("step s = a.b {} retry 3 times on failure continue"),
        workflow("step s = a.b {} retry 3 times on transient on failure continue"),
        workflow("step s = a.b {} after a, or, or c.d {}"),
        workflow("step s = a.b {} after a, after b, after, step t = run.x {}"),
        workflow("step s = run run { run: run }"),
        workflow("policy step step s = a.b {}"),
        workflow("policy step"),
        workflow("if a > {} {}"),
        workflow("if a > // b\n{} {}"),
        workflow("if {} == {} {} else if { a: 1 }.a {} else {}"),
        workflow("check x as List<Int where self > 0> else \"\""),
        workflow("let a = x as List<Int where self > 0> - 2"),
        workflow("let a = x as List<Int where self > 0> check b else \"\""),
        workflow("let a = b.step step c = d.e {}"),
        workflow("let a = -\nlet b = c"),
        workflow("let a = b\n- let"),
        workflow("return has a.b.c as D"),
        workflow("return \"a{ \"{b}\" // c }\n }\""),
        workflow("return \"a{b\"\n"),
        workflow("return \"\\u{1234567}\""),
        workflow("return \"// \u{a0}}\""),
        workflow("// \u{202e}\nreturn 1"),
        workflow("return 1_000.5_0 USD + 5ms * 1_s - 2.x"),
        workflow("budget 2 USD, 4 calls, 1_0d,"),
        "workflow w() -> List<Int where self > 0> {}".to_owned(),
        "workflow w() -> List<Int where self > 0> // c\n{}".to_owned(),
        "workflow w() -> List<Int where self > 0> // c\n{ return 1 }".to_owned(),
        "test \"a\" { expect allow by default for a:b to c.d {} expect deny by for for a:b to c.d {} }".to_owned(),
        "test \"a\" { expect allow by to for a:b asserting to, x to c.d {} with {} approve by by a:b }".to_owned(),
        "prove in in in: never calls a.b without approval prove x in y: never allow a to b,".to_owned(),
        "\u{feff}package a".to_owned(),
        format!("workflow w() {{ return {}1{} }}", "(".repeat(40), ")".repeat(40)),
    ];
    let texts = texts.into_iter().map(|text| Text { from: "a word".to_owned(), text });
    let (taken, refused) = agree(texts);
    assert!(taken > 20 && refused > 10, "{taken} are taken and {refused} refused");
}

/// The one difference. The reference refuses what nests too deep for what walks its trees; an editor colours it all the same.
#[test]
fn it_takes_what_nests_too_deep_for_the_reference() {
    let depth = MAX_DEPTH as usize;
    let text = format!("workflow w() {{ return {}1{} }}", "(".repeat(depth), ")".repeat(depth));
    assert!(corpus::refused(&text).is_some());
    assert!(!parser().parse(&text, None).unwrap().root_node().has_error());
}

#[test]
fn its_parser_is_made_of_its_grammar() {
    let folder = corpus::root().join("lsp/editors/tree-sitter-gov");
    let grammar = std::fs::read(folder.join("grammar.js")).unwrap();
    let made_of = std::fs::read_to_string(folder.join("src/grammar.sha256")).unwrap();
    let digest: String = Sha256::digest(grammar).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, made_of.trim(), "run `scripts/tree-sitter`");
}

/// Where a text is edited, what is read again gives the tree that reading all of it gives: no token depends on more of the text
/// than the parser knows of.
#[test]
fn reading_again_after_an_edit_gives_what_reading_gives() {
    let mut parser = parser();
    for Text { from, text } in corpus::changed().take(corpus::cases() as usize) {
        let tokens = corpus::tokens(&text);
        let at = tokens.len() / 2;
        let (before, after): (String, String) = (tokens[..at].concat(), tokens[(at + 1).min(tokens.len())..].concat());
        let edited = format!("{before}{after}");
        let mut old = parser.parse(&text, None).unwrap();
        let position = |text: &str, offset: usize| {
            let line = text[..offset].matches('\n').count();
            let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
            tree_sitter::Point::new(line, offset - start)
        };
        let old_end = text.len() - after.len();
        old.edit(&tree_sitter::InputEdit {
            start_byte: before.len(),
            old_end_byte: old_end,
            new_end_byte: before.len(),
            start_position: position(&text, before.len()),
            old_end_position: position(&text, old_end),
            new_end_position: position(&edited, before.len()),
        });
        let again = parser.parse(&edited, Some(&old)).unwrap();
        let fresh = parser.parse(&edited, None).unwrap();
        // How an error is recovered from may depend on what is left of the old tree; whether there is one may not.
        assert_eq!(again.root_node().has_error(), fresh.root_node().has_error(), "{from}\n{edited}");
        if !fresh.root_node().has_error() {
            assert_eq!(again.root_node().to_sexp(), fresh.root_node().to_sexp(), "{from}\n{edited}");
        }
    }
}
