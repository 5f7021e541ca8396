use super::build::*;
use super::*;
use crate::core::{GateId, Lost, may_decide};
use Verdict::{Approved, Rejected};
use gov_plan::model::{Action, Table};

fn gated(quorum: u32, within: Option<i64>) -> Package {
    let rule = (Action::Approval(approval(&["role:boss"], quorum, within)), "t.b");
    let body = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2))];
    package(policy(vec![rule]), vec![workflow("w", body)])
}

#[test]
fn a_call_waits_for_its_approval() {
    let package = gated(1, None);
    let mut script = Script::new().says(60_000, "user:ann", Approved);
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "b 2"]);
    assert_eq!(states(&ran), [Status::Running, Status::Waiting, Status::Running, Status::Completed]);
    let question = &script.questions[0];
    assert_eq!((question.label.as_str(), question.capability.as_deref()), ("two", Some("t.b")));
    assert_eq!(question.input, json!({ "x": 2 }));
    let effect = ran.history.iter().flat_map(|(_, commands)| commands).rev().find_map(|command| match command {
        Command::RunEffect(effect) => Some(effect),
        _ => None,
    });
    assert_eq!(effect.unwrap().approved_by, ["user:ann"]);
}

#[test]
fn a_rejection_is_a_failure_of_the_step() {
    let package = gated(1, None);
    let mut script = Script::new().says(1, "user:bob", Rejected).says(2, "user:ann", Approved);
    let ran = run(&package, &mut script);
    assert_eq!(script.calls, ["a 1", "a_back 1"]);
    assert_eq!((status(&ran), error(&ran).as_str()), (Status::Compensated, "step `two`: user:bob rejected it"));
}

#[test]
fn it_takes_as_many_different_people_as_the_policy_says() {
    let package = gated(2, None);
    let mut script = Script::new().says(1, "user:ann", Approved).says(2, "user:ann", Approved);
    assert_eq!(status(&run(&package, &mut script)), Status::Waiting);
    let mut script = Script::new().says(1, "user:ann", Approved).says(2, "user:bob", Approved);
    assert_eq!(status(&run(&package, &mut script)), Status::Completed);
}

#[test]
fn who_is_not_asked_cannot_answer() {
    let package = gated(1, None);
    let mut script = Script::new().says(1, "user:eve", Approved).says(2, "agent:a", Approved);
    assert_eq!(status(&run(&package, &mut script)), Status::Waiting);
}

#[test]
fn an_approval_that_does_not_come_in_time_is_a_failure() {
    let package = gated(1, Some(1_000));
    let mut script = Script::new().says(1_000, "user:ann", Approved);
    let ran = run(&package, &mut script);
    assert_eq!((status(&ran), error(&ran).as_str()), (Status::Compensated, "step `two`: nobody decided in time"));
    let mut script = Script::new().says(999, "user:ann", Approved);
    assert_eq!(status(&run(&package, &mut script)), Status::Completed);
}

#[test]
fn an_approval_of_its_own_gives_who_and_when() {
    let asked = asks("ok", approval(&["user:ann"], 1, None));
    let body = vec![asked, returns(record(vec![("by", field("ok", "by")), ("at", field("ok", "at"))]))];
    let package = package(policy(vec![]), vec![workflow("w", body)]);
    let ran = run(&package, &mut Script::new().says(1_000, "user:ann", Approved));
    assert_eq!(output(&ran), json!({ "by": "user:ann", "at": "1970-01-01T00:00:01Z" }));
    let ran = run(&package, &mut Script::new().says(1_000, "user:ann", Rejected));
    assert_eq!((status(&ran), error(&ran).as_str()), (Status::Failed, "approval `ok`: user:ann rejected it"));
}

#[test]
fn a_decision_is_bound_to_what_was_shown_and_the_first_one_wins() {
    let package = gated(1, Some(10_000));
    let mut script = Script::new();
    let mut simulation = Simulation::new(&package, 0);
    simulation.send(EventKind::Started(Box::new(start("w", 1))), &mut script);
    // The first step is done; the gate is open.
    simulation.send(
        EventKind::Outcome {
            probed: false,
            step: crate::core::CallId::forward(&crate::core::Place("1".to_owned())),
            attempt: 1,
            outcome: ok(1),
        },
        &mut script,
    );
    let question = script.questions[0].clone();
    let decided = |by: &str, verdict, digest: &str| Decided {
        gate: question.gate.clone(),
        by: by.to_owned(),
        roles: Vec::new(),
        verdict,
        comment: String::new(),
        digest: digest.to_owned(),
    };
    let judge =
        |simulation: &Simulation<'_>, decided: &Decided, at| may_decide(&package, &simulation.state, decided, at);
    let good = decided("user:ann", Approved, &question.digest);
    assert_eq!(judge(&simulation, &good, 10), Ok(()));
    assert_eq!(judge(&simulation, &decided("user:ann", Approved, "else"), 10), Err(Lost::OtherArguments));
    assert_eq!(judge(&simulation, &decided("agent:a", Approved, &question.digest), 10), Err(Lost::OwnRequest));
    assert_eq!(judge(&simulation, &good, 10_000), Err(Lost::Late));
    let nowhere = Decided { gate: GateId("9".to_owned()), ..good.clone() };
    assert_eq!(judge(&simulation, &nowhere, 10), Err(Lost::Unknown));
    let asserted = Decided { roles: vec!["boss".to_owned()], ..decided("user:new", Approved, &question.digest) };
    assert_eq!(judge(&simulation, &asserted, 10), Ok(()));
    simulation.send(EventKind::Decided(Box::new(good.clone())), &mut script);
    assert_eq!(judge(&simulation, &good, 10), Err(Lost::Settled(crate::core::GateEnd::Approved)));
}

#[test]
fn both_approvals_have_to_be_given() {
    let mut package = gated(1, None);
    let own = approval(&["user:carl"], 1, None);
    let capability = package.capabilities.iter_mut().find(|capability| capability.id == "t.b").unwrap();
    capability.approval = Table::always(Some(own), AT);
    let mut script = Script::new().says(1, "user:ann", Approved);
    assert_eq!(status(&run(&package, &mut script)), Status::Waiting);
    let mut script = Script::new().says(1, "user:ann", Approved).says(2, "user:carl", Approved);
    assert_eq!(status(&run(&package, &mut script)), Status::Completed);
    let mut script = Script::new().says(1, "user:ann", Approved).says(2, "user:carl", Rejected);
    assert_eq!(status(&run(&package, &mut script)), Status::Compensated);
}

#[test]
fn a_denied_call_is_a_failure_of_the_step_and_a_fallback_may_take_its_place() {
    let denied = policy(vec![(Action::Deny, "t.b")]);
    let body = vec![step("one", "t.a", int(1)), step("two", "t.b", int(2))];
    let plain = package(denied.clone(), vec![workflow("w", body)]);
    let mut script = Script::new();
    let ran = run(&plain, &mut script);
    assert_eq!(script.calls, ["a 1", "a_back 1"]);
    assert_eq!(error(&ran), "step `two`: `t.b` was refused: rule 1 of `p` denies it");
    let fallback = gov_plan::model::Step { fallbacks: vec![call("t.c", int(3))], ..plain_step("two", "t.b", int(2)) };
    let with_fallback = package(denied, vec![workflow("w", vec![step_with(fallback)])]);
    let mut script = Script::new();
    assert_eq!(status(&run(&with_fallback, &mut script)), Status::Completed);
    assert_eq!(script.calls, ["c 3"]);
}
