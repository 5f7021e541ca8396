//! Claims: those about policies by a request or class by class, those about workflows where the steps show it.

use super::atom::Atom;
use super::bounds::{self, Of};
use super::cell::Cell;
use super::classes::Split;
use super::outcome::Reader;
use super::policy::{Rules, capability_of, start};
use super::things::Things;
use super::workflow::{self, ruling};
use super::{Duty, Shows, Sight, Thing};
use crate::decide::Request;
use crate::eval::{Env, eval};
use crate::model::{Action, Claim, ClaimKind, Compensation, Decision, Escalation, Quantifier, ROLLBACK};
use crate::types::Risk;
use crate::value::Value;

/// What has to be proved of a claim: that it holds.
pub(super) fn thing<'p>(things: &'p Things<'p>, claim: &'p Claim) -> Thing<'p> {
    let mut thing = Thing {
        on: format!("prove {}", claim.name),
        duties: Vec::new(),
        classes: None,
        shows: None,
        undone: Vec::new(),
        worst: Vec::new(),
    };
    let sight = match &claim.kind {
        ClaimKind::Policy { policy, quantifier, targets, .. } => match things.rules(policy) {
            None => Sight::Fails(format!("there is no policy `{policy}`")),
            Some(rules) if *quantifier == Quantifier::Sometimes => {
                thing.shows = Some(Shows::Claim(rules, claim));
                Sight::ByCase
            }
            Some(rules) => {
                let package = things.package;
                let claimed =
                    package.capabilities.iter().filter(|one| targets.iter().any(|target| target.matches(&one.id)));
                thing.classes = Some(Box::new(Split {
                    starts: claimed.map(|one| (format!("to {}", one.id), start(package, one))).collect(),
                    settling: Box::new(move |cell, _| settle(rules, claim, cell)),
                }));
                Sight::ByClass
            }
        },
        kind => open(about_workflow(things, kind) == Some(true)),
    };
    thing.duties.push(Duty { code: "G1401", sight });
    thing
}

fn open(holds: bool) -> Sight {
    if holds { Sight::Holds } else { Sight::Open }
}

/// Whether a request is one that the claim is about, and is decided as it says.
pub(super) fn is_instance(rules: &Rules<'_>, claim: &Claim, request: &Request<'_>) -> bool {
    let ClaimKind::Policy { decision, subjects, targets, condition, .. } = &claim.kind else { return false };
    let Ok(facts) = crate::decide::facts(rules.package, request) else { return false };
    let scope = crate::decide::Scope { package: rules.package, request, facts: &facts };
    let about =
        subjects.iter().any(|one| one.matches(request.principal, |role| scope.has_role(request.principal, role)))
            && targets.iter().any(|one| one.matches(request.capability))
            && condition.as_ref().is_none_or(|condition| eval(condition, &scope) == Ok(Value::Bool(true)));
    about && crate::decide::decide(rules.package, rules.policy, request).decision == *decision
}

