//! Regorus, an interpreter of Rego: a rule `permit` or `forbid` for each rule of the workload, as Rego is written by hand.

use std::error::Error;
use std::fmt::Write as _;

use gov_bench_workload::{self as workload, Rule, Target};
use regorus::{Engine, Value};
use serde_json::json;

use crate::{Measured, measure};

pub fn decisions(size: usize) -> Result<Measured, Box<dyn Error>> {
    let texts = policies(&workload::rules(size));
    let load = || -> Result<Engine, Box<dyn Error>> {
        let mut engine = Engine::new();
        for (number, text) in texts.iter().enumerate() {
            engine.add_policy(format!("workload{number}.rego"), text.clone())?;
        }
        Ok(engine)
    };
    let before = measure::memory();
    let mut engine = load()?;
    let held = measure::memory().saturating_sub(before);
    let mut loads = Vec::new();
    for _ in 0..3 {
        let (took, again) = measure::once(load);
        again?;
        loads.push(took);
    }

    let users = workload::users();
    let few = if size >= 10_000 { 200 } else { 2_000 };
    let mut inputs = Vec::new();
    for request in workload::requests(few) {
        let roles = users[request.user as usize].map(|role| format!("r{role}"));
        let input = json!({
            "roles": roles,
            "action": format!("a{}", request.action),
            "group": format!("g{}", request.action % workload::GROUPS),
            "risk": request.risk,
            "amount": request.amount,
        });
        inputs.push(Value::from_json_str(&input.to_string())?);
    }
    let mut decide = |input: &Value| -> Result<bool, Box<dyn Error>> {
        engine.set_input(input.clone());
        Ok(*engine.eval_rule("data.workload.allow".to_owned())?.as_bool()?)
    };
    for input in inputs.iter().take(if size >= 1_000 { 5 } else { 200 }) {
        decide(input)?;
    }
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for input in &inputs {
        let (took, allowed) = measure::once(|| decide(input));
        times.push(took);
        answers.push(allowed?);
    }
    Ok(Measured { who: "regorus 0.14.1", answers, decisions: times, loads, held, note: "" })
}

/// How many rules a file may have: it takes 20,000 lines at most.
const MOST_RULES_OF_A_FILE: usize = 2_500;

fn policies(rules: &[Rule]) -> Vec<String> {
    let head = "package workload\n\nimport rego.v1\n";
    let allow = "\ndefault allow := false\n\nallow if {\n\tpermit\n\tnot forbid\n}\n";
    let files = rules.chunks(MOST_RULES_OF_A_FILE).map(|rules| format!("{head}{}", policy(rules)));
    std::iter::once(format!("{head}{allow}")).chain(files).collect()
}

fn policy(rules: &[Rule]) -> String {
    let mut text = String::new();
    for rule in rules {
        let head = if rule.forbids { "forbid" } else { "permit" };
        let target = match rule.target {
            Target::Action(action) => format!("input.action == \"a{action}\""),
            Target::Group(group) => format!("input.group == \"g{group}\""),
        };
        let below = rule.below.map(|below| format!("\tinput.amount < {below}\n")).unwrap_or_default();
        let _ = write!(
            text,
            "\n{head} if {{\n\t\"r{}\" in input.roles\n\t{target}\n\tinput.risk == \"{}\"\n{below}}}\n",
            rule.role, rule.risk
        );
    }
    text
}
