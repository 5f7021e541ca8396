//! What one suite gave: its rows, what could not be measured, and where and on what it was taken.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::measure;
use crate::row::Row;

/// A suite that was run. Suites are kept apart, so that one of them can be taken anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// Its name: `decisions`.
    pub name: String,
    /// What was measured.
    pub rows: Vec<Row>,
    /// What could not be had, and why, in a sentence each.
    pub absent: Vec<String>,
    /// What went wrong that may not: answers that differ, for one.
    pub failed: Vec<String>,
    /// Processor, system and compiler.
    pub machine: String,
    /// The revision that was measured.
    pub revision: String,
    /// How often a second the disk makes something durable, before the suite and behind it.
    pub syncs: [f64; 2],
    /// How long all of it took, in seconds.
    pub lasted: f64,
}

impl Suite {
    /// Runs a suite. That it fails is kept with what it gave until then, so that the others go on.
    ///
    /// # Errors
    ///
    /// If the disk cannot be written to.
    pub fn take(
        name: &str,
        folder: &Path,
        run: impl FnOnce(&mut Suite) -> Result<(), Box<dyn Error>>,
    ) -> Result<Suite, Box<dyn Error>> {
        let mut suite = Suite { name: name.to_owned(), machine: machine(), revision: revision(), ..Suite::default() };
        let before = measure::fdatasync_rate(folder)?;
        let (took, ran) = measure::once(|| run(&mut suite));
        if let Err(why) = ran {
            suite.failed.push(why.to_string());
        }
        suite.syncs = [before, measure::fdatasync_rate(folder)?];
        suite.lasted = took / 1e9;
        Ok(suite)
    }

    /// What a peer gave; where it could not be had, that is noted and the suite goes on.
    pub fn unless_absent<T>(&mut self, who: &str, given: Result<T, Box<dyn Error>>) -> Option<T> {
        given.map_err(|why| self.absent.push(format!("{who}: {}", one_line(&why.to_string())))).ok()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first line of what a program prints.
fn first(program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok();
    let text = ran.map(|ran| String::from_utf8_lossy(&ran.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn revision() -> String {
    // What a run writes itself does not make the tree another one.
    let changed = first("git", &["status", "--porcelain", "--", ":/", ":!/bench/results.md", ":!/bench/results"]);
    let suffix = if changed == "unknown" || changed.is_empty() { "" } else { ", changed" };
    format!("{}{suffix}", first("git", &["rev-parse", "--short", "HEAD"]))
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let cpu = cpu.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = measure::kilobytes(&memory, "MemTotal:") as f64 / 1e6;
    format!(
        "{cpu}, {cores} cores, {memory:.0} GB; {}; {}; Z3 {}; {}",
        first("uname", &["-sr"]),
        first("rustc", &["--version"]),
        z3::full_version().trim_start_matches("Z3 "),
        first("cvc5", &["--version"]).trim_start_matches("This is ").split(" [").next().unwrap_or_default(),
    )
}
