//! Expressions and strings.

use super::layout::render_flat;
use super::printer::{Gap, Printer};
use gov_grammar::ast::BinaryOp;
use gov_grammar::{Kind, Node};

impl<'t> Printer<'t> {
    /// A chain of operands and operators. Where it does not fit, it breaks before the operators that bind least.
    pub(super) fn expression(&mut self, parts: &[Node<'t>]) {
        let comments = parts.iter().take_while(|part| part.kind() == Kind::COMMENT).count();
        let (comments, parts) = parts.split_at(comments);
        for comment in comments {
            self.comment(*comment);
        }
        let operators = parts.iter().filter(|part| part.kind() == Kind::infix);
        let Some(least) = operators.map(|part| precedence(*part)).min() else {
            return self.operand(parts);
        };
        let Some(first) = parts.first() else { return };
        let splits = |part: &Node<'t>| part.kind() == Kind::infix && precedence(*part) == least;
        self.group(*first, |printer| {
            let mut rest = parts.chunk_by(|_, next| !splits(next));
            let head = rest.next().unwrap_or_default();
            printer.expression(head);
            printer.indented(|printer| {
                for chunk in rest {
                    let [operator, operand @ ..] = chunk else { continue };
                    printer.want(Gap::Line);
                    printer.token(*operator);
                    printer.want(Gap::Space);
                    printer.expression(operand);
                }
            });
        });
    }

    /// Prefixes, something, and what is attached to it.
    fn operand(&mut self, parts: &[Node<'t>]) {
        let mut last: Option<Node<'t>> = None;
        for part in parts {
            if part.kind() == Kind::COMMENT {
                self.comment(*part);
                continue;
            }
            let touches = match last {
                None => true,
                Some(last) if last.kind() == Kind::prefix => last.text() == "-",
                Some(_) => part.kind() == Kind::postfix && part.child(Kind::dot).is_some(),
            };
            if !touches {
                self.want(Gap::Space);
            }
            match part.kind() {
                Kind::prefix => self.token(*part),
                _ => self.node(*part),
            }
            last = Some(*part);
        }
    }

    /// A string as it stands, but for the white space in its interpolations.
    pub(super) fn string(&mut self, string: Node<'t>, parts: &[Node<'t>]) {
        if !parts.iter().any(|part| part.kind() == Kind::interpolation)
            || string.descendants().any(|node| node.kind() == Kind::COMMENT)
        {
            return self.token(string);
        }
        let whole = string.text();
        let start = string.span().range().start;
        let mut text = String::with_capacity(whole.len());
        let mut copied = 0;
        for part in parts.iter().filter(|part| part.kind() == Kind::interpolation) {
            let span = part.span().range();
            text.push_str(whole.get(copied..span.start - start).unwrap_or_default());
            let mut inner = Printer::new(string.file_text());
            inner.inline(part.children().filter(|part| part.kind() == Kind::expr));
            text.push('{');
            text.push_str(&render_flat(&inner.ops));
            text.push('}');
            copied = span.end - start;
        }
        text.push_str(whole.get(copied..).unwrap_or_default());
        self.token_as(string, text.into());
    }
}

/// How tightly an operator binds, by the text of its token.
fn precedence(operator: Node<'_>) -> u8 {
    BinaryOp::from_text(operator.text()).map_or(u8::MAX, BinaryOp::precedence)
}
