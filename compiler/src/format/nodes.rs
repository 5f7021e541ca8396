//! What each kind of node looks like.

use super::layout::Op;
use super::order;
use super::printer::{Blank, Gap, Printer};
use gov_grammar::{Kind, Node};

impl<'t> Printer<'t> {
    /// Any node but a comment.
    pub(super) fn node(&mut self, node: Node<'t>) {
        if node.is_token() {
            return self.leaf(node);
        }
        let parts: Vec<Node<'t>> = node.children().collect();
        match node.kind() {
            Kind::capability => self.item_with_body(&order::capability(&parts)),
            Kind::policy => self.item_with_body(&order::policy(&parts)),
            Kind::workflow => self.item_with_body(&order::workflow(&parts)),
            Kind::block | Kind::test_def => self.item_with_body(&order::as_written(&parts)),
            Kind::context => {
                let (head, fields) =
                    parts.split_at(parts.iter().position(|part| part.kind() == Kind::fields).unwrap_or(0));
                self.inline(head.iter().copied());
                self.want(Gap::Space);
                for part in fields {
                    let below: Vec<Node<'t>> = part.children().collect();
                    self.enclosed(&below, true);
                }
            }
            Kind::role | Kind::set_def | Kind::tags_clause | Kind::expect_calls => self.with_list(&parts),
            Kind::fields | Kind::params | Kind::record | Kind::list => self.enclosed(&parts, false),
            Kind::type_def => self.segments(node, &parts, |kind| kind == Kind::refinement),
            Kind::field => self.segments(node, &parts, |kind| kind == Kind::refinement),
            Kind::string_union => self.segments(node, &parts, |kind| kind == Kind::pipe),
            Kind::effect_clause
            | Kind::risk_clause
            | Kind::approval_clause
            | Kind::compensate_clause
            | Kind::cost_clause => {
                self.table(&parts);
            }
            Kind::effect_row | Kind::risk_row | Kind::approval_row | Kind::compensate_row | Kind::cost_row => {
                self.segments(node, &parts, |kind| matches!(kind, Kind::row_guard | Kind::because));
            }
            Kind::pattern_list | Kind::approvers => self.patterns(node, &parts),
            Kind::budget_clause | Kind::after => self.inline(without_last_comma(&parts)),
            Kind::rule => self.rule(node, &parts),
            Kind::escalate_clause | Kind::default_clause => {
                self.segments(node, &parts, |kind| {
                    matches!(kind, Kind::because | Kind::approval_opt | Kind::kw_within)
                });
            }
            Kind::step => self.segments(node, &parts, is_step_option),
            Kind::check => self.segments(node, &parts, |kind| kind == Kind::kw_else),
            Kind::approval_stmt => {
                self.segments(node, &parts, |kind| matches!(kind, Kind::approval_opt | Kind::string));
            }
            Kind::prove => {
                self.segments(node, &parts, |kind| matches!(kind, Kind::policy_claim | Kind::workflow_claim))
            }
            Kind::policy_claim => self.segments(node, &parts, |kind| kind == Kind::rule_guard),
            Kind::expect_decision => self.segments(node, &parts, |kind| matches!(kind, Kind::kw_for | Kind::kw_with)),
            Kind::accept => self.inline(without_last_comma(&parts)),
            Kind::expr => self.expression(&parts),
            Kind::string => self.string(node, &parts),
            _ => self.inline(parts),
        }
    }

    fn leaf(&mut self, node: Node<'t>) {
        match node.kind() {
            Kind::money => {
                let words: Vec<&str> = node.text().split_ascii_whitespace().collect();
                self.token_as(node, words.join(" ").into());
            }
            _ => self.token(node),
        }
    }

    /// A file: items with an empty line between two, but for rows of small ones, which stand as their author put them.
    pub(super) fn file(&mut self, file: Node<'t>) {
        let parts: Vec<Node<'t>> = file.children().filter(|part| part.kind() != Kind::EOI).collect();
        let is_lead = |part: &Node<'t>| matches!(part.kind(), Kind::COMMENT | Kind::accept);
        // For each part, the item that it is or leads to.
        let mut next = None;
        let mut leads_to: Vec<Option<Kind>> = Vec::new();
        for part in parts.iter().rev() {
            if !is_lead(part) {
                next = Some(part.kind());
            }
            leads_to.push(next);
        }
        let mut last_item: Option<Kind> = None;
        let mut after_item = false;
        for (part, leads_to) in parts.iter().zip(leads_to.into_iter().rev()) {
            let start = part.span().range().start;
            let between = self.between(start);
            let unread_between = between.contains(|c: char| !c.is_ascii_whitespace());
            if unread_between {
                self.between_items(start);
            }
            let same_row = last_item == leads_to && leads_to.is_some_and(is_small);
            let blank = if after_item && !same_row && leads_to.is_some() && !unread_between {
                Blank::Always
            } else {
                Blank::Keep
            };
            self.want_with(Gap::Hard, blank);
            if part.kind() == Kind::COMMENT {
                let trails = !between.contains('\n') && !unread_between;
                self.comment(*part);
                // What follows a comment at the end of an item's line still follows that item.
                after_item &= trails;
                continue;
            }
            after_item = !is_lead(part);
            if after_item {
                last_item = Some(part.kind());
            }
            if is_healthy(*part) {
                self.node(*part);
            } else {
                let span = part.span().range();
                self.verbatim(span.start, span.end);
            }
        }
        self.between_items(file.file_text().len());
    }

