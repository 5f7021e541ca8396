//! The other side: the process that proves. It reads one question, a line of JSON, and writes an answer a line.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::package::{Dependency, File, Input};
use gov_compiler::verify::{self, Options};
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
    let mut pieces: BTreeMap<&Item, Vec<String>> = BTreeMap::new();
    let mut owners: BTreeMap<String, &Item> = BTreeMap::new();
    let units = verify::unit_names(package, false);
    for unit in &units {
        let Some(item) = Item::of(&unit.subject) else { continue };
        let Some(wanted) = question.items.iter().find(|wanted| **wanted == item) else { continue };
        pieces.entry(wanted).or_default().push(unit.name.clone());
        owners.insert(unit.name.clone(), wanted);
    }
    say(&mut output, &Line::Plan(pieces.iter().map(|(item, names)| ((*item).clone(), names.len())).collect()))?;
    let order: Vec<String> = question.items.iter().filter_map(|item| pieces.get(item)).flatten().cloned().collect();
    // An editor is at work as well: half of the machine is left to it.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let options = Options { jobs: cores.div_ceil(2), ..Options::default() };
    let mut unread = Ok(());
    let _ = verify::verify_units(package, &options, &order, &mut |name, report| {
        if let Some(item) = owners.get(name)
            && unread.is_ok()
        {
            let endings = report.obligations.iter().map(|obligation| Ending::of(&obligation.outcome)).collect();
            unread = say(&mut output, &Line::Piece((*item).clone(), endings, report.diagnostics));
        }
    });
    unread
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
