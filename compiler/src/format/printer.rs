//! Tokens and comments in order: what stands between them is decided here, what a node looks like in `nodes`.

use super::layout::Op;
use gov_grammar::{Kind, Node};
use std::borrow::Cow;

/// What comes between the last token and the next one. The larger of two wishes for the same place is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Gap {
    /// Nothing.
    #[default]
    None,
    /// A space.
    Space,
    /// Nothing, or a line end if the group is broken.
    SoftLine,
    /// A space, or a line end if the group is broken.
    Line,
    /// A line end.
    Hard,
    /// A line end after a comment where no line end belongs: the next line is one level deeper.
    HardIndented,
}

/// Whether empty lines of the source are kept, as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Blank {
    #[default]
    Keep,
    Never,
    Always,
}

/// Turns nodes into the sequence that [`super::layout`] lays out.
pub(super) struct Printer<'t> {
    text: &'t str,
    pub(super) ops: Vec<Op<'t>>,
    gap: Gap,
    blank: Blank,
    /// Where the last token or comment ended, in the source.
    end: usize,
    /// Whether the last thing was a comment, which nothing can follow on its line.
    after_comment: bool,
}

impl<'t> Printer<'t> {
    pub(super) fn new(text: &'t str) -> Printer<'t> {
        Printer { text, ops: Vec::new(), gap: Gap::None, blank: Blank::Keep, end: 0, after_comment: false }
    }

    /// Wishes for a gap before the next token.
    pub(super) fn want(&mut self, gap: Gap) {
        // A break that belongs there brings its own indentation.
        let structural = self.gap == Gap::HardIndented && (Gap::SoftLine..=Gap::Hard).contains(&gap);
        self.gap = if structural { Gap::Hard } else { self.gap.max(gap) };
    }

    /// Wishes for a gap, and says what becomes of the source's empty lines there.
    pub(super) fn want_with(&mut self, gap: Gap, blank: Blank) {
        self.want(gap);
        self.blank = blank;
    }

    /// Takes the next token for what follows the one that ends here, which is not the last one in the new order.
    pub(super) fn continue_from(&mut self, end: usize) {
        self.end = end;
    }

    pub(super) fn open(&mut self, node: Node<'t>) {
        self.flush(node.span().range().start);
        self.ops.push(Op::Open);
    }

    pub(super) fn close(&mut self) {
        self.ops.push(Op::Close);
    }

    /// Prints what is one level deeper on the lines that it starts.
    pub(super) fn indented(&mut self, print: impl FnOnce(&mut Self)) {
        self.ops.push(Op::Indent);
        print(self);
        self.ops.push(Op::Dedent);
    }

    /// A group: on one line, or broken at each of its own breaks.
    pub(super) fn group(&mut self, node: Node<'t>, print: impl FnOnce(&mut Self)) {
        self.open(node);
        print(self);
        self.close();
    }

    pub(super) fn token(&mut self, node: Node<'t>) {
        self.token_as(node, Cow::Borrowed(node.text()));
    }

    /// A token in another spelling.
    pub(super) fn token_as(&mut self, node: Node<'t>, text: Cow<'t, str>) {
        let span = node.span().range();
        self.flush(span.start);
        self.ops.push(Op::Text(text));
        self.passed(span.end);
        self.after_comment = false;
    }

    /// A stretch of the source as it stands, on lines of its own.
    pub(super) fn verbatim(&mut self, start: usize, end: usize) {
        self.want(Gap::Hard);
        self.flush(start);
        self.ops.push(Op::Verbatim(self.text.get(start..end).unwrap_or_default()));
        self.passed(end);
        self.after_comment = false;
        self.want(Gap::Hard);
    }

    /// A token that is not printed where it stands, or not at all.
    pub(super) fn passed(&mut self, end: usize) {
        self.end = self.end.max(end);
    }

    /// A text that the source does not have.
    pub(super) fn add(&mut self, op: Op<'t>) {
        self.ops.push(op);
    }

    /// A comment: at the end of the last token's line if it stands there, on a line of its own otherwise.
    pub(super) fn comment(&mut self, node: Node<'t>) {
        let span = node.span().range();
        let structural = self.gap >= Gap::SoftLine && self.gap != Gap::HardIndented;
        let next = if structural || self.ops.is_empty() { Gap::Hard } else { Gap::HardIndented };
        let same_line = !self.between(span.start).contains('\n');
        if same_line && !self.after_comment && !self.ops.is_empty() {
            self.ops.push(Op::Text(Cow::Borrowed(" ")));
        } else {
            self.gap = next;
            self.flush(span.start);
        }
        self.ops.push(Op::Text(Cow::Borrowed(node.text())));
        self.passed(span.end);
        self.after_comment = true;
        (self.gap, self.blank) = (next, Blank::Keep);
    }

    /// The source between the last token and an offset.
    pub(super) fn between(&self, start: usize) -> &'t str {
        self.text.get(self.end..start).unwrap_or_default()
    }

    /// Takes back the wish for a gap, unless a comment needs it.
    pub(super) fn forget_gap(&mut self) {
        if !self.after_comment {
            (self.gap, self.blank) = (Gap::None, Blank::Keep);
        }
    }

    fn flush(&mut self, start: usize) {
        let blank = match self.blank {
            Blank::Keep => {
                let structural = (Gap::SoftLine..=Gap::Hard).contains(&self.gap);
                structural && self.between(start).matches('\n').nth(1).is_some()
            }
            Blank::Never => false,
            Blank::Always => true,
        };
        match self.gap {
            Gap::None => {}
            Gap::Space => self.ops.push(Op::Text(Cow::Borrowed(" "))),
            Gap::SoftLine => self.ops.push(Op::Line { flat: "", blank }),
            Gap::Line => self.ops.push(Op::Line { flat: " ", blank }),
            Gap::Hard => self.ops.push(Op::Hard { blank, levels: 0 }),
            Gap::HardIndented => self.ops.push(Op::Hard { blank, levels: 1 }),
        }
        (self.gap, self.blank) = (Gap::None, Blank::Keep);
    }

    /// The nodes in a row, on one line but for comments; what stands between two of them follows from their kinds.
    pub(super) fn inline(&mut self, nodes: impl IntoIterator<Item = Node<'t>>) {
        let mut last = None;
        for node in nodes {
            if node.kind() == Kind::COMMENT {
                self.comment(node);
                continue;
            }
            if node.kind() == Kind::kw_else && self.after_comment {
                self.gap = Gap::Hard;
            } else if let Some(last) = last {
                self.want(if touches(last, node.kind()) { Gap::None } else { Gap::Space });
            }
            self.node(node);
            last = Some(node.kind());
        }
    }
}

/// Whether nothing stands between two things of these kinds.
fn touches(left: Kind, right: Kind) -> bool {
    let opens = matches!(left, Kind::l_paren | Kind::l_brack | Kind::l_angle | Kind::dot | Kind::dots | Kind::at_sign);
    let follows = matches!(
        right,
        Kind::comma
            | Kind::colon
            | Kind::l_paren
            | Kind::r_paren
            | Kind::r_brack
            | Kind::l_angle
            | Kind::r_angle
            | Kind::opt
            | Kind::dot
            | Kind::dots
            | Kind::params
    );
    opens || follows
}
