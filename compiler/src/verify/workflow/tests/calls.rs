//! What steps may do.

use super::{codes, found, told};

/// A workflow under a policy of its own.
fn under(policy: &str, body: &str) -> String {
    format!(
        "policy strict {{\n    default deny\n{policy}\n}}
workflow w(to: String, amount: Int) {{
    principal agent:a
    policy strict
{body}
}}"
    )
}

#[test]
fn a_step_that_no_rule_allows_is_always_refused() {
    insta::assert_snapshot!(told(&under("allow agent:b to db.read", "step found = db.read { id: to }")));
}

#[test]
fn a_step_that_is_refused_for_some_inputs_is_a_warning_with_one_of_them() {
    insta::assert_snapshot!(told(&under(
        "allow agent:a to db.put when input.amount < 10\n allow system:rollback to db.drop",
        "step put = db.put { id: to, amount: amount }"
    )));
}

#[test]
fn what_the_context_forbids_is_forbidden_on_purpose() {
    let text = under(
        "deny any to any when context.frozen\n allow agent:a to db.read when context.hour < 20",
        "step found = db.read { id: to }",
    );
    assert_eq!(found(&text), Vec::<String>::new());
    // Where the input has a part in it, it is not.
    let text = under(
        "deny any to any when context.frozen\n allow agent:a to db.read when context.hour < 20 or input.id == to",
        "step found = db.read { id: to }",
    );
    let text = text.replace("input.id == to", "input.id == \"x\"");
    assert_eq!(codes(&text), ["G1301"]);
}

#[test]
fn an_approval_is_no_refusal() {
    let text = under("require approval from role:boss for agent:a to db.read", "step found = db.read { id: to }");
    assert_eq!(found(&text), Vec::<String>::new());
}

#[test]
fn arguments_fit_what_they_are_passed_to() {
    let with = |check: &str| {
        under(
            "allow agent:a to pay.back\n escalate never because \"x\"",
            &format!("{check}\n step pay = pay.back {{ ref: to, amount: amount }}"),
        )
    };
    insta::assert_snapshot!(told(&with("")));
    assert_eq!(codes(&with("check amount < 1000 else \"too much\"")), [] as [&str; 0]);
    let always = found(&with("check amount > 1000 else \"too little\""));
    assert_eq!(always, ["G1302 `pay` passes what `pay.back` never takes"]);
}

#[test]
fn a_call_of_high_risk_wants_an_approval_before_it() {
    let with = |escalate: &str, before: &str| {
        under(
            &format!("{escalate}\n allow agent:a to mail.*"),
            &format!("{before}\n step mail = mail.send {{ to: to }}"),
        )
    };
    assert_eq!(codes(&with("", "")), [] as [&str; 0], "the default escalates");
    assert_eq!(codes(&with("escalate never because \"trusted\"", "")), [] as [&str; 0]);
    let before = "approval ok from role:boss \"send?\"";
    assert_eq!(codes(&with("", before)), [] as [&str; 0]);
    let branch = "if amount > 10 { approval ok from role:boss \"send?\" }";
    assert_eq!(codes(&with("", branch)), [] as [&str; 0]);
}

#[test]
fn what_a_policy_escalates_too_late_is_found() {
    let text = "capability vm.boot: execute {
    input { name: String }
    effect irreversible external \"boots\"
    risk high because \"costly\"
    compensate manually because \"call operations\"
    idempotent
}
policy late {
    default deny
    escalate risk >= critical
    allow agent:a to vm.boot
}
workflow w(name: String, asked: Bool) {
    principal agent:a
    policy late
    BEFORE
    step boot = vm.boot { name: name }
}";
    insta::assert_snapshot!(told(&text.replace("BEFORE", "")));
    assert_eq!(codes(&text.replace("BEFORE", "approval ok from role:boss \"boot?\"")), [] as [&str; 0]);
    assert_eq!(codes(&text.replace("BEFORE", "if asked { approval ok from role:boss \"boot?\" }")), ["G1305"]);
}

#[test]
fn a_call_of_which_nobody_can_tell_whether_it_happened_is_a_warning() {
    let text = "capability sms.send: network {
    input { to: String }
    effect irreversible external \"sends\"
    risk critical because \"out\"
    compensate none because \"sent\"
}
workflow w(to: String) {
    principal agent:a
    policy open
    step sms = sms.send { to: to }
}";
    insta::assert_snapshot!(told(text));
    assert_eq!(codes(&text.replace("compensate none", "idempotent compensate none")), [] as [&str; 0]);
}
