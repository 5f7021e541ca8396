//! A difference for a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::Compared;
use super::words::{Block, Tone, blocks, plain, short, summary};

/// The difference as text, in color or not.
pub fn render(compared: &Compared, color: bool) -> String {
    let mut out = String::new();
    let summary = summary(&compared.diff);
    let paint = |tone: Tone, text: &str| paint(color, style(tone), text);
    // Writing into a string cannot fail.
    let _ = writeln!(out, "- {}  {}", plain(&compared.old), short(&compared.diff.old));
    let _ = writeln!(out, "+ {}  {}", plain(&compared.new), short(&compared.diff.new));
    let _ = writeln!(out, "\n{}", paint(summary.tone, &format!("{}: {}", summary.badge, summary.sentence)));
    let mut last_group = "";
    for block in blocks(compared) {
        match block {
            Block::Part(title) => {
                let _ = writeln!(out, "\n{}", self::paint(color, Style::new().bold().underline(), &title));
            }
            Block::Item { name, badge, tone } => {
                last_group = "";
                let _ = writeln!(
                    out,
                    "\n  {}  {}",
                    self::paint(color, Style::new().bold(), &plain(&name)),
                    paint(tone, badge)
                );
            }
            Block::Change { tone, before, after, about } => {
                let moved = format!("{} → {}", plain(&before), plain(&after));
                let _ = writeln!(out, "    {} {}", paint(tone, sign(tone)), paint(tone, &moved));
                for (label, text) in about {
                    let _ = writeln!(out, "        {label:<11}  {}", plain(&text));
                }
            }
            Block::Field { group, name, before, after, tone } => {
                if group != last_group {
                    let _ = writeln!(out, "    {group}");
                    last_group = group;
                }
                let name = paint(tone, &plain(&name));
                let line =
                    |sign: &str, text: &str, tone: Tone| format!("      {} {name}: {}", paint(tone, sign), plain(text));
                let old = before.map(|text| line("-", &text, Tone::Wider));
                let new = after.map(|text| line("+", &text, Tone::Narrower));
                for line in [old, new].into_iter().flatten() {
                    let _ = writeln!(out, "{line}");
                }
            }
            Block::Note { text, tone } => {
                let _ = writeln!(out, "    {}", paint(tone, &plain(&text)));
            }
        }
    }
    out
}

fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Wider => "wider   ",
        Tone::Narrower => "narrower",
        Tone::Mixed => "both    ",
        Tone::Plain => "        ",
    }
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Wider => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Tone::Narrower => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Tone::Mixed => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Tone::Plain => Style::new(),
    }
}

fn paint(color: bool, style: Style, text: &str) -> String {
    if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
