//! Findings as comments in the text that they are about.

/// A finding, as far as a suite says it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Byte offsets in the file's text.
    pub start: usize,
    pub end: usize,
    /// `error[G0101]`
    pub kind: String,
    /// Its message, and what was probably meant.
    pub message: String,
}

/// The text without the comments that say findings.
pub fn strip(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !is_finding(line)).collect()
}

/// Whether a line says a finding: a comment that begins with carets or with `error[` or `warning[`.
fn is_finding(line: &str) -> bool {
    let Some(rest) = ["//", "# "].iter().find_map(|lead| line.strip_prefix(lead)) else { return false };
    let rest = rest.trim_start().trim_start_matches('^').trim_start_matches('…').trim_start();
    ["error[G", "warning[G"].iter().any(|kind| rest.starts_with(kind))
}

/// The text with a comment for each finding under the line where it begins. `lead` starts a comment.
pub fn annotate(text: &str, findings: &[Finding], lead: &str) -> String {
    let mut written = String::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        written.push_str(line);
        let end = offset + line.len();
        for finding in findings.iter().filter(|finding| (offset..end).contains(&finding.start)) {
            if !line.ends_with('\n') {
                written.push('\n');
            }
            written.push_str(&comment(line.trim_end_matches('\n'), offset, finding, lead));
        }
        offset = end;
    }
    for finding in findings.iter().filter(|finding| finding.start >= offset) {
        written.push_str(&comment("", offset, finding, lead));
    }
    written
}

fn comment(line: &str, offset: usize, finding: &Finding, lead: &str) -> String {
    let Finding { start, end, kind, message } = finding;
    let cut = |at: usize| line.get(..(at - offset).min(line.len())).map_or(0, |before| before.chars().count());
    let (first, last) = (cut(*start), cut(*end));
    let goes_on = if *end > offset + line.len() + 1 { "…" } else { "" };
    if first < lead.len() {
        return format!("{lead} {kind}: {message}\n");
    }
    let room = " ".repeat(first - lead.len());
    let carets = "^".repeat(last.saturating_sub(first).max(1));
    format!("{lead}{room}{carets}{goes_on} {kind}: {message}\n")
}
