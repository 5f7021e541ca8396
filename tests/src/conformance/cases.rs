//! One host, one run, one thing at a time.

use super::{Case, Deployment, Notified, Process, Services, account, output, plan, request, says};
use gov_runtime::core::{Finding, Place, Resolved, Status, Verdict};
use gov_runtime::host::{Answer, Error, Started, first_broken};
use gov_runtime::replay::first_deviation;
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    ("a run completes, and its history is chained and folds to its state", completes),
    ("a key starts one run, however often and from wherever it is used", one_run_for_a_key),
    ("a request that the plan does not admit starts nothing", refuses_what_does_not_fit),
    ("a run that there is not is said to be none", knows_no_other_runs),
    ("a run that fails undoes what it did, the last first", undoes_in_reverse),
    ("only those who may decide do, on what they were shown, and once", decides),
    ("a decision on one run says nothing about another", binds_to_the_run),
    ("two have to say yes where the policy wants two", quorum),
    ("nobody says anything in time, and the run fails", expires),
    ("a cancelled run is undone, and cancelled once", cancels),
    ("a call that was cut off and may be repeated is, with its key", repeats_after_a_crash),
    ("a call that was cut off and did not happen is made", makes_what_did_not_happen),
    ("a call that was cut off and happened is not made again", keeps_what_happened),
    ("a call of which nobody can tell is left to a human", leaves_doubt_to_a_human),
    ("a timer that was due while nobody lived fires with the next process", fires_overdue_timers),
    ("another process hears a run that waits, and does not drive one that is driven", hears_of_other_processes),
    ("somebody is told of what waits, at least once whatever crashes, and no run waits for that", tells_of_what_waits),
    ("many runs at once do not disturb each other", many_at_once),
];

fn completes(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let run = process.start("three", 2);
    let state = process.until_it_rests(&run);
    assert_eq!(state.status, Status::Completed);
    assert_eq!(state.output().unwrap().to_json(), serde_json::json!({ "id": "id-3" }));
    assert_eq!(services.said(), ["write 1", "write 2", "write 3"]);
    assert_eq!(process.ask(process.host.settled(&run)), Ok(Status::Completed));
    let history = process.ask(process.host.history(&run)).unwrap();
    assert_eq!(history.len(), 4);
    assert_eq!(first_broken(&run, &history), None);
    assert_eq!(first_deviation(plan(), &run, &history), None);
    let keys: BTreeSet<String> = services.calls().into_iter().map(|(_, _, key)| key).collect();
    assert_eq!(keys.len(), 3);
}

fn one_run_for_a_key(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let start =
        |process: &Process| process.ask(process.host.start(plan(), request("three", 2, Some("the key")))).unwrap();
    let Started::New(run) = start(&process) else { panic!("the first one starts it") };
    process.until_it_rests(&run);
    assert_eq!(start(&process), Started::Existing(run.clone()));
    let beside = Process::open(deployment, &services);
    assert_eq!(start(&beside), Started::Existing(run.clone()));
    beside.kill();
    process.kill();
    deployment.died();
    let next = Process::open(deployment, &services);
    assert_eq!(start(&next), Started::Existing(run));
    assert_eq!(services.calls().len(), 3);
}

fn refuses_what_does_not_fit(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let mut misfit = request("three", 2, Some("k"));
    misfit.input = serde_json::json!({ "n": "two" });
    for request in [request("thirty", 2, Some("k")), misfit] {
        let refused = process.ask(process.host.start(plan(), request));
        assert!(matches!(refused, Err(Error::Request(_))), "{refused:?}");
    }
    assert!(services.calls().is_empty());
    // The key was not used up.
    let started = process.ask(process.host.start(plan(), request("three", 2, Some("k"))));
    assert!(matches!(started, Ok(Started::New(_))), "{started:?}");
}

fn knows_no_other_runs(deployment: &dyn Deployment) {
    let process = Process::open(deployment, &Services::new());
    let none = Error::NoRun("nothing".to_owned());
    assert_eq!(process.ask(process.host.history("nothing")), Err(none.clone()));
    assert_eq!(process.ask(process.host.state("nothing")).err(), Some(none.clone()));
    assert_eq!(process.cancel("nothing"), Err(none));
}

fn undoes_in_reverse(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let run = process.start("three", 7);
    let state = process.until_it_rests(&run);
    assert_eq!(state.status, Status::Compensated);
    assert_eq!(services.said(), ["write 1", "write 7", "write 3", "undo id-3", "undo id-7", "undo id-1"]);
    let refused = process.start("once", 13);
    assert_eq!(process.until_it_rests(&refused).status, Status::Compensated);
    assert_eq!(services.said()[6..], ["write 1", "once 13", "undo id-1"]);
}

