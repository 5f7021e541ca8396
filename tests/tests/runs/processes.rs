//! Real processes on a real database: killed at any instant, side by side, and without room to write.
//!
//! A process is this very test program, started again as [`a_process`] with its orders in the environment. Its service notes
//! in a file what it does, each line in one write, so that the file tells the truth whatever becomes of the process.

use gov_runtime::gate::{Call, Error as Trouble, Handler, Handlers, Later, Probe};
use gov_runtime::host::sqlite::Sqlite;
use gov_runtime::host::{Embedded, Error, Host, Options, Request, first_broken};
use gov_runtime::replay::first_deviation;
use gov_tests::Sandbox;
use gov_tests::random::{Random, cases};
use gov_tests::simulated::{Compiled, compile};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// `t.once` may not be made twice, and its service can tell; `n` of 7 fails in the end.
const PACKAGE: &str = r#"package processes
capability t.once: write {
    input { n: Int }
    output { id: String }
    compensate with t.undo { id: output.id }
    retry 1 times
    handler http { method: "POST", url: "https://processes.example/" }
}
capability t.again: write {
    input { n: Int }
    output { id: String }
    compensate with t.undo { id: output.id }
    retry 3 times
    idempotent
    handler http { method: "POST", url: "https://processes.example/" }
}
capability t.undo: write {
    input { id: String }
    compensate none because "it is itself an undo"
    retry until success
    idempotent
    handler http { method: "POST", url: "https://processes.example/" }
}
policy p {
    default deny
    escalate never because "nobody is there to ask"
    allow any to t.*
}
workflow work(n: Int) {
    principal agent:w
    policy p
    step one = t.again { n: n }
    step two = t.once { n: n }
    wait 5ms
    parallel {
        step three = t.once { n: 3 }
        step four = t.again { n: 4 }
    }
    check n != 7 else "seven is too many"
}
"#;

fn compiled() -> Compiled {
    compile(PACKAGE).expect("the package is sound")
}

/// Notes each call in a file as `begins`, `happens` and `ends`.
struct Noting {
    file: PathBuf,
    process: String,
}

impl Noting {
    fn note(&self, what: &str, call: &Call) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.file).unwrap();
        let line = format!("{what} {} {} {}\n", call.key(), self.process, call.capability());
        file.write_all(line.as_bytes()).unwrap();
    }
}

impl Handler for Noting {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Trouble>> {
        Box::pin(async move {
            self.note("begins", call);
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.note("happens", call);
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.note("ends", call);
            Ok(if call.capability() == "t.undo" { json!({}) } else { json!({ "id": "it" }) })
        })
    }

    fn probe<'a>(&'a self, call: &'a Call) -> Later<'a, Probe> {
        let noted = std::fs::read_to_string(&self.file).unwrap_or_default();
        let happened = noted.contains(&format!("happens {} ", call.key()));
        let output = if call.capability() == "t.undo" { json!({}) } else { json!({ "id": "it" }) };
        Box::pin(std::future::ready(if happened { Probe::Happened(output) } else { Probe::DidNotHappen }))
    }
}

fn host(folder: &Path, process: &str) -> Result<Embedded, Error> {
    let mut handlers = Handlers::new();
    let noting = Noting { file: folder.join("world"), process: process.to_owned() };
    handlers.external("http", Arc::new(noting));
    let store = Sqlite::open(&folder.join("gov.db"), process)?;
    Ok(Embedded::new(store, Options { handlers, ..Options::default() }))
}

fn request(index: u64) -> Request {
    Request {
        workflow: "work".to_owned(),
        input: json!({ "n": if index % 3 == 2 { 7 } else { 1 } }),
        context: json!({}),
        roles: Vec::new(),
        tenant: None,
        caller: None,
        key: Some(format!("run {index}")),
        trace: None,
    }
}

/// Starts the runs that its orders name, takes up what was left, and ends when all of them rest. Each run that it was told
/// of as durable it prints, and each that has come to rest.
fn work(folder: &Path, process: &str, runs: u64) -> Result<(), Error> {
    let compiled = compiled();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let host = host(folder, process)?;
        let mut failures = host.failures();
        host.recover().await?;
        let mut started = Vec::new();
        for index in 0..runs {
            let run = host.start(&compiled.plan, request(index)).await?.run().to_owned();
            println!("durable {run}");
            started.push(run);
        }
        for run in &started {
            while !host.state(run).await?.status.is_final() {
                // What another process leaves is taken up, and what cannot be written ends this one.
                host.recover().await?;
                if let Ok((_, error)) = failures.try_recv() {
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            println!("rests {run}");
        }
        Ok(())
    })
}

#[test]
fn a_process() {
    let Ok(folder) = std::env::var("GOV_PROCESS_FOLDER") else { return };
    let (process, runs) = (std::env::var("GOV_PROCESS_NAME").unwrap(), std::env::var("GOV_PROCESS_RUNS").unwrap());
    if let Err(error) = work(Path::new(&folder), &process, runs.parse().unwrap()) {
        println!("error {error}");
        std::process::exit(3);
    }
}

