//! Proofs about policies: every rule of the workload, with rules that overlap and rules that do not, with amounts and without; and
//! every pair of a hundred rules. Proofs about workflows: one with branches and statements that run at once.
//!
//! Beside Gov's, two others answer the one question that all sides share: of a set, whether a rule is reached by no request, since
//! rules before it match whatever it matches; of a pair, whether one matches whatever the other matches. Gov proves more of each
//! rule besides.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use gov_bench_workload::{self as workload, Overlap, Rule};

use crate::measure::{self, Times};
use crate::package;
use crate::peers::{self, Analysis};
use crate::plain;
use crate::row::Row;
use crate::suite::Suite;

/// The sizes of a set of rules.
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// How many rules are compared pair by pair.
const PAIRED: usize = 100;

/// What bounds this suite.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest set of rules.
    pub most_rules: usize,
    /// How long a peer is asked about one set; three times as long about pairs.
    pub peer: Duration,
    /// How long Gov may have taken for a set, so that one ten times as large is still proved.
    pub gov: Duration,
}

impl Bounds {
    fn sizes(self) -> impl Iterator<Item = usize> {
        SIZES.into_iter().filter(move |size| *size <= self.most_rules)
    }
}

/// Proves policies of 100 rules up to a bound, and workflows of 50 steps up to 400.
///
/// # Errors
///
/// If a package is not proved, or sides differ.
pub fn run(suite: &mut Suite, bounds: Bounds, peers: Option<&Path>) -> Result<(), Box<dyn Error>> {
    pairs(suite, PAIRED, bounds, peers)?;
    for overlap in [Overlap::Dense, Overlap::Sparse] {
        for amounts in [true, false] {
            curve(suite, bounds, peers, overlap, amounts)?;
        }
    }
    for steps in [50, 100, 200, 400] {
        suite.rows.push(workflow(steps)?);
    }
    Ok(())
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
    Ok(Row::time("proofs, workflow", "gov", steps, "steps", Times::of(spent)).noting(note))
}

/// One kind of set in all of its sizes.
fn curve(
    suite: &mut Suite,
    bounds: Bounds,
    peers: Option<&Path>,
    overlap: Overlap,
    amounts: bool,
) -> Result<(), Box<dyn Error>> {
    let (shape, with) =
        (if overlap == Overlap::Dense { "dense" } else { "sparse" }, if amounts { "with" } else { "without" });
    let name = format!("proofs, {shape}, {with} amounts");
    let (mut ask_z3, mut ask_cedar) = (true, true);
    for size in bounds.sizes() {
        let drawn = workload::rules(size);
        let rules: Vec<Rule> =
            drawn.into_iter().map(|rule| Rule { below: rule.below.filter(|_| amounts), ..rule }).collect();
        let (own, unreached) = gov(&name, &rules, overlap)?;
        let took = own.times.median;
        suite.rows.push(own);

        // The others are asked in the order of the policy: what forbids comes first.
        let ordered = workload::ordered(size, amounts);
        let numbered = |forbids: bool| rules.iter().enumerate().filter(move |(_, rule)| rule.forbids == forbids);
        let numbers = numbered(true).chain(numbered(false)).map(|(number, _)| number);
        let expected: String =
            numbers.map(|number| if unreached.binary_search(&number).is_ok() { '1' } else { '0' }).collect();
        if ask_z3 {
            let found = plain::set(&ordered, overlap, bounds.peer)?;
            ask_z3 = compared(suite, &name, size, "rules", &expected, &found)?;
        }
        if ask_cedar && let Some(program) = peers {
            let question = ["set", &size.to_string(), shape, with];
            let given = peers::analysis(program, &question, bounds.peer);
            ask_cedar = match suite.unless_absent("cedar-policy-symcc", given) {
                Some(found) => compared(suite, &name, size, "rules", &expected, &found)?,
                None => false,
            };
        }
        if took > bounds.gov.as_nanos() as f64 && bounds.sizes().any(|larger| larger > size) {
            let note = format!("{name}, more than {size} rules: these took gov longer than its bound");
            suite.absent.push(note);
            break;
        }
    }
    Ok(())
}

/// Every ordered pair of rules about one group. For Gov they are as many policies of two rules in one package: the second rule of
/// one is reached by no request where the first matches whatever it matches.
fn pairs(suite: &mut Suite, count: usize, bounds: Bounds, peers: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let name = "proofs, pairs";
    let rules = workload::pairs(count);
    let text = workload::gov_pairs(&rules);
    let asked = count * (count - 1);
    let proof = prove(&text, 3)?;
    let expected: String =
        (0..asked).map(|pair| if proof.unreached.binary_search(&pair).is_ok() { '1' } else { '0' }).collect();
    let row = Row::time(name, "gov", asked, "pairs", Times::of(proof.spent));
    suite.rows.push(row.noting(format!("as policies of two rules each; {} obligations", proof.obligations)));
    let bound = bounds.peer.saturating_mul(3);
    compared(suite, name, asked, "pairs", &expected, &plain::pairs(&rules, bound)?)?;
    if let Some(program) = peers {
        let given = peers::analysis(program, &["pairs", &count.to_string(), "dense", "with"], bound);
        if let Some(found) = suite.unless_absent("cedar-policy-symcc", given) {
            compared(suite, name, asked, "pairs", &expected, &found)?;
        }
    }
    Ok(())
}

