//! From a proved package to its plan.

use gov_plan::certificate::{AcceptedFindings, End, Found};
use gov_plan::document::{self, Invalid, Plan, RuleKeys};
use gov_plan::model::Package;

use crate::diagnostic::Subject;
use crate::package::Checked;
use crate::verify::{Evidence, Obligation, Outcome, Proof};

/// The plan of a package that was checked and proved; nothing where it has errors.
///
/// # Errors
///
/// If the certificate does not hold, or the plan does not read back to what was written: a fault of Gov.
pub fn compile(checked: &Checked) -> Option<Result<Plan, Invalid>> {
    let package = checked.package.as_ref().filter(|_| !checked.has_errors())?;
    Some(document::compile(package, &all_found(package, &checked.proofs)))
}

/// What the proofs found, in the words of a plan.
pub(crate) fn all_found(package: &Package, proofs: &[Obligation]) -> Vec<Found> {
    let keys = RuleKeys::of(package);
    let accepted = AcceptedFindings::of(package);
    proofs.iter().map(|obligation| found(&keys, &accepted, obligation)).collect()
}

fn found(keys: &RuleKeys<'_>, accepted: &AcceptedFindings, obligation: &Obligation) -> Found {
    let on = subject(keys, &obligation.subject);
    let code = obligation.code.id();
    let (end, evidence, questions) = match &obligation.outcome {
        Outcome::Proved(Proof::Exact(evidence)) => (End::Holds, Some(evidence), Vec::new()),
        Outcome::Proved(Proof::Solver(questions)) => (End::Holds, None, questions.clone()),
        // What does not hold and stops nothing was either accepted or is a warning.
        Outcome::Refuted(_) if accepted.has(code, &on) => (End::Accepted, None, Vec::new()),
        Outcome::Refuted(_) | Outcome::Unproved(_) => (End::Warns, None, Vec::new()),
    };
    let request = match evidence {
        Some(Evidence::Request(request)) => Some((**request).clone()),
        _ => None,
    };
    Found { code: code.to_owned(), on, end, request, questions }
}

/// What an obligation is about, in the words of a plan.
fn subject(keys: &RuleKeys<'_>, subject: &Subject) -> String {
    match subject {
        Subject::Package { package } => format!("package {package}"),
        Subject::Type { name } => format!("type {name}"),
        Subject::Role { role } => format!("role {role}"),
        Subject::Set { set } => format!("set {set}"),
        Subject::Capability { capability } => format!("capability {capability}"),
        Subject::Policy { policy } => format!("policy {policy}"),
        Subject::Rule { policy, index, .. } => format!("rule {policy} {}", keys.key(policy, *index)),
        Subject::Workflow { workflow } => format!("workflow {workflow}"),
        Subject::Step { workflow, step } => format!("step {workflow} {step}"),
        Subject::Prove { prove } => format!("prove {prove}"),
        Subject::Test { test } => format!("test {test}"),
    }
}