/// What decides about a class, if the claim holds of it.
fn settle(rules: &Rules<'_>, claim: &Claim, cell: &Cell) -> Result<String, Vec<Atom>> {
    let mut atoms = Vec::new();
    let ClaimKind::Policy { quantifier, decision, subjects, condition, .. } = &claim.kind else { return Err(atoms) };
    let Some(capability) = capability_of(rules.package, cell) else { return Err(atoms) };
    let reader = Reader::new(cell, capability);
    if !reader.fits(rules.package, subjects, condition.as_ref(), &mut atoms).yes {
        return Ok("nothing is claimed".to_owned());
    }
    let wanted = |one: Decision| (one == *decision) == (*quantifier == Quantifier::Always);
    let (risks, no_risk) = reader.possible(&capability.risk, &mut atoms);
    let (_, no_effect) = reader.possible(&capability.effect, &mut atoms);
    let (own, no_row) = reader.possible(&capability.approval, &mut atoms);
    let unsettled = no_risk || no_effect || reader.fails(&capability.approval, &mut atoms);
    let principal_is_rollback = match &cell.get("principal.id").map(|domain| &domain.values) {
        Some(super::cell::Values::OneOf(names)) => names.iter().any(|name| name == ROLLBACK),
        _ => true,
    };
    let mut by: Vec<String> = Vec::new();
    let mut holds = !unsettled || wanted(Decision::Deny);
    let deciding =
        reader.deciding(rules.package, rules.policy, rules.about(&capability.id).iter().copied(), &mut atoms);
    for (index, action) in deciding {
        let mut decisions = Vec::new();
        match action {
            Action::Deny => decisions.push(Decision::Deny),
            Action::Approval(_) => decisions.push(Decision::Approval),
            Action::Allow => {
                let (mut plain, mut asked) = (false, own.iter().any(|row| row.is_some()));
                for risk in &risks {
                    let escalates =
                        matches!(&rules.policy.escalation, Escalation::AtLeast { level, .. } if *risk >= level);
                    asked |= escalates;
                    plain |= !escalates || principal_is_rollback;
                }
                let always_asked = !no_row && !own.is_empty() && own.iter().all(|row| row.is_some());
                if plain && !always_asked {
                    decisions.push(Decision::Allow);
                }
                if asked {
                    decisions.push(Decision::Approval);
                }
            }
        }
        holds &= decisions.iter().all(|decision| wanted(*decision));
        for decision in decisions {
            let word = match decision {
                Decision::Allow => "allow",
                Decision::Deny => "deny",
                Decision::Approval => "approval",
            };
            let line = format!("{word} by {}", rules.by(index));
            if !by.contains(&line) {
                by.push(line);
            }
        }
    }
    if holds { Ok(by.join(", ")) } else { Err(atoms) }
}

/// Whether a claim about a workflow can be seen to hold.
fn about_workflow<'p>(things: &'p Things<'p>, kind: &'p ClaimKind) -> Option<bool> {
    let package = things.package;
    match kind {
        ClaimKind::Policy { .. } | ClaimKind::CallsBefore { .. } => None,
        ClaimKind::AlwaysUndoes { workflow } => {
            let all = workflow::things(things, package.workflow(workflow)?);
            let undone = |duty: &Duty| !matches!(duty.code, "G1101" | "G1102" | "G1103") || duty.sight == Sight::Holds;
            Some(all.iter().all(|thing| thing.duties.iter().all(undone)))
        }
        ClaimKind::SpendsAtMost { workflow, amount } => {
            let (most, _) = bounds::worst(things, package.workflow(workflow)?, Of::Money(amount.currency))?;
            Some(most <= amount.amount.units())
        }
        ClaimKind::CallsAtMost { workflow, capability, times } => {
            let (most, _) = bounds::worst(things, package.workflow(workflow)?, Of::Capability(capability))?;
            Some(most <= i128::from(*times))
        }
        ClaimKind::NeverWithoutApproval { workflow, capability } => {
            let workflow = package.workflow(workflow)?;
            let rules = things.rules(&workflow.policy)?;
            let called = package.capability(capability)?;
            let mut asked = true;
            workflow::each_step(&workflow.body, &mut |step| {
                // What runs another workflow, or undoes with it, is not looked into.
                asked &= matches!(step.target, crate::model::Target::Call(_));
                for call in workflow::calls(step) {
                    if call.capability == *capability {
                        asked &=
                            ruling(things, rules, &step.principal, called).asks_from(rules, &step.principal, Risk::Low);
                    }
                    let own = package.capability(&call.capability).map(|one| &one.compensation);
                    let table = step.compensation.as_ref().or(own);
                    let rows = table.map_or(&[][..], |table| table.rows.as_slice());
                    asked &= !rows.iter().any(
                        |row| matches!(&row.value, Compensation::Automatic(call) if call.capability == *capability),
                    );
                }
            });
            Some(asked)
        }
    }
}
