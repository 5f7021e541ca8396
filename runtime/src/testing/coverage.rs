//! What the tests of a package reach: rules, branches, steps, and ways back.

use crate::core::{Branch, Command, Place, Undoing, Work};
use crate::simulate::Simulation;
use gov_plan::Origin;
use gov_plan::decide::By;
use gov_plan::model::{Compensation, Node, NodeKind, Package, Policy, Target};
use std::collections::BTreeSet;

/// What was reached.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Rules, by policy and place from 1; 0 is the default.
    rules: BTreeSet<(String, u32)>,
    /// Statements, by workflow and place.
    statements: BTreeSet<(String, String)>,
    /// Branches of `if` statements that were gone into.
    branches: BTreeSet<(String, String)>,
    /// Steps that were undone.
    undone: BTreeSet<(String, String)>,
}

/// Something that a test can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Of which kind.
    pub kind: Kind,
    /// In words: "rule `big_refunds` of `support_desk`".
    pub name: String,
    /// Where it is.
    pub at: Origin,
    /// Whether a test reaches it.
    pub reached: bool,
}

/// The kinds of what tests can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A rule of a policy, or its default.
    Rule,
    /// A branch of an `if`, or the way past one that has no `else`.
    Branch,
    /// A step.
    Step,
    /// The automatic undo of a step.
    Undo,
}

impl Coverage {
    pub(super) fn note_decision(&mut self, policy: &Policy, by: &By) {
        let index = match by {
            By::Rule(index) => *index,
            By::Default => 0,
            By::Unevaluable(_) => return,
        };
        self.rules.insert((policy.name.clone(), index));
    }

    pub(super) fn note_branches(&mut self, branches: &[Branch]) {
        let key = |branch: &Branch| (branch.workflow.clone(), within(&branch.place, &branch.instance));
        self.branches.extend(branches.iter().map(key));
    }

    pub(super) fn note_run(&mut self, package: &Package, simulation: &Simulation<'_>) {
        for (_, commands) in &simulation.history {
            for command in commands {
                let ruling = match command {
                    Command::RunEffect(effect) => Some(&effect.ruling),
                    Command::AwaitDecision(question) => question.ruling.as_ref(),
                    Command::Mark(mark) => mark.ruling.as_ref(),
                    _ => None,
                };
                if let Some(ruling) = ruling {
                    self.rules.insert((ruling.policy.clone(), ruling.index.unwrap_or(0)));
                }
            }
        }
        for (place, statement) in &simulation.state.statements {
            let Some(instance) = simulation.state.instances.get(&statement.instance) else { continue };
            if package.workflow(&instance.workflow).is_none() {
                continue;
            }
            let key = (instance.workflow.clone(), within(place, &statement.instance));
            if let Work::Step(step) = &statement.work
                && step.undoing == Undoing::Undone
            {
                self.undone.insert(key.clone());
            }
            self.statements.insert(key);
        }
    }

    /// All that tests could reach in a package's own policies and workflows, in the order of the source.
    pub fn parts(&self, package: &Package) -> Vec<Part> {
        let mut parts = Vec::new();
        for policy in &package.policies {
            for (index, rule) in (1_u32..).zip(&policy.rules) {
                let name = match &rule.name {
                    Some(name) => format!("rule `{name}` of `{}`", policy.name),
                    None => format!("rule {index} of `{}`", policy.name),
                };
                let reached = self.rules.contains(&(policy.name.clone(), index));
                parts.push(Part { kind: Kind::Rule, name, at: rule.at, reached });
            }
        }
        for workflow in &package.workflows {
            let walk = Walk { coverage: self, package, workflow: &workflow.name };
            walk.block(&workflow.body, &Place::root(), &mut parts);
        }
        parts
    }
}

/// A place within its workflow, whatever the round.
fn within(place: &Place, instance: &Place) -> String {
    let inner = place.0.strip_prefix(instance.0.as_str()).unwrap_or(&place.0);
    let mut plain = String::with_capacity(inner.len());
    let mut in_round = false;
    for c in inner.chars() {
        match c {
            '[' => in_round = true,
            ']' => in_round = false,
            c if !in_round => plain.push(c),
            _ => {}
        }
    }
    plain
}

struct Walk<'w> {
    coverage: &'w Coverage,
    package: &'w Package,
    workflow: &'w str,
}

impl Walk<'_> {
    fn block(&self, nodes: &[Node], place: &Place, parts: &mut Vec<Part>) {
        for (index, node) in nodes.iter().enumerate() {
            self.node(node, &place.child(index), parts);
        }
    }

    fn node(&self, node: &Node, place: &Place, parts: &mut Vec<Part>) {
        match &node.kind {
            NodeKind::Step(step) => {
                let key = (self.workflow.to_owned(), place.0.clone());
                let name = format!("step `{}` of `{}`", step.name, self.workflow);
                let reached = self.coverage.statements.contains(&key);
                parts.push(Part { kind: Kind::Step, name: name.clone(), at: node.at, reached });
                let capability = match &step.target {
                    Target::Call(call) => self.package.capability(&call.capability),
                    Target::Run { .. } => None,
                };
                let table = step.compensation.as_ref().or(capability.map(|capability| &capability.compensation));
                let automatic = |table: &gov_plan::model::Table<Compensation>| {
                    table.rows.iter().any(|row| matches!(row.value, Compensation::Automatic(_)))
                };
                if table.is_some_and(automatic) {
                    let reached = self.coverage.undone.contains(&key);
                    parts.push(Part { kind: Kind::Undo, name: format!("the undo of {name}"), at: node.at, reached });
                }
            }
            NodeKind::If { arms, otherwise } => {
                let bodies = arms.iter().map(|(_, body)| body).chain([otherwise]);
                for (index, body) in bodies.enumerate() {
                    let inside = place.child(index);
                    let which = match (index == arms.len(), body.is_empty()) {
                        (false, _) => format!("branch {} of", index + 1),
                        (true, false) => "the `else` of".to_owned(),
                        // Nobody wrote it, and runs go that way all the same.
                        (true, true) => "the way past".to_owned(),
                    };
                    let name = format!("{which} an `if` of `{}`", self.workflow);
                    let at = body.first().map_or(node.at, |first| first.at);
                    let reached = self.coverage.branches.contains(&(self.workflow.to_owned(), inside.0.clone()));
                    parts.push(Part { kind: Kind::Branch, name, at, reached });
                    self.block(body, &inside, parts);
                }
            }
            NodeKind::Parallel { branches: body } | NodeKind::For { body, .. } => self.block(body, place, parts),
            _ => {}
        }
    }
}
