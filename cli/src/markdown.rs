//! Markdown for a terminal: what the pages of `docs/errors/` use of it.

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The columns that text is broken at.
const WIDTH: usize = 90;

/// The text as a terminal shows it: headings bold, code in color, code blocks indented, paragraphs broken into lines.
pub fn render(markdown: &str, color: bool) -> String {
    let mut page = Page { color, ..Page::default() };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.event(event);
    }
    page.text
}

#[derive(Default)]
struct Page {
    color: bool,
    text: String,
    /// The words of the open paragraph, with their styles.
    words: Vec<(String, Style)>,
    /// Whether the next text continues the last word.
    glued: bool,
    style: Style,
    in_code: bool,
    /// The open lists: the number of the next item, where they count.
    lists: Vec<Option<u64>>,
    bullet: Option<String>,
}

impl Page {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { .. }) => self.style = Style::new().bold(),
            Event::End(TagEnd::Heading(_)) => {
                self.paragraph();
                self.style = Style::new();
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                self.paragraph();
                self.in_code = true;
                self.title(&kind);
            }
            Event::End(TagEnd::CodeBlock) => {
                self.in_code = false;
                self.text.push('\n');
            }
            Event::Start(Tag::List(first)) => {
                self.paragraph();
                self.lists.push(first);
            }
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.text.push('\n');
                }
            }
            Event::Start(Tag::Item) => self.item(),
            Event::End(TagEnd::Item | TagEnd::Paragraph) => self.paragraph(),
            Event::Start(Tag::Strong) => self.style = Style::new().bold(),
            Event::Start(Tag::Emphasis) => self.style = Style::new().italic(),
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => self.style = Style::new(),
            Event::Text(text) if self.in_code => self.code_block(&text),
            Event::Text(text) => self.push(&text, self.style),
            Event::Code(code) => self.code(&code),
            Event::SoftBreak | Event::HardBreak => self.glued = false,
            _ => {}
        }
    }

    /// Adds running text: its words, the first glued to the word before unless a space stands between them.
    fn push(&mut self, text: &str, style: Style) {
        for (index, word) in text.split(char::is_whitespace).enumerate() {
            if index > 0 {
                self.glued = false;
            }
            if !word.is_empty() {
                self.word(word, style);
            }
        }
    }

    /// Adds code within text, which is never broken.
    fn code(&mut self, code: &str) {
        if self.color {
            self.word(code, AnsiColor::Cyan.on_default());
        } else {
            self.word(&format!("`{code}`"), self.style);
        }
    }

    fn word(&mut self, word: &str, style: Style) {
        let word = if self.color { format!("{style}{word}{style:#}") } else { word.to_owned() };
        match self.words.last_mut() {
            Some((last, _)) if self.glued => last.push_str(&word),
            _ => self.words.push((word, style)),
        }
        self.glued = true;
    }

    fn item(&mut self) {
        self.paragraph();
        self.bullet = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        });
    }

    /// Ends the open paragraph: its words, broken into lines.
    fn paragraph(&mut self) {
        let words = std::mem::take(&mut self.words);
        self.glued = false;
        if words.is_empty() {
            return;
        }
        let margin = "  ".repeat(self.lists.len());
        let bullet = self.bullet.take().unwrap_or_default();
        let hanging = " ".repeat(bullet.len());
        let mut line = format!("{margin}{bullet}");
        let mut width = line.len();
        let mut empty = true;
        for (word, _) in words {
            let columns = anstream::adapter::strip_str(&word).to_string().chars().count();
            if !empty && width + 1 + columns > WIDTH {
                self.text.push_str(&line);
                self.text.push('\n');
                line = format!("{margin}{hanging}");
                width = line.len();
                empty = true;
            }
            if !empty {
                line.push(' ');
                width += 1;
            }
            line.push_str(&word);
            width += columns;
            empty = false;
        }
        self.text.push_str(&line);
        self.text.push_str(if self.lists.is_empty() { "\n\n" } else { "\n" });
    }

    /// Names the file that a code block shows, where it says which.
    fn title(&mut self, kind: &CodeBlockKind<'_>) {
        let CodeBlockKind::Fenced(info) = kind else {
            return;
        };
        if let Some(path) = info.split_whitespace().find_map(|word| word.strip_prefix("path=")) {
            self.text.push_str(&format!("    {path}:\n"));
        }
    }

    fn code_block(&mut self, code: &str) {
        let style = AnsiColor::Cyan.on_default();
        for line in code.lines() {
            let line: String = line.chars().flat_map(shown).collect();
            match (line.is_empty(), self.color) {
                (true, _) => {}
                (_, true) => self.text.push_str(&format!("    {style}{line}{style:#}")),
                (_, false) => self.text.push_str(&format!("    {line}")),
            }
            self.text.push('\n');
        }
    }
}

/// A character of an example as it can be shown: one that a terminal would obey or hide is escaped.
fn shown(character: char) -> Vec<char> {
    if crate::render::steers(character) { character.escape_default().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# `G1`: a title\n\nA paragraph with `code in it`, *some* stress and **more**, that is long \
        enough to be broken into lines.\n\n- one\n- two `x`.\n\n1. first\n2. second\n\n```gov path=a.gov\npackage a\n\n    \
        indented \u{202e}\n```\n\nThe end.\n";

    #[test]
    fn a_page_is_laid_out() {
        insta::assert_snapshot!(render(TEXT, false));
    }

    #[test]
    fn color_changes_nothing_else() {
        let colored = render(TEXT, true);
        assert!(colored.contains("\u{1b}["));
        let plain = anstream::adapter::strip_str(&colored).to_string();
        assert_eq!(words(&plain), words(&render(TEXT, false).replace('`', "")));
    }

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }
}
