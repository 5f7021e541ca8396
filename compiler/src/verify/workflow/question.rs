//! Questions to the solver about one workflow, each with what it needs to know and nothing else.

use super::super::encode::term::Node;
use super::super::encode::{Sort, Term};
use foldhash::HashSet;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Conditions that have a name, so that what is built on them stays small.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    by_name: BTreeMap<Arc<str>, Term>,
}

impl Definitions {
    /// A term that holds where the condition does; `name` is used once.
    pub fn name(&mut self, name: &str, condition: &Term) -> Term {
        match condition.node() {
            Node::Bool(_) | Node::Var(..) => return condition.clone(),
            Node::Not(inner) if matches!(inner.node(), Node::Var(..)) => return condition.clone(),
            _ => {}
        }
        let variable = Term::var(name, Sort::Bool);
        self.by_name.insert(name.into(), condition.clone());
        variable
    }

    /// What the names in these terms stand for, and the names in that, the nearest first and no more than `most`; and whether
    /// that is all of them. A name without what it stands for is free: more is considered possible then, never less.
    pub fn of(&self, terms: &[Term], most: usize) -> (Vec<Term>, bool) {
        let mut seen: HashSet<usize> = HashSet::default();
        let mut named: HashSet<Arc<str>> = HashSet::default();
        let mut near: VecDeque<Term> = terms.iter().cloned().collect();
        let mut found = Vec::new();
        // What a name stands for is looked into after everything that is as near as the name.
        while let Some(near_one) = near.pop_front() {
            let mut open = vec![near_one];
            while let Some(term) = open.pop() {
                if !seen.insert(term.address()) {
                    continue;
                }
                match term.node() {
                    Node::Var(name, Sort::Bool) => {
                        if let Some(condition) = self.by_name.get(name)
                            && named.insert(Arc::clone(name))
                        {
                            if found.len() == most {
                                return (found, false);
                            }
                            found.push(term.implies(condition).and(&condition.implies(&term)));
                            near.push_back(condition.clone());
                        }
                    }
                    Node::Bool(_) | Node::Int(_) | Node::Text(_) | Node::Var(..) => {}
                    Node::Not(a)
                    | Node::Scaled(_, a)
                    | Node::Quotient(a, _)
                    | Node::Remainder(a, _)
                    | Node::HasPrefix(a, _)
                    | Node::Length(a) => open.push(a.clone()),
                    Node::And(all) | Node::Or(all) | Node::Sum(all) => open.extend(all.iter().cloned()),
                    Node::If(a, b, c) => open.extend([a.clone(), b.clone(), c.clone()]),
                    Node::Equal(a, b) | Node::Less(a, b) => open.extend([a.clone(), b.clone()]),
                }
            }
        }
        (found, true)
    }
}