    /// Characters between two items that no tree has, because they may stand nowhere, are not for a formatter to drop.
    fn between_items(&mut self, end: usize) {
        let between = self.between(end);
        let text = between.trim_ascii();
        if !text.is_empty() {
            let start = end - between.trim_ascii_start().len();
            self.verbatim(start, start + text.len());
        }
    }

    /// A head, and between braces one thing on each line.
    fn item_with_body(&mut self, body: &order::Body<'t>) {
        self.inline(body.head.iter().copied());
        let Some((open, close)) = body.braces else { return };
        self.want(Gap::Space);
        self.token(open);
        if body.units.is_empty() {
            return self.token(close);
        }
        self.indented(|printer| {
            let mut blank = Blank::Never;
            for unit in &body.units {
                printer.continue_from(unit.follows);
                for part in &unit.parts {
                    printer.want_with(Gap::Hard, blank);
                    blank = if unit.key == 0 { Blank::Never } else { Blank::Keep };
                    match part.kind() {
                        Kind::COMMENT => printer.comment(*part),
                        _ => printer.node(*part),
                    }
                }
            }
        });
        self.continue_from(close.span().range().start);
        self.want_with(Gap::Hard, Blank::Never);
        self.token(close);
    }

    /// Words, and a list in brackets whose entries may be below a `pattern_list`.
    fn with_list(&mut self, parts: &[Node<'t>]) {
        let opens = |part: &Node<'t>| matches!(part.kind(), Kind::l_brace | Kind::l_brack);
        let (head, list) = parts.split_at(parts.iter().position(opens).unwrap_or(parts.len()));
        self.inline(head.iter().copied());
        if list.is_empty() {
            return;
        }
        self.want(Gap::Space);
        let mut flat = Vec::new();
        for part in list {
            match part.kind() {
                Kind::pattern_list => flat.extend(part.children()),
                _ => flat.push(*part),
            }
        }
        self.enclosed(&flat, false);
    }

    /// A list from its opening to its closing bracket: on one line if it fits, one entry on each otherwise.
    fn enclosed(&mut self, parts: &[Node<'t>], always_broken: bool) {
        let ([open, entries @ .., close], [_, .., _]) = (parts, parts) else {
            return self.inline(parts.iter().copied());
        };
        let pad = if open.kind() == Kind::l_brace { Gap::Line } else { Gap::SoftLine };
        self.open(*open);
        self.token(*open);
        if !entries.is_empty() {
            if always_broken {
                self.add(Op::Break);
            }
            self.indented(|printer| printer.entries(entries, pad));
            self.want_with(pad, Blank::Never);
        }
        self.token(*close);
        self.close();
    }

    fn entries(&mut self, entries: &[Node<'t>], pad: Gap) {
        let last = entries.iter().rposition(|entry| !matches!(entry.kind(), Kind::COMMENT | Kind::comma));
        self.want_with(pad, Blank::Never);
        let mut first = true;
        for (index, entry) in entries.iter().enumerate() {
            if !first && entry.kind() != Kind::comma {
                self.want(Gap::Line);
            }
            match entry.kind() {
                Kind::COMMENT => self.comment(*entry),
                Kind::comma => self.passed(entry.span().range().end),
                _ => {
                    self.node(*entry);
                    if Some(index) == last {
                        self.add(Op::IfBroken(","));
                    } else {
                        self.add(Op::Text(",".into()));
                    }
                    first = false;
                }
            }
        }
    }

    /// Words in a row that may break before those that `starts` names, one level deeper.
    fn segments(&mut self, node: Node<'t>, parts: &[Node<'t>], starts: impl Fn(Kind) -> bool) {
        let first = parts.iter().skip(1).position(|part| starts(part.kind())).map_or(parts.len(), |at| at + 1);
        let (head, tail) = parts.split_at(first);
        if tail.is_empty() {
            return self.inline(head.iter().copied());
        }
        self.group(node, |printer| {
            printer.inline(head.iter().copied());
            printer.indented(|printer| {
                for segment in tail.chunk_by(|_, next| !starts(next.kind())) {
                    printer.want(Gap::Line);
                    printer.inline(segment.iter().copied());
                }
            });
        });
    }

    /// A clause with one row on its line, or with each of several rows on a line of its own.
    fn table(&mut self, parts: &[Node<'t>]) {
        let rows = parts.iter().filter(|part| !is_punctuation(part.kind())).count();
        let [keyword, rest @ ..] = parts else { return };
        if rows <= 2 {
            return self.inline(without_last_comma(parts));
        }
        self.token(*keyword);
        // Comments before the last comma are in the clause because of it, and so it stays behind them.
        let ends_late =
            matches!(rest, [.., comment, comma] if comment.kind() == Kind::COMMENT && comma.kind() == Kind::comma);
        let last = rest.iter().rposition(|part| !is_punctuation(part.kind()));
        self.indented(|printer| {
            printer.want_with(Gap::Hard, Blank::Never);
            for (index, part) in rest.iter().enumerate() {
                match part.kind() {
                    Kind::COMMENT => printer.comment(*part),
                    Kind::comma if ends_late && index + 1 == rest.len() => printer.token(*part),
                    Kind::comma => printer.passed(part.span().range().end),
                    _ => {
                        printer.node(*part);
                        if !ends_late || Some(index) != last {
                            printer.add(Op::Text(",".into()));
                            printer.want_with(Gap::Hard, Blank::Never);
                        }
                    }
                }
            }
        });
        // The last row ends the clause: what follows is for the clause's surroundings to say.
        self.forget_gap();
    }

    /// Patterns without brackets: on the line of the word before them if they fit, one on each line otherwise.
    fn patterns(&mut self, node: Node<'t>, parts: &[Node<'t>]) {
        let parts: Vec<Node<'t>> = without_last_comma(parts).collect();
        if parts.len() == 1 {
            return self.inline(parts);
        }
        self.group(node, |printer| {
            printer.indented(|printer| {
                printer.want(Gap::SoftLine);
                for part in parts {
                    match part.kind() {
                        Kind::COMMENT => printer.comment(part),
                        Kind::comma => {
                            printer.token(part);
                            printer.want(Gap::Line);
                        }
                        _ => printer.node(part),
                    }
                }
            });
        });
    }

    /// `[name:] ACTION SUBJECTS to TARGETS [when E] [because "…"]`: the name on a line of its own, the rule below it.
    fn rule(&mut self, node: Node<'t>, parts: &[Node<'t>]) {
        let starts = |kind| matches!(kind, Kind::kw_for | Kind::rule_guard | Kind::because);
        match parts {
            [label, rest @ ..] if label.kind() == Kind::label => {
                self.node(*label);
                let Some(first) = rest.iter().find(|part| part.kind() != Kind::COMMENT) else { return };
                self.indented(|printer| {
                    printer.want_with(Gap::Hard, Blank::Never);
                    let comments = rest.iter().take_while(|part| part.kind() == Kind::COMMENT).count();
                    let (comments, rest) = rest.split_at(comments);
                    for comment in comments {
                        printer.comment(*comment);
                    }
                    printer.segments(*first, rest, starts);
                });
            }
            _ => self.segments(node, parts, starts),
        }
    }
}

/// Items of one line that may stand in rows without empty lines.
fn is_small(kind: Kind) -> bool {
    matches!(kind, Kind::use_decl | Kind::type_def | Kind::role | Kind::set_def | Kind::prove | Kind::bad_item)
}

fn is_step_option(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::retry_clause
            | Kind::timeout_clause
            | Kind::compensate_clause
            | Kind::or_call
            | Kind::on_failure
            | Kind::after
    )
}

