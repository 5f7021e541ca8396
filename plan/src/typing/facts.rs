//! Which values are present where a condition holds, or does not.

use gov_grammar::ast::{BinaryOp, Expr, ExprKind};

/// The paths (`x`, `x.f`) that are known to be present where `condition` evaluates to `holds`.
pub fn facts(condition: &Expr, holds: bool) -> Vec<String> {
    match &condition.kind {
        ExprKind::Has(path) if holds => prefixes(path),
        ExprKind::Not(inner) => facts(inner, !holds),
        ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), _, left, right) => {
            let (mut left, right) = (facts(left, holds), facts(right, holds));
            if (*op == BinaryOp::And) == holds {
                left.extend(right);
            } else {
                left.retain(|path| right.contains(path));
            }
            left
        }
        _ => Vec::new(),
    }
}

/// A path and all that lies on the way to it.
fn prefixes(path: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = Some(path);
    while let Some(expr) = at {
        found.extend(path_of(expr));
        at = match &expr.kind {
            ExprKind::Field(inner, _) => Some(inner),
            _ => None,
        };
    }
    found
}

/// The path that an expression is, if it is one.
pub(super) fn path_of(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Field(inner, field) => Some(format!("{}.{}", path_of(inner)?, field.text)),
        _ => None,
    }
}
