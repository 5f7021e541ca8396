//! A picture as Mermaid: text that GitHub, GitLab and many wikis draw.

use std::fmt::Write as _;

use gov_plan::types::Risk;

use super::picture::{Line, Look, Picture};

/// The classes of boxes, with how each is drawn.
const CLASSES: [(&str, &str); 11] = [
    ("terminal", "fill:#eceef1,stroke:#1c2024,color:#1c2024"),
    ("plain", "fill:#f6f7f9,stroke:#60646c,color:#1c2024"),
    ("low", "fill:#f3faf6,stroke:#5b9a74,color:#1c2024"),
    ("medium", "fill:#fffbe6,stroke:#c39a00,color:#1c2024"),
    ("high", "fill:#fff4ea,stroke:#dd6b20,color:#1c2024"),
    ("critical", "fill:#ffeeec,stroke:#b42318,color:#1c2024,stroke-width:2px"),
    ("control", "fill:#ffffff,stroke:#8b8f98,color:#1c2024"),
    ("human", "fill:#f4f1fe,stroke:#6e56cf,color:#1c2024"),
    ("undo", "fill:#f2f5ff,stroke:#3e63dd,color:#1f3a9d,stroke-dasharray:5 4"),
    ("refused", "fill:#ffffff,stroke:#b42318,color:#8f1c13"),
    ("allowed", "fill:#edf8f2,stroke:#18794e,color:#1c2024"),
];

/// The picture as Mermaid.
pub fn render(picture: &Picture) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart TD\n", quoted(&picture.title));
    // Writing into a string cannot fail.
    for (index, one) in picture.boxes.iter().enumerate() {
        let (open, close) = match one.look {
            Look::Terminal => ("([", "])"),
            Look::Human => ("(", ")"),
            Look::Control => ("{{", "}}"),
            _ => ("[", "]"),
        };
        let _ = writeln!(out, "    n{index}{open}{}{close}:::{}", quoted(&one.lines.join("\n")), class(one.look));
        for (number, note) in one.notes.iter().enumerate() {
            let words = quoted(&note.lines.join("\n"));
            let _ = writeln!(out, "    n{index}_{number}[{words}]:::{}", class(note.look));
            let _ = writeln!(out, "    n{index} -.->|{}| n{index}_{number}", quoted(note.label));
        }
    }
    for arrow in &picture.arrows {
        let line = if arrow.look == Line::Flow { "-->" } else { "-.->" };
        let label = if arrow.label.is_empty() { String::new() } else { format!("|{}|", quoted(&arrow.label)) };
        let _ = writeln!(out, "    n{} {line}{label} n{}", arrow.from, arrow.to);
    }
    for (name, style) in CLASSES {
        let _ = writeln!(out, "    classDef {name} {style}");
    }
    out
}

fn class(look: Look) -> &'static str {
    match look {
        Look::Terminal => "terminal",
        Look::Call(None) | Look::Plain => "plain",
        Look::Call(Some(Risk::Low)) => "low",
        Look::Call(Some(Risk::Medium)) => "medium",
        Look::Call(Some(Risk::High)) => "high",
        Look::Call(Some(Risk::Critical)) => "critical",
        Look::Control => "control",
        Look::Human => "human",
        Look::Undo => "undo",
        Look::Refused => "refused",
        Look::Allowed => "allowed",
    }
}

/// A text in quotes, in which nothing is read as Mermaid, Markdown or HTML: what could be is written by its number.
fn quoted(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut out = String::new();
        for c in crate::command::diff::plain(line).chars() {
            if c.is_alphanumeric() || " .:,;()=+/?!-…→".contains(c) {
                out.push(c);
            } else {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
        out
    });
    format!("\"{}\"", lines.collect::<Vec<_>>().join("<br/>"))
}
