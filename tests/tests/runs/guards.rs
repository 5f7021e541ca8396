//! What keeps processes that use one database out of each other's way, asked of the store itself: no clock, no chance.

use gov_runtime::core::{GateId, Question, Status};
use gov_runtime::host::sqlite::Sqlite;
use gov_runtime::host::{Claim, Commit, Error, NewRun, Store};
use gov_tests::Sandbox;
use serde_json::json;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

const RUN: &str = "r";

fn question() -> Question {
    Question {
        gate: GateId("1".to_owned()),
        label: "one".to_owned(),
        question: "go on?".to_owned(),
        requester: "agent:w".to_owned(),
        capability: None,
        input: json!({}),
        digest: "sha256:0".to_owned(),
        approvers: Vec::new(),
        quorum: 1,
        expiry: None,
        ruling: None,
    }
}

fn commit(epoch: i64) -> Commit {
    Commit { run: RUN.to_owned(), epoch, ..Commit::default() }
}

/// A run that nobody drives, and that asks something since the 10th millisecond.
async fn begin(store: &Sqlite) {
    store.keep_plan("sha256:0", "{}").await.unwrap();
    let status = Some(Status::Waiting);
    let first = Commit { at: 10, status, asked: vec![question()], notifies: true, release: true, ..commit(1) };
    let (run, workflow, plan) = (RUN.to_owned(), "w".to_owned(), "sha256:0".to_owned());
    store.create(NewRun { run, key: None, workflow, plan, place: None, commit: first }).await.unwrap();
}

fn with_two(work: impl AsyncFnOnce(Sqlite, Sqlite)) {
    let folder = Sandbox::new().unwrap();
    let path = folder.path("gov.db");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (one, other) = (Sqlite::open(&path, "one").unwrap(), Sqlite::open(&path, "other").unwrap());
        begin(&one).await;
        work(one, other).await;
    });
}

#[test]
fn only_who_drives_a_run_goes_on_with_it() {
    with_two(async |one, other| {
        let is_conflict = |written: Result<(), Error>| matches!(written, Err(Error::Conflict(_)));
        assert!(is_conflict(one.commit(commit(1)).await), "it was left");
        assert_eq!(one.claim(RUN).await, Ok(Claim::Mine(2)));
        assert_eq!(other.claim(RUN).await, Ok(Claim::Owned));
        assert!(is_conflict(other.commit(commit(2)).await), "it is another's");
        assert!(is_conflict(one.commit(commit(1)).await), "that was an earlier time");
        assert!(is_conflict(one.commit(Commit { after: 1, ..commit(2) }).await), "there is no such entry");
        assert_eq!(one.commit(commit(2)).await, Ok(()));
    });
}

#[test]
fn a_notice_is_of_one_process_at_a_time() {
    with_two(async |one, other| {
        let gate = question().gate;
        assert_eq!(one.take_untold(10, 1_000, 16).await.unwrap().len(), 1);
        assert_eq!(other.take_untold(10, 1_000, 16).await.unwrap().len(), 0, "it is another's");
        assert_eq!(other.take_untold(1_000, 2_000, 16).await.unwrap().len(), 1, "it was for a while");
        one.told(RUN, &gate, Some(1_500)).await.unwrap();
        assert_eq!(one.next_untold().await, Ok(Some(2_000)), "who is late does not put it off, or forward");
        one.inherit_untold(1_100).await.unwrap();
        assert_eq!(one.next_untold().await, Ok(Some(2_000)), "who lives keeps it");
        drop(other);
        one.inherit_untold(1_200).await.unwrap();
        assert_eq!(one.next_untold().await, Ok(Some(1_200)), "who is gone does not");
        one.told(RUN, &gate, None).await.unwrap();
        assert_eq!(one.next_untold().await, Ok(None));
    });
}

#[test]
fn all_who_come_to_a_new_database_at_once_are_let_in() {
    let folder = Sandbox::new().unwrap();
    for round in 0..25 {
        let path = folder.path(&format!("{round}.db"));
        let together = Barrier::new(8);
        std::thread::scope(|scope| {
            for process in 0..8 {
                let (path, together) = (&path, &together);
                scope.spawn(move || {
                    together.wait();
                    // Who leaves at once may be the last, and takes along what the next one has just found to be there.
                    for time in 0..3 {
                        Sqlite::open(path, &format!("process{process}_{time}")).map(drop).unwrap();
                    }
                });
            }
        });
    }
}

/// Whoever looks at a database while it is made sees none, or one of Gov's, and nothing in between.
#[test]
fn a_database_that_is_being_made_is_never_something_else() {
    let folder = Sandbox::new().unwrap();
    for round in 0..60 {
        let path = folder.path(&format!("{round}.db"));
        let made = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for process in 0..3 {
                let (path, made) = (&path, &made);
                scope.spawn(move || {
                    while !made.load(Ordering::Relaxed) {
                        let seen = Sqlite::look(path, &format!("process{process}")).map(drop);
                        assert!(!matches!(seen, Err(Error::Corrupt(_))), "{seen:?}");
                    }
                });
            }
            let opened = Sqlite::open(&path, "maker").map(drop);
            made.store(true, Ordering::Relaxed);
            opened.unwrap();
        });
    }
}
