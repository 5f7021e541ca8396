//! Workflows, from the document.
//!
//! A plan was checked when it was made, so that a name means one thing in a whole workflow: all names that it binds are
//! gathered first, and every expression is read in that one scope.

use std::collections::BTreeMap;

use super::read::{Reader, approval, budget, duration, retry};
use super::scope::{Flat, Variable, variables_of};
use super::shape as doc;
use super::{Invalid, invalid};
use crate::model::{Node, NodeKind, Package, Step, Target, Workflow};
use crate::origin::Origin;
use crate::types::{Field, Fields, Schema, Type};
use crate::typing::Checker;

/// What each workflow takes and gives.
pub(super) type Signatures = BTreeMap<String, (Fields, Option<Schema>)>;

impl Reader {
    pub(super) fn workflow(
        &self,
        package: &Package,
        signatures: &Signatures,
        one: &doc::Workflow,
    ) -> Result<Workflow, Invalid> {
        let place = format!("workflows.{}", one.name);
        let (params, returns) = signatures.get(&one.name).cloned().unwrap_or_default();
        let mut variables = variables_of(&params);
        variables.push(("context".to_owned(), Type::Record(package.context.clone()), false));
        let mut scope = Flat::new(&self.types, variables);
        self.bind_results(&place, &one.body, signatures, &mut scope)?;
        let mut reading = Reading { reader: self, signatures, returns: returns.as_ref(), place };
        let tenant = one.tenant.as_ref().map(|tenant| {
            self.expr(&reading.place, tenant, &scope, |checker, parsed| checker.of_type(parsed, &Type::String))
        });
        let tenant = tenant.transpose()?;
        let body = reading.nodes(&one.body, &mut scope)?;
        Ok(Workflow {
            name: one.name.clone(),
            docs: one.docs.clone(),
            params: params.clone(),
            returns: returns.clone(),
            principal: one.principal.clone(),
            policy: one.policy.clone(),
            budget: budget(&reading.place, &one.budget)?,
            tenant,
            body,
            at: Origin::default(),
        })
    }

    /// Binds what steps and approvals give; they may be read by branches that stand before them.
    fn bind_results(
        &self,
        place: &str,
        body: &[doc::Node],
        signatures: &Signatures,
        scope: &mut Flat<'_>,
    ) -> Result<(), Invalid> {
        for node in body {
            match node {
                doc::Node::Step(step) => scope.variables.push(self.result(place, step, signatures)?),
                doc::Node::Approval { name, .. } => {
                    scope.variables.push((name.clone(), Type::Record(answer()), false));
                }
                doc::Node::If { arms, otherwise, .. } => {
                    for arm in arms {
                        self.bind_results(place, &arm.then, signatures, scope)?;
                    }
                    self.bind_results(place, otherwise, signatures, scope)?;
                }
                doc::Node::Parallel { branches, .. } => self.bind_results(place, branches, signatures, scope)?,
                doc::Node::For { body, .. } => self.bind_results(place, body, signatures, scope)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn result(&self, place: &str, step: &doc::Step, signatures: &Signatures) -> Result<Variable, Invalid> {
        let output = |call: &String| {
            let id = call.split([' ', '{']).next().unwrap_or_default();
            self.outputs.get(id).cloned().ok_or_else(|| invalid(place, format!("there is no capability `{id}`")))
        };
        let ty = match (&step.call, &step.run) {
            (Some(call), None) => {
                let mut shared = output(call)?;
                for call in &step.or {
                    shared = shared.shared_with(&output(call)?);
                }
                Type::Record(shared)
            }
            (None, Some(run)) => {
                let (_, returns) = signatures
                    .get(&run.workflow)
                    .ok_or_else(|| invalid(place, format!("there is no workflow `{}`", run.workflow)))?;
                returns.as_ref().map_or_else(|| Type::Record(Fields::default()), |schema| schema.ty.clone())
            }
            _ => return Err(invalid(place, format!("the step `{}` is either a `call` or a `run`", step.name))),
        };
        Ok((step.name.clone(), ty, false))
    }
}

struct Reading<'r> {
    reader: &'r Reader,
    signatures: &'r Signatures,
    returns: Option<&'r Schema>,
    place: String,
}

impl Reading<'_> {
    fn nodes(&mut self, body: &[doc::Node], scope: &mut Flat<'_>) -> Result<Vec<Node>, Invalid> {
        body.iter().map(|node| self.node(node, scope)).collect()
    }

    fn node(&mut self, node: &doc::Node, scope: &mut Flat<'_>) -> Result<Node, Invalid> {
        let reader = self.reader;
        let place = self.place.clone();
        let string =
            |checker: &mut Checker<'_>, parsed: &gov_grammar::ast::Expr| checker.of_type(parsed, &Type::String);
        let (kind, docs) = match node {
            doc::Node::Step(step) => (NodeKind::Step(Box::new(self.step(step, scope)?)), &step.docs),
            doc::Node::Check { condition, otherwise, docs } => {
                let condition = reader.condition(&place, condition, scope)?;
                (NodeKind::Check { condition, message: reader.expr(&place, otherwise, scope, string)? }, docs)
            }
            doc::Node::Fail { message, docs } => {
                (NodeKind::Fail { message: reader.expr(&place, message, scope, string)? }, docs)
            }
            doc::Node::Let { name, value, docs } => {
                let value = reader.any(&place, value, scope)?;
                scope.variables.push((name.clone(), value.ty.clone(), value.optional));
                (NodeKind::Let { name: name.clone(), value }, docs)
            }
            doc::Node::If { arms, otherwise, docs } => {
                let mut built = Vec::new();
                for arm in arms {
                    built.push((reader.condition(&place, &arm.when, scope)?, self.nodes(&arm.then, scope)?));
                }
                (NodeKind::If { arms: built, otherwise: self.nodes(otherwise, scope)? }, docs)
            }
            doc::Node::Parallel { branches, docs } => {
                (NodeKind::Parallel { branches: self.nodes(branches, scope)? }, docs)
            }
            doc::Node::For { name, list, up_to, parallel, body, docs } => {
                let list = reader.any(&place, list, scope)?;
                let Type::List(element) = &list.ty else { return Err(invalid(&place, format!("`{list}` is no list"))) };
                scope.variables.push((name.clone(), element.ty.clone(), element.optional));
                let body = self.nodes(body, scope)?;
                (NodeKind::For { parallel: *parallel, name: name.clone(), list, limit: *up_to, body }, docs)
            }
            doc::Node::Approval { name, approval: one, question, docs } => {
                let question = reader.expr(&place, question, scope, string)?;
                (NodeKind::Approval { name: name.clone(), approval: approval(&place, one)?, question }, docs)
            }
            doc::Node::Wait { duration, docs } => {
                let of_type = |checker: &mut Checker<'_>, parsed: &gov_grammar::ast::Expr| {
                    checker.of_type(parsed, &Type::Duration)
                };
                (NodeKind::Wait { duration: reader.expr(&place, duration, scope, of_type)? }, docs)
            }
            doc::Node::Return { value, docs } => {
                let returns = self.returns.ok_or_else(|| invalid(&place, "it returns what it does not promise"))?;
                let of_schema =
                    |checker: &mut Checker<'_>, parsed: &gov_grammar::ast::Expr| checker.of_schema(parsed, returns);
                (NodeKind::Return { value: reader.expr(&place, value, scope, of_schema)? }, docs)
            }
        };
        Ok(Node { kind, docs: docs.clone(), at: Origin::default() })
    }

