//! The difference of two plans: what their text says, and what it means.
//!
//! What a change means is decided and not sampled. A policy's requests are split exactly into what both plans together can tell
//! apart (see [`people`], [`search`]); what is beyond that is put to the solver, and what that cannot settle is said to be open.
//! Every request that is shown was put to the plain decision of both plans first. `docs/adr/0007-diff.md` says why it lives here.

mod align;
mod outcome;
mod people;
mod policy;
mod search;
mod side;
mod solver;
mod text;
mod witness;
mod workflow;

pub use outcome::Direction;
pub use policy::approval_words;
pub use text::{FieldChange, Item};
pub use witness::Asked;
pub use workflow::{Guarantee, WorkflowDiff};

use crate::verify::Options;
use gov_plan::document::Plan;
use gov_plan::model::Approval;

/// The difference of two plans.
#[derive(Clone, Debug)]
pub struct Diff {
    /// The digest of the old plan.
    pub old: String,
    /// The digest of the new plan.
    pub new: String,
    /// What the text says differently.
    pub text: Vec<Item>,
    /// What it means for each policy that one of the plans has, by name.
    pub policies: Vec<PolicyDiff>,
    /// What it means for each workflow that is not the same in both, by name.
    pub workflows: Vec<WorkflowDiff>,
}

impl Diff {
    /// How the new plan stands to the old one, as far as it was settled.
    pub fn direction(&self) -> Direction {
        let policies = self.policies.iter().map(|policy| policy.direction);
        policies.chain(self.workflows.iter().map(|workflow| workflow.direction)).fold(Direction::Same, Direction::and)
    }

    /// Whether everything was settled.
    pub fn is_settled(&self) -> bool {
        self.policies.iter().all(PolicyDiff::is_settled)
    }
}

/// The difference of two plans. The same plans give the same difference.
pub fn diff(old: &Plan, new: &Plan, options: &Options<'_>) -> Diff {
    Diff {
        old: old.digest.clone(),
        new: new.digest.clone(),
        text: text::items(&old.document, &new.document),
        policies: policy::policies(&old.package, &new.package, options),
        workflows: workflow::workflows(old, new),
    }
}

impl PolicyDiff {
    /// Whether every request was settled, and everybody who is concerned.
    pub fn is_settled(&self) -> bool {
        self.open.is_empty() && !self.changes.iter().any(|change| change.perhaps_others)
    }
}

/// Whether something is in both plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In both.
    Kept,
    /// In the new one alone.
    Added,
    /// In the old one alone.
    Removed,
}

/// What a change means for the decisions of a policy.
#[derive(Clone, Debug)]
pub struct PolicyDiff {
    /// Its name.
    pub name: String,
    /// Whether both plans have it. Where one does not, nothing is decided but a denial.
    pub presence: Presence,
    /// How the new one stands to the old one, as far as it was settled.
    pub direction: Direction,
    /// What is decided differently, what lets more through first.
    pub changes: Vec<Change>,
    /// What could not be settled, and why: never taken for "the same".
    pub open: Vec<String>,
}

/// Requests that are decided in one way by the old plan, and in another by the new one.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whether that lets more through.
    pub direction: Direction,
    /// What the old plan decides.
    pub before: Decision,
    /// What the new plan decides.
    pub after: Decision,
    /// For calls of these: each has such requests.
    pub capabilities: Vec<String>,
    /// By these: each has such requests, and nobody else does.
    pub who: Vec<String>,
    /// Whether that could not be settled for somebody else.
    pub perhaps_others: bool,
    /// One of the requests.
    pub witness: Witness,
}

/// What a plan decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// `allow`, `deny` or `approval`.
    pub decision: &'static str,
    /// What makes the decision, in words.
    pub by: String,
    /// The rule that does, by its place from 1.
    pub rule: Option<u32>,
    /// Who has to approve: all of these.
    pub approvals: Vec<Approval>,
}

/// A request that both plans were asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// The request.
    pub request: Asked,
}

#[cfg(test)]
mod tests;
