//! Restate: its server, as its makers build it, and a service of three durable steps that do next to nothing.
//!
//! `gov-bench-peers runs SERVER SECONDS` starts the server on loopback, in a folder of its own, and serves the steps from this
//! process, which outlives the server where that is killed.

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener as Bound};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use restate_sdk::prelude::*;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::measure;

type Trouble = Box<dyn Error + Send + Sync>;

/// How many runs are under way at once, as on Gov's side.
const AT_ONCE: [usize; 4] = [1, 16, 64, 256];

/// How many runs are in flight when the server is killed.
const IN_FLIGHT: usize = 1_000;

/// How long it is waited for what has to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Three steps; each gives what it was given and one more.
struct Three {
    /// Whether the second step may go on.
    open: watch::Receiver<bool>,
    /// How many second steps wait.
    waiting: Arc<AtomicUsize>,
}

#[restate_sdk::service]
impl Three {
    #[handler]
    async fn go(&self, ctx: Context<'_>, n: u64) -> Result<u64, HandlerError> {
        let one = ctx.run(|| async move { Ok(n + 1) }).name("one").await?;
        let mut open = self.open.clone();
        let two = ctx
            .run(|| async move {
                if !*open.borrow() {
                    self.waiting.fetch_add(1, Ordering::SeqCst);
                    open.wait_for(|open| *open).await?;
                }
                Ok(one + 1)
            })
            .name("two")
            .await?;
        Ok(ctx.run(|| async move { Ok(two + 1) }).name("three").await?)
    }
}

/// A server that ends with this.
struct Server {
    program: PathBuf,
    folder: tempfile::TempDir,
    ports: [u16; 3],
    child: Child,
}

impl Server {
    fn start(program: &Path) -> Result<Server, Trouble> {
        let folder = tempfile::tempdir()?;
        let ports = [port()?, port()?, port()?];
        let child = spawn(program, folder.path(), ports)?;
        Ok(Server { program: program.to_owned(), folder, ports, child })
    }

