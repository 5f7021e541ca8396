//! Cedar's analysis with cvc5: `cedar-policy-symcc`, asked through its public interface, in one solver that stays warm.
//!
//! Both questions are asked of policies that permit, whatever the rule says: which of two decides is the same for Gov and for Z3.

use std::error::Error;
use std::time::{Duration, Instant};

use cedar_policy::{Policy, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet};
use gov_bench_workload::{self as workload, GROUPS, Overlap, Rule, Target};
use serde_json::{Value, json};

/// What it is called in the tables.
const WHO: &str = "cedar-policy-symcc 0.8.1, cvc5";

/// What was found out within the bound.
struct Found {
    /// An answer for each question, in order, as far as it came.
    answers: String,
    /// How many questions there are.
    asked: usize,
    /// What it took, in nanoseconds.
    took: f64,
}

/// Whether a rule is reached by no request, since those before it match whatever it matches, for each rule in their order; or, for
/// `pairs`, whether one matches whatever another matches, for each ordered pair.
pub fn analyse(arguments: &[&str]) -> Result<Value, Box<dyn Error>> {
    let [question, size, overlap, amounts, seconds] = arguments else {
        return Err("usage: gov-bench-peers proofs set|pairs SIZE dense|sparse with|without SECONDS".into());
    };
    let overlap = if *overlap == "sparse" { Overlap::Sparse } else { Overlap::Dense };
    let bound = Duration::from_secs(seconds.parse()?);
    let size: usize = size.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = match *question {
        "pairs" => runtime.block_on(pairs(&workload::pairs(size), bound))?,
        _ => runtime.block_on(set(&workload::ordered(size, *amounts == "with"), overlap, bound))?,
    };
    Ok(json!({ "who": WHO, "answers": found.answers, "asked": found.asked, "took": found.took }))
}

fn solver(bound: Duration) -> Result<CedarSymCompiler<LocalSolver>, Box<dyn Error>> {
    // A single query may take the whole of the bound.
    let limit = format!("--tlimit-per={}", bound.as_millis());
    Ok(CedarSymCompiler::new(LocalSolver::cvc5_with_args([limit])?)?)
}

fn policies(rules: &[Rule], overlap: Overlap) -> Result<Vec<Policy>, Box<dyn Error>> {
    let permits: Vec<Rule> = rules.iter().map(|rule| Rule { forbids: false, ..*rule }).collect();
    let text = workload::cedar_policies(&permits, overlap);
    let each = text.lines().enumerate();
    Ok(each
        .map(|(number, line)| Policy::parse(Some(cedar_policy::PolicyId::new(format!("p{number}"))), line))
        .collect::<Result<_, _>>()?)
}

fn environment(action: u64) -> Result<RequestEnv, Box<dyn Error>> {
    Ok(RequestEnv::new("User".parse()?, format!("Action::\"a{action}\"").parse()?, "Resource".parse()?))
}

/// The actions that a rule is about.
fn actions(number: usize, rule: &Rule, overlap: Overlap) -> Vec<u64> {
    match (overlap, rule.target) {
        (Overlap::Sparse, _) => vec![number as u64],
        (Overlap::Dense, Target::Action(action)) => vec![action],
        (Overlap::Dense, Target::Group(group)) => {
            (0..workload::ACTIONS).filter(|action| action % GROUPS == group).collect()
        }
    }
}

async fn set(rules: &[Rule], overlap: Overlap, bound: Duration) -> Result<Found, Box<dyn Error>> {
    let (schema, _) = Schema::from_cedarschema_str(&workload::cedar_schema(overlap, rules.len()))?;
    let policies = policies(rules, overlap)?;
    let mut compiler = solver(bound)?;
    let mut before = PolicySet::new();
    let mut answers = String::new();
    let began = Instant::now();
    'rules: for (number, (rule, policy)) in rules.iter().zip(&policies).enumerate() {
        let own = PolicySet::from_policies([policy.clone()])?;
        let mut covered = true;
        for action in actions(number, rule, overlap) {
            let left = bound.saturating_sub(began.elapsed());
            let environment = environment(action)?;
            let asked = async {
                let own = CompiledPolicySet::compile(&own, &environment, &schema)?;
                let before = CompiledPolicySet::compile(&before, &environment, &schema)?;
                compiler.check_implies_opt(&own, &before).await
            };
            covered = match tokio::time::timeout(left, asked).await {
                Ok(covered) => covered?,
                Err(_) => break 'rules,
            };
            if !covered {
                break;
            }
        }
        answers.push(if covered { '1' } else { '0' });
        before.add(policy.clone())?;
    }
    Ok(Found { answers, asked: rules.len(), took: began.elapsed().as_nanos() as f64 })
}

async fn pairs(rules: &[Rule], bound: Duration) -> Result<Found, Box<dyn Error>> {
    let (schema, _) = Schema::from_cedarschema_str(&workload::cedar_schema(Overlap::Dense, rules.len()))?;
    let policies = policies(rules, Overlap::Dense)?;
    let mut compiler = solver(bound)?;
    // Every rule is about the one group, and its actions are alike: one of them stands for all.
    let environment = environment(0)?;
    let mut answers = String::new();
    let began = Instant::now();
    let compiled: Vec<CompiledPolicy> = policies
        .iter()
        .map(|policy| CompiledPolicy::compile(policy, &environment, &schema))
        .collect::<Result<_, _>>()?;
    'pairs: for (number, one) in compiled.iter().enumerate() {
        for (other_number, other) in compiled.iter().enumerate() {
            if number == other_number {
                continue;
            }
            let left = bound.saturating_sub(began.elapsed());
            match tokio::time::timeout(left, compiler.check_matches_implies_opt(one, other)).await {
                Ok(implied) => answers.push(if implied? { '1' } else { '0' }),
                Err(_) => break 'pairs,
            }
        }
    }
    let asked = rules.len() * rules.len().saturating_sub(1);
    Ok(Found { answers, asked, took: began.elapsed().as_nanos() as f64 })
}
