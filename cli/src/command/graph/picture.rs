//! A picture as boxes and arrows, before it is laid out or written down.

use gov_plan::types::Risk;

/// Boxes and arrows from top to bottom.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub title: String,
    pub boxes: Vec<Box>,
    pub arrows: Vec<Arrow>,
}

/// A box. Its place in [`Picture::boxes`] is its name.
#[derive(Clone, Debug)]
pub struct Box {
    pub look: Look,
    /// What is written in it: the first line stands out.
    pub lines: Vec<String>,
    /// What hangs on its side, in order.
    pub notes: Vec<Note>,
}

/// Something that hangs on the side of a box.
#[derive(Clone, Debug)]
pub struct Note {
    pub look: Look,
    pub lines: Vec<String>,
    /// What the line to it says.
    pub label: &'static str,
}

/// How a box looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Where it begins and ends.
    Terminal,
    /// A call of a risk.
    Call(Option<Risk>),
    /// A choice, a fork, a loop.
    Control,
    /// A human decides.
    Human,
    /// What undoes.
    Undo,
    /// It ends here, and everything is undone.
    Refused,
    /// It is allowed.
    Allowed,
    /// Something else.
    Plain,
}

/// An arrow between boxes.
#[derive(Clone, Debug)]
pub struct Arrow {
    pub from: usize,
    pub to: usize,
    pub label: String,
    pub look: Line,
}

/// How an arrow looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// One comes after the other.
    Flow,
    /// It undoes.
    Undo,
    /// It is refused.
    Refused,
}

impl Picture {
    /// Adds a box.
    pub fn add(&mut self, look: Look, lines: Vec<String>) -> usize {
        self.boxes.push(Box { look, lines, notes: Vec::new() });
        self.boxes.len() - 1
    }

    /// Hangs a note on a box.
    pub fn note(&mut self, on: usize, look: Look, label: &'static str, lines: Vec<String>) {
        if let Some(one) = self.boxes.get_mut(on) {
            one.notes.push(Note { look, lines, label });
        }
    }

    /// Adds an arrow.
    pub fn arrow(&mut self, from: usize, to: usize, label: impl Into<String>, look: Line) {
        let label = label.into();
        if !self.arrows.iter().any(|one| one.from == from && one.to == to && one.label == label) {
            self.arrows.push(Arrow { from, to, label, look });
        }
    }
}

/// A text in lines of no more than so many characters, and no more than so many lines; what is left out ends in an ellipsis.
pub fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in crate::command::diff::plain(text).split_whitespace() {
        let mut word = word.to_owned();
        loop {
            let room = width.saturating_sub(if line.is_empty() { 0 } else { line.chars().count() + 1 });
            if word.chars().count() <= room {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if line.is_empty() {
                let rest: String = word.chars().skip(width).collect();
                lines.push(word.chars().take(width).collect());
                word = rest;
            } else {
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    lines.push(line);
    lines.retain(|line| !line.is_empty());
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = last.chars().take(width.saturating_sub(1)).chain(['…']).collect();
        }
    }
    lines
}
