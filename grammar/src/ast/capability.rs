//! Capabilities and their clauses.

use super::build::{Problems, expr};
use super::expr::split_money;
use super::types::fields;
use super::{Expr, Field, Name, Record, StringLiteral};
use crate::Span;
use crate::tree::{Kind, Node};

/// `capability ID: KIND { clauses }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// Its id.
    pub id: Name,
    /// Its kind, as written.
    pub kind: Name,
    /// Its clauses in the order of the source.
    pub clauses: Vec<Clause>,
    /// Whether something in it could not be read.
    pub broken: bool,
}

/// A clause and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// What it says.
    pub kind: ClauseKind,
    /// Its keyword.
    pub keyword: Name,
    /// All of it.
    pub span: Span,
}

/// The clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClauseKind {
    /// `version "x.y.z"`: the text between the quotes.
    Version(Name),
    /// `tags [a, b]`
    Tags(Vec<Name>),
    /// `deprecated "…"`
    Deprecated(StringLiteral),
    /// `input { … }`
    Input(Vec<Field>),
    /// `output { … }`
    Output(Vec<Field>),
    /// `effect …`
    Effect(Vec<Row<Effect>>),
    /// `risk …`: each level as written.
    Risk(Vec<Row<Name>>),
    /// `approval …`: `None` for `none`, else the approvers.
    Approval(Vec<Row<Option<Vec<Name>>>>),
    /// `compensate …`
    Compensate(Vec<Row<Compensation>>),
    /// `retry …`
    Retry(Retry),
    /// `timeout D`: the duration as written.
    Timeout(Name),
    /// `idempotent [by E]`
    Idempotent(Option<Expr>),
    /// `cost M`
    Cost(Vec<Row<MoneyLiteral>>),
    /// `handler …`
    Handler(Handler),
}

/// A row of a table-shaped clause: a value, when it holds, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<V> {
    /// The value.
    pub value: V,
    /// When it applies.
    pub guard: Guard,
    /// Why.
    pub because: Option<StringLiteral>,
    /// All of it.
    pub span: Span,
}

/// When a row applies; the first row that does is the one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Nothing is said: the row is alone, or the last one.
    Always,
    /// `when E`
    When(Expr),
    /// `otherwise`
    Otherwise(Span),
}

/// The value of an `effect` row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `none`
    None,
    /// `reversible SCOPE "…"`, `irreversible SCOPE "…"`
    Some {
        /// Whether it can be undone.
        reversible: bool,
        /// The scope as written.
        scope: Name,
        /// What it does.
        text: Option<StringLiteral>,
    },
}

/// The value of a `compensate` row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compensation {
    /// `with CALL`
    With(Call),
    /// `manually`
    Manually,
    /// `none`
    None,
}

/// `a.b { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The capability's id.
    pub capability: Name,
    /// The arguments.
    pub arguments: Record,
    /// All of it.
    pub span: Span,
}

/// `retry …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The number as written; `None` for `until success`.
    pub times: Option<Name>,
    /// The shortest and the longest pause, as written.
    pub backoff: Option<(Name, Name)>,
    /// Whether `on transient` is said.
    pub on_transient: bool,
    /// All of it.
    pub span: Span,
}

/// `12.50 USD`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyLiteral {
    /// The number as written.
    pub number: String,
    /// The currency as written.
    pub currency: String,
    /// All of it.
    pub span: Span,
}

/// `handler …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// `builtin`
    Builtin,
    /// `none`
    None,
    /// `http { … }`, `mcp { … }`, `exec { … }`: which, and its settings.
    External(Name, Record),
}

impl Capability {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Capability> {
        let clauses = node.children().filter_map(|child| Clause::from_node(child, problems)).collect();
        let broken = node.has(Kind::bad_clause) || node.has(Kind::missing_close);
        Some(Capability { id: node.name(Kind::cap_id)?, kind: node.name(Kind::name)?, clauses, broken })
    }
}

