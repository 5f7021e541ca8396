//! The literate suites of `tests/suites/`: what the language does, said in prose and shown in cases.
//!
//! A `gov` block is a case, and what `gov check` finds in it stands under the line that it is about:
//!
//! ```text
//! type Small = Money<EUR> where self <= 100 USD
//! //                                 ^^ error[G0204]: `EUR` and `USD` do not mix
//! ```
//!
//! The carets are exact; they end in `…` where the place goes on in the next line, and are left out where it begins in the
//! first two columns. Every finding stands there and every finding that stands there is found, in these words.
//! `GOV_SUITES=write cargo test -p gov-tests --test suites` writes what is found into the suites, to be read as a diff, and
//! `GOV_SUITE=9-` looks at no suites but those whose names begin so.
//!
//! - A block with `path=…` is one file of several: the blocks with a path under one heading are one case.
//! - A block with `shared` is part of every case below, until its heading ends.
//! - A block that does not begin with `package` belongs to `package demo`, unless it says `whole`.
//! - A case with `proved` is proved, too; the others are checked for names and types alone. With `pedantic` it is proved as
//!   `--pedantic` has it, and with `rlimit=N` the solver may do no more than that.
//! - A case with a `gov.toml` is checked by `gov check`, as a user does.

mod case;
mod coverage;
mod expected;
mod shown;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use gov_tests::blocks::{Block, blocks};

use case::{Case, Part};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites")
}

/// The cases of a suite; each part knows its block.
fn cases(blocks: &[Block]) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut shared: Vec<(usize, &Block)> = Vec::new();
    let mut files: Vec<(usize, &Block)> = Vec::new();
    for (index, block) in blocks.iter().enumerate().filter(|(_, block)| ["gov", "toml"].contains(&block.language())) {
        shared.retain(|(_, shared)| block.headings.starts_with(&shared.headings));
        if files.first().is_some_and(|(_, file)| file.headings != block.headings) {
            cases.push(Case::of(&shared, &std::mem::take(&mut files)));
        }
        if block.has("shared") {
            shared.push((index, block));
        } else if block.option("path").is_some() {
            files.push((index, block));
        } else {
            cases.push(Case::of(&shared, &[(index, block)]));
        }
    }
    if !files.is_empty() {
        cases.push(Case::of(&shared, &files));
    }
    cases
}

/// Checks a suite; what is wrong with it, and the text that it should have.
fn run(markdown: &str) -> (String, String) {
    let blocks = blocks(markdown);
    let mut wrong = String::new();
    let mut found: Vec<Option<String>> = vec![None; blocks.len()];
    for case in cases(&blocks) {
        for (part, text) in case.run() {
            let Part { block, shared, .. } = part;
            let (line, heading) = (blocks[block].line, blocks[block].headings.last());
            let heading = heading.map_or("", |(_, heading)| heading.as_str());
            if text == blocks[block].text {
                continue;
            }
            let _ = writeln!(wrong, "line {line}, {heading}: expected\n{}found\n{text}", blocks[block].text);
            if !shared {
                found[block] = Some(text);
            }
        }
    }
    let mut written = markdown.to_owned();
    for (block, text) in blocks.iter().zip(found).rev() {
        if let Some(text) = text {
            written.replace_range(block.range.clone(), &text);
        }
    }
    (wrong, written)
}

#[test]
fn every_case_gives_what_it_says() {
    let write = std::env::var("GOV_SUITES").is_ok_and(|mode| mode == "write");
    let mut all_wrong = String::new();
    let mut suites: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    suites.sort();
    if let Ok(only) = std::env::var("GOV_SUITE") {
        suites.retain(|suite| suite.file_name().unwrap().to_string_lossy().starts_with(&only));
    }
    assert!(!suites.is_empty());
    for suite in suites {
        let markdown = fs::read_to_string(&suite).unwrap();
        let (wrong, written) = run(&markdown);
        if wrong.is_empty() {
            continue;
        }
        if write {
            fs::write(&suite, written).unwrap();
        }
        let _ = writeln!(all_wrong, "---- {}\n{wrong}", suite.display());
    }
    assert!(all_wrong.is_empty(), "{all_wrong}");
}

#[test]
fn a_suite_that_says_too_much_or_too_little_fails() {
    let healthy = "```gov\nrole finance { user:alice }\n```\n";
    assert_eq!(run(healthy), (String::new(), healthy.to_owned()));
    let expected = "```gov\nset a = { b }\n//        ^ error[G0101]: there is no set `b`; did you mean `a`?\n```\n";
    let silent = "```gov\nset a = { b }\n```\n";
    assert_eq!(run(expected).0, "");
    let (wrong, written) = run(silent);
    assert!(wrong.contains("there is no set `b`"), "{wrong}");
    assert_eq!(written, expected);
    for false_ in [
        "```gov\nset a = { any }\n//        ^ error[G0101]: there is no set `b`; did you mean `a`?\n```\n",
        "```gov\nset a = { b }\n//       ^ error[G0101]: there is no set `b`; did you mean `a`?\n```\n",
        "```gov\nset a = { b }\n//        ^ warning[G0101]: there is no set `b`\n```\n",
        "```gov\nset a = { b }\n//        ^ error[G0102]: there is no set `b`\n```\n",
    ] {
        assert_ne!(run(false_).0, "", "{false_}");
    }
}
