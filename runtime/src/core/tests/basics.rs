use super::build::*;
use super::*;
use gov_plan::expr::ExprKind;
use gov_plan::model::{NodeKind, Step};

fn allow(body: Vec<gov_plan::model::Node>) -> Package {
    package(policy(vec![]), vec![workflow("w", body)])
}

#[test]
fn steps_run_in_order_and_read_each_other() {
    let package = allow(vec![
        step("one", "t.get", var("x")),
        step("two", "t.a", plus(field("one", "y"), int(1))),
        node(NodeKind::Let { name: "sum".to_owned(), value: plus(field("one", "y"), field("two", "y")) }),
        returns(record(vec![("sum", var("sum"))])),
    ]);
    let mut script = Script::new();
    let run = run(&package, &mut script);
    assert_eq!(script.calls, ["get 1", "a 2"]);
    assert_eq!(output(&run), json!({ "sum": 3 }));
    assert_eq!(states(&run), [Status::Running, Status::Completed]);
    assert_eq!(finish(&run).unwrap().status, Status::Completed);
}

#[test]
fn a_result_that_could_not_be_read_again_is_a_failure() {
    let returned = |depth: usize| {
        let json = |inner| expr(ExprKind::ToJson(Box::new(inner)));
        let nested = (0..depth).fold(int(1), |inner, _| list(vec![inner]));
        allow(vec![returns(record(vec![("json", json(nested))]))])
    };
    assert_eq!(status(&run(&returned(64), &mut Script::new())), Status::Completed);
    let package = returned(65);
    let run = run(&package, &mut Script::new());
    assert_eq!(status(&run), Status::Failed);
    assert_eq!(error(&run), "the result nests deeper than 64 levels");
}

#[test]
fn a_branch_that_is_not_taken_leaves_its_names_absent() {
    let arms = |x| {
        allow(vec![
            node(NodeKind::If {
                arms: vec![(equals(var("x"), int(x)), vec![step("one", "t.get", int(5))])],
                otherwise: vec![step("two", "t.get", int(6))],
            }),
            returns(record(vec![("one", has(var("one"))), ("two", has(var("two")))])),
        ])
    };
    assert_eq!(output(&run(&arms(1), &mut Script::new())), json!({ "one": true, "two": false }));
    assert_eq!(output(&run(&arms(2), &mut Script::new())), json!({ "one": false, "two": true }));
}

#[test]
fn parallel_branches_overlap_and_after_orders_them() {
    let third = Step { after: vec!["two".to_owned()], ..plain_step("three", "t.c", field("two", "y")) };
    let package = allow(vec![
        node(NodeKind::Parallel {
            branches: vec![step_with(third), step("one", "t.a", int(1)), step("two", "t.b", int(2))],
        }),
        step("four", "t.d", field("three", "y")),
    ]);
    let mut script = Script::new().slowly("t.a", 1_000);
    let run = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "c 2", "d 2"]);
    assert_eq!(status(&run), Status::Completed);
    // `four` waited for the slow branch.
    let last = run.history.last().unwrap();
    assert_eq!(last.0.at, 1_010);
}

#[test]
fn loops_run_in_order_or_at_once_and_are_bounded() {
    let looped = |parallel, limit| {
        allow(vec![node(NodeKind::For {
            parallel,
            name: "each".to_owned(),
            list: list(vec![int(7), int(8), int(9)]),
            limit,
            body: vec![step("one", "t.get", var("each")), step("two", "t.a", plus(field("one", "y"), int(10)))],
        })])
    };
    let mut script = Script::new();
    assert_eq!(status(&run(&looped(false, 3), &mut script)), Status::Completed);
    assert_eq!(script.calls, ["get 7", "a 17", "get 8", "a 18", "get 9", "a 19"]);
    let mut script = Script::new();
    assert_eq!(status(&run(&looped(true, 3), &mut script)), Status::Completed);
    assert_eq!(script.calls, ["get 7", "get 8", "get 9", "a 17", "a 18", "a 19"]);
    for parallel in [false, true] {
        let (package, mut script) = (looped(parallel, 2), Script::new());
        let run = run(&package, &mut script);
        assert_eq!(script.calls, [""; 0]);
        assert_eq!(status(&run), Status::Failed);
        assert_eq!(error(&run), "`[7, 8, 9]` has 3 elements, and the loop is bounded at 2");
    }
}

#[test]
fn a_fallback_is_called_where_the_step_fails() {
    let body =
        || Step { fallbacks: vec![call("t.b", int(2)), call("t.c", int(3))], ..plain_step("one", "t.a", int(1)) };
    let package = allow(vec![step_with(body()), returns(record(vec![("y", field("one", "y"))]))]);
    let mut script = Script::new().on("t.a", permanent("no")).on("t.b", permanent("no"));
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "c 3"]);
    assert_eq!(output(&ran), json!({ "y": 3 }));

    let mut script = Script::new().on("t.a", permanent("no")).on("t.b", permanent("no")).on("t.c", permanent("broken"));
    let ran = run(&package, &mut script);
    assert_eq!(status(&ran), Status::Failed);
    assert_eq!(error(&ran), "step `one`: broken");
}

