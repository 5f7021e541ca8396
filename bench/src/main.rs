//! Measures Gov beside its peers: `make bench` builds everything and runs this.
//!
//! `gov-bench [SUITE]… [--without-peers] [--most-rules N] [--bound SECONDS]`, SUITE one of `decisions proofs language program
//! editor runs`; all of them where none is named. Figures go to standard output as tables, and to `bench/results.md` with data
//! and charts in `bench/results`. A suite that is not named keeps the figures that it had.
//!
//! `--bound` says how long a peer is asked about one set of rules until it is cut off (60 seconds where nothing is said), and
//! `--most-rules` how large such a set may be (100,000).

mod chart;
mod decisions;
mod editor;
mod explained;
mod language;
mod measure;
mod package;
mod peers;
mod plain;
mod postgres;
mod proofs;
mod raw;
mod report;
mod row;
mod runs;
mod suite;
mod three;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proofs::Bounds;
use suite::Suite;

/// The allocator of `gov`, which is what is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SUITES: [&str; 6] = ["decisions", "proofs", "language", "program", "editor", "runs"];

/// How long Gov may take for a set of rules, so that one ten times as large is proved as well.
const GOV_BOUND: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [three::CHILD, "loading", plan] => print(&decisions::loading(Path::new(plan))?.to_string()),
        [three::CHILD, "idle", database] => {
            print(&serde_json::to_string(&runs::idling(Path::new(database))?)?);
        }
        [three::CHILD, rest @ ..] => print(&three::answer(rest)?.to_string()),
        words => return measure_all(words),
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what is printed is what the program is for")]
fn print(text: &str) {
    println!("{text}");
}

fn measure_all(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut wanted: Vec<&str> = Vec::new();
    let mut with_peers = true;
    let mut bounds = Bounds { most_rules: 100_000, peer: Duration::from_secs(60), gov: GOV_BOUND };
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let mut number = || -> Result<u32, Box<dyn Error>> {
            let given = words.next().ok_or_else(|| format!("`{word}` takes a number"))?;
            given.parse().map_err(|_| format!("`{word}` takes a number, and `{given}` is none").into())
        };
        match word {
            "--without-peers" => with_peers = false,
            "--most-rules" => bounds.most_rules = number()? as usize,
            "--bound" => bounds.peer = Duration::from_secs(number()?.into()),
            suite if SUITES.contains(&suite) => wanted.push(suite),
            other => return Err(format!("there is no suite `{other}`: {}", SUITES.join(", ")).into()),
        }
    }
    if wanted.is_empty() {
        wanted.extend(SUITES);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut failed = Vec::new();
    for name in wanted {
        let suite = Suite::take(name, folder, |suite| take(suite, bounds, with_peers))?;
        failed.extend(suite.failed.iter().map(|why| format!("{name}: {why}")));
        // Written at once, so that one that breaks off takes no other with it.
        print(&report::write(suite, folder)?);
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

fn take(suite: &mut Suite, bounds: Bounds, with_peers: bool) -> Result<(), Box<dyn Error>> {
    let name = suite.name.clone();
    let mut peers = None;
    if with_peers && ["decisions", "proofs"].contains(&name.as_str()) {
        peers = suite.unless_absent("the peers", peers::build());
    }
    match name.as_str() {
        "decisions" => decisions::run(suite, peers.as_deref()),
        "proofs" => proofs::run(suite, bounds, peers.as_deref()),
        "language" => language::run(suite),
        "program" => language::program(suite, &gov()?),
        "editor" => editor::run(suite, &gov()?),
        _ => runs::run(suite, &gov()?, with_peers),
    }
}

/// The program, which lies beside this one.
fn gov() -> Result<PathBuf, Box<dyn Error>> {
    let gov = std::env::current_exe()?.with_file_name("gov");
    if gov.exists() { Ok(gov) } else { Err("`gov` is not built: `make bench` does it".into()) }
}
