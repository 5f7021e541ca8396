//! The worst path and the budget.

use super::{codes, found, told};

const COSTLY: &str = "capability api.ask: read {
    input { q: String, long: Bool }
    output { answer: String }
    cost 2 USD when long, 1 USD otherwise
    timeout 10s
    retry 2 times backoff 4s..8s
}
";

fn workflow(budget: &str, body: &str) -> String {
    format!(
        "{COSTLY}workflow w(q: String, long: Bool, ids: List<String>) {{\n principal agent:a\n policy open\n budget {budget}\n{body}\n}}"
    )
}

#[test]
fn every_attempt_counts() {
    let ask = "step a = api.ask { q: q, long: long }";
    assert_eq!(codes(&workflow("4 USD, 2 calls, 24s", ask)), [] as [&str; 0]);
    assert_eq!(
        found(&workflow("3 USD, 1 calls, 23s", ask)),
        ["G1304 the worst path takes 2 calls", "G1304 the worst path takes 24s", "G1304 the worst path takes 4 USD",]
    );
    insta::assert_snapshot!(told(&workflow("3 USD", ask)));
}

/// The statements of the test that shows what is found.
fn test(text: &str) -> Vec<String> {
    let found = super::about_workflows(text);
    let [found] = &found[..] else { panic!("{found:#?}") };
    found.witness.as_ref().and_then(|witness| witness.test.clone()).unwrap_or_default()
}

#[test]
fn a_test_plays_the_worst_path_until_the_budget_stops_it() {
    let ask = "step put = db.put { id: q, amount: 1 } step a = api.ask { q: q, long: long }";
    insta::assert_snapshot!(test(&workflow("4 calls", ask)).join("\n"));
    // The call is not made at all.
    insta::assert_snapshot!(test(&workflow("3 calls", ask)).join("\n"));
    // What a failed attempt costs is free again. The workflow goes on where a call is not borne, or its time may be over first.
    assert_eq!(test(&workflow("3 USD", ask)), [] as [&str; 0]);
    assert_eq!(test(&workflow("4 calls", &format!("{ask} on failure continue"))), [] as [&str; 0]);
    assert_eq!(test(&workflow("4 calls, 1h", ask)), [] as [&str; 0]);
}

#[test]
fn conditions_that_exclude_one_another_do_not_add_up() {
    let body = "if long { step a = api.ask { q: q, long: long } }
    if not long { step b = api.ask { q: q, long: long } step c = api.ask { q: q, long: false } }";
    assert_eq!(codes(&workflow("4 USD, 4 calls", body)), [] as [&str; 0]);
    assert_eq!(codes(&workflow("4 USD, 3 calls", body)), ["G1304"]);
    assert_eq!(codes(&workflow("3.50 USD, 4 calls", body)), ["G1304"]);
}

#[test]
fn fallbacks_rounds_and_rollback_count() {
    let fallback = "step a = db.read { id: q } or db.read { id: q }";
    assert_eq!(codes(&workflow("6 calls", fallback)), [] as [&str; 0]);
    assert_eq!(codes(&workflow("5 calls", fallback)), ["G1304"]);
    let rounds = "for id in ids up to 7 { step a = db.read { id: id } }";
    assert_eq!(codes(&workflow("21 calls", rounds)), [] as [&str; 0]);
    insta::assert_snapshot!(told(&workflow("20 calls", rounds)).lines().take(4).collect::<Vec<_>>().join("\n"));
    let few = format!("check len(ids) <= 4 else \"too many\" {rounds}");
    assert_eq!(codes(&workflow("12 calls", &few)), [] as [&str; 0]);
    assert_eq!(codes(&workflow("11 calls", &few)), ["G1304"]);
    let undone = "step a = db.put { id: q, amount: 1 } step b = db.read { id: q }";
    assert_eq!(codes(&workflow("7 calls", undone)), [] as [&str; 0]);
    assert_eq!(codes(&workflow("6 calls", undone)), ["G1304"]);
}

#[test]
fn a_round_that_keeps_the_rest_from_happening_hides_no_path_without_it() {
    let rounds = "for id in ids up to 2 { check long else \"short\" }
    if not long { step a = api.ask { q: q, long: long } step b = api.ask { q: q, long: long } }";
    assert_eq!(codes(&workflow("4 calls", rounds)), [] as [&str; 0]);
    assert_eq!(found(&workflow("3 calls", rounds)), ["G1304 the worst path takes 4 calls"]);
}

#[test]
fn branches_take_time_at_once_and_one_after_the_other() {
    let body = |after: &str| {
        format!(
            "parallel {{ step a = api.ask {{ q: q, long: long }} step b = api.ask {{ q: q, long: long }} {after} wait 5s }}"
        )
    };
    assert_eq!(codes(&workflow("24s", &body(""))), [] as [&str; 0]);
    assert_eq!(codes(&workflow("23s", &body(""))), ["G1304"]);
    assert_eq!(codes(&workflow("48s", &body("after a"))), [] as [&str; 0]);
    assert_eq!(codes(&workflow("47s", &body("after a"))), ["G1304"]);
}

/// What undoes takes 30s. In a nested workflow whose failure ends nothing else it belongs to the branch, and
/// otherwise it comes after the longest branch.
#[test]
fn the_rollback_of_a_nested_workflow_takes_time_where_it_happens() {
    let with = |budget: &str, go_on: &str| {
        format!(
            "workflow inner(q: String) {{
    principal agent:a
    policy open
    step put = db.put {{ id: q, amount: 1 }}
    wait 100s
}}
{}",
            workflow(
                budget,
                &format!(
                    "parallel {{
    step nested = run inner {{ q: q }} {go_on}
    step a = api.ask {{ q: q, long: long }} timeout 1000s retry 1 times on failure continue
}}"
                )
            )
        )
    };
    for (go_on, most) in [("on failure continue", "1000s"), ("", "1030s")] {
        let text = with(most, go_on);
        assert_eq!(codes(&text), [] as [&str; 0], "{go_on}");
    }
    assert_eq!(codes(&with("999s", "on failure continue")), ["G1304"]);
    assert_eq!(codes(&with("1029s", "")), ["G1304"]);
}

#[test]
fn what_nothing_bounds_is_a_warning() {
    insta::assert_snapshot!(told(&workflow("9 calls, 1h", "step a = db.poll { id: q }")));
    assert_eq!(codes(&workflow("9 calls", "approval ok from role:boss \"ok?\"")), [] as [&str; 0]);
    assert_eq!(codes(&workflow("1h", "approval ok from role:boss \"ok?\"")), ["G1304"]);
    assert_eq!(codes(&workflow("1h", "approval ok from role:boss within 1h \"ok?\"")), [] as [&str; 0]);
}

#[test]
fn a_budget_may_cut_off_what_is_tried_until_it_succeeds() {
    let body = "step mail = mail.send { to: q } step poll = db.poll { id: q }";
    assert_eq!(codes(&workflow("1 USD", body)), [] as [&str; 0]);
    insta::assert_snapshot!(told(&workflow("9 calls", body)));
    assert_eq!(codes(&workflow("1h", body)), ["G1304", "G1101"]);
}

#[test]
fn other_currencies_are_not_counted() {
    assert_eq!(
        found(&workflow("9 EUR", "step a = api.ask { q: q, long: long }")),
        ["G1304 the budget counts EUR, and `api.ask` costs 2 USD"]
    );
}
