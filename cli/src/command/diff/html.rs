//! A difference as one page that stands alone: no script, no style and no picture from elsewhere.

use std::fmt::Write as _;

use super::Compared;
use super::words::{Block, Tone, blocks, plain, short, summary};

/// The look of the page, in light and in dark.
const STYLE: &str = include_str!("page.css");

/// The difference as a page.
pub fn render(compared: &Compared) -> String {
    let summary = summary(&compared.diff);
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        text(&format!("Gov: {}", summary.badge))
    );
    let _ = writeln!(
        out,
        "<header class=\"{}\"><h1>{}</h1><p>{}</p></header>",
        class(summary.tone),
        text(&sentence(summary.sentence)),
        text(summary.badge)
    );
    let side = |label: &str, name: &str, digest: &str| {
        format!(
            "<dt>{label}</dt><dd><code>{}</code> <code class=\"dim\">{}</code></dd>",
            text(name),
            text(&short(digest))
        )
    };
    let _ = writeln!(
        out,
        "<dl class=\"sides\">{}{}</dl>",
        side("old", &compared.old, &compared.diff.old),
        side("new", &compared.new, &compared.diff.new)
    );
    let mut page = Page { out, in_part: false, in_item: false, in_group: None };
    blocks(compared).iter().for_each(|block| page.block(block));
    page.end_part();
    page.out.push_str("</main>\n</body>\n</html>\n");
    page.out
}

struct Page {
    out: String,
    in_part: bool,
    in_item: bool,
    in_group: Option<&'static str>,
}

impl Page {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Part(title) => {
                self.end_part();
                let _ = writeln!(self.out, "<section>\n<h2>{}</h2>", text(title));
                self.in_part = true;
            }
            Block::Item { name, badge, tone } => {
                self.end_item();
                let _ = writeln!(
                    self.out,
                    "<article>\n<h3>{} <span class=\"badge {}\">{}</span></h3>",
                    text(name),
                    class(*tone),
                    text(badge)
                );
                self.in_item = true;
            }
            Block::Change { tone, before, after, about } => {
                self.end_group();
                let _ = writeln!(
                    self.out,
                    "<div class=\"change {}\">\n<p class=\"moved\"><b>{}</b> <span class=\"arrow\">→</span> <b>{}</b></p>\n<dl>",
                    class(*tone),
                    text(before),
                    text(after)
                );
                for (label, value) in about {
                    let _ = writeln!(self.out, "<dt>{}</dt><dd><code>{}</code></dd>", text(label), text(value));
                }
                self.out.push_str("</dl>\n</div>\n");
            }
            Block::Field { group, name, before, after, tone } => self.field(group, name, (before, after), *tone),
            Block::Note { text: words, tone } => {
                self.end_group();
                let _ = writeln!(self.out, "<p class=\"note {}\">{}</p>", class(*tone), text(&sentence(words)));
            }
        }
    }

    fn field(
        &mut self,
        group: &'static str,
        name: &str,
        (before, after): (&Option<String>, &Option<String>),
        tone: Tone,
    ) {
        if self.in_group != Some(group) {
            self.end_group();
            if !group.is_empty() {
                let _ = writeln!(self.out, "<h4>{}</h4>", text(group));
            }
            self.out.push_str("<table>\n");
            self.in_group = Some(group);
        }
        let _ = write!(self.out, "<tr><th class=\"{}\">{}</th><td>", class(tone), text(name));
        if let Some(before) = before {
            let _ = write!(self.out, "<del>{}</del>", text(before));
        }
        if let Some(after) = after {
            let _ = write!(self.out, "<ins>{}</ins>", text(after));
        }
        self.out.push_str("</td></tr>\n");
    }

    fn end_group(&mut self) {
        if self.in_group.take().is_some() {
            self.out.push_str("</table>\n");
        }
    }

    fn end_item(&mut self) {
        self.end_group();
        if std::mem::take(&mut self.in_item) {
            self.out.push_str("</article>\n");
        }
    }

    fn end_part(&mut self) {
        self.end_item();
        if std::mem::take(&mut self.in_part) {
            self.out.push_str("</section>\n");
        }
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Wider => "wider",
        Tone::Narrower => "narrower",
        Tone::Mixed => "mixed",
        Tone::Plain => "plain",
    }
}

/// A text that begins with a capital letter.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// A text in which nothing is markup, wherever it stands.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
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
