//! The other side: the process that proves. It reads one question, a line of JSON, and writes an answer a line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};

use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::package::{Dependency, File, Input};
use gov_compiler::verify::{self, Options, Report};
use serde::{Deserialize, Serialize};

use super::{Ending, Item};

/// What is to be proved.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// The name of the package.
    pub name: Option<String>,
    /// Its files: path and text.
    pub files: Vec<(String, String)>,
    /// The packages that it uses.
    pub dependencies: Vec<(String, Vec<(String, String)>)>,
    /// The items that are asked about, the most urgent first.
    pub items: Vec<Item>,
}

/// What the prover says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Line {
    /// How many pieces of work each item takes; items that are not named take none.
    Plan(Vec<(Item, usize)>),
    /// What came of one piece.
    Piece(Item, Vec<Ending>, Vec<Diagnostic>),
}

/// Answers the one question that stands on `input`.
///
/// # Errors
///
/// If the question cannot be read, or nobody reads the answers.
pub fn answer(mut input: impl BufRead, mut output: impl Write) -> Result<(), String> {
    let mut line = String::new();
    input.read_line(&mut line).map_err(|error| error.to_string())?;
    let question: Question = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    let checked = gov_compiler::check(&input_of(&question));
    let Some(package) = &checked.package else { return say(&mut output, &Line::Plan(Vec::new())) };
    let wanted: BTreeSet<&Item> = question.items.iter().collect();
    let mut pieces: BTreeMap<&Item, Vec<String>> = BTreeMap::new();
    let mut owners: BTreeMap<String, &Item> = BTreeMap::new();
    // What is about the whole package is about each of its capabilities and workflows.
    let mut shared: Vec<String> = Vec::new();
    for unit in verify::unit_names(package, false) {
        match Item::of(&unit.subject) {
            None => shared.push(unit.name),
            Some(item) => {
                let Some(wanted) = wanted.get(&item) else { continue };
                pieces.entry(wanted).or_default().push(unit.name.clone());
                owners.insert(unit.name, wanted);
            }
        }
    }
    let sharing: Vec<&Item> =
        wanted.iter().copied().filter(|item| matches!(item, Item::Capability(_) | Item::Workflow(_))).collect();
    let mut counts: BTreeMap<&Item, usize> = pieces.iter().map(|(item, names)| (*item, names.len())).collect();
    sharing.iter().for_each(|item| *counts.entry(item).or_default() += shared.len());
    say(&mut output, &Line::Plan(counts.into_iter().map(|(item, count)| (item.clone(), count)).collect()))?;
    let own = question.items.iter().filter_map(|item| pieces.get(item)).flatten().cloned();
    let order: Vec<String> = shared.iter().filter(|_| !sharing.is_empty()).cloned().chain(own).collect();
    // An editor is at work as well: half of the machine is left to it.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let options = Options { jobs: cores.div_ceil(2), ..Options::default() };
    let mut unread = Ok(());
    let _ = verify::verify_units(package, &options, &order, &mut |name, report| {
        let mut tell = |item: &Item, report: Report| {
            if unread.is_ok() {
                let endings = report.obligations.iter().map(|obligation| Ending::of(&obligation.outcome)).collect();
                unread = say(&mut output, &Line::Piece(item.clone(), endings, report.diagnostics));
            }
        };
        match owners.get(name) {
            Some(item) => tell(item, report),
            None => {
                let mut parts = parts(report);
                sharing.iter().for_each(|item| tell(item, parts.remove(item).unwrap_or_default()));
            }
        }
    });
    unread
}

/// A report by what its parts are about.
fn parts(report: Report) -> BTreeMap<Item, Report> {
    let mut parts: BTreeMap<Item, Report> = BTreeMap::new();
    for obligation in report.obligations {
        if let Some(item) = Item::of(&obligation.subject) {
            parts.entry(item).or_default().obligations.push(obligation);
        }
    }
    for found in report.diagnostics {
        if let Some(item) = found.subject.as_ref().and_then(Item::of) {
            parts.entry(item).or_default().diagnostics.push(found);
        }
    }
    parts
}

fn say(output: &mut impl Write, line: &Line) -> Result<(), String> {
    let line = serde_json::to_string(line).map_err(|error| error.to_string())?;
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(|error| error.to_string())
}

fn input_of(question: &Question) -> Input {
    let file = |(path, text): &(String, String)| File { path: path.clone(), text: text.as_str().into() };
    let files = |files: &[(String, String)]| files.iter().map(file).collect();
    let dependency = |(name, of): &(String, Vec<(String, String)>)| Dependency { name: name.clone(), files: files(of) };
    Input {
        name: question.name.clone(),
        files: files(&question.files),
        dependencies: question.dependencies.iter().map(dependency).collect(),
    }
}
