//! What the calls of a test meet: what it says of each capability, and what people decide.

use super::literals;
use crate::core::{Decided, Effect, Outcome, Question, Verdict};
use crate::simulate::World;
use gov_plan::model::{Given, Package};
use serde_json::json;
use std::collections::BTreeMap;

/// How long a simulated call takes, in milliseconds.
const TAKES: i64 = 1;

/// How long a person of a test takes to decide, in milliseconds.
const DECIDES_AFTER: i64 = 1_000;

/// Simulated capabilities and people.
#[derive(Default)]
pub struct Simulated<'p> {
    package: Option<&'p Package>,
    given: BTreeMap<&'p str, Vec<&'p Given>>,
    decisions: Vec<Decision<'p>>,
    /// How often each `given` has been used in this run.
    used: BTreeMap<&'p str, (usize, u32)>,
    /// Capabilities that were called, and of which the test says nothing.
    unknown: Vec<String>,
}

struct Decision<'p> {
    step: &'p str,
    approve: bool,
    by: Option<&'p str>,
}

impl<'p> Simulated<'p> {
    /// The test says something of a capability. Of several sayings, each but the last is used as often as it says, or once.
    pub fn given(&mut self, capability: &'p str, given: &'p Given) {
        self.given.entry(capability).or_default().push(given);
    }

    /// The test says how people decide at a step.
    pub fn decides(&mut self, step: &'p str, approve: bool, by: Option<&'p str>) {
        self.decisions.push(Decision { step, approve, by });
    }

    /// A run begins.
    pub fn begin(&mut self, package: &'p Package) {
        self.package = Some(package);
        self.used.clear();
    }

    /// What the test should have said, and did not.
    pub fn take_problems(&mut self) -> Vec<String> {
        let unknown = std::mem::take(&mut self.unknown);
        let say = |id: String| format!("`{id}` is called, and the test does not say `given {id} …`");
        unknown.into_iter().map(say).collect()
    }

    fn next(&mut self, capability: &str) -> Option<&'p Given> {
        let (name, givens) = self.given.get_key_value(capability)?;
        let (index, times) = self.used.entry(name).or_insert((0, 0));
        loop {
            let given = givens.get(*index)?;
            let is_last = *index + 1 == givens.len();
            let lasts = match given {
                Given::Fails { times: Some(most), .. } => *times < *most,
                _ => is_last || *times < 1,
            };
            if lasts {
                *times += 1;
                return Some(given);
            }
            (*index, *times) = (*index + 1, 0);
        }
    }

    /// Who decides: whom the test names, or as many as the question wants of those who may.
    fn people(&self, question: &Question, by: Option<&str>) -> Vec<(String, Vec<String>)> {
        if let Some(by) = by {
            // A role without members is asserted by the identity provider alone.
            return vec![(by.to_owned(), self.asserted(question))];
        }
        let quorum = usize::try_from(question.quorum).unwrap_or(usize::MAX);
        let mut people: Vec<(String, Vec<String>)> = Vec::new();
        for approver in &question.approvers {
            match (approver.strip_prefix("role:"), approver.strip_suffix('*')) {
                (Some(role), _) => {
                    let members =
                        self.package.and_then(|package| package.role(role)).map(|role| role.members.as_slice());
                    let named = members.unwrap_or_default().iter().map(ToString::to_string);
                    people.extend(named.filter(|member| !member.ends_with('*')).map(|member| (member, Vec::new())));
                    people.extend((0..quorum).map(|index| (format!("user:{role}_{index}"), vec![role.to_owned()])));
                }
                (None, Some(prefix)) => {
                    people.extend((0..quorum).map(|index| (format!("{prefix}person_{index}"), Vec::new())));
                }
                (None, None) if approver == "any" => {
                    people.extend((0..quorum).map(|index| (format!("user:person_{index}"), Vec::new())));
                }
                (None, None) => people.push((approver.clone(), Vec::new())),
            }
        }
        people.retain(|(by, _)| *by != question.requester);
        people.truncate(quorum);
        people
    }

    /// The roles among those asked that nobody is a declared member of.
    fn asserted(&self, question: &Question) -> Vec<String> {
        let roles = question.approvers.iter().filter_map(|approver| approver.strip_prefix("role:"));
        let open = roles.filter(|role| {
            self.package.and_then(|package| package.role(role)).is_none_or(|role| role.members.is_empty())
        });
        open.map(str::to_owned).collect()
    }
}

impl World for Simulated<'_> {
    fn call(&mut self, effect: &Effect) -> (i64, Outcome) {
        let outcome = match self.next(&effect.capability) {
            Some(Given::Returns(fields)) => Outcome::Ok { output: literals(fields) },
            Some(Given::Fails { transient, message, .. }) => {
                Outcome::Err { transient: *transient, message: message.clone(), after: None }
            }
            Some(Given::TimesOut) => return (i64::MAX, Outcome::Ok { output: json!({}) }),
            None => {
                let capability = self.package.and_then(|package| package.capability(&effect.capability));
                let silent = capability.is_some_and(|capability| capability.output.is_empty());
                // What an undo gives is read by nobody.
                if !silent && !effect.step.undo && !self.unknown.contains(&effect.capability) {
                    self.unknown.push(effect.capability.clone());
                }
                match silent || effect.step.undo {
                    true => Outcome::Ok { output: json!({}) },
                    false => Outcome::Err {
                        transient: false,
                        message: "the test does not say what it does".to_owned(),
                        after: None,
                    },
                }
            }
        };
        (TAKES, outcome)
    }

    fn asked(&mut self, question: &Question) -> Vec<(i64, Decided)> {
        let is_about = |step: &str| {
            let last = question.label.rsplit('/').next().unwrap_or_default();
            question.label == step || last.split('[').next() == Some(step)
        };
        let mut decided = Vec::new();
        for (decision, after) in self.decisions.iter().filter(|decision| is_about(decision.step)).zip(1_i64..) {
            for (by, roles) in self.people(question, decision.by) {
                let verdict = if decision.approve { Verdict::Approved } else { Verdict::Rejected };
                let digest = question.digest.clone();
                let gate = question.gate.clone();
                let said = Decided { gate, by, roles, verdict, comment: String::new(), digest };
                decided.push((DECIDES_AFTER * after, said));
            }
        }
        decided
    }
}
