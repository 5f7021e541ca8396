use super::build::*;
use super::*;
use crate::core::{Became, Finding, Place, Resolved};
use gov_plan::model::{Compensation, NodeKind, Retry, Step, Table};

fn allow(body: Vec<gov_plan::model::Node>) -> Package {
    package(policy(vec![]), vec![workflow("w", body)])
}

fn resolved(place: &str, finding: Finding) -> EventKind {
    let place = Place(place.to_owned());
    EventKind::Resolved(Box::new(Resolved { place, by: "user:ann".to_owned(), finding, comment: String::new() }))
}

#[test]
fn what_was_done_is_undone_in_reverse_with_the_results_of_the_way_there() {
    let package = allow(vec![
        step("one", "t.a", int(1)),
        step("look", "t.get", int(9)),
        step("two", "t.b", int(2)),
        check(equals(var("x"), int(0)), "x is not zero"),
    ]);
    let mut script = Script::new().on("t.a", ok(41)).on("t.b", ok(42));
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "get 9", "b 2", "b_back 42", "a_back 41"]);
    assert_eq!(states(&ran), [Status::Running, Status::Compensating, Status::Compensated]);
    assert_eq!(finish(&ran).unwrap().error.as_deref(), Some("x is not zero"));
}

#[test]
fn parallel_steps_are_undone_in_reverse_order_of_completion() {
    let branches = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2)), step("three", "t.c", int(3))];
    let package = allow(vec![node(NodeKind::Parallel { branches }), fail("no")]);
    let mut script = Script::new().slowly("t.a", 300).slowly("t.b", 100).slowly("t.c", 200);
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "c 3", "a_back 1", "c_back 1", "b_back 1"]);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn a_failing_branch_waits_for_its_siblings_and_undoes_them() {
    let branches = vec![
        step("one", "t.a", int(1)),
        step("two", "t.b", int(2)),
        asks("ok", approval(&["role:boss"], 1, None)),
        wait(1_000_000),
    ];
    let package = allow(vec![node(NodeKind::Parallel { branches })]);
    let mut script = Script::new().slowly("t.a", 300).on("t.b", permanent("no"));
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "a_back 1"]);
    assert_eq!(status(&ran), Status::Compensated);
    assert_eq!(ran.history.last().unwrap().0.at, 310);
    assert!(ran.state.gates.values().all(|gate| gate.end == Some(crate::core::GateEnd::Withdrawn)));
    assert!(ran.state.timers.is_empty());
}

#[test]
fn nothing_to_undo_is_failed() {
    let package = allow(vec![step("look", "t.get", int(9)), fail("no")]);
    let ran = run(&package, &mut Script::new());
    assert_eq!(states(&ran), [Status::Running, Status::Failed]);
}

#[test]
fn an_undo_is_tried_until_it_succeeds() {
    let package = allow(vec![step("one", "t.a", int(1)), fail("no")]);
    let mut script = Script::new();
    for _ in 0..20 {
        script = script.on("t.a_back", transient("busy"));
    }
    let ran = run(&package, &mut script);
    assert_eq!(script.calls.len(), 22);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn an_undo_that_fails_is_stuck_until_a_human_helps() {
    let mut undo = back("t.b");
    undo.retry = Retry { attempts: Some(2), backoff: None, on_transient: false };
    let capabilities = vec![write("t.a"), back("t.a"), write("t.b"), undo];
    let body = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2)), fail("no")];
    let package = with(capabilities, policy(vec![]), vec![workflow("w", body)]);
    for (finding, calls) in [(Finding::Undone, vec!["a_back 1"]), (Finding::Retry, vec!["b_back 2", "a_back 1"])] {
        let mut script = Script::new().on("t.b_back", permanent("gone")).on("t.b_back", permanent("gone"));
        let mut ran = run(&package, &mut script);
        assert_eq!(status(&ran), Status::Stuck);
        assert_eq!(script.calls, ["a 1", "b 2", "b_back 2", "b_back 2"]);
        assert_eq!(finish(&ran), None);

        script.calls.clear();
        ran.send(resolved("2", finding), &mut script);
        ran.settle(&mut script);
        assert_eq!(script.calls, calls);
        assert_eq!(status(&ran), Status::Compensated);
    }
}

