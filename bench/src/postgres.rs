//! A journal in PostgreSQL with one statement for each entry, in a cluster of its own: what a durable run costs where every step
//! is a round trip to a server.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

use crate::measure::{self, Times};
use crate::three::{Rate, runtime};

/// A server that ends with this.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    /// Its version.
    pub version: String,
}

impl Cluster {
    /// Starts one that syncs every commit, and takes as many clients as are measured.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed, or does not start.
    pub fn start(clients: usize) -> Result<Cluster, Box<dyn Error>> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let programs = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").is_file());
        let programs = programs.max().ok_or("there is no PostgreSQL (Debian: apt-get install postgresql)")?;
        let made = unprivileged("mktemp").args(["-d", "-p"]).arg(std::env::temp_dir()).output()?;
        let folder = PathBuf::from(String::from_utf8(made.stdout)?.trim());
        let version = unprivileged(&programs.join("postgres").display().to_string()).arg("--version").output()?;
        let version = String::from_utf8(version.stdout)?;
        let version = version.split_whitespace().nth(2).unwrap_or("of an unknown version").to_owned();
        let cluster = Cluster { programs, folder, version };
        let data = cluster.folder.join("data").display().to_string();
        cluster.run("initdb", &["-U", "gov", "-A", "trust", "-D", &data])?;
        let options = format!(
            "-c listen_addresses= -c fsync=on -c synchronous_commit=on -c max_connections={} -k {}",
            clients.saturating_add(10),
            cluster.folder.display()
        );
        cluster.run("pg_ctl", &["-D", &data, "-o", &options, "-l", "/dev/null", "-w", "start"])?;
        Ok(cluster)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        let program = self.programs.join(program).display().to_string();
        let mut command = unprivileged(&program);
        let status = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(format!("{program} {arguments:?}: {status}").into()) }
    }

    /// What the server and its children occupy, in bytes; what they share is counted once.
    fn memory(&self) -> f64 {
        let first = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let parent = first.lines().next().unwrap_or_default().to_owned();
        let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let own = processes.map(|process| process.path()).filter(|process| {
            let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
            process.ends_with(&parent) || measure::field(&status, "PPid:").is_some_and(|id| id == parent)
        });
        let share = |process: PathBuf| std::fs::read_to_string(process.join("smaps_rollup")).unwrap_or_default();
        own.map(|process| measure::kilobytes(&share(process), "Pss:") as f64 * 1024.0).sum()
    }

    async fn client(&self) -> Result<Client, tokio_postgres::Error> {
        let address = format!("host={} user=gov dbname=postgres", self.folder.display());
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// How fast runs of so many entries are written, by so many clients at once.
    ///
    /// # Errors
    ///
    /// If a statement fails.
    pub fn journal(&self, at_once: usize, entries: i32, lasts: Duration) -> Result<Rate, Box<dyn Error>> {
        runtime()?.block_on(async {
            let table = format!("journal_{at_once}");
            self.client()
                .await?
                .batch_execute(&format!(
                    "DROP TABLE IF EXISTS {table};
                     CREATE TABLE {table} (run bigint, sequence int, body text, hash text, PRIMARY KEY (run, sequence))"
                ))
                .await?;
            let mut clients = Vec::with_capacity(at_once);
            for _ in 0..at_once {
                clients.push(self.client().await?);
            }
            let began = Instant::now();
            let writers = clients.into_iter().zip(0_i64..).map(|(client, first)| {
                let insert = format!("INSERT INTO {table} VALUES ($1, $2, $3, $4)");
                tokio::spawn(async move {
                    let insert = client.prepare(&insert).await?;
                    let (body, hash) = ("x".repeat(900), "0".repeat(64));
                    let (mut runs, mut times) = (0_i64, Vec::new());
                    while began.elapsed() < lasts {
                        let start = Instant::now();
                        let run = first.saturating_mul(1_000_000_000).saturating_add(runs);
                        for sequence in 0..entries {
                            client.execute(&insert, &[&run, &sequence, &body, &hash]).await?;
                        }
                        runs += 1;
                        times.push(start.elapsed().as_nanos() as f64);
                    }
                    // The client goes along, so that its server is still there to be looked at.
                    Ok::<_, tokio_postgres::Error>((times, client))
                })
            });
            let (mut times, mut clients) = (Vec::new(), Vec::new());
            for writer in writers.collect::<Vec<_>>() {
                let (own, client) = writer.await??;
                times.extend(own);
                clients.push(client);
            }
            let per_second = times.len() as f64 / began.elapsed().as_secs_f64();
            let written: i64 =
                self.client().await?.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?.get(0);
            if written != times.len() as i64 * i64::from(entries) {
                return Err(format!("PostgreSQL has {written} entries of {} runs", times.len()).into());
            }
            Ok(Rate { per_second, times: Times::of(times), memory: self.memory() })
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.join("data").display().to_string();
        let _ = self.run("pg_ctl", &["-m", "immediate", "-D", &data, "stop"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A program, as a user that PostgreSQL starts for: not as root.
fn unprivileged(program: &str) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new(if root { "runuser" } else { program });
    if root {
        command.args(["-u", "postgres", "--", program]);
    }
    command.current_dir(Path::new("/"));
    command
}
