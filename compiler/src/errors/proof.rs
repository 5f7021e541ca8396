//! G14xx: `prove` statements, and what could not be settled.

use gov_plan::Origin;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject};
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
