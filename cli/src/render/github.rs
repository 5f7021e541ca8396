//! Workflow commands of GitHub Actions: `::error file=…,line=…::message`.
//!
//! The escapes are those of the runner's own toolkit: `%`, carriage return and line feed everywhere, `:` and `,` in
//! properties too.

use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::source::Sources;

use super::{Report, message, printable};

pub(super) fn render(report: &Report<'_>) -> String {
    report.findings().map(|(sources, found)| command(sources, found)).collect()
}

fn command(sources: &Sources, found: &Diagnostic) -> String {
    let span = found.primary.span;
    let (start, end) = (sources.position(span), sources.end_position(span));
    let file = property(sources.path(span.file));
    let title = property(&format!("{} {}", found.code, found.code.name()));
    // An annotation may name columns only where it starts and ends on one line.
    let columns = if start.line == end.line {
        format!(",col={},endColumn={}", start.column, end.column.max(start.column + 1))
    } else {
        String::new()
    };
    let severity = found.severity.name();
    let (line, end_line) = (start.line, end.line);
    let message = data(&message(found));
    format!("::{severity} file={file},line={line},endLine={end_line}{columns},title={title}::{message}\n")
}

fn data(text: &str) -> String {
    printable(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
