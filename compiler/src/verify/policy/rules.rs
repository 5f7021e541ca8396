//! Each rule: whether it is reached, says something, and matters.

use super::super::question::{Passed, Question, Unevaluable, Way};
use super::super::report::{Evidence, Outcome};
use super::Judge;
use crate::codes::Code;
use crate::errors::policy as errors;
use gov_plan::model::{Action, Escalation};

impl<W: Way> Judge<'_, W> {
    pub(super) fn rules(&mut self) {
        for index in 0..self.policy.rules.len() {
            self.reached(index);
        }
        for index in 0..self.policy.rules.len() {
            if self.live.get(index) == Some(&true) {
                self.conditions(index);
                self.escalated(index);
                self.needed(index);
                if self.pedantic {
                    self.uncut(index);
                }
            }
        }
    }

    /// G1201 and G1202: some request reaches the rule. G1203: its condition can hold at all.
    fn reached(&mut self, index: usize) {
        let (subject, at) = self.rule(index);
        let reaching = Question { fits: vec![index], passed: Passed::Before(index, None), ..Question::default() };
        let Some(settled) = self.ask(Code::ShadowedRule, &subject, at, &reaching) else { return };
        if let Some(sample) = &settled.witness {
            if let Some(live) = self.live.get_mut(index) {
                *live = true;
            }
            let shown = self.shown(&reaching, sample);
            self.found.settle(Code::ShadowedRule, subject, shown);
            return;
        }
        self.way.forget(index);
        let Some(rule) = self.policy.rules.get(index) else { return };
        if let Some(condition) = &rule.condition {
            if super::redundancy::can_fail(condition) {
                let failing = Question { fits: Vec::new(), unevaluable: Some(Unevaluable::Rule(index)), ..reaching };
                let Some(failing) = self.ask(Code::ShadowedRule, &subject, at, &failing) else { return };
                if let Some(stops) = self.stops.get_mut(index) {
                    *stops = failing.witness.is_some();
                }
            }
            let fitting = Question { fits: vec![index], ..Question::default() };
            let Some(alone) = self.ask(Code::VacuousCondition, &subject, at, &fitting) else { return };
            if alone.witness.is_none() {
                self.found.diagnostics.push(errors::never_holds(self.policy, index, condition.at));
                self.found.settle(Code::VacuousCondition, subject, Outcome::Refuted(Evidence::None));
                return;
            }
        }
        self.dead(index);
    }

    /// G1203: the condition does not hold of everything that it is asked about.
    fn conditions(&mut self, index: usize) {
        let Some(condition) = self.policy.rules.get(index).and_then(|rule| rule.condition.as_ref()) else { return };
        let (subject, at) = self.rule(index);
        let missing = Question { misses: Some(index), ..Question::default() };
        let Some(settled) = self.ask(Code::VacuousCondition, &subject, at, &missing) else { return };
        let outcome = match &settled.witness {
            Some(sample) => self.shown(&missing, sample),
            None => {
                self.found.diagnostics.push(errors::always_holds(self.policy, index, condition.at));
                Outcome::Refuted(Evidence::None)
            }
        };
        self.found.settle(Code::VacuousCondition, subject, outcome);
    }

    /// G1205: some request that the rule allows is not escalated.
    fn escalated(&mut self, index: usize) {
        let is_allow = self.policy.rules.get(index).is_some_and(|rule| rule.action == Action::Allow);
        if !is_allow || !matches!(self.policy.escalation, Escalation::AtLeast { .. }) {
            return;
        }
        let (subject, at) = self.rule(index);
        let plain = Question {
            fits: vec![index],
            passed: Passed::Before(index, None),
            escalated: Some(false),
            ..Question::default()
        };
        let Some(settled) = self.ask(Code::AlwaysEscalated, &subject, at, &plain) else { return };
        let outcome = match &settled.witness {
            Some(sample) => self.shown(&plain, sample),
            None => {
                let reaching = Question { escalated: None, ..plain };
                let sample = self.ask(Code::AlwaysEscalated, &subject, at, &reaching).and_then(|found| found.witness);
                let witness = sample.and_then(|sample| self.witness(&reaching, &sample));
                self.found.diagnostics.push(errors::always_escalated(self.policy, index, witness));
                Outcome::Refuted(Evidence::None)
            }
        };
        self.found.settle(Code::AlwaysEscalated, subject, outcome);
    }

    /// G1207: no earlier rule that decides otherwise takes requests away.
    fn uncut(&mut self, index: usize) {
        let (subject, at) = self.rule(index);
        let policy = self.policy;
        let Some(rule) = policy.rules.get(index) else { return };
        let live = self.live.clone();
        let otherwise = |other: usize| {
            other < index
                && live.get(other) == Some(&true)
                && policy.rules.get(other).is_some_and(|other| other.action != rule.action)
        };
        let (mut cut, mut digests) = (Vec::new(), Vec::new());
        for other in self.way.neighbours(index, usize::MAX, &otherwise) {
            let both =
                Question { fits: vec![index, other], passed: Passed::Before(other, None), ..Question::default() };
            let Some(settled) = self.ask(Code::PartlyShadowed, &subject, at, &both) else { return };
            match settled.witness {
                Some(sample) => cut.push((other, self.witness(&both, &sample))),
                None => digests.extend(settled.digests),
            }
        }
        let outcome = if cut.is_empty() {
            Outcome::Proved(super::proof(digests))
        } else {
            let rules = cut.iter().map(|(other, _)| u32::try_from(other + 1).unwrap_or(u32::MAX)).collect();
            let witness = cut.iter().find_map(|(_, witness)| witness.clone());
            let others: Vec<usize> = cut.into_iter().map(|(other, _)| other).collect();
            self.found.diagnostics.push(errors::partly_shadowed(policy, index, &others, witness));
            Outcome::Refuted(Evidence::Rules(rules))
        };
        self.found.settle(Code::PartlyShadowed, subject, outcome);
    }
}
