//! Why something could not be done, for a person.

use std::fmt;
use std::io;

/// Why something could not be done, and what to do about it.
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

    /// Why, without what to do about it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// With what another one says to do about it.
    #[must_use]
    pub fn help_of(self, other: Failure) -> Self {
        Self { help: other.help, ..self }
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
