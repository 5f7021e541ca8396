//! `gov test`: the tests that packages hold.

mod junit;

use std::fmt::Write;
use std::path::PathBuf;

use gov_compiler::package::Checked;
use gov_plan::Origin;
use gov_plan::model::Package;
use gov_runtime::testing::{self, Coverage, Kind, Part, Verdict};
use serde::Serialize;

use crate::output::{self, Color, Failure, Outcome};
use crate::render::{self, Format as Findings};
use crate::results::Results;
use crate::runs::story::paint;
use crate::runs::{self, Format};
use gov_workspace as workspace;

use crate::disk;

/// Run the tests of packages, on the real interpreter with simulated handlers and a simulated clock
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gov test                        the tests of the package around the current folder\n  \
                  gov test --filter refund        those whose title holds a word\n  \
                  gov test --junit report.xml     a report for CI"
)]
pub struct Args {
    /// Folders, `.gov` files or `gov.toml` files; the current folder if there are none
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Run only the tests whose title holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Write a JUnit report to a file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// How the results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A package's tests and what they came to.
struct Tested<'c> {
    name: &'c str,
    checked: &'c Checked,
    verdicts: Vec<Verdict>,
    parts: Vec<Part>,
}

/// Runs the tests.
///
/// # Errors
///
/// If there is nothing to test, or the report cannot be written.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let results = Results::unproved(workspace::find(&args.paths)?);
    let report = results.report();
    if report.errors() > 0 {
        output::progress(render::render(Findings::Full, &report, color.on_stdout()).trim_end());
        return Ok(Outcome::Findings);
    }
    let packages = results.checked.iter().filter_map(|checked| Some((checked, checked.package.as_ref()?)));
    let tested: Vec<Tested<'_>> = packages.map(|(checked, package)| test(checked, package, args)).collect();
    if let Some(filter) = &args.filter
        && tested.iter().all(|tested| tested.verdicts.is_empty())
    {
        let titles = tested.iter().flat_map(|tested| tested.checked.package.iter().flat_map(|package| &package.tests));
        let closest = gov_grammar::closest(filter, titles.map(|test| test.title.as_str()));
        let failure = Failure::new(format!("no title of a test has `{filter}` in it"));
        return Err(match closest {
            Some(title) => failure.help(format!("did you mean `{title}`?")),
            None => failure.help("`gov test` without `--filter` lists them"),
        });
    }
    if let Some(file) = &args.junit {
        let shown = file.display().to_string();
        disk::replace(file, &junit::report(&tested)).map_err(|error| Failure::io("write", &shown, &error))?;
    }
    match args.format {
        Format::Text => output::write(&text(&tested, args.filter.is_some(), color.on_stdout()))?,
        Format::Json => runs::write_json(&json(&tested))?,
    }
    let failed = tested.iter().flat_map(|tested| &tested.verdicts).any(|verdict| !verdict.failures.is_empty());
    Ok(if failed { Outcome::Findings } else { Outcome::Good })
}

fn test<'c>(checked: &'c Checked, package: &'c Package, args: &Args) -> Tested<'c> {
    let mut coverage = Coverage::default();
    let wanted = |title: &str| args.filter.as_ref().is_none_or(|filter| title.contains(filter.as_str()));
    let tests = package.tests.iter().filter(|test| wanted(&test.title));
    let verdicts = tests.map(|test| testing::run(package, test, &mut coverage)).collect();
    Tested { name: &package.name, checked, verdicts, parts: coverage.parts(package) }
}

impl Tested<'_> {
    /// A place as people write it: `support.gov:12:5`.
    fn place(&self, at: Origin) -> String {
        let span = gov_compiler::lower::span_of(at);
        let position = self.checked.sources.position(span);
        format!("{}:{}:{}", self.checked.sources.path(span.file), position.line, position.column)
    }
}

