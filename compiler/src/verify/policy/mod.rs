//! The obligations of policies: that every rule can be reached and matters, that conditions say something, that approvals can
//! be given (G1201 to G1208).

mod approvers;
mod culprits;
mod redundancy;
mod rules;

pub(super) use approvers::{names, needs_everybody};

use super::both::Both;
use super::encode::requests as encoded;
use super::exact::{self, Alphabet};
use super::question::{Answer, Passed, Question, Way};
use super::report::{Evidence, Outcome, Proof};
use super::shown;
use super::units::{Found, Unit};
use crate::codes::Code;
use crate::diagnostic::{Subject, Witness};
use gov_plan::decide::{RequestBody, decide};
use gov_plan::model::{Package, Policy};
use gov_plan::{Origin, value};
use std::sync::Arc;

/// One unit of work for each policy.
pub(super) fn units<'p>(package: &'p Package, alphabet: &Arc<Alphabet>, pedantic: bool) -> Vec<Unit<'p>> {
    let unit = |policy: &'p Policy| -> Unit<'p> {
        let alphabet = Arc::clone(alphabet);
        Unit {
            name: format!("policy-{}", policy.name),
            subject: subject_of_policy(policy),
            at: policy.at,
            work: Box::new(move |session, found| {
                let exact = exact::Requests::new(package, policy, &alphabet);
                let way = Both { exact, solver: encoded::Requests::new(session, package, policy) };
                judge(package, policy, pedantic, way, found);
            }),
        }
    };
    package.policies.iter().map(unit).collect()
}

/// Settles all obligations of a policy in one way of proof.
pub(super) fn judge<W: Way>(package: &Package, policy: &Policy, pedantic: bool, way: W, found: &mut Found) {
    let (live, stops) = (vec![false; policy.rules.len()], vec![false; policy.rules.len()]);
    let next_other = redundancy::next_others(policy);
    let mut judge = Judge {
        package,
        policy,
        pedantic,
        way,
        found,
        live,
        stops,
        doubt: None,
        next_other,
        needed_by: Evidence::None,
    };
    judge.rules();
    judge.approvers();
    if pedantic {
        judge.default();
    }
}

/// A policy before its judge.
struct Judge<'a, W: Way> {
    package: &'a Package,
    policy: &'a Policy,
    pedantic: bool,
    way: W,
    found: &'a mut Found,
    /// The rules that win some request.
    live: Vec<bool>,
    /// The rules that win nothing, and deny some request all the same: their condition cannot be evaluated for it.
    stops: Vec<bool>,
    /// Why it is not known of some rule whether it decides otherwise than the one that is looked at.
    doubt: Option<String>,
    /// See [`redundancy::next_others`].
    next_other: Vec<usize>,
    /// The last request that was found to be decided otherwise without a rule.
    needed_by: Evidence,
}

/// How an obligation came out: `Some` holds or does not, by these questions to the solver; `None` was not settled and said so.
struct Settled<S> {
    witness: Option<S>,
    digests: Vec<String>,
}

impl<W: Way> Judge<'_, W> {
    /// Asks, and reports it where there is no answer.
    fn ask(
        &mut self,
        code: Code,
        subject: &Subject,
        at: Origin,
        question: &Question<'_>,
    ) -> Option<Settled<W::Sample>> {
        match self.way.find(question) {
            Answer::Yes(sample) => Some(Settled { witness: Some(sample), digests: Vec::new() }),
            Answer::No(digests) => Some(Settled { witness: None, digests }),
            Answer::Unknown(why) => {
                self.found.unproved(code, subject.clone(), at, &why);
                None
            }
        }
    }

    /// That a request was found, as what shows that an obligation holds.
    fn shown(&mut self, question: &Question<'_>, sample: &W::Sample) -> Outcome {
        let request = self.way.request(question, sample);
        let evidence = request.map_or(Evidence::None, |request| Evidence::Request(Box::new(request)));
        Outcome::Proved(Proof::Exact(evidence))
    }

    fn rule(&self, index: usize) -> (Subject, Origin) {
        let rule = self.policy.rules.get(index);
        (subject_of_rule(self.policy, index), rule.map_or(self.policy.at, |rule| rule.at))
    }

    /// The request of a sample with what is decided of it, by the plain decision.
    fn witness(&mut self, question: &Question<'_>, sample: &W::Sample) -> Option<Witness> {
        let body = self.way.request(question, sample)?;
        Some(witness(self.package, self.policy, &body))
    }

    /// The unnamed default of a policy: nothing reaches it.
    fn default(&mut self) {
        let subject = subject_of_policy(self.policy);
        let at = self.policy.default_at;
        let question = Question { passed: Passed::Before(self.policy.rules.len(), None), ..Question::default() };
        let Some(settled) = self.ask(Code::UnreachableDefault, &subject, at, &question) else { return };
        let outcome = match settled.witness {
            Some(_) => Outcome::Proved(Proof::Exact(Evidence::None)),
            None => {
                self.found.diagnostics.push(crate::errors::policy::unreachable_default(self.policy));
                Outcome::Refuted(Evidence::None)
            }
        };
        self.found.settle(Code::UnreachableDefault, subject, outcome);
    }
}

/// Without questions to the solver, it was settled exactly.
pub(super) fn proof(digests: Vec<String>) -> Proof {
    if digests.is_empty() { Proof::Exact(Evidence::None) } else { Proof::Solver(digests) }
}

/// A policy, for tools.
pub(super) fn subject_of_policy(policy: &Policy) -> Subject {
    Subject::Policy { policy: policy.name.clone() }
}

/// A rule by its place from 0, for tools.
pub(super) fn subject_of_rule(policy: &Policy, index: usize) -> Subject {
    let rule = policy.rules.get(index).and_then(|rule| rule.name.clone());
    let index = u32::try_from(index + 1).unwrap_or(u32::MAX);
    Subject::Rule { policy: policy.name.clone(), rule, index }
}

/// A request as findings show it, with what the policy decides of it.
pub(super) fn witness(package: &Package, policy: &Policy, body: &RequestBody) -> Witness {
    let decided = decide(package, policy, &body.request());
    let object = |record: &value::Record| match value::Value::Record(record.clone()).to_json() {
        serde_json::Value::Object(object) => object,
        _ => serde_json::Map::new(),
    };
    Witness {
        principal: Some(body.principal.clone()),
        capability: Some(body.capability.clone()),
        input: Some(object(&body.input)),
        context: Some(object(&body.context)),
        roles: Some(body.roles.clone()),
        path: None,
        decision: Some(decision_name(decided.decision).to_owned()),
        test: shown::request(package, policy, body),
    }
}

/// A decision as it is written.
pub(super) fn decision_name(decision: gov_plan::model::Decision) -> &'static str {
    use gov_plan::model::Decision;
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
        Decision::Approval => "approval",
    }
}
