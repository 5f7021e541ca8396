//! Expressions.

use super::build::{Parts, Problems, expr};
use super::{Name, Type};
use crate::tree::{Kind, Node};
use crate::{Error, ErrorKind, Found, MAX_DEPTH, Span};

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of expressions. Numbers are kept as they are written; what they mean is for the types to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// `true` or `false`.
    Bool(bool),
    /// `10_000`.
    Int(String),
    /// `0.25`.
    Decimal(String),
    /// `24h`.
    Duration(String),
    /// `12.50 USD`: the number, the currency.
    Money(String, String),
    /// A string.
    String(StringLiteral),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ name: a }`.
    Record(Record),
    /// A bare name.
    Name(String),
    /// `x.f`.
    Field(Box<Expr>, Name),
    /// `x as T`.
    As(Box<Expr>, Box<Type>),
    /// `has x.f`: the path is built of names and fields alone.
    Has(Box<Expr>),
    /// `len(x)`.
    Len(Box<Expr>),
    /// `not x`.
    Not(Box<Expr>),
    /// `-x`.
    Negate(Box<Expr>),
    /// `a + b`, and where the operator stands.
    Binary(BinaryOp, Span, Box<Expr>, Box<Expr>),
    /// Something that could not be read and was reported.
    Broken,
}

/// The operators between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `matches`
    Matches,
    /// `??`
    Default,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
}

impl BinaryOp {
    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::In => "in",
            BinaryOp::Matches => "matches",
            BinaryOp::Default => "??",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
        }
    }

    /// The operator that is written like this.
    pub fn from_text(text: &str) -> Option<BinaryOp> {
        use BinaryOp::*;
        [Or, And, Eq, Ne, Lt, Le, Gt, Ge, In, Matches, Default, Add, Sub, Mul]
            .into_iter()
            .find(|op| op.as_str() == text)
    }

    /// How tightly the operator binds; a larger number binds tighter. `not` binds between `and` and the comparisons.
    pub fn precedence(self) -> u8 {
        match self {
            BinaryOp::Or => 1,
            BinaryOp::And => 2,
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => COMPARISON,
            BinaryOp::In | BinaryOp::Matches => COMPARISON,
            BinaryOp::Default => 5,
            BinaryOp::Add | BinaryOp::Sub => 6,
            BinaryOp::Mul => 7,
        }
    }
}

pub(super) const COMPARISON: u8 = 4;

/// The highest tree that one expression may give: what walks it is recursive.
const MAX_HEIGHT: u32 = 4 * MAX_DEPTH;

/// A string's parts, in order; escapes are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// Text and interpolations.
    pub parts: Vec<StringPart>,
    /// The string with its quotes.
    pub span: Span,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StringPart {
    /// Text.
    Text(String),
    /// `{expr}`.
    Interpolation(Expr),
}

/// `{ name: expr, … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The entries in the order of the source.
    pub entries: Vec<(Name, Expr)>,
    /// The record with its braces.
    pub span: Span,
}

impl StringLiteral {
    /// The text, if nothing in the string is computed.
    pub fn plain(&self) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                StringPart::Text(part) => text.push_str(part),
                StringPart::Interpolation(_) => return None,
            }
        }
        Some(text)
    }

    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> StringLiteral {
        let mut parts: Vec<StringPart> = Vec::new();
        let mut text = String::new();
        for part in node.children() {
            match part.kind() {
                Kind::chunk => text.push_str(part.text()),
                Kind::escape => match unescape(part.text()) {
                    Some(c) => text.push(c),
                    None => problems.push(Error::new(part.span(), ErrorKind::BadEscape)),
                },
                Kind::interpolation => {
                    if !text.is_empty() {
                        parts.push(StringPart::Text(std::mem::take(&mut text)));
                    }
                    parts.extend(part.expr(problems).map(StringPart::Interpolation));
                }
                _ => {}
            }
        }
        if !text.is_empty() {
            parts.push(StringPart::Text(text));
        }
        StringLiteral { parts, span: node.span() }
    }
}

