//! Instructions that small pieces of work take, as callgrind counts them: a regression shows on any machine, however fast.
//!
//! Counts of a debug build, since that is the one that is tested. `UPDATE_COUNTS=1 cargo test -p gov-tests --test counts` writes
//! them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Above the committed count by more than this is a regression. Another compiler, or the seeds of hashes, account for less.
const TOLERANCE: f64 = 0.15;

const PROGRAM: &str = env!("CARGO_BIN_EXE_gov-counted");

/// What is before the counts in their file.
const HEAD: &str = "\
# Instructions that a piece of work takes in a debug build, as callgrind counts them.
# Made by `UPDATE_COUNTS=1 cargo test -p gov-tests --test counts`.
";

#[test]
fn no_work_takes_many_more_instructions_than_it_did() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "valgrind is missing, and in CI nothing is skipped");
        eprintln!("skipped: valgrind is not installed (Debian: apt-get install valgrind)");
        return;
    }
    let listed = Command::new(PROGRAM).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let cases: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(cases.len() >= 5, "{listed}");
    let counts: BTreeMap<&str, u64> = std::thread::scope(|scope| {
        let counted = cases.iter().map(|case| (*case, scope.spawn(move || work(case)))).collect::<Vec<_>>();
        counted.into_iter().map(|(case, thread)| (case, thread.join().unwrap())).collect()
    });

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/counts/counts.txt");
    if std::env::var_os("UPDATE_COUNTS").is_some() {
        let lines = counts.iter().fold(HEAD.to_owned(), |mut text, (case, count)| {
            let _ = writeln!(text, "{case} {count}");
            text
        });
        std::fs::write(&file, lines).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap();
    let lines = committed.lines().filter(|line| !line.starts_with('#'));
    let committed: BTreeMap<&str, u64> =
        lines.map(|line| line.split_once(' ').unwrap()).map(|(case, count)| (case, count.parse().unwrap())).collect();
    assert_eq!(committed.keys().collect::<Vec<_>>(), counts.keys().collect::<Vec<_>>());
    let mut worse = String::new();
    for (case, count) in &counts {
        let growth = *count as f64 / committed[case] as f64 - 1.0;
        println!("{case}: {count} instructions, {:+.1} %", growth * 100.0);
        if growth > TOLERANCE {
            let _ = writeln!(worse, "`{case}` takes {:.0} % more instructions than was committed", growth * 100.0);
        }
    }
    assert!(worse.is_empty(), "{worse}mend it, or write the counts anew with UPDATE_COUNTS=1 and say why");
}

/// The instructions that a case takes once: those of doing it twice less those of doing it once.
fn work(case: &str) -> u64 {
    let (once, twice) = (instructions(case, 1), instructions(case, 2));
    twice.checked_sub(once).unwrap()
}

fn instructions(case: &str, times: u32) -> u64 {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", PROGRAM, case, &times.to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{case}: {said}");
    let collected =
        said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim().parse());
    collected.unwrap_or_else(|| panic!("{case}: {said}")).unwrap()
}
