//! A picture for Graphviz.

use std::fmt::Write as _;

use super::picture::{Line, Look, Picture};

/// The picture in the DOT language.
pub fn render(picture: &Picture) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&picture.title));
    out.push_str("    rankdir=TB; node [shape=box, fontname=\"monospace\", fontsize=11]; edge [fontname=\"monospace\", fontsize=10];\n");
    // Writing into a string cannot fail.
    for (index, one) in picture.boxes.iter().enumerate() {
        let _ = writeln!(out, "    n{index} [label={}, {}];", quoted(&one.lines.join("\n")), style(one.look));
        for (number, note) in one.notes.iter().enumerate() {
            let name = format!("n{index}_{number}");
            let _ = writeln!(out, "    {name} [label={}, {}];", quoted(&note.lines.join("\n")), style(note.look));
            let _ =
                writeln!(out, "    n{index} -> {name} [label={}, style=dashed, constraint=false];", quoted(note.label));
            let _ = writeln!(out, "    {{ rank=same; n{index}; {name}; }}");
        }
    }
    for arrow in &picture.arrows {
        let mut attributes = format!("label={}", quoted(&arrow.label));
        match arrow.look {
            Line::Flow => {}
            Line::Undo => attributes.push_str(", style=dashed, color=\"#3e63dd\", constraint=false"),
            Line::Refused => attributes.push_str(", style=dashed, color=\"#b42318\""),
        }
        let _ = writeln!(out, "    n{} -> n{} [{attributes}];", arrow.from, arrow.to);
    }
    out.push_str("}\n");
    out
}

fn style(look: Look) -> String {
    use gov_plan::types::Risk;
    let (stroke, more) = match look {
        Look::Terminal => ("#1c2024", ", style=rounded"),
        Look::Call(None) | Look::Plain | Look::Control => ("#60646c", ""),
        Look::Call(Some(Risk::Low)) => ("#5b9a74", ""),
        Look::Call(Some(Risk::Medium)) => ("#c39a00", ""),
        Look::Call(Some(Risk::High)) => ("#dd6b20", ""),
        Look::Call(Some(Risk::Critical)) => ("#b42318", ", penwidth=2"),
        Look::Human => ("#6e56cf", ", style=rounded"),
        Look::Undo => ("#3e63dd", ", style=dashed"),
        Look::Refused => ("#b42318", ", fontcolor=\"#8f1c13\""),
        Look::Allowed => ("#18794e", ""),
    };
    format!("color=\"{stroke}\"{more}")
}

/// A text in quotes; lines are in the middle.
fn quoted(text: &str) -> String {
    let lines = text.lines().map(|line| crate::command::diff::plain(line).replace('\\', "\\\\").replace('"', "\\\""));
    format!("\"{}\"", lines.collect::<Vec<_>>().join("\\n"))
}
