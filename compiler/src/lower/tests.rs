//! Tests: what they name exists, and their records have the right types.

use gov_grammar::ast::{self, ByRule, TestStatementKind as Written};
use gov_grammar::closest;
use gov_plan::expr::Expr;
use gov_plan::model::{
    ExpectedEnd, ExpectedRule, Given, NodeKind, Policy, Test, TestStatement, TestStatementKind, Workflow,
};
use gov_plan::pattern::PrincipalPattern;
use gov_plan::types::{Fields, Type};

use super::symbols::Declared;
use super::{Context, origin};
use crate::errors::{names, structure};
use crate::source::{FileId, Span};

/// The package that a test is about.
struct Subject<'m> {
    workflows: &'m [Workflow],
    policies: &'m [Policy],
}

impl Context<'_> {
    pub(super) fn build_tests(&mut self, workflows: &[Workflow], policies: &[Policy]) -> Vec<Test> {
        let declared = self.symbols.tests.clone();
        let subject = Subject { workflows, policies };
        let wanted: Vec<_> = declared.iter().filter(|test| self.symbols.is_wanted(test)).collect();
        wanted.into_iter().filter_map(|test| self.test(test, &subject)).collect()
    }

    fn test(&mut self, declared: &Declared<'_, ast::Test>, subject: &Subject<'_>) -> Option<Test> {
        let file = declared.file;
        let title = self.plain_string(file, &declared.decl.title);
        let mut statements = Vec::new();
        let mut ran: Option<&ast::Name> = None;
        for statement in &declared.decl.statements {
            let span = declared.span(statement.span);
            if let Written::Run { workflow, .. } = &statement.kind {
                ran = Some(workflow);
            }
            let needs_run = matches!(statement.kind, Written::ExpectEnd(_) | Written::ExpectCalls(..));
            if needs_run && ran.is_none() && !declared.decl.broken {
                let help = "write `run WORKFLOW { … }` before it";
                self.report(structure::bad_value(span, "nothing was run of which an end could be expected", help));
                continue;
            }
            let kind = self.test_statement(file, &statement.kind, span, ran, subject);
            statements.extend(kind.map(|kind| TestStatement { kind, at: origin(span) }));
        }
        Some(Test { title: title?, statements, at: origin(declared.span(declared.decl.title.span)) })
    }

    fn test_statement(
        &mut self,
        file: FileId,
        statement: &Written,
        span: Span,
        ran: Option<&ast::Name>,
        subject: &Subject<'_>,
    ) -> Option<TestStatementKind> {
        Some(match statement {
            Written::ExpectDecision { decision, by, principal, asserting, call, with } => {
                let (policies, by) = self.expected_rule(file, by.as_ref(), subject)?;
                let principal = self.principal(file, principal);
                let roles = self.asserted_roles(file, asserting);
                let scope = self.scope(Vec::new(), true);
                let call = self.call(file, call, &scope, &[]);
                let context = self.context_record(file, with.as_ref(), span);
                TestStatementKind::ExpectDecision {
                    policies,
                    decision: *decision,
                    by,
                    principal: principal?,
                    roles: roles?,
                    call: call?,
                    context: context?,
                }
            }
            Written::ExpectEnd(end) => TestStatementKind::ExpectEnd(self.expected_end(file, end, ran, subject)?),
            Written::ExpectCalls(calls, _) => {
                let mut whole = true;
                for call in calls {
                    whole &= self.capability_id(Span::new(file, call.span.start, call.span.end), &call.text).is_some();
                }
                if !whole {
                    return None;
                }
                TestStatementKind::ExpectCalls(calls.iter().map(|call| call.text.clone()).collect())
            }
            Written::Given(capability, given) => {
                self.capability_id(Span::new(file, capability.span.start, capability.span.end), &capability.text)?;
                TestStatementKind::Given(capability.text.clone(), self.given(file, capability, given)?)
            }
            Written::Decide { approve, step, by } => {
                self.deciding_step(file, step, subject)?;
                let by = match by {
                    Some(by) => Some(self.principal(file, by)?),
                    None => None,
                };
                TestStatementKind::Decide { approve: *approve, step: step.text.clone(), by }
            }
            Written::Run { workflow, arguments, with } => {
                let context = self.context_record(file, with.as_ref(), span);
                let arguments = self.run_arguments(file, workflow, arguments, subject);
                TestStatementKind::Run { workflow: workflow.text.clone(), arguments: arguments?, context: context? }
            }
        })
    }

    /// Fields of a record of literals. `all` of them have to be given, or some.
    fn record(
        &mut self,
        file: FileId,
        record: &ast::Record,
        fields: &Fields,
        what: &str,
        all: bool,
    ) -> Option<Vec<(String, Expr)>> {
        let scope = self.scope(Vec::new(), true);
        self.check(file, &scope, |checker| match all {
            true => checker.arguments(record, fields, what),
            false => checker.some_fields(record, fields, what),
        })
    }

    /// The context of a request: all of it has to be given, since a request without it cannot be decided.
    fn context_record(&mut self, file: FileId, with: Option<&ast::Record>, span: Span) -> Option<Vec<(String, Expr)>> {
        let context = self.symbols.context.clone();
        if !context.whole {
            return None;
        }
        if let Some(record) = with {
            return self.record(file, record, &context.fields, "the context", true);
        }
        let missing = context.fields.iter().find(|field| !field.schema.optional);
        if let Some(field) = missing {
            let found = names::missing_field(span, &field.name, &field.schema.ty.to_string(), "the context");
            self.report(found.help("say what the request supplies: add `with { … }`"));
            return None;
        }
        Some(Vec::new())
    }

    fn expected_rule(
        &mut self,
        file: FileId,
        by: Option<&ByRule>,
        subject: &Subject<'_>,
    ) -> Option<(Vec<String>, Option<ExpectedRule>)> {
        let all: Vec<String> = subject.policies.iter().map(|policy| policy.name.clone()).collect();
        match by {
            None => Some((all, None)),
            Some(ByRule::Default(_)) => Some((all, Some(ExpectedRule::Default))),
            Some(ByRule::Index(number)) => {
                let index = self.count(file, number, "the place of a rule")?;
                let most = self.symbols.policies.iter().map(|policy| policy.decl.rules.len()).max().unwrap_or_default();
                let broken = self.symbols.policies.iter().any(|policy| policy.decl.broken);
                if index as usize > most && !broken {
                    let span = Span::new(file, number.span.start, number.span.end);
                    self.report(names::unknown_name(span, "rule", &number.text, None));
                    return None;
                }
                Some((all, Some(ExpectedRule::Index(index))))
            }
            Some(ByRule::Name(name)) => {
                for policy in subject.policies {
                    let found = (1..).zip(&policy.rules).find(|(_, rule)| rule.name.as_deref() == Some(name.as_str()));
                    if let Some((index, _)) = found {
                        return Some((vec![policy.name.clone()], Some(ExpectedRule::Index(index))));
                    }
                }
                let declared: Vec<&str> = self
                    .symbols
                    .policies
                    .iter()
                    .flat_map(|policy| policy.decl.rules.iter().filter_map(|rule| rule.name.as_ref()))
                    .map(|name| name.as_str())
                    .collect();
                let broken = self.symbols.policies.iter().any(|policy| policy.decl.broken);
                if !declared.contains(&name.as_str()) && !broken {
                    let meant = closest(&name.text, declared.iter().copied());
                    let span = Span::new(file, name.span.start, name.span.end);
                    let found = names::unknown_name(span, "rule", &name.text, meant);
                    self.report(found);
                }
                None
            }
        }
    }

    fn asserted_roles(&mut self, file: FileId, asserting: &[ast::Name]) -> Option<Vec<String>> {
        let patterns = self.principals(file, asserting)?;
        let mut roles = Vec::new();
        for (pattern, written) in patterns.iter().zip(asserting) {
            match pattern {
                PrincipalPattern::Role(role) => roles.push(role.clone()),
                _ => {
                    let span = Span::new(file, written.span.start, written.span.end);
                    let help = "write `asserting role:NAME`";
                    self.report(structure::bad_pattern(span, "a request asserts roles", help));
                    return None;
                }
            }
        }
        Some(roles)
    }

    fn expected_end(
        &mut self,
        file: FileId,
        end: &ast::ExpectedEnd,
        ran: Option<&ast::Name>,
        subject: &Subject<'_>,
    ) -> Option<ExpectedEnd> {
        Some(match end {
            ast::ExpectedEnd::Completed(None) => ExpectedEnd::Completed(Vec::new()),
            ast::ExpectedEnd::Completed(Some(record)) => {
                let workflow =
                    subject.workflows.iter().find(|workflow| Some(&workflow.name) == ran.map(|name| &name.text))?;
                match workflow.returns.as_ref().map(|schema| &schema.ty) {
                    Some(Type::Record(fields)) => {
                        let what = format!("the result of `{}`", workflow.name);
                        ExpectedEnd::Completed(self.record(file, record, fields, &what, false)?)
                    }
                    _ => {
                        let span = Span::new(file, record.span.start, record.span.end);
                        let message = format!("the result of `{}` has no fields", workflow.name);
                        self.report(structure::bad_value(span, &message, "write `expect completed` alone"));
                        return None;
                    }
                }
            }
            ast::ExpectedEnd::Compensated => ExpectedEnd::Compensated,
            ast::ExpectedEnd::Failed(None) => ExpectedEnd::Failed(None),
            ast::ExpectedEnd::Failed(Some(message)) => ExpectedEnd::Failed(Some(self.plain_string(file, message)?)),
            ast::ExpectedEnd::Stuck => ExpectedEnd::Stuck,
        })
    }

    fn given(&mut self, file: FileId, capability: &ast::Name, given: &ast::Given) -> Option<Given> {
        Some(match given {
            ast::Given::Returns(record) => {
                let built = self.symbols.capability(&capability.text).filter(|built| built.output_whole)?;
                let output = built.capability.output.clone();
                let what = format!("the output of `{}`", capability.text);
                Given::Returns(self.record(file, record, &output, &what, true)?)
            }
            ast::Given::Fails { transient, message, times } => Given::Fails {
                transient: *transient,
                message: self.plain_string(file, message)?,
                times: match times {
                    Some(times) => Some(self.count(file, times, "how often it fails")?),
                    None => None,
                },
            },
            ast::Given::TimesOut => Given::TimesOut,
        })
    }

    fn run_arguments(
        &mut self,
        file: FileId,
        name: &ast::Name,
        arguments: &ast::Record,
        subject: &Subject<'_>,
    ) -> Option<Vec<(String, Expr)>> {
        let Some(workflow) = subject.workflows.iter().find(|workflow| workflow.name == name.text) else {
            if !self.symbols.is_poisoned(&name.text) {
                let meant = closest(&name.text, subject.workflows.iter().map(|workflow| workflow.name.as_str()));
                let span = Span::new(file, name.span.start, name.span.end);
                let found = names::unknown_name(span, "workflow", &name.text, meant);
                self.report(found);
            }
            return None;
        };
        let params = workflow.params.clone();
        if let Some(place) = self.symbols.workflow_place(&name.text) {
            self.notes.refer(Span::new(file, name.span.start, name.span.end), place);
        }
        self.record(file, arguments, &params, &format!("`{}`", name.text), true)
    }

    /// The step or approval that a human decides about.
    fn deciding_step(&mut self, file: FileId, step: &ast::Name, subject: &Subject<'_>) -> Option<()> {
        let mut known: Vec<&str> = Vec::new();
        for workflow in subject.workflows {
            collect_names(&workflow.body, &mut known);
        }
        let broken = self.symbols.workflows.iter().any(|workflow| workflow.decl.broken);
        if known.contains(&step.as_str()) || broken {
            return Some(());
        }
        let meant = closest(&step.text, known.iter().copied());
        let span = Span::new(file, step.span.start, step.span.end);
        // A step whose call is wrong is not in the model, and was reported.
        if self.diagnostics.is_empty() {
            let found = names::unknown_name(span, "step", &step.text, meant);
            self.report(found);
        }
        None
    }
}

fn collect_names<'m>(nodes: &'m [gov_plan::model::Node], found: &mut Vec<&'m str>) {
    for node in nodes {
        match &node.kind {
            NodeKind::Step(step) => found.push(&step.name),
            NodeKind::Approval { name, .. } => found.push(name),
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| collect_names(body, found));
                collect_names(otherwise, found);
            }
            NodeKind::Parallel { branches } => collect_names(branches, found),
            NodeKind::For { body, .. } => collect_names(body, found),
            _ => {}
        }
    }
}
