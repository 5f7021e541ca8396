//! G1206: every approval that can be asked for can be given. Nobody approves a request of their own.

use super::super::question::{Claim, Passed, Question, Way};
use super::super::report::{Evidence, Outcome, Proof};
use super::Judge;
use crate::codes::Code;
use crate::diagnostic::Subject;
use crate::errors::policy as errors;
use gov_plan::Origin;
use gov_plan::model::{Action, Approval, Capability, Escalation};
use gov_plan::pattern::{CapabilityPattern, PrincipalPattern};

impl<W: Way> Judge<'_, W> {
    pub(super) fn approvers(&mut self) {
        let policy = self.policy;
        for (index, rule) in policy.rules.iter().enumerate() {
            if let Action::Approval(approval) = &rule.action
                && self.live.get(index) == Some(&true)
            {
                let (subject, at) = self.rule(index);
                let won = Question { fits: vec![index], passed: Passed::Before(index, None), ..Question::default() };
                self.can_be_given(&subject, at, approval, &[won]);
            }
        }
        let subject = super::subject_of_policy(policy);
        let fallen = Question { passed: Passed::Before(policy.rules.len(), None), ..Question::default() };
        if let Action::Approval(approval) = &policy.default {
            self.can_be_given(&subject, policy.default_at, approval, std::slice::from_ref(&fallen));
        }
        if let Escalation::AtLeast { approval, .. } = &policy.escalation {
            let allows = policy.rules.iter().enumerate().filter(|(_, rule)| rule.action == Action::Allow);
            let mut escalated: Vec<Question<'_>> = allows
                .filter(|(index, _)| self.live.get(*index) == Some(&true))
                .map(|(index, _)| Question {
                    fits: vec![index],
                    passed: Passed::Before(index, None),
                    escalated: Some(true),
                    ..Question::default()
                })
                .collect();
            if policy.default == Action::Allow {
                escalated.push(Question { escalated: Some(true), ..fallen });
            }
            self.can_be_given(&subject, approval.at, approval, &escalated);
        }
        for capability in &self.package.capabilities {
            self.own_approvers(capability);
        }
    }

    /// The same of what capabilities themselves want approved: what the policy lets their approvers ask for.
    fn own_approvers(&mut self, capability: &Capability) {
        let policy = self.policy;
        let targets = [CapabilityPattern::Exact(capability.id.clone())];
        let claim = Claim { subjects: &[PrincipalPattern::Any], targets: &targets, condition: None };
        for (row, approval) in (0..).zip(capability.approval.rows.iter().map(|row| row.value.as_ref())) {
            let Some(approval) = approval.filter(|approval| needs_everybody(approval)) else { continue };
            let passed = policy.rules.iter().enumerate().filter(|(index, rule)| {
                let is_about = || rule.targets.iter().any(|target| target.matches(&capability.id));
                rule.action != Action::Deny && self.live.get(*index) == Some(&true) && is_about()
            });
            let mut asked: Vec<Question<'_>> = passed
                .map(|(index, _)| Question {
                    fits: vec![index],
                    passed: Passed::Before(index, None),
                    claim: Some(claim),
                    wants: Some(row),
                    ..Question::default()
                })
                .collect();
            if policy.default != Action::Deny {
                let passed = Passed::Before(policy.rules.len(), None);
                asked.push(Question { passed, claim: Some(claim), wants: Some(row), ..Question::default() });
            }
            let subject = Subject::Capability { capability: capability.id.clone() };
            self.can_be_given(&subject, approval.at, approval, &asked);
        }
    }

    /// Whether enough others than the requester can approve, for every request of these questions.
    fn can_be_given(&mut self, subject: &Subject, at: Origin, approval: &Approval, asked: &[Question<'_>]) {
        let Some(names) = names(approval) else {
            return self.found.settle(
                Code::NobodyCanApprove,
                subject.clone(),
                Outcome::Proved(Proof::Exact(Evidence::None)),
            );
        };
        let wanted = usize::try_from(approval.quorum).unwrap_or(usize::MAX);
        if names.len() < wanted {
            self.found.diagnostics.push(errors::too_few_approvers(subject, approval, names.len()));
            return self.found.settle(Code::NobodyCanApprove, subject.clone(), Outcome::Refuted(Evidence::None));
        }
        if names.len() > wanted {
            return self.found.settle(
                Code::NobodyCanApprove,
                subject.clone(),
                Outcome::Proved(Proof::Exact(Evidence::None)),
            );
        }
        let mut digests = Vec::new();
        for name in &names {
            for question in asked {
                let own = Question { principal: Some(name), ..question.clone() };
                let Some(settled) = self.ask(Code::NobodyCanApprove, subject, at, &own) else { return };
                let Some(sample) = settled.witness else {
                    digests.extend(settled.digests);
                    continue;
                };
                let witness = self.witness(&own, &sample);
                self.found.diagnostics.push(errors::only_the_requester(subject, approval, name, witness));
                return self.found.settle(Code::NobodyCanApprove, subject.clone(), Outcome::Refuted(Evidence::None));
            }
        }
        self.found.settle(Code::NobodyCanApprove, subject.clone(), Outcome::Proved(super::proof(digests)));
    }
}

/// Whether an approval needs everybody who may give it, so that none of them can ask for it.
pub(in crate::verify) fn needs_everybody(approval: &Approval) -> bool {
    names(approval).is_some_and(|names| u32::try_from(names.len()) == Ok(approval.quorum))
}

/// The principals that may approve, if they are finitely many: a prefix or a role may stand for any number.
pub(in crate::verify) fn names(approval: &Approval) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    for pattern in &approval.from {
        let PrincipalPattern::Exact(name) = pattern else { return None };
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
    }
    Some(names)
}
