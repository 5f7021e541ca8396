//! Every format, over the same findings.

use gov_compiler::codes::{Code, Severity};
use gov_compiler::diagnostic::{Diagnostic, Edit, Fix, Subject, Witness};
use gov_compiler::errors::lexical;
use gov_compiler::package::Obligations;
use gov_compiler::source::{FileId, Sources, Span};
use gov_grammar::Found;
use serde_json::{Value, json};

use super::{Format, Part, Report, render};

const POLICY: &str = "package acme\n\npolicy desk {\n    default deny\n    all: allow any to any\n    late: deny any\n        to stripe.*\n}\n";
const OTHER: &str = "package acme\nset m\u{f6}ney = { stripe.* } // 100%\nset a = \"\u{202e}x\"\n";

fn findings() -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::new();
    let policy = sources.add("policy.gov", POLICY);
    let other = sources.add("with space/a,b:c.gov", OTHER);
    let find = |file, text: &str, what: &str| {
        let start = text.find(what).unwrap();
        Span::of(file, start..start + what.len())
    };
    let all = find(policy, POLICY, "all: allow any to any");
    let late = find(policy, POLICY, "late: deny any\n        to stripe.*");
    let rule = |name: &str, index| Subject::Rule { policy: "desk".into(), rule: Some(name.into()), index };
    let shadowed = Diagnostic::new(Code::ShadowedRule, late, "no request reaches rule `late`")
        .label("never reached")
        .secondary(all, "this rule takes every request first")
        .note("rule `all` decides `allow`, rule `late` would decide `deny`")
        .help("move `late` above `all`, or remove it")
        .subject(rule("late", 2))
        .related(rule("all", 1), all)
        .witness(Witness {
            principal: Some("agent:x".into()),
            capability: Some("stripe.refund".into()),
            input: json!({ "amount": "12.50 USD" }).as_object().cloned(),
            context: Some(serde_json::Map::new()),
            roles: Some(vec!["ops".into()]),
            path: Some(vec!["step `a` completes".into(), "step `b` fails".into()]),
            decision: Some("allow".into()),
            test: None,
        });
    let name = find(other, OTHER, "stripe.*");
    let unknown = Diagnostic::new(Code::UnknownName, name, "`stripe.*` refers to nothing: 100%, really")
        .label("nothing of this name")
        .secondary(late, "also read here")
        .help("did you mean `stride.*`?")
        .fix(Fix::unsafe_("change to `stride.*`", vec![Edit::replace(name, "stride.*")]));
    let hidden = lexical::hidden_character(find(other, OTHER, "\u{202e}"), "\u{202e}");
    let end = u32::try_from(OTHER.len()).unwrap();
    let steering = lexical::syntax_error(Span::new(other, end, end), &["`}`"], &Found::End, None)
        .note("a note that would clear the screen: \u{1b}[2J")
        .severity(Severity::Warning);
    (sources, vec![shadowed, unknown, hidden, steering])
}

fn rendered(format: Format, color: bool) -> String {
    let (sources, diagnostics) = findings();
    let parts = vec![Part { sources: &sources, diagnostics: &diagnostics }];
    render(
        format,
        &Report {
            packages: 1,
            files: sources.iter().count(),
            parts,
            obligations: Obligations { total: 41, proved: 40, unproved: 0 },
        },
        color,
    )
}

fn clean(format: Format) -> String {
    let mut sources = Sources::new();
    sources.add("a.gov", "package a\n");
    let parts = vec![Part { sources: &sources, diagnostics: &[] }];
    render(
        format,
        &Report { packages: 1, files: sources.iter().count(), parts, obligations: Obligations::default() },
        false,
    )
}

fn validate(schema: &str, instance: &str) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let instance: Value = serde_json::from_str(instance).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn check_schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<super::json::Check>();
    format!(
        "{:#}
",
        schema.to_value()
    )
}

#[test]
fn full() {
    insta::assert_snapshot!(rendered(Format::Full, false));
    insta::assert_snapshot!(clean(Format::Full), @"1 package in 1 file: no findings");
}

