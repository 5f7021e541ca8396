//! A picture as SVG: one file that stands alone, without scripts.

use std::fmt::Write as _;

use gov_plan::types::Risk;

use super::layout::{CHARACTER, LINE, Layout, PADDING, Rectangle, columns, label_size, layout};
use super::picture::{Line, Look, Picture};

/// A stroke, a fill, and the color of the text.
type Colors = (&'static str, &'static str, &'static str);

/// The picture as SVG.
pub fn render(picture: &Picture) -> String {
    let layout = layout(picture);
    let mut out = String::new();
    let (width, height) = (layout.width.ceil(), layout.height.ceil());
    // Writing into a string cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" font-family=\"'DejaVu Sans Mono', ui-monospace, Menlo, Consolas, monospace\">"
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&picture.title));
    out.push_str("<defs>\n");
    for (name, look) in [("flow", Line::Flow), ("undo", Line::Undo), ("refused", Line::Refused)] {
        let _ = writeln!(
            out,
            "<marker id=\"{name}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" \
             orient=\"auto-start-reverse\"><path d=\"M0 1 L9 5 L0 9 z\" fill=\"{}\"/></marker>",
            stroke(look)
        );
    }
    out.push_str("</defs>\n");
    let _ = writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
    let _ = writeln!(
        out,
        "<text x=\"24\" y=\"32\" font-size=\"15\" font-weight=\"bold\" fill=\"#1c2024\">{}</text>",
        escaped(&picture.title)
    );
    arrows(&mut out, picture, &layout);
    boxes(&mut out, picture, &layout);
    labels(&mut out, picture, &layout);
    out.push_str("</svg>\n");
    out
}

fn arrows(out: &mut String, picture: &Picture, layout: &Layout) {
    for (arrow, way) in picture.arrows.iter().zip(&layout.arrows) {
        let dashes = if arrow.look == Line::Flow { "" } else { " stroke-dasharray=\"5 4\"" };
        let _ = writeln!(
            out,
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\"{dashes} marker-end=\"url(#{})\"/>",
            curve(&way.points),
            stroke(arrow.look),
            marker(arrow.look)
        );
    }
}

/// Smooth steps from point to point, straight down at each.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    let mut last: Option<(f64, f64)> = None;
    for (x, y) in points.iter().copied() {
        let _ = match last {
            None => write!(path, "M{x:.1} {y:.1}"),
            Some((from, _)) if (from - x).abs() < 0.5 => write!(path, " L{x:.1} {y:.1}"),
            Some((_, above)) if (above - y).abs() < 0.5 => write!(path, " L{x:.1} {y:.1}"),
            Some((from, above)) => {
                let half = (above + y) / 2.0;
                write!(path, " C{from:.1} {half:.1} {x:.1} {half:.1} {x:.1} {y:.1}")
            }
        };
        last = Some((x, y));
    }
    path
}

fn boxes(out: &mut String, picture: &Picture, layout: &Layout) {
    for (one, placed) in picture.boxes.iter().zip(&layout.boxes) {
        for (note, at) in one.notes.iter().zip(&placed.notes) {
            let (from, to) = (placed.at.x + placed.at.width, at.x);
            let (start, end) = (placed.at.y + placed.at.height / 2.0, at.y + at.height / 2.0);
            let look = match note.look {
                Look::Refused => Line::Refused,
                Look::Undo => Line::Undo,
                _ => Line::Flow,
            };
            let dashes = if look == Line::Flow { "" } else { " stroke-dasharray=\"5 4\"" };
            let arrow =
                if look == Line::Flow { String::new() } else { format!(" marker-end=\"url(#{})\"", marker(look)) };
            let half = (from + to) / 2.0;
            let _ = writeln!(
                out,
                "<path d=\"M{from:.1} {start:.1} C{half:.1} {start:.1} {half:.1} {end:.1} {to:.1} {end:.1}\" fill=\"none\" \
                 stroke=\"{}\" stroke-width=\"1.2\"{dashes}{arrow}/>",
                stroke(look)
            );
            label(out, note.label, (half - 3.0, end), stroke(look));
            draw(out, note.look, &note.lines, at, "note");
        }
        draw(out, one.look, &one.lines, &placed.at, "box");
    }
}

