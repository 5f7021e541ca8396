//! What was measured, as tables for people, as data, and as charts.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::chart;
use crate::explained;
use crate::measure::{self, Times};
use crate::row::Row;
use crate::suite::Suite;

/// Growth above this is said to be so.
const LINEAR: f64 = 1.2;

/// Puts a suite in the place of the one that was taken before, and writes all of them as `results.md` into `folder`, with data and
/// charts in `results` below it. What is said of this one.
///
/// # Errors
///
/// If something cannot be written.
pub fn write(suite: Suite, folder: &Path) -> Result<String, Box<dyn Error>> {
    let data = folder.join("results");
    fs::create_dir_all(&data)?;
    let mut suites = kept(&data);
    let own = section(&suite, &data)?;
    match suites.iter_mut().find(|other| other.name == suite.name) {
        Some(place) => *place = suite,
        None => suites.push(suite),
    }
    let at = |suite: &Suite| crate::SUITES.iter().position(|name| *name == suite.name);
    suites.sort_by_key(at);
    let mut text = HEAD.to_owned();
    for suite in &suites {
        text.push_str(&section(suite, &data)?);
    }
    fs::write(folder.join("results.md"), &text)?;
    fs::write(data.join("results.json"), serde_json::to_string_pretty(&suites)? + "\n")?;
    Ok(own)
}

const HEAD: &str = "# Measured

`make bench` made this page; `bench/results/results.json` has the figures. Both sides of each comparison had to give the same \
answers before either was timed.
Of each time there are the median, the least and the 99th percentile. A figure with `>` is of what was cut off, and would be \
larger.
";

/// What was written before, as far as it can be read.
fn kept(data: &Path) -> Vec<Suite> {
    let text = fs::read_to_string(data.join("results.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn section(suite: &Suite, data: &Path) -> Result<String, Box<dyn Error>> {
    let [before, after] = suite.syncs;
    let mut text = format!(
        "\n## {}\n\nAt revision {}, in {:.0} s, on: {}. The disk made 4 KiB durable {before:.0} times a second before, and \
         {after:.0} times after.\n",
        suite.name, suite.revision, suite.lasted, suite.machine,
    );
    for (heading, list) in [("Failed", &suite.failed), ("Not measured", &suite.absent)] {
        for line in list {
            let _ = write!(text, "\n**{heading}**: {line}\n");
        }
    }
    for name in names(&suite.rows) {
        let of: Vec<&Row> = suite.rows.iter().filter(|row| row.name == name).collect();
        text.push_str(&table(name, &of));
        if let Some(picture) = chart::draw(name, &of)? {
            let file = format!("{}.svg", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
            fs::write(data.join(&file), picture)?;
            let _ = writeln!(text, "\n![{name}](results/{file})");
        }
    }
    Ok(text)
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
        "\n### {name}\n\n| whose | size | median | least | 99th percentile | beside Gov | |\n|---|--:|--:|--:|--:|--:|---|\n"
    );
    let gov = |size: f64| rows.iter().find(|row| row.who == "gov" && row.size == size).map(|row| row.times.median);
    for row in rows {
        let more = if row.cut_off { "> " } else { "" };
        let beside = match gov(row.size) {
            Some(gov) if row.who != "gov" && gov > 0.0 => format!("{more}{:.2}×", row.times.median / gov),
            _ => String::new(),
        };
        let Times { least, median, p99 } = row.times;
        let shown = |figure: f64| format!("{more}{}", shown(figure, &row.unit));
        // One figure has no spread.
        let [least, p99] = [least, p99].map(|figure| if least == p99 { String::new() } else { shown(figure) });
        let median = shown(median);
        let size = if row.size > 0.0 { format!("{} {}", row.size, row.of) } else { String::new() };
        let _ = writeln!(text, "| {} | {size} | {median} | {least} | {p99} | {beside} | {} |", row.who, row.note);
    }
    for who in names_of(rows) {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter(|row| row.who == who && row.size > 0.0 && !row.cut_off)
            .map(|row| (row.size, row.times.median))
            .collect();
        if let Some(exponent) = measure::exponent(&points) {
            let beyond = if exponent > LINEAR { ", more than linear" } else { "" };
            let why = explained::why(name, who).map(|why| format!(" {why}")).unwrap_or_default();
            let _ = writeln!(text, "\n{who} grows with the power {exponent:.2} of the size{beyond}.{why}");
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
