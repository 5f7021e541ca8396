//! Questions about a policy, as both ways of proof are asked them.

use gov_plan::decide::RequestBody;
use gov_plan::expr::Expr;
use gov_plan::pattern::{CapabilityPattern, PrincipalPattern};

/// A set of requests: is there one? Everything that is said has to hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question<'q> {
    /// Rules, by their place from 0, that fit: subjects, targets and condition.
    pub fits: Vec<usize>,
    /// A rule whose subjects and targets fit, and whose condition can be evaluated or not, but does not hold.
    pub misses: Option<usize>,
    /// Something that cannot be evaluated. Without it, the capability's tables can be.
    pub unevaluable: Option<Unevaluable>,
    /// Rules that are passed over: they do not fit, and their condition can be evaluated where it is looked at.
    pub passed: Passed<'q>,
    /// Who asks for what, and when, as a claim has it.
    pub claim: Option<Claim<'q>>,
    /// Who asks.
    pub principal: Option<&'q str>,
    /// Whether an allow would be escalated.
    pub escalated: Option<bool>,
    /// Whether the capability itself wants an approval.
    pub required: Option<bool>,
    /// Which row of the capability's `approval` applies, from 0. The question has a claim about one capability.
    pub wants: Option<usize>,
}

/// What cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unevaluable {
    /// A table of the capability.
    Tables,
    /// The condition of a rule, by its place from 0, whose subjects and targets fit.
    Rule(usize),
}

/// Rules that are passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Passed<'q> {
    /// All before this place, but for one.
    Before(usize, Option<usize>),
    /// These.
    These(&'q [usize]),
}

impl Default for Passed<'_> {
    fn default() -> Self {
        Passed::These(&[])
    }
}

impl Passed<'_> {
    /// Whether a rule is one of them.
    pub fn has(&self, rule: usize) -> bool {
        match self {
            Passed::Before(end, except) => rule < *end && *except != Some(rule),
            Passed::These(rules) => rules.contains(&rule),
        }
    }
}

/// Who asks for what, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'q> {
    pub subjects: &'q [PrincipalPattern],
    pub targets: &'q [CapabilityPattern],
    pub condition: Option<&'q Expr>,
}

/// What a way of proof says to a question.
#[derive(Debug)]
pub(crate) enum Answer<S> {
    /// There is a request, such as this one.
    Yes(S),
    /// There is none. For the solver's way, the digests of the questions that it was asked.
    No(Vec<String>),
    /// It was not settled, and why.
    Unknown(String),
}

/// A way of proof.
pub(crate) trait Way {
    /// A request as this way knows it.
    type Sample;

    /// Whether there is such a request.
    fn find(&mut self, question: &Question<'_>) -> Answer<Self::Sample>;

    /// The rules before a place that fit a request or cannot be evaluated for it, in order.
    fn touching(&mut self, sample: &Self::Sample, before: usize) -> Vec<usize>;

    /// Other rules that may touch a request that fits the rule or cannot be evaluated for it, and that are `wanted`; in order,
    /// and no more than `limit`. More may be named than do touch one, never fewer.
    fn neighbours(&self, rule: usize, limit: usize, wanted: &dyn Fn(usize) -> bool) -> Vec<usize>;

    /// Notes that a rule never fits first, so that it need not be looked at among those that are passed over.
    fn forget(&mut self, _rule: usize) {}

    /// The request itself; `None` if it turns out not to be one that the question is about.
    fn request(&mut self, question: &Question<'_>, sample: &Self::Sample) -> Option<RequestBody>;
}
