//! The statements of a workflow that can fail, each under a number, so that what can fail after each step takes no copies of
//! their texts.

use super::capability::is_retriable;
use super::fits::cannot_fail;
use super::workflow::calls;
use crate::model::{Call, Node, NodeKind, Package, Target};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// Statements that can fail.
#[derive(Debug, Default)]
pub(super) struct Failures {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32, FixedState>,
    /// By number, in which list it was last seen.
    seen: Vec<u32>,
    lists: u32,
}

impl Failures {
    /// The statements of a body that can fail, each once, in order.
    pub fn of(&mut self, package: &Package, body: &[Node]) -> Vec<u32> {
        let mut found = Vec::new();
        self.add(package, body, &mut found);
        self.distinct(found)
    }

    /// Each once, in the order in which they come.
    pub fn distinct(&mut self, all: impl IntoIterator<Item = u32>) -> Vec<u32> {
        self.lists += 1;
        let mut is_new = |number: &u32| match self.seen.get_mut(*number as usize) {
            Some(last) => std::mem::replace(last, self.lists) != self.lists,
            None => false,
        };
        all.into_iter().filter(&mut is_new).collect()
    }

    /// As they are written down: `step refund`, `check x > 1`.
    pub fn texts(&self, numbers: &[u32]) -> Arc<[Arc<str>]> {
        numbers.iter().filter_map(|number| self.texts.get(*number as usize)).cloned().collect()
    }

    fn number(&mut self, text: String) -> u32 {
        if let Some(known) = self.numbers.get(text.as_str()) {
            return *known;
        }
        let (text, number): (Arc<str>, u32) = (text.into(), self.texts.len() as u32);
        self.texts.push(Arc::clone(&text));
        self.seen.push(0);
        self.numbers.insert(text, number);
        number
    }

    fn add(&mut self, package: &Package, body: &[Node], found: &mut Vec<u32>) {
        for node in body {
            let text = match &node.kind {
                NodeKind::Step(step) => {
                    let retriable = |call: &Call| {
                        let capability = package.capability(&call.capability);
                        capability.is_some_and(|one| is_retriable(one, step.retry.as_ref().unwrap_or(&one.retry)))
                    };
                    let runs = matches!(step.target, Target::Run { .. });
                    let fails = (runs || !calls(step).all(retriable)) && !step.continues_on_failure;
                    fails.then(|| format!("step {}", step.name))
                }
                NodeKind::Check { condition, .. } => Some(format!("check {condition}")),
                NodeKind::Fail { .. } => Some("fail".to_owned()),
                NodeKind::Let { name, value } => (!cannot_fail(value)).then(|| format!("let {name}")),
                NodeKind::Return { value } => (!cannot_fail(value)).then(|| "return".to_owned()),
                NodeKind::For { name, .. } => Some(format!("for {name}")),
                NodeKind::Approval { name, .. } => Some(format!("approval {name}")),
                NodeKind::Wait { .. } => Some("wait".to_owned()),
                NodeKind::If { .. } | NodeKind::Parallel { .. } => None,
            };
            if let Some(text) = text {
                found.push(self.number(text));
            }
            match &node.kind {
                NodeKind::If { arms, otherwise } => {
                    arms.iter().for_each(|(_, body)| self.add(package, body, found));
                    self.add(package, otherwise, found);
                }
                NodeKind::Parallel { branches } => self.add(package, branches, found),
                NodeKind::For { body, .. } => self.add(package, body, found),
                _ => {}
            }
        }
    }
}
