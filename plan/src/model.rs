//! The model: what a package means, with every name settled. It is what is proved, compiled into a plan, and executed.
//!
//! Sets are expanded, defaults are filled in, and nothing refers to what is not here. Expressions name the variables of
//! their scope:
//!
//! - a capability's clauses: its input fields by bare name; `output` (its result) in the arguments of `compensate with`;
//! - a policy's conditions: `input`, `context`, `principal` (`id`, `tenant?`), `resource` (`tenant?`), `risk`, `kind`,
//!   `reversible`, `scope`, `tags`, `workflow`;
//! - a workflow: its parameters, `context`, and the names bound before, in the blocks around (steps, approvals, `let`, `for`).

use crate::decimal::Decimal;
use crate::expr::Expr;
use crate::origin::Origin;
use crate::pattern::{CapabilityPattern, PrincipalPattern};
use crate::types::{Currency, Fields, Risk, Schema};

pub use gov_grammar::ast::{Decision, Quantifier};

/// The principal of every compensation.
pub const ROLLBACK: &str = "system:rollback";

/// A whole package, with the capabilities it uses from others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What every request supplies beside its input.
    pub context: Fields,
    /// Roles, by name.
    pub roles: Vec<Role>,
    /// Capabilities, by id: the package's own and those it imports.
    pub capabilities: Vec<Capability>,
    /// Policies, in the order of the source.
    pub policies: Vec<Policy>,
    /// Workflows, in the order of the source.
    pub workflows: Vec<Workflow>,
    /// `prove` statements, in the order of the source.
    pub claims: Vec<Claim>,
    /// Tests, in the order of the source.
    pub tests: Vec<Test>,
    /// Findings that were accepted.
    pub accepted: Vec<Accepted>,
}

impl Package {
    /// The capability of this id.
    pub fn capability(&self, id: &str) -> Option<&Capability> {
        let index = self.capabilities.binary_search_by(|capability| capability.id.as_str().cmp(id)).ok()?;
        self.capabilities.get(index)
    }

    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// The workflow of this name.
    pub fn workflow(&self, name: &str) -> Option<&Workflow> {
        self.workflows.iter().find(|workflow| workflow.name == name)
    }

    /// The role of this name.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }
}

/// A role. A principal has it as a member, or because the request asserts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// Its members: exact principals or prefixes, never roles. A role without declared members is asserted by the identity
    /// provider alone; one with members may be asserted too.
    pub members: Vec<PrincipalPattern>,
    /// Where it is declared.
    pub at: Origin,
}

/// What a capability does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CapabilityKind {
    Read,
    Write,
    Delete,
    Execute,
    Network,
}

impl CapabilityKind {
    /// All of them, in the order of the reference.
    pub const ALL: [CapabilityKind; 5] = [
        CapabilityKind::Read,
        CapabilityKind::Write,
        CapabilityKind::Delete,
        CapabilityKind::Execute,
        CapabilityKind::Network,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            CapabilityKind::Read => "read",
            CapabilityKind::Write => "write",
            CapabilityKind::Delete => "delete",
            CapabilityKind::Execute => "execute",
            CapabilityKind::Network => "network",
        }
    }
}

/// What a call touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Scope {
    Local,
    Network,
    External,
}

impl Scope {
    /// All of them, in the order of the reference.
    pub const ALL: [Scope; 3] = [Scope::Local, Scope::Network, Scope::External];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Local => "local",
            Scope::Network => "network",
            Scope::External => "external",
        }
    }
}

/// Something an agent can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// Its id: `stripe.refund`.
    pub id: String,
    /// Its documentation.
    pub docs: String,
    /// The package that declares it.
    pub package: String,
    /// Its kind.
    pub kind: CapabilityKind,
    /// Its version, `x.y.z`.
    pub version: String,
    /// Its tags, in the order of the source.
    pub tags: Vec<String>,
    /// What to use instead, if it is deprecated.
    pub deprecated: Option<String>,
    /// What it takes.
    pub input: Fields,
    /// What it gives.
    pub output: Fields,
    /// What it does to the world.
    pub effect: Table<Effect>,
    /// How risky it is.
    pub risk: Table<Risk>,
    /// Whether a human has to approve, whatever the policy says, and who. No row: never.
    pub approval: Table<Option<Approval>>,
    /// How it is undone.
    pub compensation: Table<Compensation>,
    /// How it is retried.
    pub retry: Retry,
    /// How long one attempt may take, in milliseconds.
    pub timeout: i64,
    /// Whether doing it twice is doing it once.
    pub idempotency: Idempotency,
    /// What one call costs. No row, or none that applies: nothing.
    pub cost: Table<Cost>,
    /// How the runtime calls it.
    pub handler: Handler,
    /// Its head: from the keyword to the kind.
    pub at: Origin,
}

