//! `gov completions`: what makes a shell complete `gov`'s commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Gov;
use crate::output::{self, Failure, Outcome};

/// Write the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gov completions fish > ~/.config/fish/completions/gov.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Writes the shell's script to standard output.
///
/// # Errors
///
/// If it cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Gov::command(), "gov", &mut script);
    output::write(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Good)
}
