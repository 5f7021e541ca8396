//! Compensation coverage.

use super::{PRELUDE, codes, found, told, whole};

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

#[test]
fn the_rule_that_is_missing_can_be_added_where_it_decides() {
    let refusing = [
        ("deny system:rollback to db.*", "default deny"),
        ("deny system:rollback to db.* when context.frozen or not context.frozen", "default deny"),
        ("@accept(G1202, \"seen\") deny any to db.drop", "default deny"),
        ("allow any to db.put, db.read", "default deny"),
        // The default may come last.
        ("allow any to db.put, db.read", ""),
        ("deny system:rollback to db.drop", ""),
        ("", "default deny"),
    ];
    for (rule, default) in refusing {
        let last = if default.is_empty() { "default deny" } else { "" };
        let others = if rule.is_empty() { "" } else { "allow any to db.put, db.read" };
        let text = format!(
            "{PRELUDE}
policy narrow {{
    {default}
    escalate never because \"nobody is there to ask\"
    {rule}
    {others}
    {last}
}}
workflow w(id: String) {{
    principal agent:a
    policy narrow
    step put = db.put {{ id: id, amount: 1 }}
    step look = db.read {{ id: id }}
}}"
        );
        let refused = |text: &str| whole(text).1.into_iter().find(|found| found.code.id() == "G1103");
        let Some(found) = refused(&text) else {
            // Where nothing is allowed, nothing is done that has to be undone.
            assert!(rule.is_empty(), "{rule}");
            continue;
        };
        let [fix] = &found.fixes[..] else { panic!("{found:#?}") };
        assert_eq!(fix.title, "add the rule `allow system:rollback to db.drop`");
        let [edit] = &fix.edits[..] else { panic!("{fix:#?}") };
        let mut mended = text.clone();
        mended.replace_range(edit.span.range(), &edit.text);
        assert!(refused(&mended).is_none(), "{mended}");
        // What accepts a finding still stands before its own rule.
        assert_eq!(mended.contains("\"seen\") deny"), text.contains("\"seen\") deny"), "{mended}");
    }
}
