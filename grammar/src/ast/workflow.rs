//! Workflows and their statements.

use super::build::{Lead, Problems};
use super::capability::{compensation, rows};
use super::policy::approval_options;
use super::types::fields;
use super::{
    Accept, ApprovalOption, Call, Compensation, Expr, Field, MoneyLiteral, Name, Record, Retry, Row, StringLiteral,
    Type,
};
use crate::Span;
use crate::tree::{Kind, Node};

/// `workflow w(…) -> T { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Field>,
    /// What it returns.
    pub returns: Option<Type>,
    /// The clauses of its header, in the order of the source, each with the number of statements before it.
    pub header: Vec<(HeaderClause, usize, Span)>,
    /// Its statements.
    pub body: Block,
    /// Whether something in it could not be read.
    pub broken: bool,
}

/// A clause of a workflow's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderClause {
    /// `principal P`
    Principal(Name),
    /// `policy NAME`
    Policy(Name),
    /// `budget …`
    Budget(Vec<BudgetPart>),
    /// `tenant E`
    Tenant(Expr),
}

/// A part of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BudgetPart {
    /// An amount.
    Money(MoneyLiteral),
    /// `N calls`: the number as written.
    Calls(Name),
    /// A duration, as written.
    Time(Name),
}

/// Statements in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Statement>,
    /// Findings accepted where no statement follows.
    pub stray_accepts: Vec<Accept>,
    /// Whether something in it could not be read.
    pub broken: bool,
    /// The block with its braces.
    pub span: Span,
}

/// A statement with what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The documentation before it.
    pub docs: String,
    /// The findings accepted on it.
    pub accepts: Vec<Accept>,
    /// What it is.
    pub kind: StatementKind,
    /// All of it.
    pub span: Span,
}

/// The statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind {
    /// `step n = …`
    Step(Box<Step>),
    /// `check E else "…"`
    Check(Expr, StringLiteral),
    /// `fail "…"`
    Fail(StringLiteral),
    /// `let n = E`
    Let(Name, Expr),
    /// `if E {…} else if … else {…}`
    If {
        /// The conditions with their blocks.
        arms: Vec<(Expr, Block)>,
        /// The last `else`.
        otherwise: Option<Block>,
    },
    /// `parallel {…}`
    Parallel(Block),
    /// `for x in LIST up to N {…}`, `parallel for …`
    For {
        /// Whether all rounds run at once.
        parallel: bool,
        /// The name of the element.
        name: Name,
        /// The list.
        list: Expr,
        /// The most rounds, as written.
        limit: Name,
        /// What each round does.
        body: Block,
    },
    /// `approval n from P [within D] "…"`
    Approval {
        /// The name of its answer.
        name: Name,
        /// `from`, `quorum`, `within`.
        options: Vec<ApprovalOption>,
        /// What is asked.
        question: StringLiteral,
    },
    /// `wait D`
    Wait(Expr),
    /// `return E`
    Return(Expr),
}

/// `step n [as P] = CALL [opts]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: Name,
    /// Who calls, if not the workflow's principal.
    pub principal: Option<Name>,
    /// What is called.
    pub target: StepTarget,
    /// Its options in the order of the source.
    pub options: Vec<(StepOption, Span)>,
}

/// What a step calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepTarget {
    /// A capability.
    Call(Call),
    /// `run w {…}`: the workflow and its arguments.
    Run(Name, Record),
}

/// The options of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOption {
    /// `retry …`
    Retry(Retry),
    /// `timeout D`: the duration as written.
    Timeout(Name),
    /// `compensate …`
    Compensate(Vec<Row<Compensation>>),
    /// `or CALL`
    Or(Call),
    /// `on failure continue`
    OnFailureContinue,
    /// `after a, b`
    After(Vec<Name>),
}

impl Workflow {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Workflow> {
        let params = node.child(Kind::params).map(|params| fields(params, problems)).unwrap_or_default();
        let returns = node.child(Kind::type_expr).map(|ty| Type::from_node(ty, problems));
        let mut header = Vec::new();
        let mut statements_before = 0;
        for child in node.children() {
            if let Some(clause) = HeaderClause::from_node(child, problems) {
                header.push((clause, statements_before, child.span()));
            } else if is_statement(child.kind()) {
                statements_before += 1;
            }
        }
        let body = Block::from_node(node, problems);
        let broken = body.broken;
        Some(Workflow { name: node.name(Kind::name)?, params, returns, header, body, broken })
    }
}

impl HeaderClause {
    fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<HeaderClause> {
        Some(match node.kind() {
            Kind::principal_clause => HeaderClause::Principal(node.name(Kind::principal)?),
            Kind::policy_ref => HeaderClause::Policy(node.name(Kind::name)?),
            Kind::budget_clause => {
                let parts = node.children().filter(|child| child.kind() == Kind::budget_part);
                HeaderClause::Budget(parts.filter_map(BudgetPart::from_node).collect())
            }
            Kind::tenant_clause => HeaderClause::Tenant(node.expr(problems)?),
            _ => return None,
        })
    }
}

