//! What undoes has to end, and to be final.

use super::{found, told};

fn capability(id: &str, clauses: &str) -> String {
    format!("capability {id}: write {{\n effect reversible local \"x\"\n{clauses}\n}}\n")
}

#[test]
fn an_undo_is_retried_until_it_succeeds_or_names_a_human() {
    let with = |undo: &str| capability("a.do", "compensate with a.undo {} idempotent") + &capability("a.undo", undo);
    assert_eq!(found(&with("compensate none because \"undo\" idempotent retry until success")), Vec::<String>::new());
    assert_eq!(found(&with("compensate manually because \"call\"")), Vec::<String>::new());
    insta::assert_snapshot!(told(&with("compensate none because \"undo\" idempotent")));
    for undo in [
        "compensate none because \"undo\" retry until success",
        "compensate none because \"undo\" idempotent retry until success on transient",
        "compensate none because \"undo\" idempotent retry 9 times",
    ] {
        assert_eq!(found(&with(undo)), ["G1104 the undo of `a.do` may fail for good"]);
    }
}

#[test]
fn an_undo_needs_none_itself() {
    let done = "idempotent retry until success";
    let chain = capability("a.do", "compensate with a.undo {} idempotent")
        + &capability("a.undo", &format!("compensate with a.redo {{}} {done}"))
        + &capability("a.redo", &format!("compensate none because \"x\" {done}"));
    assert_eq!(found(&chain), ["G1105 the undo of `a.do` would have to be undone itself"]);
    let circle = capability("a.do", &format!("compensate with a.undo {{}} {done}"))
        + &capability("a.undo", &format!("compensate with a.do {{}} {done}"));
    insta::assert_snapshot!(told(&circle));
}

#[test]
fn a_step_that_says_how_it_is_undone_is_held_to_it() {
    let text = "workflow w(id: String) {
    principal agent:a
    policy open
    step put = db.put { id: id, amount: 1 } compensate with db.put { id: id, amount: 0 }
}";
    assert_eq!(
        found(text),
        ["G1104 the undo of `db.put` may fail for good", "G1105 the undo of `db.put` leads back to it"]
    );
}
