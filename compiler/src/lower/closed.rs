//! Strings in the conditions of policies that name something of the package: a workflow or a tag.
//!
//! A rule about a workflow that does not exist would be a rule that silently does nothing, as one about a capability would.

use gov_grammar::closest;
use gov_plan::expr::{BinaryOp, Expr, ExprKind};
use gov_plan::pattern::TextPattern;

use super::{Context, span_of};
use crate::errors::names;

impl Context<'_> {
    /// Reports the strings of a condition that `workflow` is compared with, or that are asked of `tags`, and that no
    /// workflow and no capability of the package has.
    pub(super) fn named_in_strings(&mut self, condition: &Expr) {
        condition.walk(&mut |expr| match &expr.kind {
            ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, left, right) => {
                self.compared(left, right);
                self.compared(right, left);
            }
            ExprKind::Binary(BinaryOp::In, left, right) => match &right.kind {
                ExprKind::Var(name) if name == "tags" => self.tag(left),
                ExprKind::List(elements) => elements.iter().for_each(|element| self.compared(left, element)),
                _ => {}
            },
            ExprKind::Matches(left, patterns) if workflow(left).is_some() => self.matched(expr, patterns),
            _ => {}
        });
    }

    fn compared(&mut self, left: &Expr, right: &Expr) {
        let (Some(default), ExprKind::String(name)) = (workflow(left), &right.kind) else { return };
        // What stands for no workflow at all is no name of one.
        if default == Some(name) || self.is_workflow(name) || self.symbols.is_poisoned(name) {
            return;
        }
        let known = self.symbols.workflows.iter().map(|workflow| workflow.decl.name.as_str());
        let meant = closest(name, known).map(gov_plan::text::quoted);
        self.report(names::unknown_name(span_of(right.at), "workflow", name, meant.as_deref()));
    }

    fn matched(&mut self, expr: &Expr, patterns: &[TextPattern]) {
        let mut workflows = self.symbols.workflows.iter().map(|workflow| workflow.decl.name.as_str());
        let mut unread = self.symbols.unread.iter().copied();
        let matches = |name: &str| patterns.iter().any(|pattern| pattern.matches(name, |_| false));
        if let [TextPattern::Prefix(text)] = patterns
            && !workflows.any(matches)
            && !unread.any(matches)
        {
            self.report(names::unknown_name(span_of(expr.at), "workflow", &format!("{text}*"), None));
        }
    }

    fn is_workflow(&self, name: &str) -> bool {
        self.symbols.workflows.iter().any(|workflow| workflow.decl.name.text == name)
    }

    fn tag(&mut self, asked: &Expr) {
        let ExprKind::String(tag) = &asked.kind else { return };
        let known: Vec<&str> =
            self.symbols.all_capabilities().flat_map(|built| &built.capability.tags).map(String::as_str).collect();
        let unread = !self.symbols.unread.is_empty() || self.symbols.capabilities.iter().any(|one| one.decl.broken);
        if !known.contains(&tag.as_str()) && !unread {
            let meant = closest(tag, known.iter().copied()).map(gov_plan::text::quoted);
            self.report(names::unknown_name(span_of(asked.at), "tag", tag, meant.as_deref()));
        }
    }
}

/// Whether an expression is `workflow`, or `workflow ?? "…"` with that default.
fn workflow(expr: &Expr) -> Option<Option<&String>> {
    match &expr.kind {
        ExprKind::Var(name) if name == "workflow" => Some(None),
        ExprKind::Binary(BinaryOp::Default, inner, default) => match (&default.kind, workflow(inner)?) {
            (ExprKind::String(default), None) => Some(Some(default)),
            _ => Some(None),
        },
        _ => None,
    }
}
