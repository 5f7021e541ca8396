//! Which of many patterns fit a text, without looking at each of them.

use foldhash::fast::FixedState;
use std::collections::HashMap;

/// What each exact text and each prefix leads to.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    any: Vec<u32>,
    exact: HashMap<Box<str>, Vec<u32>, FixedState>,
    prefixes: HashMap<Box<str>, Vec<u32>, FixedState>,
    /// The lengths of the prefixes, in order.
    lengths: Vec<usize>,
}

impl Patterns {
    pub(super) fn add_any(&mut self, value: u32) {
        push(&mut self.any, value);
    }

    pub(super) fn add_exact(&mut self, text: &str, value: u32) {
        push(self.exact.entry(text.into()).or_default(), value);
    }

    pub(super) fn add_prefix(&mut self, prefix: &str, value: u32) {
        if let Err(place) = self.lengths.binary_search(&prefix.len()) {
            self.lengths.insert(place, prefix.len());
        }
        push(self.prefixes.entry(prefix.into()).or_default(), value);
    }

    /// Calls `visit` with what every pattern that fits leads to; with the same more than once where several lead to it.
    pub(super) fn visit(&self, text: &str, mut visit: impl FnMut(u32)) {
        self.any.iter().copied().for_each(&mut visit);
        if !self.exact.is_empty()
            && let Some(found) = self.exact.get(text)
        {
            found.iter().copied().for_each(&mut visit);
        }
        for length in self.lengths.iter().take_while(|length| **length <= text.len()) {
            if let Some(found) = text.get(..*length).and_then(|prefix| self.prefixes.get(prefix)) {
                found.iter().copied().for_each(&mut visit);
            }
        }
    }
}

fn push(values: &mut Vec<u32>, value: u32) {
    if values.last() != Some(&value) && !values.contains(&value) {
        values.push(value);
    }
}