fn text(tested: &[Tested<'_>], filtered: bool, color: bool) -> String {
    let (good, bad, dim) = (
        anstyle::Style::new().fg_color(Some(anstyle::AnsiColor::Green.into())),
        anstyle::Style::new().fg_color(Some(anstyle::AnsiColor::Red.into())).bold(),
        anstyle::Style::new().dimmed(),
    );
    let mut out = String::new();
    for package in tested {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{}", package.name);
        if package.verdicts.is_empty() && !filtered {
            let _ = writeln!(out, "  {}", paint(color, dim, "has no tests"));
        }
        for verdict in &package.verdicts {
            let passed = verdict.failures.is_empty();
            let word = if passed { paint(color, good, "ok    ") } else { paint(color, bad, "FAILED") };
            let _ = writeln!(out, "  {word}  {}", verdict.title);
            for failure in &verdict.failures {
                let _ = writeln!(out, "          {}: {}", package.place(failure.at), failure.message);
            }
            if passed {
                continue;
            }
            for moment in &verdict.story {
                let label = moment.step.as_deref().unwrap_or_default();
                let line = format!("            {label:<14}  {}", moment.text);
                let _ = writeln!(out, "{}", paint(color, dim, &line));
            }
        }
        // What some of the tests do not reach says nothing of all of them.
        if !filtered && !package.verdicts.is_empty() {
            coverage(&mut out, package);
        }
    }
    let all = tested.iter().flat_map(|tested| &tested.verdicts);
    let failed = all.clone().filter(|verdict| !verdict.failures.is_empty()).count();
    let passed = all.count() - failed;
    let _ = match failed {
        0 => writeln!(out, "{}", paint(color, good, &format!("{passed} passed"))),
        _ => writeln!(out, "{}", paint(color, bad, &format!("{passed} passed, {failed} failed"))),
    };
    out
}

/// The kinds of parts, and what several of them are called.
const KINDS: [(Kind, &str); 4] =
    [(Kind::Rule, "rules"), (Kind::Branch, "branches"), (Kind::Step, "steps"), (Kind::Undo, "undos")];

fn coverage(out: &mut String, package: &Tested<'_>) {
    let counts = KINDS.iter().filter_map(|(kind, name)| {
        let of_kind = package.parts.iter().filter(|part| part.kind == *kind);
        let (reached, all) = (of_kind.clone().filter(|part| part.reached).count(), of_kind.count());
        (all > 0).then(|| format!("{reached} of {all} {name}"))
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() {
        return;
    }
    let _ = writeln!(out, "  reached: {}", counts.join(", "));
    for part in package.parts.iter().filter(|part| !part.reached) {
        let _ = writeln!(out, "    not reached: {} ({})", part.name, package.place(part.at));
    }
}

/// What tools read.
#[derive(Serialize)]
struct Json<'t> {
    summary: Summary,
    tests: Vec<JsonTest<'t>>,
    coverage: Vec<JsonPart<'t>>,
}

#[derive(Serialize)]
struct Summary {
    passed: usize,
    failed: usize,
}

#[derive(Serialize)]
struct JsonTest<'t> {
    package: &'t str,
    title: &'t str,
    place: String,
    passed: bool,
    failures: Vec<JsonFailure<'t>>,
}

#[derive(Serialize)]
struct JsonFailure<'t> {
    place: String,
    message: &'t str,
}

#[derive(Serialize)]
struct JsonPart<'t> {
    package: &'t str,
    part: &'t str,
    place: String,
    reached: bool,
}

fn json<'t>(tested: &'t [Tested<'t>]) -> Json<'t> {
    let mut json = Json { summary: Summary { passed: 0, failed: 0 }, tests: Vec::new(), coverage: Vec::new() };
    for package in tested {
        for verdict in &package.verdicts {
            let passed = verdict.failures.is_empty();
            if passed {
                json.summary.passed += 1;
            } else {
                json.summary.failed += 1;
            }
            let failures = verdict.failures.iter();
            json.tests.push(JsonTest {
                package: package.name,
                title: &verdict.title,
                place: package.place(verdict.at),
                passed,
                failures: failures
                    .map(|failure| JsonFailure { place: package.place(failure.at), message: &failure.message })
                    .collect(),
            });
        }
        let parts = package.parts.iter();
        json.coverage.extend(parts.map(|part| JsonPart {
            package: package.name,
            part: &part.name,
            place: package.place(part.at),
            reached: part.reached,
        }));
    }
    json
}
