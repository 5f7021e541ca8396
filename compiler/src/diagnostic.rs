//! What the compiler says to a person or a tool: a finding, where it is, why, and how to mend it.

use serde::{Deserialize, Serialize};

use crate::codes::{Code, Severity};
use crate::source::Span;

/// One finding. Messages start in lower case, have no full stop, and put the user's words in backticks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// What is wrong, for ever.
    pub code: Code,
    /// How much it weighs; the code's own severity unless built otherwise.
    pub severity: Severity,
    /// What is wrong here, on one line.
    pub message: String,
    /// The place, with a few words on what stands there.
    pub primary: Label,
    /// Other places, with why they matter.
    pub secondary: Vec<Label>,
    /// Further facts, each one sentence.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Edits that mend it, best first.
    pub fixes: Vec<Fix>,
    /// What of the package the finding is about, for tools.
    pub subject: Option<Subject>,
    /// What else has a part in it, for tools.
    pub related: Vec<Related>,
    /// A concrete case in which it goes wrong.
    pub witness: Option<Box<Witness>>,
}

impl Diagnostic {
    /// A finding of the code's own severity, at a place.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: Label { span, message: String::new() },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            fixes: Vec::new(),
            subject: None,
            related: Vec::new(),
            witness: None,
        }
    }

    /// With a severity other than the code's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// With words at the primary place: what stands there.
    #[must_use]
    pub fn label(mut self, message: impl Into<String>) -> Self {
        self.primary.message = message.into();
        self
    }

    /// With another place and why it matters.
    #[must_use]
    pub fn secondary(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { span, message: message.into() });
        self
    }

    /// With a further fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With an edit that mends it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// With what of the package it is about.
    #[must_use]
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// With something else that has a part in it, and where that stands.
    #[must_use]
    pub fn related(mut self, subject: Subject, span: Span) -> Self {
        self.related.push(Related { subject, span });
        self
    }

    /// With a concrete case in which it goes wrong.
    #[must_use]
    pub fn witness(mut self, witness: Witness) -> Self {
        self.witness = Some(Box::new(witness));
        self
    }

    /// Whether it stops a compile.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Puts diagnostics into the order in which they are shown: by file, place, code and words, so that it does not depend on
/// the order in which they were found. Exact repeats are dropped.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.primary.span.file, d.primary.span.start, d.code, d.primary.span.end);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    diagnostics.dedup();
}

/// A place and what is said there; the words may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is said there.
    pub message: String,
}

/// A way to mend a finding by editing texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What the edits do, as an order: "rename to `amount`".
    pub title: String,
    /// Whether a tool may make them unasked.
    pub applicability: Applicability,
    /// The edits, which belong together and do not overlap.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix that `gov check --fix` makes: what the author meant is certain.
    pub fn safe(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), applicability: Applicability::Safe, edits }
    }

    /// A fix that a person chooses: it is a guess, or changes what is allowed.
    pub fn unsafe_(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), applicability: Applicability::Unsafe, edits }
    }
}

/// Whether a fix may be made unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Applicability {
    /// The fix is what the author meant; `--fix` makes it.
    Safe,
    /// The fix may be wrong; it is offered and left to a person.
    Unsafe,
}

/// A piece of text to put in the place of another: an insertion where the span is empty, a deletion where the text is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What it is replaced by.
    pub text: String,
}

impl Edit {
    /// Puts `text` in the place of `span`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Puts `text` before what starts at `span`.
    pub fn insert(span: Span, text: impl Into<String>) -> Self {
        Self { span: span.at_start(), text: text.into() }
    }

    /// Takes `span` out.
    pub fn delete(span: Span) -> Self {
        Self { span, text: String::new() }
    }
}

/// What of a package a finding is about, in the words that tools know it by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A package.
    Package {
        /// Its name.
        package: String,
    },
    /// A named type.
    Type {
        /// Its name.
        name: String,
    },
    /// A role.
    Role {
        /// Its name.
        role: String,
    },
    /// A set.
    Set {
        /// Its name.
        set: String,
    },
    /// A capability.
    Capability {
        /// Its id.
        capability: String,
    },
    /// A policy.
    Policy {
        /// Its name.
        policy: String,
    },
    /// A rule of a policy.
    Rule {
        /// The policy's name.
        policy: String,
        /// The rule's name, where it has one.
        rule: Option<String>,
        /// The rule's place among the policy's rules, from 1.
        index: u32,
    },
    /// A workflow.
    Workflow {
        /// Its name.
        workflow: String,
    },
    /// A step of a workflow.
    Step {
        /// The workflow's name.
        workflow: String,
        /// The step's name.
        step: String,
    },
    /// A `prove` statement.
    Prove {
        /// Its name.
        prove: String,
    },
    /// A test.
    Test {
        /// Its title.
        test: String,
    },
}

/// Something else that has a part in a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// What it is.
    pub subject: Subject,
    /// Where it stands.
    pub span: Span,
}

/// A concrete case in which a claim does not hold: a request, or a path through a workflow. Empty where it does not apply.
/// Money, decimals and durations in it are strings, as everywhere in JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Witness {
    /// Who asks: `agent:x`.
    pub principal: Option<String>,
    /// For what: `a.b`.
    pub capability: Option<String>,
    /// With which input.
    pub input: Option<serde_json::Map<String, serde_json::Value>>,
    /// In which context.
    pub context: Option<serde_json::Map<String, serde_json::Value>>,
    /// The roles that the request asserts.
    pub roles: Option<Vec<String>>,
    /// What happens, one event after the other, in words.
    pub path: Option<Vec<String>>,
    /// What is decided: `allow`, `deny` or `approval`.
    pub decision: Option<String>,
    /// The statements of a test that shows it, where one can be written.
    pub test: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn the_order_does_not_depend_on_who_spoke_first() {
        let at = |code, file, start| Diagnostic::new(code, Span::new(FileId(file), start, start + 1), "m");
        let sorted = [
            at(Code::UnknownName, 0, 3),
            at(Code::SyntaxError, 0, 9),
            at(Code::Duplicate, 0, 9),
            at(Code::SyntaxError, 1, 0),
        ];
        let mut shuffled = vec![sorted[3].clone(), sorted[2].clone(), sorted[0].clone(), sorted[1].clone()];
        shuffled.push(sorted[2].clone());
        sort(&mut shuffled);
        assert_eq!(shuffled, sorted);
    }
}
