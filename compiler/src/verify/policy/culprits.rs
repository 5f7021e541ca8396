//! Why a rule is never reached: the smallest set of earlier rules that together leave nothing for it. A rule takes requests
//! by winning them, or because its condition cannot be evaluated for them, which denies.
//!
//! A smallest hitting set, found by counterexample: whichever set of rules is tried, a request that gets past it shows which
//! rules would have caught it, one of which has to be in the set. The set that no request gets past is the answer, and no
//! smaller one exists, since each request that was met wants one of its rules.

use super::super::question::{Answer, Passed, Question, Unevaluable, Way};
use super::super::report::{Evidence, Outcome};
use super::Judge;
use super::redundancy::can_fail;
use crate::codes::Code;
use crate::errors::policy as errors;
use gov_plan::model::Action;
use std::collections::BTreeSet;

/// The most sets that are tried before the smallest is given up for some that suffice.
const MOST_TRIES: usize = 200;

impl<W: Way> Judge<'_, W> {
    /// Reports a rule that no request reaches: G1201 where an earlier one decides otherwise for some of its requests, G1202
    /// where they all decide the same, and neither where that is not known.
    pub(super) fn dead(&mut self, index: usize) {
        let (subject, _) = self.rule(index);
        self.doubt = None;
        let mut wanted: Vec<Vec<usize>> = Vec::new();
        let smallest = self.smallest(index, &mut wanted);
        let (culprits, otherwise) = self.with_one_that_decides_otherwise(index, smallest, &mut wanted);
        let rules = culprits.iter().map(|rule| u32::try_from(rule + 1).unwrap_or(u32::MAX)).collect();
        let evidence = Evidence::Rules(rules);
        if otherwise.is_none()
            && let Some(why) = self.doubt.take()
        {
            // Nothing reaches it; whether that is an error is not known.
            let at = self.rule(index).1;
            return self.found.unproved(Code::ShadowedRule, subject, at, &why);
        }
        match otherwise {
            Some(other) => {
                let witness =
                    self.decided_by(index, other).and_then(|(question, sample)| self.witness(&question, &sample));
                self.found.diagnostics.push(errors::shadowed(self.policy, index, &culprits, other, witness));
                self.found.settle(Code::ShadowedRule, subject, Outcome::Refuted(evidence));
            }
            None => {
                self.found.diagnostics.push(errors::unreached(self.policy, index, &culprits));
                self.found.settle(Code::RedundantRule, subject, Outcome::Refuted(evidence));
            }
        }
    }

    /// The smallest set of rules that decide anything and that leaves nothing. `wanted` gathers what requests ask for: one rule of each.
    fn smallest(&mut self, index: usize, wanted: &mut Vec<Vec<usize>>) -> Vec<usize> {
        for _ in 0..MOST_TRIES {
            let Some(set) = hitting_set(wanted, usize::MAX) else { break };
            match self.gets_past(index, &set) {
                Past::Nothing => return set,
                Past::One(rules) => wanted.push(rules),
                Past::Unknown => break,
            }
        }
        // All that suffice, and then without each that turns out not to be needed.
        let mut set: Vec<usize> = (0..index).filter(|rule| self.decides(*rule)).collect();
        for rule in set.clone().into_iter().rev() {
            let without: Vec<usize> = set.iter().copied().filter(|other| *other != rule).collect();
            if matches!(self.gets_past(index, &without), Past::Nothing) {
                set = without;
            }
        }
        set
    }

    /// Such a set with a rule in it that decides some of the requests otherwise, if there is such a rule: as small as that can
    /// be.
    fn with_one_that_decides_otherwise(
        &mut self,
        index: usize,
        smallest: Vec<usize>,
        wanted: &mut Vec<Vec<usize>>,
    ) -> (Vec<usize>, Option<usize>) {
        if let Some(other) = smallest.iter().copied().find(|other| self.decides_otherwise(index, *other)) {
            return (smallest, Some(other));
        }
        let Some(first) = self.first_otherwise(index) else { return (smallest, None) };
        // As small with one of them in it? Each rule of a smallest set is wanted by some request, or it could be left out.
        let mut refused: Vec<usize> = Vec::new();
        for _ in 0..MOST_TRIES {
            let mut candidates: Vec<usize> = wanted.iter().flatten().copied().collect();
            candidates.retain(|other| self.may_decide_otherwise(index, *other) && !refused.contains(other));
            candidates.sort_unstable();
            candidates.dedup();
            if candidates.is_empty() {
                break;
            }
            let mut all = wanted.clone();
            all.push(candidates.clone());
            let Some(set) = hitting_set(&all, smallest.len()) else { break };
            let of_them = || set.iter().copied().filter(|other| candidates.contains(other));
            match of_them().find(|other| self.decides_otherwise(index, *other)) {
                None => refused.extend(of_them()),
                Some(other) => match self.gets_past(index, &set) {
                    Past::Nothing => return (set, Some(other)),
                    Past::One(rules) => wanted.push(rules),
                    Past::Unknown => break,
                },
            }
        }
        let mut set = smallest;
        set.push(first);
        set.sort_unstable();
        (set, Some(first))
    }

    /// The first rule that decides a request of this one otherwise.
    fn first_otherwise(&mut self, index: usize) -> Option<usize> {
        // A few first: most often one of them is.
        for limit in [8, usize::MAX] {
            let wanted = |other: usize| other < index && self.may_decide_otherwise(index, other);
            let near = self.way.neighbours(index, limit, &wanted);
            if let Some(found) = near.iter().copied().find(|other| self.decides_otherwise(index, *other)) {
                return Some(found);
            }
            if near.len() < limit {
                return None;
            }
        }
        None
    }

    /// Whether an earlier rule has another action, or a condition that may fail, which denies.
    fn may_decide_otherwise(&self, index: usize, other: usize) -> bool {
        let (Some(rule), Some(earlier)) = (self.policy.rules.get(index), self.policy.rules.get(other)) else {
            return false;
        };
        let may_fail = || rule.action != Action::Deny && earlier.condition.as_ref().is_some_and(can_fail);
        self.decides(other) && (rule.action != earlier.action || may_fail())
    }

    /// Whether some request of the rule is decided otherwise by an earlier one: by its action, or because its condition cannot
    /// be evaluated, which denies.
    fn decides_otherwise(&mut self, index: usize, other: usize) -> bool {
        self.decided_by(index, other).is_some()
    }

    fn decided_by(&mut self, index: usize, other: usize) -> Option<(Question<'static>, W::Sample)> {
        let policy = self.policy;
        let (rule, earlier) = (policy.rules.get(index)?, policy.rules.get(other)?);
        let mut questions = Vec::new();
        if rule.action != earlier.action {
            questions.push(Question {
                fits: vec![index, other],
                passed: Passed::Before(other, None),
                ..Question::default()
            });
        }
        if rule.action != Action::Deny && earlier.condition.as_ref().is_some_and(can_fail) {
            questions.push(Question {
                fits: vec![index],
                unevaluable: Some(Unevaluable::Rule(other)),
                passed: Passed::Before(other, None),
                ..Question::default()
            });
        }
        questions.into_iter().find_map(|question| match self.way.find(&question) {
            Answer::Yes(sample) => Some((question, sample)),
            Answer::No(_) => None,
            Answer::Unknown(why) => {
                self.doubt = Some(why);
                None
            }
        })
    }

    fn gets_past(&mut self, index: usize, set: &[usize]) -> Past {
        let question = Question { fits: vec![index], passed: Passed::These(set), ..Question::default() };
        match self.way.find(&question) {
            Answer::No(_) => Past::Nothing,
            Answer::Unknown(_) => Past::Unknown,
            Answer::Yes(sample) => {
                let rules = self.way.touching(&sample, index);
                let rules: Vec<usize> = rules.into_iter().filter(|rule| self.decides(*rule)).collect();
                if rules.is_empty() { Past::Unknown } else { Past::One(rules) }
            }
        }
    }

    /// Whether a rule decides any request.
    fn decides(&self, rule: usize) -> bool {
        self.live.get(rule) == Some(&true) || self.stops.get(rule) == Some(&true)
    }
}

