//! The peers: programs of `bench/peers`, a workspace of its own, so that they are built only when somebody measures them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::row::Row;

/// A peer that was built.
#[derive(Debug)]
pub struct Peer {
    /// What it is asked to be: `cedar`.
    pub name: String,
    program: PathBuf,
}

/// What a peer's program prints about decisions.
#[derive(Deserialize)]
struct Decisions {
    /// A `1` for each request that it allows, and a `0` for each other one.
    answers: String,
    rows: Vec<Row>,
}

/// Builds the peers.
///
/// # Errors
///
/// If they cannot be built.
pub fn build() -> Result<Vec<Peer>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| folder.join("target"), |own| PathBuf::from(own).join("peers"));
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(&folder)
        .status()?;
    if !built.success() {
        return Err("the peers cannot be built".into());
    }
    let peer = |name: &str| Peer { name: name.to_owned(), program: target.join("release").join("gov-bench-peers") };
    Ok(["cedar", "regorus", "casbin"].map(peer).into_iter().collect())
}

impl Peer {
    /// What it decides about the workload, and how fast.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub fn decisions(&self, size: usize) -> Result<(Vec<bool>, Vec<Row>), Box<dyn Error>> {
        let ran = Command::new(&self.program).args(["decisions", &self.name, &size.to_string()]).output()?;
        if !ran.status.success() {
            return Err(format!("{}: {}", self.name, String::from_utf8_lossy(&ran.stderr)).into());
        }
        let Decisions { answers, rows } = serde_json::from_slice(&ran.stdout)?;
        Ok((answers.bytes().map(|answer| answer == b'1').collect(), rows))
    }
}
