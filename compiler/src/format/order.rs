//! The order of what stands in a body, where it means nothing and people look for it in one place.

use gov_grammar::{Kind, Node};

/// An item with a body, as it is printed.
pub(super) struct Body<'t> {
    /// What stands before the body.
    pub(super) head: Vec<Node<'t>>,
    /// The braces.
    pub(super) braces: Option<(Node<'t>, Node<'t>)>,
    /// What stands between them.
    pub(super) units: Vec<Unit<'t>>,
}

/// Something in a body with the comments that belong to it.
pub(super) struct Unit<'t> {
    /// Comments, the thing itself, comments behind it.
    pub(super) parts: Vec<Node<'t>>,
    /// Where what stands before it in the source ends.
    pub(super) follows: usize,
    /// What the units are ordered by; 0 is a comment behind the opening brace.
    pub(super) key: usize,
    /// Whether it is plain which comments are its own.
    movable: bool,
}

/// A body that stays in its order.
pub(super) fn as_written<'t>(parts: &[Node<'t>]) -> Body<'t> {
    body(parts, |_| 0)
}

/// Clauses in the order of the language's reference.
pub(super) fn capability<'t>(parts: &[Node<'t>]) -> Body<'t> {
    const ORDER: &[Kind] = &[
        Kind::version_clause,
        Kind::tags_clause,
        Kind::deprecated_clause,
        Kind::input_clause,
        Kind::output_clause,
        Kind::effect_clause,
        Kind::risk_clause,
        Kind::approval_clause,
        Kind::compensate_clause,
        Kind::retry_clause,
        Kind::timeout_clause,
        Kind::idempotent_clause,
        Kind::cost_clause,
        Kind::handler_clause,
    ];
    body(parts, |kind| place_in(ORDER, kind))
}

/// The default, the escalation, and then the rules, whose order decides.
pub(super) fn policy<'t>(parts: &[Node<'t>]) -> Body<'t> {
    body(parts, |kind| place_in(&[Kind::default_clause, Kind::escalate_clause], kind))
}

/// The header, and then the statements.
pub(super) fn workflow<'t>(parts: &[Node<'t>]) -> Body<'t> {
    const HEADER: &[Kind] = &[Kind::principal_clause, Kind::policy_ref, Kind::budget_clause, Kind::tenant_clause];
    body(parts, |kind| place_in(HEADER, kind))
}

/// The place of a kind in an order; what is not named comes after all that is, and keeps its own order.
fn place_in(order: &[Kind], kind: Kind) -> usize {
    order.iter().position(|ordered| *ordered == kind).unwrap_or(order.len())
}

fn body<'t>(parts: &[Node<'t>], key: impl Fn(Kind) -> usize) -> Body<'t> {
    let braces = parts.iter().position(|part| part.kind() == Kind::l_brace);
    let (head, rest) = parts.split_at(braces.unwrap_or(parts.len()));
    let [open, inner @ .., close] = rest else {
        return Body { head: parts.to_vec(), braces: None, units: Vec::new() };
    };
    let mut units = units(*open, inner, key);
    if !units.is_sorted_by_key(|unit| unit.key) && units.iter().all(|unit| unit.movable) {
        units.sort_by_key(|unit| unit.key);
    }
    Body { head: head.to_vec(), braces: Some((*open, *close)), units }
}

/// The things of a body. A comment belongs to what ends on its line, or else to what follows it.
fn units<'t>(open: Node<'t>, inner: &[Node<'t>], key: impl Fn(Kind) -> usize) -> Vec<Unit<'t>> {
    let text = open.file_text();
    let mut units: Vec<Unit<'t>> = Vec::new();
    let mut end = open.span().range().end;
    let mut lead = Lead { parts: Vec::new(), follows: end, movable: true };
    // Whether nothing but the last thing has ended on this line.
    let mut on_line = false;
    for part in inner {
        let span = part.span().range();
        let between = text.get(end..span.start).unwrap_or_default();
        end = span.end;
        let lines = between.matches('\n').count();
        if part.kind() == Kind::COMMENT {
            let trails = lines == 0 && on_line;
            match units.last_mut() {
                Some(unit) if trails && lead.parts.is_empty() => {
                    // Documentation is of what follows, even at the end of a line.
                    unit.movable &= !part.text().starts_with("///");
                    unit.parts.push(*part);
                    lead.follows = end;
                }
                // At the end of the brace's line it is about the whole, and stays there.
                None if lines == 0 && lead.parts.is_empty() => {
                    let follows = std::mem::replace(&mut lead.follows, end);
                    units.push(Unit { parts: vec![*part], follows, key: 0, movable: true });
                }
                _ => {
                    lead.movable &= lines > 0 && (lead.parts.is_empty() || lines == 1);
                    lead.parts.push(*part);
                }
            }
            on_line = false;
            continue;
        }
        on_line = true;
        if part.kind() == Kind::accept {
            lead.parts.push(*part);
            on_line = false;
            continue;
        }
        let is_ordered = key(part.kind()) < key(Kind::accept);
        let has_accept = lead.parts.iter().any(|part| part.kind() == Kind::accept);
        let lead = std::mem::replace(&mut lead, Lead { parts: Vec::new(), follows: end, movable: true });
        let movable = (lead.parts.is_empty() || lead.movable && lines < 2) && !(is_ordered && has_accept);
        let parts = lead.parts.into_iter().chain([*part]).collect();
        units.push(Unit { parts, follows: lead.follows, key: 1 + key(part.kind()), movable });
    }
    if !lead.parts.is_empty() {
        // Comments after the last thing belong to none: whatever came to stand before them would seem to be theirs.
        units.push(Unit { parts: lead.parts, follows: lead.follows, key: usize::MAX, movable: false });
    }
    units
}

struct Lead<'t> {
    parts: Vec<Node<'t>>,
    follows: usize,
    movable: bool,
}
