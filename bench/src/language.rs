//! Text: parsing, checking, formatting, proving and compiling packages of a thousand to a hundred thousand lines; and how the
//! program starts.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use gov_compiler::package::Input;

use crate::measure;
use crate::package;
use crate::row::Row;
use crate::suite::Suite;

/// Measures packages that `gov-generate` writes.
///
/// # Errors
///
/// If one of them does not check.
pub fn run(suite: &mut Suite) -> Result<(), Box<dyn Error>> {
    for lines in [1_000_usize, 10_000, 100_000] {
        let texts = gov_tests::package::files(lines.div_ceil(500), lines)?;
        let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
        let actual: usize = texts.iter().map(|(_, text)| text.lines().count()).sum();
        let input = package::input_of(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let input = Input { name: Some("generated".to_owned()), ..input };
        let times = if lines >= 100_000 { 3 } else { 10 };
        let mut add = |name: &str, took: measure::Times| {
            let rate = bytes as f64 / took.median * 1e9 / 1e6;
            suite.rows.push(Row::time(name, "gov", actual, "lines", took).noting(format!("{rate:.1} MB/s")));
        };

        add(
            "parsing",
            measure::repeat(times, || {
                texts.iter().map(|(_, text)| gov_grammar::parse(text.as_str())).collect::<Vec<_>>()
            }),
        );
        add(
            "formatting",
            measure::repeat(times, || {
                texts.iter().filter_map(|(_, text)| gov_compiler::format::format(text).ok()).count()
            }),
        );
        add("checking names and types", measure::repeat(times, || gov_compiler::check(&input)));
        let mut checked = package::proved(&input)?;
        if let Some(found) = checked.diagnostics.first() {
            return Err(format!("the generated package has a finding: {}", found.message).into());
        }
        add("checking, proofs included", measure::repeat(times.min(3), || package::proved(&input)));
        checked = package::proved(&input)?;
        add("compiling the plan", measure::repeat(times.min(3), || gov_compiler::compile(&checked).is_some()));
    }
    Ok(())
}

/// Measures the program itself.
///
/// # Errors
///
/// If it cannot be run.
pub fn program(suite: &mut Suite, gov: &Path) -> Result<(), Box<dyn Error>> {
    let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
    let run = |arguments: &[&str]| -> Result<measure::Times, Box<dyn Error>> {
        let mut failed = None;
        let times = measure::repeat(20, || match Command::new(gov).args(arguments).current_dir(&quickstart).output() {
            Ok(ran) if ran.status.success() => {}
            other => failed = Some(format!("{arguments:?}: {other:?}")),
        });
        failed.map_or(Ok(times), |why| Err(why.into()))
    };
    let size = std::fs::metadata(gov)?.len() as f64;
    suite.rows.extend([
        Row::time("start to finish", "gov --version", 0, "", run(&["--version"])?),
        Row::time("start to finish", "gov check, the smallest example", 47, "lines", run(&["check"])?),
        Row::figure("binary", "gov", 0, "", size, "bytes")
            .noting("release build, not stripped, Z3's library beside it"),
    ]);
    Ok(())
}
