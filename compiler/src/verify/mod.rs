//! The proofs: every obligation of a package, how each was settled, and what was found.
//!
//! Two ways lead to an answer. `exact` decides what is finite or a matter of intervals; `encode` asks Z3 about the rest.
//! They share no code, and are compared in tests. Whatever neither settles is *unproved*: an error, never a pass.

mod both;
mod capability;
mod claim;
pub(crate) mod encode;
pub(crate) mod exact;
mod patterns;
mod policy;
pub(crate) mod question;
mod replay;
mod report;
mod shown;
pub(crate) mod solver;
mod units;
pub(crate) use workflow::{Bound, worst_case};

#[cfg(test)]
pub(crate) mod tests;
mod workflow;

pub use report::{Evidence, Obligation, Outcome, Proof, Report};
pub use shown::test_of;

use crate::diagnostic::Subject;
use gov_plan::model::Package;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Takes a question that the solver was asked: a name and an SMT-LIB text.
pub type Smt2Sink<'s> = dyn Fn(&str, &str) + Sync + 's;

/// How a package is verified.
pub struct Options<'o> {
    /// How many units of work run at once, at least one. The report does not depend on it.
    pub jobs: usize,
    /// How much Z3 may do for one question, in its own units; zero is without limit.
    pub rlimit: u32,
    /// Whether to look also for what is legal and odd: G1207 and G1208.
    pub pedantic: bool,
    /// Takes every question that the solver was asked: a name that is unique and fit for a file, and an SMT-LIB text.
    pub smt2: Option<&'o Smt2Sink<'o>>,
    /// Whether somebody wants the check to end.
    pub cancel: Option<&'o AtomicBool>,
    /// Is told how many units of work are done, and of how many: first of none, then after each.
    pub progress: Option<&'o (dyn Fn(usize, usize) + Sync)>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { jobs: 1, rlimit: DEFAULT_RLIMIT, pedantic: false, smt2: None, cancel: None, progress: None }
    }
}

/// What a question may cost where nobody says otherwise: some seconds, a thousand times what examples need.
pub const DEFAULT_RLIMIT: u32 = 20_000_000;

/// Proves a package's obligations. The same package gives the same report, whatever the number of jobs.
///
/// # Errors
///
/// If it was cancelled.
pub fn verify(package: &Package, options: &Options<'_>) -> Result<Report, Cancelled> {
    units::run(all_units(package, options.pedantic), options)
}

/// What is proved on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitName {
    /// A name that no other unit of the package has.
    pub name: String,
    /// What it is about.
    pub subject: Subject,
    /// Where that stands.
    pub at: gov_plan::Origin,
}

/// What is proved on its own, in the order in which [`verify`] reports it.
pub fn unit_names(package: &Package, pedantic: bool) -> Vec<UnitName> {
    let units = all_units(package, pedantic).into_iter();
    units.map(|unit| UnitName { name: unit.name, subject: unit.subject, at: unit.at }).collect()
}

/// Proves the units of these names, each as soon as those before it are taken up, and tells what came of each as it is
/// done. Names that no unit has are passed over.
///
/// # Errors
///
/// If it was cancelled.
pub fn verify_units(
    package: &Package,
    options: &Options<'_>,
    names: &[String],
    tell: &mut dyn FnMut(&str, Report),
) -> Result<(), Cancelled> {
    let mut units: BTreeMap<String, units::Unit<'_>> =
        all_units(package, options.pedantic).into_iter().map(|unit| (unit.name.clone(), unit)).collect();
    let wanted = names.iter().filter_map(|name| units.remove(name)).collect();
    units::run_each(wanted, options, tell)
}

fn all_units(package: &Package, pedantic: bool) -> Vec<units::Unit<'_>> {
    let alphabet = Arc::new(exact::Alphabet::of(package));
    let mut all = capability::units(package, &alphabet);
    all.extend(policy::units(package, &alphabet, pedantic));
    all.extend(workflow::units(package));
    all.extend(claim::units(package, &alphabet));
    all
}

/// The check was cancelled before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;