fn unescape(escape: &str) -> Option<char> {
    match escape.get(1..)? {
        "n" => Some('\n'),
        "t" => Some('\t'),
        "\"" => Some('"'),
        "\\" => Some('\\'),
        "{" => Some('{'),
        code => {
            let hex = code.strip_prefix("u{")?.strip_suffix('}')?;
            u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
        }
    }
}

impl Record {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Record {
        let entries = node.children().filter(|child| child.kind() == Kind::entry);
        let entries = entries.filter_map(|entry| Some((entry.name(Kind::name)?, entry.expr(problems)?))).collect();
        Record { entries, span: node.span() }
    }
}

impl Expr {
    pub(crate) fn broken(span: Span) -> Expr {
        Expr { kind: ExprKind::Broken, span }
    }

    /// Builds an expression from a node of kind `expr`.
    pub(crate) fn from_node(node: Node<'_>) -> Result<Expr, Error> {
        let mut problems = Vec::new();
        let mut builder = Builder { parts: node.parts(), problems: &mut problems, end: node.span(), prefixes: 0 };
        let (built, height) = builder.binary(0)?;
        if height > MAX_HEIGHT {
            return Err(Error::new(node.span(), ErrorKind::TooDeep { limit: MAX_HEIGHT }));
        }
        match problems.into_iter().next() {
            Some(problem) => Err(problem),
            None => Ok(built),
        }
    }
}

/// Precedence climbing over the flat list that the grammar gives (Pratt, "Top down operator precedence", 1973).
struct Builder<'t, 'p> {
    parts: Parts<'t>,
    problems: &'p mut Problems,
    end: Span,
    prefixes: u32,
}

impl Builder<'_, '_> {
    fn binary(&mut self, least: u8) -> Result<(Expr, u32), Error> {
        let (mut left, mut height) = self.unary()?;
        while let Some(node) = self.parts.peek().filter(|node| node.kind() == Kind::infix) {
            let Some(op) = BinaryOp::from_text(node.text()) else {
                break;
            };
            let precedence = op.precedence();
            if precedence < least {
                break;
            }
            self.parts.next();
            let (right, right_height) = self.binary(precedence + 1)?;
            height = height.max(right_height) + 1;
            if height > MAX_HEIGHT {
                return Err(Error::new(left.span.to(right.span), ErrorKind::TooDeep { limit: MAX_HEIGHT }));
            }
            let span = left.span.to(right.span);
            left = Expr { kind: ExprKind::Binary(op, node.span(), Box::new(left), Box::new(right)), span };
            // Comparisons do not associate: `a < b < c` has no meaning worth guessing.
            if precedence == COMPARISON
                && let Some(next) = self.parts.peek().filter(|next| next.kind() == Kind::infix)
                && BinaryOp::from_text(next.text()).is_some_and(|op| op.precedence() == COMPARISON)
            {
                let found = Found::Token(next.text().to_owned());
                let expected = vec!["`and`", "`or`"];
                return Err(Error::new(next.span(), ErrorKind::Expected { expected, found, meant: None }));
            }
        }
        Ok((left, height))
    }

    fn unary(&mut self) -> Result<(Expr, u32), Error> {
        let Some(prefix) = self.parts.take_kind(Kind::prefix) else {
            return self.postfix();
        };
        self.prefixes += 1;
        if self.prefixes > MAX_DEPTH {
            return Err(Error::new(prefix.span(), ErrorKind::TooDeep { limit: MAX_DEPTH }));
        }
        // `not a == b` negates the comparison; a minus takes the next operand alone.
        let is_minus = prefix.text() == "-";
        let (operand, height) = if is_minus { self.unary()? } else { self.binary(COMPARISON)? };
        let span = prefix.span().to(operand.span);
        let operand = Box::new(operand);
        let kind = if is_minus { ExprKind::Negate(operand) } else { ExprKind::Not(operand) };
        Ok((Expr { kind, span }, height + 1))
    }

