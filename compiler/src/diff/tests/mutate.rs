//! Two packages of which one was made from the other, by a few changes to its source.

use crate::verify::tests::packages::{self, Shape};
use crate::verify::tests::random::Random;

/// The source of a package, and of one that was made from it.
pub(super) fn pair(random: &mut Random, rules: u64, mixed: bool) -> (String, String) {
    let old = packages::source(random, &Shape { rules, mixed });
    // Claims have nothing to do with it, and may be about what a change takes away.
    let old: String = old.lines().filter(|line| !line.starts_with("prove")).map(|line| format!("{line}\n")).collect();
    let mut new = old.clone();
    for _ in 0..1 + random.below(2) {
        new = changed(random, &new, rules, mixed);
    }
    (old, new)
}

fn changed(random: &mut Random, source: &str, rules: u64, mixed: bool) -> String {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    let is_rule = |line: &&String| line.starts_with("    ") && line.contains(" to ") && !line.contains("escalate");
    let places: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| is_rule(line)).map(|(at, _)| at).collect();
    let place = *random.pick(&places);
    // The rules of another package, for new ones and for what takes an old one's place.
    let other = packages::source(random, &Shape { rules, mixed });
    let others: Vec<String> = other.lines().map(str::to_owned).collect();
    let foreign: Vec<&String> = others.iter().filter(is_rule).collect();
    let swap = |lines: &mut Vec<String>, from: &str, to: &str| {
        lines.iter_mut().for_each(|line| *line = line.replace(from, to));
    };
    let one = |random: &mut Random, of: &[&'static str]| of[random.below(of.len() as u64) as usize];
    match random.below(16) {
        0 if places.len() > 1 => drop(lines.remove(place)),
        1 | 2 => lines.insert(place, (*random.pick(&foreign)).clone()),
        3 | 4 => lines[place] = (*random.pick(&foreign)).clone(),
        5 | 6 => {
            let with = *random.pick(&places);
            lines.swap(place, with);
        }
        7 => {
            let condition = lines[place].split_once(" when ").map(|(rule, _)| rule.to_owned());
            lines[place] = condition.unwrap_or_else(|| format!("{} when context.flag", lines[place]));
        }
        8 => {
            let to = one(random, &["user:bob", "user:ann, user:bob", "agent:x", "user:*"]);
            swap(&mut lines, "role r0 { user:ann }", &format!("role r0 {{ {to} }}"));
        }
        9 => swap(&mut lines, "role r2 { agent:* }", "role r2 { agent:x* }"),
        10 => swap(&mut lines, "k < 4", one(random, &["k < 3", "k < 2"])),
        11 => swap(&mut lines, "t: String?", "t: String"),
        12 => swap(&mut lines, "mode: \"a\" | \"b\" | \"c\"", one(random, &["mode: \"a\" | \"b\"", "mode: String"])),
        13 => swap(
            &mut lines,
            "approval from user:ann for",
            one(
                random,
                &[
                    "approval from user:* for",
                    "approval from user:ann within 2h for",
                    "approval from user:ann, user:bob quorum 2 for",
                    "approval from role:r0 for",
                ],
            ),
        ),
        14 => {
            let at = lines.iter().position(|line| line.starts_with("capability g.b:"));
            let new = others.iter().find(|line| line.starts_with("capability g.b:"));
            if let (Some(at), Some(new)) = (at, new) {
                lines[at] = new.clone();
            }
        }
        _ => {
            lines.retain(|line| !line.starts_with("    escalate"));
            let escalate = others.iter().find(|line| line.starts_with("    escalate"));
            let at = lines.iter().position(|line| line.starts_with("    default")).unwrap();
            lines.splice(at + 1..at + 1, escalate.cloned());
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
