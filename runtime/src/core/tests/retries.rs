use super::build::*;
use super::*;
use gov_plan::model::{Capability, Retry};

fn retried(retry: Retry) -> Package {
    let get = Capability { retry, ..read("t.get") };
    with(vec![get], policy(vec![]), vec![workflow("w", vec![step("one", "t.get", int(1))])])
}

#[test]
fn a_call_is_tried_as_often_as_its_contract_says() {
    let package = retried(Retry { attempts: Some(3), backoff: Some((200, 5_000)), on_transient: true });
    let mut script = Script::new().on("t.get", transient("busy")).on("t.get", transient("busy"));
    let ran = run(&package, &mut script);
    assert_eq!(script.calls.len(), 3);
    assert_eq!(status(&ran), Status::Completed);
    assert!(script.keys.windows(2).all(|keys| keys[0] == keys[1]), "attempts of one call have one key");

    let mut script = Script::new();
    for _ in 0..3 {
        script = script.on("t.get", transient("busy"));
    }
    let ran = run(&package, &mut script);
    assert_eq!(script.calls.len(), 3);
    assert_eq!((status(&ran), error(&ran).as_str()), (Status::Failed, "step `one`: busy"));
}

#[test]
fn a_failure_that_stays_is_not_tried_again_where_only_transient_ones_are() {
    let package = retried(Retry { attempts: Some(3), backoff: None, on_transient: true });
    let mut script = Script::new().on("t.get", permanent("no"));
    assert_eq!(status(&run(&package, &mut script)), Status::Failed);
    assert_eq!(script.calls.len(), 1);
    let package = retried(Retry { attempts: Some(3), backoff: None, on_transient: false });
    let mut script = Script::new().on("t.get", permanent("no"));
    assert_eq!(status(&run(&package, &mut script)), Status::Completed);
    assert_eq!(script.calls.len(), 2);
}

#[test]
fn a_call_that_must_succeed_is_tried_until_it_does() {
    let package = retried(Retry { attempts: None, backoff: Some((1_000, 60_000)), on_transient: false });
    let mut script = Script::new();
    for _ in 0..200 {
        script = script.on("t.get", permanent("no"));
    }
    assert_eq!(status(&run(&package, &mut script)), Status::Completed);
    assert_eq!(script.calls.len(), 201);
}

#[test]
fn a_read_that_does_not_answer_is_tried_again() {
    let package = retried(Retry { attempts: Some(2), backoff: None, on_transient: true });
    let mut script = Script::new().slowly("t.get", i64::MAX);
    assert_eq!(status(&run(&package, &mut script)), Status::Completed);
    let mut script = Script::new().slowly("t.get", i64::MAX).slowly("t.get", i64::MAX);
    let ran = run(&package, &mut script);
    assert_eq!((status(&ran), error(&ran).as_str()), (Status::Failed, "step `one`: no answer in time"));
}

#[test]
fn pauses_depend_on_the_seed_alone() {
    let package = retried(Retry { attempts: Some(8), backoff: Some((100, 100_000)), on_transient: true });
    let times = |seed| {
        let mut script = Script::new();
        for _ in 0..7 {
            script = script.on("t.get", transient("busy"));
        }
        let mut simulation = Simulation::new(&package, 0);
        simulation.run(Start { seed, ..start("w", 1) }, &mut script);
        simulation.history.iter().map(|(event, _)| event.at).collect::<Vec<_>>()
    };
    assert_eq!(times(1), times(1));
    assert_ne!(times(1), times(2));
}

#[test]
fn how_long_the_other_side_asks_for_is_granted_up_to_the_longest_pause() {
    // What is asked for, in milliseconds, and the pause that follows.
    let pause = |backoff: Option<(i64, i64)>, asked: i64| {
        let package = retried(Retry { attempts: Some(2), backoff, on_transient: true });
        let busy = Outcome::Err { transient: true, message: "busy".to_owned(), after: Some(asked) };
        let mut script = Script::new().on("t.get", busy);
        let ran = run(&package, &mut script);
        assert_eq!(script.calls.len(), 2);
        let fired = ran.history.iter().find(|(event, _)| matches!(event.kind, EventKind::TimerFired { .. }));
        // The first answer comes after 10 ms.
        fired.map_or(0, |(event, _)| event.at - 10)
    };
    assert_eq!(pause(Some((200, 5_000)), 0), 200);
    assert_eq!(pause(Some((200, 5_000)), 3_000), 3_000);
    assert_eq!(pause(Some((200, 5_000)), 86_400_000), 5_000);
    assert_eq!(pause(None, 3_000), 0);
}

#[test]
fn a_call_that_is_stubbed_goes_on_with_what_stands_for_its_answer() {
    let package = retried(Retry { attempts: Some(2), backoff: None, on_transient: true });
    let mut script = Script::new().on("t.get", Outcome::Stubbed { output: json!({ "y": 3 }) });
    let ran = run(&package, &mut script);
    assert_eq!(status(&ran), Status::Completed);
    let step = &crate::account::of(&ran.state).steps[0];
    assert_eq!((step.state, step.stubbed), ("done", true));
}
