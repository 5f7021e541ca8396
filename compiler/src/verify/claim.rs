//! Claims about policies: `prove NAME in POLICY: never|always|sometimes DECISION …` (G1401).

use super::both::Both;
use super::encode::requests as encoded;
use super::exact::{self, Alphabet};
use super::policy::{decision_name, proof, witness};
use super::question::{self, Answer, Passed, Question, Unevaluable, Way};
use super::report::{Evidence, Outcome, Proof};
use super::units::{Found, Unit};
use crate::codes::Code;
use crate::diagnostic::Subject;
use crate::errors;
use gov_plan::decide::{By, RequestBody, decide};
use gov_plan::model::{Action, Claim, ClaimKind, Decision, Escalation, Package, Policy, Quantifier};
use std::sync::Arc;

/// One unit of work for each claim about a policy.
pub(super) fn units<'p>(package: &'p Package, alphabet: &Arc<Alphabet>) -> Vec<Unit<'p>> {
    let unit = |claim: &'p Claim| -> Option<Unit<'p>> {
        let ClaimKind::Policy { policy, .. } = &claim.kind else { return None };
        let policy = package.policy(policy)?;
        let alphabet = Arc::clone(alphabet);
        Some(Unit {
            name: format!("claim-{}", claim.name),
            subject: Subject::Prove { prove: claim.name.clone() },
            at: claim.at,
            work: Box::new(move |session, found| {
                let exact = exact::Requests::new(package, policy, &alphabet);
                let mut way = Both { exact, solver: encoded::Requests::new(session, package, policy) };
                settle(package, policy, claim, &mut way, found);
            }),
        })
    };
    package.claims.iter().filter_map(unit).collect()
}

/// Settles a claim in one way of proof.
pub(super) fn settle<W: Way>(package: &Package, policy: &Policy, claim: &Claim, way: &mut W, found: &mut Found) {
    let ClaimKind::Policy { quantifier, decision, subjects, targets, condition, .. } = &claim.kind else { return };
    let about = question::Claim { subjects, targets, condition: condition.as_ref() };
    let subject = Subject::Prove { prove: claim.name.clone() };
    let mut search = Search { package, policy, about, way, digests: Vec::new(), unknown: None };
    // A claim about nothing would hold whatever the policy says.
    let all = [Decision::Allow, Decision::Deny, Decision::Approval];
    if search.first(&all).is_none() {
        if let Some(why) = &search.unknown {
            return found.unproved(Code::ProveFalse, subject, claim.at, why);
        }
        found.diagnostics.push(errors::proof::vacuous(claim.at, &claim.name));
        return found.settle(Code::VacuousCondition, subject, Outcome::Refuted(Evidence::None));
    }
    search.unknown = None;
    search.digests.clear();
    let wanted: Vec<Decision> = match quantifier {
        Quantifier::Always => all.into_iter().filter(|other| other != decision).collect(),
        Quantifier::Never | Quantifier::Sometimes => vec![*decision],
    };
    let request = search.first(&wanted);
    let (digests, unknown) = (search.digests, search.unknown);
    let outcome = match (request, unknown, quantifier) {
        (Some(request), _, Quantifier::Sometimes) => {
            Outcome::Proved(Proof::Exact(Evidence::Request(Box::new(request))))
        }
        (Some(request), _, _) => {
            let witness = witness(package, policy, &request);
            let decided = witness.decision.clone().unwrap_or_default();
            let said = decision_name(*decision);
            let message = match quantifier {
                Quantifier::Never => format!("`{}` is false: a request is decided `{said}`", claim.name),
                _ => format!("`{}` is false: a request is decided `{decided}`, not `{said}`", claim.name),
            };
            let by = decided_by(package, policy, &request);
            found.diagnostics.push(errors::proof::refuted(claim.at, &claim.name, message, by, Some(witness.clone())));
            Outcome::Refuted(Evidence::Witness(Box::new(witness)))
        }
        (None, Some(why), _) => return found.unproved(Code::ProveFalse, subject, claim.at, &why),
        (None, None, Quantifier::Sometimes) => {
            let said = decision_name(*decision);
            let message = format!("`{}` is false: no request is decided `{said}`", claim.name);
            found.diagnostics.push(errors::proof::refuted(claim.at, &claim.name, message, None, None));
            Outcome::Refuted(Evidence::None)
        }
        (None, None, _) => Outcome::Proved(proof(digests)),
    };
    found.settle(Code::ProveFalse, subject, outcome);
}