fn spawn(folder: &Sandbox, name: &str, runs: u64) -> Child {
    ordered(Command::new(std::env::current_exe().unwrap()), folder, name, runs)
        .args(["--exact", "processes::a_process", "--nocapture"])
        .spawn()
        .unwrap()
}

fn ordered(mut command: Command, folder: &Sandbox, name: &str, runs: u64) -> Command {
    command
        .env("GOV_PROCESS_FOLDER", folder.path("."))
        .env("GOV_PROCESS_NAME", name)
        .env("GOV_PROCESS_RUNS", runs.to_string())
        .stdout(Stdio::piped());
    command
}

fn finish(process: Child) -> String {
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether everything that was promised is there, nothing was made twice, and the ends are those of the workflow.
fn hold(folder: &Sandbox, runs: u64) {
    let compiled = compiled();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let host = host(&folder.path("."), "the one that looks").unwrap();
        let kept = host.store().runs(&[], u32::MAX).await.unwrap();
        assert_eq!(kept.len() as u64, runs);
        let mut ends: BTreeMap<String, u64> = BTreeMap::new();
        for summary in kept {
            let history = host.history(&summary.run).await.unwrap();
            assert_eq!(first_broken(&summary.run, &history), None);
            assert_eq!(first_deviation(&compiled.plan, &summary.run, &history), None);
            *ends.entry(summary.status.to_string()).or_default() += 1;
        }
        let seven = (0..runs).filter(|index| index % 3 == 2).count() as u64;
        let expected = [("completed", runs - seven), ("compensated", seven)];
        let expected = expected.into_iter().filter(|(_, count)| *count > 0);
        assert_eq!(ends, expected.map(|(state, count)| (state.to_owned(), count)).collect());
    });
    // No two that lived at the same time worked on one call, and what may happen once happened once.
    let noted = std::fs::read_to_string(folder.path("world")).unwrap();
    let mut happened: BTreeMap<&str, u32> = BTreeMap::new();
    for line in noted.lines().filter(|line| line.starts_with("happens") && line.ends_with("t.once")) {
        *happened.entry(line.split(' ').nth(1).unwrap()).or_default() += 1;
    }
    let twice: Vec<_> = happened.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn a_process_that_is_killed_at_any_time_loses_nothing() {
    let mut random = Random::new(7);
    let folder = Sandbox::new().unwrap();
    let mut promised = BTreeSet::new();
    let kills = cases(4).min(100);
    for kill in 0..kills {
        let mut process = spawn(&folder, &format!("killed{kill}"), 6 + kill / 2);
        std::thread::sleep(Duration::from_millis(200 + random.below(400)));
        process.kill().unwrap();
        let said = String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap();
        promised.extend(said.lines().filter_map(|line| line.strip_prefix("durable ").map(str::to_owned)));
    }
    let runs = 6 + kills / 2;
    let said = finish(spawn(&folder, "the last one", runs));
    let rested: BTreeSet<String> =
        said.lines().filter_map(|line| line.strip_prefix("rests ").map(str::to_owned)).collect();
    assert!(promised.is_subset(&rested), "{promised:?} {rested:?}");
    println!("{kills} kills, {} runs were promised before the last process", promised.len());
    hold(&folder, runs);
}

#[test]
fn processes_side_by_side_never_make_a_call_twice_at_the_same_time() {
    let folder = Sandbox::new().unwrap();
    let processes: Vec<Child> = (0..3).map(|index| spawn(&folder, &format!("process{index}"), 20)).collect();
    let said: Vec<String> = processes.into_iter().map(finish).collect();
    let runs = |said: &String| said.lines().filter(|line| line.starts_with("rests")).count();
    assert!(said.iter().all(|said| runs(said) == 20), "{said:?}");
    hold(&folder, 20);
    let noted = std::fs::read_to_string(folder.path("world")).unwrap();
    let mut working: BTreeMap<&str, &str> = BTreeMap::new();
    for line in noted.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, key, process, _] = words[..] else { panic!("{line}") };
        match what {
            "begins" => assert_eq!(working.insert(key, process), None, "two work on {key}: {line}"),
            "ends" => assert_eq!(working.remove(key), Some(process)),
            _ => {}
        }
    }
    assert!(working.is_empty(), "{working:?}");
}

/// A process that may write files of no more than so many blocks of 1024 bytes.
#[test]
fn without_room_a_clear_error_and_nothing_promised_is_lost() {
    let folder = Sandbox::new().unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut shell = Command::new("bash");
    let limited = "trap '' XFSZ; ulimit -f 160; exec \"$0\" --exact processes::a_process --nocapture";
    shell.args(["-c", limited]).arg(&exe);
    let output = ordered(shell, &folder, "small", 60).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write to") && said.contains("gov.db"), "{said}");
    let promised: BTreeSet<&str> = said.lines().filter_map(|line| line.strip_prefix("durable ")).collect();
    assert!(!promised.is_empty(), "{said}");
    let after = finish(spawn(&folder, "large", 60));
    let rested: BTreeSet<&str> = after.lines().filter_map(|line| line.strip_prefix("rests ")).collect();
    assert!(promised.is_subset(&rested), "{promised:?} {rested:?}");
    hold(&folder, 60);
}