#[test]
fn full_in_color() {
    let colored = rendered(Format::Full, true);
    assert!(colored.contains("\u{1b}["));
    let stripped = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(stripped, rendered(Format::Full, false));
}

#[test]
fn nothing_steers_the_terminal() {
    let text = rendered(Format::Full, false) + &rendered(Format::Concise, false) + &rendered(Format::Github, false);
    assert!(!text.contains(|c: char| super::steers(c) && c != '\n'), "{text}");
}

#[test]
fn a_line_too_long_for_a_terminal_is_not_drawn() {
    let mut sources = Sources::new();
    let file = sources.add("long.gov", "x".repeat(1_000_000));
    let diagnostics =
        [lexical::syntax_error(Span::new(file, 999_990, 999_991), &["`package`"], &Found::Token("x".into()), None)];
    let parts = vec![Part { sources: &sources, diagnostics: &diagnostics }];
    let text = render(
        Format::Full,
        &Report { packages: 1, files: sources.iter().count(), parts, obligations: Obligations::default() },
        false,
    );
    assert!(text.starts_with("long.gov:1:999991: error[G0001]: expected `package`, found `x`\n"), "{}", text.len());
    assert!(text.len() < 500);
}

#[test]
fn concise() {
    insta::assert_snapshot!(rendered(Format::Concise, false));
    assert_eq!(clean(Format::Concise), "");
}

#[test]
fn github() {
    insta::assert_snapshot!(rendered(Format::Github, false));
    assert_eq!(clean(Format::Github), "");
}

#[test]
fn json() {
    let text = rendered(Format::Json, false);
    validate(&check_schema(), &text);
    validate(&check_schema(), &clean(Format::Json));
    insta::assert_snapshot!(text);
}

/// `UPDATE_SCHEMA=1 cargo test -p gov` writes the schema anew.
#[test]
fn the_schema_of_json_is_the_committed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/check.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, check_schema()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), check_schema(), "run with UPDATE_SCHEMA=1");
}

#[test]
fn sarif() {
    // One pattern of the published schema has a stray bracket, which strict readers of patterns refuse; it belongs to a
    // property that is not written here.
    let published = include_str!("../../testdata/sarif-2.1.0/schema.json");
    let schema = &published.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}?$");
    assert_ne!(schema, published);
    let text = rendered(Format::Sarif, false);
    validate(schema, &text);
    validate(schema, &clean(Format::Sarif));
    let mut log: Value = serde_json::from_str(&text).unwrap();
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        rule.as_object_mut().unwrap().remove("help");
    }
    insta::assert_snapshot!(format!("{log:#}"));
}

proptest::proptest! {
    /// Whatever a finding points at, every format is written, and tools can read it.
    #[test]
    fn any_finding_is_written(text in "(\\PC|[\n\r\t\u{1b}\u{202e}\u{85}]){0,40}", spans in proptest::collection::vec((0..2u32, 0..60u32, 0..60u32), 1..4)) {
        let mut sources = Sources::new();
        sources.add("a.gov", text.as_str());
        let mut spans = spans.into_iter().map(|(file, start, end)| Span::new(FileId(file), start, end));
        let mut found = Diagnostic::new(Code::SyntaxError, spans.next().unwrap(), text.as_str()).label(text.as_str());
        for span in spans {
            found = found.secondary(span, text.as_str()).fix(Fix::safe("a", vec![Edit::replace(span, "b")]));
        }
        let diagnostics = [found];
        let report = Report { packages: 1, files: 1, parts: vec![Part { sources: &sources, diagnostics: &diagnostics }], ..Report::default() };
        for format in [Format::Full, Format::Concise, Format::Github] {
            let text = render(format, &report, false);
            proptest::prop_assert!(!text.contains(|c: char| super::steers(c) && c != '\n'), "{text:?}");
        }
        validate(&check_schema(), &render(Format::Json, &report, false));
        gov_compiler::fix::apply_safe(&sources, &diagnostics);
        serde_json::from_str::<Value>(&render(Format::Sarif, &report, false)).unwrap();
    }
}
