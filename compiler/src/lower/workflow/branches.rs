//! `parallel` blocks: each statement is a branch, and `after` orders them.

use std::collections::BTreeMap;

use gov_grammar::ast::{self, StatementKind, StepOption};
use gov_grammar::closest;
use gov_plan::model::{Node, NodeKind};
use petgraph::Direction;
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

use super::super::origin;
use super::super::scope::Variable;
use super::Flow;
use super::bindings::{Bindings, Hidden};
use super::statements::Place;
use crate::errors::structure;

impl Flow<'_, '_> {
    pub(super) fn parallel(&mut self, block: &ast::Block, bindings: &mut Bindings) -> (Option<NodeKind>, bool) {
        let graph = self.order(block);
        let sorted = toposort(&graph, None).unwrap_or_else(|_| {
            // The circle was reported; the branches are looked at in the order of the source.
            graph.node_indices().collect()
        });
        let before = bindings.len();
        let mut bound: BTreeMap<NodeIndex, Vec<Variable>> = BTreeMap::new();
        let mut nodes: BTreeMap<NodeIndex, Option<Node>> = BTreeMap::new();
        for index in sorted {
            let Some(statement) = block.statements.get(index.index()) else { continue };
            let mut inside = bindings.clone();
            let earlier = ancestors(&graph, index);
            for (other, theirs) in &bound {
                if earlier.contains(other) {
                    inside.adopt(theirs, false);
                } else {
                    inside.hide(theirs, Hidden::Branch);
                }
            }
            // Branches that were not looked at yet cannot be read either.
            self.hide_later(block, &bound, index, &mut inside);
            let count = inside.len();
            let span = self.span(statement.span);
            let (kind, _) = self.statement(statement, &mut inside, Place::PARALLEL, span);
            bound.insert(index, inside.since(count).to_vec());
            bindings.hide_as(&without_branches(&inside));
            nodes.insert(index, kind.map(|kind| Node { kind, docs: statement.docs.clone(), at: origin(span) }));
        }
        debug_assert_eq!(bindings.len(), before, "branches bind in their own copies");
        for theirs in bound.values() {
            bindings.adopt(theirs, false);
        }
        let branches: Option<Vec<Node>> = nodes.into_values().collect();
        (branches.map(|branches| NodeKind::Parallel { branches }), false)
    }

    /// The branches, with an edge from each to those that come after it; circles are reported.
    fn order(&mut self, block: &ast::Block) -> DiGraph<(), ()> {
        let mut graph = DiGraph::new();
        let nodes: Vec<_> = block.statements.iter().map(|_| graph.add_node(())).collect();
        let names: BTreeMap<&str, NodeIndex> = nodes
            .iter()
            .zip(&block.statements)
            .filter_map(|(node, branch)| Some((bound_name(branch)?.as_str(), *node)))
            .collect();
        for (node, branch) in nodes.iter().zip(&block.statements) {
            for name in after(branch) {
                match names.get(name.as_str()) {
                    Some(earlier) => {
                        graph.update_edge(*earlier, *node, ());
                    }
                    None if self.broken => {}
                    None => {
                        let meant = closest(&name.text, names.keys().copied());
                        let help = "name a step or an approval that is itself a branch of the same `parallel`";
                        let found = structure::bad_after(
                            self.span(name.span),
                            &format!("`{}` is no branch of this `parallel`", name.text),
                            help,
                        );
                        let span = self.span(name.span);
                        let found = if meant.is_some() {
                            crate::errors::names::did_you_mean(found, span, meant)
                        } else {
                            found
                        };
                        self.context.report(found);
                    }
                }
            }
        }
        for component in tarjan_scc(&graph) {
            let itself = component.iter().any(|node| graph.find_edge(*node, *node).is_some());
            if component.len() < 2 && !itself {
                continue;
            }
            let mut members: Vec<_> = component.iter().map(|node| node.index()).collect();
            members.sort_unstable();
            let branches: Vec<_> = members.iter().filter_map(|index| block.statements.get(*index)).collect();
            let mut path: Vec<String> =
                branches.iter().filter_map(|branch| Some(bound_name(branch)?.text.clone())).collect();
            path.extend(path.first().cloned());
            if let Some(name) = branches.first().and_then(|branch| bound_name(branch)) {
                self.context.report(structure::cycle(self.span(name.span), "branches wait for one another", &path));
            }
        }
        graph
    }

    fn hide_later(
        &self,
        block: &ast::Block,
        done: &BTreeMap<NodeIndex, Vec<Variable>>,
        own: NodeIndex,
        inside: &mut Bindings,
    ) {
        let mut later = Bindings::default();
        for (index, branch) in block.statements.iter().enumerate() {
            let index = NodeIndex::new(index);
            if index != own
                && !done.contains_key(&index)
                && let Some(name) = bound_name(branch)
            {
                later.bind(&name.text, None, self.span(name.span));
            }
        }
        inside.hide(later.since(0), Hidden::Branch);
    }
}

/// What a branch keeps from the statements after the block: loops inside it, but not its siblings.
fn without_branches(inside: &Bindings) -> Bindings {
    let mut kept = Bindings::default();
    kept.hide_loops(inside);
    kept
}

fn ancestors(graph: &DiGraph<(), ()>, node: NodeIndex) -> Vec<NodeIndex> {
    let mut found = Vec::new();
    let mut search = Dfs::new(Reversed(graph), node);
    while let Some(next) = search.next(Reversed(graph)) {
        if next != node || graph.neighbors_directed(node, Direction::Incoming).any(|earlier| earlier == node) {
            found.push(next);
        }
    }
    found
}

/// The name that a branch binds itself.
fn bound_name(branch: &ast::Statement) -> Option<&ast::Name> {
    match &branch.kind {
        StatementKind::Step(step) => Some(&step.name),
        StatementKind::Approval { name, .. } | StatementKind::Let(name, _) => Some(name),
        _ => None,
    }
}

fn after(branch: &ast::Statement) -> impl Iterator<Item = &ast::Name> {
    let options = match &branch.kind {
        StatementKind::Step(step) => step.options.as_slice(),
        _ => &[],
    };
    options.iter().flat_map(|(option, _)| match option {
        StepOption::After(names) => names.as_slice(),
        _ => &[],
    })
}
