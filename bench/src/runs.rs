//! Runs: three-step workflows whose handlers do nothing, every entry durable before anything depends on it. Beside them, in the
//! same place and the same minute, what the disk itself syncs, and what a journal in SQLite takes that does nothing else (`raw`).

use std::error::Error;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gov_runtime::Plan;
use gov_runtime::core::{Command, Event, EventKind, Outcome, Start, State, step};
use gov_runtime::gate::Gate;
use gov_runtime::host::Host;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::measure::{self, Times};
use crate::peers;
use crate::postgres;
use crate::raw;
use crate::row::Row;
use crate::suite::Suite;
use crate::three::{self, Rate, handlers, host, request};

/// How long each figure is taken that has nothing to be compared with.
const LASTS: Duration = Duration::from_secs(3);

/// The turns that are taken with what is compared, and how long each lasts: what a disk syncs in a second may be a tenth of that
/// in the next.
const TURNS: usize = 5;
const TURN: Duration = Duration::from_secs(1);

/// How many runs are under way at once.
const AT_ONCE: [usize; 4] = [1, 16, 64, 256];

/// The entries of the journal of one run: its start, and an outcome for each step. Each is a write of its own.
const ENTRIES: usize = 4;

/// How many runs are in flight when the process is killed that drives them.
const IN_FLIGHT: usize = 1_000;

/// The runs that wait while nothing happens.
const WAITING: usize = 100_000;

/// How many calls at the gate are timed.
const GATED: usize = 20_000;

/// All figures about runs.
///
/// # Errors
///
/// If there is no room for the database, or a run does not complete with the right result.
pub fn run(suite: &mut Suite, gov: &Path, with_peers: bool) -> Result<(), Box<dyn Error>> {
    let plan = three::plan()?;
    let most = AT_ONCE.into_iter().max().unwrap_or(1);
    let postgres = if with_peers { suite.unless_absent("PostgreSQL", postgres::Cluster::start(most)) } else { None };
    for at_once in AT_ONCE {
        let (mut ours, mut journals, mut batches) = (Vec::new(), Vec::new(), Vec::new());
        let (mut theirs, mut shares) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            let (runs, journal) = (three::rate(at_once, TURN)?, raw::journal(at_once, ENTRIES, TURN)?);
            shares.push(100.0 * runs.per_second / journal);
            ours.push(runs);
            journals.push(journal);
            batches.push(raw::batches(at_once, ENTRIES, TURN)?);
            if let Some(cluster) = &postgres {
                theirs.push(cluster.journal(at_once, ENTRIES as i32, TURN)?);
            }
        }
        shares.sort_by(f64::total_cmp);
        let [least, middle, most] = [0, TURNS / 2, TURNS - 1].map(|at| shares.get(at).copied().unwrap_or_default());
        let note = format!(
            "{middle:.0} % of the raw journal's rate in the same turn ({least:.0} to {most:.0} % in {TURNS}); in a process, over SQLite"
        );
        let memory = "of the process that calls, runs and keeps the journal";
        suite
            .rows
            .extend(middle_of(ours).map(|rate| rated("gov", at_once, &rate, &note, memory)).into_iter().flatten());
        let note =
            "so many clients that wait for each entry, one writer that commits what has gathered, and nothing else";
        suite.rows.push(per_second("runs", "raw SQLite journal", at_once, Times::of(journals).median).noting(note));
        let note = "a loop that commits so many entries at once and waits for nobody: no journal is faster";
        suite.rows.push(per_second("runs", "SQLite in batches", at_once, Times::of(batches).median).noting(note));
        if let Some((cluster, rate)) = postgres.as_ref().zip(middle_of(theirs)) {
            let who = format!("PostgreSQL {} journal", cluster.version);
            let note = "a statement for each entry, a connection for each run; nothing drives it";
            suite.rows.extend(rated(&who, at_once, &rate, note, "of all of the cluster's processes"));
        }
    }
    drop(postgres);
    let recovered = three::recovery(IN_FLIGHT)?;
    let note = "the process was killed; from the start of a new one until each result was looked at";
    let name = "recovery after kill -9";
    suite.rows.push(Row::time(name, "gov", IN_FLIGHT, "runs in flight", Times::of(vec![recovered])).noting(note));
    if with_peers && let Some(rows) = suite.unless_absent("Restate", peers::restate(LASTS)) {
        suite.rows.extend(rows);
    }
    suite.rows.push(per_second("syncs", "this disk (fdatasync)", 1, syncs()?));
    suite.rows.push(Row::time("gate", "gov", 1, "call", gate(&plan)?));
    suite.rows.push(idle(&plan, gov)?);
    suite.rows.extend(waiting(&plan)?);
    Ok(())
}

/// The turn in the middle, by how many runs it completed.
fn middle_of(mut turns: Vec<Rate>) -> Option<Rate> {
    turns.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    turns.get(turns.len() / 2).copied()
}

