//! The fenced blocks of a Markdown text, with the headings that they stand under.

use std::ops::Range;

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The words after the opening fence: the language, then options.
    pub words: Vec<String>,
    /// What stands in it, each line with its end.
    pub text: String,
    /// The same as a piece of the Markdown text.
    pub range: Range<usize>,
    /// The line of the opening fence, from 1.
    pub line: usize,
    /// The headings around it, outermost first: how many `#` each has, and its text.
    pub headings: Vec<(usize, String)>,
}

impl Block {
    /// The language, as the opening fence names it.
    pub fn language(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Whether the opening fence has this option.
    pub fn has(&self, option: &str) -> bool {
        self.words.iter().skip(1).any(|word| word == option)
    }

    /// The value of an option `name=value` of the opening fence.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

/// The fenced blocks of a Markdown text, in order.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut headings: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(String, Block)> = None;
    let mut offset = 0;
    for (index, line) in markdown.split_inclusive('\n').enumerate() {
        let end = offset + line.len();
        let trimmed = line.trim_end();
        if let Some((fence, mut block)) = open.take() {
            if trimmed == fence {
                block.range.end = offset;
                block.text = markdown.get(block.range.clone()).unwrap_or_default().to_owned();
                found.push(block);
            } else {
                open = Some((fence, block));
            }
        } else if trimmed.starts_with("```") {
            let words = trimmed.trim_start_matches('`');
            let fence = "`".repeat(trimmed.len() - words.len());
            let words = words.split_whitespace().map(str::to_owned).collect();
            let headings = headings.clone();
            open = Some((fence, Block { words, text: String::new(), range: end..end, line: index + 1, headings }));
        } else if let Some((marks, heading)) = trimmed.split_once(' ')
            && !marks.is_empty()
            && marks.chars().all(|mark| mark == '#')
        {
            headings.retain(|(level, _)| *level < marks.len());
            headings.push((marks.len(), heading.to_owned()));
        }
        offset = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_know_their_words_their_place_and_their_headings() {
        let text =
            "# A\n\n```gov path=a.gov shared\npackage a\n```\n\n## B\n# no heading of `A`\n````text\n```\n````\n";
        let found = blocks(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].language(), found[0].option("path"), found[0].has("shared")),
            ("gov", Some("a.gov"), true)
        );
        assert_eq!((found[0].text.as_str(), found[0].line), ("package a\n", 3));
        assert_eq!(&text[found[1].range.clone()], "```\n");
        assert_eq!(found[1].headings, [(1, "no heading of `A`".to_owned())]);
    }
}
