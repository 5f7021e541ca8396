//! From a proved package to its plan.

use gov_plan::document::{self, Invalid, Plan};
use serde_json::{Map, Value};

use crate::diagnostic::{Subject, Witness};
use crate::package::Checked;
use crate::verify::{Evidence, Obligation, Outcome, Proof};

/// The plan of a package that was checked and proved; nothing where it has errors.
///
/// # Errors
///
/// If the plan does not read back to what was written: a fault of Gov.
pub fn compile(checked: &Checked) -> Option<Result<Plan, Invalid>> {
    let package = checked.package.as_ref().filter(|_| !checked.has_errors())?;
    let obligations = checked.proofs.iter().map(|obligation| settled(checked, obligation)).collect();
    Some(document::compile(package, obligations))
}

fn settled(checked: &Checked, obligation: &Obligation) -> document::Obligation {
    let (outcome, by, evidence, questions) = match &obligation.outcome {
        Outcome::Proved(Proof::Exact(evidence)) => ("proved", "exact", Some(evidence), Vec::new()),
        Outcome::Proved(Proof::Solver(questions)) => ("proved", "solver", None, questions.clone()),
        Outcome::Refuted(evidence) => (refuted(checked, obligation), "exact", Some(evidence), Vec::new()),
        Outcome::Unproved(_) => ("unproved", "solver", None, Vec::new()),
    };
    let (witness, rules) = match evidence {
        Some(Evidence::Witness(one)) => (Some(witness(one)), Vec::new()),
        Some(Evidence::Rules(rules)) => (None, rules.clone()),
        _ => (None, Vec::new()),
    };
    document::Obligation {
        code: obligation.code.id().to_owned(),
        on: subject(&obligation.subject),
        outcome: outcome.to_owned(),
        by: by.to_owned(),
        witness,
        rules,
        questions,
    }
}

/// What does not hold and stops nothing was either accepted or is a warning.
fn refuted(checked: &Checked, obligation: &Obligation) -> &'static str {
    let accepted = checked.acceptances.iter().any(|acceptance| acceptance.code == obligation.code);
    if accepted { "accepted" } else { "warned" }
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Package { package } => format!("package {package}"),
        Subject::Type { name } => format!("type {name}"),
        Subject::Role { role } => format!("role {role}"),
        Subject::Set { set } => format!("set {set}"),
        Subject::Capability { capability } => format!("capability {capability}"),
        Subject::Policy { policy } => format!("policy {policy}"),
        Subject::Rule { policy, index, .. } => format!("rule {policy} {index}"),
        Subject::Workflow { workflow } => format!("workflow {workflow}"),
        Subject::Step { workflow, step } => format!("step {workflow} {step}"),
        Subject::Prove { prove } => format!("prove {prove}"),
        Subject::Test { test } => format!("test {test}"),
    }
}

fn witness(witness: &Witness) -> Value {
    let mut entries = Map::new();
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            entries.insert(key.to_owned(), value);
        }
    };
    add("principal", witness.principal.clone().map(Value::from));
    add("capability", witness.capability.clone().map(Value::from));
    add("input", witness.input.clone().map(Value::Object));
    add("context", witness.context.clone().map(Value::Object));
    add("roles", witness.roles.clone().map(Value::from));
    add("path", witness.path.clone().map(Value::from));
    add("decision", witness.decision.clone().map(Value::from));
    Value::Object(entries)
}