/// The rows about one rate.
fn rated(who: &str, at_once: usize, rate: &Rate, note: &str, memory: &str) -> [Row; 3] {
    [
        per_second("runs", who, at_once, rate.per_second).noting(note),
        Row::time("runs, latency", who, at_once, "at once", rate.times)
            .noting("from the request to the end of the run"),
        Row::figure("runs, memory", who, at_once, "at once", rate.memory, "bytes").noting(memory),
    ]
}

fn per_second(name: &str, who: &str, at_once: usize, figure: f64) -> Row {
    Row::figure(name, who, at_once, "at once", figure, &format!("{name} per second"))
}

/// What the disk syncs in a second: a block appended, and made durable.
fn syncs() -> Result<f64, Box<dyn Error>> {
    use std::io::Write;
    let mut file = tempfile::tempfile()?;
    let (began, mut syncs) = (Instant::now(), 0_u32);
    while began.elapsed() < LASTS {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / began.elapsed().as_secs_f64())
}

/// A call at the gate whose handler does nothing: all that is looked at, the decision among it.
fn gate(plan: &Plan) -> Result<Times, Box<dyn Error>> {
    let start = Start {
        run: "bench".to_owned(),
        trace: "bench".to_owned(),
        plan: plan.digest().to_owned(),
        workflow: "three".to_owned(),
        input: json!({ "n": 1 }),
        context: json!({}),
        roles: Vec::new(),
        tenant: None,
        caller: None,
        seed: 0,
    };
    let began = Event { at: 0, kind: EventKind::Started(Box::new(start.clone())) };
    let commands = step(plan.package(), State::default(), &began).1;
    let effect = commands.into_iter().find_map(|command| match command {
        Command::RunEffect(effect) => Some(effect),
        _ => None,
    });
    let effect = effect.ok_or("the workflow makes a call")?;
    let gate = Gate::new(handlers());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let call = || runtime.block_on(gate.call(plan, &start, &effect));
    match call() {
        EventKind::Outcome { outcome: Outcome::Ok { .. }, .. } => Ok(measure::repeat(GATED, call)),
        other => Err(format!("the gate does not let the call through: {other:?}").into()),
    }
}

/// The memory of a process that does nothing but wait for a timer of the one run that it drives.
fn idle(plan: &Plan, gov: &Path) -> Result<Row, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("plan.json"), plan.document())?;
    let mut command = std::process::Command::new(gov);
    command.args(["run", "plan.json", "pauses", "--input", "{}"]).current_dir(folder.path());
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    std::thread::sleep(LASTS);
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    process.kill()?;
    process.wait()?;
    let [all, own] = ["VmRSS:", "RssAnon:"].map(|name| measure::kilobytes(&status, name).saturating_mul(1024));
    let note = format!("{:.1} MB are its own; the rest are pages of programs on the disk", own as f64 / 1e6);
    Ok(Row::figure("memory", "gov, waiting", 1, "run", all as f64, "bytes").noting(note))
}

/// What runs cost that wait: until a process has taken them up, its memory, and the processor's time of a while in which
/// nothing happens.
fn waiting(plan: &Plan) -> Result<Vec<Row>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("gov.db");
    let runtime = three::runtime()?;
    let begun = runtime.block_on(async {
        let host = Arc::new(host(&path, "bench", handlers())?);
        let tasks: Vec<_> = (0..256)
            .map(|_| {
                let (host, plan) = (Arc::clone(&host), plan.clone());
                tokio::spawn(async move {
                    for _ in 0..WAITING.div_ceil(256) {
                        host.start(&plan, request("waits", json!({}))).await?;
                    }
                    Ok::<(), gov_runtime::host::Error>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        drop(host);
        Ok::<_, Box<dyn Error>>(())
    });
    runtime.shutdown_timeout(LASTS);
    begun?;
    let Idle { started, share, memory } = three::child(&["idle", &path.display().to_string()])?;
    let note = format!("{:.2} % of one processor", 100.0 * share);
    Ok(vec![
        Row::time("start", "gov", WAITING, "waiting runs", Times::of(vec![started])),
        Row::figure("idle memory", "gov", WAITING, "waiting runs", memory, "bytes").noting(note),
    ])
}

/// What a process costs that takes a database up in which nothing happens.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Idle {
    /// How long it takes to take it up, in nanoseconds.
    started: f64,
    /// The share of one processor that it takes from then on.
    share: f64,
    /// Its memory, in bytes.
    memory: f64,
}

/// Takes a database up and does nothing for a while: `gov-bench child idle DATABASE`.
///
/// # Errors
///
/// If it cannot be opened.
pub fn idling(database: &Path) -> Result<Idle, Box<dyn Error>> {
    three::runtime()?.block_on(async {
        let (taken, host) = measure::once(|| host(database, "idle", handlers()));
        let host = host?;
        let began = Instant::now();
        host.recover().await?;
        // The first answer comes once all that the start asks of the store is done.
        host.store().timers(0).await?;
        let started = taken + began.elapsed().as_nanos() as f64;
        let before = processor();
        tokio::time::sleep(LASTS).await;
        let share = (processor() - before) / LASTS.as_secs_f64();
        Ok(Idle { started, share, memory: measure::memory().0 as f64 })
    })
}

/// The processor's time of this process so far, in seconds; zero where the system does not say.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}
