//! From the model to the document.

use std::collections::BTreeMap;

use super::keys::RuleKeys;
use super::shape as doc;
use crate::expr::{Expr, ExprKind};
use crate::model::{
    Accepted, AcceptedOn, Action, Approval, Budget, Call, Capability, Claim, ClaimKind, Compensation, Cost, Decision,
    Effect, Escalation, Handler, Idempotency, Node, NodeKind, Package, Policy, Quantifier, Retry, Role, Row, Rule,
    Step, Table, Target, Workflow,
};
use crate::types::{Fields, Schema};
use crate::{print, text};

/// Writes a model as a document. Policies, workflows and claims are ordered by name, so that moving them between files
/// changes nothing.
pub fn write(package: &Package) -> doc::Document {
    let mut policies: Vec<_> = package.policies.iter().map(policy).collect();
    policies.sort_by(|a, b| a.name.cmp(&b.name));
    let mut workflows: Vec<_> = package.workflows.iter().map(|one| workflow(package, one)).collect();
    workflows.sort_by(|a, b| a.name.cmp(&b.name));
    let mut claims: Vec<_> = package.claims.iter().map(claim).collect();
    claims.sort_by(|a, b| a.name.cmp(&b.name));
    doc::Document {
        gov: doc::FORMAT,
        package: package.name.clone(),
        types: named_types(package),
        context: fields(&package.context),
        roles: package.roles.iter().map(role).collect(),
        capabilities: package.capabilities.iter().map(capability).collect(),
        policies,
        workflows,
        claims,
        accepted: accepted(package),
        certificate: Vec::new(),
    }
}

/// The named types that `as` refers to: elsewhere types are written out.
fn named_types(package: &Package) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    super::walk::each_expression(package, &mut |expr| {
        expr.walk(&mut |expr| {
            if let ExprKind::As(_, schema) = &expr.kind
                && let Some(name) = schema.names.first()
            {
                let unnamed = Schema { names: Vec::new(), ..(**schema).clone() };
                found.entry(name.clone()).or_insert_with(|| print::schema(&unnamed));
            }
        });
    });
    found
}

fn fields(fields: &Fields) -> Vec<doc::Field> {
    let field = |field: &crate::types::Field| doc::Field {
        name: field.name.clone(),
        ty: print::schema(&field.schema),
        docs: field.docs.clone(),
    };
    fields.iter().map(field).collect()
}

fn role(role: &Role) -> doc::Role {
    let members = role.members.iter().map(ToString::to_string).collect();
    doc::Role { name: role.name.clone(), docs: role.docs.clone(), members }
}

fn capability(capability: &Capability) -> doc::Capability {
    doc::Capability {
        id: capability.id.clone(),
        kind: capability.kind.as_str().to_owned(),
        package: capability.package.clone(),
        version: capability.version.clone(),
        docs: capability.docs.clone(),
        tags: capability.tags.clone(),
        deprecated: capability.deprecated.clone(),
        input: fields(&capability.input),
        output: fields(&capability.output),
        effect: rows(&capability.effect, effect),
        risk: rows(&capability.risk, |level| doc::Level { level: level.as_str().to_owned() }),
        approval: rows(&capability.approval, |own| doc::OwnApproval {
            required: own.is_some(),
            approval: own.as_ref().map(approval),
        }),
        compensate: rows(&capability.compensation, compensation),
        retry: retry(&capability.retry),
        timeout: text::duration(capability.timeout),
        idempotent: match &capability.idempotency {
            Idempotency::No => "no".to_owned(),
            Idempotency::ByInput => "by input".to_owned(),
            Idempotency::By(key) => format!("by {key}"),
        },
        cost: rows(&capability.cost, |cost| doc::Cost { amount: amount(cost) }),
        handler: match &capability.handler {
            Handler::None => None,
            Handler::Builtin => Some(doc::Handler { kind: "builtin".to_owned(), settings: BTreeMap::new() }),
            Handler::External(kind, settings) => {
                let settings = settings.iter().map(|(key, value)| (key.clone(), value.to_string())).collect();
                Some(doc::Handler { kind: kind.clone(), settings })
            }
        },
    }
}

fn rows<V, D>(table: &Table<V>, value: impl Fn(&V) -> D) -> Vec<doc::Row<D>> {
    let row = |row: &Row<V>| doc::Row {
        value: value(&row.value),
        when: row.when.as_ref().map(Expr::to_string),
        because: row.because.clone(),
    };
    table.rows.iter().map(row).collect()
}

fn effect(effect: &Effect) -> doc::Effect {
    match effect {
        Effect::None => doc::Effect { effect: "none".to_owned(), text: String::new() },
        Effect::Some { reversible, scope, text } => {
            let what = if *reversible { "reversible" } else { "irreversible" };
            doc::Effect { effect: format!("{what} {}", scope.as_str()), text: text.clone() }
        }
    }
}

