//! Every code of the proofs has cases that hold and cases that do not, with every construct that it is about.

use super::{blocks, cases, folder};
use gov_compiler::verify::Outcome;
use std::collections::BTreeMap;
use std::fs;

/// The codes, and what the language has that each is to be shown with, in a case that holds and in one that does not. What has
/// no part in the one or the other says so: `+` holds alone, `-` fails alone.
const CODES: &[(&str, &[&str])] = &[
    ("G1001", &["where", " when ", "??", "to - from"]),
    ("G1002", &["risk"]),
    ("G1003", &[" when "]),
    ("G1004", &["effect"]),
    ("G1005", &["where", "Money", "n + 1"]),
    (
        "G1101",
        &[
            "check ",
            "if ",
            "else",
            "for ",
            "+up to 1 ",
            "parallel",
            " after ",
            " or ",
            "on failure continue",
            "run inner",
            "wait ",
            "approval sure",
            "budget",
            "fail ",
            "+where len(self)",
        ],
    ),
    ("G1102", &["compensate with", "??", "check ", "size + 1", "where size"]),
    ("G1103", &["system:rollback", "require approval", "context.frozen"]),
    ("G1104", &["until success", "idempotent"]),
    ("G1105", &["compensate with"]),
    ("G1106", &["network"]),
    ("G1107", &["parallel", "+ after "]),
    ("G1201", &["role:finance", "role:bots", "when", "??", "require approval", "deny"]),
    ("G1202", &["allow", "deny", "when"]),
    ("G1203", &["input.size", "principal.id", "has context.ticket", "context.hour"]),
    ("G1204", &["db."]),
    ("G1205", &["escalate", "+system:rollback", "-when"]),
    ("G1206", &["+role:finance", "quorum", "+role:on_call", "escalate"]),
    ("G1207", &["deny"]),
    ("G1208", &["default"]),
    ("G1301", &["context.frozen", "require approval", "role:boss", "input.size", "if "]),
    ("G1302", &["where", "for ", "run inner", "??"]),
    ("G1303", &["check ", "if ", " or ", "len("]),
    (
        "G1304",
        &[
            "retry",
            "backoff",
            " or ",
            "for ",
            "parallel",
            "after",
            "run inner",
            "wait",
            "approval sure",
            "EUR",
            "calls",
        ],
    ),
    ("G1305", &["escalate", "approval sure", "if "]),
    ("G1306", &["parallel", "parallel for"]),
    (
        "G1401",
        &[
            "never ",
            "always ",
            "sometimes ",
            "always undoes",
            "spends at most",
            "calls db.write at most",
            "calls db.read before",
            "without approval",
            "role:finance",
            "parallel",
            "after",
            "run inner",
            " or ",
            "on failure continue",
            "for ",
        ],
    ),
    ("G1402", &["check "]),
];

/// Codes that a case without them shows to hold: no obligation of the proofs says so by name.
const WITHOUT_OBLIGATION: &[&str] = &["G1204", "G1402"];

#[derive(Default)]
struct Shown {
    holds: Vec<String>,
    fails: Vec<String>,
}

#[test]
fn every_code_holds_in_some_cases_and_fails_in_others() {
    let mut shown: BTreeMap<String, Shown> = BTreeMap::new();
    for suite in fs::read_dir(folder()).unwrap() {
        let path = suite.unwrap().path();
        if !path.file_name().unwrap().to_string_lossy().starts_with("9-") {
            continue;
        }
        let markdown = fs::read_to_string(&path).unwrap();
        let blocks = blocks(&markdown);
        for case in cases(&blocks) {
            let (block, true) = case.own_block() else { continue };
            let block = &blocks[block];
            let Some(code) =
                block.headings.iter().find_map(|(_, heading)| heading.split(':').next()?.strip_prefix('G'))
            else {
                continue;
            };
            let code = format!("G{code}");
            let checked = case.checked();
            let one = shown.entry(code.clone()).or_default();
            let text = block.headings.first().map_or(String::new(), |_| with_shared(&blocks, block));
            if checked.diagnostics.iter().any(|found| found.code.id() == code) {
                one.fails.push(text);
            } else if WITHOUT_OBLIGATION.contains(&code.as_str())
                || checked
                    .proofs
                    .iter()
                    .any(|proof| proof.code.id() == code && matches!(proof.outcome, Outcome::Proved(_)))
            {
                one.holds.push(text);
            }
        }
    }
    let mut missing = Vec::new();
    for (code, constructs) in CODES {
        let none = Shown::default();
        let one = shown.get(*code).unwrap_or(&none);
        for (what, cases) in [("holds", &one.holds), ("fails", &one.fails)] {
            if cases.is_empty() {
                missing.push(format!("{code} {what} in no case"));
            }
        }
        for construct in *constructs {
            let (sides, construct) = match construct.split_at(1) {
                ("+", construct) => (&[("holds", &one.holds)][..], construct),
                ("-", construct) => (&[("fails", &one.fails)][..], construct),
                _ => (&[("holds", &one.holds), ("fails", &one.fails)][..], *construct),
            };
            for (what, cases) in sides {
                if !cases.iter().any(|text| text.contains(construct)) {
                    missing.push(format!("{code} {what} in no case with `{construct}`"));
                }
            }
        }
    }
    println!(
        "proofs: {} codes in {} cases",
        CODES.len(),
        shown.values().map(|one| one.holds.len() + one.fails.len()).sum::<usize>()
    );
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The text of a block after what it shares.
fn with_shared(all: &[gov_tests::blocks::Block], own: &gov_tests::blocks::Block) -> String {
    let shared = all.iter().filter(|block| block.has("shared") && own.headings.starts_with(&block.headings));
    shared.map(|block| block.text.as_str()).chain([own.text.as_str()]).collect()
}

/// The codes of the proofs are those that there are.
#[test]
fn no_code_of_the_proofs_is_left_out() {
    let all = gov_compiler::codes::Code::ALL.iter().map(|code| code.id()).filter(|id| id.starts_with("G1"));
    let listed: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(all.collect::<Vec<_>>(), listed);
}