impl Clause {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Clause> {
        let kind = match node.kind() {
            Kind::version_clause => {
                let quoted = node.name(Kind::version)?;
                ClauseKind::Version(Name { text: quoted.text.trim_matches('"').to_owned(), span: quoted.span })
            }
            Kind::tags_clause => ClauseKind::Tags(node.names(Kind::name)),
            Kind::deprecated_clause => ClauseKind::Deprecated(node.string(problems)?),
            Kind::input_clause => ClauseKind::Input(fields(node.child(Kind::fields)?, problems)),
            Kind::output_clause => ClauseKind::Output(fields(node.child(Kind::fields)?, problems)),
            Kind::effect_clause => ClauseKind::Effect(rows(node, Kind::effect_row, problems, effect)),
            Kind::risk_clause => ClauseKind::Risk(rows(node, Kind::risk_row, problems, |row, _| row.name(Kind::level))),
            Kind::approval_clause => ClauseKind::Approval(rows(node, Kind::approval_row, problems, |row, _| {
                let approvers = row.child(Kind::approvers).map(|list| list.names(Kind::pattern));
                Some(row.has(Kind::kw_required).then(|| approvers.unwrap_or_default()))
            })),
            Kind::compensate_clause => ClauseKind::Compensate(rows(node, Kind::compensate_row, problems, compensation)),
            Kind::retry_clause => ClauseKind::Retry(Retry::from_node(node)),
            Kind::timeout_clause => ClauseKind::Timeout(node.name(Kind::duration)?),
            Kind::idempotent_clause => ClauseKind::Idempotent(node.expr(problems)),
            Kind::cost_clause => ClauseKind::Cost(rows(node, Kind::cost_row, problems, |row, _| {
                row.child(Kind::money).map(MoneyLiteral::from_node)
            })),
            Kind::handler_clause => ClauseKind::Handler(handler(node, problems)?),
            _ => return None,
        };
        Some(Clause { kind, keyword: Name::from_node(node.parts().next()?), span: node.span() })
    }
}

impl Retry {
    pub(crate) fn from_node(node: Node<'_>) -> Retry {
        let durations = node.child(Kind::backoff).map(|backoff| backoff.names(Kind::duration)).unwrap_or_default();
        let mut durations = durations.into_iter();
        Retry {
            times: node.name(Kind::int),
            backoff: durations.next().zip(durations.next()),
            on_transient: node.has(Kind::on_transient),
            span: node.span(),
        }
    }
}

impl MoneyLiteral {
    pub(crate) fn from_node(node: Node<'_>) -> MoneyLiteral {
        let (number, currency) = split_money(node.text());
        MoneyLiteral { number, currency, span: node.span() }
    }
}

impl Call {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Call> {
        let arguments = Record::from_node(node.child(Kind::record)?, problems);
        Some(Call { capability: node.name(Kind::cap_id)?, arguments, span: node.span() })
    }
}

pub(crate) fn rows<V>(
    node: Node<'_>,
    kind: Kind,
    problems: &mut Problems,
    value: impl Fn(Node<'_>, &mut Problems) -> Option<V>,
) -> Vec<Row<V>> {
    let mut found = Vec::new();
    for row in node.children().filter(|child| child.kind() == kind) {
        let guard = row.child(Kind::row_guard).map_or(Guard::Always, |guard| match guard.child(Kind::expr) {
            Some(condition) => Guard::When(expr(condition, problems)),
            None => Guard::Otherwise(guard.span()),
        });
        let because = row.child(Kind::because).and_then(|because| because.string(problems));
        found.extend(value(row, problems).map(|value| Row { value, guard, because, span: row.span() }));
    }
    found
}

fn effect(row: Node<'_>, problems: &mut Problems) -> Option<Effect> {
    if row.has(Kind::kw_none) {
        return Some(Effect::None);
    }
    let reversible = row.has(Kind::kw_reversible);
    Some(Effect::Some { reversible, scope: row.name(Kind::scope)?, text: row.string(problems) })
}

pub(crate) fn compensation(row: Node<'_>, problems: &mut Problems) -> Option<Compensation> {
    match row.child(Kind::call) {
        Some(call) => Call::from_node(call, problems).map(Compensation::With),
        None if row.has(Kind::kw_manually) => Some(Compensation::Manually),
        None => Some(Compensation::None),
    }
}

fn handler(node: Node<'_>, problems: &mut Problems) -> Option<Handler> {
    match node.child(Kind::record) {
        None if node.has(Kind::kw_builtin) => Some(Handler::Builtin),
        None => Some(Handler::None),
        Some(record) => {
            let name =
                node.children().find(|child| matches!(child.kind(), Kind::kw_http | Kind::kw_mcp | Kind::kw_exec))?;
            Some(Handler::External(Name::from_node(name), Record::from_node(record, problems)))
        }
    }
}
