//! `gov explain`: the page of a diagnostic code.

use gov_compiler::codes::Code;

use crate::output::{self, Color, Failure, Outcome};
use crate::{markdown, pages};

/// Say what a diagnostic code means, with an example and how to mend it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gov explain G0101\n  gov explain unknown-name\n  gov explain            lists every code"
)]
pub struct Args {
    /// The code, by number or by name; without it, all of them are listed
    code: Option<String>,
}

/// Writes the page of the code, or the list of codes, to standard output.
///
/// # Errors
///
/// If there is no such code.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let text = match &args.code {
        None => list(),
        Some(code) => markdown::render(page(code)?, color.on_stdout()),
    };
    output::write(&text)?;
    Ok(Outcome::Good)
}

fn page(text: &str) -> Result<&'static str, Failure> {
    let code = text.parse::<Code>().map_err(|_| {
        let known = Code::ALL.iter().flat_map(|code| [code.id(), code.name()]);
        let failure = Failure::new(format!("there is no diagnostic code `{text}`"));
        match gov_grammar::closest(text, known) {
            Some(meant) => failure.help(format!("did you mean `{meant}`? `gov explain` lists every code")),
            None => failure.help("`gov explain` lists every code"),
        }
    })?;
    pages::page(code).ok_or_else(|| Failure::new(format!("{code} has no page: {}", code.summary())))
}

fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.name().len()).max().unwrap_or_default();
    Code::ALL.iter().map(|code| format!("{code}  {:width$}  {}\n", code.name(), code.summary())).collect()
}