fn compensation(compensation: &Compensation) -> doc::Compensation {
    let nothing = doc::Compensation { with: None, manually: None, none: None, not_needed: None };
    match compensation {
        Compensation::NotNeeded => doc::Compensation { not_needed: Some(true), ..nothing },
        Compensation::Automatic(call) => doc::Compensation { with: Some(print::call(call)), ..nothing },
        Compensation::Manual(text) => doc::Compensation { manually: Some(text.clone()), ..nothing },
        Compensation::None(text) => doc::Compensation { none: Some(text.clone()), ..nothing },
    }
}

fn retry(retry: &Retry) -> doc::Retry {
    let backoff = retry.backoff.map(|(least, most)| (text::duration(least), text::duration(most)));
    doc::Retry { attempts: retry.attempts, backoff, on_transient: retry.on_transient }
}

fn amount(cost: &Cost) -> String {
    text::money(cost.amount, cost.currency)
}

fn approval(approval: &Approval) -> doc::Approval {
    doc::Approval {
        from: approval.from.iter().map(ToString::to_string).collect(),
        quorum: approval.quorum,
        within: approval.within.map(text::duration),
    }
}

fn action(action: &Action) -> doc::Action {
    let (decision, approval) = decision(action);
    doc::Action { decision, approval }
}

fn decision(action: &Action) -> (String, Option<doc::Approval>) {
    match action {
        Action::Allow => ("allow".to_owned(), None),
        Action::Deny => ("deny".to_owned(), None),
        Action::Approval(one) => ("approval".to_owned(), Some(approval(one))),
    }
}

fn policy(policy: &Policy) -> doc::Policy {
    let escalate = match &policy.escalation {
        Escalation::Never { because, .. } => {
            doc::Escalation { never: Some(because.clone()), risk: None, approval: None, by_default: false }
        }
        Escalation::AtLeast { level, approval: one, stated } => doc::Escalation {
            never: None,
            risk: Some(level.as_str().to_owned()),
            approval: Some(approval(one)),
            by_default: !stated,
        },
    };
    doc::Policy {
        name: policy.name.clone(),
        docs: policy.docs.clone(),
        default: action(&policy.default),
        escalate,
        rules: policy.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &Rule) -> doc::Rule {
    let (decision, approval) = decision(&rule.action);
    doc::Rule {
        name: rule.name.clone(),
        docs: rule.docs.clone(),
        decision,
        approval,
        subjects: rule.subjects.iter().map(ToString::to_string).collect(),
        targets: rule.targets.iter().map(ToString::to_string).collect(),
        when: rule.condition.as_ref().map(Expr::to_string),
        because: rule.because.clone(),
    }
}

fn workflow(package: &Package, workflow: &Workflow) -> doc::Workflow {
    let mut undo = Vec::new();
    undo_table(package, &workflow.body, &mut undo);
    doc::Workflow {
        name: workflow.name.clone(),
        docs: workflow.docs.clone(),
        params: fields(&workflow.params),
        returns: workflow.returns.as_ref().map(print::schema),
        principal: workflow.principal.clone(),
        policy: workflow.policy.clone(),
        budget: budget(&workflow.budget),
        tenant: workflow.tenant.as_ref().map(Expr::to_string),
        body: nodes(&workflow.body),
        undo,
    }
}

fn budget(budget: &Budget) -> doc::Budget {
    doc::Budget { money: budget.money.as_ref().map(amount), calls: budget.calls, time: budget.time.map(text::duration) }
}

/// What undoes each call of a workflow, in the order of the source.
fn undo_table(package: &Package, body: &[Node], found: &mut Vec<doc::Undo>) {
    for node in body {
        match &node.kind {
            NodeKind::Step(step) => {
                let first = match &step.target {
                    Target::Call(call) => Some(call),
                    Target::Run { .. } => None,
                };
                for call in first.into_iter().chain(&step.fallbacks) {
                    found.extend(undo(package, step, call));
                }
            }
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| undo_table(package, body, found));
                undo_table(package, otherwise, found);
            }
            NodeKind::Parallel { branches } => undo_table(package, branches, found),
            NodeKind::For { body, .. } => undo_table(package, body, found),
            _ => {}
        }
    }
}

fn undo(package: &Package, step: &Step, call: &Call) -> Option<doc::Undo> {
    let capability = package.capability(&call.capability)?;
    let table = step.compensation.as_ref().unwrap_or(&capability.compensation);
    if table.rows.iter().all(|row| row.value == Compensation::NotNeeded) {
        return None;
    }
    Some(doc::Undo { step: step.name.clone(), capability: call.capability.clone(), by: rows(table, compensation) })
}

fn nodes(body: &[Node]) -> Vec<doc::Node> {
    body.iter().map(node).collect()
}

