//! Claims about workflows.

use super::{codes, found, is_refuted, told};

fn claim(claim: &str, body: &str) -> String {
    format!(
        "workflow w(id: String, amount: Int, ids: List<String>) {{\n principal agent:a\n policy open\n{body}\n}}\nprove it in w: {claim}"
    )
}

const UNDONE: &str = "step put = db.put { id: id, amount: 1 } step found = db.read { id: id }";

#[test]
fn always_undoes() {
    assert_eq!(codes(&claim("always undoes", UNDONE)), [] as [&str; 0]);
    let left = "step mail = mail.send { to: id } step found = db.read { id: id }";
    assert_eq!(codes(&claim("always undoes", left)), ["G1101", "G1401"]);
    let nested = "step inner = run sub { id: id }";
    let sub = "workflow sub(id: String) { principal agent:a policy open step mail = mail.send { to: id } step found = db.read { id: id } }\n";
    assert_eq!(codes(&(sub.to_owned() + &claim("always undoes", nested))), ["G1101", "G1401"]);
}

#[test]
fn a_manual_way_out_is_no_undo() {
    let text = "capability vm.start: execute {
    input { name: String }
    effect reversible external \"starts\"
    compensate with vm.stop { name: name }
    idempotent
}
capability vm.stop: execute {
    input { name: String }
    effect reversible external \"stops\"
    compensate manually because \"pull the plug\"
    idempotent
}
"
    .to_owned()
        + &claim("always undoes", "step vm = vm.start { name: id } step found = db.read { id: id }");
    insta::assert_snapshot!(told(&text));
}

#[test]
fn calls_at_most() {
    let rounds = "for x in ids up to 3 { step put = db.put { id: x, amount: 1 } }";
    assert_eq!(codes(&claim("calls db.put at most 3 times", rounds)), [] as [&str; 0]);
    assert_eq!(codes(&claim("calls db.put at most 2 times", rounds)), ["G1401"]);
    // Its undo counts where it is called, and only there.
    assert_eq!(codes(&claim("calls db.drop at most 3 times", rounds)), [] as [&str; 0]);
    assert_eq!(
        codes(&claim("calls db.drop at most 2 times", rounds)),
        [] as [&str; 0],
        "the last round cannot be undone"
    );
    assert_eq!(codes(&claim("calls db.drop at most 1 times", rounds)), ["G1401"]);
}

#[test]
fn calls_before() {
    let ordered = "step log = log.add { line: id } step mail = mail.send { to: id }";
    assert!(!is_refuted(&claim("calls log.add before mail.send", ordered)));
    assert!(is_refuted(&claim("calls mail.send before log.add", ordered)));
    let sometimes = "if amount > 3 { step log = log.add { line: id } } step mail = mail.send { to: id }";
    insta::assert_snapshot!(told(&claim("calls log.add before mail.send", sometimes)));
    let tried = "step log = log.add { line: id } on failure continue step mail = mail.send { to: id }";
    assert!(!is_refuted(&claim("calls log.add before mail.send", tried)), "it cannot fail");
    let tried = "step found = db.read { id: id } on failure continue step mail = mail.send { to: id }";
    assert!(is_refuted(&claim("calls db.read before mail.send", tried)));
    let at_once = "parallel { step log = log.add { line: id } step poll = db.poll { id: id } }";
    assert!(is_refuted(&claim("calls log.add before db.poll", at_once)));
    let after = at_once.replace("{ id: id } }", "{ id: id } after log }");
    assert!(!is_refuted(&claim("calls log.add before db.poll", &after)));
}

#[test]
fn never_without_approval() {
    let bare = "step mail = mail.send { to: id }";
    assert!(is_refuted(&claim("never calls mail.send without approval", bare)));
    let asked = format!("approval ok from role:boss \"?\" {bare}");
    assert!(!is_refuted(&claim("never calls mail.send without approval", &asked)));
}

#[test]
fn spends_at_most() {
    let cost = "capability api.ask: read { input { q: String } cost 0.50 USD retry 2 times }\n".to_owned();
    let body = "step a = api.ask { q: id } or api.ask { q: id }";
    assert_eq!(codes(&(cost.clone() + &claim("spends at most 2 USD", body))), [] as [&str; 0]);
    assert_eq!(
        found(&(cost.clone() + &claim("spends at most 1.99 USD", body))),
        ["G1401 `it` does not hold: the worst path takes 2 USD, not at most 1.99 USD"]
    );
    let endless = cost.replace("2 times", "until success idempotent");
    assert_eq!(codes(&(endless.clone() + &claim("spends at most 99 USD", "step a = api.ask { q: id }"))), ["G1401"]);
    let budget =
        claim("spends at most 99 USD", "step a = api.ask { q: id }").replace("policy open", "policy open budget 9 USD");
    assert_eq!(codes(&(endless + &budget)), ["G1304"], "the budget sees to it");
}
