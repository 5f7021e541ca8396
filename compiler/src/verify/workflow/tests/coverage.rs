//! Compensation coverage.

use super::{codes, found, told};

#[test]
fn a_step_that_nothing_undoes_may_not_come_before_one_that_fails() {
    insta::assert_snapshot!(told(
        "workflow w(to: String) {
    principal agent:a
    policy open
    step mail = mail.send { to: to }
    step found = db.read { id: to }
}"
    ));
}

#[test]
fn what_is_undone_may_come_anywhere_and_what_is_not_may_come_last() {
    let text = "workflow w(id: String) {
    principal agent:a
    policy open
    step put = db.put { id: id, amount: 1 }
    step found = db.read { id: id }
    check found.open else \"closed\"
    step mail = mail.send { to: id }
    step log = log.add { line: id }
    step poll = db.poll { id: id }
}";
    assert_eq!(found(text), Vec::<String>::new());
}

#[test]
fn a_row_that_undoes_by_hand_counts_as_not_undone_where_it_can_apply() {
    let with = |check: &str| {
        format!(
            "workflow w(to: String, amount: Int) {{
    principal agent:a
    policy open
    {check}
    step pay = pay.out {{ to: to, amount: amount }}
    step found = db.read {{ id: to }}
}}"
        )
    };
    assert_eq!(codes(&with("")), ["G1101"]);
    assert_eq!(codes(&with("check amount < 50 else \"too much\"")), [] as [&str; 0]);
    assert_eq!(codes(&with("check amount < 102 else \"too much\"")), ["G1101"]);
}
