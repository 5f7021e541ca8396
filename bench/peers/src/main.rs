//! Peers of Gov on the workload of `gov-bench-workload`: `gov-bench-peers decisions cedar 1000` prints a JSON object with the
//! answers and the figures. `gov-bench` runs it.

mod casbin;
mod cedar;
mod measure;
mod regorus;

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
    let [suite, peer, size] = arguments.as_slice() else {
        return Err("usage: gov-bench-peers decisions cedar|regorus|casbin SIZE".into());
    };
    let size: usize = size.parse()?;
    let measured = match (suite.as_str(), peer.as_str()) {
        ("decisions", "cedar") => cedar::decisions(size)?,
        ("decisions", "regorus") => regorus::decisions(size)?,
        ("decisions", "casbin") => casbin::decisions(size)?,
        _ => return Err(format!("there is no `{peer}` in `{suite}`").into()),
    };
    println!("{}", report(size, measured));
    Ok(())
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