/// A value that depends on the input: the first row whose condition holds gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<V> {
    /// The rows, in order.
    pub rows: Vec<Row<V>>,
    /// Whether it was written, and is not the default of the kind.
    pub stated: bool,
    /// The clause; the capability's head where it was not written.
    pub at: Origin,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<V> {
    /// The value.
    pub value: V,
    /// When it applies; always, if there is none.
    pub when: Option<Expr>,
    /// Why.
    pub because: Option<String>,
    /// Where it stands.
    pub at: Origin,
}

impl<V> Table<V> {
    /// A table of one row that always applies.
    pub fn always(value: V, at: Origin) -> Table<V> {
        Table { rows: vec![Row { value, when: None, because: None, at }], stated: false, at }
    }

    /// A table without rows.
    pub fn empty(at: Origin) -> Table<V> {
        Table { rows: Vec::new(), stated: false, at }
    }
}

/// What a call does to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Something.
    Some {
        /// Whether it can be undone.
        reversible: bool,
        /// What it touches.
        scope: Scope,
        /// What it does, in words.
        text: String,
    },
}

impl Effect {
    /// Whether it cannot be undone.
    pub fn is_irreversible(&self) -> bool {
        matches!(self, Effect::Some { reversible: false, .. })
    }
}

/// How a call is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compensation {
    /// There is nothing to undo: the default of `read`.
    NotNeeded,
    /// By this call.
    Automatic(Call),
    /// By a human, and how.
    Manual(String),
    /// Not at all, and why.
    None(String),
}

/// A call of a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The capability's id.
    pub capability: String,
    /// The arguments, in the order of the source.
    pub arguments: Vec<(String, Expr)>,
    /// Where it stands.
    pub at: Origin,
}

/// How often a call is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The most attempts, the first included; `None` is until it succeeds.
    pub attempts: Option<u32>,
    /// The shortest and the longest pause, in milliseconds; the pause doubles from the one to the other.
    pub backoff: Option<(i64, i64)>,
    /// Whether only failures that may pass are tried again.
    pub on_transient: bool,
}

/// Whether a call that is made twice is made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotency {
    /// It is not.
    No,
    /// It is, for the same input.
    ByInput,
    /// It is, for the same key.
    By(Expr),
}

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// How much.
    pub amount: Decimal,
    /// Of what.
    pub currency: Currency,
}

/// How the runtime calls a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// It cannot: the capability may be checked, not run.
    None,
    /// One of the standard handlers, by the capability's id.
    Builtin,
    /// `http`, `mcp` or `exec`, with settings whose strings may name input fields.
    External(String, Vec<(String, Expr)>),
}

/// A policy: an ordered list of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// What is decided when no rule matches.
    pub default: Action,
    /// Which allows become approvals.
    pub escalation: Escalation,
    /// The rules; the first that matches decides.
    pub rules: Vec<Rule>,
    /// Its head.
    pub at: Origin,
    /// Its `default` clause.
    pub default_at: Origin,
}

/// What a rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Yes.
    Allow,
    /// No.
    Deny,
    /// A human decides.
    Approval(Approval),
}

impl Action {
    /// Which of the three decisions it is.
    pub fn decision(&self) -> Decision {
        match self {
            Action::Allow => Decision::Allow,
            Action::Deny => Decision::Deny,
            Action::Approval(_) => Decision::Approval,
        }
    }
}

/// Who approves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who may; any of them.
    pub from: Vec<PrincipalPattern>,
    /// How many different ones have to.
    pub quorum: u32,
    /// How long they have, in milliseconds; for ever, if nothing is said.
    pub within: Option<i64>,
    /// Where it is said.
    pub at: Origin,
}

