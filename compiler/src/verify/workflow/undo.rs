//! What undoes has to end and to be final: G1104 and G1105; and what nobody can tell after a crash: G1106.

use super::super::encode::Term;
use super::super::report::{Evidence, Outcome, Proof};
use super::super::units::Found;
use super::check::Check;
use super::check::Verdict;
use super::layout::FrameId;
use super::paths::is_retriable;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Subject};
use crate::errors::compensation;
use crate::lower::span_of;
use gov_plan::model::{Capability, Compensation, Idempotency, Node, NodeKind, Package, Table, Target};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;

/// Proves of every way of undoing that is declared or used in the package that it ends, and is final.
pub(super) fn check_all(package: &Package, found: &mut Found) {
    let circles = Circles::of(package);
    for capability in own_and_used(package) {
        let subject = Subject::Capability { capability: capability.id.clone() };
        check_table(package, &circles, &capability.id, &capability.compensation, &subject, found);
    }
    for workflow in &package.workflows {
        each_step(&workflow.body, &mut |node| {
            let NodeKind::Step(step) = &node.kind else { return };
            if let (Some(table), Target::Call(call)) = (&step.compensation, &step.target) {
                let subject = Subject::Step { workflow: workflow.name.clone(), step: step.name.clone() };
                check_table(package, &circles, &call.capability, table, &subject, found);
            }
        });
    }
}

/// The capabilities of the package itself, and the imported ones that its workflows call.
fn own_and_used(package: &Package) -> Vec<&Capability> {
    let mut called: Vec<&str> = Vec::new();
    for workflow in &package.workflows {
        each_step(&workflow.body, &mut |node| {
            let NodeKind::Step(step) = &node.kind else { return };
            let target = match &step.target {
                Target::Call(call) => Some(call),
                Target::Run { .. } => None,
            };
            called.extend(target.into_iter().chain(&step.fallbacks).map(|call| call.capability.as_str()));
        });
    }
    let wanted =
        |capability: &&Capability| capability.package == package.name || called.contains(&capability.id.as_str());
    package.capabilities.iter().filter(wanted).collect()
}

pub(super) fn each_step<'m>(nodes: &'m [Node], visit: &mut impl FnMut(&'m Node)) {
    for node in nodes {
        visit(node);
        match &node.kind {
            NodeKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, arm)| each_step(arm, visit));
                each_step(otherwise, visit);
            }
            NodeKind::Parallel { branches } => each_step(branches, visit),
            NodeKind::For { body, .. } => each_step(body, visit),
            _ => {}
        }
    }
}

fn check_table(
    package: &Package,
    circles: &Circles,
    of: &str,
    table: &Table<Compensation>,
    subject: &Subject,
    found: &mut Found,
) {
    let mut undos: Vec<&str> = Vec::new();
    for row in &table.rows {
        let Compensation::Automatic(call) = &row.value else { continue };
        let Some(undo) = package.capability(&call.capability) else { continue };
        if undos.contains(&undo.id.as_str()) {
            continue;
        }
        undos.push(&undo.id);
        let at = span_of(row.at);
        let may_fail = why_it_may_fail(undo).map(|why| compensation::may_fail(at, of, &undo.id, why, subject.clone()));
        settle(Code::CompensationMayFail, subject, may_fail, found);
        let needs_undo =
            undo.compensation.rows.iter().any(|row| matches!(row.value, Compensation::Automatic(_))).then(|| {
                let circle = circles.around(of, &undo.id);
                compensation::needs_undo(at, of, &undo.id, circle.as_deref(), subject.clone())
            });
        settle(Code::CompensationNeedsUndo, subject, needs_undo, found);
    }
}

fn settle(code: Code, subject: &Subject, refuted: Option<Diagnostic>, found: &mut Found) {
    let outcome = match &refuted {
        Some(_) => Outcome::Refuted(Evidence::None),
        None => Outcome::Proved(Proof::Exact(Evidence::None)),
    };
    found.settle(code, subject.clone(), outcome);
    found.diagnostics.extend(refuted);
}

