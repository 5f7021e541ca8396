//! What leaves the program: texts on standard output, progress on standard error, and how a command ends.

use std::fmt;
use std::io::{self, Write};

use clap::ValueEnum;

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

/// Why a command could not do its work, for a person: exit code 2.
#[derive(Debug)]
pub struct Failure {
    message: String,
    help: Option<String>,
}

impl Failure {
    /// Of this reason: lower case, no full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Of an action on a path that did not succeed: "cannot write `a.gov`: …".
    pub fn io(action: &str, path: &str, error: &io::Error) -> Self {
        Self::new(format!("cannot {action} `{path}`: {}", reason(error)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

/// What an operating system says went wrong, in a user's words.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or(&text);
            text.chars().take(1).flat_map(char::to_lowercase).chain(text.chars().skip(1)).collect()
        }
    }
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
