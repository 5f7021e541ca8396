//! What leaves the program: texts on standard output, progress on standard error, and how a command ends.

use std::io::{self, Write};

use clap::ValueEnum;

/// Why a command could not do its work, for a person: exit code 2.
pub use gov_workspace::{Failure, reason};

/// When to write in color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set or the terminal is dumb
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Whether what goes to standard output is colored.
    pub fn on_stdout(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
        }
    }
}

/// How a command that could do its work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain of: exit code 0.
    Good,
    /// There are findings: exit code 1.
    Findings,
    /// A file could not be read, which the findings say: exit code 2.
    Unreadable,
    /// It says how a run stands: this exit code.
    Code(u8),
}

/// Writes a text to standard output. A reader that has gone away is no failure: nothing is left to be told.
///
/// # Errors
///
/// Anything else that keeps the text from being written.
pub fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to standard output: {}", reason(&error))))
        }
        _ => Ok(()),
    }
}

/// Tells a person on standard error what is going on.
pub fn progress(text: &str) {
    // If nobody can be told, there is nobody to tell that.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Tells a person on standard error why nothing was done.
pub fn error(failure: &Failure) {
    progress(&failure.to_string());
}
