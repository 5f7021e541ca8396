//! Policies.

use gov_grammar::ast;
use gov_plan::model::{Action, Approval, Escalation, Policy, Rule};
use gov_plan::types::Risk;

use super::options::any_user;
use super::symbols::Declared;
use super::{Context, origin};
use crate::errors::{names, structure};
use crate::source::{FileId, Span};

impl Context<'_> {
    pub(super) fn build_policies(&mut self) -> Vec<Policy> {
        let declared = self.symbols.policies.clone();
        let wanted: Vec<_> = declared.iter().filter(|policy| self.symbols.is_wanted(policy)).collect();
        wanted.into_iter().map(|policy| self.policy(policy)).collect()
    }

    fn policy(&mut self, declared: &Declared<'_, ast::Policy>) -> Policy {
        let decl = declared.decl;
        let head = declared.span(decl.name.span);
        let default = decl.defaults.first();
        if default.is_none() && !decl.broken {
            let help = "add `default deny`: what no rule matches is then refused";
            self.report(names::missing_clause(head, &format!("`{}`", decl.name.text), "`default`", help));
        }
        if let (Some((_, first)), Some((_, second))) = (default, decl.defaults.get(1)) {
            self.report(names::said_twice(declared.span(*second), declared.span(*first), "`default`"));
        }
        let default_at = default.map_or(head, |(_, span)| declared.span(*span));
        let default = default.and_then(|(action, span)| self.action(declared.file, action, declared.span(*span)));
        if let [first, second, ..] = decl.escalations.as_slice() {
            self.report(names::said_twice(declared.span(second.span), declared.span(first.span), "`escalate`"));
        }
        let escalation = decl.escalations.first().and_then(|escalate| self.escalation(declared.file, escalate));
        let escalation = escalation.unwrap_or(Escalation::AtLeast {
            level: Risk::High,
            approval: Approval { from: any_user(), quorum: 1, within: None, at: origin(head) },
            stated: false,
        });
        self.rule_names(declared);
        let rules = decl.rules.iter().filter_map(|rule| self.rule(declared.file, rule)).collect();
        Policy {
            name: decl.name.text.clone(),
            docs: declared.item.docs.clone(),
            default: default.unwrap_or(Action::Deny),
            escalation,
            rules,
            at: origin(head),
            default_at: origin(default_at),
        }
    }

    fn rule_names(&mut self, declared: &Declared<'_, ast::Policy>) {
        let mut first: std::collections::BTreeMap<&str, &ast::Name> = std::collections::BTreeMap::new();
        for name in declared.decl.rules.iter().filter_map(|rule| rule.name.as_ref()) {
            match first.get(name.as_str()) {
                Some(first) => {
                    let (at, first) = (declared.span(name.span), declared.span(first.span));
                    self.report(names::duplicate(at, first, "rules", &name.text));
                }
                None => {
                    first.insert(name.as_str(), name);
                }
            }
        }
    }

    fn rule(&mut self, file: FileId, rule: &ast::Rule) -> Option<Rule> {
        let place = |span: gov_grammar::Span| Span::new(file, span.start, span.end);
        let action = self.action(file, &rule.action, place(rule.span));
        let subjects = self.principals(file, &rule.subjects);
        let targets = self.capabilities(file, &rule.targets);
        let condition = match (&rule.condition, &targets) {
            (Some(condition), Some(targets)) => {
                let scope = self.rule_scope(file, targets, condition);
                let typed = self.check(file, &scope, |checker| checker.condition(condition))?;
                self.named_in_strings(&typed);
                Some(typed)
            }
            _ => None,
        };
        let because = rule.because.as_ref().and_then(|because| self.plain_string(file, because));
        Some(Rule {
            name: rule.name.as_ref().map(|name| name.text.clone()),
            docs: rule.docs.clone(),
            action: action?,
            subjects: subjects?,
            targets: targets?,
            condition,
            because,
            at: origin(place(rule.span)),
        })
    }

    fn action(&mut self, file: FileId, action: &ast::Action, at: Span) -> Option<Action> {
        Some(match action {
            ast::Action::Allow => Action::Allow,
            ast::Action::Deny => Action::Deny,
            ast::Action::RequireApproval(options) => Action::Approval(self.approval(file, options, at)?),
        })
    }

    fn escalation(&mut self, file: FileId, escalate: &ast::Escalate) -> Option<Escalation> {
        let span = Span::new(file, escalate.span.start, escalate.span.end);
        let Some(level) = &escalate.level else {
            let because = escalate.because.as_ref().and_then(|because| self.plain_string(file, because))?;
            return Some(Escalation::Never { because, at: origin(span) });
        };
        let Some(level) = Risk::parse(&level.text) else {
            let help = "the levels are `low`, `medium`, `high` and `critical`";
            self.report(structure::bad_value(span, "there is no such level of risk", help));
            return None;
        };
        let from = if escalate.approvers.is_empty() { any_user() } else { self.principals(file, &escalate.approvers)? };
        let within = match &escalate.within {
            Some(within) => Some(self.duration(file, within)?),
            None => None,
        };
        let approval = Approval { from, quorum: 1, within, at: origin(span) };
        Some(Escalation::AtLeast { level, approval, stated: true })
    }
}