/// Why a call that undoes may end without having done so; nothing where a human is named who steps in.
fn why_it_may_fail(undo: &Capability) -> Option<&'static str> {
    let by_hand = |table: &Table<Compensation>| {
        !table.rows.is_empty() && table.rows.iter().all(|row| matches!(row.value, Compensation::Manual(_)))
    };
    if is_retriable(undo, &undo.retry) || by_hand(&undo.compensation) {
        return None;
    }
    Some(match (&undo.idempotency, undo.retry.attempts, undo.retry.on_transient) {
        (Idempotency::No, None, _) => "not idempotent, so that it cannot safely be tried again",
        (Idempotency::No, Some(_), _) => "neither idempotent nor retried until it succeeds",
        (_, None, true) => "retried only on transient failures",
        _ => "not retried until it succeeds",
    })
}

/// What undoes what, in circles.
struct Circles {
    graph: DiGraph<String, ()>,
    members: Vec<Vec<NodeIndex>>,
}

impl Circles {
    fn of(package: &Package) -> Circles {
        let mut graph = DiGraph::new();
        let mut nodes: BTreeMap<&str, NodeIndex> = BTreeMap::new();
        for capability in &package.capabilities {
            nodes.insert(&capability.id, graph.add_node(capability.id.clone()));
        }
        for capability in &package.capabilities {
            for row in &capability.compensation.rows {
                if let Compensation::Automatic(call) = &row.value
                    && let (Some(from), Some(to)) =
                        (nodes.get(capability.id.as_str()), nodes.get(call.capability.as_str()))
                {
                    graph.update_edge(*from, *to, ());
                }
            }
        }
        let members = tarjan_scc(&graph);
        Circles { graph, members }
    }

    /// The circle that leads from one over another back to it, the first at both ends.
    fn around(&self, one: &str, other: &str) -> Option<Vec<String>> {
        let node = |id: &str| {
            self.graph.node_indices().find(|node| self.graph.node_weight(*node).is_some_and(|own| own == id))
        };
        let (start, next) = (node(one)?, node(other)?);
        let circle = self.members.iter().find(|circle| circle.contains(&start))?;
        if !circle.contains(&next) {
            return None;
        }
        let back = petgraph::algo::astar(&self.graph, next, |at| at == start, |_| 1_u32, |_| 0_u32)?.1;
        let mut names = vec![one.to_owned()];
        names.extend(back.into_iter().filter_map(|at| self.graph.node_weight(at).cloned()));
        Some(names)
    }
}

impl Check<'_, '_, '_> {
    /// Notes the calls of this workflow that nobody can tell of after a crash: one finding for each capability.
    pub fn in_doubt(&mut self) {
        let mut calls: BTreeMap<String, Vec<(super::layout::PlaceId, Term)>> = BTreeMap::new();
        for id in self.paths.layout.ids() {
            let own = self.paths.layout.place(id).is_some_and(|place| place.frame == FrameId(0));
            let sites = self.paths.point(id).filter(|_| own).map_or(&[][..], |point| point.calls.as_slice());
            for site in sites {
                let effect = super::effects::has_effect(&site.decision.effect);
                if effect.as_bool() != Some(false) {
                    calls.entry(site.capability.id.clone()).or_default().push((id, site.opens().and(&effect)));
                }
            }
        }
        for (id, calls) in calls {
            let (Some(capability), Some((first, _))) = (self.package.capability(&id), calls.first()) else { continue };
            let subject = self.step_subject(*first);
            if capability.idempotency != Idempotency::No {
                self.proved(Code::InDoubt, subject, Proof::Exact(Evidence::None));
                continue;
            }
            let any = Term::any(calls.iter().map(|(_, when)| when.clone()));
            match self.ask(&format!("G1106-{id}"), &any) {
                Verdict::Never(proof) => self.proved(Code::InDoubt, subject, proof),
                Verdict::Unknown(why) => self.unproved(Code::InDoubt, subject, self.origin(*first), &why),
                Verdict::Happens(_) => {
                    let step = self.paths.layout.step(*first).map_or(String::new(), |step| step.name.clone());
                    let declared = span_of(capability.at);
                    let mut found = compensation::in_doubt(self.span(*first), &step, &id, declared, subject);
                    let mut seen = vec![self.span(*first)];
                    for (other, _) in &calls {
                        let span = self.span(*other);
                        if !seen.contains(&span) {
                            seen.push(span);
                            found = found.secondary(span, "and here");
                        }
                    }
                    self.refuted(found);
                }
            }
        }
    }
}
