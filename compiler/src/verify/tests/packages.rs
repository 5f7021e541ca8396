//! Random packages, as source: policies over few principals, capabilities and fields, so that every request that makes a
//! difference can be tried.

use super::random::Random;
use crate::package::{File, Input};
use gov_plan::model::Package;

/// What a generated package is made of.
pub(crate) struct Shape {
    /// The most rules.
    pub rules: u64,
    /// Whether conditions compare two fields, which the exact way leaves to the solver.
    pub mixed: bool,
}

/// A package with a policy `p`, as source.
pub(crate) fn source(random: &mut Random, shape: &Shape) -> String {
    let mut out = String::from(
        "package gen\n\
         context { flag: Bool, n: Int where n >= 0 and n < 5, mode: \"a\" | \"b\" | \"c\", t: String? }\n\
         role r0 { user:ann }\nrole r1\nrole r2 { agent:* }\n\
         set team = { agent:x*, user:ann, role:r1 }\n",
    );
    let input = "input { k: Int where k >= 0 and k < 4, s: String }";
    out.push_str(&format!("capability g.a: read {{ {input} tags [pay] }}\n"));
    out.push_str(&format!(
        "capability g.b: network {{ {input} {} compensate manually because \"x\" }}\n",
        risk(random)
    ));
    out.push_str(&format!("capability h.c: write {{ {input} {} compensate manually because \"x\" }}\n", risk(random)));
    if random.once_in(2) {
        out.push_str(&format!("capability g.bb: execute {{ {input} risk high because \"x\" approval required from user:ann when k > 2 compensate manually because \"x\" }}\n"));
    }
    out.push_str("policy p {\n");
    out.push_str(&format!("    default {}\n", action(random).trim_end_matches(" for")));
    match random.below(4) {
        0 => out.push_str("    escalate never because \"x\"\n"),
        1 => out.push_str("    escalate risk >= medium to user:ann\n"),
        2 => out.push_str("    escalate risk >= critical to role:r1 within 2h\n"),
        _ => {}
    }
    for _ in 0..1 + random.below(shape.rules) {
        let (action, subjects, targets) = (action(random), subjects(random), targets(random));
        out.push_str(&format!("    {action} {subjects} to {targets}{}\n", when(random, shape)));
    }
    out.push_str("}\n");
    for index in 0..2 {
        let quantifier = random.pick(&["never", "always", "sometimes"]).to_owned();
        let decision = random.pick(&["allow", "deny", "approval"]).to_owned();
        let (subjects, targets) = (subjects(random), targets(random));
        let when = when(random, shape);
        out.push_str(&format!("prove c{index} in p: {quantifier} {decision} {subjects} to {targets}{when}\n"));
    }
    out
}

/// A package without errors, and its source: the first of those that are drawn.
pub(crate) fn readable(random: &mut Random, shape: &Shape) -> (String, Package) {
    loop {
        let source = source(random, shape);
        if let Some(package) = package(&source) {
            return (source, package);
        }
    }
}

/// The model of a source; `None` where the text has errors, such as a pattern for nothing.
pub(crate) fn package(source: &str) -> Option<Package> {
    let input = Input { files: vec![File { path: "gen.gov".into(), text: source.into() }], ..Input::default() };
    crate::check(&input).package
}

fn risk(random: &mut Random) -> String {
    match random.below(4) {
        0 => "risk critical because \"x\"".to_owned(),
        1 => format!("risk critical when k > {}, high otherwise because \"x\"", random.below(4)),
        2 => format!("risk low when k < {}, high when s == \"ab\", medium otherwise because \"x\"", random.below(4)),
        _ => String::new(),
    }
}

fn action(random: &mut Random) -> String {
    match random.below(6) {
        0 | 1 => "allow".to_owned(),
        2 | 3 => "deny".to_owned(),
        4 => "require approval from user:* for".to_owned(),
        _ => "require approval from user:ann for".to_owned(),
    }
}

fn subjects(random: &mut Random) -> String {
    let all = [
        "any",
        "any",
        "agent:x",
        "agent:*",
        "agent:x*",
        "agent:y",
        "user:ann",
        "user:*",
        "role:r0",
        "role:r1",
        "role:r2",
        "service:s",
        "system:rollback",
    ];
    some(random, &all)
}

fn targets(random: &mut Random) -> String {
    some(random, &["any", "g.*", "g.a", "g.b", "g.b*", "h.c", "h.*"])
}

fn some(random: &mut Random, from: &[&str]) -> String {
    let mut chosen = vec![*random.pick(from)];
    while random.once_in(4) {
        let more = *random.pick(from);
        if !chosen.contains(&more) {
            chosen.push(more);
        }
    }
    chosen.join(", ")
}

fn when(random: &mut Random, shape: &Shape) -> String {
    if random.once_in(3) { String::new() } else { format!(" when {}", condition(random, shape, 2)) }
}

fn condition(random: &mut Random, shape: &Shape, depth: u32) -> String {
    if depth > 0 && random.once_in(3) {
        let (left, right) = (condition(random, shape, depth - 1), condition(random, shape, depth - 1));
        let operator = random.pick(&["and", "or"]);
        return format!("({left} {operator} {right})");
    }
    if depth > 0 && random.once_in(8) {
        return format!("not ({})", condition(random, shape, depth - 1));
    }
    let n = random.below(5);
    if shape.mixed && random.once_in(3) {
        return match random.below(4) {
            0 => "input.k < context.n".to_owned(),
            1 => format!("input.k + context.n > {n}"),
            2 => "input.s == context.mode".to_owned(),
            _ => format!("context.n * 2 - input.k <= {n}"),
        };
    }
    match random.below(16) {
        0 => "context.flag".to_owned(),
        1 => format!("context.n < {n}"),
        2 => format!("context.n + 1 >= {n}"),
        3 => format!("context.mode == \"{}\"", random.pick(&["a", "b", "c"])),
        4 => "context.mode in [\"a\", \"b\"]".to_owned(),
        5 => "(has context.t and context.t == \"q\")".to_owned(),
        6 => "(context.t ?? \"q\") == \"q\"".to_owned(),
        7 => format!("input.k >= {n}"),
        8 => format!("input.k == {n}"),
        9 => "input.s matches \"ab*\"".to_owned(),
        10 => "input.s == \"ab\"".to_owned(),
        11 => format!("risk >= {}", random.pick(&["medium", "high", "critical"])),
        // From 2 on nobody can tell: it is more than a number can be.
        12 => "context.n + 9223372036854775806 > 0".to_owned(),
        13 => "kind == \"read\"".to_owned(),
        14 => random.pick(&["reversible", "\"pay\" in tags", "has scope"]).to_string(),
        _ => random.pick(&["principal.id matches \"agent:*\"", "principal.id in team", "has workflow"]).to_string(),
    }
}
