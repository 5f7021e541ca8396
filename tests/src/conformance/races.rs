//! Two who want something at the same time: one of them wins, and everybody is told the same.

use super::{Case, Deployment, Notified, Process, Services, plan, request, says};
use gov_runtime::core::{Status, Verdict};
use gov_runtime::host::{Answer, Started};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

pub(super) const CASES: &[Case] = &[
    ("one says yes and one says no at once: one of them wins", yes_against_no),
    ("two say yes at once where two have to: both win", yes_and_yes),
    ("a decision comes as the time to decide ends", decision_against_deadline),
    ("a cancellation comes as the run completes", cancellation_against_completion),
    ("two processes start the same at once: one run", start_against_start),
    ("two processes come upon the same notices: each is told once", notices_of_one_that_died),
];

/// How often each race is run.
const ROUNDS: u64 = 12;

fn yes_against_no(deployment: &dyn Deployment) {
    let services = Services::new();
    let (one, other) = (Process::open(deployment, &services), Process::open(deployment, &services));
    for _ in 0..ROUNDS {
        let run = one.start("three", 100);
        let question = one.question(&run);
        let (yes, no) = std::thread::scope(|scope| {
            let yes = scope.spawn(|| one.decide(&run, says(&question, "user:ann", Verdict::Approved)).unwrap());
            let no = scope.spawn(|| other.decide(&run, says(&question, "user:bob", Verdict::Rejected)).unwrap());
            (yes.join().unwrap(), no.join().unwrap())
        });
        let end = one.until_it_rests(&run).status;
        let expected = if yes == Answer::Won { Status::Completed } else { Status::Compensated };
        assert_eq!(end, expected, "yes {yes:?}, no {no:?}");
        assert_ne!(yes == Answer::Won, no == Answer::Won, "yes {yes:?}, no {no:?}");
    }
}

fn yes_and_yes(deployment: &dyn Deployment) {
    let services = Services::new();
    let (one, other) = (Process::open(deployment, &services), Process::open(deployment, &services));
    for _ in 0..ROUNDS {
        let run = one.start("three", 200);
        let question = one.question(&run);
        let both = std::thread::scope(|scope| {
            let ann = scope.spawn(|| one.decide(&run, says(&question, "user:ann", Verdict::Approved)).unwrap());
            let bob = scope.spawn(|| other.decide(&run, says(&question, "user:bob", Verdict::Approved)).unwrap());
            [ann.join().unwrap(), bob.join().unwrap()]
        });
        assert_eq!(both, [Answer::Won, Answer::Won]);
        assert_eq!(one.until_it_rests(&run).status, Status::Completed);
    }
}

fn decision_against_deadline(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    for round in 0..ROUNDS {
        let run = process.start("three", 300);
        let question = process.question(&run);
        std::thread::sleep(Duration::from_millis(140 + round * 2));
        let said = process.decide(&run, says(&question, "user:ann", Verdict::Approved)).unwrap();
        let expected = if said == Answer::Won { Status::Completed } else { Status::Compensated };
        assert_eq!(process.until_it_rests(&run).status, expected, "{said:?}");
    }
}

fn cancellation_against_completion(deployment: &dyn Deployment) {
    let services = Services::new();
    let process = Process::open(deployment, &services);
    for round in 0..ROUNDS {
        let run = process.start("three", 2);
        std::thread::sleep(Duration::from_micros(round * 150));
        let said = process.cancel(&run).unwrap();
        let end = process.until_it_rests(&run).status;
        match said {
            Answer::Lost(_) => assert_eq!(end, Status::Completed),
            Answer::Won => assert_eq!(end, Status::Cancelled),
        }
    }
    let undone = services.said().iter().filter(|said| said.starts_with("undo")).count();
    let keys: BTreeSet<String> = services.calls().into_iter().map(|(_, _, key)| key).collect();
    assert_eq!(keys.len(), services.calls().len(), "nothing was done twice, nor undone twice ({undone} undone)");
}

fn start_against_start(deployment: &dyn Deployment) {
    let services = Services::new();
    let (one, other) = (Process::open(deployment, &services), Process::open(deployment, &services));
    for round in 0..ROUNDS {
        let key = format!("round {round}");
        let start =
            |process: &Process| process.ask(process.host.start(plan(), request("three", 2, Some(&key)))).unwrap();
        let both = std::thread::scope(|scope| {
            let (a, b) = (scope.spawn(|| start(&one)), scope.spawn(|| start(&other)));
            [a.join().unwrap(), b.join().unwrap()]
        });
        let new = both.iter().filter(|started| matches!(started, Started::New(_))).count();
        assert_eq!((new, both[0].run()), (1, both[1].run()));
        one.until_it_rests(both[0].run());
    }
    assert_eq!(services.calls().len(), 3 * usize::try_from(ROUNDS).unwrap());
}

/// Many more than are told at one time: what a process left that died is told by those that come after it, all of it at once,
/// and nothing of it by both.
fn notices_of_one_that_died(deployment: &dyn Deployment) {
    const WAITING: usize = 50;
    let services = Services::new();
    services.hears(Notified::Refused);
    let process = Process::open(deployment, &services);
    let runs: BTreeSet<String> = (0..WAITING).map(|_| process.start("three", 100)).collect();
    // Each was tried, so that each has to wait before it is tried again.
    let since = Instant::now();
    while services.notices().iter().map(|(run, _)| run).collect::<BTreeSet<_>>().len() < WAITING {
        assert!(since.elapsed() < super::PATIENCE, "{:?}", services.notices());
        std::thread::sleep(Duration::from_millis(2));
    }
    process.kill();
    deployment.died();
    services.hears(Notified::Well);
    let before = services.notices().len();
    let processes = [Process::open(deployment, &services), Process::open(deployment, &services)];
    let since = Instant::now();
    while services.notices().len() < before + WAITING {
        assert!(since.elapsed() < super::PATIENCE, "{:?}", services.notices());
        std::thread::sleep(Duration::from_millis(2));
    }
    // Whoever would tell them a second time gets the time to.
    std::thread::sleep(Duration::from_millis(200));
    let told = services.notices().split_off(before);
    assert_eq!(told.len(), WAITING, "{told:?}");
    assert_eq!(told.into_iter().map(|(run, _)| run).collect::<BTreeSet<_>>(), runs);
    drop(processes);
}
