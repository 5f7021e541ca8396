//! The same source gives the same bytes, and a change to one rule changes the lines about that rule.

use std::fmt::Write as _;

use gov_plan::document;
use similar::{ChangeTag, TextDiff};

use crate::plan;

/// A policy of fifty rules, every second one with a name.
fn rules() -> Vec<String> {
    (0..50)
        .map(|rule| {
            let name = if rule % 2 == 0 { format!("rule_{rule}: ") } else { String::new() };
            let action = if rule % 3 == 0 { "deny" } else { "allow" };
            format!("    {name}{action} agent:a{rule} to shop.c{} when input.n > {rule}\n", rule % 5)
        })
        .collect()
}

fn written(rules: &[String]) -> String {
    let mut text = String::from("package shop\ncontext { incident: Bool }\n");
    for index in 0..7 {
        let _ = writeln!(text, "capability shop.c{index}: read {{ input {{ n: Int where n >= 0 and n < 1000 }} }}");
    }
    text.push_str("policy desk {\n    default deny\n");
    rules.iter().for_each(|rule| text.push_str(rule));
    text.push_str("}\nprove quiet in desk: never allow user:* to shop.c0\n");
    text.push_str("prove some in desk: sometimes allow agent:a1 to shop.c1\n");
    document::to_yaml(&plan(&text)).unwrap()
}

/// The lines that are gone and those that are new, the digest aside.
fn changes(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let difference = TextDiff::from_lines(old, new);
    let of = |tag| {
        let lines = difference.iter_all_changes().filter(|change| change.tag() == tag);
        let lines = lines.map(|change| change.value().trim_end().to_owned());
        lines.filter(|line| !line.starts_with("digest: ")).collect::<Vec<_>>()
    };
    (of(ChangeTag::Delete), of(ChangeTag::Insert))
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    assert_eq!(written(&rules()), written(&rules()));
}

#[test]
fn a_new_rule_is_new_lines() {
    let old = written(&rules());
    for (place, rule) in [
        (25, "    extra: deny agent:z to shop.c5 when context.incident\n"),
        (0, "    deny agent:z to shop.c6 when input.n > 7\n"),
        (50, "    require approval from user:* for service:z to shop.c6\n"),
    ] {
        let mut more = rules();
        more.insert(place, rule.to_owned());
        let (gone, new) = changes(&old, &written(&more));
        assert_eq!(gone, [""; 0], "at {place}");
        assert!((10..40).contains(&new.len()), "at {place}: {new:#?}");
    }
}

#[test]
fn a_changed_rule_is_its_own_lines() {
    let old = written(&rules());
    // One with a name, and one without.
    for place in [20, 31] {
        let mut changed = rules();
        changed[place] = changed[place].replace("input.n >", "input.n >=");
        let (gone, new) = changes(&old, &written(&changed));
        let about = |line: &String| {
            [format!("agent:a{place}"), format!("input.n > {place}"), format!("input.n >= {place}")]
                .iter()
                .any(|own| line.contains(own.as_str()))
        };
        assert!(!new.is_empty() && gone.len() <= 6 && new.len() <= 6, "{gone:#?}\n{new:#?}");
        assert!(gone.iter().chain(&new).all(about), "{gone:#?}\n{new:#?}");
    }
}

#[test]
fn a_rule_taken_out_takes_its_lines_along() {
    let old = written(&rules());
    let mut fewer = rules();
    fewer.remove(30);
    let (gone, new) = changes(&old, &written(&fewer));
    assert_eq!(new, [""; 0]);
    assert!((10..40).contains(&gone.len()), "{gone:#?}");
}
