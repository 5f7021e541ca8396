//! Measures Gov beside its peers: `make bench` builds everything and runs this.
//!
//! `gov-bench [SUITE]… [--without-peers] [--most-rules N]`, SUITE one of `decisions proofs language program editor runs`; all of them
//! where none is named. Figures go to standard output as a table, and to `bench/results.md` with
//! data and charts in `bench/results`.

mod chart;
mod decisions;
mod editor;
mod language;
mod measure;
mod package;
mod peers;
mod plain;
mod postgres;
mod proofs;
mod report;
mod row;
mod runs;

use std::error::Error;
use std::path::{Path, PathBuf};

use row::Row;

const SUITES: [&str; 6] = ["decisions", "proofs", "language", "program", "editor", "runs"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut suites: Vec<String> = Vec::new();
    let (mut with_peers, mut most_rules) = (true, 100_000);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--without-peers" => with_peers = false,
            "--most-rules" => most_rules = arguments.next().ok_or("`--most-rules` takes a number")?.parse()?,
            suite if SUITES.contains(&suite) => suites.push(argument),
            other => return Err(format!("there is no suite `{other}`: {}", SUITES.join(", ")).into()),
        }
    }
    let wanted = |suite: &str| suites.is_empty() || suites.iter().any(|own| own == suite);
    let mut rows: Vec<Row> = Vec::new();
    if wanted("decisions") {
        let peers = if with_peers { peers::build()? } else { Vec::new() };
        rows.extend(decisions::run(&peers)?);
    }
    if wanted("proofs") {
        rows.extend(proofs::run(most_rules)?);
    }
    if wanted("language") {
        rows.extend(language::run()?);
    }
    if wanted("program") {
        rows.extend(language::program(&gov()?)?);
    }
    if wanted("editor") {
        rows.extend(editor::run(&gov()?)?);
    }
    if wanted("runs") {
        rows.extend(runs::run(&gov()?, with_peers)?);
    }
    report::write(&rows, Path::new(env!("CARGO_MANIFEST_DIR")))
}

/// The program, which lies beside this one.
fn gov() -> Result<PathBuf, Box<dyn Error>> {
    let gov = std::env::current_exe()?.with_file_name("gov");
    if gov.exists() { Ok(gov) } else { Err("`gov` is not built: `make bench` does it".into()) }
}
