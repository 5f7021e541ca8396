//! The tree holds the whole text: nothing but white space lies between two tokens.

use gov_grammar::ast::{File, ItemKind};
use gov_grammar::{Kind, parse};

#[test]
fn documentation_belongs_to_what_follows_whatever_stands_before() {
    let text = "role a /// b's\nrole b\ntype T = Int /// U's\ntype U = Int where self > 0\n/// p's\npolicy p {\n\
                default deny\n allow a to b.c\n /// of the second\n allow a to b.c when x\n /// of nothing\n}\n/// w's\n\
                workflow w() {\n /// of the header\n principal agent:a\n let x = 1\n /// y's\n let y = x\n}";
    let parsed = parse(text);
    assert_eq!(parsed.errors, []);
    let (file, _) = File::from_tree(&parsed.tree);
    let docs: Vec<&str> = file.items.iter().map(|item| item.docs.as_str()).collect();
    assert_eq!(docs, ["", "b's", "", "U's", "p's", "w's"]);
    let ItemKind::Policy(policy) = &file.items[4].kind else { panic!("{file:?}") };
    assert_eq!(policy.rules[0].docs, "");
    assert_eq!(policy.rules[1].docs, "of the second");
    let ItemKind::Workflow(workflow) = &file.items[5].kind else { panic!("{file:?}") };
    assert_eq!(workflow.body.statements[0].docs, "");
    assert_eq!(workflow.body.statements[1].docs, "y's");
}

#[test]
fn a_node_ends_with_its_last_token() {
    let text = "type T = Int // c\n // d\nset s = { a.b } // e\nprove x in y: never allow any to any when a // f\n  ";
    let parsed = parse(text);
    for node in parsed.tree.nodes().filter(|node| node.kind() != Kind::file && node.kind() != Kind::EOI) {
        assert_eq!(node.text(), node.text().trim(), "{:?}", node.kind());
        assert!(node.kind() == Kind::COMMENT || !node.text().ends_with("// f"), "{:?}", node.kind());
    }
}

#[test]
fn a_trailing_comma_may_end_every_list() {
    let text = "package a\nset s = { a.b, }\nrole r { user:a, }\ncontext { a: Int, }\n\
                capability a.b: read { tags [a,] input { a: Int, } effect none when a == 1, none otherwise, \
                risk low when a > 1, high, approval required from role:r, cost 1 USD, compensate none, retry 3 times }\n\
                policy p { default require approval from role:r, within 4h\n escalate risk >= high to role:r, \
                allow s, to s, when a because \"b\" deny s, to s, default deny require approval from s, quorum 1 for s, to s, }\n\
                workflow w(a: Int,) { budget 1 USD, step a = a.b { a: 1, } after b, timeout 1s let x = [1,] }\n\
                prove a in p: never allow s, to s,\nprove b in p: never allow any to any,\ntest \"t\" { expect calls [a.b,] \
                expect deny for user:a asserting r, to a.b { a: 1, } }";
    assert_eq!(parse(text).errors, []);
}
