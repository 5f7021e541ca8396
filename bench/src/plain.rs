//! Z3 asked rule by rule, as an encoder does it that knows nothing of policies: for each rule, whether some request fits it and no
//! rule before it.

use gov_bench_workload::{GROUPS, Overlap, RISKS, ROLES, Rule, Target};
use z3::ast::{Bool, Int};
use z3::{SatResult, Solver};

/// The rules, in the order in which they are asked, that no request reaches.
///
/// # Errors
///
/// If the solver does not know.
pub fn unreached(rules: &[Rule], overlap: Overlap) -> Result<Vec<usize>, String> {
    let solver = Solver::new_for_logic("QF_LIA").ok_or("there is no solver for QF_LIA")?;
    let roles: Vec<Bool> = (0..ROLES).map(|role| Bool::new_const(format!("r{role}"))).collect();
    let (action, risk, amount) = (Int::new_const("action"), Int::new_const("risk"), Int::new_const("amount"));
    let within = |of: &Int, end: usize| Bool::and(&[of.ge(0), of.lt(end as u64)]);
    let actions = match overlap {
        Overlap::Dense => gov_bench_workload::ACTIONS as usize,
        Overlap::Sparse => rules.len(),
    };
    solver.assert(within(&action, actions));
    solver.assert(within(&risk, RISKS.len()));
    let mut found = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let target = match (overlap, rule.target) {
            (Overlap::Sparse, _) => action.eq(number as u64),
            (Overlap::Dense, Target::Action(own)) => action.eq(own),
            (Overlap::Dense, Target::Group(group)) => action.modulo(GROUPS).eq(group),
        };
        let level = RISKS.iter().position(|risk| *risk == rule.risk).unwrap_or(0);
        let mut parts = vec![target, risk.eq(level as u64)];
        parts.extend(roles.get(rule.role as usize).cloned());
        parts.extend(rule.below.map(|below| amount.lt(below)));
        let fits = Bool::and(&parts);
        solver.push();
        solver.assert(&fits);
        match solver.check() {
            SatResult::Sat => {}
            SatResult::Unsat => found.push(number),
            SatResult::Unknown => return Err(format!("Z3 does not know of rule {number}")),
        }
        solver.pop(1);
        solver.assert(fits.not());
    }
    Ok(found)
}
