use super::build::*;
use super::*;
use gov_plan::model::{Compensation, NodeKind, Table};

#[test]
fn a_waiting_run_is_cancelled_at_once() {
    let package = package(policy(vec![]), vec![workflow("w", vec![step("one", "t.a", int(1)), wait(1_000_000)])]);
    let mut script = Script::new();
    let mut simulation = Simulation::new(&package, 0);
    simulation.later(500, cancelled("user:ann"));
    simulation.run(start("w", 1), &mut script);
    assert_eq!(script.calls, ["a 1", "a_back 1"]);
    assert_eq!(status(&simulation), Status::Cancelled);
    assert_eq!(error(&simulation), "cancelled by user:ann");
}

#[test]
fn a_call_in_flight_is_awaited_and_undone() {
    let package =
        package(policy(vec![]), vec![workflow("w", vec![step("one", "t.a", int(1)), step("two", "t.b", int(2))])]);
    let mut script = Script::new().slowly("t.a", 1_000);
    let mut simulation = Simulation::new(&package, 0);
    simulation.later(500, cancelled("user:ann"));
    simulation.run(start("w", 1), &mut script);
    assert_eq!(script.calls, ["a 1", "a_back 1"]);
    assert_eq!(status(&simulation), Status::Cancelled);
}

#[test]
fn a_call_in_flight_behind_a_step_that_may_fail_is_awaited_and_undone() {
    let mut may_fail = step("one", "t.a", int(1));
    if let NodeKind::Step(step) = &mut may_fail.kind {
        step.continues_on_failure = true;
    }
    let package = package(policy(vec![]), vec![workflow("w", vec![may_fail, step("two", "t.b", int(2))])]);
    let mut script = Script::new().on("t.a", permanent("no")).slowly("t.b", 1_000);
    let mut simulation = Simulation::new(&package, 0);
    simulation.later(500, cancelled("user:ann"));
    simulation.run(start("w", 1), &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "b_back 1"]);
    assert_eq!(status(&simulation), Status::Cancelled);
}

#[test]
fn after_what_cannot_be_undone_a_run_goes_on_to_its_end() {
    let mut pivot = write("t.b");
    pivot.compensation = Table::always(Compensation::None("money left".to_owned()), AT);
    let capabilities = vec![write("t.a"), back("t.a"), pivot, read("t.get")];
    let body = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2)), step("three", "t.get", int(3))];
    let package = with(capabilities, policy(vec![]), vec![workflow("w", body)]);
    for at in [15, 25] {
        let mut script = Script::new();
        let mut simulation = Simulation::new(&package, 0);
        simulation.later(at, cancelled("user:ann"));
        simulation.run(start("w", 1), &mut script);
        assert_eq!(script.calls, ["a 1", "b 2", "get 3"]);
        assert_eq!(status(&simulation), Status::Completed);
    }
}

#[test]
fn a_cancellation_after_the_end_changes_nothing() {
    let package = package(policy(vec![]), vec![workflow("w", vec![step("one", "t.a", int(1))])]);
    let mut script = Script::new();
    let mut ran = run(&package, &mut script);
    let before = ran.state.clone();
    ran.send(cancelled("user:ann"), &mut script);
    assert_eq!(ran.state, before);
}
