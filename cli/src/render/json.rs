//! The report as one JSON object. `docs/schema/check.schema.json` is made from these types.

use gov_compiler::codes::Severity;
use gov_compiler::diagnostic::{self, Applicability, Diagnostic};
use gov_compiler::source::{Sources, Span};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What `gov check --format json` writes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "gov check --format json", deny_unknown_fields)]
pub struct Check {
    summary: Summary,
    /// The findings, by file and place.
    diagnostics: Vec<Finding>,
}

/// How much was found and proved.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Summary {
    errors: usize,
    warnings: usize,
    /// How many obligations there are. Those that are neither proved nor unproved are false.
    obligations: usize,
    proved: usize,
    unproved: usize,
}

/// One finding.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Finding {
    /// The code, which never changes its meaning.
    #[schemars(regex(pattern = "^G[0-9]{4}$"))]
    code: &'static str,
    /// The code's name, in kebab case.
    name: &'static str,
    #[schemars(with = "SeverityName")]
    severity: &'static str,
    message: String,
    /// The path of the file, relative where it can be, with forward slashes.
    file: String,
    span: Place,
    /// What of the package the finding is about.
    subject: Option<Subject>,
    /// What else has a part in it.
    related: Vec<Related>,
    /// A concrete case in which it goes wrong.
    witness: Option<Witness>,
    /// What to do about it.
    help: Option<String>,
    /// Edits that mend it, best first.
    fixes: Vec<Fix>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `severity` in the schema")]
enum SeverityName {
    Error,
    Warning,
}

/// A piece of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Place {
    /// The offset of the first byte.
    start: u32,
    /// The offset after the last byte.
    end: u32,
    /// The line of the start, from 1.
    line: u32,
    /// The column of the start, from 1, in characters.
    column: u32,
}

/// What of a package a finding is about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Subject {
    Package {
        package: String,
    },
    Type {
        #[serde(rename = "type")]
        name: String,
    },
    Role {
        role: String,
    },
    Set {
        set: String,
    },
    Capability {
        capability: String,
    },
    Policy {
        policy: String,
    },
    Rule {
        policy: String,
        /// The rule's name; null where it has none.
        rule: Option<String>,
        /// The rule's place among the policy's rules, from 1.
        index: u32,
    },
    Workflow {
        workflow: String,
    },
    Step {
        workflow: String,
        step: String,
    },
    Prove {
        prove: String,
    },
    Test {
        test: String,
    },
}

/// Something else that has a part in a finding.
#[derive(Debug, Serialize, JsonSchema)]
struct Related {
    #[serde(flatten)]
    subject: Subject,
    file: String,
    span: Place,
}

/// A concrete case, with what applies to it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Witness {
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// What happens, one event after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Decision>")]
    decision: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `decision` in the schema")]
enum Decision {
    Allow,
    Deny,
    Approval,
}

/// A way to mend a finding.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Fix {
    title: String,
    #[schemars(with = "ApplicabilityName")]
    applicability: &'static str,
    /// The edits, which belong together and do not overlap.
    edits: Vec<Edit>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `applicability` in the schema")]
enum ApplicabilityName {
    /// What the author meant: `gov check --fix` makes it.
    Safe,
    /// Possibly wrong: left to a person.
    Unsafe,
}

/// A piece of text in the place of another.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Edit {
    file: String,
    span: Place,
    text: String,
}

pub(super) fn render(report: &super::Report<'_>) -> String {
    let obligations = report.obligations;
    let check = Check {
        summary: Summary {
            errors: report.errors(),
            warnings: report.warnings(),
            obligations: obligations.total,
            proved: obligations.proved,
            unproved: obligations.unproved,
        },
        diagnostics: report.findings().map(|(sources, found)| finding(sources, found)).collect(),
    };
    // Maps with text keys and plain values always serialise.
    let mut text = serde_json::to_string_pretty(&check).unwrap_or_default();
    text.push('\n');
    text
}

fn finding(sources: &Sources, found: &Diagnostic) -> Finding {
    Finding {
        code: found.code.id(),
        name: found.code.name(),
        severity: match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: found.message.clone(),
        file: sources.path(found.primary.span.file).to_owned(),
        span: place(sources, found.primary.span),
        subject: found.subject.as_ref().map(subject),
        related: found.related.iter().map(|related| self::related(sources, related)).collect(),
        witness: found.witness.as_deref().map(witness),
        help: found.help.clone(),
        fixes: found.fixes.iter().map(|fix| self::fix(sources, fix)).collect(),
    }
}

fn place(sources: &Sources, span: Span) -> Place {
    let at = sources.position(span);
    Place { start: span.start, end: span.end, line: at.line, column: at.column }
}

fn subject(subject: &diagnostic::Subject) -> Subject {
    use diagnostic::Subject as From;
    match subject.clone() {
        From::Package { package } => Subject::Package { package },
        From::Type { name } => Subject::Type { name },
        From::Role { role } => Subject::Role { role },
        From::Set { set } => Subject::Set { set },
        From::Capability { capability } => Subject::Capability { capability },
        From::Policy { policy } => Subject::Policy { policy },
        From::Rule { policy, rule, index } => Subject::Rule { policy, rule, index },
        From::Workflow { workflow } => Subject::Workflow { workflow },
        From::Step { workflow, step } => Subject::Step { workflow, step },
        From::Prove { prove } => Subject::Prove { prove },
        From::Test { test } => Subject::Test { test },
    }
}

fn related(sources: &Sources, related: &diagnostic::Related) -> Related {
    Related {
        subject: subject(&related.subject),
        file: sources.path(related.span.file).to_owned(),
        span: place(sources, related.span),
    }
}

fn witness(witness: &diagnostic::Witness) -> Witness {
    let diagnostic::Witness { principal, capability, input, context, roles, path, decision, test: _ } = witness.clone();
    Witness { principal, capability, input, context, roles, path, decision }
}

fn fix(sources: &Sources, fix: &diagnostic::Fix) -> Fix {
    let edit = |edit: &diagnostic::Edit| Edit {
        file: sources.path(edit.span.file).to_owned(),
        span: place(sources, edit.span),
        text: edit.text.clone(),
    };
    Fix {
        title: fix.title.clone(),
        applicability: match fix.applicability {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
        },
        edits: fix.edits.iter().map(edit).collect(),
    }
}
