//! A call whose outcome is not known is never taken to have happened, nor not to have.

use super::build::*;
use super::*;
use crate::core::{CallId, Finding, Place, Resolved, State};
use gov_plan::model::{Capability, Idempotency, Retry};

fn package_of(one: Capability) -> Package {
    let body = vec![step("zero", "t.b", int(0)), step("one", "t.a", int(1)), step("two", "t.c", int(2)), fail("no")];
    let capabilities = vec![one, back("t.a"), write("t.b"), back("t.b"), write("t.c"), back("t.c")];
    with(capabilities, policy(vec![]), vec![workflow("w", body)])
}

fn idempotent(attempts: u32) -> Capability {
    let retry = Retry { attempts: Some(attempts), backoff: None, on_transient: true };
    Capability { idempotency: Idempotency::ByInput, retry, ..write("t.a") }
}

fn says(finding: Finding) -> EventKind {
    let place = Place("2".to_owned());
    EventKind::Resolved(Box::new(Resolved { place, by: "user:ann".to_owned(), finding, comment: String::new() }))
}

#[test]
fn an_idempotent_call_is_made_again_with_its_key() {
    let package = package_of(idempotent(3));
    let mut script = Script::new().on("t.a", unknown()).on("t.a", transient("busy"));
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["b 0", "a 1", "a 1", "a 1", "c 2", "c_back 2", "a_back 1", "b_back 0"]);
    assert_eq!(script.keys[1], script.keys[2]);
    assert_eq!(script.keys[1], script.keys[3]);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn an_idempotent_call_that_is_never_answered_is_asked_about() {
    let package = package_of(idempotent(2));
    let mut script =
        Script::new().on("t.a", unknown()).on("t.a", permanent("no")).probed("t.a", permanent("not there"));
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["b 0", "a 1", "a 1", "a?", "b_back 0"]);
    assert_eq!(status(&ran), Status::Compensated);
}

#[test]
fn a_handler_that_can_tell_is_asked() {
    let package = package_of(write("t.a"));
    let mut script = Script::new().on("t.a", unknown()).probed("t.a", ok(33));
    run(&package, &mut script);
    assert_eq!(script.calls, ["b 0", "a 1", "a?", "c 2", "c_back 2", "a_back 33", "b_back 0"]);
}

#[test]
fn a_call_that_nobody_can_tell_about_is_handed_to_a_human() {
    let package = package_of(write("t.a"));
    for (finding, then) in [
        (Finding::Happened { output: json!({ "y": 5 }) }, vec!["c 2", "c_back 2", "a_back 5", "b_back 0"]),
        (Finding::DidNotHappen, vec!["b_back 0"]),
    ] {
        let mut script = Script::new().on("t.a", unknown());
        let mut ran = run(&package, &mut script);
        assert_eq!(status(&ran), Status::Stuck);
        assert_eq!(script.calls, ["b 0", "a 1", "a?"]);
        script.calls.clear();
        ran.send(says(finding), &mut script);
        ran.settle(&mut script);
        assert_eq!(script.calls, then);
        assert_eq!(status(&ran), Status::Compensated);
    }
}

/// The state at the moment when `one` is in flight.
fn in_flight(package: &Package) -> State {
    let mut script = Script::new();
    let ran = run(package, &mut script);
    let flying = vec![(CallId::forward(&Place("2".to_owned())), 1)];
    let mut state = State::default();
    for (event, _) in &ran.history {
        state = crate::core::step(package, state, event).0;
        if state.in_flight() == flying {
            return state;
        }
    }
    panic!("`one` never was in flight");
}

fn interrupt(package: &Package) -> Vec<Command> {
    interrupted(package, in_flight(package)).1
}

fn interrupted(package: &Package, state: State) -> (State, Vec<Command>) {
    let (step, attempt) = state.in_flight().remove(0);
    let event = crate::core::Event { at: 1_000, kind: EventKind::Interrupted { step, attempt } };
    crate::core::step(package, state, &event)
}

