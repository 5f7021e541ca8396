//! The human steps of a workflow: somebody can approve (G1206).

use super::super::policy::names;
use super::super::report::{Evidence, Outcome, Proof};
use super::check::Check;
use super::undo::each_step;
use crate::codes::Code;
use crate::diagnostic::Subject;
use crate::errors::policy as errors;
use gov_plan::model::NodeKind;

impl Check<'_, '_, '_> {
    /// Who runs a workflow asks for its approvals, and nobody approves a request of their own.
    pub fn approvers(&mut self) {
        let (workflow, requester) = (self.workflow, self.workflow.principal.as_str());
        let found = &mut *self.found;
        each_step(&workflow.body, &mut |node| {
            let NodeKind::Approval { name, approval, .. } = &node.kind else { return };
            let subject = Subject::Step { workflow: workflow.name.clone(), step: name.clone() };
            let wanted = usize::try_from(approval.quorum).unwrap_or(usize::MAX);
            let refuted = match names(approval) {
                Some(names) if names.len() < wanted => Some(errors::too_few_approvers(&subject, approval, names.len())),
                Some(names) if names.iter().filter(|name| **name != requester).count() < wanted => {
                    Some(errors::only_the_requester(&subject, approval, requester, None))
                }
                _ => None,
            };
            let outcome = match &refuted {
                Some(_) => Outcome::Refuted(Evidence::None),
                None => Outcome::Proved(Proof::Exact(Evidence::None)),
            };
            found.diagnostics.extend(refuted);
            found.settle(Code::NobodyCanApprove, subject, outcome);
        });
    }
}
