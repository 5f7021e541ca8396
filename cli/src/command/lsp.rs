//! `gov lsp`: the language server, which editors start; and the process that proves for it.

use std::io;
use std::time::Duration;

use crate::output::{Failure, Outcome};

/// Serve an editor over standard input and output, by the Language Server Protocol
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, as editors start it for files that end in `.gov`:\n  gov lsp")]
pub struct Args {
    /// Prove nothing: syntax, names and types alone
    #[arg(long)]
    no_proofs: bool,

    /// How long nothing must be typed before proofs begin, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 400)]
    pause: u64,
}

/// What the language server starts to prove; it reads one question and is killed when nobody wants the answer.
#[derive(Debug, clap::Args)]
pub struct Prover {}

/// Serves until the editor says that it is enough.
///
/// # Errors
///
/// If the editor breaks the protocol or goes away without a word.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::io("find", "gov", &error))?;
    let prover = (!args.no_proofs).then(|| (program, vec!["lsp-prover".to_owned()]));
    let options = gov_lsp::Options { prover, pause: Duration::from_millis(args.pause) };
    gov_lsp::serve(options).map_err(Failure::new)?;
    Ok(Outcome::Good)
}

/// Proves what standard input asks about.
///
/// # Errors
///
/// If the question cannot be read, or nobody reads the answers.
pub fn prove(_: &Prover) -> Result<Outcome, Failure> {
    gov_lsp::prove(io::stdin().lock(), io::stdout().lock()).map_err(Failure::new)?;
    Ok(Outcome::Good)
}
