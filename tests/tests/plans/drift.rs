//! `gov compile --check`: what is said where the committed plan is not that of the source.

use gov_tests::{Ran, Sandbox};

const SOURCE: &str = "package shop

context { incident: Bool }

capability shop.quote: read { input { amount: Int where amount >= 0 } }

policy desk {
    default deny
    small: allow agent:support to shop.quote when input.amount < 100
}
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with([("shop.gov", SOURCE)]).unwrap();
    let ran = sandbox.gov(["compile", "shop.gov", "-o", "plan.yaml"]).unwrap();
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    sandbox
}

fn check(sandbox: &Sandbox) -> Ran {
    sandbox.gov(["compile", "shop.gov", "--check", "plan.yaml"]).unwrap()
}

#[test]
fn a_plan_of_its_source_is_passed_in_silence() {
    let ran = check(&sandbox());
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn a_changed_meaning_is_told_in_words() {
    let sandbox = sandbox();
    sandbox.write("shop.gov", SOURCE.replace("< 100", "< 250")).unwrap();
    let ran = check(&sandbox);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for words in
        ["wider: the new plan lets more through", "policy desk", "deny → allow", "agent:support", "rule `small`"]
    {
        assert!(ran.stdout.contains(words), "`{words}` is not in\n{}", ran.stdout);
    }
    assert!(ran.stderr.contains("run `gov compile shop.gov -o plan.yaml` and review the change"), "{}", ran.stderr);
}

#[test]
fn a_plan_that_was_written_by_hand_is_shown_line_by_line() {
    let sandbox = sandbox();
    let committed = sandbox.read("plan.yaml").unwrap();
    sandbox.write("plan.yaml", format!("# approved\n{committed}")).unwrap();
    let ran = check(&sandbox);
    assert_eq!((ran.code, ran.stdout.contains("-# approved\n")), (Some(1), true), "{}", ran.stdout);
    assert!(ran.stderr.contains("is not written as `gov compile` does"), "{}", ran.stderr);

    sandbox.write("plan.yaml", committed.replace("input.amount < 100", "input.amount < 999")).unwrap();
    let ran = check(&sandbox);
    let line = "-    when: input.amount < 999";
    assert_eq!((ran.code, ran.stdout.contains(line)), (Some(1), true), "{}", ran.stdout);
    assert!(ran.stderr.contains("plan.yaml is not a plan that can be used"), "{}", ran.stderr);
    assert!(ran.stderr.contains("was changed after it was made"), "{}", ran.stderr);
}
