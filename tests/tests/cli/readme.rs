//! README shows what the program really says.

use std::path::{Path, PathBuf};
use std::process::Command;

use gov_tests::gov;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The parts of a text that begin with a line `# …` and two empty ones before it.
fn sections(text: &str) -> Vec<String> {
    let begins = |section: &&str| section.starts_with("# ");
    text.trim().split("\n\n\n").filter(begins).map(settled).collect()
}

/// A text without what differs from one run to another: ids, times, moments and ports.
fn settled(text: &str) -> String {
    text.trim_end().lines().map(|line| settled_line(line) + "\n").collect()
}

fn settled_line(line: &str) -> String {
    let is_time = |number: &str, unit: &str| {
        matches!(unit.trim_end_matches(','), "ms" | "s")
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let mut words: Vec<String> = line.split(' ').map(settled_word).collect();
    // `   17 ms  done` begins a line, and `workflow publish, 87 ms, cost 0` is in one.
    for at in 1..words.len() {
        if is_time(&words[at - 1], &words[at]) && !words[at - 1].is_empty() {
            words[at - 1] = "TIME".to_owned();
            words[at] = if words[at].ends_with(',') { ",".to_owned() } else { String::new() };
        }
    }
    let begins_with_time = words.iter().find(|word| !word.is_empty()).is_some_and(|word| word == "TIME");
    let line = words.join(" ");
    if begins_with_time { line.trim_start().to_owned() } else { line }
}

fn settled_word(word: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let hexadecimal = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
    };
    let run = core.split('-').map(str::len).collect::<Vec<_>>();
    let is_run = [&[8, 4][..], &[8, 4, 4, 4, 12]].contains(&run.as_slice())
        && core.split('-').all(|part| hexadecimal(part, part.len()));
    let is_moment = core.len() == 24 && core.ends_with('Z') && core.as_bytes().get(10) == Some(&b'T');
    let kept = core.strip_prefix("replaced\":\"").unwrap_or(core);
    if is_run {
        return word.replace(core, "RUN");
    }
    if is_moment {
        return word.replace(core, "MOMENT");
    }
    if hexadecimal(kept, 32) {
        return word.replace(kept, "KEPT");
    }
    word.to_owned()
}

/// The second screen of README is what `make demo` shows, shortened by whole sections alone.
#[test]
fn the_demo_in_the_readme_is_real() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = readme.split("```text\n# ").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
    let shown = sections(&format!("# {shown}"));
    assert!(shown.len() >= 3, "{shown:#?}");

    let ran = Command::new(root().join("scripts/demo")).env("GOV", gov().unwrap()).output().unwrap();
    let (said, errors) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8_lossy(&ran.stderr).into_owned());
    assert!(ran.status.success(), "{said}\n{errors}");
    let mut said = sections(&said).into_iter();
    for section in shown {
        let heading = section.lines().next().unwrap_or_default().to_owned();
        let real = said.find(|own| own.starts_with(&heading));
        assert_eq!(real, Some(section), "README has another `{heading}` than the demo");
    }
}

#[test]
fn what_differs_from_run_to_run_is_settled() {
    for (line, settled) in [
        ("    17 ms  old             done", "TIME   old             done"),
        ("  1.02 s  note            done", "TIME   note            done"),
        ("run 01a215de-aeb4-704a-9026-d9b21da553d4  compensated", "run RUN  compensated"),
        ("    gov approve 01a215de-b231 refund --as user:YOU", "    gov approve RUN refund --as user:YOU"),
        ("    workflow publish, 87 ms, cost 0", "    workflow publish, TIME , cost 0"),
        ("  waits for role:on_call until 2026-11-26T07:20:47.729Z:", "  waits for role:on_call until MOMENT:"),
        ("    result {\"replaced\":\"bfe37dbb5e9273779e4fd1bf77c6c7cb\"}", "    result {\"replaced\":\"KEPT\"}"),
        (
            "undo: io.fs.restore { saved: \"724324db706c676a97858b47c3ec087c\" }",
            "undo: io.fs.restore { saved: \"KEPT\" }",
        ),
        ("$ gov compile quickstart --output plan.yaml", "$ gov compile quickstart --output plan.yaml"),
    ] {
        assert_eq!(settled_line(line), settled, "{line}");
    }
}