fn decides(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let run = process.start("three", 100);
    let question = process.question(&run);
    assert_eq!(question.input, serde_json::json!({ "n": 100 }));
    let lost = |by: &str, digest: &str| {
        let decided =
            gov_runtime::core::Decided { digest: digest.to_owned(), ..says(&question, by, Verdict::Approved) };
        matches!(process.decide(&run, decided), Ok(Answer::Lost(_)))
    };
    assert!(lost("user:eve", &question.digest), "one who may not");
    assert!(lost("agent:w", &question.digest), "the one who asks");
    assert!(lost("user:ann", "something else"), "about something else");
    assert_eq!(services.said(), ["write 1"]);
    assert_eq!(process.decide(&run, says(&question, "user:ann", Verdict::Approved)), Ok(Answer::Won));
    let late = process.decide(&run, says(&question, "user:bob", Verdict::Rejected));
    assert!(matches!(late, Ok(Answer::Lost(_))), "{late:?}");
    assert_eq!(process.until_it_rests(&run).status, Status::Completed);
}

fn tells_of_what_waits(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let told = |wanted: &(String, Notified)| {
        let since = std::time::Instant::now();
        while !services.notices().contains(wanted) {
            assert!(since.elapsed() < super::PATIENCE, "{:?}", services.notices());
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    };
    // Who does not answer keeps neither this run from going on, nor somebody else from being told.
    services.hears(Notified::Hanging);
    let hanging = process.start("three", 100);
    told(&(hanging.clone(), Notified::Hanging));
    services.hears(Notified::Well);
    let well = process.start("three", 100);
    told(&(well.clone(), Notified::Well));
    let question = process.question(&hanging);
    assert_eq!(process.decide(&hanging, says(&question, "user:ann", Verdict::Approved)), Ok(Answer::Won));
    assert_eq!(process.until_it_rests(&hanging).status, Status::Completed);
    let of = |run: &String| services.notices().into_iter().filter(|(of, _)| of == run).count();
    let of_hanging = of(&hanging);
    // What nobody took is told again by the next process; what was decided is not.
    services.hears(Notified::Refused);
    let refused = process.start("three", 100);
    told(&(refused.clone(), Notified::Refused));
    process.kill();
    deployment.died();
    services.hears(Notified::Well);
    let next = Process::open(deployment, &services);
    told(&(refused.clone(), Notified::Well));
    let later = next.start("three", 100);
    told(&(later, Notified::Well));
    assert_eq!(of(&hanging), of_hanging, "{:?}", services.notices());
}

fn binds_to_the_run(deployment: &dyn Deployment) {
    let process = Process::open(deployment, &Services::new());
    let (one, other) = (process.start("three", 100), process.start("three", 100));
    let (question, _) = (process.question(&one), process.question(&other));
    let replayed = process.decide(&other, says(&question, "user:ann", Verdict::Approved));
    assert!(matches!(replayed, Ok(Answer::Lost(_))), "{replayed:?}");
}

fn quorum(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let run = process.start("three", 200);
    let question = process.question(&run);
    let yes = |by: &str| process.decide(&run, says(&question, by, Verdict::Approved)).unwrap();
    assert_eq!(yes("user:ann"), Answer::Won);
    assert!(matches!(yes("user:ann"), Answer::Lost(_)), "the same one again");
    assert_eq!(services.said(), ["write 1"]);
    assert_eq!(yes("user:bob"), Answer::Won);
    assert_eq!(process.until_it_rests(&run).status, Status::Completed);
}

fn expires(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let run = process.start("three", 300);
    let question = process.question(&run);
    assert_eq!(process.until_it_rests(&run).status, Status::Compensated);
    let late = process.decide(&run, says(&question, "user:ann", Verdict::Approved));
    assert!(matches!(late, Ok(Answer::Lost(_))), "{late:?}");
    assert_eq!(services.said(), ["write 1", "undo id-1"]);
}

fn cancels(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let run = process.start("three", 100);
    process.question(&run);
    assert_eq!(process.cancel(&run), Ok(Answer::Won));
    assert_eq!(process.until_it_rests(&run).status, Status::Cancelled);
    assert!(matches!(process.cancel(&run), Ok(Answer::Lost(_))));
    assert_eq!(services.said(), ["write 1", "undo id-1"]);
}

/// Cuts a run off in its second step, and gives the process after that.
fn cut_off(
    deployment: &dyn Deployment,
    services: &std::sync::Arc<Services>,
    workflow: &str,
    n: i64,
) -> (Process, String) {
    let process = Process::open(deployment, services);
    let run = process.start(workflow, n);
    services.wait_for(2);
    process.kill();
    deployment.died();
    services.work();
    (Process::open(deployment, services), run)
}

fn repeats_after_a_crash(deployment: &dyn Deployment) {
    let services = Services::new();
    services.hang(2, true);
    let (process, run) = cut_off(deployment, &services, "three", 2);
    assert_eq!(process.until_it_rests(&run).status, Status::Completed);
    assert_eq!(services.said(), ["write 1", "write 2", "write 2", "write 3"]);
    let calls = services.calls();
    assert_eq!(calls[1].2, calls[2].2);
}

fn makes_what_did_not_happen(deployment: &dyn Deployment) {
    let services = Services::new();
    services.hang(2, false);
    let (process, run) = cut_off(deployment, &services, "once", 2);
    assert_eq!(process.until_it_rests(&run).status, Status::Completed);
    assert_eq!(services.said(), ["write 1", "once 2", "once 2"]);
}

fn keeps_what_happened(deployment: &dyn Deployment) {
    let services = Services::new();
    services.hang(7, true);
    let (process, run) = cut_off(deployment, &services, "once", 7);
    assert_eq!(process.until_it_rests(&run).status, Status::Compensated);
    assert_eq!(services.said(), ["write 1", "once 7", "undo id-7", "undo id-1"]);
}

fn leaves_doubt_to_a_human(deployment: &dyn Deployment) {
    let services = Services::new();
    services.hang(7, true);
    services.forget();
    let (process, run) = cut_off(deployment, &services, "once", 7);
    let state = process.until_it_rests(&run);
    assert_eq!(account(&state), [("one".to_owned(), "done"), ("two".to_owned(), "in_doubt")]);
    let resolve = |place: &str| {
        let finding = Finding::Happened { output: output(7) };
        let (place, by) = (Place(place.to_owned()), "user:ann".to_owned());
        process.ask(process.host.resolve(&run, Resolved { place, by, finding, comment: String::new() }))
    };
    assert!(matches!(resolve("1"), Ok(Answer::Lost(_))), "nothing is in doubt there");
    assert_eq!(resolve("2"), Ok(Answer::Won));
    assert_eq!(process.until(&run, |state| state.status.is_final()).status, Status::Compensated);
    assert_eq!(services.said(), ["write 1", "once 7", "undo id-7", "undo id-1"]);
}

fn fires_overdue_timers(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let run = process.start("later", 2);
    process.until(&run, |state| state.status == Status::Waiting);
    process.kill();
    deployment.died();
    std::thread::sleep(std::time::Duration::from_millis(250));
    let process = Process::open(deployment, &services);
    assert_eq!(process.until_it_rests(&run).status, Status::Completed);
    assert_eq!(services.said(), ["write 1", "write 2"]);
}

fn hears_of_other_processes(deployment: &dyn Deployment) {
    let services = Services::new();
    services.hang(2, false);
    let (one, other) = (Process::open(deployment, &services), Process::open(deployment, &services));
    let waits = one.start("three", 100);
    let question = one.question(&waits);
    assert_eq!(other.decide(&waits, says(&question, "user:ann", Verdict::Approved)), Ok(Answer::Won));
    assert_eq!(one.until_it_rests(&waits).status, Status::Completed);
    services.wait_for(3);
    let driven = one.start("three", 2);
    services.wait_for(5);
    // The other one passes on what it is told, and makes no call of its own.
    assert_eq!(other.cancel(&driven), Ok(Answer::Won));
    assert_eq!(services.calls().len(), 5, "{:?}", services.said());
}

fn many_at_once(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    let runs: Vec<String> = (0..64).map(|n| process.start("three", if n % 2 == 0 { 2 } else { 7 })).collect();
    for (index, run) in runs.iter().enumerate() {
        let wanted = if index % 2 == 0 { Status::Completed } else { Status::Compensated };
        assert_eq!(process.until_it_rests(run).status, wanted);
        let history = process.ask(process.host.history(run)).unwrap();
        assert_eq!(first_deviation(plan(), run, &history), None);
    }
    let keys: BTreeSet<String> = services.calls().into_iter().map(|(_, _, key)| key).collect();
    assert_eq!(keys.len(), 32 * 3 + 32 * 6);
}