    fn ingress(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.ports[0])
    }

    fn admin(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.ports[1])
    }

    /// Ends it at once, as `kill -9` does.
    fn kill(&mut self) -> Result<(), Trouble> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn again(&mut self) -> Result<(), Trouble> {
        self.child = spawn(&self.program, self.folder.path(), self.ports)?;
        Ok(())
    }

    /// What it occupies, in bytes.
    fn memory(&self) -> u64 {
        measure::memory_of(&self.child.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// A port that is free.
fn port() -> Result<u16, Trouble> {
    Ok(Bound::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn spawn(program: &Path, folder: &Path, [ingress, admin, node]: [u16; 3]) -> Result<Child, Trouble> {
    let address = |port: u16| format!("127.0.0.1:{port}");
    let log = std::fs::File::create(folder.join("log"))?;
    Ok(Command::new(program)
        .args(["--no-logo", "--listen-mode", "tcp", "--node-name", "bench", "--log-filter", "warn", "--base-dir"])
        .arg(folder.join("data"))
        .current_dir(folder)
        .env("RESTATE_DISABLE_TELEMETRY", "true")
        .env("RESTATE_BIND_IP", "127.0.0.1")
        .env("RESTATE_ADVERTISED_HOST", "127.0.0.1")
        .env("RESTATE_INGRESS__BIND_ADDRESS", address(ingress))
        .env("RESTATE_ADMIN__BIND_ADDRESS", address(admin))
        .env("RESTATE_ADMIN__DISABLE_WEB_UI", "true")
        .env("RESTATE_BIND_ADDRESS", address(node))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?)
}

pub fn runs(server: &str, seconds: &str) -> Result<Value, Box<dyn Error>> {
    let lasts = Duration::from_secs(seconds.parse()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let rows = runtime.block_on(measured(Path::new(server), lasts)).map_err(|why| why.to_string())?;
    Ok(json!({ "rows": rows }))
}

async fn measured(program: &Path, lasts: Duration) -> Result<Vec<Value>, Trouble> {
    let version = Command::new(program).arg("--version").output()?;
    let version = String::from_utf8_lossy(&version.stdout);
    let who = format!("Restate {}", version.split_whitespace().last().unwrap_or("of an unknown version"));

    let (gate, open) = watch::channel(true);
    let waiting = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let service = format!("http://{}", listener.local_addr()?);
    let endpoint = Endpoint::builder().bind(Three { open, waiting: Arc::clone(&waiting) }).build();
    tokio::spawn(HttpServer::new(endpoint).serve(listener));

    let mut server = Server::start(program)?;
    let client = Client::new();
    register(&client, &server, &service).await?;
    // The first call tells whether the service works at all; its answer is looked at like every other.
    let began = Instant::now();
    while let Err(why) = call(&client, &server.ingress("Three/go"), 0).await {
        if began.elapsed() > PATIENCE {
            return Err(why);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let mut rows = Vec::new();
    for at_once in AT_ONCE {
        let (rate, times) = rate(&client, &server.ingress("Three/go"), at_once, lasts).await?;
        let same = |figure: f64| json!({ "least": figure, "median": figure, "p99": figure });
        let row = |name: &str, times: Value, unit: &str, note: &str| {
            json!({
                "name": name, "who": who, "size": at_once as f64, "of": "at once", "times": times, "unit": unit, "note": note,
            })
        };
        rows.push(row(
            "runs",
            same(rate),
            "runs per second",
            "one node as it comes, a service on its Rust SDK, calls over HTTP",
        ));
        rows.push(row("runs, latency", measure::times(times), "ns", "from the call to its answer"));
        let memory = server.memory() as f64;
        rows.push(row("runs, memory", same(memory), "bytes", "of the server alone"));
    }
    let took = recovery(&client, &mut server, &gate, &waiting).await?;
    rows.push(json!({
        "name": "recovery after kill -9", "who": who, "size": IN_FLIGHT as f64, "of": "runs in flight", "times": measure::times(vec![took]),
        "unit": "ns", "note": "the server was killed; its service lived on, and each result was looked at",
    }));
    Ok(rows)
}

/// Tells the server of the service, as soon as it listens.
async fn register(client: &Client, server: &Server, service: &str) -> Result<(), Trouble> {
    let began = Instant::now();
    loop {
        let asked = client.post(server.admin("deployments")).json(&json!({ "uri": service })).send().await;
        let why = match asked {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.text().await?,
            Err(why) => why.to_string(),
        };
        if began.elapsed() > PATIENCE {
            let log = std::fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
            return Err(format!("the server takes no service: {why}\n{log}").into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A run, whose result has to be the right one.
async fn call(client: &Client, address: &str, n: u64) -> Result<(), Trouble> {
    let answer = client.post(address).json(&n).send().await?.error_for_status()?.json::<u64>().await?;
    right(n, answer)
}

fn right(n: u64, answer: u64) -> Result<(), Trouble> {
    if answer == n + 3 { Ok(()) } else { Err(format!("a run of {n} gives {answer}").into()) }
}

/// Runs that complete in a second, and how long each takes.
async fn rate(client: &Client, address: &str, at_once: usize, lasts: Duration) -> Result<(f64, Vec<f64>), Trouble> {
    let began = Instant::now();
    let callers: Vec<_> = (0..at_once as u64)
        .map(|first| {
            let (client, address) = (client.clone(), address.to_owned());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while began.elapsed() < lasts {
                    let start = Instant::now();
                    call(&client, &address, first).await?;
                    times.push(start.elapsed().as_nanos() as f64);
                }
                Ok::<_, Trouble>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for caller in callers {
        times.extend(caller.await??);
    }
    Ok((times.len() as f64 / began.elapsed().as_secs_f64(), times))
}

/// From the start of a new server until each run that was in flight when the last one was killed has its result, in nanoseconds.
async fn recovery(
    client: &Client,
    server: &mut Server,
    gate: &watch::Sender<bool>,
    waiting: &AtomicUsize,
) -> Result<f64, Trouble> {
    gate.send_replace(false);
    waiting.store(0, Ordering::SeqCst);
    for run in 0..IN_FLIGHT as u64 {
        let send = client.post(server.ingress("Three/go/send")).header("idempotency-key", format!("run-{run}"));
        send.json(&run).send().await?.error_for_status()?;
    }
    let began = Instant::now();
    while waiting.load(Ordering::SeqCst) < IN_FLIGHT {
        if began.elapsed() > PATIENCE {
            return Err(format!("only {} runs are in their second step", waiting.load(Ordering::SeqCst)).into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.kill()?;
    gate.send_replace(true);

    let began = Instant::now();
    server.again()?;
    let address = server.ingress("Three/go");
    // One asks whether it is there again, and then everybody: a thousand that ask all the time would keep it from starting.
    result(client, &address, 0, began, Duration::from_millis(20)).await?;
    let askers: Vec<_> = (1..IN_FLIGHT as u64)
        .map(|run| {
            let (client, address) = (client.clone(), address.clone());
            tokio::spawn(async move { result(&client, &address, run, began, Duration::from_millis(250)).await })
        })
        .collect();
    for asker in askers {
        asker.await??;
    }
    Ok(began.elapsed().as_nanos() as f64)
}

/// Waits for the result of a run that was sent with a key. The same key is the same run: this starts nothing.
async fn result(client: &Client, address: &str, run: u64, began: Instant, pause: Duration) -> Result<(), Trouble> {
    loop {
        let again = client.post(address).header("idempotency-key", format!("run-{run}")).json(&run);
        let why = match again.timeout(PATIENCE).send().await {
            Ok(answer) if answer.status().is_success() => return right(run, answer.json().await?),
            Ok(answer) => answer.text().await?,
            Err(why) => format!("{why:?}"),
        };
        if began.elapsed() > PATIENCE {
            return Err(format!("run {run} is not recovered: {why}").into());
        }
        tokio::time::sleep(pause).await;
    }
}
