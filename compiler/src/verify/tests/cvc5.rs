//! A second solver: every question that Z3 was asked, as `--smt2` writes it, is put to cvc5 as well.
//!
//! The questions are those of the examples, of every package in the suites and on the pages of the codes, and of generated
//! policies (settled by the solver alone, so that nothing is left to the exact way) and workflows. Where the two contradict one
//! another the test fails. What cvc5 does not settle within its resources is counted and printed.

use super::random::Random;
use super::spread::tell;
use super::{cases, packages};
use crate::package::{File, Input};
use crate::verify::encode::requests as encoded;
use crate::verify::policy::judge;
use crate::verify::solver::Session;
use crate::verify::units::Found;
use crate::verify::workflow::tests::generate;
use crate::verify::{Options, claim, verify};
use gov_plan::model::Package;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// What cvc5 may do for one question, in its own units: not a time, so that the answers are the same on every machine.
const RESOURCES: u32 = 200_000;

/// What the two solvers say, and of how many questions.
type Answers = BTreeMap<(String, String), usize>;

#[test]
fn a_second_solver_says_the_same() {
    if Command::new("cvc5").arg("--version").stdout(Stdio::null()).status().is_err() {
        assert!(std::env::var("CI").is_err(), "cvc5 is missing, and in CI nothing may be skipped");
        println!("cvc5: skipped, since there is no cvc5 (Debian: apt-get install cvc5)");
        return;
    }
    let written = written();
    let read = written.len();
    let written = written.iter().filter_map(|texts| package(texts)).collect::<Vec<_>>();
    let generated = cases() / 5;
    let questions = Mutex::new(BTreeSet::new());
    let note = |_: &str, text: &str| {
        questions.lock().unwrap().insert(text.to_owned());
    };
    let options = Options { smt2: Some(&note), jobs: workers(), ..Options::default() };
    for package in &written {
        verify(package, &options).unwrap();
    }
    let of_files = questions.lock().unwrap().len();
    for case in 0..generated {
        let shape = packages::Shape { rules: 5, mixed: case % 2 == 0 };
        if let Some(package) = packages::package(&packages::source(&mut Random::new(case + 5_000_000), &shape)) {
            by_the_solver_alone(&package, &options);
        }
        let workflow = generate::package(case + 5_000_000);
        verify(&package_of(&workflow).unwrap(), &options).unwrap();
    }
    let questions: Vec<String> = questions.into_inner().unwrap().into_iter().collect();
    let answers = compared(&questions);
    tell(&format!(
        "cvc5: {} questions, {of_files} of them from {} of {read} packages in files, the others from {generated} generated policies \
         and as many workflows; Z3 and cvc5 say {answers:?}",
        questions.len(),
        written.len(),
    ));
    let settled = |answer: &str| answer == "sat" || answer == "unsat";
    for ((z3, cvc5), count) in &answers {
        assert!(cvc5 == z3 || cvc5 == "unknown" || !settled(z3), "{count} questions: Z3 says {z3}, cvc5 {cvc5}");
    }
    let both: usize = answers.iter().filter(|((z3, cvc5), _)| z3 == cvc5).map(|(_, count)| count).sum();
    assert!(both * 100 > questions.len() * 95, "cvc5 is to settle nearly all of them");
    assert!(of_files > 50 && written.len() > 50, "the files are to be found");
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

/// Asks cvc5, several questions to a process; gives what both say, and names what they contradict one another in.
fn compared(questions: &[String]) -> Answers {
    let share = questions.len().div_ceil(workers()).max(1);
    let answers: Vec<Vec<String>> = std::thread::scope(|scope| {
        let asked: Vec<_> = questions.chunks(share).map(|chunk| scope.spawn(|| asked(chunk))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let mut all = Answers::new();
    for (question, cvc5) in questions.iter().zip(answers.concat()) {
        let z3 = question.split_once(":status ").and_then(|(_, rest)| rest.split_once(')')).unwrap().0;
        let opposite = [("sat", "unsat"), ("unsat", "sat")].contains(&(z3, cvc5.as_str()));
        assert!(!opposite, "Z3 says {z3}, cvc5 {cvc5}:\n{question}");
        *all.entry((z3.to_owned(), cvc5)).or_default() += 1;
    }
    all
}

/// What cvc5 says to each question, one process for all.
fn asked(questions: &[String]) -> Vec<String> {
    let folder = std::env::temp_dir().join(format!("gov-cvc5-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{:?}.smt2", std::thread::current().id()));
    // Without the status: cvc5 would stop at one that it does not agree with.
    let plain = |text: &String| {
        let lines = text.lines().filter(|line| !line.starts_with("(set-info :status"));
        format!("{}\n(echo \"next\")\n(reset)\n", lines.collect::<Vec<_>>().join("\n"))
    };
    fs::write(&file, questions.iter().map(plain).collect::<String>()).unwrap();
    let limit = format!("--rlimit-per={RESOURCES}");
    let output = Command::new("cvc5").args(["--lang=smt2", &limit]).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    let _ = fs::remove_dir(&folder);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut answers = Vec::new();
    let mut last = String::new();
    for line in text.lines().map(str::trim) {
        match line.trim_matches('"') {
            "next" => answers.push(std::mem::take(&mut last)),
            line => last = line.to_owned(),
        }
    }
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(answers.len(), questions.len(), "cvc5 stopped: {text}{told}");
    answers
}

fn by_the_solver_alone(package: &Package, options: &Options<'_>) {
    let mut session = Session::new("cvc5", options);
    let mut found = Found::default();
    let policy = &package.policies[0];
    judge(package, policy, false, encoded::Requests::new(&mut session, package, policy), &mut found);
    for claim in &package.claims {
        claim::settle(package, policy, claim, &mut encoded::Requests::new(&mut session, package, policy), &mut found);
    }
    for (name, text) in &session.questions {
        options.smt2.unwrap()(name, text);
    }
}

/// The texts of every package that is written down: the files of one example, or the blocks of one case.
fn written() -> Vec<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = Vec::new();
    for folder in files(&root.join("examples"), "") {
        all.push(files(&folder, "gov").iter().map(|file| fs::read_to_string(file).unwrap()).collect());
    }
    for file in files(&root.join("tests/corpus"), "gov") {
        all.push(vec![fs::read_to_string(file).unwrap()]);
    }
    for page in files(&root.join("tests/suites"), "md").into_iter().chain(files(&root.join("docs/errors"), "md")) {
        cases_of(&fs::read_to_string(page).unwrap(), &mut all);
    }
    all
}

/// What stands in a folder, in order: all of it, or the files with an extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = |path: &PathBuf| extension.is_empty() || path.extension().is_some_and(|own| own == extension);
    let mut found: Vec<PathBuf> = entries.filter(wanted).collect();
    found.sort();
    found
}

/// The cases of a page of Markdown: a block each, with what is shared by those under a heading.
fn cases_of(page: &str, all: &mut Vec<Vec<String>>) {
    let mut shared: Vec<(usize, String)> = Vec::new();
    let (mut level, mut block): (usize, Option<(bool, String)>) = (0, None);
    for line in page.lines() {
        match &mut block {
            Some((is_shared, text)) if line.starts_with("```") => {
                let whole = match text.starts_with("package ") {
                    true => text.clone(),
                    false => format!("package demo\n{text}"),
                };
                if *is_shared {
                    shared.push((level, whole));
                } else {
                    all.push(shared.iter().map(|(_, text)| text.clone()).chain([whole]).collect());
                }
                block = None;
            }
            Some((_, text)) => {
                text.push_str(line);
                text.push('\n');
            }
            None if line.starts_with("```gov") => block = Some((line.contains("shared"), String::new())),
            // Anything else that is fenced.
            None if line.starts_with("```") && line.len() > 3 => block = Some((false, "package skipped\n!\n".into())),
            None if line.starts_with('#') => {
                level = line.bytes().take_while(|byte| *byte == b'#').count();
                shared.retain(|(own, _)| *own < level);
            }
            None => {}
        }
    }
}

fn package_of(text: &str) -> Option<Package> {
    package(&[text.to_owned()])
}

/// The package of these files; `None` where they have errors, as many cases do on purpose.
fn package(texts: &[String]) -> Option<Package> {
    let file = |(index, text): (usize, &String)| File { path: format!("{index}.gov"), text: text.as_str().into() };
    let files = texts.iter().enumerate().map(file).collect();
    crate::check(&Input { files, ..Input::default() }).package
}
