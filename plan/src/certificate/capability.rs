//! Capabilities: that the risk is not less than what the call does to the world, class by class of inputs; and that what undoes
//! ends and is final.

use super::atom::Atom;
use super::cell::Cell;
use super::classes::{Split, Tell};
use super::outcome::{Reader, requests};
use super::{Duty, Sight, Thing};
use crate::model::{Approval, Capability, CapabilityKind, Compensation, Effect, Idempotency, Package, Retry, Table};
use crate::pattern::PrincipalPattern;
use crate::types::Risk;
use std::collections::BTreeSet;

/// What has to be proved of a capability. `undoes` says whether its compensations are used here.
pub(super) fn thing<'p>(package: &'p Package, capability: &'p Capability, undoes: bool) -> Thing<'p> {
    let settling = move |cell: &Cell, _: Tell<'_>| settle(capability, cell);
    let start = requests(package, capability);
    // Where one class is all there is, no class needs to be written down.
    let mut open = Vec::new();
    let sight = match class(capability, &start, &mut open) {
        Ok(_) => Sight::Holds,
        Err(Some(why)) if open.is_empty() => Sight::Fails(why),
        Err(_) => Sight::ByClass,
    };
    let mut duties = Vec::new();
    let mut add = |code: &'static str, sight: Sight| duties.push(Duty { code, sight });
    add("G1001", sight.clone());
    if capability.kind == CapabilityKind::Delete {
        add("G1002", sight.clone());
    }
    add("G1003", sight.clone());
    if capability.kind == CapabilityKind::Read {
        add("G1004", sight.clone());
    }
    add("G1005", sight);
    if undoes {
        undo_duties(package, &capability.compensation, &mut duties);
    }
    let approvals = capability.approval.rows.iter().filter_map(|row| row.value.as_ref());
    // Without a policy nobody asks.
    let sights: Vec<Sight> = approvals.map(|approval| approvers(approval, package.policies.is_empty())).collect();
    if !sights.is_empty() {
        duties.push(Duty { code: "G1206", sight: worst(&sights) });
    }
    Thing {
        on: format!("capability {}", capability.id),
        duties,
        classes: Some(Box::new(Split {
            starts: vec![("for every input".to_owned(), start)],
            settling: Box::new(settling),
        })),
        shows: None,
        undone: Vec::new(),
        worst: Vec::new(),
    }
}

fn settle(capability: &Capability, cell: &Cell) -> Result<String, Vec<Atom>> {
    let mut atoms = Vec::new();
    class(capability, cell, &mut atoms).map_err(|_| atoms)
}

/// What a capability is in a class of inputs, in words, where all laws of risk hold in it; otherwise the law that does not.
fn class(capability: &Capability, cell: &Cell, atoms: &mut Vec<Atom>) -> Result<String, Option<String>> {
    let reader = Reader::new(cell, capability);
    let (risks, no_risk) = reader.possible(&capability.risk, atoms);
    let (effects, no_effect) = reader.possible(&capability.effect, atoms);
    let (undos, no_undo) = reader.possible(&capability.compensation, atoms);
    // Of these no row has to apply, but every condition has to be evaluated.
    let mut more = Vec::new();
    let unevaluable =
        unevaluable(&reader, &capability.approval, &mut more) || unevaluable(&reader, &capability.cost, &mut more);
    if no_risk || no_effect || no_undo || unevaluable {
        atoms.extend(more);
        return Err(Some("some input has no effect, no risk or no compensation that is stated".to_owned()));
    }
    for risk in &risks {
        for effect in &effects {
            if capability.kind == CapabilityKind::Read && **effect != Effect::None {
                return Err(Some("what reads has an effect".to_owned()));
            }
            if **risk < Risk::High && (effect.is_irreversible() || capability.kind == CapabilityKind::Delete) {
                return Err(Some(format!("the risk is {risk}, and what is done cannot be undone")));
            }
            let bare = |undo: &&&Compensation| matches!(undo, Compensation::None(_) | Compensation::NotNeeded);
            if **risk < Risk::Critical && effect.is_irreversible() && undos.iter().any(|undo| bare(&undo)) {
                return Err(Some(format!("the risk is {risk}, and nothing makes good what cannot be undone")));
            }
        }
    }
    Ok(words(&risks, &effects, &undos))
}

