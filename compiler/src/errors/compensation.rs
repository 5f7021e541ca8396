//! G11xx: what a workflow leaves behind when it fails.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject, Witness};
use crate::errors::policy;
use crate::source::Span;
use gov_plan::model::Policy;

/// What a finding about the undo of a step has in common with the others.
pub struct Undone {
    /// The step.
    pub at: Span,
    /// Its name.
    pub step: String,
    /// What it calls.
    pub capability: String,
    /// The place where the workflow fails.
    pub failure: Span,
    /// Where it is said how the step is undone.
    pub said: Span,
    /// What the finding is about.
    pub subject: Subject,
    /// The path that leads there.
    pub witness: Witness,
    /// What becomes of each step.
    pub table: String,
}

/// A step that stays done when the workflow fails after it. `failure` says what happens.
pub fn not_undone(undone: Undone, failure: &str) -> Diagnostic {
    let Undone { at, step, capability, .. } = &undone;
    let message = format!("`{step}` stays done when the workflow fails after it");
    let found = Diagnostic::new(Code::NotUndone, *at, message)
        .label(format!("`{capability}` is done by then, and nothing undoes it"))
        .secondary(undone.failure, format!("for example here: {failure}"))
        .secondary(undone.said, "here it says how it is undone")
        .help(
            "say `compensate with CALL`, or move the step behind everything that can fail; after a step that cannot be \
             undone, only calls that are retried until they succeed and steps with `on failure continue` may follow",
        );
    finish(found, undone)
}

/// A compensation whose arguments cannot be evaluated, or break a refinement of what it calls; `why` says which.
pub fn arguments(undone: Undone, undo: &str, why: &str) -> Diagnostic {
    let Undone { at, step, .. } = &undone;
    let found = Diagnostic::new(Code::CompensationArguments, *at, format!("the undo of `{step}` may not be callable"))
        .label(format!("`{undo}` would be called with arguments that it does not take"))
        .secondary(undone.failure, "for example when the workflow fails here")
        .secondary(undone.said, "the arguments are given here")
        .note(why.to_owned())
        .help(format!("give `{undo}` arguments that fit for every input, or refine the input of the step"));
    finish(found, undone)
}

/// Who does not simply allow a compensation.
pub struct Refusal<'p> {
    /// What decides, in words.
    pub by: String,
    /// What it does instead.
    pub instead: &'static str,
    /// Where it is said.
    pub at: Option<Span>,
    /// The policy, with the place of the rule that refuses, from 0, or none for the default; where one rule more would allow it.
    pub mended_in: Option<(&'p Policy, Option<usize>)>,
}

/// A compensation that is not simply allowed.
pub fn refused(undone: Undone, undo: &str, refusal: Refusal<'_>) -> Diagnostic {
    let Refusal { by, instead, at: rule, mended_in } = refusal;
    let Undone { at, step, .. } = &undone;
    let message = format!("`system:rollback` may not undo `{step}`");
    let found = Diagnostic::new(Code::CompensationRefused, *at, message)
        .label(format!("undone by `{undo}`, which {by} {instead}"))
        .secondary(undone.failure, "for example when the workflow fails here")
        .secondary(undone.said, "the compensation")
        .help(format!("add a rule before it: `allow system:rollback to {undo}`"));
    let found = match rule {
        Some(rule) => found.secondary(rule, "this decides"),
        None => found,
    };
    let found = match mended_in {
        Some((policy, before)) => {
            found.fix(policy::addition(policy, before, &format!("allow system:rollback to {undo}")))
        }
        None => found,
    };
    finish(found, undone)
}

fn finish(found: Diagnostic, undone: Undone) -> Diagnostic {
    found.note(undone.table).subject(undone.subject).witness(undone.witness)
}

/// A compensation that may end without having undone anything.
pub fn may_fail(at: Span, capability: &str, undo: &str, why: &str, subject: Subject) -> Diagnostic {
    Diagnostic::new(Code::CompensationMayFail, at, format!("the undo of `{capability}` may fail for good"))
        .label(format!("`{undo}` is {why}"))
        .help(format!(
            "make `{undo}` idempotent with `retry until success`, or say in it `compensate manually because \"…\"`: what a \
             human does when it fails"
        ))
        .subject(subject)
}

/// A compensation that has a compensation of its own; `circle` names what undoes what, if that leads back.
pub fn needs_undo(at: Span, capability: &str, undo: &str, circle: Option<&[String]>, subject: Subject) -> Diagnostic {
    let message = match circle {
        Some(_) => format!("the undo of `{capability}` leads back to it"),
        None => format!("the undo of `{capability}` would have to be undone itself"),
    };
    let found = Diagnostic::new(Code::CompensationNeedsUndo, at, message)
        .label(format!("`{undo}` has an automatic compensation of its own"))
        .help(format!(
            "undo with a capability that says `compensate none because \"…\"` or `compensate manually because \"…\"`: what \
             `{undo}` does in a rollback is final"
        ))
        .subject(subject);
    match circle {
        Some(circle) => {
            let names: Vec<String> = circle.iter().map(|id| format!("`{id}`")).collect();
            found.note(format!("each is undone by the next: {}", names.join(", ")))
        }
        None => found,
    }
}

/// A call of which nobody can tell after a crash whether it happened.
pub fn in_doubt(at: Span, step: &str, capability: &str, declared: Span, subject: Subject) -> Diagnostic {
    let message = format!("after a crash nobody can tell whether `{step}` happened");
    Diagnostic::new(Code::InDoubt, at, message)
        .label(format!("`{capability}` has an effect and is not idempotent"))
        .secondary(declared, "declared here")
        .help(format!("declare `{capability}` as `idempotent by KEY`; otherwise a human has to look"))
        .subject(subject)
}

/// Two branches of a `parallel`, where the one uses what the undo of the other takes away.
pub fn parallel_undo(at: Span, step: &str, other: Span, user: &str, undo: &str, subject: Subject) -> Diagnostic {
    let message = format!("what `{user}` uses may be undone under it");
    Diagnostic::new(Code::ParallelUndo, at, message)
        .label(format!("undone by `{undo}` when the workflow fails"))
        .secondary(other, format!("`{user}` runs at the same time as `{step}`, and may be about the same thing"))
        .help(format!("order them: `after {step}`"))
        .subject(subject)
}
