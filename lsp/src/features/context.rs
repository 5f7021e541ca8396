//! Where a cursor stands, by the words before it. It is asked while something is half written, when the tree says least.

/// The words before a cursor.
#[derive(Debug)]
pub struct Context<'t> {
    /// The word that the cursor is in or behind, up to the cursor; empty where there is none.
    pub word: &'t str,
    /// Where it starts.
    pub start: u32,
    /// The tokens before it, from the start of the item on.
    pub tokens: Vec<&'t str>,
    /// What is open around the cursor, the innermost last: where in `tokens` each opening bracket is.
    pub open: Vec<usize>,
    /// Whether the cursor is in a comment.
    pub in_comment: bool,
    /// Whether the cursor is in the text of a string.
    pub in_string: bool,
}

/// The words that begin items.
pub const ITEMS: [&str; 11] =
    ["capability", "policy", "workflow", "type", "context", "role", "set", "prove", "test", "use", "package"];

impl<'t> Context<'t> {
    /// Reads a text up to a cursor.
    pub fn new(text: &'t str, cursor: u32) -> Context<'t> {
        let before = text.get(..cursor as usize).unwrap_or(text);
        let mut read = Read {
            rest: before,
            at: 0,
            line_start: 0,
            tokens: Vec::new(),
            open: Vec::new(),
            in_comment: false,
            in_string: false,
        };
        read.all();
        let Read { mut tokens, mut open, in_comment, in_string, .. } = read;
        let mut start = before.len();
        let mut word = "";
        if let Some((at, last)) = tokens.last().copied()
            && at + last.len() == before.len()
            && is_word(last)
            && !in_string
            && !in_comment
        {
            (start, word) = (at, last);
            tokens.pop();
            open.retain(|index| *index < tokens.len());
        }
        Context {
            word,
            start: start as u32,
            tokens: tokens.into_iter().map(|(_, token)| token).collect(),
            open,
            in_comment,
            in_string,
        }
    }

    /// The token so many before the cursor, the nearest is 0.
    pub fn before(&self, count: usize) -> &'t str {
        self.tokens.len().checked_sub(count + 1).and_then(|index| self.tokens.get(index)).copied().unwrap_or_default()
    }

    /// The word that the item begins with; nothing between items.
    pub fn item(&self) -> &'t str {
        self.tokens.iter().copied().find(|token| ITEMS.contains(token)).unwrap_or_default()
    }

    /// The tokens before an open bracket, the innermost is 0; up to so many, in order.
    pub fn head(&self, depth: usize) -> &[&'t str] {
        const MOST: usize = 4;
        let Some(index) = self.open.len().checked_sub(depth + 1).and_then(|index| self.open.get(index)) else {
            return &[];
        };
        self.tokens.get(index.saturating_sub(MOST)..*index).unwrap_or_default()
    }

    /// The tokens since the innermost open bracket, or since the start of the item.
    pub fn inside(&self) -> &[&'t str] {
        let from = self.open.last().map_or(0, |index| index + 1);
        self.tokens.get(from..).unwrap_or_default()
    }

    /// The last of some words since the innermost open bracket.
    pub fn last_of(&self, words: &[&str]) -> Option<&'t str> {
        self.inside().iter().rev().copied().find(|token| words.contains(token))
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

struct Read<'t> {
    rest: &'t str,
    at: usize,
    line_start: usize,
    tokens: Vec<(usize, &'t str)>,
    open: Vec<usize>,
    in_comment: bool,
    in_string: bool,
}

impl<'t> Read<'t> {
    fn take(&mut self, length: usize) -> &'t str {
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.at += token.len();
        token
    }

    fn all(&mut self) {
        while let Some(c) = self.rest.chars().next() {
            match c {
                c if c.is_whitespace() => {
                    self.take(c.len_utf8());
                    if c == '\n' {
                        self.line_start = self.at;
                    }
                }
                '/' if self.rest.starts_with("//") => {
                    let end = self.rest.find('\n');
                    self.in_comment = end.is_none();
                    self.take(end.unwrap_or(self.rest.len()));
                }
                '"' => {
                    self.push(1);
                    self.string();
                }
                '{' | '(' | '[' => {
                    self.open.push(self.tokens.len());
                    self.push(1);
                }
                '}' | ')' | ']' => self.close(),
                c if c.is_ascii_alphanumeric() || c == '_' => {
                    let length = word_length(self.rest);
                    self.word(length);
                }
                c => self.push(c.len_utf8()),
            }
        }
    }

    fn push(&mut self, length: usize) {
        let at = self.at;
        let token = self.take(length);
        self.tokens.push((at, token));
    }

    /// A word; one that begins an item begins anew, also where the item before it has lost its brace.
    fn word(&mut self, length: usize) {
        let at = self.at;
        let token = self.take(length);
        // In a file that is laid out, only items begin in the first column.
        let is_first = self.line_start == at;
        if ITEMS.contains(&token) && (is_first || self.open.is_empty() && self.tokens.len() > 2) {
            self.tokens.clear();
            self.open.clear();
        }
        self.tokens.push((at, token));
    }

    fn close(&mut self) {
        self.push(1);
        self.open.pop();
    }

    /// The rest of a string; what is computed in it is read as other text is.
    fn string(&mut self) {
        loop {
            let Some(c) = self.rest.chars().next() else {
                self.in_string = true;
                return;
            };
            match c {
                '"' => return self.push(1),
                '\n' => return,
                '\\' => {
                    self.take(2);
                }
                '{' => {
                    self.open.push(self.tokens.len());
                    self.push(1);
                    let depth = self.open.len();
                    while self.open.len() >= depth {
                        let Some(c) = self.rest.chars().next() else { return };
                        match c {
                            '}' => self.close(),
                            '\n' => return,
                            c if c.is_ascii_alphanumeric() || c == '_' => self.push(word_length(self.rest)),
                            c if c.is_whitespace() => {
                                self.take(c.len_utf8());
                            }
                            c => self.push(c.len_utf8()),
                        }
                    }
                }
                c => {
                    self.take(c.len_utf8());
                }
            }
        }
    }
}

/// The length of a name, an id, a principal or a number.
fn word_length(text: &str) -> usize {
    let mut length = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let goes_on = next.is_none_or(|next| next.is_ascii_alphanumeric() || next == '_' || next == '*');
        let is_part = c.is_ascii_alphanumeric()
            || c == '_'
            || c == '*'
            || (c == '.' && next != Some('.'))
            || (c == ':' && goes_on);
        if !is_part {
            return at;
        }
        length = at + c.len_utf8();
    }
    length
}
