//! Casbin: a line of policy for each rule, roles as groupings, deny over allow.

use std::error::Error;

use casbin::function_map::OperatorFunction;
use casbin::rhai::Dynamic;
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use gov_bench_workload::{self as workload, Target};

use crate::{Measured, measure};

const MODEL: &str = r#"
[request_definition]
r = sub, act, grp, risk, amount

[policy_definition]
p = role, act, risk, below, eft

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = (r.act == p.act || r.grp == p.act) && r.risk == p.risk && below(r.amount, p.below) && g(r.sub, p.role)
"#;

/// Whether one number is below another, both as texts.
fn below(one: Dynamic, other: Dynamic) -> bool {
    let number = |text: Dynamic| text.into_immutable_string().ok().and_then(|text| text.parse::<u64>().ok());
    number(one).zip(number(other)).is_some_and(|(one, other)| one < other)
}

pub fn decisions(size: usize) -> Result<Measured, Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().build()?.block_on(measured(size))
}

async fn load(size: usize) -> Result<Enforcer, Box<dyn Error>> {
    let mut enforcer = Enforcer::new(DefaultModel::from_str(MODEL).await?, MemoryAdapter::default()).await?;
    // Its requests and policies are texts, and it has no function of its own that compares them as numbers.
    enforcer.add_function("below", OperatorFunction::Arg2(|one, other| below(one, other).into()));
    let line = |rule: &workload::Rule| {
        let target = match rule.target {
            Target::Action(action) => format!("a{action}"),
            Target::Group(group) => format!("g{group}"),
        };
        let effect = if rule.forbids { "deny" } else { "allow" };
        let below = rule.below.unwrap_or(i64::MAX as u64).to_string();
        vec![format!("r{}", rule.role), target, rule.risk.to_owned(), below, effect.to_owned()]
    };
    // The same line twice is refused, and means nothing more.
    let mut lines: Vec<_> = workload::rules(size).iter().map(line).collect();
    lines.sort();
    lines.dedup();
    enforcer.add_policies(lines).await?;
    let users = workload::users();
    let grouping = |(user, roles): (usize, &[u64; 2])| roles.map(|role| vec![format!("u{user}"), format!("r{role}")]);
    enforcer.add_grouping_policies(users.iter().enumerate().flat_map(grouping).collect()).await?;
    Ok(enforcer)
}

async fn measured(size: usize) -> Result<Measured, Box<dyn Error>> {
    let before = measure::memory();
    let enforcer = load(size).await?;
    let held = measure::memory().saturating_sub(before);
    let mut loads = Vec::new();
    for _ in 0..3 {
        let start = std::time::Instant::now();
        load(size).await?;
        loads.push(start.elapsed().as_nanos() as f64);
    }

    let few = match size {
        0..=100 => 2_000,
        101..=1_000 => 200,
        _ => 20,
    };
    let decide = |request: &workload::Request| {
        let group = format!("g{}", request.action % workload::GROUPS);
        let (user, action) = (format!("u{}", request.user), format!("a{}", request.action));
        enforcer.enforce((user, action, group, request.risk.to_owned(), request.amount.to_string()))
    };
    let requests = workload::requests(few);
    for request in requests.iter().take(5) {
        decide(request)?;
    }
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for request in &requests {
        let (took, allowed) = measure::once(|| decide(request));
        times.push(took);
        answers.push(allowed?);
    }
    Ok(Measured { who: "casbin 2.20.0", answers, decisions: times, loads, held, note: "" })
}
