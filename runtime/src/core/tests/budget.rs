use super::build::*;
use super::*;
use gov_plan::model::{Budget, Capability, Table, Workflow};

fn costly() -> Vec<Capability> {
    ["t.a", "t.b", "t.c"]
        .iter()
        .flat_map(|id| [Capability { cost: Table::always(usd("0.40"), AT), ..write(id) }, back(id)])
        .collect()
}

fn three_steps(budget: Budget) -> Package {
    let body = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2)), step("three", "t.c", int(3))];
    with(costly(), policy(vec![]), vec![Workflow { budget, ..workflow("w", body) }])
}

#[test]
fn a_call_that_the_budget_does_not_bear_fails() {
    let package = three_steps(Budget { money: Some(usd("1")), ..Budget::default() });
    let mut script = Script::new();
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "b_back 2", "a_back 1"]);
    assert_eq!(error(&ran), "step `three`: the budget of `w` of 1 USD does not bear another call");
    let spent = &ran.state.spent().unwrap().money;
    assert_eq!(spent.values().next().unwrap().to_string(), "0.8");
}

#[test]
fn calls_are_counted_and_rollbacks_are_never_refused() {
    let package = three_steps(Budget { calls: Some(2), ..Budget::default() });
    let mut script = Script::new();
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "b_back 2", "a_back 1"]);
    assert_eq!(error(&ran), "step `three`: the budget of `w` of 2 calls is spent");
    assert_eq!(ran.state.spent().unwrap().calls, 4);
}

#[test]
fn what_did_not_happen_is_not_paid() {
    let package = three_steps(Budget { money: Some(usd("1.20")), ..Budget::default() });
    let ran = run(&package, &mut Script::new().on("t.c", permanent("no")));
    assert_eq!(ran.state.spent().unwrap().money.values().next().unwrap().to_string(), "0.8");
    assert!(ran.state.spent().unwrap().reserved.values().all(|amount| *amount == gov_plan::Decimal::ZERO));
}

#[test]
fn time_runs_out_while_a_call_is_in_flight() {
    let package = three_steps(Budget { time: Some(1_000), ..Budget::default() });
    let mut script = Script::new().slowly("t.b", 2_000);
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "b_back 1", "a_back 1"]);
    assert_eq!(error(&ran), "`w` did not end within its budget of 1s");
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn a_nested_workflow_spends_from_the_one_around_it() {
    let inner = workflow("inner", vec![step("one", "t.a", int(1)), step("two", "t.b", int(2))]);
    let budget = Budget { calls: Some(2), ..Budget::default() };
    let outer = workflow("w", vec![nested("sub", "inner", int(1)), step("last", "t.c", int(3))]);
    let package = with(costly(), policy(vec![]), vec![inner, Workflow { budget, ..outer }]);
    let mut script = Script::new();
    assert_eq!(status(&run(&package, &mut script)), Status::Compensated);
    assert_eq!(script.calls, ["a 1", "b 2", "b_back 2", "a_back 1"]);
}

#[test]
fn parallel_calls_hold_back_what_they_may_cost() {
    let branches = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2)), step("three", "t.c", int(3))];
    let budget = Budget { money: Some(usd("1")), ..Budget::default() };
    let body = vec![node(gov_plan::model::NodeKind::Parallel { branches })];
    let package = with(costly(), policy(vec![]), vec![Workflow { budget, ..workflow("w", body) }]);
    let mut script = Script::new();
    assert_eq!(status(&run(&package, &mut script)), Status::Compensated);
    assert_eq!(script.calls[..2], ["a 1", "b 2"]);
    assert!(!script.calls.iter().any(|call| call.starts_with("c ")));
}
