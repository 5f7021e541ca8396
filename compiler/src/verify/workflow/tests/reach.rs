//! What is never reached, and checks that check nothing.

use super::found;

fn workflow(body: &str) -> Vec<String> {
    found(&format!("workflow w(id: String, n: Int where n > 0) {{\n principal agent:a\n policy open\n{body}\n}}"))
}

#[test]
fn a_check_that_always_holds_or_always_fails() {
    assert_eq!(workflow("check n > 0 else \"no\""), ["G1303 this check always holds"]);
    assert_eq!(
        workflow("check n < 0 else \"no\"\n step found = db.read { id: id }"),
        ["G1303 this check always fails"]
    );
    assert_eq!(workflow("check n < 10 else \"no\"\n step found = db.read { id: id }"), Vec::<String>::new());
}

#[test]
fn a_branch_that_is_never_taken() {
    assert_eq!(
        workflow(
            "if n > 5 { step a = db.read { id: id } } else if n > 7 { step b = db.read { id: id } step c = db.read { id: id } }"
        ),
        ["G1303 `b` is never reached"]
    );
}

#[test]
fn what_follows_a_failure_is_never_reached() {
    assert_eq!(workflow("fail \"no\"\n step a = db.read { id: id }"), ["G1303 `a` is never reached"]);
}

#[test]
fn a_fallback_of_what_cannot_fail() {
    assert_eq!(
        workflow("step a = db.poll { id: id } or db.read { id: id }"),
        ["G1303 the fallback to `db.read` is never reached"]
    );
    assert_eq!(workflow("step a = db.read { id: id } or db.poll { id: id }"), Vec::<String>::new());
}