/// Holds what another side found, as far as it came, to what Gov found, and adds its row. Whether it came to the end.
fn compared(
    suite: &mut Suite,
    name: &str,
    size: usize,
    of: &str,
    expected: &str,
    found: &Analysis,
) -> Result<bool, Box<dyn Error>> {
    let (came, who) = (found.answers.len(), &found.who);
    if let Some(at) = expected.bytes().zip(found.answers.bytes()).position(|(own, other)| own != other) {
        return Err(format!("{name}, {size} {of}: {who} answers question {at} otherwise than gov").into());
    }
    let whole = came == found.asked && found.asked == expected.len();
    let yes = found.answers.bytes().filter(|answer| *answer == b'1').count();
    let note = if whole {
        format!("the one question of each; {yes} times yes, as gov says")
    } else {
        format!("cut off after {came} of {} questions, answered as gov does", found.asked)
    };
    let row = Row::time(name, who, size, of, Times::of(vec![found.took])).noting(note);
    suite.rows.push(Row { cut_off: !whole, ..row });
    Ok(whole)
}

/// What Gov proved of a text.
struct Proof {
    /// What each time took, in nanoseconds.
    spent: Vec<f64>,
    obligations: usize,
    findings: usize,
    /// The numbers in the labels of the rules that no request reaches, in order.
    unreached: Vec<usize>,
}

/// The row, and the numbers of the rules that no request reaches.
fn gov(name: &str, rules: &[Rule], overlap: Overlap) -> Result<(Row, Vec<usize>), Box<dyn Error>> {
    let size = rules.len();
    let times = match size {
        0..=1_000 => 5,
        1_001..=10_000 => 2,
        _ => 1,
    };
    let proof = prove(&workload::gov_package(rules, overlap), times)?;
    let row = Row::time(name, "gov", size, "rules", Times::of(proof.spent))
        .noting(format!("{} obligations, {} findings", proof.obligations, proof.findings));
    Ok((row, proof.unreached))
}

fn prove(text: &str, times: usize) -> Result<Proof, Box<dyn Error>> {
    let input = package::input(text);
    let mut proof = Proof { spent: Vec::new(), obligations: 0, findings: 0, unreached: Vec::new() };
    for _ in 0..times {
        // Names and types are not what is measured here.
        let mut checked = gov_compiler::check(&input);
        if let Some(found) = checked.diagnostics.first() {
            return Err(format!("the workload has a finding: {}", found.message).into());
        }
        let (took, done) = measure::once(|| gov_compiler::prove(&mut checked, &package::options()));
        done.map_err(|_| "cancelled")?;
        if checked.obligations.unproved > 0 {
            return Err(format!("{} obligations are unproved", checked.obligations.unproved).into());
        }
        (proof.obligations, proof.findings) = (checked.obligations.total, checked.diagnostics.len());
        // One that earlier rules decide as it would only warns.
        let never = checked.diagnostics.iter().filter(|found| found.message.starts_with("no request reaches"));
        proof.unreached = never.filter_map(|found| number(text, found.primary.span.range().start)).collect();
        proof.spent.push(took);
    }
    proof.unreached.sort_unstable();
    Ok(proof)
}

/// The number in the label of the rule at a place of the text: 12 of `p12: allow …`.
fn number(text: &str, at: usize) -> Option<usize> {
    let line = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    text.get(line..)?.trim_start().strip_prefix('p')?.split(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { most_rules: 100, peer: Duration::from_secs(600), gov: Duration::from_secs(600) };

    fn notes(suite: &Suite) -> Vec<(&str, &str)> {
        assert!(suite.absent.is_empty() && suite.rows.iter().all(|row| !row.cut_off), "{suite:?}");
        let others = suite.rows.iter().filter(|row| row.who != "gov");
        others.map(|row| (row.name.as_str(), row.note.as_str())).collect()
    }

    #[test]
    fn gov_and_plain_z3_find_the_same_rules_unreached() {
        let mut suite = Suite::default();
        curve(&mut suite, BOUNDS, None, Overlap::Dense, true).unwrap();
        curve(&mut suite, BOUNDS, None, Overlap::Sparse, false).unwrap();
        // As many as Cedar's analysis finds.
        let found = notes(&suite);
        assert_eq!(found[0], ("proofs, dense, with amounts", "the one question of each; 3 times yes, as gov says"));
        assert_eq!(found[1], ("proofs, sparse, without amounts", "the one question of each; 0 times yes, as gov says"));
    }

    #[test]
    fn gov_and_plain_z3_find_the_same_pairs() {
        let mut suite = Suite::default();
        pairs(&mut suite, 20, BOUNDS, None).unwrap();
        assert_eq!(notes(&suite), [("proofs, pairs", "the one question of each; 3 times yes, as gov says")]);
    }

    #[test]
    fn another_answer_is_told() {
        let found = Analysis { who: "other".to_owned(), answers: "01".to_owned(), asked: 3, took: 1.0 };
        let mut suite = Suite::default();
        assert!(!compared(&mut suite, "set", 3, "rules", "011", &found).unwrap());
        assert!(suite.rows[0].cut_off);
        let told = compared(&mut suite, "set", 3, "rules", "001", &found).unwrap_err();
        assert_eq!(told.to_string(), "set, 3 rules: other answers question 1 otherwise than gov");
    }
}
