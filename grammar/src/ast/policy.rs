//! Policies and their rules.

use super::build::{Lead, Problems};
use super::{Accept, Expr, Name, StringLiteral};
use crate::Span;
use crate::tree::{Kind, Node};

/// `policy p { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: Name,
    /// Every `default` in it: there has to be one.
    pub defaults: Vec<(Action, Span)>,
    /// Every `escalate` in it: there may be one.
    pub escalations: Vec<Escalate>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
    /// Findings accepted where no rule follows.
    pub stray_accepts: Vec<Accept>,
    /// Whether something in it could not be read.
    pub broken: bool,
}

/// `escalate …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalate {
    /// The least level, as written; `None` for `never`.
    pub level: Option<Name>,
    /// Who approves.
    pub approvers: Vec<Name>,
    /// The time they have, as written.
    pub within: Option<Name>,
    /// Why never.
    pub because: Option<StringLiteral>,
    /// All of it.
    pub span: Span,
}

/// `[name:] ACTION SUBJECTS to TARGETS [when E] [because "…"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The documentation before it.
    pub docs: String,
    /// The findings accepted on it.
    pub accepts: Vec<Accept>,
    /// Its name.
    pub name: Option<Name>,
    /// What it decides.
    pub action: Action,
    /// Who asks.
    pub subjects: Vec<Name>,
    /// For what.
    pub targets: Vec<Name>,
    /// When.
    pub condition: Option<Expr>,
    /// Why.
    pub because: Option<StringLiteral>,
    /// All of it.
    pub span: Span,
}

/// What a rule or a default decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `allow`
    Allow,
    /// `deny`
    Deny,
    /// `require approval …`
    RequireApproval(Vec<ApprovalOption>),
}

/// One of the options of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalOption {
    /// `from P, …`
    From(Vec<Name>, Span),
    /// `quorum N`: the number as written.
    Quorum(Name, Span),
    /// `within D`: the duration as written.
    Within(Name, Span),
}

impl Policy {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Policy> {
        let mut policy = Policy {
            name: node.name(Kind::name)?,
            defaults: Vec::new(),
            escalations: Vec::new(),
            rules: Vec::new(),
            stray_accepts: Vec::new(),
            broken: node.has(Kind::bad_rule) || node.has(Kind::missing_close),
        };
        let mut lead = Lead::default();
        for child in node.children() {
            if lead.take(child, problems) {
                continue;
            }
            if child.kind() != Kind::rule {
                lead.pass();
            }
            match child.kind() {
                Kind::default_clause => policy.defaults.push((Action::from_node(child), child.span())),
                Kind::escalate_clause => policy.escalations.push(Escalate::from_node(child, problems)),
                Kind::rule => {
                    let (docs, accepts) = lead.finish();
                    policy.rules.push(Rule::from_node(child, docs, accepts, problems));
                }
                _ => {}
            }
        }
        policy.stray_accepts = lead.left_over();
        Some(policy)
    }
}

impl Escalate {
    fn from_node(node: Node<'_>, problems: &mut Problems) -> Escalate {
        Escalate {
            level: node.name(Kind::level),
            approvers: node.child(Kind::approvers).map(|list| list.names(Kind::pattern)).unwrap_or_default(),
            within: node.name(Kind::duration),
            because: node.child(Kind::because).and_then(|because| because.string(problems)),
            span: node.span(),
        }
    }
}

impl Rule {
    fn from_node(node: Node<'_>, docs: String, accepts: Vec<Accept>, problems: &mut Problems) -> Rule {
        let (subjects, targets) = subjects_and_targets(node);
        Rule {
            docs,
            accepts,
            name: node.child(Kind::label).and_then(|label| label.name(Kind::name)),
            action: Action::from_node(node),
            subjects,
            targets,
            condition: node.child(Kind::rule_guard).and_then(|guard| guard.expr(problems)),
            because: node.child(Kind::because).and_then(|because| because.string(problems)),
            span: node.span(),
        }
    }
}

impl Action {
    fn from_node(node: Node<'_>) -> Action {
        if node.has(Kind::kw_require) {
            Action::RequireApproval(approval_options(node))
        } else if node.has(Kind::kw_allow) {
            Action::Allow
        } else {
            Action::Deny
        }
    }
}

pub(crate) fn approval_options(node: Node<'_>) -> Vec<ApprovalOption> {
    let options = node.children().filter(|child| child.kind() == Kind::approval_opt);
    options
        .filter_map(|option| {
            let span = option.span();
            if let Some(approvers) = option.child(Kind::approvers) {
                return Some(ApprovalOption::From(approvers.names(Kind::pattern), span));
            }
            let quorum = option.name(Kind::int).map(|number| ApprovalOption::Quorum(number, span));
            quorum.or_else(|| option.name(Kind::duration).map(|duration| ApprovalOption::Within(duration, span)))
        })
        .collect()
}

/// The two pattern lists of a rule or of a claim about a policy.
pub(crate) fn subjects_and_targets(node: Node<'_>) -> (Vec<Name>, Vec<Name>) {
    let mut lists = node.children().filter(|child| child.kind() == Kind::pattern_list);
    let mut list = || lists.next().map(|list| list.names(Kind::pattern)).unwrap_or_default();
    (list(), list())
}
