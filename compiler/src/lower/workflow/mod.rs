//! Workflows: the head here, statements in `statements`, steps in `step`, the order of branches in `branches`.

mod bindings;
mod branches;
mod statements;
mod step;

use std::collections::BTreeMap;

use gov_grammar::ast::{self, BudgetPart, HeaderClause};
use gov_grammar::closest;
use gov_plan::model::{Budget, Target, Workflow};
use gov_plan::types::{Schema, Type};
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::symbols::Declared;
use super::{Context, origin, span_of};
use crate::errors::{names, structure};
use crate::source::{FileId, Span};
use bindings::Bindings;

/// What a workflow takes and gives, as others see it.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    params: gov_plan::types::Fields,
    returns: Option<Schema>,
    whole: bool,
}

/// The state of lowering one workflow.
struct Flow<'c, 'a> {
    context: &'c mut Context<'a>,
    file: FileId,
    name: &'c str,
    principal: String,
    returns: Option<Schema>,
    /// Whether the type of the result could be made.
    returns_whole: bool,
    signatures: &'c BTreeMap<String, Signature>,
    /// Every name that is bound anywhere, to bind each once.
    bound: BTreeMap<String, Span>,
    /// Whether something in the body could not be read: names may be bound there.
    broken: bool,
}

impl Context<'_> {
    pub(super) fn build_workflows(&mut self) -> Vec<Workflow> {
        let declared = self.symbols.workflows.clone();
        let mut signatures = BTreeMap::new();
        let counted: Vec<_> =
            declared.iter().filter(|workflow| self.symbols.may_count(&workflow.decl.name.text)).collect();
        for workflow in counted {
            let signature = self.signature(workflow);
            signatures.insert(workflow.decl.name.text.clone(), signature);
        }
        let wanted: Vec<_> = declared.iter().filter(|workflow| self.symbols.is_wanted(workflow)).collect();
        let workflows: Vec<_> = wanted.into_iter().map(|workflow| self.workflow(workflow, &signatures)).collect();
        self.recursion(&workflows);
        workflows
    }

    fn signature(&mut self, declared: &Declared<'_, ast::Workflow>) -> Signature {
        let (params, mut whole) = self.fields(declared.file, &declared.decl.params);
        let scope = self.scope(Vec::new(), true);
        let returns = declared.decl.returns.as_ref().and_then(|ty| {
            let schema = self.check(declared.file, &scope, |checker| {
                checker.schema(ty, None, None, &gov_plan::types::Fields::default())
            });
            whole &= schema.is_some();
            schema
        });
        Signature { params, returns, whole }
    }

    fn workflow(
        &mut self,
        declared: &Declared<'_, ast::Workflow>,
        signatures: &BTreeMap<String, Signature>,
    ) -> Workflow {
        let decl = declared.decl;
        let head = declared.span(decl.name.span);
        let signature = signatures.get(&decl.name.text).cloned();
        let params = signature.as_ref().map(|signature| signature.params.clone()).unwrap_or_default();
        let returns = signature.as_ref().and_then(|signature| signature.returns.clone());
        let mut workflow = Workflow {
            name: decl.name.text.clone(),
            docs: declared.item.docs.clone(),
            params,
            returns: returns.clone(),
            principal: String::new(),
            policy: String::new(),
            budget: Budget { at: origin(head), ..Budget::default() },
            tenant: None,
            body: Vec::new(),
            at: origin(head),
        };
        for param in decl.params.iter().filter(|param| param.name.text == "context") {
            self.report(names::reserved_name(declared.span(param.name.span), "context"));
        }
        let mut bindings = Bindings::default();
        for (field, param) in workflow.params.iter().zip(&decl.params) {
            bindings.bind(
                &field.name,
                Some((field.schema.ty.clone(), field.schema.optional)),
                declared.span(param.name.span),
            );
        }
        let context = &self.symbols.context;
        let context_ty = context.whole.then(|| (Type::Record(context.fields.clone()), false));
        let context_at = span_of(self.context_place());
        bindings.bind("context", context_ty, context_at);
        self.header(declared, &mut workflow, &bindings);
        let mut flow = Flow {
            file: declared.file,
            name: &decl.name.text,
            principal: workflow.principal.clone(),
            returns,
            returns_whole: signature.is_some_and(|signature| signature.whole),
            signatures,
            bound: bindings.places(head),
            broken: decl.broken,
            context: self,
        };
        let (body, _, ends) = flow.block(&decl.body, bindings, statements::Place::TOP);
        workflow.body = body;
        let promised = decl.returns.as_ref().filter(|_| !ends && !decl.broken);
        if let Some(ty) = promised {
            self.report(structure::no_return(declared.span(ty.span), &decl.name.text));
        }
        workflow
    }

    fn header(&mut self, declared: &Declared<'_, ast::Workflow>, workflow: &mut Workflow, params: &Bindings) {
        let decl = declared.decl;
        let owner = format!("`{}`", decl.name.text);
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for (clause, statements_before, span) in &decl.header {
            let span = declared.span(*span);
            let keyword = match clause {
                HeaderClause::Principal(_) => "`principal`",
                HeaderClause::Policy(_) => "`policy`",
                HeaderClause::Budget(_) => "`budget`",
                HeaderClause::Tenant(_) => "`tenant`",
            };
            if let Some((_, first)) = seen.iter().find(|(seen, _)| *seen == keyword) {
                self.report(names::said_twice(span, *first, keyword));
                continue;
            }
            seen.push((keyword, span));
            if *statements_before > 0 {
                self.report(structure::header_late(span));
            }
            match clause {
                HeaderClause::Principal(name) => {
                    workflow.principal = self.principal(declared.file, name).unwrap_or_default();
                }
                HeaderClause::Policy(name) => workflow.policy = self.policy_name(declared, name),
                HeaderClause::Budget(parts) => workflow.budget = self.budget(declared.file, parts, span),
                HeaderClause::Tenant(expr) => {
                    let scope = params.scope(self, true);
                    workflow.tenant = self.check(declared.file, &scope, |checker| checker.of_type(expr, &Type::String));
                }
            }
        }
        let said = |keyword: &str| decl.broken || seen.iter().any(|(seen, _)| *seen == keyword);
        let (principal, policy) = (said("`principal`"), said("`policy`"));
        let head = declared.span(decl.name.span);
        if !principal {
            self.report(names::missing_clause(head, &owner, "`principal`", "say who calls: `principal agent:NAME`"));
        }
        if !policy {
            self.report(names::missing_clause(head, &owner, "`policy`", "say which policy decides: `policy NAME`"));
        }
    }

    fn policy_name(&mut self, declared: &Declared<'_, ast::Workflow>, name: &ast::Name) -> String {
        let place = self.symbols.policy_place(&name.text);
        if let Some(place) = place {
            self.notes.refer(declared.span(name.span), place);
        }
        if place.is_none() && !self.symbols.is_poisoned(&name.text) {
            let meant = closest(&name.text, self.symbols.policies.iter().map(|policy| policy.decl.name.as_str()));
            let found = names::unknown_name(declared.span(name.span), "policy", &name.text, meant);
            self.report(found);
        }
        name.text.clone()
    }

    fn budget(&mut self, file: FileId, parts: &[BudgetPart], span: Span) -> Budget {
        let mut budget = Budget { at: origin(span), ..Budget::default() };
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for part in parts {
            let (what, at) = match part {
                BudgetPart::Money(literal) => ("the amount of a budget", literal.span),
                BudgetPart::Calls(name) => ("the number of calls of a budget", name.span),
                BudgetPart::Time(name) => ("the time of a budget", name.span),
            };
            let at = Span::new(file, at.start, at.end);
            if let Some((_, first)) = seen.iter().find(|(seen, _)| *seen == what) {
                self.report(names::said_twice(at, *first, what));
                continue;
            }
            seen.push((what, at));
            match part {
                BudgetPart::Money(literal) => budget.money = self.money(file, literal),
                BudgetPart::Calls(number) => budget.calls = self.count(file, number, "a number of calls"),
                BudgetPart::Time(duration) => budget.time = self.duration(file, duration),
            }
        }
        budget
    }

    /// Workflows that run one another in a circle, once for each circle.
    fn recursion(&mut self, workflows: &[Workflow]) {
        let mut graph = DiGraph::<usize, Span>::new();
        let nodes: Vec<_> = (0..workflows.len()).map(|index| graph.add_node(index)).collect();
        for (from, workflow) in nodes.iter().zip(workflows) {
            each_run(&workflow.body, &mut |name, at| {
                let to = workflows.iter().position(|other| other.name == name).and_then(|index| nodes.get(index));
                if let Some(to) = to {
                    graph.update_edge(*from, *to, at);
                }
            });
        }
        for component in tarjan_scc(&graph) {
            let itself = component.iter().find_map(|node| graph.find_edge(*node, *node));
            if component.len() < 2 && itself.is_none() {
                continue;
            }
            let mut members: Vec<usize> =
                component.iter().filter_map(|node| graph.node_weight(*node).copied()).collect();
            members.sort_unstable();
            let mut path: Vec<String> = members
                .iter()
                .filter_map(|index| workflows.get(*index))
                .map(|workflow| workflow.name.clone())
                .collect();
            path.extend(path.first().cloned());
            let edges = graph.edge_indices().filter(|edge| {
                graph
                    .edge_endpoints(*edge)
                    .is_some_and(|(from, to)| component.contains(&from) && component.contains(&to))
            });
            let place = edges.filter_map(|edge| graph.edge_weight(edge).copied()).min();
            if let Some(place) = place {
                self.report(structure::cycle(place, "workflows run one another", &path));
            }
        }
    }
}

/// Every `run` in statements, with its place.
fn each_run(nodes: &[gov_plan::model::Node], visit: &mut impl FnMut(&str, Span)) {
    use gov_plan::model::NodeKind;
    for node in nodes {
        match &node.kind {
            NodeKind::Step(step) => {
                if let Target::Run { workflow, at, .. } = &step.target {
                    visit(workflow, span_of(*at));
                }
            }
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| each_run(body, visit));
                each_run(otherwise, visit);
            }
            NodeKind::Parallel { branches } => each_run(branches, visit),
            NodeKind::For { body, .. } => each_run(body, visit),
            _ => {}
        }
    }
}
