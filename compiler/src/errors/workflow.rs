//! G13xx: what a workflow may not do, cannot do, or does in vain.

use crate::codes::{Code, Severity};
use crate::diagnostic::{Diagnostic, Subject, Witness};
use crate::source::Span;

/// A step that the policy refuses, always or sometimes. `by` says what refuses it.
pub fn refused_step(
    at: Span,
    step: &str,
    by: &str,
    rule: Option<Span>,
    always: bool,
    subject: Subject,
    witness: Witness,
) -> Diagnostic {
    let (severity, message) = match always {
        true => (Severity::Error, format!("`{step}` is always refused")),
        false => (Severity::Warning, format!("`{step}` is refused for some inputs")),
    };
    let help = match always {
        true => "allow it in the policy, or take the step out",
        false => "check before the step what the policy asks for, or widen the rule",
    };
    let found = Diagnostic::new(Code::RefusedStep, at, message)
        .severity(severity)
        .label(format!("refused by {by}"))
        .help(help)
        .subject(subject)
        .witness(witness);
    match rule {
        Some(rule) => found.secondary(rule, "this refuses it"),
        None => found,
    }
}

/// An argument that breaks a refinement of what it is passed to, always or sometimes; `why` is the concrete case.
pub fn broken_refinement(
    at: Span,
    step: &str,
    callee: &str,
    why: Option<&str>,
    always: bool,
    subject: Subject,
    witness: Option<Witness>,
) -> Diagnostic {
    let (severity, message) = match always {
        true => (Severity::Error, format!("`{step}` passes what `{callee}` never takes")),
        false => (Severity::Warning, format!("`{step}` may pass what `{callee}` does not take")),
    };
    let mut found = Diagnostic::new(Code::BrokenRefinement, at, message)
        .severity(severity)
        .label("the step fails then, before anything is called")
        .help("`check` the value before the step, or declare it with the same refinement")
        .subject(subject);
    found.notes.extend(why.map(|why| format!("for example {why}")));
    found.witness = witness.map(Box::new);
    found
}

/// A statement that is never reached.
pub fn unreachable(at: Span, what: &str, subject: Subject) -> Diagnostic {
    Diagnostic::new(Code::UnreachableStatement, at, format!("{what} is never reached"))
        .label("no input leads here")
        .help("take it out, or mend the condition before it")
        .subject(subject)
}

/// A check that holds, or fails, whatever the input.
pub fn constant_check(at: Span, holds: bool, subject: Subject) -> Diagnostic {
    let (message, help) = match holds {
        true => ("this check always holds", "take it out: it keeps nothing from going wrong"),
        false => ("this check always fails", "mend the condition; nothing after it is ever done"),
    };
    Diagnostic::new(Code::UnreachableStatement, at, message)
        .label("the same for every input")
        .help(help)
        .subject(subject)
}

/// A path that takes more than the budget. `what` is what there is too much of, `most` and `allowed` how much.
pub fn over_budget(
    at: Span,
    what: &str,
    most: &str,
    allowed: &str,
    parts: &[String],
    subject: Subject,
    witness: Option<Witness>,
) -> Diagnostic {
    let mut found = Diagnostic::new(Code::OverBudget, at, format!("the worst path takes {most} {what}").trim_end())
        .label(format!("the budget is {allowed}"))
        .help("raise the budget, or bound what is in the table: fewer retries, shorter timeouts, fewer rounds")
        .subject(subject);
    if !parts.is_empty() {
        found.notes.push(parts.join("\n"));
    }
    found.witness = witness.map(Box::new);
    found
}

/// A call that costs in another currency than the budget counts.
pub fn other_currency(
    at: Span,
    capability: &str,
    cost: &str,
    counted: &str,
    said: Span,
    subject: Subject,
) -> Diagnostic {
    Diagnostic::new(Code::OverBudget, at, format!("the budget counts {counted}, and `{capability}` costs {cost}"))
        .label("a call that it cannot count is refused")
        .secondary(said, "the cost")
        .help("state both in one currency")
        .subject(subject)
}

/// A budget that something without a bound may use up.
pub fn unbounded_budget(at: Span, what: &str, place: Span, why: &str, subject: Subject) -> Diagnostic {
    Diagnostic::new(Code::OverBudget, at, format!("nothing bounds the {what} of the worst path"))
        .severity(Severity::Warning)
        .label("the budget may not suffice")
        .secondary(place, why)
        .help("bound it, or take this part out of the budget")
        .subject(subject)
}

/// A call of high or critical risk that no human has approved.
pub fn no_approval(
    at: Span,
    step: &str,
    capability: &str,
    rule: Option<Span>,
    subject: Subject,
    witness: Witness,
) -> Diagnostic {
    let message = format!("`{step}` is of high risk and no approval comes before it");
    let found = Diagnostic::new(Code::NoApproval, at, message)
        .label(format!("`{capability}` is called without a human"))
        .help("put an `approval` before the step, or let the policy escalate: `escalate risk >= high`")
        .subject(subject)
        .witness(witness);
    match rule {
        Some(rule) => found.secondary(rule, "this allows it"),
        None => found,
    }
}

/// Two branches of a `parallel` that write one resource.
pub fn parallel_writes(
    at: Span,
    step: &str,
    other: Span,
    other_step: &str,
    capability: &str,
    subject: Subject,
    witness: Option<Witness>,
) -> Diagnostic {
    let message = if step == other_step {
        format!("the rounds of `{step}` may write one resource at the same time")
    } else {
        format!("`{step}` and `{other_step}` may write one resource at the same time")
    };
    let mut found = Diagnostic::new(Code::ParallelWrites, at, message)
        .label(format!("`{capability}`, with what may be the same input"))
        .help("order them with `after`, or `check` before that they are about different things")
        .subject(subject);
    if step != other_step {
        found = found.secondary(other, "at the same time as this");
    }
    found.witness = witness.map(Box::new);
    found
}
