//! Every expression of a model.

use crate::expr::Expr;
use crate::model::{
    Call, Capability, ClaimKind, Compensation, Handler, Idempotency, Node, NodeKind, Package, Table, Target,
};
use crate::types::{Fields, Schema, Type};

/// Calls `visit` with every expression of a package, refinements included; not with those below them.
pub fn each_expression<'m>(package: &'m Package, visit: &mut impl FnMut(&'m Expr)) {
    fields(&package.context, visit);
    package.capabilities.iter().for_each(|one| capability(one, visit));
    for rule in package.policies.iter().flat_map(|policy| &policy.rules) {
        rule.condition.iter().for_each(&mut *visit);
    }
    for workflow in &package.workflows {
        fields(&workflow.params, visit);
        workflow.returns.iter().for_each(|returns| schema(returns, visit));
        workflow.tenant.iter().for_each(&mut *visit);
        nodes(&workflow.body, visit);
    }
    for claim in &package.claims {
        if let ClaimKind::Policy { condition: Some(condition), .. } = &claim.kind {
            visit(condition);
        }
    }
}

fn capability<'m>(capability: &'m Capability, visit: &mut impl FnMut(&'m Expr)) {
    fields(&capability.input, visit);
    fields(&capability.output, visit);
    guards(&capability.effect, visit);
    guards(&capability.risk, visit);
    guards(&capability.approval, visit);
    guards(&capability.cost, visit);
    compensations(&capability.compensation, visit);
    if let Idempotency::By(key) = &capability.idempotency {
        visit(key);
    }
    if let Handler::External(_, settings) = &capability.handler {
        settings.iter().for_each(|(_, value)| visit(value));
    }
}

fn guards<'m, V>(table: &'m Table<V>, visit: &mut impl FnMut(&'m Expr)) {
    table.rows.iter().filter_map(|row| row.when.as_ref()).for_each(visit);
}

fn compensations<'m>(table: &'m Table<Compensation>, visit: &mut impl FnMut(&'m Expr)) {
    guards(table, visit);
    for row in &table.rows {
        if let Compensation::Automatic(one) = &row.value {
            call(one, visit);
        }
    }
}

fn call<'m>(call: &'m Call, visit: &mut impl FnMut(&'m Expr)) {
    call.arguments.iter().for_each(|(_, value)| visit(value));
}

fn fields<'m>(fields: &'m Fields, visit: &mut impl FnMut(&'m Expr)) {
    fields.iter().for_each(|field| schema(&field.schema, visit));
}

fn schema<'m>(schema: &'m Schema, visit: &mut impl FnMut(&'m Expr)) {
    schema.refinements.iter().for_each(&mut *visit);
    match &schema.ty {
        Type::List(element) => self::schema(element, visit),
        Type::Record(inner) => fields(inner, visit),
        _ => {}
    }
}

fn nodes<'m>(body: &'m [Node], visit: &mut impl FnMut(&'m Expr)) {
    for node in body {
        match &node.kind {
            NodeKind::Step(step) => {
                match &step.target {
                    Target::Call(one) => call(one, visit),
                    Target::Run { arguments, .. } => arguments.iter().for_each(|(_, value)| visit(value)),
                }
                step.fallbacks.iter().for_each(|one| call(one, visit));
                step.compensation.iter().for_each(|table| compensations(table, visit));
            }
            NodeKind::Check { condition, message } => {
                visit(condition);
                visit(message);
            }
            NodeKind::Fail { message } => visit(message),
            NodeKind::Let { value, .. } | NodeKind::Return { value } => visit(value),
            NodeKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    visit(condition);
                    nodes(body, visit);
                }
                nodes(otherwise, visit);
            }
            NodeKind::Parallel { branches } => nodes(branches, visit),
            NodeKind::For { list, body, .. } => {
                visit(list);
                nodes(body, visit);
            }
            NodeKind::Approval { question, .. } => visit(question),
            NodeKind::Wait { duration } => visit(duration),
        }
    }
}
