//! A difference for a pull request: Markdown as GitHub and GitLab show it.

use std::fmt::Write as _;

use super::Compared;
use super::words::{Block, Tone, blocks, plain, short, summary};

/// The difference as Markdown.
pub fn render(compared: &Compared) -> String {
    let mut out = String::new();
    let summary = summary(&compared.diff);
    // Writing into a string cannot fail.
    let _ = writeln!(out, "## {} {}: {}\n", mark(summary.tone), summary.badge, summary.sentence);
    let side = |name: &str, digest: &str| format!("{} ({})", code(name), code(&short(digest)));
    let _ = writeln!(
        out,
        "From {} to {}.",
        side(&compared.old, &compared.diff.old),
        side(&compared.new, &compared.diff.new)
    );
    let mut is_open = false;
    let mut last_group = "";
    for block in blocks(compared) {
        match block {
            Block::Part(title) => {
                if std::mem::take(&mut is_open) {
                    out.push_str("\n</details>\n");
                }
                if title == "What the text says" {
                    // The longest part, and the one that a reviewer opens last.
                    let _ = writeln!(out, "\n<details><summary>{title}</summary>");
                    is_open = true;
                } else {
                    let _ = writeln!(out, "\n### {title}");
                }
            }
            Block::Item { name, badge, tone } => {
                last_group = "";
                let _ = writeln!(out, "\n**{}** {} {badge}\n", code(&name), mark(tone));
            }
            Block::Change { tone, before, after, about } => {
                let _ = writeln!(out, "- {} {} → {}", mark(tone), code(&before), code(&after));
                for (label, text) in about {
                    let _ = writeln!(out, "  - {label}: {}", code(&text));
                }
            }
            Block::Field { group, name, before, after, tone } => {
                if group != last_group {
                    let _ = writeln!(out, "- {group}");
                    last_group = group;
                }
                let indent = if group.is_empty() { "" } else { "  " };
                let mark = if tone == Tone::Plain { String::new() } else { format!("{} ", mark(tone)) };
                let name = code(&name);
                let _ = match (before, after) {
                    (Some(old), Some(new)) => {
                        writeln!(out, "{indent}- {mark}{name}: {} → {}", code(&old), code(&new))
                    }
                    (Some(old), None) => writeln!(out, "{indent}- {mark}{name}, removed: {}", code(&old)),
                    (None, Some(new)) => writeln!(out, "{indent}- {mark}{name}, new: {}", code(&new)),
                    (None, None) => writeln!(out, "{indent}- {mark}{name}"),
                };
            }
            Block::Note { text, tone } => {
                let _ = writeln!(out, "- {} {}", mark(tone), code(&text));
            }
        }
    }
    if is_open {
        out.push_str("\n</details>\n");
    }
    out
}

fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Wider => "🔴",
        Tone::Narrower => "🟢",
        Tone::Mixed => "🟡",
        Tone::Plain => "⚪",
    }
}

/// A text as code: nothing in it is read as Markdown, as HTML, or as somebody's name.
pub fn code(text: &str) -> String {
    let text = plain(text);
    // The fence is longer than any in the text.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 || text.trim() != text || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}
