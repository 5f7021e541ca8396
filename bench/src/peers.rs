//! The peers: programs of `bench/peers`, a workspace of its own, and Restate's server, from the npm registry. Both are got only
//! when somebody measures them, and pinned: by `Cargo.lock`, and by the hashes of `bench/peers/restate/package-lock.json`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::row::Row;

/// What a peer's program prints about decisions.
#[derive(Deserialize)]
struct Decisions {
    /// A `1` for each request that it allows, and a `0` for each other one.
    answers: String,
    rows: Vec<Row>,
}

/// What a peer's program prints about runs.
#[derive(Deserialize)]
struct Runs {
    rows: Vec<Row>,
}

/// What a side says about the rules of a set, or about pairs of them.
#[derive(Debug, Deserialize)]
pub struct Analysis {
    /// Whose analysis it is.
    pub who: String,
    /// A `1` for each question with the answer yes, and a `0` for each other one, as far as it came within its bound.
    pub answers: String,
    /// How many questions there are.
    pub asked: usize,
    /// What it took, in nanoseconds.
    pub took: f64,
}

/// Where what is built goes.
fn target() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::env::var_os("CARGO_TARGET_DIR").map_or(own, PathBuf::from)
}

/// Builds the peers' program; what it is asked for then goes by [`decisions`] and the like.
///
/// # Errors
///
/// If it cannot be built.
pub fn build() -> Result<PathBuf, Box<dyn Error>> {
    let target = target().join("peers");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(folder())
        .status()
        .map_err(|why| format!("the peers cannot be built: {why}"))?;
    if built.success() {
        Ok(target.join("release/gov-bench-peers"))
    } else {
        Err("the peers cannot be built: see what cargo says above".into())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn ask<T: DeserializeOwned>(program: &Path, arguments: &[&str]) -> Result<T, Box<dyn Error>> {
    let ran = Command::new(program).args(arguments).output()?;
    if !ran.status.success() {
        return Err(format!("`{}`: {}", arguments.join(" "), String::from_utf8_lossy(&ran.stderr)).into());
    }
    Ok(serde_json::from_slice(&ran.stdout)?)
}

/// What a peer decides about the workload, and how fast.
///
/// # Errors
///
/// If it fails.
pub fn decisions(program: &Path, peer: &str, size: usize) -> Result<(Vec<bool>, Vec<Row>), Box<dyn Error>> {
    let Decisions { answers, rows } = ask(program, &["decisions", peer, &size.to_string()])?;
    Ok((answers.bytes().map(|answer| answer == b'1').collect(), rows))
}

/// What Cedar's analysis finds out about a set or about pairs within so long.
///
/// # Errors
///
/// If it fails.
pub fn analysis(program: &Path, question: &[&str], bound: Duration) -> Result<Analysis, Box<dyn Error>> {
    let seconds = bound.as_secs().to_string();
    ask(program, &[&["proofs"], question, &[&seconds]].concat())
}

/// What Restate takes for runs.
///
/// # Errors
///
/// If its server or its service cannot be had, or fails.
pub fn restate(lasts: Duration) -> Result<Vec<Row>, Box<dyn Error>> {
    let program = build()?;
    let server = restate_server()?.display().to_string();
    let Runs { rows } = ask(&program, &["runs", &server, &lasts.as_secs().to_string()])?;
    Ok(rows)
}

/// Restate's server, which is installed where it is not yet. No script of a package runs.
fn restate_server() -> Result<PathBuf, Box<dyn Error>> {
    let (pins, place) = (folder().join("restate"), target().join("restate"));
    let lock = fs::read(pins.join("package-lock.json"))?;
    let packages = place.join("node_modules/@restatedev");
    if !packages.is_dir() || fs::read(place.join("package-lock.json")).ok().as_ref() != Some(&lock) {
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place)?;
        fs::copy(pins.join("package.json"), place.join("package.json"))?;
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        fs::write(place.join("package-lock.json"), &lock)?;
        let ran = Command::new("npm").args(arguments).current_dir(&place).output();
        let ran = ran.map_err(|why| format!("npm, which its server comes with, does not start: {why}"))?;
        if !ran.status.success() {
            return Err(format!("its server cannot be installed: {}", String::from_utf8_lossy(&ran.stderr)).into());
        }
    }
    let servers = fs::read_dir(packages).into_iter().flatten().filter_map(Result::ok);
    let mut servers =
        servers.map(|package| package.path().join("bin/restate-server")).filter(|server| server.is_file());
    servers.next().ok_or_else(|| "there is no server for this system in the npm registry".into())
}