fn is_punctuation(kind: Kind) -> bool {
    matches!(kind, Kind::COMMENT | Kind::comma)
}

/// The parts without a comma after the last thing.
fn without_last_comma<'t>(parts: &[Node<'t>]) -> impl Iterator<Item = Node<'t>> {
    let closes = |kind| matches!(kind, Kind::COMMENT | Kind::r_paren);
    let last = parts.iter().rposition(|part| !closes(part.kind()));
    let is = |index: usize, kind| parts.get(index).is_some_and(|part| part.kind() == kind);
    // A comment before it would not be inside any more.
    let dropped = last.filter(|last| is(*last, Kind::comma) && !is(last.wrapping_sub(1), Kind::COMMENT));
    parts.iter().copied().enumerate().filter(move |(index, _)| Some(*index) != dropped).map(|(_, part)| part)
}

/// Whether all of an item could be read: nothing below it is an error, and nothing but white space is between its tokens.
fn is_healthy(item: Node<'_>) -> bool {
    let text = item.file_text();
    let mut end = item.span().range().start;
    if item.is_unread() {
        return false;
    }
    for node in item.descendants() {
        if node.is_unread() || node.kind() == Kind::missing_close {
            return false;
        }
        let span = node.span().range();
        // What is in a string is below a token.
        if (node.is_token() || node.kind() == Kind::string) && span.start >= end {
            if text.get(end..span.start).is_none_or(|gap| gap.contains(|c: char| !c.is_ascii_whitespace())) {
                return false;
            }
            end = span.end;
        }
    }
    true
}