fn draw(out: &mut String, look: Look, lines: &[String], at: &Rectangle, class: &str) {
    let (stroke, fill, color) = colors(look);
    let radius = match look {
        Look::Terminal => 14.0,
        Look::Human => 10.0,
        _ => 4.0,
    };
    let dashes = if matches!(look, Look::Undo) { " stroke-dasharray=\"5 4\"" } else { "" };
    let _ = writeln!(
        out,
        "<g class=\"{class}\"><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius}\" fill=\"{fill}\" \
         stroke=\"{stroke}\" stroke-width=\"1.4\"{dashes}/>",
        at.x, at.y, at.width, at.height
    );
    if let Look::Call(Some(_)) = look {
        // A stripe in the color of the risk.
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"5\" height=\"{:.1}\" rx=\"2\" fill=\"{stroke}\"/>",
            at.x, at.y, at.height
        );
    }
    let mut y = at.y + PADDING + 10.0;
    for (index, line) in lines.iter().enumerate() {
        let weight = if index == 0 && class == "box" { " font-weight=\"bold\"" } else { "" };
        text(out, line, (at.x + at.width / 2.0, y), 12.0, &format!("{weight} fill=\"{color}\""));
        y += LINE;
    }
    out.push_str("</g>\n");
}

/// Text around a middle. Its width is said, so that it takes no more room where the font is another one.
fn text(out: &mut String, text: &str, (x, y): (f64, f64), size: f64, attributes: &str) {
    #[expect(clippy::cast_precision_loss, reason = "lines are short")]
    let width = columns(text) as f64 * CHARACTER * size / 12.0;
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"middle\" textLength=\"{width:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\"{attributes}>{}</text>",
        escaped(text)
    );
}

fn labels(out: &mut String, picture: &Picture, layout: &Layout) {
    for (arrow, way) in picture.arrows.iter().zip(&layout.arrows) {
        label(out, &arrow.label, way.label, stroke(arrow.look));
    }
}

fn label(out: &mut String, words: &str, (x, y): (f64, f64), color: &str) {
    if words.is_empty() {
        return;
    }
    let (width, height) = label_size(words);
    let _ = writeln!(
        out,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"#ffffff\" fill-opacity=\"0.9\"/>",
        x - width / 2.0,
        y - height / 2.0
    );
    let mut line_y = y - height / 2.0 + 13.0;
    for line in words.lines() {
        text(out, line, (x, line_y), 11.0, &format!(" fill=\"{color}\""));
        line_y += 15.0;
    }
}

fn marker(look: Line) -> &'static str {
    match look {
        Line::Flow => "flow",
        Line::Undo => "undo",
        Line::Refused => "refused",
    }
}

fn stroke(look: Line) -> &'static str {
    match look {
        Line::Flow => "#60646c",
        Line::Undo => "#3e63dd",
        Line::Refused => "#b42318",
    }
}

/// Colors that are told apart in print and by people who do not see red and green.
fn colors(look: Look) -> Colors {
    match look {
        Look::Terminal => ("#1c2024", "#eceef1", "#1c2024"),
        Look::Call(None) | Look::Plain => ("#60646c", "#f6f7f9", "#1c2024"),
        Look::Call(Some(Risk::Low)) => ("#5b9a74", "#f3faf6", "#1c2024"),
        Look::Call(Some(Risk::Medium)) => ("#c39a00", "#fffbe6", "#1c2024"),
        Look::Call(Some(Risk::High)) => ("#dd6b20", "#fff4ea", "#1c2024"),
        Look::Call(Some(Risk::Critical)) => ("#b42318", "#ffeeec", "#1c2024"),
        Look::Control => ("#8b8f98", "#ffffff", "#1c2024"),
        Look::Human => ("#6e56cf", "#f4f1fe", "#1c2024"),
        Look::Undo => ("#3e63dd", "#f2f5ff", "#1f3a9d"),
        Look::Refused => ("#b42318", "#ffffff", "#8f1c13"),
        Look::Allowed => ("#18794e", "#edf8f2", "#1c2024"),
    }
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::command::diff::plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
