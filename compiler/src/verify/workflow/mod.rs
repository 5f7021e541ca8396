//! The obligations of workflows: compensation coverage (G11xx), what steps may do (G13xx), and claims about workflows.
//!
//! A workflow is laid out flat ([`layout`]), worked out as conditions ([`paths`], [`gate`], [`effects`]), and asked about.
//! What is found is replayed by the walker in [`super::exact::workflow`] before it is shown.

mod amount;
mod approvers;
mod bounds;
mod calls;
mod check;
mod claims;
mod coverage;
mod effects;
mod gate;
mod layout;
mod parallel;
mod paths;
mod question;
mod reach;
mod shown;
mod time;
mod undo;
mod witness;
mod words;
mod worst;

#[cfg(test)]
pub(super) mod tests;

pub(crate) use worst::{Bound, worst_case};

use super::units::Unit;
use crate::diagnostic::Subject;
use check::Check;
use gov_plan::model::Package;

/// One unit of work for the compensations, one for each workflow, and one for each claim about a workflow.
pub(super) fn units(package: &Package) -> Vec<Unit<'_>> {
    let unit = |workflow| -> Unit<'_> {
        let workflow: &gov_plan::model::Workflow = workflow;
        Unit {
            name: format!("workflow-{}", workflow.name),
            subject: Subject::Workflow { workflow: workflow.name.clone() },
            at: workflow.at,
            work: Box::new(move |session, found| {
                if let Some(mut check) = Check::new(package, workflow, session, found) {
                    check.coverage();
                    check.in_doubt();
                    check.calls();
                    check.approvers();
                    check.reachable();
                    check.bounds();
                    check.at_once();
                }
            }),
        }
    };
    let undos = Unit {
        name: "compensations".to_owned(),
        subject: Subject::Package { package: package.name.clone() },
        at: gov_plan::Origin::default(),
        work: Box::new(move |_, found| undo::check_all(package, found)),
    };
    let claims = claims::units(package);
    std::iter::once(undos).chain(package.workflows.iter().map(unit)).chain(claims).collect()
}
