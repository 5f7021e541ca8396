//! G1202: a rule without which every decision would be the same.

use super::super::question::{Answer, Passed, Question, Unevaluable, Way};
use super::super::report::{Evidence, Outcome, Proof};
use super::Judge;
use crate::codes::Code;
use crate::errors::policy as errors;
use gov_plan::expr::{BinaryOp, ExprKind};
use gov_plan::model::{Action, Approval, Escalation, Policy, Rule};

impl<W: Way> Judge<'_, W> {
    /// Whether a request that the rule wins would be decided otherwise without it.
    pub(super) fn needed(&mut self, index: usize) {
        let (subject, at) = self.rule(index);
        let outcome = match self.is_needed(index) {
            Some(true) => Outcome::Proved(Proof::Exact(std::mem::take(&mut self.needed_by))),
            Some(false) => {
                self.found.diagnostics.push(errors::changes_nothing(self.policy, index));
                Outcome::Refuted(Evidence::None)
            }
            None => {
                let why = "whether the rule changes a decision is beyond the solver";
                return self.found.unproved(Code::RedundantRule, subject, at, why);
            }
        };
        self.found.settle(Code::RedundantRule, subject, outcome);
    }

    /// `None` where it was not settled. The rule takes requests in two ways: those that fit it, and those that its condition
    /// cannot be evaluated for, which are denied.
    fn is_needed(&mut self, index: usize) -> Option<bool> {
        let rule = self.policy.rules.get(index)?;
        let fitting = Question { fits: vec![index], ..Question::default() };
        let failing = Question { unevaluable: Some(Unevaluable::Rule(index)), ..Question::default() };
        let fits = self.decides_alone(index, &fitting, &rule.action);
        if fits == Some(true) || !rule.condition.as_ref().is_some_and(can_fail) {
            return fits;
        }
        match (fits, self.decides_alone(index, &failing, &Action::Deny)) {
            (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }

    /// Whether one of the requests that a rule takes so, and decides so, would be decided otherwise without it.
    fn decides_alone(&mut self, index: usize, taken: &Question<'static>, action: &Action) -> Option<bool> {
        let policy = self.policy;
        let count = policy.rules.len();
        let mut unknown = false;
        let mut tell = |answer: Option<bool>| {
            unknown |= answer.is_none();
            answer == Some(true)
        };
        for escalated in differ(policy, action, &policy.default) {
            let falling = Question { passed: Passed::Before(count, Some(index)), escalated, ..taken.clone() };
            if tell(self.exists(&falling)) {
                return Some(true);
            }
        }
        let matters = |other: &Rule| {
            !differ(policy, action, &other.action).is_empty()
                || *action != Action::Deny && other.condition.as_ref().is_some_and(can_fail)
        };
        let first = match &taken.unevaluable {
            None => self.next_other.get(index).copied(),
            Some(_) => (index + 1..count).find(|other| policy.rules.get(*other).is_some_and(matters)),
        };
        let Some(first) = first.filter(|first| *first < count) else {
            return (!unknown).then_some(false);
        };
        // Where rules that decide the same catch everything before one that does not, there is nothing left to look at.
        let reaching = Question { passed: Passed::Before(first, Some(index)), ..taken.clone() };
        if self.exists(&reaching) == Some(false) {
            return (!unknown).then_some(false);
        }
        let later = |other: usize| other > index && policy.rules.get(other).is_some_and(matters);
        for other in self.way.neighbours(index, usize::MAX, &later) {
            let Some(next) = policy.rules.get(other) else { continue };
            for escalated in differ(policy, action, &next.action) {
                let fits = taken.fits.iter().copied().chain([other]).collect();
                let passed = Passed::Before(other, Some(index));
                if tell(self.exists(&Question { fits, passed, escalated, ..taken.clone() })) {
                    return Some(true);
                }
            }
            if *action != Action::Deny && next.condition.as_ref().is_some_and(can_fail) {
                let failing = Question {
                    unevaluable: Some(Unevaluable::Rule(other)),
                    passed: Passed::Before(other, Some(index)),
                    ..taken.clone()
                };
                if tell(self.exists(&failing)) {
                    return Some(true);
                }
            }
        }
        (!unknown).then_some(false)
    }

    fn exists(&mut self, question: &Question<'_>) -> Option<bool> {
        match self.way.find(question) {
            Answer::Yes(sample) => {
                let request = self.way.request(question, &sample);
                self.needed_by = request.map_or(Evidence::None, |request| Evidence::Request(Box::new(request)));
                Some(true)
            }
            Answer::No(_) => Some(false),
            Answer::Unknown(_) => None,
        }
    }
}

/// For each rule the next one that has another action, or whose condition may fail; the number of rules where there is none.
pub(super) fn next_others(policy: &Policy) -> Vec<usize> {
    let mut next = vec![policy.rules.len(); policy.rules.len()];
    for index in (0..policy.rules.len()).rev() {
        let (Some(rule), Some(after)) = (policy.rules.get(index), policy.rules.get(index + 1)) else { continue };
        let other = rule.action != after.action || after.condition.as_ref().is_some_and(can_fail);
        let later = next.get(index + 1).copied().unwrap_or_default();
        if let Some(own) = next.get_mut(index) {
            *own = if other { index + 1 } else { later };
        }
    }
    next
}

/// Where two actions lead to different decisions: nowhere, everywhere (one `None`), or only where an allow is escalated, or
/// is not.
fn differ(policy: &Policy, a: &Action, b: &Action) -> Vec<Option<bool>> {
    if a == b {
        return Vec::new();
    }
    let escalation = match &policy.escalation {
        Escalation::AtLeast { approval, .. } => Some(approval),
        Escalation::Never { .. } => None,
    };
    let after = |action: &Action, escalated: bool| match (action, escalation) {
        (Action::Allow, Some(approval)) if escalated => Action::Approval(Approval::clone(approval)),
        _ => action.clone(),
    };
    let plain = after(a, false) != after(b, false);
    let escalated = escalation.is_some() && after(a, true) != after(b, true);
    match (plain, escalated) {
        (false, false) => Vec::new(),
        (true, true) => vec![None],
        (true, false) if escalation.is_none() => vec![None],
        (plain, _) => vec![Some(!plain)],
    }
}

/// Whether a condition has a part whose evaluation can fail.
pub(super) fn can_fail(condition: &gov_plan::expr::Expr) -> bool {
    let mut found = false;
    condition.walk(&mut |part| {
        found |= matches!(
            part.kind,
            ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, ..)
                | ExprKind::Negate(_)
                | ExprKind::As(..)
                | ExprKind::Interpolate(_)
        );
    });
    found
}
