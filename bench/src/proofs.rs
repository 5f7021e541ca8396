//! Proofs about policies: every rule of the workload, with rules that overlap and rules that do not, with amounts and without.
//! Proofs about workflows: one with branches and statements that run at once.

use std::error::Error;

use gov_bench_workload::{self as workload, Overlap, Rule};

use crate::measure;
use crate::package;
use crate::plain;
use crate::row::Row;

/// Proves policies of 100 rules up to `most`, and workflows of 50 steps up to 400.
///
/// # Errors
///
/// If a package is not proved.
pub fn run(most: usize) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for size in [100_usize, 1_000, 10_000, 100_000].into_iter().filter(|size| *size <= most) {
        for overlap in [Overlap::Dense, Overlap::Sparse] {
            for amounts in [true, false] {
                rows.extend(policy(size, overlap, amounts)?);
            }
        }
    }
    for steps in [50, 100, 200, 400] {
        rows.push(workflow(steps)?);
    }
    Ok(rows)
}

/// A workflow with twenty branches and three statements that run at once in two hundred steps.
fn workflow(steps: usize) -> Result<Row, Box<dyn Error>> {
    let size = workload::Size { steps, branches: steps / 10, parallels: (steps * 3).div_ceil(200) };
    let input = package::input(&workload::gov_workflow(size));
    let mut spent = Vec::new();
    let mut obligations = 0;
    for _ in 0..5 {
        let mut checked = gov_compiler::check(&input);
        let (took, done) = measure::once(|| gov_compiler::prove(&mut checked, &package::options()));
        done.map_err(|_| "cancelled")?;
        if let Some(found) = checked.diagnostics.first() {
            return Err(format!("the workflow of {steps} steps has a finding: {}", found.message).into());
        }
        obligations = checked.obligations.total;
        spent.push(took);
    }
    let note = format!("{obligations} obligations, {} branches, {} blocks at once", size.branches, size.parallels);
    Ok(Row::time("proofs, workflow", "gov", steps, "steps", measure::Times::of(spent)).noting(note))
}

/// The largest policy that Z3 is asked about rule by rule: ten times as many rules take it hours.
const MOST_RULES_OF_PLAIN: usize = 1_000;

/// Gov, and Z3 rule by rule. Both have to find the same rules unreached; Gov proves more of each rule besides.
fn policy(size: usize, overlap: Overlap, amounts: bool) -> Result<Vec<Row>, Box<dyn Error>> {
    let rules: Vec<Rule> =
        workload::rules(size).into_iter().map(|rule| Rule { below: rule.below.filter(|_| amounts), ..rule }).collect();
    let name = format!(
        "proofs, {}, {}",
        if overlap == Overlap::Dense { "dense" } else { "sparse" },
        if amounts { "with amounts" } else { "without amounts" }
    );
    let (own, unreached) = gov(&name, &rules, overlap)?;
    let mut rows = vec![own];
    if size <= MOST_RULES_OF_PLAIN {
        let numbered = |forbids: bool| rules.iter().enumerate().filter(move |(_, rule)| rule.forbids == forbids);
        let ordered: Vec<(usize, &Rule)> = numbered(true).chain(numbered(false)).collect();
        let asked: Vec<Rule> = ordered.iter().map(|(_, rule)| **rule).collect();
        let (took, found) = measure::once(|| plain::unreached(&asked, overlap));
        let mut found: Vec<usize> = found?.into_iter().filter_map(|place| Some(ordered.get(place)?.0)).collect();
        found.sort_unstable();
        if found != unreached {
            return Err(format!("Z3 finds {found:?} unreached of {size} rules, and Gov {unreached:?}").into());
        }
        rows.push(Row::time(&name, "Z3, rule by rule", size, "rules", measure::Times::of(vec![took])).noting(format!(
            "whether each rule is reached, and nothing else; {} are not, as Gov says too",
            found.len()
        )));
    }
    Ok(rows)
}

/// The row, and the numbers of the rules that no request reaches.
fn gov(name: &str, rules: &[Rule], overlap: Overlap) -> Result<(Row, Vec<usize>), Box<dyn Error>> {
    let size = rules.len();
    let text = workload::gov_package(rules, overlap);
    let input = package::input(&text);
    let checked = gov_compiler::check(&input);
    if let Some(found) = checked.diagnostics.first() {
        return Err(format!("the workload has a finding: {}", found.message).into());
    }
    drop(checked);
    let times = match size {
        0..=1_000 => 5,
        1_001..=10_000 => 2,
        _ => 1,
    };
    let mut spent = Vec::new();
    let (mut obligations, mut findings) = (0, 0);
    let mut unreached = Vec::new();
    for _ in 0..times {
        // Names and types are not what is measured here.
        let mut checked = gov_compiler::check(&input);
        let (took, done) = measure::once(|| gov_compiler::prove(&mut checked, &package::options()));
        done.map_err(|_| "cancelled")?;
        if checked.obligations.unproved > 0 {
            return Err(format!("{} obligations of {size} rules are unproved", checked.obligations.unproved).into());
        }
        (obligations, findings) = (checked.obligations.total, checked.diagnostics.len());
        // One that earlier rules decide as it would only warns.
        let never = checked.diagnostics.iter().filter(|found| found.message.starts_with("no request reaches"));
        unreached = never.filter_map(|found| number(&text, found.primary.span.range().start)).collect();
        spent.push(took);
    }
    unreached.sort_unstable();
    let row = Row::time(name, "gov", size, "rules", measure::Times::of(spent))
        .noting(format!("{obligations} obligations, {findings} findings"));
    Ok((row, unreached))
}

/// The number in the label of the rule at a place of the text: 12 of `p12: allow …`.
fn number(text: &str, at: usize) -> Option<usize> {
    let line = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    text.get(line..)?.trim_start().strip_prefix('p')?.split(':').next()?.parse().ok()
}
