//! Findings with the source around them, and a line that sums them up.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use codespan_reporting::diagnostic::{Diagnostic as Shown, Label, Severity as ShownSeverity};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::termcolor::Buffer;
use codespan_reporting::term::{self, Config, DisplayStyle};
use gov_compiler::codes::Severity;
use gov_compiler::diagnostic::{Applicability, Diagnostic, Fix};
use gov_compiler::source::{FileId, SourceFile, Sources, Span};

use super::{Report, counted, describe, printable, steers};

/// Source lines past this many bytes are not drawn: a terminal cannot show them.
const WIDEST_LINE: usize = 1000;

pub(super) fn render(report: &Report<'_>, color: bool) -> String {
    let mut buffer = if color { Buffer::ansi() } else { Buffer::no_color() };
    let rich = Config { start_context_lines: 1, ..Config::default() };
    let narrow = Config { display_style: DisplayStyle::Medium, ..Config::default() };
    for part in &report.parts {
        let texts = Texts::new(part.sources);
        for found in part.diagnostics {
            let config = if spans(found).all(|span| texts.drawable(span)) { &rich } else { &narrow };
            // Writing into memory cannot fail, and `shown` keeps only places that exist.
            let _ = term::emit_to_write_style(&mut buffer, config, &texts, &shown(part.sources, found));
        }
    }
    let mut text = String::from_utf8_lossy(buffer.as_slice()).into_owned();
    text.push_str(&sum(report));
    text
}

/// The last line: how much was checked and found.
fn sum(report: &Report<'_>) -> String {
    let (errors, warnings) = (report.errors(), report.warnings());
    let mut line = format!("{} in {}: ", counted(report.packages, "packages"), counted(report.files, "files"));
    match (errors, warnings) {
        (0, 0) => line.push_str("no findings"),
        (_, 0) => line.push_str(&counted(errors, "errors")),
        (0, _) => line.push_str(&counted(warnings, "warnings")),
        _ => line.push_str(&format!("{}, {}", counted(errors, "errors"), counted(warnings, "warnings"))),
    }
    let obligations = report.obligations;
    if obligations.total > 0 {
        line.push_str(&format!("; {} of {} proved", obligations.proved, counted(obligations.total, "obligations")));
    }
    if let Some((_, found)) = report.findings().next() {
        line.push_str(&format!(" (`gov explain {}` says more)", found.code));
    }
    line.push('\n');
    line
}

/// The finding as codespan draws it; places that its texts do not have are left out.
fn shown(sources: &Sources, found: &Diagnostic) -> Shown<FileId> {
    let severity = match found.severity {
        Severity::Error => ShownSeverity::Error,
        Severity::Warning => ShownSeverity::Warning,
    };
    let primary = Label::primary(found.primary.span.file, found.primary.span.range())
        .with_message(printable(&found.primary.message));
    let secondary = found
        .secondary
        .iter()
        .map(|label| Label::secondary(label.span.file, label.span.range()).with_message(printable(&label.message)));
    let labels = std::iter::once(primary).chain(secondary).filter(|label| sources.get(label.file_id).is_some());
    Shown::new(severity)
        .with_code(found.code.id())
        .with_message(printable(&found.message))
        .with_labels(labels.collect())
        .with_notes(notes(found))
}

fn notes(found: &Diagnostic) -> Vec<String> {
    let notes = found.notes.iter().map(|note| printable_lines(note));
    let witness = found.witness.iter().map(|witness| printable_lines(&describe(witness)));
    let help = found.help.iter().map(|help| format!("help: {}", printable(help)));
    let fixes = found.fixes.iter().map(offer);
    notes.chain(witness).chain(help).chain(fixes).collect()
}

fn offer(fix: &Fix) -> String {
    let title = printable(&fix.title);
    match fix.applicability {
        Applicability::Safe => format!("fix: {title} (`gov check --fix` does it)"),
        Applicability::Unsafe => format!("possible fix: {title}"),
    }
}

/// The lines of a text, each printable.
fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn spans(found: &Diagnostic) -> impl Iterator<Item = Span> {
    std::iter::once(found.primary.span).chain(found.secondary.iter().map(|label| label.span))
}

/// The sources as codespan asks for them, with every character that could steer a terminal blotted out.
struct Texts<'s> {
    sources: &'s Sources,
    blotted: Vec<OnceCell<Cow<'s, str>>>,
}

impl<'s> Texts<'s> {
    fn new(sources: &'s Sources) -> Self {
        Self { sources, blotted: sources.iter().map(|_| OnceCell::new()).collect() }
    }

    fn file(&self, file: FileId) -> Result<&'s SourceFile, Error> {
        self.sources.get(file).ok_or(Error::FileMissing)
    }

    /// Whether the lines that a span begins and ends on fit a terminal.
    fn drawable(&self, span: Span) -> bool {
        let Ok(file) = self.file(span.file) else {
            return true;
        };
        [span.start, span.end].into_iter().all(|offset| {
            let line = file.position(offset).line.saturating_sub(1) as usize;
            self.line_range(span.file, line).is_ok_and(|range| range.len() <= WIDEST_LINE)
        })
    }
}

impl<'a> Files<'a> for Texts<'_> {
    type FileId = FileId;
    type Name = String;
    type Source = &'a str;

    fn name(&'a self, file: FileId) -> Result<String, Error> {
        Ok(printable(self.file(file)?.path()))
    }

    fn source(&'a self, file: FileId) -> Result<&'a str, Error> {
        let cell = self.blotted.get(file.0 as usize).ok_or(Error::FileMissing)?;
        let text = self.file(file)?.text();
        Ok(cell.get_or_init(|| blotted(text)))
    }

    fn line_index(&'a self, file: FileId, offset: usize) -> Result<usize, Error> {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        Ok(self.file(file)?.position(offset).line.saturating_sub(1) as usize)
    }

    fn line_range(&'a self, file: FileId, line: usize) -> Result<Range<usize>, Error> {
        let file = self.file(file)?;
        let starts = file.line_starts();
        let start = |line: usize| starts.get(line).map(|start| *start as usize);
        let too_large = Error::LineTooLarge { given: line, max: starts.len() };
        Ok(start(line).ok_or(too_large)?..start(line + 1).unwrap_or(file.text().len()))
    }
}

/// The text with every steering character in it replaced by one that is drawn and has as many bytes, so that offsets hold.
/// Tabs and line ends are no trouble.
fn blotted(text: &str) -> Cow<'_, str> {
    let blots = |at: usize, c: char| match c {
        '\n' | '\t' => false,
        '\r' => !text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n')),
        _ => steers(c),
    };
    if !text.char_indices().any(|(at, c)| blots(at, c)) {
        return Cow::Borrowed(text);
    }
    let blot = |(at, c): (usize, char)| match c.len_utf8() {
        _ if !blots(at, c) => c,
        1 => '?',
        2 => '\u{bf}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.char_indices().map(blot).collect())
}
