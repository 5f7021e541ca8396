//! Gov's side of the runs: the package, the host over SQLite, and what is measured of it in a process of its own, so that its
//! memory is its own and it can be killed. Each step gives what it was given and one more, so that a run of `n` gives `n + 3`.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gov_runtime::Plan;
use gov_runtime::core::Status;
use gov_runtime::gate::{Call, Error as Trouble, Handler, Handlers, Later};
use gov_runtime::host::sqlite::Sqlite;
use gov_runtime::host::{Embedded, Host, Options, Request};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value as Json, json};

use crate::measure::{self, Times};

/// What a process that measures is asked to be.
pub const CHILD: &str = "child";

const PACKAGE: &str = r#"package bench
capability t.nothing: write {
    input { n: Int }
    output { n: Int }
    compensate with t.back { n: n }
    idempotent
    handler http { method: "POST", url: "https://bench.example/" }
}
capability t.back: write {
    input { n: Int }
    compensate none because "it is itself an undo"
    retry until success
    idempotent
    handler http { method: "POST", url: "https://bench.example/" }
}
policy p {
    default deny
    escalate never because "nobody is there to ask"
    allow any to t.*
}
workflow three(n: Int) -> { n: Int } {
    principal agent:w
    policy p
    step one = t.nothing { n: n }
    step two = t.nothing { n: one.n }
    step three = t.nothing { n: two.n }
    return { n: three.n }
}
workflow waits() {
    principal agent:w
    policy p
    wait 30d
}
workflow pauses() {
    principal agent:w
    policy p
    wait 30s
}
"#;

/// The plan of the package.
///
/// # Errors
///
/// If it does not compile.
pub fn plan() -> Result<Plan, Box<dyn Error>> {
    Ok(gov_tests::simulated::compile(PACKAGE).ok_or("the package is sound")?.plan)
}

/// A handler that adds one.
struct Adds;

impl Handler for Adds {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Trouble>> {
        Box::pin(std::future::ready(Ok(one_more(call))))
    }
}

/// A handler that adds one, but in the second step never comes back.
#[derive(Default)]
struct Holds {
    held: Arc<AtomicUsize>,
}

impl Handler for Holds {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Trouble>> {
        if call.label() != "two" {
            return Box::pin(std::future::ready(Ok(one_more(call))));
        }
        self.held.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::pending())
    }
}

fn one_more(call: &Call) -> Json {
    let n = call.input().get("n").and_then(Json::as_i64).unwrap_or_default();
    json!({ "n": n.saturating_add(1) })
}

/// Handlers that do next to nothing.
pub fn handlers() -> Handlers {
    handled_by(Adds)
}

fn handled_by(handler: impl Handler + 'static) -> Handlers {
    let mut handlers = Handlers::new();
    handlers.external("http", Arc::new(handler));
    handlers
}

/// A host over a database.
///
/// # Errors
///
/// If it cannot be opened.
pub fn host(path: &Path, process: &str, handlers: Handlers) -> Result<Embedded, Box<dyn Error>> {
    Ok(Embedded::new(Sqlite::open(path, process)?, Options { handlers, ..Options::default() }))
}

/// A request to run a workflow.
pub fn request(workflow: &str, input: Json) -> Request {
    let (workflow, context, roles) = (workflow.to_owned(), json!({}), Vec::new());
    Request { workflow, input, context, roles, tenant: None, caller: None, key: None, trace: None }
}

/// A runtime as all sides of the comparison have it.
///
/// # Errors
///
/// If it cannot be started.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// How fast runs complete.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Rate {
    /// How many in a second.
    pub per_second: f64,
    /// How long each takes, in nanoseconds.
    pub times: Times,
    /// What the processes occupy that keep the journal, in bytes.
    pub memory: f64,
}

/// Runs so many at once for so long, in a process of its own.
///
/// # Errors
///
/// If a run does not complete with the right result.
pub fn rate(at_once: usize, lasts: Duration) -> Result<Rate, Box<dyn Error>> {
    child(&["rate", &at_once.to_string(), &lasts.as_secs().to_string()])
}

/// How long it takes from the start of a process until `count` runs have completed that were in their second step when the last
/// process was killed, in nanoseconds.
///
/// # Errors
///
/// If one of them is lost, or gives another result.
pub fn recovery(count: usize) -> Result<f64, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("gov.db").display().to_string();
    let mut killed = Command::new(std::env::current_exe()?)
        .args([CHILD, "hold", &database, &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let output = killed.stdout.take().ok_or("the process says nothing")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line)?;
    killed.kill()?;
    killed.wait()?;
    if line.trim() != count.to_string() {
        return Err(format!("not all of {count} runs came to their second step: `{}`", line.trim()).into());
    }
    let (took, recovered) = measure::once(|| child::<usize>(&["recover", &database]));
    match recovered? {
        recovered if recovered == count => Ok(took),
        recovered => Err(format!("{recovered} of {count} runs were recovered").into()),
    }
}

