//! `prove` statements and tests.

use super::build::Problems;
use super::item::patterns;
use super::policy::subjects_and_targets;
use super::{Call, Expr, MoneyLiteral, Name, Record, StringLiteral};
use crate::Span;
use crate::tree::{Kind, Node};

/// `prove NAME in P: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prove {
    /// Its name.
    pub name: Name,
    /// The policy or the workflow that it is about.
    pub subject: Name,
    /// What it claims.
    pub claim: Claim,
}

/// What a `prove` claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// `never|always|sometimes DECISION SUBJECTS to TARGETS [when E]`
    Policy {
        /// How often.
        quantifier: Quantifier,
        /// Which decision.
        decision: Decision,
        /// Who asks.
        subjects: Vec<Name>,
        /// For what.
        targets: Vec<Name>,
        /// When.
        condition: Option<Expr>,
    },
    /// `always undoes`
    AlwaysUndoes,
    /// `spends at most M`
    SpendsAtMost(MoneyLiteral),
    /// `calls C at most N times`: the number as written.
    CallsAtMost(Name, Name),
    /// `calls A before B`
    CallsBefore(Name, Name),
    /// `never calls C without approval`
    NeverWithoutApproval(Name),
}

/// How often something is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// For no request.
    Never,
    /// For every request.
    Always,
    /// For some request.
    Sometimes,
}

/// The three decisions, as claims and tests name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// `allow`
    Allow,
    /// `deny`
    Deny,
    /// `approval`
    Approval,
}

/// `test "…" { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// What it shows.
    pub title: StringLiteral,
    /// Its statements.
    pub statements: Vec<TestStatement>,
    /// Whether something in it could not be read.
    pub broken: bool,
}

/// A statement of a test and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestStatement {
    /// What it says.
    pub kind: TestStatementKind,
    /// All of it.
    pub span: Span,
}

/// The statements of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestStatementKind {
    /// `expect DECISION [by RULE] for P [asserting R, …] to CAP {…} [with {…}]`
    ExpectDecision {
        /// Which decision.
        decision: Decision,
        /// Which rule makes it.
        by: Option<ByRule>,
        /// Who asks.
        principal: Name,
        /// The roles that the request asserts.
        asserting: Vec<Name>,
        /// For what.
        call: Call,
        /// The context.
        with: Option<Record>,
    },
    /// `expect completed {…}` and the like
    ExpectEnd(ExpectedEnd),
    /// `expect calls [a.b, c.d]`
    ExpectCalls(Vec<Name>, Span),
    /// `given CAP …`
    Given(Name, Given),
    /// `approve n [by P]`, `reject n [by P]`
    Decide {
        /// Whether it is approved.
        approve: bool,
        /// The step that waits.
        step: Name,
        /// Who decides.
        by: Option<Name>,
    },
    /// `run W {…} [with {…}]`
    Run {
        /// The workflow.
        workflow: Name,
        /// Its arguments.
        arguments: Record,
        /// The context.
        with: Option<Record>,
    },
}

/// The rule that a test expects to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByRule {
    /// By its name.
    Name(Name),
    /// By its place, from 1, as written.
    Index(Name),
    /// The policy's default.
    Default(Span),
}

/// The end that a test expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedEnd {
    /// `completed {…}`: fields of the result.
    Completed(Option<Record>),
    /// `compensated`
    Compensated,
    /// `failed "…"`: part of the message.
    Failed(Option<StringLiteral>),
    /// `stuck`
    Stuck,
}

/// What a simulated capability does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// `returns {…}`
    Returns(Record),
    /// `fails [transient] "…" [N times]`
    Fails {
        /// Whether a retry may help.
        transient: bool,
        /// What it says.
        message: StringLiteral,
        /// How often, as written; always, where nothing is said.
        times: Option<Name>,
    },
    /// `times out`
    TimesOut,
}

impl Prove {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Prove> {
        let mut names = node.names(Kind::name).into_iter();
        let (name, subject) = (names.next()?, names.next()?);
        let claim = match (node.child(Kind::policy_claim), node.child(Kind::workflow_claim)) {
            (Some(claim), _) => policy_claim(claim, problems)?,
            (None, claim) => workflow_claim(claim?)?,
        };
        Some(Prove { name, subject, claim })
    }
}