/// Which request gets past a set of rules.
enum Past {
    /// None.
    Nothing,
    /// One that these rules would have caught.
    One(Vec<usize>),
    /// It could not be settled.
    Unknown,
}

/// The smallest set that has one of each group, and of those the one that comes first; `None` where it would be larger than
/// `most`, or the search is too long.
fn hitting_set(groups: &[Vec<usize>], most: usize) -> Option<Vec<usize>> {
    let mut budget = 20_000_u32;
    for size in 0..=groups.len().min(most) {
        let mut set = BTreeSet::new();
        if extend(groups, size, &mut set, &mut budget) {
            return Some(set.into_iter().collect());
        }
        if budget == 0 {
            return None;
        }
    }
    None
}

fn extend(groups: &[Vec<usize>], room: usize, set: &mut BTreeSet<usize>, budget: &mut u32) -> bool {
    let Some(group) = groups.iter().find(|group| !group.iter().any(|rule| set.contains(rule))) else { return true };
    if room == 0 || *budget == 0 {
        return false;
    }
    *budget -= 1;
    for rule in group {
        set.insert(*rule);
        if extend(groups, room - 1, set, budget) {
            return true;
        }
        set.remove(rule);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_set_hits_every_group() {
        assert_eq!(hitting_set(&[], usize::MAX), Some(vec![]));
        assert_eq!(hitting_set(&[vec![1, 2], vec![2, 3], vec![3, 1]], usize::MAX), Some(vec![1, 2]));
        assert_eq!(hitting_set(&[vec![1, 4], vec![2, 4], vec![3, 4]], usize::MAX), Some(vec![4]));
        assert_eq!(hitting_set(&[vec![1], vec![2]], 1), None);
        assert_eq!(hitting_set(&[vec![]], usize::MAX), None);
    }
}
