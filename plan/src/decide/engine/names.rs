//! Numbers for who and what the rules of a policy name.

use super::condition::Numbers;
use super::pattern::Patterns;
use crate::model::{Package, Rule};
use crate::pattern::PrincipalPattern;
use foldhash::fast::FixedState;
use smallvec::smallvec;
use std::collections::HashMap;

/// Lists of more subjects, or targets, than this are indexed as one, so that a rule over two large sets does not become an
/// entry for every pair.
const MAX_EXPANDED: usize = 8;

/// Numbers for patterns, and for lists of many patterns.
#[derive(Debug)]
pub(super) struct Lists<'r, P> {
    single: HashMap<&'r P, u32, FixedState>,
    many: HashMap<&'r [P], u32, FixedState>,
    next: u32,
}

impl<P> Default for Lists<'_, P> {
    fn default() -> Self {
        Lists { single: HashMap::default(), many: HashMap::default(), next: 0 }
    }
}

impl<'r, P: Eq + std::hash::Hash> Lists<'r, P> {
    /// The numbers that stand for these patterns together: one for each, or one for all.
    pub(super) fn of(&mut self, patterns: &'r [P]) -> Numbers {
        let mut fresh = || {
            self.next += 1;
            self.next
        };
        if patterns.len() > MAX_EXPANDED {
            return smallvec![*self.many.entry(patterns).or_insert_with(fresh)];
        }
        patterns.iter().map(|pattern| *self.single.entry(pattern).or_insert_with(&mut fresh)).collect()
    }

    /// The same, of patterns that have their numbers.
    pub(super) fn get(&self, patterns: &[P]) -> Numbers {
        if patterns.len() > MAX_EXPANDED {
            return self.many.get(patterns).copied().into_iter().collect();
        }
        patterns.iter().filter_map(|pattern| self.single.get(pattern).copied()).collect()
    }

    /// Every pattern and the number that it leads to, in the order of the numbers.
    pub(super) fn pairs(&self) -> Vec<(u32, &'r P)> {
        let single = self.single.iter().map(|(pattern, number)| (*number, *pattern));
        let many = self.many.iter().flat_map(|(patterns, number)| patterns.iter().map(|pattern| (*number, pattern)));
        let mut pairs: Vec<(u32, &P)> = single.chain(many).collect();
        pairs.sort_by_key(|(number, _)| *number);
        pairs
    }
}

/// Who the rules name as subjects.
pub(super) struct Subjects<'r> {
    pub(super) lists: Lists<'r, PrincipalPattern>,
    /// From principals, members of roles included.
    pub(super) patterns: Patterns,
    /// From roles; every declared role is in it.
    pub(super) roles: HashMap<Box<str>, Vec<u32>, FixedState>,
}

impl<'r> Subjects<'r> {
    pub(super) fn of(package: &Package, rules: &'r [Rule]) -> Subjects<'r> {
        let mut lists = Lists::default();
        for rule in rules {
            lists.of(&rule.subjects);
        }
        let mut patterns = Patterns::default();
        let mut roles: HashMap<Box<str>, Vec<u32>, FixedState> =
            package.roles.iter().map(|role| (role.name.as_str().into(), Vec::new())).collect();
        for (number, pattern) in lists.pairs() {
            add(&mut patterns, pattern, number);
            if let PrincipalPattern::Role(name) = pattern {
                for member in package.role(name).map(|role| role.members.as_slice()).unwrap_or_default() {
                    add(&mut patterns, member, number);
                }
                if let Some(numbers) = roles.get_mut(name.as_str())
                    && numbers.last() != Some(&number)
                {
                    numbers.push(number);
                }
            }
        }
        Subjects { lists, patterns, roles }
    }
}

fn add(patterns: &mut Patterns, pattern: &PrincipalPattern, number: u32) {
    match pattern {
        PrincipalPattern::Any => patterns.add_any(number),
        PrincipalPattern::Exact(exact) => patterns.add_exact(exact, number),
        PrincipalPattern::Prefix(prefix) => patterns.add_prefix(prefix, number),
        // Roles are not members of roles; a role itself is had as a member or by assertion.
        PrincipalPattern::Role(_) => {}
    }
}
