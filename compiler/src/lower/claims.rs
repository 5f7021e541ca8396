//! `prove` statements.

use gov_grammar::ast;
use gov_grammar::closest;
use gov_plan::model::{Claim, ClaimKind};

use super::symbols::Declared;
use super::{Context, origin};
use crate::errors::{names, structure};

impl Context<'_> {
    pub(super) fn build_claims(&mut self) -> Vec<Claim> {
        let declared = self.symbols.claims.clone();
        let wanted: Vec<_> = declared.iter().filter(|claim| self.symbols.is_wanted(claim)).collect();
        wanted.into_iter().filter_map(|claim| self.claim(claim)).collect()
    }

    fn claim(&mut self, declared: &Declared<'_, ast::Prove>) -> Option<Claim> {
        let decl = declared.decl;
        let of_policy = matches!(decl.claim, ast::Claim::Policy { .. });
        self.claim_subject(declared, of_policy)?;
        let subject = decl.subject.text.clone();
        let file = declared.file;
        let kind = match &decl.claim {
            ast::Claim::Policy { quantifier, decision, subjects, targets, condition } => {
                let subjects = self.principals(file, subjects);
                let targets = self.capabilities(file, targets);
                let condition = match (condition, &targets) {
                    (Some(condition), Some(targets)) => {
                        let scope = self.rule_scope(file, targets, condition);
                        let typed = self.check(file, &scope, |checker| checker.condition(condition))?;
                        self.named_in_strings(&typed);
                        Some(typed)
                    }
                    _ => None,
                };
                ClaimKind::Policy {
                    policy: subject,
                    quantifier: *quantifier,
                    decision: *decision,
                    subjects: subjects?,
                    targets: targets?,
                    condition,
                }
            }
            ast::Claim::AlwaysUndoes => ClaimKind::AlwaysUndoes { workflow: subject },
            ast::Claim::SpendsAtMost(amount) => {
                ClaimKind::SpendsAtMost { workflow: subject, amount: self.money(file, amount)? }
            }
            ast::Claim::CallsAtMost(capability, times) => {
                self.capability_id(declared.span(capability.span), &capability.text)?;
                let written = times.text.replace('_', "");
                let Ok(times) = written.parse() else {
                    let help = "the largest is 4_294_967_295";
                    self.report(structure::bad_value(declared.span(times.span), "the number is too large", help));
                    return None;
                };
                ClaimKind::CallsAtMost { workflow: subject, capability: capability.text.clone(), times }
            }
            ast::Claim::CallsBefore(first, second) => {
                let one = self.capability_id(declared.span(first.span), &first.text);
                self.capability_id(declared.span(second.span), &second.text)?;
                one?;
                ClaimKind::CallsBefore { workflow: subject, first: first.text.clone(), second: second.text.clone() }
            }
            ast::Claim::NeverWithoutApproval(capability) => {
                self.capability_id(declared.span(capability.span), &capability.text)?;
                ClaimKind::NeverWithoutApproval { workflow: subject, capability: capability.text.clone() }
            }
        };
        let at = origin(declared.span(declared.item.span));
        Some(Claim { name: decl.name.text.clone(), docs: declared.item.docs.clone(), kind, at })
    }

    /// Whether the claim is about something that there is, and of the right kind.
    fn claim_subject(&mut self, declared: &Declared<'_, ast::Prove>, of_policy: bool) -> Option<()> {
        let subject = &declared.decl.subject;
        let span = declared.span(subject.span);
        let policies: Vec<&str> = self.symbols.policies.iter().map(|policy| policy.decl.name.as_str()).collect();
        let workflows: Vec<&str> = self.symbols.workflows.iter().map(|workflow| workflow.decl.name.as_str()).collect();
        let (wanted, other) = if of_policy { (&policies, &workflows) } else { (&workflows, &policies) };
        if wanted.contains(&subject.as_str()) {
            let place = match of_policy {
                true => self.symbols.policy_place(&subject.text),
                false => self.symbols.workflow_place(&subject.text),
            };
            if let Some(place) = place {
                self.notes.refer(span, place);
            }
            return Some(());
        }
        if self.symbols.is_poisoned(&subject.text) {
            return None;
        }
        let (what, other_what) = if of_policy { ("policy", "workflow") } else { ("workflow", "policy") };
        let found = if other.contains(&subject.as_str()) {
            let message = format!("`{}` is a {other_what}, and this claim is about a {what}", subject.text);
            structure::bad_value(span, &message, &format!("name a {what}, or make another claim"))
        } else {
            names::unknown_name(span, what, &subject.text, closest(&subject.text, wanted.iter().copied()))
        };
        self.report(found);
        None
    }
}