fn policy_claim(node: Node<'_>, problems: &mut Problems) -> Option<Claim> {
    let quantifier = if node.has(Kind::kw_never) {
        Quantifier::Never
    } else if node.has(Kind::kw_always) {
        Quantifier::Always
    } else {
        Quantifier::Sometimes
    };
    let (subjects, targets) = subjects_and_targets(node);
    let condition = node.child(Kind::rule_guard).and_then(|guard| guard.expr(problems));
    Some(Claim::Policy { quantifier, decision: decision(node)?, subjects, targets, condition })
}

fn workflow_claim(node: Node<'_>) -> Option<Claim> {
    let mut capabilities = node.names(Kind::cap_id).into_iter();
    Some(if node.has(Kind::kw_undoes) {
        Claim::AlwaysUndoes
    } else if let Some(money) = node.child(Kind::money) {
        Claim::SpendsAtMost(MoneyLiteral::from_node(money))
    } else if let Some(times) = node.name(Kind::int) {
        Claim::CallsAtMost(capabilities.next()?, times)
    } else if node.has(Kind::kw_before) {
        Claim::CallsBefore(capabilities.next()?, capabilities.next()?)
    } else {
        Claim::NeverWithoutApproval(capabilities.next()?)
    })
}

fn decision(node: Node<'_>) -> Option<Decision> {
    let decision = node.child(Kind::decision)?;
    Some(if decision.has(Kind::kw_allow) {
        Decision::Allow
    } else if decision.has(Kind::kw_deny) {
        Decision::Deny
    } else {
        Decision::Approval
    })
}

impl Test {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Test> {
        let title = node.string(problems)?;
        let statements = node.children().filter_map(|child| {
            let kind = test_statement(child, problems)?;
            Some(TestStatement { kind, span: child.span() })
        });
        let statements = statements.collect();
        let broken = node.has(Kind::bad_test_statement) || node.has(Kind::missing_close);
        Some(Test { title, statements, broken })
    }
}

fn test_statement(node: Node<'_>, problems: &mut Problems) -> Option<TestStatementKind> {
    let mut records = node.children().filter(|child| child.kind() == Kind::record);
    Some(match node.kind() {
        Kind::expect_decision => TestStatementKind::ExpectDecision {
            decision: decision(node)?,
            by: node.child(Kind::by_rule).map(by_rule),
            principal: node.name(Kind::principal)?,
            asserting: node.child(Kind::asserting).map(patterns).unwrap_or_default(),
            call: Call::from_node(node.child(Kind::call)?, problems)?,
            with: records.next().map(|record| Record::from_node(record, problems)),
        },
        Kind::expect_end => TestStatementKind::ExpectEnd(if node.has(Kind::kw_completed) {
            ExpectedEnd::Completed(records.next().map(|record| Record::from_node(record, problems)))
        } else if node.has(Kind::kw_compensated) {
            ExpectedEnd::Compensated
        } else if node.has(Kind::kw_failed) {
            ExpectedEnd::Failed(node.string(problems))
        } else {
            ExpectedEnd::Stuck
        }),
        Kind::expect_calls => TestStatementKind::ExpectCalls(node.names(Kind::cap_id), node.span()),
        Kind::given => TestStatementKind::Given(node.name(Kind::cap_id)?, given(node, problems)?),
        Kind::approve | Kind::reject => TestStatementKind::Decide {
            approve: node.kind() == Kind::approve,
            step: node.name(Kind::name)?,
            by: node.name(Kind::principal),
        },
        Kind::test_run => TestStatementKind::Run {
            workflow: node.name(Kind::name)?,
            arguments: Record::from_node(records.next()?, problems),
            with: records.next().map(|record| Record::from_node(record, problems)),
        },
        _ => return None,
    })
}

fn by_rule(node: Node<'_>) -> ByRule {
    match (node.name(Kind::name), node.name(Kind::int)) {
        (Some(name), _) => ByRule::Name(name),
        (None, Some(index)) => ByRule::Index(index),
        (None, None) => ByRule::Default(node.span()),
    }
}

fn given(node: Node<'_>, problems: &mut Problems) -> Option<Given> {
    if let Some(record) = node.child(Kind::record) {
        return Some(Given::Returns(Record::from_node(record, problems)));
    }
    if !node.has(Kind::kw_fails) {
        return Some(Given::TimesOut);
    }
    let transient = node.has(Kind::kw_transient);
    Some(Given::Fails { transient, message: node.string(problems)?, times: node.name(Kind::int) })
}
