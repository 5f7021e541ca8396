//! Z3 asked rule by rule, as an encoder does it that knows nothing of policies: for each rule, whether some request fits it and no
//! rule before it; or, of a pair, whether some request fits one and not the other.

use std::time::{Duration, Instant};

use gov_bench_workload::{GROUPS, Overlap, RISKS, ROLES, Rule, Target};
use z3::ast::{Bool, Int};
use z3::{Params, SatResult, Solver};

use crate::peers::Analysis;

/// What it is called in the tables.
const WHO: &str = "Z3, rule by rule";

/// A solver, what a request is made of, and until when it may be asked.
struct Asked {
    solver: Solver,
    roles: Vec<Bool>,
    action: Int,
    risk: Int,
    amount: Int,
    overlap: Overlap,
    began: Instant,
    bound: Duration,
}

impl Asked {
    fn new(rules: usize, overlap: Overlap, bound: Duration) -> Result<Asked, String> {
        let solver = Solver::new_for_logic("QF_LIA").ok_or("there is no solver for QF_LIA")?;
        let roles = (0..ROLES).map(|role| Bool::new_const(format!("r{role}"))).collect();
        let (action, risk, amount) = (Int::new_const("action"), Int::new_const("risk"), Int::new_const("amount"));
        let within = |of: &Int, end: usize| Bool::and(&[of.ge(0), of.lt(end as u64)]);
        let actions = match overlap {
            Overlap::Dense => gov_bench_workload::ACTIONS as usize,
            Overlap::Sparse => rules,
        };
        solver.assert(within(&action, actions));
        solver.assert(within(&risk, RISKS.len()));
        Ok(Asked { solver, roles, action, risk, amount, overlap, began: Instant::now(), bound })
    }

    /// That a request fits the rule of this number.
    fn fits(&self, number: usize, rule: &Rule) -> Bool {
        let target = match (self.overlap, rule.target) {
            (Overlap::Sparse, _) => self.action.eq(number as u64),
            (Overlap::Dense, Target::Action(own)) => self.action.eq(own),
            (Overlap::Dense, Target::Group(group)) => self.action.modulo(GROUPS).eq(group),
        };
        let level = RISKS.iter().position(|risk| *risk == rule.risk).unwrap_or(0);
        let mut parts = vec![target, self.risk.eq(level as u64)];
        parts.extend(self.roles.get(rule.role as usize).cloned());
        parts.extend(rule.below.map(|below| self.amount.lt(below)));
        Bool::and(&parts)
    }

    /// Whether no request is as all of this says; nothing where the bound is over.
    fn never(&self, all: &[Bool]) -> Result<Option<bool>, String> {
        let left = self.bound.saturating_sub(self.began.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        let mut params = Params::new();
        params.set_u32("timeout", u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1));
        self.solver.set_params(&params);
        self.solver.push();
        for one in all {
            self.solver.assert(one);
        }
        let answer = self.solver.check();
        self.solver.pop(1);
        match answer {
            SatResult::Sat => Ok(Some(false)),
            SatResult::Unsat => Ok(Some(true)),
            SatResult::Unknown if self.began.elapsed() >= self.bound => Ok(None),
            SatResult::Unknown => Err("Z3 does not know".to_owned()),
        }
    }

    fn found(&self, answers: String, asked: usize) -> Analysis {
        Analysis { who: WHO.to_owned(), answers, asked, took: self.began.elapsed().as_nanos() as f64 }
    }
}

/// For each rule, in the order in which they are asked, whether no request reaches it.
///
/// # Errors
///
/// If the solver does not know.
pub fn set(rules: &[Rule], overlap: Overlap, bound: Duration) -> Result<Analysis, String> {
    let asked = Asked::new(rules.len(), overlap, bound)?;
    let mut answers = String::new();
    for (number, rule) in rules.iter().enumerate() {
        let fits = asked.fits(number, rule);
        let Some(never) = asked.never(std::slice::from_ref(&fits))? else { break };
        answers.push(if never { '1' } else { '0' });
        asked.solver.assert(fits.not());
    }
    Ok(asked.found(answers, rules.len()))
}

/// For each ordered pair of rules, whether one matches whatever the other matches.
///
/// # Errors
///
/// If the solver does not know.
pub fn pairs(rules: &[Rule], bound: Duration) -> Result<Analysis, String> {
    let asked = Asked::new(rules.len(), Overlap::Dense, bound)?;
    let fits: Vec<Bool> = rules.iter().enumerate().map(|(number, rule)| asked.fits(number, rule)).collect();
    let mut answers = String::new();
    'pairs: for (number, one) in fits.iter().enumerate() {
        for (_, other) in fits.iter().enumerate().filter(|(other, _)| *other != number) {
            let Some(never) = asked.never(&[one.clone(), other.not()])? else { break 'pairs };
            answers.push(if never { '1' } else { '0' });
        }
    }
    Ok(asked.found(answers, rules.len().saturating_mul(rules.len().saturating_sub(1))))
}
