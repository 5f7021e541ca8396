//! Findings as a person or a tool reads them: one file for each format.

mod concise;
mod full;
mod github;
pub mod json;
mod sarif;
#[cfg(test)]
mod tests;

use clap::ValueEnum;
use gov_compiler::codes::Severity;
use gov_compiler::diagnostic::{Diagnostic, Witness};
use gov_compiler::package::Obligations;
use gov_compiler::source::Sources;

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With the source around each finding, for people
    #[default]
    Full,
    /// One line a finding, for editors and grep
    Concise,
    /// One JSON object, for scripts
    Json,
    /// Workflow commands that GitHub Actions shows at the changed lines
    Github,
    /// SARIF 2.1.0, for code scanning services
    Sarif,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Report<'a> {
    /// How many packages were checked.
    pub packages: usize,
    /// How many files they have.
    pub files: usize,
    /// What was found, in order.
    pub parts: Vec<Part<'a>>,
    /// What was proved, in all of them.
    pub obligations: Obligations,
}

/// Findings with the texts that they point into: those of one package, or of the manifests.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The texts.
    pub sources: &'a Sources,
    /// The findings, in order.
    pub diagnostics: &'a [Diagnostic],
}

impl<'a> Report<'a> {
    /// Every finding with the texts that it points into, in order.
    pub fn findings(&self) -> impl Iterator<Item = (&'a Sources, &'a Diagnostic)> {
        self.parts.iter().flat_map(|part| part.diagnostics.iter().map(|found| (part.sources, found)))
    }

    /// How many findings are errors.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many findings are warnings.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings().filter(|(_, found)| found.severity == severity).count()
    }
}

/// Writes a report in a format. `color` allows ANSI styles where the format is for people.
pub fn render(format: Format, report: &Report<'_>, color: bool) -> String {
    match format {
        Format::Full => full::render(report, color),
        Format::Concise => concise::render(report),
        Format::Json => json::render(report),
        Format::Github => github::render(report),
        Format::Sarif => sarif::render(report),
    }
}

/// The message with what else is to be said, a line each, for viewers that show little more than a message.
fn message(found: &Diagnostic) -> String {
    let help = found.help.iter().map(|help| format!("help: {help}"));
    let more = found.notes.iter().cloned().chain(found.witness.as_deref().map(describe)).chain(help);
    std::iter::once(found.message.clone()).chain(more).collect::<Vec<_>>().join("\n")
}

/// The witness in a few lines, as it would be said: who asks for what, with what, and what happens then.
fn describe(witness: &Witness) -> String {
    let mut lines = vec!["for example:".to_owned()];
    let mut say = |word: &str, what: Option<String>| {
        lines.extend(what.map(|what| format!("  {word:<10} {}", what)));
    };
    let object = |map: &serde_json::Map<String, serde_json::Value>| serde_json::Value::from(map.clone()).to_string();
    say("principal", witness.principal.clone());
    say("capability", witness.capability.clone());
    say("input", witness.input.as_ref().map(object));
    say("context", witness.context.as_ref().map(object));
    say("roles", witness.roles.as_ref().map(|roles| roles.join(", ")));
    for (index, event) in witness.path.iter().flatten().enumerate() {
        say(if index == 0 { "path" } else { "" }, Some(event.clone()));
    }
    say("decision", witness.decision.clone());
    lines.join("\n")
}

/// A text on one line that cannot steer a terminal: control characters and those that reorder text are escaped.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if steers(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Whether a character moves the cursor, hides text or changes its order.
pub fn steers(character: char) -> bool {
    character.is_control() || gov_grammar::is_forbidden(character)
}

/// `1 error`, `2 errors`: a count with its noun, which is given in the plural.
pub fn counted(count: usize, nouns: &str) -> String {
    let noun = if count == 1 {
        nouns.strip_suffix("es").filter(|noun| noun.ends_with('x')).or(nouns.strip_suffix('s'))
    } else {
        None
    };
    format!("{count} {}", noun.unwrap_or(nouns))
}
