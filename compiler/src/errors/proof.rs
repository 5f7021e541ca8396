//! G14xx: `prove` statements, and what could not be settled.

use gov_plan::Origin;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject, Witness};
use crate::lower::span_of;

/// An obligation of that code could not be settled, and why.
pub fn unproved(at: Origin, of: Code, subject: Subject, why: &str) -> Diagnostic {
    let what = match of {
        Code::Unproved => "the proofs could not be done".to_owned(),
        _ => format!("it could not be settled whether there is {} ({of})", of.summary()),
    };
    Diagnostic::new(Code::Unproved, span_of(at), what)
        .label("neither proved nor refuted")
        .note(why)
        .help("make the conditions simpler, or give the solver more room with `--rlimit`; what is not proved is never taken for granted")
        .subject(subject)
}

/// A claim about a policy that does not hold. `witness` is a request that shows it; a claim that something happens sometimes
/// has none.
pub fn refuted(
    at: Origin,
    claim: &str,
    message: String,
    decided_by: Option<(Origin, String)>,
    witness: Option<Witness>,
) -> Diagnostic {
    let mut found = Diagnostic::new(Code::ProveFalse, span_of(at), message)
        .label("does not hold")
        .subject(Subject::Prove { prove: claim.to_owned() });
    if let Some((place, words)) = decided_by {
        found = found.secondary(span_of(place), words);
    }
    found.witness = witness.map(Box::new);
    found.help("change the policy, or claim what it says")
}

/// A claim that speaks of no request at all: it holds, and says nothing.
pub fn vacuous(at: Origin, claim: &str) -> Diagnostic {
    Diagnostic::new(Code::VacuousCondition, span_of(at), format!("`{claim}` speaks of no request at all"))
        .label("no request is by these, for those, under this condition")
        .help("mend the condition: a claim about nothing proves nothing")
        .subject(Subject::Prove { prove: claim.to_owned() })
}

/// A claim about a workflow that does not hold. `said` is what happens instead, `place` where, `table` what takes how much.
pub fn workflow_refuted(
    at: Origin,
    claim: &str,
    said: &str,
    place: Option<(Origin, String)>,
    table: Option<String>,
    witness: Witness,
) -> Diagnostic {
    let mut found = Diagnostic::new(Code::ProveFalse, span_of(at), format!("`{claim}` does not hold: {said}"))
        .label("does not hold")
        .help("mend the workflow, or claim what it does")
        .subject(Subject::Prove { prove: claim.to_owned() })
        .witness(witness);
    if let Some((place, words)) = place {
        found = found.secondary(span_of(place), words);
    }
    found.notes.extend(table);
    found
}