    fn step(&self, step: &doc::Step, scope: &Flat<'_>) -> Result<Step, Invalid> {
        let reader = self.reader;
        let place = format!("{}.{}", self.place, step.name);
        let target = match (&step.call, &step.run) {
            (Some(call), _) => Target::Call(reader.call(&place, call, scope)?),
            (None, Some(run)) => {
                let (params, _) = self
                    .signatures
                    .get(&run.workflow)
                    .ok_or_else(|| invalid(&place, format!("there is no workflow `{}`", run.workflow)))?;
                let record = reader.expr(&place, &run.arguments, scope, |checker, parsed| {
                    checker.of_type(parsed, &Type::Record(params.clone()))
                })?;
                let crate::expr::ExprKind::Record(arguments) = record.kind else {
                    return Err(invalid(&place, "the arguments are no record"));
                };
                Target::Run { workflow: run.workflow.clone(), arguments, at: Origin::default() }
            }
            (None, None) => return Err(invalid(&place, "it is either a `call` or a `run`")),
        };
        let compensation = step
            .compensate
            .as_ref()
            .map(|rows| reader.table(&place, rows, scope, |place, row| reader.compensation(place, row, scope)));
        Ok(Step {
            name: step.name.clone(),
            principal: step.principal.clone(),
            target,
            fallbacks: step.or.iter().map(|call| reader.call(&place, call, scope)).collect::<Result<_, _>>()?,
            retry: step.retry.as_ref().map(|one| retry(&place, one)).transpose()?,
            timeout: step.timeout.as_ref().map(|one| duration(&place, one)).transpose()?,
            compensation: compensation.transpose()?,
            continues_on_failure: step.on_failure_continue,
            after: step.after.clone(),
        })
    }
}

/// What an `approval` statement binds.
fn answer() -> Fields {
    let field = |(name, ty): (&str, Type)| Field {
        name: name.to_owned(),
        docs: String::new(),
        schema: Schema::plain(ty),
        at: Origin::default(),
    };
    Fields::from_iter([("by", Type::String), ("at", Type::Time), ("comment", Type::String)].map(field))
}
