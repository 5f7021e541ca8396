//! What was measured, as a table for people, as data, and as charts.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::chart;
use crate::measure;
use crate::row::Row;

/// Growth above this is said to be so.
const LINEAR: f64 = 1.2;

/// Growth that is more than linear, and why: the curve's name, whose it is, and a sentence.
const REASONS: [(&str, &str, &str); 2] = [
    (
        "proofs, dense, with amounts",
        "gov",
        "There are 50 actions whatever the number of rules, so that the rules about each grow with it. A rule is asked about \
         beside those that meet it, and each witness is decided again by the rules of its action, in order.",
    ),
    (
        "proofs, workflow",
        "gov",
        "What can fail after each step is looked at for each step, so that a part of the work grows with the square of the steps.",
    ),
];

/// Prints the table, and writes it as `results.md` into `folder`, with data and charts in `results` below it.
///
/// # Errors
///
/// If something cannot be written.
pub fn write(rows: &[Row], folder: &Path) -> Result<(), Box<dyn Error>> {
    let data = folder.join("results");
    fs::create_dir_all(&data)?;
    let mut text = format!("# Measured\n\nMade by `make bench`.\n\n{}\n", machine(&data)?);
    for name in names(rows) {
        let of: Vec<&Row> = rows.iter().filter(|row| row.name == name).collect();
        text.push_str(&table(name, &of));
        if let Some(picture) = chart::draw(name, &of)? {
            let file = format!("{}.svg", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
            fs::write(data.join(&file), picture)?;
            let _ = writeln!(text, "\n![{name}](results/{file})");
        }
    }
    fs::write(folder.join("results.md"), &text)?;
    fs::write(data.join("results.json"), serde_json::to_string_pretty(rows)?)?;
    print_table(&text);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn print_table(text: &str) {
    println!("{text}");
}

/// What was measured, in the order of the measurements, each once.
fn names(rows: &[Row]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    names
}

fn table(name: &str, rows: &[&Row]) -> String {
    let mut text = format!(
        "\n## {name}\n\n| whose | size | median | least | 99th percentile | beside Gov | |\n|---|--:|--:|--:|--:|--:|---|\n"
    );
    let gov = |size: f64| rows.iter().find(|row| row.who == "gov" && row.size == size).map(|row| row.times.median);
    for row in rows {
        let beside = match gov(row.size) {
            Some(gov) if row.who != "gov" && gov > 0.0 => format!("{:.2}×", row.times.median / gov),
            _ => String::new(),
        };
        let [median, least, p99] =
            [row.times.median, row.times.least, row.times.p99].map(|figure| shown(figure, &row.unit));
        let (size, of) = (row.size, &row.of);
        let _ = writeln!(text, "| {} | {size} {of} | {median} | {least} | {p99} | {beside} | {} |", row.who, row.note);
    }
    for who in names_of(rows) {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter(|row| row.who == who && row.size > 0.0)
            .map(|row| (row.size, row.times.median))
            .collect();
        if let Some(exponent) = measure::exponent(&points) {
            let reason = REASONS.iter().find(|(of, whose, _)| *of == name && *whose == who).map(|(.., why)| *why);
            let beyond = match (exponent > LINEAR, reason) {
                (false, _) => String::new(),
                (true, Some(why)) => format!(": more than linear. {why}"),
                (true, None) => ": more than linear".to_owned(),
            };
            let _ = writeln!(text, "\n{who} grows with the power {exponent:.2} of the size{beyond}.");
        }
    }
    text
}

fn names_of<'r>(rows: &[&'r Row]) -> Vec<&'r str> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.who.as_str()) {
            names.push(&row.who);
        }
    }
    names
}

/// A figure with a unit that fits it.
fn shown(figure: f64, unit: &str) -> String {
    let scaled = |steps: &[(f64, &str)]| {
        let step = steps.iter().rev().find(|(least, _)| figure >= *least).or(steps.first());
        step.map_or_else(String::new, |(least, name)| format!("{:.3} {name}", figure / least))
    };
    match unit {
        "ns" => scaled(&[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")]),
        "bytes" => scaled(&[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")]),
        unit => format!("{figure:.0} {unit}"),
    }
}

/// The machine, the versions, and what the disk can do, as a list.
fn machine(folder: &Path) -> Result<String, Box<dyn Error>> {
    let first = |program: &str, arguments: &[&str]| {
        let ran = Command::new(program).args(arguments).output().ok();
        let text = ran.map(|ran| String::from_utf8_lossy(&ran.stdout).into_owned()).unwrap_or_default();
        text.lines().next().unwrap_or("unknown").to_owned()
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("unknown")
        .trim_start_matches([' ', '\t', ':'])
        .to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(format!(
        "- processor: {cpu}, {cores} cores\n- system: {}\n- compiler: {}\n- revision: {}\n- the disk's own rate: {:.0} fdatasync a second",
        first("uname", &["-sr"]),
        first("rustc", &["--version"]),
        first("git", &["describe", "--always", "--dirty"]),
        measure::fdatasync_rate(folder)?,
    ))
}
