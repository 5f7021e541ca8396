//! Names that the text alone settles: those of steps after `after` and in tests, and of rules in tests.

use std::collections::HashMap;

use gov_grammar::ast::{self, ByRule, ItemKind, StatementKind, StepOption, TestStatementKind};

use super::{Index, Kind, Reference};
use crate::lower::Unit;
use crate::source::Span;

/// Collects the names that follow `after`: within a workflow a name is bound once.
pub(super) fn collect(unit: Unit<'_>, into: &mut Vec<Reference>) {
    for item in &unit.ast.items {
        if let ItemKind::Workflow(workflow) = &item.kind {
            let (mut steps, mut after) = (Vec::new(), Vec::new());
            block(&workflow.body, &mut steps, &mut after);
            for name in after {
                if let Some(step) = steps.iter().find(|step| step.text == name.text) {
                    into.push(reference(unit, name, unit.span(step.span)));
                }
            }
        }
    }
}

fn block<'a>(block_: &'a ast::Block, steps: &mut Vec<&'a ast::Name>, after: &mut Vec<&'a ast::Name>) {
    for statement in &block_.statements {
        match &statement.kind {
            StatementKind::Step(step) => {
                steps.push(&step.name);
                for (option, _) in &step.options {
                    if let StepOption::After(names) = option {
                        after.extend(names);
                    }
                }
            }
            StatementKind::Approval { name, .. } => steps.push(name),
            StatementKind::If { arms, otherwise } => {
                arms.iter().map(|(_, inner)| inner).chain(otherwise).for_each(|inner| block(inner, steps, after));
            }
            StatementKind::Parallel(body) | StatementKind::For { body, .. } => block(body, steps, after),
            _ => {}
        }
    }
}

/// What tests may name, by name: the first rule of each, and the steps.
pub(super) struct Named {
    rules: HashMap<String, Span>,
    steps: HashMap<String, Vec<(Option<String>, Span)>>,
}

impl Named {
    pub fn new(index: &Index) -> Named {
        let mut named = Named { rules: HashMap::new(), steps: HashMap::new() };
        for one in &index.definitions {
            match one.kind {
                Kind::Rule => {
                    named.rules.entry(one.name.clone()).or_insert(one.at);
                }
                Kind::Step | Kind::Approval => {
                    named.steps.entry(one.name.clone()).or_default().push((one.owner.clone(), one.at));
                }
                _ => {}
            }
        }
        named
    }
}

/// Adds what tests name: rules, and steps that wait for a human. They may stand in any file.
pub(super) fn settle_tests(unit: Unit<'_>, named: &Named, references: &mut Vec<Reference>) {
    let mut found = Vec::new();
    for item in &unit.ast.items {
        let ItemKind::Test(test) = &item.kind else { continue };
        let mut ran: Option<&str> = None;
        for statement in &test.statements {
            match &statement.kind {
                TestStatementKind::Run { workflow, .. } => ran = Some(&workflow.text),
                TestStatementKind::ExpectDecision { by: Some(ByRule::Name(name)), .. } => {
                    let rule = named.rules.get(&name.text).copied();
                    found.extend(rule.map(|rule| reference(unit, name, rule)));
                }
                TestStatementKind::Decide { step, .. } => {
                    let steps = named.steps.get(&step.text).map(Vec::as_slice).unwrap_or_default();
                    // A decision may be announced before the run that waits for it.
                    let of_ran = steps.iter().find(|(owner, _)| owner.as_deref() == ran).or(steps.first());
                    let step_at = of_ran.map(|(_, at)| *at);
                    found.extend(step_at.map(|at| reference(unit, step, at)));
                }
                _ => {}
            }
        }
    }
    references.extend(found);
}

fn reference(unit: Unit<'_>, name: &ast::Name, to: Span) -> Reference {
    Reference { at: unit.span(name.span), to: Some(to), exact: true, ty: None }
}
