//! Where lines break: a flat sequence of texts, possible breaks and groups becomes lines of at most [`WIDTH`] columns.
//!
//! The method is that of Oppen ("Prettyprinting", 1980): a group stays on one line if it fits, with what follows it up to the
//! next possible break; otherwise all of its own breaks are taken. Both passes are linear.

use std::borrow::Cow;

/// The columns that a line may have.
const WIDTH: usize = 100;

/// The columns of one level of indentation.
const INDENT: usize = 4;

/// One thing in the sequence.
#[derive(Debug)]
pub(super) enum Op<'t> {
    /// Text without a line end.
    Text(Cow<'t, str>),
    /// Text that is kept as it stands, line ends included, from the first column.
    Verbatim(&'t str),
    /// This, or a line end where its group is broken, with an empty line before the next one if `blank` says so.
    Line { flat: &'static str, blank: bool },
    /// A line end in any case; it breaks the groups around it. `levels` are added to the indentation of the next line.
    Hard { blank: bool, levels: usize },
    /// Text that stands only in a broken group.
    IfBroken(&'static str),
    /// Breaks the groups around it.
    Break,
    /// A group starts.
    Open,
    /// The innermost group ends.
    Close,
    /// One level deeper from the next line on.
    Indent,
    /// One level less.
    Dedent,
}

/// Lays a sequence out within [`WIDTH`] columns.
pub(super) fn render(ops: &[Op<'_>]) -> String {
    render_within(WIDTH, ops)
}

/// Lays a sequence out on one line, whatever its length.
pub(super) fn render_flat(ops: &[Op<'_>]) -> String {
    render_within(usize::MAX, ops)
}

fn render_within(width: usize, ops: &[Op<'_>]) -> String {
    let widths = widths(ops);
    let mut writer = Writer { out: String::new(), column: 0, level: 0, pending: None };
    // Whether each open group is broken; what is in no group is.
    let mut broken = vec![true];
    for (op, widths) in ops.iter().zip(widths) {
        let is_broken = broken.last().copied().unwrap_or(true);
        match op {
            Op::Text(text) => writer.text(text),
            Op::Verbatim(text) => writer.verbatim(text),
            Op::Line { flat, .. } if !is_broken => writer.text(flat),
            Op::Line { blank, .. } => writer.end_line(*blank, writer.level),
            Op::Hard { blank, levels } => writer.end_line(*blank, writer.level + levels),
            Op::IfBroken(text) if is_broken => writer.text(text),
            Op::IfBroken(_) | Op::Break => {}
            Op::Open => {
                let needed = widths.group.map(|group| writer.next_column().saturating_add(group + widths.after));
                broken.push(is_broken && needed.is_none_or(|needed| needed > width));
            }
            Op::Close => {
                broken.pop();
            }
            Op::Indent => writer.level += 1,
            Op::Dedent => writer.level = writer.level.saturating_sub(1),
        }
    }
    writer.out
}

/// What has to be known at the start of a group.
#[derive(Debug, Clone, Copy, Default)]
struct Widths {
    /// The columns of the group on one line; `None` where it cannot stand on one.
    group: Option<usize>,
    /// The columns from the group's end to the next possible break.
    after: usize,
}

fn widths(ops: &[Op<'_>]) -> Vec<Widths> {
    let mut found = vec![Widths::default(); ops.len()];
    // From the end: for each group that has been entered, its width so far and what follows it.
    let mut open: Vec<(Option<usize>, usize)> = Vec::new();
    let mut to_break: usize = 0;
    let add = |open: &mut Vec<(Option<usize>, usize)>, columns: Option<usize>| {
        if let Some((group, _)) = open.last_mut() {
            *group = group.zip(columns).map(|(group, columns)| group.saturating_add(columns));
        }
    };
    for (op, found) in ops.iter().zip(&mut found).rev() {
        match op {
            Op::Text(text) => {
                let columns = columns(text);
                to_break = to_break.saturating_add(columns);
                add(&mut open, Some(columns));
            }
            Op::IfBroken(text) => to_break += columns(text),
            Op::Line { flat, .. } => {
                to_break = 0;
                add(&mut open, Some(columns(flat)));
            }
            Op::Hard { .. } | Op::Verbatim(_) => {
                to_break = 0;
                add(&mut open, None);
            }
            Op::Break => add(&mut open, None),
            Op::Close => open.push((Some(0), to_break)),
            Op::Open => {
                let (group, after) = open.pop().unwrap_or_default();
                *found = Widths { group, after };
                add(&mut open, group);
            }
            Op::Indent | Op::Dedent => {}
        }
    }
    found
}

fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

struct Writer {
    out: String,
    column: usize,
    level: usize,
    /// The line end that comes before the next text: whether an empty line follows it, and the level of the next line.
    pending: Option<(bool, usize)>,
}

impl Writer {
    fn end_line(&mut self, blank: bool, level: usize) {
        let blank = blank || self.pending.is_some_and(|(blank, _)| blank);
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.pending = Some((blank, level));
    }

    /// The column at which the next text starts.
    fn next_column(&self) -> usize {
        self.pending.map_or(self.column, |(_, level)| level * INDENT)
    }

    fn flush(&mut self, indented: bool) {
        let Some((blank, level)) = self.pending.take() else { return };
        self.column = 0;
        if self.out.is_empty() {
            return;
        }
        self.out.push_str(if blank { "\n\n" } else { "\n" });
        if indented {
            self.column = level * INDENT;
            self.out.extend(std::iter::repeat_n(' ', self.column));
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.flush(true);
        self.out.push_str(text);
        self.column += columns(text);
    }

    fn verbatim(&mut self, text: &str) {
        self.flush(false);
        self.out.push_str(text);
        self.column =
            text.rfind('\n').map_or(self.column + columns(text), |end| columns(text.get(end + 1..).unwrap_or("")));
    }
}
