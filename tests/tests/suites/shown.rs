//! Every counterexample that can be told as a test is shown by it: the test is laid out, has no errors, and passes on the real
//! machine, so that the machine does what the proofs say it does.

use super::{blocks, cases, folder};
use gov_compiler::format::format;
use gov_compiler::package::File;
use gov_compiler::verify::test_of;
use gov_runtime::testing::{self, Coverage};
use std::collections::BTreeMap;
use std::fs;

/// The codes whose findings have tests, and how many of the suites' findings at least.
const SHOWN: &[(&str, usize)] = &[
    ("G1101", 11),
    ("G1102", 3),
    ("G1103", 3),
    ("G1201", 7),
    ("G1205", 5),
    ("G1206", 5),
    ("G1207", 1),
    ("G1301", 4),
    ("G1302", 4),
    ("G1304", 1),
    ("G1305", 1),
    ("G1401", 9),
];

#[test]
fn the_test_of_a_counterexample_passes() {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = String::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let markdown = fs::read_to_string(entry.unwrap().path()).unwrap();
        let blocks = blocks(&markdown);
        for case in cases(&blocks).iter().filter(|case| case.own_block().1) {
            let checked = case.checked();
            for found in checked.diagnostics.iter().filter(|found| found.witness.is_some()) {
                let counted = counts.entry(found.code.id()).or_default();
                counted.1 += 1;
                let Some(test) = test_of(found) else { continue };
                counted.0 += 1;
                assert_eq!(format(&test).as_ref(), Ok(&test), "it is laid out");
                let mut input = case.input();
                let package = checked.package.as_ref().unwrap();
                let text = format!("package {}\n\n{test}", package.name);
                input.files.push(File { path: "shown.gov".to_owned(), text: text.into() });
                let with = gov_compiler::check(&input);
                let Some(package) = &with.package else { panic!("{test}\n{:?}", with.diagnostics) };
                let verdict = testing::run(package, package.tests.last().unwrap(), &mut Coverage::default());
                if !verdict.failures.is_empty() {
                    let story: Vec<&str> = verdict.story.iter().map(|moment| moment.text.as_str()).collect();
                    wrong += &format!(
                        "---- {} {}\n{:?}\n{test}{:?}\n{}\n{}\n",
                        found.code,
                        found.message,
                        found.witness.as_ref().unwrap().path,
                        verdict.failures,
                        story.join("\n"),
                        input.files.iter().map(|file| file.text.to_string()).collect::<String>(),
                    );
                }
            }
        }
    }
    println!("shown by tests, of all with a counterexample: {counts:?}");
    assert!(wrong.is_empty(), "{wrong}");
    for (code, least) in SHOWN {
        assert!(counts.get(code).is_some_and(|(shown, _)| shown >= least), "{code}: {counts:?}");
    }
}