/// Which allows become approvals. It does not apply to [`ROLLBACK`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Escalation {
    /// None, and why.
    Never {
        /// Why.
        because: String,
        /// Where it is said.
        at: Origin,
    },
    /// Those of at least this risk.
    AtLeast {
        /// The least risk.
        level: Risk,
        /// Who approves.
        approval: Approval,
        /// Whether it was written, and is not the default.
        stated: bool,
    },
}

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: Option<String>,
    /// Its documentation.
    pub docs: String,
    /// What it decides.
    pub action: Action,
    /// Who asks: any of these.
    pub subjects: Vec<PrincipalPattern>,
    /// For what: any of these.
    pub targets: Vec<CapabilityPattern>,
    /// When; always, if there is none.
    pub condition: Option<Expr>,
    /// Why.
    pub because: Option<String>,
    /// All of it.
    pub at: Origin,
}

/// A transaction of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// What it takes.
    pub params: Fields,
    /// What it returns.
    pub returns: Option<Schema>,
    /// Who calls, where a step does not say otherwise.
    pub principal: String,
    /// The policy that decides.
    pub policy: String,
    /// What it may spend.
    pub budget: Budget,
    /// The tenant it works for.
    pub tenant: Option<Expr>,
    /// What it does.
    pub body: Vec<Node>,
    /// Its head.
    pub at: Origin,
}

/// What a workflow may spend; no bound where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Budget {
    /// Money.
    pub money: Option<Cost>,
    /// Calls, every attempt counted.
    pub calls: Option<u32>,
    /// Time, in milliseconds.
    pub time: Option<i64>,
    /// Where it is said.
    pub at: Origin,
}

/// A statement of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it does.
    pub kind: NodeKind,
    /// Its documentation.
    pub docs: String,
    /// All of it.
    pub at: Origin,
}

/// The statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A call through the gate.
    Step(Box<Step>),
    /// Ends the workflow as failed where the condition does not hold.
    Check {
        /// What has to hold.
        condition: Expr,
        /// What to say otherwise: a string.
        message: Expr,
    },
    /// Ends the workflow as failed.
    Fail {
        /// What to say: a string.
        message: Expr,
    },
    /// A name for a value.
    Let {
        /// The name.
        name: String,
        /// The value.
        value: Expr,
    },
    /// Branches: the first whose condition holds, or the last.
    If {
        /// Conditions and what they lead to.
        arms: Vec<(Expr, Vec<Node>)>,
        /// Where none holds.
        otherwise: Vec<Node>,
    },
    /// All at once, but for what `after` orders.
    Parallel {
        /// Each a branch of its own.
        branches: Vec<Node>,
    },
    /// Once for each element.
    For {
        /// Whether all rounds run at once.
        parallel: bool,
        /// The name of the element.
        name: String,
        /// The elements.
        list: Expr,
        /// The most rounds; a longer list fails before the first.
        limit: u32,
        /// A round.
        body: Vec<Node>,
    },
    /// A human step of its own. Binds a record of `by`, `at` and `comment`.
    Approval {
        /// The name of the answer.
        name: String,
        /// Who answers.
        approval: Approval,
        /// What is asked: a string.
        question: Expr,
    },
    /// A durable timer.
    Wait {
        /// How long.
        duration: Expr,
    },
    /// Ends the workflow with its result.
    Return {
        /// The result.
        value: Expr,
    },
}

/// A call in a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name, under which later statements read its result.
    pub name: String,
    /// Who calls.
    pub principal: String,
    /// What is called.
    pub target: Target,
    /// What is called instead, in order, when it fails.
    pub fallbacks: Vec<Call>,
    /// How it is retried, where that differs from what the capability says.
    pub retry: Option<Retry>,
    /// How long one attempt may take, where that differs, in milliseconds.
    pub timeout: Option<i64>,
    /// How it is undone, where that differs. Its scope is the workflow's at this step and the step's own result by its name.
    pub compensation: Option<Table<Compensation>>,
    /// Whether the workflow goes on when it fails.
    pub continues_on_failure: bool,
    /// In a `parallel`, the branches' steps that come first.
    pub after: Vec<String>,
}

/// What a step calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A capability.
    Call(Call),
    /// Another workflow.
    Run {
        /// Its name.
        workflow: String,
        /// Its arguments.
        arguments: Vec<(String, Expr)>,
        /// Where it stands.
        at: Origin,
    },
}