#[test]
fn an_effect_that_stays_is_said_and_the_rest_is_undone() {
    let mut mail = write("t.b");
    mail.compensation = Table::always(Compensation::None("a mail cannot be unsent".to_owned()), AT);
    let capabilities = vec![write("t.a"), back("t.a"), mail];
    let body = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2)), fail("no")];
    let package = with(capabilities, policy(vec![]), vec![workflow("w", body)]);
    let mut script = Script::new();
    let mut ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "a_back 1"]);
    assert_eq!(status(&ran), Status::Stuck);
    let kept = ran.history.iter().flat_map(|(_, commands)| commands).find_map(|command| match command {
        Command::Mark(mark) if mark.became == Became::Kept => Some(mark.message.clone()),
        _ => None,
    });
    assert_eq!(kept.as_deref(), Some("a mail cannot be unsent"));
    ran.send(resolved("2", Finding::Undone), &mut script);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn a_step_can_say_how_it_is_undone() {
    let undo = gov_plan::model::Call {
        capability: "t.c_back".to_owned(),
        arguments: vec![("x".to_owned(), plus(field("one", "y"), var("x")))],
        at: AT,
    };
    let own = Step {
        compensation: Some(Table::always(Compensation::Automatic(undo), AT)),
        ..plain_step("one", "t.a", int(1))
    };
    let package = allow(vec![step_with(own), fail("no")]);
    let mut script = Script::new().on("t.a", ok(40));
    assert_eq!(status(&run(&package, &mut script)), Status::Compensated);
    assert_eq!(script.calls, ["a 1", "c_back 41"]);
}

#[test]
fn a_nested_workflow_undoes_itself() {
    let inner = |ends: gov_plan::model::Node| {
        workflow("inner", vec![step("one", "t.a", int(1)), step("two", "t.b", int(2)), ends])
    };
    let outer = || {
        workflow(
            "w",
            vec![step("zero", "t.c", int(0)), nested("sub", "inner", int(4)), step("last", "t.d", int(5)), fail("no")],
        )
    };
    // It fails itself: the step fails, and what was before it is undone.
    let package1 = package(policy(vec![]), vec![inner(fail("inside")), outer()]);
    let mut script = Script::new();
    let ran = run(&package1, &mut script);
    assert_eq!(script.calls, ["c 0", "a 1", "b 2", "b_back 2", "a_back 1", "c_back 0"]);
    assert_eq!(error(&ran), "step `sub`: inside");
    // It ended well: it is undone as a whole, in its place.
    let package2 = package(policy(vec![]), vec![inner(returns(record(vec![]))), outer()]);
    let mut script = Script::new();
    let ran = run(&package2, &mut script);
    assert_eq!(script.calls, ["c 0", "a 1", "b 2", "d 5", "d_back 5", "b_back 2", "a_back 1", "c_back 0"]);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn a_nested_workflow_that_is_under_way_is_undone_with_the_one_around_it() {
    let inner = workflow("inner", vec![step("one", "t.a", int(1)), wait(1_000_000)]);
    let branches = vec![nested("sub", "inner", int(4)), step("two", "t.b", int(2))];
    let outer = workflow("w", vec![node(NodeKind::Parallel { branches })]);
    let package = package(policy(vec![]), vec![inner, outer]);
    let mut script = Script::new();
    script.replies.insert("t.b".to_owned(), vec![(500, permanent("no"))]);
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2", "a_back 1"]);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn an_answer_that_does_not_fit_is_undone_like_one_that_does() {
    let mut odd = write("t.b");
    if let Compensation::Automatic(undo) = &mut odd.compensation.rows[0].value {
        undo.arguments[0].1 = var("x");
    }
    let capabilities = vec![odd, back("t.b")];
    let package = with(capabilities, policy(vec![]), vec![workflow("w", vec![step("one", "t.b", int(3))])]);
    let mut script = Script::new().on("t.b", Outcome::Misfit { message: "not what was declared".to_owned() });
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["b 3", "b_back 3"]);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn an_undo_that_the_policy_denies_needs_a_human() {
    let body = vec![step("one", "t.a", int(1)), fail("no")];
    let denied = policy(vec![(gov_plan::model::Action::Deny, "t.a_back")]);
    let package = package(denied, vec![workflow("w", body)]);
    let ran = run(&package, &mut Script::new());
    assert_eq!(status(&ran), Status::Stuck);
}