    fn postfix(&mut self) -> Result<(Expr, u32), Error> {
        let (mut built, mut height) = self.primary()?;
        while let Some(node) = self.parts.take_kind(Kind::postfix) {
            height += 1;
            if height > MAX_HEIGHT {
                return Err(Error::new(node.span(), ErrorKind::TooDeep { limit: MAX_HEIGHT }));
            }
            let span = built.span.to(node.span());
            let inner = Box::new(built);
            let kind = match (node.name(Kind::name), node.child(Kind::type_expr)) {
                (Some(field), _) => ExprKind::Field(inner, field),
                (None, Some(target)) => ExprKind::As(inner, Box::new(Type::from_node(target, self.problems))),
                (None, None) => ExprKind::Broken,
            };
            built = Expr { kind, span };
        }
        Ok((built, height))
    }

    fn primary(&mut self) -> Result<(Expr, u32), Error> {
        let Some(node) = self.parts.next() else {
            let expected = vec!["an expression"];
            return Err(Error::new(self.end, ErrorKind::Expected { expected, found: Found::End, meant: None }));
        };
        let text = node.text();
        let kind = match node.kind() {
            Kind::kw_true => ExprKind::Bool(true),
            Kind::kw_false => ExprKind::Bool(false),
            Kind::int => ExprKind::Int(text.to_owned()),
            Kind::decimal => ExprKind::Decimal(text.to_owned()),
            Kind::duration => ExprKind::Duration(text.to_owned()),
            Kind::money => {
                let (number, currency) = split_money(text);
                ExprKind::Money(number, currency)
            }
            Kind::string => ExprKind::String(StringLiteral::from_node(node, self.problems)),
            Kind::list => {
                let nodes = node.children().filter(|child| child.kind() == Kind::expr);
                ExprKind::List(nodes.map(|child| expr(child, self.problems)).collect())
            }
            Kind::record => ExprKind::Record(Record::from_node(node, self.problems)),
            Kind::variable => ExprKind::Name(text.to_owned()),
            Kind::len => match node.expr(self.problems) {
                Some(inner) => ExprKind::Len(Box::new(inner)),
                None => ExprKind::Broken,
            },
            Kind::paren => {
                // Parentheses leave no trace but the span: the tree's shape says what they said.
                let inner = node.expr(self.problems).unwrap_or_else(|| Expr::broken(node.span()));
                return Ok((Expr { kind: inner.kind, span: node.span() }, 1));
            }
            Kind::has => ExprKind::Has(Box::new(path(node)?)),
            _ => ExprKind::Broken,
        };
        Ok((Expr { kind, span: node.span() }, 1))
    }
}

fn path(has: Node<'_>) -> Result<Expr, Error> {
    let mut built: Option<Expr> = None;
    let parts = has.child(Kind::path).into_iter().flat_map(Node::children);
    for (length, part) in (0..).zip(parts.filter(|part| matches!(part.kind(), Kind::variable | Kind::name))) {
        if length > MAX_DEPTH {
            return Err(Error::new(has.span(), ErrorKind::TooDeep { limit: MAX_DEPTH }));
        }
        built = Some(match built {
            None => Expr { kind: ExprKind::Name(part.text().to_owned()), span: part.span() },
            Some(inner) => {
                let span = inner.span.to(part.span());
                Expr { kind: ExprKind::Field(Box::new(inner), Name::from_node(part)), span }
            }
        });
    }
    Ok(built.unwrap_or_else(|| Expr::broken(has.span())))
}

/// `12.50 USD` as its number and its currency.
pub(crate) fn split_money(text: &str) -> (String, String) {
    let mut parts = text.split_ascii_whitespace();
    (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned())
}
