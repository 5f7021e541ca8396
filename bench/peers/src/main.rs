//! Peers of Gov on the workload of `gov-bench-workload`: `gov-bench-peers decisions cedar 1000` prints a JSON object with the
//! answers and the figures; so do `proofs` and `runs`. `gov-bench` runs it, in a process of its own for each figure of memory.

mod casbin;
mod cedar;
mod measure;
mod proofs;
mod regorus;
mod restate;

use std::error::Error;

use serde_json::{Value, json};

/// What a peer gives: what it allows, the times of single decisions and of loading in nanoseconds, and the memory in bytes.
struct Measured {
    who: &'static str,
    answers: Vec<bool>,
    decisions: Vec<f64>,
    loads: Vec<f64>,
    held: u64,
    note: &'static str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = match arguments.as_slice() {
        ["decisions", peer, size] => {
            let size: usize = size.parse()?;
            report(size, decisions(peer, size)?)
        }
        ["proofs", rest @ ..] => proofs::analyse(rest)?,
        ["runs", server, seconds] => restate::runs(server, seconds)?,
        _ => {
            return Err(
                "usage: gov-bench-peers decisions cedar|regorus|casbin SIZE; proofs …; runs SERVER SECONDS".into()
            );
        }
    };
    println!("{printed}");
    Ok(())
}

fn decisions(peer: &str, size: usize) -> Result<Measured, Box<dyn Error>> {
    match peer {
        "cedar" => cedar::decisions(size),
        "regorus" => regorus::decisions(size),
        "casbin" => casbin::decisions(size),
        _ => Err(format!("there is no `{peer}`").into()),
    }
}

fn report(size: usize, measured: Measured) -> Value {
    let row = |name: &str, times: Value, unit: &str, note: &str| {
        json!({
            "name": name, "who": measured.who, "size": size as f64, "of": "rules", "times": times, "unit": unit, "note": note,
        })
    };
    let answers: String = measured.answers.iter().map(|allowed| if *allowed { '1' } else { '0' }).collect();
    let held = measured.held as f64;
    let held = json!({ "least": held, "median": held, "p99": held });
    json!({
        "answers": answers,
        "rows": [
            row("decision", measure::times(measured.decisions.clone()), "ns", measured.note),
            row("loading", measure::times(measured.loads.clone()), "ns", "from its policies' text"),
            row("memory", held, "bytes", "what loading adds to the process"),
        ],
    })
}
