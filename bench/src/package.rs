//! Packages from text, checked, proved and compiled as `gov compile` does.

use gov_compiler::package::{Checked, File, Input};
use gov_compiler::verify::Options;
use gov_plan::document::Plan;

/// The input of a package of one file.
pub fn input(text: &str) -> Input {
    input_of([("main.gov", text)])
}

/// The input of a package of these files.
pub fn input_of<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Input {
    let files = files.into_iter().map(|(path, text)| File { path: path.to_owned(), text: text.into() });
    Input { name: None, files: files.collect(), dependencies: Vec::new() }
}

/// The options that `gov check` has when nothing is said.
pub fn options() -> Options<'static> {
    Options { jobs: std::thread::available_parallelism().map_or(1, usize::from), ..Options::default() }
}

/// Checks a package and proves it.
///
/// # Errors
///
/// If it was cancelled, which nobody does here.
pub fn proved(input: &Input) -> Result<Checked, String> {
    let mut checked = gov_compiler::check(input);
    gov_compiler::prove(&mut checked, &options()).map_err(|_| "cancelled".to_owned())?;
    Ok(checked)
}

/// The plan of a package of one file. Rules that the proofs refuse are accepted, as an author does who wants them so: the rules
/// of the workload are drawn, and some never apply.
///
/// # Errors
///
/// If the package has other errors.
pub fn plan(text: &str) -> Result<Plan, String> {
    let checked = proved(&input(text))?;
    let mut accepted: Vec<(usize, &str)> = Vec::new();
    for found in checked.diagnostics.iter().filter(|found| found.code.id() >= "G1200") {
        let at = found.primary.span.range().start;
        let line = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end.saturating_add(1));
        accepted.push((line, found.code.id()));
    }
    accepted.sort_unstable();
    accepted.dedup();
    let mut changed = text.to_owned();
    for (line, code) in accepted.into_iter().rev() {
        changed.insert_str(line, &format!("    @accept({code}, \"drawn at random\")\n"));
    }
    let checked = proved(&input(&changed))?;
    let first = || checked.diagnostics.iter().find(|found| found.is_error()).map(|found| found.message.clone());
    match gov_compiler::compile(&checked) {
        Some(plan) => plan.map_err(|why| why.to_string()),
        None => Err(format!("the workload does not check: {}", first().unwrap_or_default())),
    }
}
