//! Proofs about policies: every rule of the workload, with rules that overlap and rules that do not, with amounts and without.
//! Proofs about workflows: one with branches and statements that run at once.

use std::error::Error;

use gov_bench_workload::{self as workload, Overlap, Rule};

use crate::measure;
use crate::package;
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
                rows.push(gov(size, overlap, amounts)?);
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

fn gov(size: usize, overlap: Overlap, amounts: bool) -> Result<Row, Box<dyn Error>> {
    let rules: Vec<Rule> =
        workload::rules(size).into_iter().map(|rule| Rule { below: rule.below.filter(|_| amounts), ..rule }).collect();
    let input = package::input(&workload::gov_package(&rules, overlap));
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
    for _ in 0..times {
        // Names and types are not what is measured here.
        let mut checked = gov_compiler::check(&input);
        let (took, done) = measure::once(|| gov_compiler::prove(&mut checked, &package::options()));
        done.map_err(|_| "cancelled")?;
        if checked.obligations.unproved > 0 {
            return Err(format!("{} obligations of {size} rules are unproved", checked.obligations.unproved).into());
        }
        (obligations, findings) = (checked.obligations.total, checked.diagnostics.len());
        spent.push(took);
    }
    let name = format!(
        "proofs, {}, {}",
        if overlap == Overlap::Dense { "dense" } else { "sparse" },
        if amounts { "with amounts" } else { "without amounts" }
    );
    Ok(Row::time(&name, "gov", size, "rules", measure::Times::of(spent))
        .noting(format!("{obligations} obligations, {findings} findings")))
}