fn unevaluable<V>(reader: &Reader<'_>, table: &Table<V>, atoms: &mut Vec<Atom>) -> bool {
    let mut own = Vec::new();
    let fails = reader.fails(table, &mut own);
    if fails {
        atoms.extend(own);
    }
    fails
}

fn words(risks: &[&Risk], effects: &[&Effect], undos: &[&Compensation]) -> String {
    fn listed(all: impl Iterator<Item = String>) -> String {
        let mut shown: Vec<String> = Vec::new();
        for one in all {
            if !shown.contains(&one) {
                shown.push(one);
            }
        }
        shown.join(" or ")
    }
    let effect = |effect: &&Effect| match effect {
        Effect::None => "no effect".to_owned(),
        Effect::Some { reversible, scope, .. } => {
            format!("{} {}", if *reversible { "reversible" } else { "irreversible" }, scope.as_str())
        }
    };
    let undo = |undo: &&Compensation| match undo {
        Compensation::NotNeeded => "nothing to undo".to_owned(),
        Compensation::Automatic(call) => format!("undone by {}", call.capability),
        Compensation::Manual(_) => "undone by hand".to_owned(),
        Compensation::None(_) => "not undone".to_owned(),
    };
    format!(
        "{}, {}, {}",
        listed(risks.iter().map(|risk| risk.to_string())),
        listed(effects.iter().map(effect)),
        listed(undos.iter().map(undo))
    )
}

/// What undoes has to end (G1104) and to be final (G1105).
pub(super) fn undo_duties(package: &Package, table: &Table<Compensation>, duties: &mut Vec<Duty>) {
    let undos: BTreeSet<&str> = table.rows.iter().filter_map(|row| called(&row.value)).collect();
    if undos.is_empty() {
        return;
    }
    let undos: Vec<&Capability> = undos.into_iter().filter_map(|id| package.capability(id)).collect();
    let by_hand = |undo: &Capability| {
        let rows = &undo.compensation.rows;
        !rows.is_empty() && rows.iter().all(|row| matches!(row.value, Compensation::Manual(_)))
    };
    let endless = undos.iter().find(|undo| !is_retriable(undo, &undo.retry) && !by_hand(undo));
    let ends = endless.map_or(Sight::Holds, |undo| Sight::Fails(format!("`{}` may fail for good", undo.id)));
    duties.push(Duty { code: "G1104", sight: ends });
    let undone = undos.iter().find(|undo| undo.compensation.rows.iter().any(|row| called(&row.value).is_some()));
    let is_final = undone.map_or(Sight::Holds, |undo| Sight::Fails(format!("`{}` has to be undone itself", undo.id)));
    duties.push(Duty { code: "G1105", sight: is_final });
}

fn called(compensation: &Compensation) -> Option<&str> {
    match compensation {
        Compensation::Automatic(call) => Some(&call.capability),
        _ => None,
    }
}

/// Whether a call can be tried until it succeeds.
pub(super) fn is_retriable(capability: &Capability, retry: &Retry) -> bool {
    let harmless = capability.effect.rows.iter().all(|row| row.value == Effect::None);
    retry.attempts.is_none() && !retry.on_transient && (harmless || capability.idempotency != Idempotency::No)
}

/// What is seen of several approvals together.
pub(super) fn worst(sights: &[Sight]) -> Sight {
    let fails = sights.iter().find(|sight| matches!(sight, Sight::Fails(_)));
    fails.or_else(|| sights.iter().find(|sight| **sight != Sight::Holds)).cloned().unwrap_or(Sight::Holds)
}

/// Whether an approval can be given by somebody else than who asks; `alone` where nothing is known of who asks.
pub(super) fn approvers(approval: &Approval, alone: bool) -> Sight {
    let mut names = BTreeSet::new();
    for pattern in &approval.from {
        match pattern {
            PrincipalPattern::Exact(name) => drop(names.insert(name.as_str())),
            // A prefix or a role stands for any number.
            _ => return Sight::Holds,
        }
    }
    match names.len().cmp(&(approval.quorum as usize)) {
        std::cmp::Ordering::Less => Sight::Fails("fewer can approve than have to".to_owned()),
        std::cmp::Ordering::Greater => Sight::Holds,
        std::cmp::Ordering::Equal if alone => Sight::Holds,
        std::cmp::Ordering::Equal => Sight::Open,
    }
}
