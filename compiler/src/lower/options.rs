//! Small values that several items share: durations, counts, amounts, strings, retries, approvals.

use std::rc::Rc;

use gov_grammar::ast;
use gov_plan::Decimal;
use gov_plan::model::{Approval, Cost, Retry};
use gov_plan::pattern::PrincipalPattern;
use gov_plan::text::parse_duration;

use super::{Context, origin};
use crate::errors::{names, structure};
use crate::source::{FileId, Span};

impl Context<'_> {
    /// A duration of at least a millisecond.
    pub(super) fn duration(&mut self, file: FileId, written: &ast::Name) -> Option<i64> {
        let span = Span::new(file, written.span.start, written.span.end);
        match parse_duration(&written.text) {
            Some(milliseconds) if milliseconds > 0 => Some(milliseconds),
            Some(_) => {
                self.report(structure::bad_value(
                    span,
                    "a duration here is longer than nothing",
                    "write at least `1ms`",
                ));
                None
            }
            None => {
                let help = "write a shorter one";
                self.report(structure::bad_value(span, "the duration does not fit 64 bits of milliseconds", help));
                None
            }
        }
    }

    /// A count from 1 to a million.
    pub(super) fn count(&mut self, file: FileId, written: &ast::Name, what: &str) -> Option<u32> {
        const MOST: u32 = 1_000_000;
        match written.text.replace('_', "").parse() {
            Ok(count) if (1..=MOST).contains(&count) => Some(count),
            _ => {
                let span = Span::new(file, written.span.start, written.span.end);
                self.report(structure::bad_value(
                    span,
                    &format!("{what} is a number from 1 to 1_000_000"),
                    "change the number",
                ));
                None
            }
        }
    }

    /// An amount of money, not negative by the grammar.
    pub(super) fn money(&mut self, file: FileId, literal: &ast::MoneyLiteral) -> Option<Cost> {
        let scope = Rc::clone(&self.symbols.names);
        let currency = self.check(file, &*scope, |checker| checker.currency(&literal.currency, literal.span));
        let amount: Result<Decimal, _> = literal.number.parse();
        if let Err(reason) = &amount {
            let span = Span::new(file, literal.span.start, literal.span.end);
            let help = "an amount has 18 digits before the point and 10 after it";
            self.report(crate::errors::types::bad_literal(span, &format!("the number has {reason}"), help));
        }
        Some(Cost { amount: amount.ok()?, currency: currency? })
    }

    /// A string in which nothing is computed.
    pub(super) fn plain_string(&mut self, file: FileId, literal: &ast::StringLiteral) -> Option<String> {
        let plain = literal.plain();
        if plain.is_none() {
            let span = Span::new(file, literal.span.start, literal.span.end);
            let help = "write `\\{` where a brace is meant";
            self.report(structure::bad_value(span, "nothing can be computed in this string", help));
        }
        plain
    }

    pub(super) fn retry(&mut self, file: FileId, retry: &ast::Retry) -> Option<Retry> {
        let attempts = match &retry.times {
            Some(times) => Some(self.count(file, times, "a number of attempts")?),
            None => None,
        };
        let backoff = match &retry.backoff {
            Some((least, most)) => {
                let (shortest, longest) = (self.duration(file, least)?, self.duration(file, most)?);
                if shortest > longest {
                    let span = Span::new(file, least.span.start, most.span.end);
                    let help = format!("write `{}..{}`", most.text, least.text);
                    self.report(structure::bad_value(span, "the shortest pause is longer than the longest", &help));
                    return None;
                }
                Some((shortest, longest))
            }
            None => None,
        };
        Some(Retry { attempts, backoff, on_transient: retry.on_transient })
    }

    /// The options of an approval; `any user` where nobody is named.
    pub(super) fn approval(&mut self, file: FileId, options: &[ast::ApprovalOption], at: Span) -> Option<Approval> {
        let place = |span: &gov_grammar::Span| Span::new(file, span.start, span.end);
        let (mut from, mut quorum, mut within) = (None, None, None);
        let mut whole = true;
        for option in options {
            let (seen, span, what) = match option {
                ast::ApprovalOption::From(patterns, span) => {
                    let first = from.as_ref().map(|(_, first)| *first);
                    if first.is_none() {
                        let patterns = self.principals(file, patterns);
                        whole &= patterns.is_some();
                        from = Some((patterns.unwrap_or_default(), place(span)));
                    }
                    (first, place(span), "`from`")
                }
                ast::ApprovalOption::Quorum(number, span) => {
                    let first = quorum.as_ref().map(|(_, first)| *first);
                    if first.is_none() {
                        let number = self.count(file, number, "a quorum");
                        whole &= number.is_some();
                        quorum = Some((number.unwrap_or(1), place(span)));
                    }
                    (first, place(span), "`quorum`")
                }
                ast::ApprovalOption::Within(duration, span) => {
                    let first = within.as_ref().map(|(_, first)| *first);
                    if first.is_none() {
                        let duration = self.duration(file, duration);
                        whole &= duration.is_some();
                        within = Some((duration.unwrap_or_default(), place(span)));
                    }
                    (first, place(span), "`within`")
                }
            };
            if let Some(first) = seen {
                self.report(names::said_twice(span, first, what));
                whole = false;
            }
        }
        let from = from.map_or_else(any_user, |(from, _)| from);
        let quorum = quorum.map_or(1, |(quorum, _)| quorum);
        let within = within.map(|(within, _)| within);
        whole.then(|| Approval { from, quorum, within, at: origin(at) })
    }
}

/// Who approves where nobody is named.
pub(super) fn any_user() -> Vec<PrincipalPattern> {
    vec![PrincipalPattern::Prefix("user:".to_owned())]
}
