//! What runs at once.

use super::{codes, found, told};

const FILES: &str = "capability fs.read: read { input { path: String } output { text: String } }
capability fs.write: write {
    input { path: String, text: String }
    effect reversible local \"writes\"
    compensate with fs.restore { path: path }
    idempotent
}
capability fs.restore: write {
    input { path: String }
    effect reversible local \"restores\"
    compensate none because \"undo\"
    retry until success
    idempotent
}
";

fn workflow(body: &str) -> String {
    format!(
        "{FILES}workflow w(a: String, b: String, paths: List<String>) {{\n principal agent:a\n policy open\n{body}\n}}"
    )
}

#[test]
fn branches_that_may_write_one_file() {
    let both = "parallel { step x = fs.write { path: a, text: \"1\" } step y = fs.write { path: b, text: \"2\" } }";
    insta::assert_snapshot!(told(&workflow(both)));
    assert_eq!(codes(&workflow(&format!("check a != b else \"same\" {both}"))), [] as [&str; 0]);
    let ordered = both.replace("text: \"2\" }", "text: \"2\" } after x");
    assert_eq!(codes(&workflow(&ordered)), [] as [&str; 0]);
    let apart = both.replace("path: b", "path: \"/x\"").replace("path: a", "path: \"/y\"");
    assert_eq!(codes(&workflow(&apart)), [] as [&str; 0]);
}

#[test]
fn what_names_only_its_own_result_is_new_each_time() {
    let body = "parallel { step x = db.put { id: a, amount: 1 } step y = db.put { id: a, amount: 1 } }";
    assert_eq!(codes(&workflow(body)), [] as [&str; 0]);
}

#[test]
fn rounds_at_once_are_about_different_elements() {
    let each = "parallel for path in paths up to 5 { step x = fs.write { path: path, text: a } }";
    assert_eq!(codes(&workflow(each)), [] as [&str; 0]);
    assert_eq!(
        found(&workflow(&each.replace("path: path", "path: b"))),
        ["G1306 the rounds of `x` may write one resource at the same time"]
    );
    assert_eq!(
        codes(&workflow(&each.replace("path: path", "path: b").replace("parallel for", "for"))),
        [] as [&str; 0]
    );
}

#[test]
fn a_branch_does_not_need_what_another_undoes() {
    let body = "parallel { step x = fs.write { path: a, text: \"1\" } step y = fs.read { path: b } }";
    insta::assert_snapshot!(told(&workflow(body)));
    assert_eq!(codes(&workflow(&format!("check a != b else \"same\" {body}"))), [] as [&str; 0]);
    assert_eq!(codes(&workflow(&body.replace("path: b }", "path: b } after x"))), [] as [&str; 0]);
}
