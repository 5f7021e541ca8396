//! Expressions as they are printed, read in one pass.
//!
//! A plan has thousands of conditions, and whoever loads it waits for them. What mostly is in them is read here: names, fields,
//! literals, lists and operators, between which nothing stands but spaces. Whatever else there is, and whatever is wrong, is
//! left to the grammar: this reader gives nothing then. Where it gives something, the grammar gives the same, which
//! `tests` of this module hold it to.

use super::Name;
use super::expr::{BinaryOp, COMPARISON, Expr, ExprKind, StringLiteral, StringPart};
use crate::Span;

/// Nothing higher is read here: what walks an expression is recursive, and the grammar knows how high it may be.
const MAX_HEIGHT: u32 = 24;

/// So many operators are read here at most, for the same reason.
const MAX_OPERATORS: u32 = 64;

/// Words that are no names, or that may start something else where an operand is missing (`expr_stop` of the grammar). Of
/// those, `context` and `risk` are left out: what follows them there follows no operand.
const SPECIAL: &[&str] = &[
    "allow",
    "and",
    "approval",
    "as",
    "because",
    "capability",
    "compensate",
    "cost",
    "default",
    "deny",
    "effect",
    "else",
    "escalate",
    "fail",
    "false",
    "for",
    "handler",
    "has",
    "in",
    "len",
    "let",
    "matches",
    "not",
    "or",
    "package",
    "policy",
    "prove",
    "require",
    "retry",
    "role",
    "set",
    "step",
    "test",
    "timeout",
    "true",
    "type",
    "up",
    "use",
    "wait",
    "where",
    "workflow",
];

/// Reads an expression, if nothing in it is out of the ordinary.
pub(crate) fn read(text: &str) -> Option<Expr> {
    let mut reader = Reader { text, at: 0, operators: 0 };
    reader.skip_spaces();
    let read = reader.binary(0, 0)?;
    (reader.at == text.len()).then_some(read)
}

/// What has been read of a text. Whatever reads an operand leaves this behind the spaces that follow it.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    operators: u32,
}

impl<'t> Reader<'t> {
    /// Precedence climbing, as [`Expr::from_node`] does it.
    fn binary(&mut self, least: u8, height: u32) -> Option<Expr> {
        let mut left = self.unary(height)?;
        while let Some(op) = self.operator().filter(|op| op.precedence() >= least) {
            self.operators += 1;
            if self.operators > MAX_OPERATORS {
                return None;
            }
            let start = self.at;
            self.at += op.as_str().len();
            let span = self.since(start);
            self.skip_spaces();
            let right = self.binary(op.precedence() + 1, height + 1)?;
            let whole = left.span.to(right.span);
            left = Expr { kind: ExprKind::Binary(op, span, Box::new(left), Box::new(right)), span: whole };
            if op.precedence() == COMPARISON && self.operator().is_some_and(|next| next.precedence() == COMPARISON) {
                return None;
            }
        }
        Some(left)
    }

    fn unary(&mut self, height: u32) -> Option<Expr> {
        if height > MAX_HEIGHT {
            return None;
        }
        let start = self.at;
        // `not a == b` negates the comparison; a minus takes the next operand alone.
        let (operand, make): (Expr, fn(Box<Expr>) -> ExprKind) = if self.next() == Some(b'-') {
            self.skip(1);
            (self.unary(height + 1)?, ExprKind::Negate)
        } else if self.next() == Some(b'n') && self.word() == "not" {
            self.skip("not".len());
            (self.binary(COMPARISON, height + 1)?, ExprKind::Not)
        } else {
            return self.operand(height);
        };
        let span = Span { end: operand.span.end, ..self.since(start) };
        Some(Expr { kind: make(Box::new(operand)), span })
    }

    fn operand(&mut self, height: u32) -> Option<Expr> {
        let start = self.at;
        let kind = match self.next()? {
            b'0'..=b'9' => self.number()?,
            b'"' => self.string()?,
            b'[' => self.list(height)?,
            b'(' => self.within_parentheses(height)?.kind,
            _ => match self.word() {
                word @ ("true" | "false") => {
                    self.at += word.len();
                    ExprKind::Bool(word == "true")
                }
                "has" => {
                    self.skip("has".len());
                    ExprKind::Has(Box::new(self.path()?))
                }
                "len" => {
                    self.skip("len".len());
                    ExprKind::Len(Box::new(self.within_parentheses(height)?))
                }
                _ => self.path()?.kind,
            },
        };
        let span = self.since(start);
        self.skip_spaces();
        // A field of something that is no path.
        (self.next() != Some(b'.')).then_some(Expr { kind, span })
    }

    fn within_parentheses(&mut self, height: u32) -> Option<Expr> {
        self.take(b'(')?;
        self.skip_spaces();
        let inner = self.binary(0, height + 1)?;
        self.take(b')')?;
        Some(inner)
    }