/// Asks a process of this program for something, as [`answer`] gives it.
///
/// # Errors
///
/// If it fails.
pub fn child<T: DeserializeOwned>(arguments: &[&str]) -> Result<T, Box<dyn Error>> {
    let ran = Command::new(std::env::current_exe()?).arg(CHILD).args(arguments).stderr(Stdio::inherit()).output()?;
    if !ran.status.success() {
        return Err(format!("`{}` failed", arguments.join(" ")).into());
    }
    Ok(serde_json::from_slice(&ran.stdout)?)
}

/// What such a process prints.
///
/// # Errors
///
/// If it cannot do what it is asked for.
pub fn answer(arguments: &[&str]) -> Result<Json, Box<dyn Error>> {
    match arguments {
        ["rate", at_once, seconds] => {
            Ok(serde_json::to_value(run_many(at_once.parse()?, Duration::from_secs(seconds.parse()?))?)?)
        }
        ["hold", database, count] => hold(Path::new(database), count.parse()?),
        ["recover", database] => Ok(runtime()?.block_on(recover(Path::new(database)))?.into()),
        other => Err(format!("nobody asks for {other:?}").into()),
    }
}

fn run_many(at_once: usize, lasts: Duration) -> Result<Rate, Box<dyn Error>> {
    let (plan, folder) = (plan()?, tempfile::tempdir()?);
    runtime()?.block_on(async {
        let host = Arc::new(host(&folder.path().join("gov.db"), "bench", handlers())?);
        let began = Instant::now();
        let tasks: Vec<_> = (0..at_once)
            .map(|first| {
                let (host, plan) = (Arc::clone(&host), plan.clone());
                tokio::spawn(async move {
                    let (mut times, mut runs) = (Vec::new(), Vec::new());
                    while began.elapsed() < lasts {
                        let start = Instant::now();
                        let started = host.start(&plan, request("three", json!({ "n": first }))).await?;
                        let status = host.settled(started.run()).await?;
                        times.push(start.elapsed().as_nanos() as f64);
                        runs.push((started.run().to_owned(), status));
                    }
                    Ok::<_, gov_runtime::host::Error>((times, runs))
                })
            })
            .collect();
        let (mut times, mut runs) = (Vec::new(), Vec::new());
        for task in tasks {
            let (own_times, own_runs) = task.await??;
            times.extend(own_times);
            runs.extend(own_runs);
        }
        let per_second = runs.len() as f64 / began.elapsed().as_secs_f64();
        let memory = measure::memory().0 as f64;
        if let Some((run, status)) = runs.iter().find(|(_, status)| *status != Status::Completed) {
            return Err(format!("run {run} is {status:?}").into());
        }
        // That all are completed was said by each; the results of some are read again from the journal.
        for (run, _) in runs.iter().step_by(runs.len().div_ceil(1_000).max(1)) {
            is_right(&host, run).await?;
        }
        Ok(Rate { per_second, times: Times::of(times), memory })
    })
}

/// Looks at what a run gives.
async fn is_right(host: &Embedded, run: &str) -> Result<(), Box<dyn Error>> {
    let state = host.state(run).await?;
    let given = state.output().map(gov_plan::value::Value::to_json);
    let n = state.start.as_ref().and_then(|start| start.input.get("n")?.as_i64()).ok_or("a run has its input")?;
    match given {
        Some(given) if given == json!({ "n": n + 3 }) => Ok(()),
        given => Err(format!("run {run} of {n} gives {given:?}").into()),
    }
}

/// Starts runs, says that they are in their second step once all are, and stays there until it is killed.
#[expect(clippy::print_stdout, reason = "whoever kills this process waits for the line")]
fn hold(database: &Path, count: usize) -> Result<Json, Box<dyn Error>> {
    let plan = plan()?;
    runtime()?.block_on(async {
        let holds = Holds::default();
        let held = Arc::clone(&holds.held);
        let host = Arc::new(host(database, "killed", handled_by(holds))?);
        for n in 0..count {
            host.start(&plan, request("three", json!({ "n": n }))).await?;
        }
        while held.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        println!("{count}");
        std::future::pending().await
    })
}

/// Goes on with every run of a database until all have completed, and looks at each result. How many there were.
async fn recover(database: &Path) -> Result<usize, Box<dyn Error>> {
    let host = Arc::new(host(database, "recovers", handlers())?);
    let runs = host.recover().await?;
    for run in &runs {
        match host.settled(run).await? {
            Status::Completed => is_right(&host, run).await?,
            status => return Err(format!("run {run} is {status:?}").into()),
        }
    }
    Ok(runs.len())
}
