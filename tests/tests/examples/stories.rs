//! The two stories of `docs/after-a-crash.md`: a process is killed in the middle of its second step, and what it did is finished,
//! or taken back. The page shows what the program says.

use super::refunds::Shop;
use gov_tests::Ran;
use std::fs;
use std::path::{Path, PathBuf};

const CAROL: [&str; 4] = ["--as", "user:carol", "--role", "on_call"];

/// Runs a refund, has it approved, kills the process while the shop moves the money, and resumes it: how that ends, what
/// `gov show` tells, and what the shop said.
fn story(options: &[&str], order: &str) -> (Option<i32>, String, String) {
    let mut shop = Shop::new(&[&["--slow", "30"], options].concat());
    let (_, told) = shop.refund(order, "25 USD");
    let run = told["run"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    let mut killed = shop.command(&[&["approve", &run], &CAROL[..]].concat()).spawn().unwrap();
    shop.hears("goes back");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let resumed = Ran::from(shop.command(&["resume"]).output().unwrap());
    let shown = Ran::from(shop.command(&["show", &run]).output().unwrap());
    assert!(resumed.stdout.contains("refund") && resumed.stderr.is_empty(), "{resumed:?}");
    assert_eq!(shown.code, Some(0));
    let verified = Ran::from(shop.command(&["audit", "verify"]).output().unwrap());
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let replayed = Ran::from(shop.command(&["replay", &run]).output().unwrap());
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    (resumed.code, plain(&shown.stdout, &run), shop.end())
}

#[test]
fn a_process_that_is_killed_in_the_middle_is_finished_by_the_next() {
    let (code, told, shop) = story(&[], "7");
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(shop, "shop: 25 USD goes back to ch_7\nshop: order 7: refunded as re_1\n", "the money moved once");
    shows(0, &told);
}

#[test]
fn what_a_killed_process_did_is_taken_back_where_a_later_step_fails() {
    let (code, told, shop) = story(&["--locked", "8"], "8");
    assert_eq!(code, Some(3), "{told}");
    assert_eq!(shop, "shop: 25 USD goes back to ch_8\nshop: 25 USD is charged to ch_8 again\n");
    shows(1, &told);
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/after-a-crash.md")
}

/// Fails unless the page's block of this number, from 0, is this. `UPDATE_STORIES=1 cargo test -p gov-tests stories` writes it anew.
fn shows(number: usize, told: &str) {
    // One at a time: both tests may write.
    static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _writing = WRITING.lock();
    let markdown = fs::read_to_string(page()).unwrap();
    let (at, block) = markdown
        .match_indices("```text\n")
        .filter_map(|(at, fence)| {
            let begin = at + fence.len();
            Some((begin, markdown[begin..].split_once("```").map(|(block, _)| block)?))
        })
        .nth(number)
        .unwrap();
    if std::env::var_os("UPDATE_STORIES").is_some() {
        let written = format!("{}{told}{}", &markdown[..at], &markdown[at + block.len()..]);
        fs::write(page(), written).unwrap();
    } else {
        assert_eq!(block, told);
    }
}

/// What is told, but for what differs from one time to the next: the run, the times, and the port of the shop.
fn plain(told: &str, run: &str) -> String {
    let lines = told.replace(run, "01a215ba-d5d8-7bea-9bde-9af6078fe067");
    let lines = lines.lines().map(|line| {
        let line = match line.split_at_checked(9) {
            Some((time, rest)) if time.ends_with(" ms") || time.ends_with(" s") => format!("        …{rest}"),
            _ => line.to_owned(),
        };
        let line = between(&line, "until ", ": call", "18:00");
        let line = between(&line, "localhost:", "/", "8787");
        between(&line, "workflow refund_order, ", ", cost", "…")
    });
    lines.map(|line| line + "\n").collect()
}

/// A text with something else between two others.
fn between(text: &str, before: &str, after: &str, put: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once(after).map_or(part.to_owned(), |(_, rest)| format!("{put}{after}{rest}"));
        out.push_str(before);
        out.push_str(&rest);
    }
    out
}
