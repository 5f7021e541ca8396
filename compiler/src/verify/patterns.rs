//! Which of many patterns an id fits, without trying each.

use gov_plan::pattern::CapabilityPattern;
use std::collections::HashMap;

/// Different patterns over the ids of capabilities.
pub(crate) struct Patterns<'p> {
    /// All of them, in order.
    pub all: Vec<&'p CapabilityPattern>,
    exact: HashMap<&'p str, usize>,
    /// `any`, and those with a prefix.
    wide: Vec<usize>,
}

impl<'p> Patterns<'p> {
    /// Of these patterns, each once.
    pub fn of(mut all: Vec<&'p CapabilityPattern>) -> Patterns<'p> {
        all.sort_unstable();
        all.dedup();
        let (mut exact, mut wide) = (HashMap::new(), Vec::new());
        for (index, pattern) in all.iter().enumerate() {
            match pattern {
                CapabilityPattern::Exact(id) => {
                    exact.insert(id.as_str(), index);
                }
                CapabilityPattern::Any | CapabilityPattern::Prefix(_) => wide.push(index),
            }
        }
        Patterns { all, exact, wide }
    }

    /// The places of those that an id fits, in order.
    pub fn fitting(&self, id: &str) -> Vec<usize> {
        let wide = self.wide.iter().copied();
        let mut fits: Vec<usize> =
            wide.filter(|index| self.all.get(*index).is_some_and(|pattern| pattern.matches(id))).collect();
        fits.extend(self.exact.get(id));
        fits.sort_unstable();
        fits
    }
}