fn decided_by(package: &Package, policy: &Policy, request: &RequestBody) -> Option<(gov_plan::Origin, String)> {
    let decided = decide(package, policy, &request.request());
    match decided.by {
        By::Rule(index) => {
            let index = (index as usize).checked_sub(1)?;
            let rule = policy.rules.get(index)?;
            Some((rule.at, format!("decided by {}", errors::policy::name(policy, index))))
        }
        By::Default => Some((policy.default_at, "decided by the default".to_owned())),
        By::Unevaluable(why) => Some((policy.at, format!("denied, because it cannot be evaluated: {why}"))),
    }
}

/// The search for a request that is decided in a certain way.
struct Search<'a, W: Way> {
    package: &'a Package,
    policy: &'a Policy,
    about: question::Claim<'a>,
    way: &'a mut W,
    digests: Vec<String>,
    unknown: Option<String>,
}

impl<W: Way> Search<'_, W> {
    /// A request that the claim is about and that is decided in one of these ways.
    fn first(&mut self, wanted: &[Decision]) -> Option<RequestBody> {
        let policy = self.policy;
        let rules = policy.rules.iter().enumerate().map(|(index, rule)| (Some(index), &rule.action));
        for (index, action) in rules.chain([(None, &policy.default)]) {
            let won = Question {
                fits: index.into_iter().collect(),
                passed: Passed::Before(index.unwrap_or(policy.rules.len()), None),
                claim: Some(self.about),
                ..Question::default()
            };
            for question in self.decided(&won, action, wanted) {
                if let Some(request) = self.one(&question, wanted) {
                    return Some(request);
                }
            }
        }
        if wanted.contains(&Decision::Deny) {
            return self.unevaluable(wanted);
        }
        None
    }

    /// A request that is denied because it cannot be evaluated.
    fn unevaluable(&mut self, wanted: &[Decision]) -> Option<RequestBody> {
        let base = Question { claim: Some(self.about), ..Question::default() };
        let conditions = self.policy.rules.iter().enumerate().filter(|(_, rule)| rule.condition.is_some());
        let mut questions: Vec<Question<'_>> = conditions
            .map(|(index, _)| Question {
                unevaluable: Some(Unevaluable::Rule(index)),
                passed: Passed::Before(index, None),
                ..base.clone()
            })
            .collect();
        questions.push(Question { unevaluable: Some(Unevaluable::Tables), ..base });
        questions.iter().find_map(|question| self.one(question, wanted))
    }

    fn one(&mut self, question: &Question<'_>, wanted: &[Decision]) -> Option<RequestBody> {
        match self.way.find(question) {
            Answer::No(digests) => {
                self.digests.extend(digests);
                None
            }
            Answer::Unknown(why) => {
                self.unknown = Some(why);
                None
            }
            Answer::Yes(sample) => {
                let request = self.way.request(question, &sample);
                let replayed = request
                    .filter(|request| wanted.contains(&decide(self.package, self.policy, &request.request()).decision));
                if replayed.is_none() {
                    self.unknown =
                        Some("a case was found that does not replay: a fault of ours, please report it".to_owned());
                }
                replayed
            }
        }
    }

    /// The questions whose requests are won by an action and decided in one of these ways.
    fn decided<'q>(&self, won: &Question<'q>, action: &Action, wanted: &[Decision]) -> Vec<Question<'q>> {
        let may_escalate = matches!(self.policy.escalation, Escalation::AtLeast { .. });
        let (allow, approval) = (wanted.contains(&Decision::Allow), wanted.contains(&Decision::Approval));
        let plain = Question { escalated: Some(false), required: Some(false), ..won.clone() };
        match action {
            Action::Deny if wanted.contains(&Decision::Deny) => vec![won.clone()],
            Action::Approval(_) if approval => vec![won.clone()],
            Action::Allow if allow && approval => vec![won.clone()],
            Action::Allow if allow => vec![plain],
            Action::Allow if approval => {
                let required = Question { required: Some(true), ..won.clone() };
                let escalated = Question { escalated: Some(true), ..won.clone() };
                if may_escalate { vec![required, escalated] } else { vec![required] }
            }
            _ => Vec::new(),
        }
    }
}