/// What an answer makes of a state with one call in flight.
fn answered(package: &Package, state: State, probed: bool, outcome: Outcome) -> (State, Vec<Command>) {
    let (step, attempt) = state.in_flight().remove(0);
    let event = crate::core::Event { at: 1_000, kind: EventKind::Outcome { step, attempt, probed, outcome } };
    crate::core::step(package, state, &event)
}

fn did_not_happen(transient: bool) -> Outcome {
    Outcome::Err { transient, message: "it did not happen".to_owned(), after: None }
}

#[test]
fn after_a_crash_an_idempotent_attempt_is_the_same_attempt() {
    let commands = interrupt(&package_of(idempotent(1)));
    match &commands[..] {
        [Command::RunEffect(effect)] => assert_eq!((effect.attempt, effect.label.as_str()), (1, "one")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_a_crash_any_other_call_is_asked_about() {
    let commands = interrupt(&package_of(write("t.a")));
    assert!(matches!(&commands[..], [Command::Probe(_)]), "{commands:?}");
}

#[test]
fn what_was_cut_off_and_did_not_happen_is_made_as_if_for_the_first_time() {
    let package = package_of(write("t.a"));
    let (state, _) = interrupted(&package, in_flight(&package));
    let (state, commands) = answered(&package, state, true, did_not_happen(true));
    match &commands[..] {
        [Command::RunEffect(effect)] => assert_eq!((effect.attempt, effect.label.as_str()), (1, "one")),
        other => panic!("{other:?}"),
    }
    let (_, commands) = answered(&package, state, false, did_not_happen(false));
    assert!(matches!(&commands[..], [Command::Settle(spent), ..] if spent.money.is_none()), "{commands:?}");
}

#[test]
fn an_error_of_the_second_sending_says_nothing_of_the_first() {
    let package = package_of(idempotent(1));
    let (state, _) = interrupted(&package, in_flight(&package));
    let (_, commands) = answered(&package, state, false, did_not_happen(false));
    assert!(matches!(&commands[..], [Command::Settle(_), Command::Probe(_)]), "{commands:?}");
}

#[test]
fn an_answer_that_comes_twice_is_not_taken_for_that_of_a_probe() {
    let package = package_of(write("t.a"));
    let flying = in_flight(&package);
    let (probing, commands) = answered(&package, flying.clone(), false, unknown());
    assert!(commands.iter().any(|command| matches!(command, Command::Probe(_))), "{commands:?}");
    let (again, commands) = answered(&package, probing.clone(), false, unknown());
    assert_eq!((&again, commands), (&probing, vec![]));
    let (early, commands) = answered(&package, flying.clone(), true, unknown());
    assert_eq!((&early.statements, commands), (&flying.statements, vec![]));
}

#[test]
fn an_undo_in_doubt_is_handed_to_a_human() {
    let once = Retry { attempts: Some(1), backoff: None, on_transient: false };
    let undo = Capability { idempotency: Idempotency::No, retry: once, ..back("t.a") };
    let body = vec![step("zero", "t.b", int(0)), step("one", "t.a", int(1)), fail("no")];
    let package = with(vec![write("t.a"), undo, write("t.b"), back("t.b")], policy(vec![]), vec![workflow("w", body)]);
    for (finding, then) in [
        (Finding::Undone, vec!["b_back 0"]),
        (Finding::DidNotHappen, vec!["a_back 1", "b_back 0"]),
        (Finding::Retry, vec!["a_back 1", "b_back 0"]),
        (Finding::Happened { output: json!({ "y": 1 }) }, vec!["b_back 0"]),
    ] {
        let mut script = Script::new().on("t.a_back", unknown());
        let mut ran = run(&package, &mut script);
        assert_eq!(status(&ran), Status::Stuck);
        assert_eq!(script.calls, ["b 0", "a 1", "a_back 1", "a_back?"]);
        script.calls.clear();
        ran.send(says(finding), &mut script);
        ran.settle(&mut script);
        assert_eq!(script.calls, then);
        assert_eq!(status(&ran), Status::Compensated);
    }
}