impl BudgetPart {
    fn from_node(node: Node<'_>) -> Option<BudgetPart> {
        let part = node.parts().next()?;
        Some(match part.kind() {
            Kind::money => BudgetPart::Money(MoneyLiteral::from_node(part)),
            Kind::int => BudgetPart::Calls(Name::from_node(part)),
            _ => BudgetPart::Time(Name::from_node(part)),
        })
    }
}

fn is_statement(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::step
            | Kind::check
            | Kind::fail
            | Kind::let_stmt
            | Kind::if_stmt
            | Kind::parallel
            | Kind::parallel_for
            | Kind::for_stmt
            | Kind::approval_stmt
            | Kind::wait
            | Kind::return_stmt
    )
}

impl Block {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Block {
        let mut block = Block { span: node.span(), ..Block::default() };
        let mut lead = Lead::default();
        for child in node.children() {
            if lead.take(child, problems) {
                continue;
            }
            if matches!(child.kind(), Kind::bad_statement | Kind::missing_close) {
                block.broken = true;
            } else if let Some(kind) = statement(child, problems) {
                let (docs, accepts) = lead.finish();
                block.broken |= kind.is_broken();
                block.statements.push(Statement { docs, accepts, kind, span: child.span() });
            } else {
                lead.pass();
            }
        }
        block.stray_accepts = lead.left_over();
        block
    }
}

impl StatementKind {
    /// Whether a block below could not be read whole.
    fn is_broken(&self) -> bool {
        match self {
            StatementKind::If { arms, otherwise } => {
                arms.iter().any(|(_, block)| block.broken) || otherwise.as_ref().is_some_and(|block| block.broken)
            }
            StatementKind::Parallel(body) | StatementKind::For { body, .. } => body.broken,
            _ => false,
        }
    }
}

fn statement(node: Node<'_>, problems: &mut Problems) -> Option<StatementKind> {
    Some(match node.kind() {
        Kind::step => StatementKind::Step(Box::new(Step::from_node(node, problems)?)),
        Kind::check => StatementKind::Check(node.expr(problems)?, node.string(problems)?),
        Kind::fail => StatementKind::Fail(node.string(problems)?),
        Kind::let_stmt => StatementKind::Let(node.name(Kind::name)?, node.expr(problems)?),
        Kind::if_stmt => if_statement(node, problems),
        Kind::parallel => StatementKind::Parallel(Block::from_node(node.child(Kind::block)?, problems)),
        Kind::for_stmt | Kind::parallel_for => StatementKind::For {
            parallel: node.kind() == Kind::parallel_for,
            name: node.name(Kind::name)?,
            list: node.expr(problems)?,
            limit: node.name(Kind::int)?,
            body: Block::from_node(node.child(Kind::block)?, problems),
        },
        Kind::approval_stmt => StatementKind::Approval {
            name: node.name(Kind::name)?,
            options: approval_options(node),
            question: node.string(problems)?,
        },
        Kind::wait => StatementKind::Wait(node.expr(problems)?),
        Kind::return_stmt => StatementKind::Return(node.expr(problems)?),
        _ => return None,
    })
}

fn if_statement(node: Node<'_>, problems: &mut Problems) -> StatementKind {
    let mut arms = Vec::new();
    let mut otherwise = None;
    let mut condition = None;
    for child in node.children() {
        match child.kind() {
            Kind::expr => condition = Some(super::build::expr(child, problems)),
            Kind::block => match condition.take() {
                Some(condition) => arms.push((condition, Block::from_node(child, problems))),
                None => otherwise = Some(Block::from_node(child, problems)),
            },
            _ => {}
        }
    }
    StatementKind::If { arms, otherwise }
}

impl Step {
    fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Step> {
        let target = match (node.child(Kind::call), node.child(Kind::run_call)) {
            (Some(call), _) => StepTarget::Call(Call::from_node(call, problems)?),
            (None, run) => {
                let run = run?;
                StepTarget::Run(run.name(Kind::name)?, Record::from_node(run.child(Kind::record)?, problems))
            }
        };
        let options = node.children().filter_map(|child| Some((step_option(child, problems)?, child.span()))).collect();
        Some(Step { name: node.name(Kind::name)?, principal: node.name(Kind::principal), target, options })
    }
}

fn step_option(node: Node<'_>, problems: &mut Problems) -> Option<StepOption> {
    Some(match node.kind() {
        Kind::retry_clause => StepOption::Retry(Retry::from_node(node)),
        Kind::timeout_clause => StepOption::Timeout(node.name(Kind::duration)?),
        Kind::compensate_clause => StepOption::Compensate(rows(node, Kind::compensate_row, problems, compensation)),
        Kind::or_call => StepOption::Or(Call::from_node(node.child(Kind::call)?, problems)?),
        Kind::on_failure => StepOption::OnFailureContinue,
        Kind::after => StepOption::After(node.names(Kind::name)),
        _ => return None,
    })
}