    fn list(&mut self, height: u32) -> Option<ExprKind> {
        let mut elements = Vec::new();
        self.take(b'[')?;
        self.skip_spaces();
        while self.next() != Some(b']') {
            elements.push(self.binary(0, height + 1)?);
            match self.next()? {
                b',' => self.skip(1),
                b']' => {}
                _ => return None,
            }
        }
        self.take(b']')?;
        Some(ExprKind::List(elements))
    }

    /// `a.b.c`, with nothing in between, where an operand may end.
    fn path(&mut self) -> Option<Expr> {
        let start = self.at;
        let mut read = Expr { kind: ExprKind::Name(self.name()?.to_owned()), span: self.since(start) };
        let mut length = 0;
        while self.next() == Some(b'.') {
            self.at += 1;
            length += 1;
            let field = self.at;
            let name = Name { text: self.name().filter(|_| length <= MAX_HEIGHT)?.to_owned(), span: self.since(field) };
            read = Expr { kind: ExprKind::Field(Box::new(read), name), span: self.since(start) };
        }
        let end = self.at;
        self.skip_spaces();
        let ends = self.operator().is_some() || self.next().is_none_or(|next| matches!(next, b')' | b']' | b','));
        self.at = end;
        ends.then_some(read)
    }

    /// A name that is no other word.
    fn name(&mut self) -> Option<&'t str> {
        let word = self.word();
        let is_name = word.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
            && !word.bytes().any(|byte| byte.is_ascii_uppercase())
            && SPECIAL.binary_search(&word).is_err();
        self.at += word.len();
        is_name.then_some(word)
    }

    fn number(&mut self) -> Option<ExprKind> {
        let rest = self.rest();
        let digits = |text: &str| text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'_').count();
        let mut end = digits(rest);
        let is_decimal = rest.get(end..)?.starts_with('.');
        if is_decimal {
            let fraction = rest.get(end + 1..)?;
            fraction.starts_with(|first: char| first.is_ascii_digit()).then_some(())?;
            end += 1 + digits(fraction);
        }
        let (number, rest) = rest.split_at_checked(end)?;
        let unit = word(rest);
        if !unit.is_empty() {
            self.at += end + unit.len();
            let is_duration = !is_decimal && matches!(unit, "ms" | "s" | "m" | "h" | "d");
            return is_duration.then(|| ExprKind::Duration([number, unit].concat()));
        }
        self.at += end;
        let after = rest.trim_start_matches(' ');
        let code = word(after);
        if after.len() < rest.len() && !code.is_empty() && !matches!(code, "and" | "or" | "in" | "matches") {
            let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            self.at += rest.len() - after.len() + code.len();
            return is_code.then(|| ExprKind::Money(number.to_owned(), code.to_owned()));
        }
        Some(if is_decimal { ExprKind::Decimal(number.to_owned()) } else { ExprKind::Int(number.to_owned()) })
    }

    fn string(&mut self) -> Option<ExprKind> {
        let start = self.at;
        let inner = self.rest().get(1..)?;
        let length = inner.bytes().position(|byte| matches!(byte, b'"' | b'\\' | b'{') || !is_plain(byte))?;
        self.at += 1 + length;
        self.take(b'"')?;
        let text = inner.get(..length)?;
        let parts = if text.is_empty() { Vec::new() } else { vec![StringPart::Text(text.to_owned())] };
        Some(ExprKind::String(StringLiteral { parts, span: self.since(start) }))
    }

    /// The operator that stands here.
    fn operator(&self) -> Option<BinaryOp> {
        let second = self.text.as_bytes().get(self.at + 1).copied();
        Some(match (self.next()?, second) {
            (b'=', Some(b'=')) => BinaryOp::Eq,
            (b'!', Some(b'=')) => BinaryOp::Ne,
            (b'<', Some(b'=')) => BinaryOp::Le,
            (b'<', _) => BinaryOp::Lt,
            (b'>', Some(b'=')) => BinaryOp::Ge,
            (b'>', _) => BinaryOp::Gt,
            (b'?', Some(b'?')) => BinaryOp::Default,
            (b'+', _) => BinaryOp::Add,
            (b'-', _) => BinaryOp::Sub,
            (b'*', _) => BinaryOp::Mul,
            (b'o' | b'a' | b'i' | b'm', _) => match self.word() {
                "or" => BinaryOp::Or,
                "and" => BinaryOp::And,
                "in" => BinaryOp::In,
                "matches" => BinaryOp::Matches,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The word that stands here, if one does.
    fn word(&self) -> &'t str {
        word(self.rest())
    }

    /// Goes on by so many bytes, and behind the spaces that follow.
    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        self.skip_spaces();
    }

    fn skip_spaces(&mut self) {
        while self.next() == Some(b' ') {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then(|| self.at += 1)
    }

    fn since(&self, start: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: offset(start), end: offset(self.at) }
    }
}

/// The letters, digits and underscores at the beginning of a text.
fn word(text: &str) -> &str {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    text.get(..length).unwrap_or_default()
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::{SPECIAL, read};
    use crate::expression_by_grammar;
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    #[test]
    fn the_special_words_can_be_searched() {
        assert!(SPECIAL.is_sorted());
    }

    fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
        prop::sample::select(texts)
    }

    fn operand() -> impl Strategy<Value = &'static str> {
        one_of(&[
            "a",
            "input.amount",
            "context",
            "risk",
            "principal.id",
            "x1",
            "10",
            "1_000",
            "0.25",
            "12.50 USD",
            "3 eur",
            "24h",
            "5ms",
            "7x",
            "8.",
            "\"a\"",
            "\"\"",
            "\"a\\n\"",
            "\"{a}\"",
            "has a.b",
            "len(a)",
            "[a, 1]",
            "[]",
            "[\"a\",]",
            "(a)",
            "(a or b)",
            "true",
            "a.cost",
            "step.x",
            "low",
            "B",
            "context.risk",
            "a .b",
            "not a",
            "-1",
            "- 2",
            "(a).b",
        ])
    }

    fn operator() -> impl Strategy<Value = &'static str> {
        one_of(&["==", "!=", "<=", ">=", "<", ">", "??", "+", "-", "*", "and", "or", "in", "matches"])
    }

    /// Something that stands in no expression, or nowhere.
    fn anything() -> impl Strategy<Value = &'static str> {
        let sign = one_of(&[
            "(", ")", "[", "]", ",", ".", "{", "}", ":", "=", "/", "//", "?", "!", "\n", "\t", "\"", "|", "é",
            "\u{a0}", "_", "@", "usd", "name", "from", "high", "as", "T",
        ]);
        prop_oneof![prop::sample::select(SPECIAL), sign, operand(), operator()]
    }

    /// Operands and operators in turns, now and then with something else in between or instead.
    fn text() -> impl Strategy<Value = String> {
        let space = || prop_oneof![4 => Just(" "), 1 => Just("  "), 1 => Just("")];
        let either = |usual: BoxedStrategy<&'static str>| prop_oneof![24 => usual, 1 => anything()];
        let part = (either(operator().boxed()), space(), either(operand().boxed()), space());
        let rest = prop::collection::vec(part, 0..4);
        (either(operand().boxed()), space(), rest).prop_map(|(first, space, rest)| {
            let rest = rest.into_iter().flat_map(|(operator, one, operand, other)| [operator, one, operand, other]);
            [first, space].into_iter().chain(rest).collect()
        })
    }

    #[test]
    fn whatever_is_read_is_read_as_the_grammar_does() {
        let config = ProptestConfig { failure_persistence: None, cases: 20_000, ..ProptestConfig::default() };
        let read_here = std::cell::Cell::new(0);
        let law = |text: String| {
            if let Some(read) = read(&text) {
                read_here.set(read_here.get() + 1);
                prop_assert_eq!(Ok(read), expression_by_grammar(&text), "{}", text);
            }
            Ok(())
        };
        let texts = prop_oneof![
            3 => text(),
            1 => prop::collection::vec(anything(), 1..7).prop_map(|pieces| pieces.join(" ")),
        ];
        TestRunner::new(config).run(&texts, law).unwrap();
        assert!(read_here.get() > 4000, "{}", read_here.get());
    }

    /// What follows a keyword decides whether it is one: everything that may is tried.
    #[test]
    fn whatever_follows_a_keyword_it_is_read_as_the_grammar_does() {
        let grammar = include_str!("../gov.pest").lines();
        let keywords: Vec<&str> =
            grammar.filter(|line| line.starts_with("kw_")).filter_map(|line| line.split('"').nth(1)).collect();
        let after =
            ["", "in", "as", "to", "x", "low", "==", "=", "*", ":", "allow", "{", "(", ",", "\"a\"", "1", "X", "a.b"];
        let (mut texts, mut read_here) = (0, 0);
        for keyword in keywords {
            for text in ["", "a + ", "a."].iter().flat_map(|before| {
                let pairs = after.iter().flat_map(|one| after.iter().map(move |other| (one, other)));
                pairs.map(move |(one, other)| format!("{before}{keyword} {one} {other}"))
            }) {
                texts += 1;
                if let Some(read) = read(&text) {
                    read_here += 1;
                    assert_eq!(Ok(read), expression_by_grammar(&text), "{text}");
                }
            }
        }
        assert!(texts > 40_000 && read_here > 1000, "{texts} {read_here}");
    }
}