#[test]
fn a_step_may_fail_where_nothing_needs_it() {
    let may = Step { continues_on_failure: true, ..plain_step("one", "t.a", int(1)) };
    let package = allow(vec![step_with(may), returns(record(vec![("one", has(var("one")))]))]);
    let ran = run(&package, &mut Script::new().on("t.a", permanent("no")));
    assert_eq!((status(&ran), output(&ran)), (Status::Completed, json!({ "one": false })));
    let ran = run(&package, &mut Script::new());
    assert_eq!(output(&ran), json!({ "one": true }));
}

#[test]
fn a_wait_is_a_timer() {
    let package = allow(vec![wait(5_000), step("one", "t.get", int(1))]);
    let ran = run(&package, &mut Script::new());
    assert_eq!(states(&ran), [Status::Running, Status::Waiting, Status::Running, Status::Completed]);
    assert_eq!(ran.history.last().unwrap().0.at, 5_010);
}

#[test]
fn nested_workflows_give_their_result() {
    let inner = workflow("inner", vec![step("one", "t.a", var("x")), returns(record(vec![("z", field("one", "y"))]))]);
    let outer = workflow("w", vec![nested("sub", "inner", int(4)), returns(record(vec![("z", field("sub", "z"))]))]);
    let package = package(policy(vec![]), vec![inner, outer]);
    let ran = run(&package, &mut Script::new());
    assert_eq!(output(&ran), json!({ "z": 4 }));
    let labels: Vec<_> = ran.state.statements.values().map(|statement| statement.label.as_str()).collect();
    assert_eq!(labels, ["sub", "sub/one"]);
}

#[test]
fn workflows_that_run_themselves_end() {
    let package = package(policy(vec![]), vec![workflow("w", vec![nested("again", "w", int(1))])]);
    let ran = run(&package, &mut Script::new());
    assert_eq!(status(&ran), Status::Failed);
    assert!(error(&ran).contains("workflows are nested deeper than 32"), "{}", error(&ran));
}

#[test]
fn what_cannot_be_evaluated_fails_the_step() {
    let package = allow(vec![step("one", "t.a", int(1)), step("two", "t.get", plus(int(i64::MAX), int(1)))]);
    let mut script = Script::new();
    let ran = run(&package, &mut script);
    assert_eq!(status(&ran), Status::Compensated);
    assert_eq!(error(&ran), "step `two`: `9223372036854775807 + 1` overflows");
    assert_eq!(script.calls, ["a 1", "a_back 1"]);
}

#[test]
fn a_run_is_let_in_with_what_its_workflow_declares() {
    let package = allow(vec![]);
    assert_eq!(crate::core::admit(&package, &start("w", 1)), Ok(()));
    let refused = |start: Start| crate::core::admit(&package, &start).unwrap_err();
    assert_eq!(refused(start("v", 1)), "the plan has no workflow `v`");
    assert_eq!(
        refused(Start { input: json!({}), ..start("w", 1) }),
        "input: `x` is missing: expected a whole number of 64 bits"
    );
    assert_eq!(refused(Start { context: json!({ "z": 1 }), ..start("w", 1) }), "context: `z` is no field here");
}

#[test]
fn an_event_that_comes_twice_counts_once() {
    let package = allow(vec![step("one", "t.a", int(1)), wait(50), step("two", "t.b", int(2)), fail("no")]);
    let first = run(&package, &mut Script::new());
    let mut twice = Simulation::new(&package, 0);
    for (event, _) in &first.history {
        let before = twice.state.clone();
        assert!(before.takes(&event.kind), "{event:?}");
        twice.state = crate::core::step(&package, before, event).0;
        assert!(!twice.state.takes(&event.kind), "{event:?}");
        let (again, commands) = crate::core::step(&package, twice.state.clone(), event);
        assert_eq!(commands, []);
        assert_eq!(again, twice.state);
    }
    assert_eq!(twice.state, first.state);
}

#[test]
fn folding_the_events_again_gives_the_same_commands() {
    let package = allow(vec![step("one", "t.a", int(1)), wait(50), step("two", "t.b", int(2)), fail("no")]);
    let ran = run(&package, &mut Script::new().on("t.b", permanent("no")));
    let mut state = crate::core::State::default();
    for (event, commands) in &ran.history {
        let text = serde_json::to_string(event).unwrap();
        let event = serde_json::from_str(&text).unwrap();
        let (next, again) = crate::core::step(&package, state, &event);
        let written: Vec<Command> = serde_json::from_str(&serde_json::to_string(commands).unwrap()).unwrap();
        assert_eq!(again, written);
        state = next;
    }
    assert_eq!(state, ran.state);
}