/// A `prove` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// What it says.
    pub kind: ClaimKind,
    /// All of it.
    pub at: Origin,
}

/// What can be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimKind {
    /// About a policy: for no, every, or some request by these for those, the decision is this.
    Policy {
        /// The policy.
        policy: String,
        /// How often.
        quantifier: Quantifier,
        /// Which decision.
        decision: Decision,
        /// Who asks.
        subjects: Vec<PrincipalPattern>,
        /// For what.
        targets: Vec<CapabilityPattern>,
        /// When.
        condition: Option<Expr>,
    },
    /// Whatever happens, what was done is undone.
    AlwaysUndoes {
        /// The workflow.
        workflow: String,
    },
    /// No path spends more.
    SpendsAtMost {
        /// The workflow.
        workflow: String,
        /// The amount.
        amount: Cost,
    },
    /// No path calls it more often.
    CallsAtMost {
        /// The workflow.
        workflow: String,
        /// The capability.
        capability: String,
        /// How often.
        times: u32,
    },
    /// On every path that calls the second, the first was called before.
    CallsBefore {
        /// The workflow.
        workflow: String,
        /// The capability that comes first.
        first: String,
        /// The capability that comes after.
        second: String,
    },
    /// On every path that calls it, a human approved before, or approves that call.
    NeverWithoutApproval {
        /// The workflow.
        workflow: String,
        /// The capability.
        capability: String,
    },
}

/// A test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// What it shows.
    pub title: String,
    /// What it does, in order.
    pub statements: Vec<TestStatement>,
    /// Its head.
    pub at: Origin,
}

/// A statement of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestStatement {
    /// What it does.
    pub kind: TestStatementKind,
    /// All of it.
    pub at: Origin,
}

/// The statements of tests. Records are typed, and hold literals alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestStatementKind {
    /// A decision is expected.
    ExpectDecision {
        /// The policies that may be meant: the one that has the rule, or all.
        policies: Vec<String>,
        /// Which decision.
        decision: Decision,
        /// Which rule makes it.
        by: Option<ExpectedRule>,
        /// Who asks.
        principal: String,
        /// The roles that the request asserts.
        roles: Vec<String>,
        /// For what, with which input.
        call: Call,
        /// The context.
        context: Vec<(String, Expr)>,
    },
    /// An end of the last run is expected.
    ExpectEnd(ExpectedEnd),
    /// The calls of the last run, in order, compensations included.
    ExpectCalls(Vec<String>),
    /// What a simulated capability does.
    Given(String, Given),
    /// A human decides at a step.
    Decide {
        /// Whether it is approved.
        approve: bool,
        /// The step.
        step: String,
        /// Who decides.
        by: Option<String>,
    },
    /// A run.
    Run {
        /// The workflow.
        workflow: String,
        /// Its arguments.
        arguments: Vec<(String, Expr)>,
        /// The context.
        context: Vec<(String, Expr)>,
    },
}

/// The rule that a test expects to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedRule {
    /// By its place, from 1.
    Index(u32),
    /// The default.
    Default,
}

/// The end that a test expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedEnd {
    /// With a result that has these fields.
    Completed(Vec<(String, Expr)>),
    /// Everything that was done is undone.
    Compensated,
    /// It failed, with a message that contains this.
    Failed(Option<String>),
    /// An undo needs a human.
    Stuck,
}

/// What a simulated capability does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Gives this.
    Returns(Vec<(String, Expr)>),
    /// Fails.
    Fails {
        /// Whether a retry may help.
        transient: bool,
        /// What it says.
        message: String,
        /// How often; always, if nothing is said.
        times: Option<u32>,
    },
    /// Never answers.
    TimesOut,
}

/// A finding that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its code.
    pub code: String,
    /// Why.
    pub reason: String,
    /// What it was found on.
    pub on: AcceptedOn,
    /// Where it is said.
    pub at: Origin,
}

/// What an accepted finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum AcceptedOn {
    Capability(String),
    Policy(String),
    /// The rule's place counts from 1.
    Rule {
        policy: String,
        index: u32,
    },
    Workflow(String),
    /// `ordinal` counts the workflow's statements from 1, in the order of the source, nested ones included.
    Statement {
        workflow: String,
        ordinal: u32,
    },
    Claim(String),
    Package,
}
