//! A difference as one JSON object. `docs/schema/diff.schema.json` is made from these types.

use gov_compiler::diff::{
    Change, Decision, Diff, Direction, FieldChange, Guarantee, Item, PolicyDiff, Presence, WorkflowDiff,
};
use gov_plan::text;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Compared;
use crate::output::Failure;

/// What `gov diff --format json` writes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "gov diff --format json", deny_unknown_fields)]
pub struct Report {
    old: Side,
    new: Side,
    /// How the new plan stands to the old one, as far as it was settled.
    #[schemars(with = "DirectionName")]
    direction: &'static str,
    /// Whether everything was settled. Where not, the new plan may let more through than is said here.
    settled: bool,
    /// What it means for each policy that one of the plans has, by name.
    policies: Vec<Policy>,
    /// What it means for each workflow that is not the same in both, by name.
    workflows: Vec<Workflow>,
    /// What the text says differently.
    text: Vec<TextItem>,
}

/// One of the two plans.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Side {
    /// What it was called on the command line.
    name: String,
    /// Its SHA-256, which is its name everywhere.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    digest: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `direction` in the schema")]
enum DirectionName {
    Same,
    Wider,
    Narrower,
    Both,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `presence` in the schema")]
enum PresenceName {
    Kept,
    Added,
    Removed,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "names the values of `decision` in the schema")]
enum DecisionName {
    Allow,
    Deny,
    Approval,
}

/// What it means for a policy.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Policy {
    policy: String,
    #[schemars(with = "PresenceName")]
    presence: &'static str,
    #[schemars(with = "DirectionName")]
    direction: &'static str,
    /// What is decided differently, what lets more through first.
    changes: Vec<Moved>,
    /// What could not be settled, and why.
    open: Vec<String>,
}

/// Requests that the two plans decide differently.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Moved {
    #[schemars(with = "DirectionName")]
    direction: &'static str,
    before: Decided,
    after: Decided,
    /// For calls of these: each has such requests.
    capabilities: Vec<String>,
    /// By these: each has such requests.
    who: Vec<String>,
    /// Whether nobody else has. Where not, that was not settled.
    who_is_complete: bool,
    /// One of the requests, as a line of `gov decide --batch`. A plan is asked without what it does not know.
    witness: Asked,
}

/// What a plan decides.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Decided {
    #[schemars(with = "DecisionName")]
    decision: &'static str,
    /// What makes the decision, in words.
    by: String,
    /// The rule that does, by its place from 1.
    rule: Option<u32>,
    /// Who has to approve: all of these.
    approvals: Vec<Approval>,
}

/// An approval that has to be given.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Approval {
    /// Who may give it; any of these.
    approvers: Vec<String>,
    /// How many different ones have to.
    quorum: u32,
    /// How long they have; for ever, if nothing is said.
    within: Option<String>,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Asked {
    principal: String,
    capability: String,
    input: Map<String, Value>,
    context: Map<String, Value>,
    roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_tenant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_tenant: Option<String>,
}

/// What it means for a workflow.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Workflow {
    workflow: String,
    #[schemars(with = "PresenceName")]
    presence: &'static str,
    /// Whether its budget lets it spend more or less.
    #[schemars(with = "DirectionName")]
    direction: &'static str,
    steps: Vec<Field>,
    undo: Vec<Field>,
    risk: Vec<Field>,
    /// What it may spend.
    budget: Vec<Field>,
    /// What its worst path takes, with its rollback.
    worst_case: Vec<Field>,
    guarantees: Vec<Proved>,
}

/// A part that was one thing and is another.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Field {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

/// Something that has to hold of a workflow.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Proved {
    /// The code of what would be found otherwise.
    code: String,
    about: String,
    /// `proved`, `accepted` or `warned`; `null` where it was not asked.
    before: Option<String>,
    after: Option<String>,
    /// Whether less is guaranteed than before.
    weaker: bool,
}

/// An item that is not in both plans, or not the same in both.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct TextItem {
    /// `capability`, `policy`, `workflow`, `role`, `claim`, `context`, `type` or `accepted`.
    kind: &'static str,
    name: String,
    #[schemars(with = "PresenceName")]
    presence: &'static str,
    fields: Vec<Field>,
}

/// The difference as JSON.
///
/// # Errors
///
/// If it cannot be written, which would be a fault of Gov.
pub fn render(compared: &Compared) -> Result<String, Failure> {
    serde_json::to_string_pretty(&report(compared))
        .map(|text| text + "\n")
        .map_err(|error| Failure::new(format!("the difference could not be written: {error}")))
}

fn report(compared: &Compared) -> Report {
    let diff: &Diff = &compared.diff;
    Report {
        old: Side { name: compared.old.clone(), digest: diff.old.clone() },
        new: Side { name: compared.new.clone(), digest: diff.new.clone() },
        direction: diff.direction().as_str(),
        settled: diff.is_settled(),
        policies: diff.policies.iter().map(policy).collect(),
        workflows: diff.workflows.iter().map(workflow).collect(),
        text: diff.text.iter().map(item).collect(),
    }
}

fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Kept => "kept",
        Presence::Added => "added",
        Presence::Removed => "removed",
    }
}

fn policy(one: &PolicyDiff) -> Policy {
    Policy {
        policy: one.name.clone(),
        presence: presence(one.presence),
        direction: Direction::as_str(one.direction),
        changes: one.changes.iter().map(moved).collect(),
        open: one.open.clone(),
    }
}

fn moved(change: &Change) -> Moved {
    let asked = &change.witness.request;
    Moved {
        direction: change.direction.as_str(),
        before: decided(&change.before),
        after: decided(&change.after),
        capabilities: change.capabilities.clone(),
        who: change.who.clone(),
        who_is_complete: !change.perhaps_others,
        witness: Asked {
            principal: asked.principal.clone(),
            capability: asked.capability.clone(),
            input: asked.input.clone(),
            context: asked.context.clone(),
            roles: asked.roles.clone(),
            workflow: asked.workflow.clone(),
            principal_tenant: asked.principal_tenant.clone(),
            resource_tenant: asked.resource_tenant.clone(),
        },
    }
}

fn decided(decision: &Decision) -> Decided {
    let approval = |one: &gov_plan::model::Approval| Approval {
        approvers: one.from.iter().map(ToString::to_string).collect(),
        quorum: one.quorum,
        within: one.within.map(text::duration),
    };
    Decided {
        decision: decision.decision,
        by: decision.by.clone(),
        rule: decision.rule,
        approvals: decision.approvals.iter().map(approval).collect(),
    }
}

fn workflow(one: &WorkflowDiff) -> Workflow {
    let proved = |guarantee: &Guarantee| Proved {
        code: guarantee.code.clone(),
        about: guarantee.about.clone(),
        before: guarantee.before.clone(),
        after: guarantee.after.clone(),
        weaker: guarantee.is_weaker(),
    };
    Workflow {
        workflow: one.name.clone(),
        presence: presence(one.presence),
        direction: one.direction.as_str(),
        steps: fields(&one.steps),
        undo: fields(&one.undo),
        risk: fields(&one.risk),
        budget: fields(&one.limits),
        worst_case: fields(&one.worst),
        guarantees: one.guarantees.iter().map(proved).collect(),
    }
}

fn fields(changes: &[FieldChange]) -> Vec<Field> {
    let field = |change: &FieldChange| Field {
        name: change.name.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
    };
    changes.iter().map(field).collect()
}

fn item(one: &Item) -> TextItem {
    TextItem { kind: one.kind, name: one.name.clone(), presence: presence(one.presence), fields: fields(&one.fields) }
}
