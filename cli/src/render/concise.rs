//! `path:line:column: severity[code] message`, one line a finding.

use super::{Report, printable};

pub(super) fn render(report: &Report<'_>) -> String {
    let line = |(sources, found): (&gov_compiler::source::Sources, &gov_compiler::diagnostic::Diagnostic)| {
        let at = sources.position(found.primary.span);
        let path = printable(sources.path(found.primary.span.file));
        let severity = found.severity.name();
        format!("{path}:{}:{}: {severity}[{}] {}\n", at.line, at.column, found.code, printable(&found.message))
    };
    report.findings().map(line).collect()
}