fn node(node: &Node) -> doc::Node {
    let docs = node.docs.clone();
    match &node.kind {
        NodeKind::Step(one) => doc::Node::Step(step(one, docs)),
        NodeKind::Check { condition, message } => {
            doc::Node::Check { condition: condition.to_string(), otherwise: message.to_string(), docs }
        }
        NodeKind::Fail { message } => doc::Node::Fail { message: message.to_string(), docs },
        NodeKind::Let { name, value } => doc::Node::Let { name: name.clone(), value: value.to_string(), docs },
        NodeKind::If { arms, otherwise } => {
            let arm = |(when, then): &(Expr, Vec<Node>)| doc::Arm { when: when.to_string(), then: nodes(then) };
            doc::Node::If { arms: arms.iter().map(arm).collect(), otherwise: nodes(otherwise), docs }
        }
        NodeKind::Parallel { branches } => doc::Node::Parallel { branches: nodes(branches), docs },
        NodeKind::For { parallel, name, list, limit, body } => doc::Node::For {
            name: name.clone(),
            list: list.to_string(),
            up_to: *limit,
            parallel: *parallel,
            body: nodes(body),
            docs,
        },
        NodeKind::Approval { name, approval: one, question } => {
            doc::Node::Approval { name: name.clone(), approval: approval(one), question: question.to_string(), docs }
        }
        NodeKind::Wait { duration } => doc::Node::Wait { duration: duration.to_string(), docs },
        NodeKind::Return { value } => doc::Node::Return { value: value.to_string(), docs },
    }
}

fn step(step: &Step, docs: String) -> doc::Step {
    let (call, run) = match &step.target {
        Target::Call(call) => (Some(print::call(call)), None),
        Target::Run { workflow, arguments, .. } => {
            let arguments = print::arguments("", arguments).trim_start().to_owned();
            (None, Some(doc::Run { workflow: workflow.clone(), arguments }))
        }
    };
    doc::Step {
        name: step.name.clone(),
        docs,
        principal: step.principal.clone(),
        call,
        run,
        or: step.fallbacks.iter().map(print::call).collect(),
        retry: step.retry.as_ref().map(retry),
        timeout: step.timeout.map(text::duration),
        compensate: step.compensation.as_ref().map(|table| rows(table, compensation)),
        on_failure_continue: step.continues_on_failure,
        after: step.after.clone(),
    }
}

fn claim(claim: &Claim) -> doc::Claim {
    let plain = |about: &str, words: String| doc::Claim {
        name: claim.name.clone(),
        docs: claim.docs.clone(),
        about: about.to_owned(),
        claim: words,
        subjects: Vec::new(),
        targets: Vec::new(),
        when: None,
    };
    match &claim.kind {
        ClaimKind::Policy { policy, quantifier, decision, subjects, targets, condition } => doc::Claim {
            subjects: subjects.iter().map(ToString::to_string).collect(),
            targets: targets.iter().map(ToString::to_string).collect(),
            when: condition.as_ref().map(Expr::to_string),
            ..plain(policy, format!("{} {}", quantifier_word(*quantifier), decision_word(*decision)))
        },
        ClaimKind::AlwaysUndoes { workflow } => plain(workflow, "always undoes".to_owned()),
        ClaimKind::SpendsAtMost { workflow, amount: cost } => {
            plain(workflow, format!("spends at most {}", amount(cost)))
        }
        ClaimKind::CallsAtMost { workflow, capability, times } => {
            plain(workflow, format!("calls {capability} at most {times} times"))
        }
        ClaimKind::CallsBefore { workflow, first, second } => plain(workflow, format!("calls {first} before {second}")),
        ClaimKind::NeverWithoutApproval { workflow, capability } => {
            plain(workflow, format!("never calls {capability} without approval"))
        }
    }
}

fn quantifier_word(quantifier: Quantifier) -> &'static str {
    match quantifier {
        Quantifier::Never => "never",
        Quantifier::Always => "always",
        Quantifier::Sometimes => "sometimes",
    }
}

fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
        Decision::Approval => "approval",
    }
}

fn accepted(package: &Package) -> Vec<doc::Accepted> {
    if package.accepted.is_empty() {
        return Vec::new();
    }
    let keys = RuleKeys::of(package);
    package.accepted.iter().map(|one| accepted_on(&keys, one)).collect()
}

fn accepted_on(keys: &RuleKeys<'_>, accepted: &Accepted) -> doc::Accepted {
    let on = match &accepted.on {
        AcceptedOn::Capability(id) => format!("capability {id}"),
        AcceptedOn::Policy(name) => format!("policy {name}"),
        AcceptedOn::Rule { policy, index } => format!("rule {policy} {}", keys.key(policy, *index)),
        AcceptedOn::Workflow(name) => format!("workflow {name}"),
        AcceptedOn::Statement { workflow, ordinal } => format!("statement {workflow} {ordinal}"),
        AcceptedOn::Claim(name) => format!("prove {name}"),
        AcceptedOn::Package => "package".to_owned(),
    };
    doc::Accepted { code: accepted.code.clone(), on, reason: accepted.reason.clone() }
}
